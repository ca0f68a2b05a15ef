import type { Finding, FindingEvent, Report } from '../report.js'
import { microsOf } from './instant.js'

/** One line of a timeline: an event behind a finding, or the finding itself where no event is known. */
export interface TimelineRow {
  readonly finding: Finding
  readonly event: FindingEvent | null
  /** Microseconds since 1970; undefined where neither the event nor the finding has a time. */
  readonly micros: number | undefined
}

/** Every event behind every finding, oldest first, those without a time last. An event that several rules found has a row for each. */
export function timelineRows({ findings }: Report): readonly TimelineRow[] {
  const rows = findings.flatMap((finding): TimelineRow[] => {
    const own = microsOf(finding.time)
    if (finding.events.length === 0) return [{ finding, event: null, micros: own }]
    return finding.events.map((event) => ({ finding, event, micros: microsOf(event.time) ?? own }))
  })
  return rows.sort((a, b) => (a.micros ?? Number.MAX_VALUE) - (b.micros ?? Number.MAX_VALUE))
}

/** Fields of the event that the finding's own columns do not show already. */
export function otherFields({ finding, event }: TimelineRow): readonly (readonly [string, unknown])[] {
  return Object.entries(event?.fields ?? {}).filter(([name]) => !Object.hasOwn(finding.columns, name))
}
