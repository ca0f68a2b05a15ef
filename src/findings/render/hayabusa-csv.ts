import { formatTime } from '../../telemetry/time.js'
import type { Report } from '../report.js'
import { csvRecord } from './csv-cell.js'
import { otherFields, type TimelineRow, timelineRows } from './timeline-rows.js'
import { valueText } from './words.js'

/**
 * A CSV timeline with the columns of Hayabusa's `standard` profile, an event a row, oldest first, for what reads its timelines.
 * Times are UTC (its `--utc`), levels and channels in full (its `--disable-abbreviations`). `Details` holds the columns that the rule
 * names, `ExtraFieldInfo` the other fields of the event, of its data and not of its envelope, as there.
 * https://github.com/Yamato-Security/hayabusa#profile-comparison
 */
export function* hayabusaChunks(report: Report): Iterable<string> {
  yield csvRecord(COLUMNS)
  for (const row of timelineRows(report)) yield csvRecord(cells(row))
}

const COLUMNS = [
  'Timestamp',
  'RuleTitle',
  'Level',
  'Computer',
  'Channel',
  'EventID',
  'RecordID',
  'Details',
  'ExtraFieldInfo',
  'RuleID',
] as const

function cells(row: TimelineRow): readonly (string | number | null)[] {
  const { finding, event, micros } = row
  return [
    micros === undefined ? null : timestamp(micros),
    finding.title,
    finding.level,
    finding.host,
    event?.channel ?? null,
    event?.id ?? null,
    event?.record ?? null,
    details(Object.entries(finding.columns)),
    details(otherFields(row).filter(([name]) => !name.startsWith('System.'))),
    finding.about?.id ?? finding.rule,
  ]
}

/** `2026-03-01 06:12:09.123 +00:00` */
const timestamp = (micros: number): string => `${formatTime(micros).replace('T', ' ').slice(0, -4)} +00:00`

const SEPARATOR = ' ¦ '

const details = (fields: readonly (readonly [string, unknown])[]): string =>
  fields
    .map(([name, value]) => [name, valueText(value)] as const)
    .filter(([, text]) => text !== '')
    // A value must not look like the next field.
    .map((pair) => pair.map((text) => text.replaceAll('¦', '<U+00A6>')).join(': '))
    .join(SEPARATOR)
