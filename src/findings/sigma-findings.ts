import type { Store } from '../backends/duckdb/store.js'
import type { EvidenceEvent } from '../detection/run-rule.js'
import { sourceWords } from '../detection/sigma/compile.js'
import type { CorrelationMatch } from '../detection/sigma/correlation/index.js'
import { matchedEvents } from '../detection/sigma/matched-events.js'
import { SHOWN, type SigmaRuleRun } from '../detection/sigma/run-rules.js'
import type { SigmaDocument } from '../dialects/sigma/index.js'
import { formatTime } from '../telemetry/time.js'
import { eventOf, type Naming, textOf, timeOf } from './findings.js'
import { type Finding, LEVELS, type Level, type RuleAbout, type Summary } from './report.js'

/** A finding for each event that a rule matches, and a line of the summary for each rule. */
export async function sigmaFindings(
  store: Store,
  runs: readonly SigmaRuleRun[],
  nameTool: (events: readonly EvidenceEvent[]) => Naming,
  mask: (text: string) => string,
): Promise<readonly Finding[]> {
  if (runs.every(({ events }) => events.length === 0)) return []
  const { events, values } = await matchedEvents(store, runs)
  const seen = new Map<string, Seen>()
  for await (const [uid, event] of events) seen.set(uid, seenOf(event, nameTool, mask))
  return runs.flatMap((run) => {
    const { document } = run.given
    if (run.correlated) return correlationFindings(run, seen, mask)
    const about = aboutOf(run)
    const [level, techniques] = [levelOf(document), techniquesOf(document)]
    return run.events.flatMap(({ uid }): readonly Finding[] => {
      const what = seen.get(uid)
      if (!what) return []
      const columns = Object.fromEntries(
        Object.entries(values(run, uid)).map(([field, value]) => [field, mask(value)] as const),
      )
      const { event, tool, host, user, time } = what
      const head = { rule: idOf(document), title: document.title, level, techniques, tool, host, user, time }
      return [{ ...head, columns, why: whyOf(document, columns), events: [event], about }]
    })
  })
}

/** What each rule did, for the summary. */
export const sigmaRuleLines = (runs: readonly SigmaRuleRun[]): Summary['rules'] =>
  runs.map(({ given: { document }, total, events, correlated, outcome, reason, notes }) => ({
    id: idOf(document),
    title: document.title,
    matches: total,
    note:
      outcome === 'not-applicable'
        ? (reason ?? null)
        : [reason, cutWords(total, correlated?.matches.length ?? events.length), ...notes].filter(Boolean).join('; ') ||
          null,
    outcome,
  }))

const cutWords = (total: number, kept: number): string | undefined =>
  total > kept ? `${total} in all; the first ${kept} are shown` : undefined

const idOf = (document: SigmaDocument): string => document.id ?? document.name ?? document.title

/** A finding for each match of a correlation: the group, what was counted, and the first events behind it. */
function correlationFindings(
  run: SigmaRuleRun,
  seen: ReadonlyMap<string, Seen>,
  mask: (text: string) => string,
): readonly Finding[] {
  const { document } = run.given
  const { groupBy, matches } = run.correlated!
  const head = {
    rule: idOf(document),
    title: document.title,
    level: levelOf(document),
    techniques: techniquesOf(document),
  }
  return matches.map((match): Finding => {
    const behind = match.events.slice(0, SHOWN).flatMap(({ uid }) => seen.get(String(uid)) ?? [])
    const group = groupBy.map((name, index) => [name, match.group[index] ?? null] as const)
    const times = { first: formatTime(match.from), last: formatTime(match.last) }
    const counted = { hits: match.hits, value: match.value, ...(match.peak > match.value ? { most: match.peak } : {}) }
    const alike = <Key extends 'tool' | 'host' | 'user'>(key: Key): string | null => {
      const values = new Set(behind.map((each) => each[key]))
      return values.size === 1 ? [...values][0]! : null
    }
    return {
      ...head,
      tool: alike('tool'),
      host: alike('host'),
      user: alike('user'),
      time: formatTime(match.time),
      columns: {
        ...Object.fromEntries(group.map(([name, value]) => [name, value && mask(value)])),
        ...counted,
        ...times,
      },
      why: mask(`${groupWords(group)}${matchWords(run, match)}${laterWords(match)}`),
      events: behind.map(({ event }) => event),
      about: aboutOf(run),
    }
  })
}

