import { parseTime } from '../telemetry/time.js'
import { plainValue } from './render/words.js'
import type { Finding } from './report.js'

/**
 * Findings of the same rule, level, tool, host and user with the same columns within `window` microseconds of the first, made one: the
 * first stands for all, with the events of all, and says how many they were and from when to when. Times and record numbers among the
 * columns are each event's own and are not compared. A finding without a time repeats nothing.
 */
export function withoutRepeats(findings: readonly Finding[], window: number): readonly Finding[] {
  const timed = findings.map((finding) => ({
    finding,
    micros: finding.time === null ? undefined : parseTime(finding.time)?.micros,
  }))
  const oldestFirst = timed.toSorted((a, b) => (a.micros ?? 0) - (b.micros ?? 0))
  const open = new Map<string, { readonly from: number; readonly group: Finding[] }>()
  const groups: Finding[][] = []
  for (const { finding, micros } of oldestFirst) {
    const key = keyOf(finding)
    const known = open.get(key)
    if (micros !== undefined && known !== undefined && micros - known.from <= window) {
      known.group.push(finding)
      continue
    }
    const group = [finding]
    groups.push(group)
    if (micros !== undefined) open.set(key, { from: micros, group })
  }
  return groups.map(together)
}

function together(group: readonly Finding[]): Finding {
  const [first] = group
  if (group.length === 1) return first!
  return {
    ...first!,
    events: group.flatMap(({ events }) => events),
    repeats: { count: group.length, first: first!.time!, last: group.at(-1)!.time! },
  }
}

const keyOf = ({ rule, level, tool, host, user, columns }: Finding): string => {
  const compared = Object.entries(columns).filter(([name, value]) => !RECORD.test(name) && !TIME.test(String(value)))
  return JSON.stringify([rule, level, tool, host, user, compared], plainValue)
}

const RECORD = /^(?:ReportId|EventRecordI[dD]|RecordI[dD]|RecordNumber)$/
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/
