import { type EventStore, eventTable, type View } from '../backends/event-store.js'
import { NotEmitted, notEmittedDiagnostic, TooManyRows } from '../backends/not-emitted.js'
import { mapQuery } from '../ir/map.js'
import type { Query, Relation } from '../ir/relation.js'
import { call, literal, type Scalar } from '../ir/scalar.js'
import type { Watchlists } from '../ir/schema.js'
import { atMicros, isAtMost, Steps, unixMicros } from '../ir/steps.js'
import { TICKS_PER_DAY, UNIX_EPOCH } from '../ir/time.js'
import { timelessPart } from '../ir/timeless.js'
import { type Diagnostic, renderDiagnostic } from '../text/diagnostic.js'
import { type Columns, type EvidenceEvent, evidenceByRule, evidenceByTracing } from './evidence.js'
import { lowerQuery, lowerQueryOver } from './lower-query.js'
import { periodMicros, type Rule, type Trigger } from './rules.js'

export type { EvidenceEvent } from './evidence.js'

export interface RuleRun {
  readonly rule: Rule
  readonly matches: readonly Match[]
  /** Rows of the result in all; more than `matches` where they were cut. */
  readonly total: number
  /** How often the query ran. */
  readonly runs: number
  /** Why the rule could not run; undefined where it ran. */
  readonly refused: string | undefined
  /** What a reader of the result should know. */
  readonly notes: readonly string[]
}

export interface Match {
  /** Columns of the query's row. */
  readonly columns: Columns
  /** The clock of the run that gave it, in microseconds. */
  readonly asOf: number
  readonly events: readonly EvidenceEvent[]
}

export interface RunOptions {
  /** The newest event, or the time asked for; microseconds. */
  readonly asOf: number
  /** Repeat the query at the rule's period back to the oldest event; once without it. */
  readonly replay: boolean
  /** Rows kept a rule. */
  readonly limit: number
  readonly watchlists?: Watchlists | undefined
}

/** Runs a rule over the store, as a scheduler would have (docs/decisions/0006), and finds the events behind each row. */
export async function runRule(store: EventStore, rule: Rule, options: RunOptions): Promise<RuleRun> {
  try {
    return await replay(store, rule, options)
  } catch (error) {
    if (error instanceof NotEmitted) return refusedRun(rule, [notEmittedDiagnostic(error, store.engine)])
    if (error instanceof TooManyRows) return { ...unrun(rule), refused: error.message }
    // One rule that the engine has no room for is no reason to lose the others.
    if (error instanceof Error && /^Out of Memory Error/.test(error.message))
      return { ...unrun(rule), refused: `it needs more memory than the engine may use: give more with --memory` }
    throw error
  }
}

async function replay(store: EventStore, rule: Rule, options: RunOptions): Promise<RuleRun> {
  const matches: Match[] = []
  const notes = new Set<string>()
  let total = 0
  const { watchlists } = options
  const { schema } = store
  const first = lowerQuery(rule.query, { asOf: options.asOf, schema, watchlists })
  if (!first.ok && !first.needs) return refusedRun(rule, first.diagnostics)
  // Where the data names the columns, the part that asks it tells as well where the query looks.
  const plan = await planOf(store, rule, first.ok ? first.query : first.needs!.query, options)
  for (const [index, asOf] of plan.clocks.entries()) {
    const after = plan.window === undefined ? undefined : asOf - plan.window
    // Events without a time belong to the newest run where a window is kept.
    const view: View = { after, upTo: asOf, untimed: after === undefined || index === 0 }
    const lowered =
      first.ok && asOf === options.asOf
        ? first
        : await lowerQueryOver(rule.query, { asOf, schema, watchlists }, (query) => store.ask(query, view))
    if (!lowered.ok) return refusedRun(rule, lowered.diagnostics)
    const { query } = lowered
    const rows = await store.ask(query, view)
    const trigger = rule.given?.trigger
    if (trigger && !fires(trigger, rows.length)) {
      if (rows.length > 0)
        notes.add(`${rows.length} rows, and the rule asks for ${trigger.operator} ${trigger.threshold}`)
      continue
    }
    if (trigger && rows.length === 0) {
      total++
      matches.push({ columns: {}, asOf, events: [] })
      continue
    }
    total += rows.length
    const kept = rows
      .slice(0, Math.max(0, options.limit - matches.length))
      .map((row) => Object.fromEntries(query.body.columns.map(({ name }, index) => [name, row[index]])))
    const { events, note } = await eventsBehind(store, rule, query, kept, plan.step ?? 0, view)
    if (note !== undefined) notes.add(note)
    kept.forEach((columns, index) => {
      matches.push({ columns, asOf, events: events[index]! })
    })
  }
  return { rule, matches, total, runs: plan.clocks.length, refused: undefined, notes: [...notes].slice(0, 3) }
}

function refusedRun(rule: Rule, diagnostics: readonly Diagnostic[]): RuleRun {
  const source = { name: `query of ${rule.given?.file ?? rule.id}`, text: rule.query }
  const refused = diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, source)).join('\n')
  return { ...unrun(rule), refused }
}

const unrun = (rule: Rule): RuleRun => ({ rule, matches: [], total: 0, runs: 0, refused: undefined, notes: [] })