const groupWords = (group: readonly (readonly [string, string | null])[]): string =>
  group.map(([name, value]) => `${name} ${value === null ? 'that is missing' : value.slice(0, 300)}, `).join('')

/** What came after the condition was first met. */
const laterWords = ({ hits, time, last }: CorrelationMatch): string =>
  last > time ? `; ${hits.toLocaleString('en')} in all until ${formatTime(last).replace(/\.0+Z$/, 'Z')}` : ''

function matchWords({ given: { document } }: SigmaRuleRun, { hits, value, from, time }: CorrelationMatch): string {
  const type = document.kind === 'correlation' ? document.type : ''
  const within = `between ${formatTime(from).replace(/\.0+Z$/, 'Z')} and ${formatTime(time).replace(/\.0+Z$/, 'Z')}`
  const number = Number.isInteger(value) ? value.toLocaleString('en') : String(Math.round(value * 1000) / 1000)
  switch (type) {
    case 'event_count':
      return `${number} events ${within}`
    case 'temporal':
      return `events of ${number} rules ${within}`
    case 'temporal_ordered':
      return `events of ${number} rules in order ${within}`
    default:
      return `${type} ${number} of ${hits.toLocaleString('en')} events ${within}`
  }
}

/** What every finding on an event shares. */
type Seen = Pick<Finding, 'tool' | 'host' | 'user' | 'time'> & { readonly event: Finding['events'][number] }

function seenOf(
  event: EvidenceEvent,
  nameTool: (events: readonly EvidenceEvent[]) => Naming,
  mask: (text: string) => string,
): Seen {
  return {
    tool: nameTool([event]).tool,
    host: textOf(event.device_hostname),
    user: textOf(event.process_user_name) ?? textOf(event.actor_user_name),
    time: timeOf(event),
    event: eventOf(event, mask),
  }
}

function aboutOf({ given: { document, file, notes } }: SigmaRuleRun): RuleAbout {
  const { id, status, raw, description, author, date, modified, tags, references, falsepositives } = document
  return {
    file,
    id: id ?? null,
    status: status ?? null,
    level: typeof raw.level === 'string' ? raw.level : null,
    description: description ?? '',
    author: author ?? null,
    date: date ?? null,
    modified: modified ?? null,
    tags,
    references,
    falsePositives: falsepositives,
    ...(notes ? { overlay: notes } : {}),
    logsource: document.kind === 'correlation' ? '' : sourceWords(document.logsource),
  }
}

/** A rule that does not say how grave it is counts as medium, as Sigma's own converters take it. */
const levelOf = ({ level }: SigmaDocument): Level => LEVELS.find((each) => each === level?.toLowerCase()) ?? 'medium'

/** `attack.t1219.002` → `T1219.002`. https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-appendix-tags.md */
const techniquesOf = ({ tags }: SigmaDocument): readonly string[] =>
  tags.flatMap((tag) => {
    const found = /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)
    return found ? [found[1]!.toUpperCase()] : []
  })

/** The first values that the rule names, or what it is about. */
function whyOf(document: SigmaDocument, columns: Readonly<Record<string, string>>): string {
  const told = Object.entries(columns).filter(([name]) => !ELSEWHERE.has(name))
  if (told.length > 0)
    return told
      .slice(0, 3)
      .map(([name, value]) => `${name} ${value.length > 300 ? `${value.slice(0, 300)}…` : value}`)
      .join(', ')
  const words = Object.entries(columns).map(([name, value]) => `${name} ${value}`)
  return words.length > 0 ? words.slice(0, 3).join(', ') : `an event of ${document.title}`
}

/** Fields whose values a finding shows elsewhere. */
const ELSEWHERE: ReadonlySet<string> = new Set(['EventID', 'Channel', 'Provider_Name', 'Computer'])
