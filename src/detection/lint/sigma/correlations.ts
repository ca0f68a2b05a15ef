import { member, type ResolvedCorrelation, type Tree } from '../../../dialects/sigma/index.js'
import { type Diagnostic, diagnose } from '../../../text/diagnostic.js'
import type { Span } from '../../../text/span.js'
import { meets } from '../../sigma/correlation/index.js'

/** What a correlation asks for in vain. It has been read without an error. */
export function lintCorrelation({ document, spec }: ResolvedCorrelation): readonly Diagnostic[] {
  const { correlation } = document
  return [...lintBounds(spec, correlation), ...lintAliases(spec, correlation)]
}

/** Counts begin at one: a window is looked at when an event comes. */
function lintBounds({ condition, type, rules }: ResolvedCorrelation['spec'], tree: Tree): readonly Diagnostic[] {
  if (condition.kind !== 'bounds') return []
  const span = member(tree, 'condition')?.keySpan
  const isCount = type === 'event_count' || type === 'value_count' || type.startsWith('temporal')
  if (!isCount || span === undefined) return []
  const most = type.startsWith('temporal') ? rules.length : Number.MAX_SAFE_INTEGER
  const edges = condition.bounds.flatMap(({ value }) => [
    Math.floor(value) - 1,
    Math.floor(value),
    Math.floor(value) + 1,
  ])
  const counts = [1, ...edges, most].filter((count) => count >= 1 && count <= most)
  const met = counts.filter((count) => condition.bounds.every((bound) => meets(count, bound)))
  if (met.length === 0)
    return [diagnose('correlation-never', span, { most: type.startsWith('temporal') ? most : undefined })]
  return met.includes(1) && rules.length > 0 ? [diagnose('correlation-at-once', span, {})] : []
}

function lintAliases(
  { aliases, groupBy, fields, rules }: ResolvedCorrelation['spec'],
  tree: Tree,
): readonly Diagnostic[] {
  const node = member(tree, 'aliases')?.value
  const place = (alias: string, rule?: string): Span | undefined => {
    const entry = node && member(node, alias)
    return (rule !== undefined && entry ? member(entry.value, rule)?.keySpan : undefined) ?? entry?.keySpan
  }
  return [...aliases].flatMap(([alias, named]): readonly Diagnostic[] => {
    if (!groupBy.includes(alias) && !fields.includes(alias))
      return [diagnose('alias-not-used', place(alias), { alias })]
    return [
      ...[...named.keys()]
        .filter((rule) => !rules.some(({ name }) => name === rule))
        .map((rule) => diagnose('alias-without-rule', place(alias, rule), { alias, rule })),
      ...rules
        .filter(({ name }) => !named.has(name))
        .map(({ name }) => diagnose('alias-lacks-rule', place(alias), { alias, rule: name })),
    ]
  })
}
