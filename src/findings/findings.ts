import type { Rule } from '../detection/rules.js'
import type { EvidenceEvent, Match, RuleRun } from '../detection/run-rule.js'
import { formatTime } from '../telemetry/time.js'
import type { Finding, FindingEvent, Level } from './report.js'

/** What the evidence behind a match says of the tool: its name, or why none is named. */
export interface Naming {
  readonly tool: string | null
  /** Whether a sighting of the tool belongs in the inventory; a name of a list alone, or a part of Windows, does not. */
  readonly isRemoteAccess: boolean
  readonly reason: string
}

/** Turns the rows of a rule's query into findings, newest first. `mask` hides secrets in whatever is shown. */
export function findingsOf(
  run: RuleRun,
  nameTool: (events: readonly EvidenceEvent[]) => Naming,
  mask: (text: string) => string,
): Finding[] {
  return together(newestFirst(run.matches)).map((match) => findingOf(run.rule, match, nameTool(match.events), mask))
}

/** Engines give the rows of a query in an order of their own; the events behind them put them in the same one. */
const newestFirst = (matches: readonly Match[]): readonly Match[] =>
  [...matches].sort(
    (a, b) => compareEvents(b.events[0], a.events[0]) || compare(JSON.stringify(b.columns), JSON.stringify(a.columns)),
  )

function compareEvents(a: EvidenceEvent | undefined, b: EvidenceEvent | undefined): number {
  const [left, right] = [a, b].map((event) => Number(event?.time_micros ?? Number.NEGATIVE_INFINITY)) as [
    number,
    number,
  ]
  const [first, second] = [a, b].map((event) => String(event?.uid ?? '')) as [string, string]
  return left === right ? compare(first, second) : left < right ? -1 : 1
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Two sensors see one process start a moment apart. */
const MOMENT = 2_000_000

/**
 * Matches that are one thing seen twice, by two sensors on one host, made one: the same program with the same command line for the same
 * account within a moment. The fuller row stands for both, with the events of both.
 */
function together(matches: readonly Match[]): readonly Match[] {
  const kept: { match: Match; time: number }[] = []
  const latest = new Map<string, number>()
  for (const match of matches) {
    const { columns } = match
    const time = Number(match.events[0]?.time_micros ?? Number.NaN)
    const key = JSON.stringify(
      ['DeviceName', 'FileName', 'ProcessCommandLine', 'AccountName'].map((name) => columns[name] ?? null),
    )
    const index = columns.FileName === undefined ? undefined : latest.get(key)
    const known = index === undefined ? undefined : kept[index]
    if (known !== undefined && Math.abs(known.time - time) <= MOMENT) {
      const events = [...known.match.events, ...match.events].sort(compareEvents)
      known.match = { ...(fullness(match) > fullness(known.match) ? match : known.match), events }
    } else {
      latest.set(key, kept.length)
      kept.push({ match, time })
    }
  }
  return kept.map(({ match }) => match)
}

const fullness = ({ columns }: Match): number =>
  Object.values(columns).filter((value) => value !== null && value !== '').length

function findingOf(rule: Rule, match: Match, naming: Naming, mask: (text: string) => string): Finding {
  const { columns, events } = match
  const first = events[0]
  // A rule of the user's means what it says; ours look for remote access tools, and the name alone is weak.
  // A rule of ours that says itself whose program it saw has looked it up in the catalogue.
  const said = rule.behaviour === undefined ? null : textOf(columns['Tool'])
  const level: Level =
    naming.isRemoteAccess || said !== null || rule.given || rule.stands_alone ? rule.level : 'informational'
  return {
    rule: rule.id,
    title: rule.title,
    level,
    techniques: rule.techniques,
    tool: naming.tool ?? said,
    host:
      firstOf(columns, [...(rule.given?.hostColumns ?? []), 'DeviceName', 'Computer']) ??
      textOf(first?.device_hostname),
    user:
      firstOf(columns, [...(rule.given?.userColumns ?? []), 'AccountName']) ??
      textOf(first?.process_user_name) ??
      textOf(first?.actor_user_name),
    time: firstOf(columns, ['Timestamp', 'TimeGenerated', 'LastSeen']) ?? timeOf(first) ?? formatTime(match.asOf),
    columns: masked(columns, mask),
    why: mask(whyOf(rule, columns, naming)),
    events: events.map((event) => eventOf(event, mask)),
  }
}

const firstOf = (columns: Match['columns'], names: readonly string[]): string | null =>
  names.map((name) => textOf(columns[name])).find((text) => text !== null) ?? null

function whyOf(rule: Rule, columns: Match['columns'], naming: Naming): string {
  const said = rule.why.replace(/\{(\w+)\}/g, (_, name: string) => textOf(columns[name]) ?? 'something unnamed')
  const sentence = said === '' ? rowWords(columns) : said
  const flags = Object.entries(rule.flags).filter(([name]) => columns[name] === true)
  const reason =
    rule.given || rule.stands_alone || (rule.behaviour && textOf(columns['Tool']) !== null) ? '' : naming.reason
  return [sentence, ...flags.map(([, meaning]) => meaning), reason].filter((part) => part !== '').join('; ')
}

/** The first values of a row that the finding does not show elsewhere. */
function rowWords(columns: Match['columns']): string {
  const told = Object.entries(columns).flatMap(([name, value]) => {
    const text = typeof value === 'object' ? null : textOf(value)
    return text === null || ELSEWHERE.test(name) ? [] : [`${name} ${text}`]
  })
  return told.length === 0 ? 'the rule’s query gave no row to show' : told.slice(0, 3).join(', ')
}

const ELSEWHERE = /^(Timestamp|TimeGenerated|DeviceId|DeviceName|Computer|AccountName|ReportId|TenantId|Type)$/

export function eventOf(event: EvidenceEvent, mask: (text: string) => string): FindingEvent {
  const fields: Record<string, unknown> = {}
  try {
    Object.assign(fields, JSON.parse(String(event.fields ?? '{}')))
  } catch {
    fields.fields = String(event.fields)
  }
  const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value))
  return {
    source: String(event.source_name ?? ''),
    position: Number(event.position ?? 0),
    time: timeOf(event),
    channel: String(event.log_name ?? event.log_table ?? ''),
    id: number(event.event_code),
    record: number(event.record_id),
    fields: masked(fields, mask),
  }
}

export function masked(
  columns: Readonly<Record<string, unknown>>,
  mask: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => [name, typeof value === 'string' ? mask(value) : value]),
  )
}

export function timeOf(event: EvidenceEvent | undefined): string | null {
  const micros = event?.time_micros
  return micros === null || micros === undefined ? null : formatTime(Number(micros))
}

export function textOf(value: unknown): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}
