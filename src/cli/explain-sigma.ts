import type { Store } from '../backends/duckdb/store.js'
import { NearestGroups } from '../detection/explain/sigma/correlation.js'
import { judgeFields } from '../detection/explain/sigma/given-event.js'
import { type JudgedEvent, type JudgedPiece, piecesOf, RuleJudge } from '../detection/explain/sigma/judge.js'
import type { Piece } from '../detection/explain/sigma/pieces.js'
import { compileSigma, runSigma, sourceWords } from '../detection/sigma/compile.js'
import { buildCorrelation } from '../detection/sigma/correlation/build.js'
import type { CorrelationPlan } from '../detection/sigma/correlation/index.js'
import { runCorrelation } from '../detection/sigma/correlation/run.js'
import { givenSigma } from '../detection/sigma/run-rules.js'
import { collect, type Member, type ResolvedCorrelation, type RuleMember } from '../dialects/sigma/index.js'
import { plural } from '../findings/render/words.js'
import { formatTime } from '../telemetry/time.js'
import type { Diagnostic } from '../text/diagnostic.js'
import type { Page } from './explain-page.js'
import { ConfigurationError } from './failure.js'
import type { RuleSource } from './rule-source.js'

export interface ExplainSigmaOptions {
  readonly placeholders: ReadonlyMap<string, readonly string[]>
  /** An event by its uid or its number in its log, or by its fields. */
  readonly event: string | Readonly<Record<string, unknown>> | undefined
  /** The logs; undefined where none were given. */
  readonly store: Store | undefined
}

/** What Sigma files do, and what they make of events. What cannot run is handed to `refuse`, and passed over. */
export async function explainSigma(
  page: Page,
  sources: readonly RuleSource[],
  options: ExplainSigmaOptions,
  refuse: (source: RuleSource, diagnostics: readonly Diagnostic[]) => void,
): Promise<void> {
  const given = sources.flatMap((source) => {
    if (!source.file) return []
    return givenSigma({ ...source.file, path: source.name }).map((each) => ({ ...each, source }))
  })
  const broken = new Set(given.flatMap(({ document, faults }) => (faults ? [document] : [])))
  const members = collect(
    given.map(({ document }) => document),
    broken,
  )
  for (const [index, member] of members.entries()) {
    const { source, faults } = given[index]!
    const problems = faults ?? member.diagnostics.filter(({ severity }) => severity === 'error')
    if (problems.length > 0) refuse(source, problems)
    else await explainMember(page, member, options, (diagnostics) => refuse(source, diagnostics))
  }
}

async function explainMember(
  page: Page,
  member: Member,
  options: ExplainSigmaOptions,
  refuse: (diagnostics: readonly Diagnostic[]) => void,
): Promise<void> {
  switch (member.kind) {
    case 'rule':
      return explainRule(page, member, options, refuse)
    case 'correlation':
      return explainCorrelation(page, member.resolved!, options)
    case 'filter':
      page.heading(member.document.title)
      page.line('a filter: it is explained with the rules that it narrows')
  }
}

async function explainRule(
  page: Page,
  { rule, filters }: RuleMember,
  options: ExplainSigmaOptions,
  refuse: (diagnostics: readonly Diagnostic[]) => void,
): Promise<void> {
  const { store, placeholders, event } = options
  const compiled = compileSigma(rule, { placeholders })
  if (!compiled.ok) return refuse(compiled.diagnostics)
  page.heading(rule.title)
  page.heading('what it does')
  page.line(`looks at events of ${sourceWords(rule.logsource)}`)
  printPlan(page, piecesOf(rule, placeholders).whole, 0)
  for (const { title } of filters) page.line(`narrowed by the filter “${title}”`)
  for (const { severity, message } of compiled.diagnostics) page.line(`${severity}: ${message}`)
  page.sql(compiled.sql)
  if (typeof event === 'object') {
    page.heading('this event')
    printPiece(page, judgeFields(rule, placeholders, event), 0)
  }
  if (!store) return
  const judge = new RuleJudge(store, rule, placeholders)
  if (typeof event === 'string') {
    const events = await judge.events(event, MOST_EVENTS)
    page.heading(`event ${event}`)
    if (events.length === 0) page.line(`no event with this uid or number is of ${sourceWords(rule.logsource)}`)
    for (const each of events) printEvent(page, each)
    return
  }
  page.heading('over these logs')
  const { events, applies } = await runSigma(store, compiled)
  if (!applies) {
    page.line(`nothing that was read is a log of ${sourceWords(rule.logsource)}: the rule does not apply`)
    return
  }
  const [first] = [...events].sort((a, b) => ((a.time ?? '\uffff') < (b.time ?? '\uffff') ? -1 : 1))
  if (first) {
    page.line(`${plural(events.length, 'event')}; the first:`)
    for (const each of await judge.events(first.uid, 1)) printEvent(page, each)
    return
  }
  const nearest = await judge.nearest()
  if (!nearest) return
  const others = nearest.alike > 1 ? `, as do ${(nearest.alike - 1).toLocaleString('en')} others` : ''
  page.line(`no event matches; the nearest passes ${nearest.held} of ${nearest.of} conditions${others}:`)
  printEvent(page, nearest)
}

/** What must hold, part by part. */
function printPlan(page: Page, piece: Piece, depth: number): void {
  page.line(`${depth === 0 ? 'matches where ' : ''}${piece.label}`, 2 + depth * 2)
  for (const part of piece.parts) if (part.kind !== 'value') printPlan(page, part, depth + 1)
}

