import { Correlator, type LeftOut, type Look } from './correlator.js'
import type { CorrelationMatch } from './open-match.js'
import type { CorrelationPlan, Hit } from './plan.js'

export { Correlator, type LeftOut, type Look } from './correlator.js'
export type { MatchEvent } from './event-log.js'
export type { CorrelationMatch } from './open-match.js'
export * from './plan.js'

export interface Correlated {
  /** In the order of the time at which the condition was first met. */
  readonly matches: readonly CorrelationMatch[]
  readonly leftOut: LeftOut
}

/** Evaluates a correlation over the hits of its streams, which may come in any order of time. Pure; whoever found the hits, by whatever path. */
export function correlate(
  plan: CorrelationPlan,
  streams: readonly (readonly Hit[])[],
  onLook?: (look: Look) => void,
): Correlated {
  const matches: CorrelationMatch[] = []
  const correlator = new Correlator(plan, { onMatch: (match) => matches.push(match), ...(onLook ? { onLook } : {}) })
  const hits = streams.flatMap((each, stream) => each.map((hit) => ({ stream, hit })))
  hits.sort((a, b) => (a.hit.time ?? 0) - (b.hit.time ?? 0) || a.stream - b.stream || Number(a.hit.uid - b.hit.uid))
  for (const { stream, hit } of hits) correlator.push(stream, hit)
  correlator.end()
  return { matches: inOrder(matches), leftOut: correlator.leftOut }
}

/** Matches in the order in which their condition was first met. */
export const inOrder = (matches: readonly CorrelationMatch[]): readonly CorrelationMatch[] =>
  [...matches].sort(
    (a, b) => a.time - b.time || a.from - b.from || JSON.stringify(a.group).localeCompare(JSON.stringify(b.group)),
  )
