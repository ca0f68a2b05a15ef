import { readCorrelation } from '../../dialects/sigma/index.js'
import type { GivenSigma } from './run-rules.js'

/** Of the rules at hand, those that the chosen correlations name, and those that these name. */
export function neededBy(chosen: readonly GivenSigma[], all: readonly GivenSigma[]): ReadonlySet<GivenSigma> {
  const byName = new Map<string, GivenSigma[]>()
  for (const given of all)
    for (const name of [given.document.id?.toLowerCase(), given.document.name])
      if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), given])
  const needed = new Set<GivenSigma>()
  const open = [...chosen]
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.document.kind !== 'correlation') continue
    const { spec } = readCorrelation(next.document)
    for (const name of spec?.rules.map((each) => each.name) ?? next.document.rules)
      for (const given of [...(byName.get(name) ?? []), ...(byName.get(name.toLowerCase()) ?? [])])
        if (!needed.has(given)) {
          needed.add(given)
          open.push(given)
        }
  }
  return needed
}
