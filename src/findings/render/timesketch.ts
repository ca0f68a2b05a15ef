import { formatTime } from '../../telemetry/time.js'
import { visibleJson } from '../../text/visible.js'
import type { Report } from '../report.js'
import { microsOf } from './instant.js'
import { otherFields, type TimelineRow, timelineRows } from './timeline-rows.js'
import { valueText } from './words.js'

/**
 * JSON lines that Timesketch imports: an event a line, oldest first, with `message`, `datetime` and `timestamp_desc`, and flat. Names of
 * an event's envelope are those of plaso, which Timesketch's analyzers look for; other fields keep the vendor's name, with `_` for `.`,
 * and are always texts, because its index takes one type a name.
 * https://timesketch.org/guides/user/import-from-json-csv/
 */
export function* timesketchChunks(report: Report): Iterable<string> {
  for (const row of timelineRows(report)) yield `${visibleJson(JSON.stringify(entry(row, report)))}\n`
}

type Entry = Record<string, string | number | readonly string[]>

function entry(row: TimelineRow, report: Report): Entry {
  const { finding, event } = row
  const micros = row.micros ?? microsOf(report.summary.asOf.time) ?? 0
  const known: Readonly<Record<string, string | number | null | undefined | readonly string[]>> = {
    message: `${finding.title || finding.rule}: ${finding.why}`,
    datetime: formatTime(micros).replace(/Z$/, '+00:00'),
    timestamp: micros,
    timestamp_desc: row.micros === undefined ? 'time of the scan; the event has none' : 'event that a rule found',
    tag: [...new Set([finding.level, ...(finding.about?.tags ?? finding.techniques)])],
    rule_id: finding.rule,
    rule_title: finding.title,
    rule_status: finding.about?.status,
    rule_file: finding.about?.file,
    level: finding.level,
    tool: finding.tool,
    computer_name: finding.host,
    username: finding.user,
    channel: event?.channel,
    event_identifier: event?.id,
    record_number: event?.record,
    source_file: event?.source,
    source_position: event?.position,
  }
  const line: Entry = {}
  for (const [name, value] of Object.entries(known))
    if (value !== null && value !== undefined && value !== '') line[name] = value
  for (const [name, value] of [...Object.entries(finding.columns), ...otherFields(row)]) flatten(line, name, value)
  return line
}

/** Adds a field under its name, the parts of an object under longer names; a name that is taken or reserved gets `field_` before it. */
function flatten(line: Entry, name: string, value: unknown): void {
  const plain = name.replaceAll('.', '_')
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)) {
    for (const [part, inner] of Object.entries(value)) flatten(line, `${plain}_${part}`, inner)
    return
  }
  const text = valueText(value)
  if (text === '') return
  // OpenSearch keeps names such as `_id` for itself.
  let free = plain.startsWith('_') ? `field${plain}` : plain
  while (Object.hasOwn(line, free)) free = `field_${free}`
  // Plain assignment to `__proto__` would be lost.
  Object.defineProperty(line, free, { value: text, enumerable: true, configurable: true, writable: true })
}
