import { createHash } from 'node:crypto'
import { visibleJson } from '../../text/visible.js'
import type { Finding, FindingEvent, Level, Report } from '../report.js'
import { microsOf } from './instant.js'
import { plainValue } from './words.js'

/**
 * JSON lines, each finding an OCSF Detection Finding (category 2, class 2004) of version 1.5.0. The same finding has the same `uid` in
 * every run. https://schema.ocsf.io/1.5.0/classes/detection_finding
 */
export function* ocsfChunks(report: Report): Iterable<string> {
  for (const finding of report.findings)
    yield `${visibleJson(JSON.stringify(detectionFinding(finding, report), plainValue))}\n`
}

const VERSION = '1.5.0'
const CREATE = 1
const DETECTION_FINDING = 2004

const SEVERITIES: Readonly<Record<Level, { readonly id: number; readonly caption: string }>> = {
  informational: { id: 1, caption: 'Informational' },
  low: { id: 2, caption: 'Low' },
  medium: { id: 3, caption: 'Medium' },
  high: { id: 4, caption: 'High' },
  critical: { id: 5, caption: 'Critical' },
}

function detectionFinding(finding: Finding, report: Report): unknown {
  const { level, title, rule, why, host, user, tool, events, about, repeats } = finding
  const uid = uidOf(finding)
  const times = events.map((event) => millis(event.time)).filter((time) => time !== undefined)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const attacks = [...finding.techniques.flatMap(attack), ...tacticsOf(about?.tags ?? [])]
  return {
    activity_id: CREATE,
    activity_name: 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: DETECTION_FINDING,
    class_name: 'Detection Finding',
    type_uid: DETECTION_FINDING * 100 + CREATE,
    type_name: 'Detection Finding: Create',
    severity_id: SEVERITIES[level].id,
    severity: SEVERITIES[level].caption,
    status_id: 1,
    status: 'New',
    is_alert: level !== 'informational',
    time: millis(finding.time) ?? millis(report.summary.asOf.time) ?? 0,
    ...(times.length > 0 ? { start_time: first, end_time: last } : {}),
    ...(repeats ? { count: repeats.count } : {}),
    message: why,
    metadata: {
      version: VERSION,
      product: { name: 'latchkey', vendor_name: 'latchkey', version: report.latchkey.version },
      uid,
      ...optional('log_name', events[0]?.channel),
      ...optional('original_time', finding.time),
      ...some('labels', about?.tags ?? []),
    },
    finding_info: {
      uid,
      title: title || rule,
      desc: about?.description || why,
      analytic: {
        uid: about?.id ?? rule,
        name: title || rule,
        type_id: 1,
        type: 'Rule',
        ...optional('desc', about?.description),
      },
      ...(attacks.length > 0 ? { attacks } : {}),
      ...(times.length > 0 ? { first_seen_time: first, last_seen_time: last } : {}),
      related_events_count: events.length,
      ...some('data_sources', [...new Set(events.map(({ channel }) => channel).filter((channel) => channel !== ''))]),
      ...some('types', tool === null ? [] : [tool]),
    },
    ...(host === null ? {} : { device: deviceOf(host) }),
    ...some('evidences', events.length > 0 ? events.map((event) => evidence(event, host, user)) : [rowOnly(finding)]),
    unmapped: { columns: finding.columns, ...(about ? { rule: about } : {}) },
  }
}

const deviceOf = (host: string) => ({ hostname: host, type_id: 0, type: 'Unknown' })

function evidence(event: FindingEvent, host: string | null, user: string | null): unknown {
  const { source, position, time, channel, id, record, fields } = event
  return {
    ...optional('name', channel),
    ...(host === null ? {} : { device: deviceOf(host) }),
    ...(user === null ? {} : { user: { name: user } }),
    data: { source, position, time, channel, event_id: id, record_id: record, fields },
  }
}

/** What is known where the events behind a finding are not. */
const rowOnly = ({ columns }: Finding): unknown => ({ data: { columns } })

/** `T1059.001` names a sub-technique and its technique; what is no technique's id is left out. */
function attack(id: string): readonly unknown[] {
  const match = /^(T\d{4})(\.\d{3})?$/i.exec(id)
  if (!match) return []
  const technique = { uid: match[1]!.toUpperCase() }
  return [match[2] === undefined ? { technique } : { technique, sub_technique: { uid: id.toUpperCase() } }]
}

/**
 * `attack.command-and-control`, and with `_` as older rules write it, is the tactic Command and Control. Which technique serves which
 * tactic a rule does not say.
 */
function tacticsOf(tags: readonly string[]): readonly unknown[] {
  return tags.flatMap((tag) => {
    const [, slug] = /^attack\.([a-z]{3,}(?:[-_][a-z]+)*)$/i.exec(tag) ?? []
    if (slug === undefined) return []
    const words = slug.toLowerCase().split(/[-_]/)
    const name = words.map((word) => (word === 'and' ? word : word[0]!.toUpperCase() + word.slice(1))).join(' ')
    return [{ tactic: { name } }]
  })
}

/** Of what makes the finding this one, written as a UUID. */
function uidOf({ rule, host, user, time, columns, events }: Finding): string {
  const places = events.map(({ source, position }) => [source, position])
  const text = JSON.stringify([rule, host, user, time, columns, places], plainValue)
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

/** Milliseconds since 1970. */
function millis(time: string | null): number | undefined {
  const micros = microsOf(time)
  return micros === undefined ? undefined : Math.floor(micros / 1000)
}

const optional = (name: string, text: string | null | undefined): Record<string, string> =>
  text === null || text === undefined || text === '' ? {} : { [name]: text }

const some = (name: string, items: readonly unknown[]): Record<string, readonly unknown[]> =>
  items.length === 0 ? {} : { [name]: items }