/** Events of one number, which several logs may have. */
const MOST_EVENTS = 3

function printEvent(page: Page, { uid, record, time, verdict }: JudgedEvent): void {
  page.line(`event ${record ?? 'without a number'}${time === null ? '' : ` at ${time}`} (uid ${uid})`)
  printPiece(page, verdict, 0)
}

function printPiece(page: Page, piece: JudgedPiece, depth: number): void {
  page.judged(piece.holds, piece.label, depth)
  const { found, closest } = piece
  const fitting = piece.parts.filter(({ kind, holds }) => kind === 'value' && holds)
  if (found) {
    const value =
      found.value === null ? `the event has nothing in ${found.field}` : `${found.field} is "${found.value}"`
    const why =
      fitting.length > 0
        ? `, which fits ${fitting
            .slice(0, 3)
            .map(({ label }) => label)
            .join(', ')}`
        : ''
    page.line(`${value}${why}${closest === undefined ? '' : `; closest is ${closest}`}`, 11 + depth * 2)
  } else if (fitting.length > 0)
    page.line(
      `fits ${fitting
        .slice(0, 3)
        .map(({ label }) => label)
        .join(', ')}`,
      11 + depth * 2,
    )
  for (const part of piece.parts) if (part.kind !== 'value') printPiece(page, part, depth + 1)
}

async function explainCorrelation(
  page: Page,
  resolved: ResolvedCorrelation,
  { store, placeholders, event }: ExplainSigmaOptions,
): Promise<void> {
  const { plan } = buildCorrelation(resolved)
  page.heading(resolved.document.title)
  page.heading('what it does')
  for (const words of correlationWords(resolved)) page.line(words)
  if (!store) return
  if (typeof event === 'string')
    throw new ConfigurationError('--event asks for one event, and a correlation looks at many')
  const nearest = new NearestGroups(plan, 3)
  const run = await runCorrelation(store, resolved, { placeholders, limit: 3, onLook: nearest.onLook })
  page.heading('over these logs')
  if (run.reason !== undefined) {
    page.line(run.outcome === 'refused' ? run.reason : `nothing that was read is a log of ${run.reason}`)
    return
  }
  for (const { member, name } of buildCorrelation(resolved).streams)
    page.line(`${name}: ${plural(run.hits.get(member.document) ?? 0, 'hit')}`)
  for (const note of run.notes) page.line(note)
  if (run.total > 0) {
    page.line(`${plural(run.total, 'match', 'matches')}${run.total > run.matches.length ? '; the first:' : ':'}`)
    for (const { group, from, time, value, hits } of run.matches)
      page.line(
        `${groupWords(plan, group)}: ${number(value)}, ${plural(hits, 'hit')} from ${formatTime(from)} to ${formatTime(time)}`,
        4,
      )
    return
  }
  page.line(nearest.groups.length > 0 ? 'no match; the groups that came nearest:' : 'no match, and no hits to count')
  for (const { group, time, value, hits, missing } of nearest.groups) {
    const lacks = plan.inputs.length > 1 && missing.length > 0 ? `, without ${missing.join(', ')}` : ''
    const found = value === undefined ? 'nothing to reckon with' : number(value)
    page.line(`${groupWords(plan, group)}: ${found}${lacks}, ${plural(hits, 'hit')} up to ${formatTime(time)}`, 4)
  }
}

const number = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en') : String(Math.round(value * 1000) / 1000)

const groupWords = ({ groupBy }: CorrelationPlan, group: readonly (string | null)[]): string =>
  groupBy.length === 0
    ? 'all events'
    : groupBy.map((name, index) => `${name} ${group[index] === null ? 'that is missing' : group[index]}`).join(', ')

const COUNTED = {
  event_count: 'counts the events',
  value_count: 'counts the different values',
  temporal: 'looks for events of several rules',
  temporal_ordered: 'looks for events of several rules in this order',
  value_sum: 'sums the values',
  value_avg: 'takes the average of the values',
  value_percentile: 'takes a percentile of the values',
  value_median: 'takes the median of the values',
} as const

const OPERATORS = {
  lt: 'less than',
  lte: 'at most',
  gt: 'more than',
  gte: 'at least',
  eq: 'exactly',
  neq: 'other than',
}

function correlationWords({ spec, inputs }: ResolvedCorrelation): readonly string[] {
  const of = spec.fields.length > 0 ? ` of ${spec.fields.join(' and ')}` : ''
  const rank = spec.type === 'value_percentile' ? ` (${spec.percentile})` : ''
  const by = spec.groupBy.length > 0 ? `, for each ${spec.groupBy.join(' and ')} alone` : ''
  const condition =
    spec.condition.kind === 'bounds'
      ? spec.condition.bounds.map(({ operator, value }) => `${OPERATORS[operator]} ${value}`).join(' and ')
      : 'the condition over its rules holds'
  return [
    `${COUNTED[spec.type]}${of}${rank} within ${spanWords(spec.timespan)}${by}`,
    `matches where it is ${condition}`,
    ...spec.rules.map(({ name }, index) => {
      const input = inputs[index]!
      const { title } = input.kind === 'rule' ? input.document : input.resolved.document
      return `${input.kind === 'rule' ? 'rule' : 'correlation'} ${name}${title === name ? '' : `: ${title}`}`
    }),
  ]
}

function spanWords(micros: number): string {
  const seconds = micros / 1e6
  for (const [unit, size] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const)
    if (seconds % size === 0) return plural(seconds / size, unit)
  return plural(seconds, 'second')
}