function fires({ operator, threshold }: Trigger, rows: number): boolean {
  switch (operator) {
    case 'more than':
      return rows > threshold
    case 'fewer than':
      return rows < threshold
    case 'exactly':
      return rows === threshold
    case 'other than':
      return rows !== threshold
  }
}

async function eventsBehind(
  store: EventStore,
  rule: Rule,
  query: Query,
  rows: readonly Columns[],
  step: number,
  view: View,
): Promise<{ readonly events: readonly (readonly EvidenceEvent[])[]; readonly note?: string }> {
  if (rows.length === 0) return { events: [] }
  const { upTo } = view
  if (rule.evidence) return { events: await evidenceByRule(store, rule.evidence, rows, upTo - step, upTo) }
  const traced = await evidenceByTracing(store, query, rows, view)
  if (traced) return { events: traced }
  return { events: rows.map(() => []), note: 'the events behind its rows cannot be traced through its query' }
}

interface Plan {
  /** The times at which the rule runs, newest first. */
  readonly clocks: readonly number[]
  /** Microseconds between two runs. */
  readonly step: number | undefined
  /** How much of the past the product shows the query; undefined is all of it. */
  readonly window: number | undefined
}

async function planOf(store: EventStore, rule: Rule, query: Query, options: RunOptions): Promise<Plan> {
  const step = rule.period === undefined ? lookback(query, options.asOf) : periodMicros(rule.period)
  const window = rule.given?.windowed === true ? step : undefined
  const trigger = rule.given?.trigger
  const once: Plan = { clocks: [options.asOf], step, window }
  // An alert on too few rows would come from every stretch of time without events.
  const onAbsence = trigger?.operator === 'fewer than' || (trigger?.operator === 'exactly' && trigger.threshold === 0)
  if (!options.replay || step === undefined || onAbsence) return once
  const onAnyRow = !trigger || (trigger.operator === 'more than' && trigger.threshold < 1)
  if (window !== undefined && onAnyRow && rowByRow(query) && ignoresClock(store, rule, options))
    return { ...once, window: undefined }
  return { clocks: await clocksOf(store, rule, query, options.asOf, step), step, window }
}

/** Whether each row of the result comes from one row of a table, whatever other rows there are. */
function rowByRow({ body, bindings }: Query): boolean {
  let node: Relation = body
  while (node.kind === 'filter' || node.kind === 'extend' || node.kind === 'project' || node.kind === 'sort')
    node = node.input
  return bindings.length === 0 && node.kind === 'table'
}

/** Whether the query means the same at another time: it asks neither `now()` nor `ago()`. */
function ignoresClock({ schema }: EventStore, rule: Rule, { asOf, watchlists }: RunOptions): boolean {
  const plain = (clock: number): string => {
    const lowered = lowerQuery(rule.query, { asOf: clock, schema, watchlists })
    return JSON.stringify(lowered.ok ? lowered.query : null, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )
  }
  return plain(asOf) === plain(asOf - 86_400e6 - 1e6)
}

/** How far back the query's own filters look, in microseconds; undefined where none compares a time with the clock. */
function lookback(query: Query, asOf: number): number | undefined {
  const now = UNIX_EPOCH + BigInt(Math.trunc(asOf)) * 10n
  let oldest: bigint | undefined
  mapQuery(query, (value) => {
    if (value.kind !== 'compare' || value.left.type !== 'datetime') return value
    const bound = [value.left, value.right].find((side) => side.kind === 'literal')
    const from = bound?.kind === 'literal' && typeof bound.value === 'bigint' ? bound.value : undefined
    const far = from === undefined ? 0n : now - from
    if (far > 0n && far < FARTHEST && (oldest === undefined || far > oldest)) oldest = far
    return value
  })
  return oldest === undefined ? undefined : Number(oldest / 10n)
}

/** A date further back than this is a fixed date and no look back. */
const FARTHEST = 400n * TICKS_PER_DAY

/**
 * The times at which the rule would have run and could have found anything, newest first. Most queries begin with a filter that does not
 * look at the time; asking once which stretches of time have rows that pass it spares running the query for all the others.
 */
async function clocksOf(
  store: EventStore,
  rule: Rule,
  query: Query,
  asOf: number,
  period: number,
): Promise<readonly number[]> {
  const timeless = timelessPart(query, TIME_COLUMNS)
  const every = rule.evidence ? [rule.evidence.class] : store.model.classes.map(({ name }) => name)
  const times =
    timeless === undefined
      ? Steps.union(every.map((name) => Steps.from(eventTable(store.model, name)).project(['time'])))
      : Steps.from(timeless.body)
  const time = times.column(times.columns[0]!.name)
  const past = times.filter(isAtMost(time, atMicros(asOf)))
  const step = stretchOf(time, asOf, period)
  const steps = past.aggregate({ step }).sort(['step'])
  return (await store.ask(steps.query(timeless?.bindings))).map(([number]) => asOf - Number(number) * period)
}

/** How many whole stretches before a moment a time lies. */
const stretchOf = (time: Scalar, before: number, width: number): Scalar =>
  call('divide', 'long', [
    call('subtract', 'long', [literal('long', BigInt(Math.trunc(before))), unixMicros(time)]),
    literal('long', BigInt(width)),
  ])

/** Columns that hold an event's time, by the products' names. */
const TIME_COLUMNS: ReadonlySet<string> = new Set(['Timestamp', 'TimeGenerated'])
