import { emitDuckdb } from '../backends/duckdb/emit.js'
import { quoteIdentifier, quoteText } from '../backends/duckdb/quote.js'
import type { Store } from '../backends/duckdb/store.js'
import { storeTables } from '../backends/duckdb/tables.js'
import { timelessPart } from '../ir/timeless.js'
import { renderDiagnostic } from '../text/diagnostic.js'
import { compileKql } from './compile-query.js'
import { type EvidenceRule, periodMicros, type Rule } from './rules.js'
import { runQuery } from './run-query.js'

export interface RuleRun {
  readonly rule: Rule
  readonly matches: readonly Match[]
  /** Rows of the result in all; more than `matches` where they were cut. */
  readonly total: number
  /** How often the query ran. */
  readonly runs: number
  /** Why the rule could not run; undefined where it ran. */
  readonly refused: string | undefined
}

export interface Match {
  /** Columns of the query's row. */
  readonly columns: Columns
  /** The clock of the run that gave it, in microseconds. */
  readonly asOf: number
  readonly events: readonly EvidenceEvent[]
}

/** An event behind a match: its columns of the event model. */
export type EvidenceEvent = Readonly<Record<string, unknown>>

export interface RunOptions {
  /** The newest event, or the time asked for; microseconds. */
  readonly asOf: number
  /** Repeat the query at the rule's period back to the oldest event; once without it. */
  readonly replay: boolean
  /** Rows kept a rule. */
  readonly limit: number
}

/** Runs a rule over the store, as a scheduler would have (docs/decisions/0006), and finds the events behind each row. */
export async function runRule(store: Store, rule: Rule, options: RunOptions): Promise<RuleRun> {
  const matches: Match[] = []
  let total = 0
  const clocks = options.replay ? await clocksOf(store, rule, options.asOf) : [options.asOf]
  for (const asOf of clocks) {
    const compiled = compileKql(rule.query, { asOf, tables: tablesUpTo(asOf) })
    if (!compiled.ok) {
      const text = compiled.diagnostics
        .map((diagnostic) => renderDiagnostic(diagnostic, { name: rule.id, text: rule.query }))
        .join('\n')
      return { rule, matches: [], total: 0, runs: 0, refused: text }
    }
    const rows = await runQuery(store, compiled)
    total += rows.length
    const kept = rows
      .slice(0, Math.max(0, options.limit - matches.length))
      .map((row) => Object.fromEntries(compiled.columns.map(({ name }, index) => [name, row[index]])))
    const events = await evidence(store, rule.evidence, kept, asOf - periodMicros(rule.period), asOf)
    kept.forEach((columns, index) => {
      matches.push({ columns, asOf, events: events[index]! })
    })
  }
  return { rule, matches, total, runs: clocks.length, refused: undefined }
}

/**
 * The times at which the rule would have run and could have found anything, newest first. Most queries begin with a filter that does not
 * look at the time; asking once which stretches of time have rows that pass it spares running the query for all the others.
 */
async function clocksOf(store: Store, rule: Rule, asOf: number): Promise<readonly number[]> {
  const period = periodMicros(rule.period)
  const compiled = compileKql(rule.query, { asOf })
  const timeless = compiled.ok ? timelessPart(compiled.query, TIME_COLUMNS) : undefined
  const tables = storeTables()
  const rows =
    timeless === undefined
      ? `SELECT epoch_us(time) AS micros FROM ${quoteIdentifier(rule.evidence.class)}`
      : `SELECT epoch_us(found.${quoteIdentifier(timeless.body.columns[0]!.name)}) AS micros FROM (${emitDuckdb(timeless, (name) => tables.physical(name)).sql}) AS found`
  const steps = await store.rows(
    `SELECT DISTINCT ((${asOf} - micros) // ${period})::BIGINT FROM (${rows}) WHERE micros <= ${asOf} ORDER BY 1`,
  )
  return steps.map(([step]) => asOf - Number(step) * period)
}

/** The tables as they were at a time: a run of the past must not see what came after it. */
function tablesUpTo(asOf: number): ReturnType<typeof storeTables> {
  const tables = storeTables()
  const before = `(time IS NULL OR time <= make_timestamp(${asOf}))`
  return {
    schema: tables.schema,
    physical: (name) => ({
      sources: tables.physical(name).sources.map((source) => ({
        ...source,
        where: source.where === undefined ? before : `(${source.where}) AND ${before}`,
      })),
    }),
  }
}

/** Columns that hold an event's time, by the products' names. */
const TIME_COLUMNS: ReadonlySet<string> = new Set(['Timestamp', 'TimeGenerated'])

/** At most this many events are shown behind one match. */
const SHOWN = 5

/** Matches whose events are looked up in one query. */
const TOGETHER = 500

/** The events behind each row of a result, in one query for many rows. */
async function evidence(
  store: Store,
  rule: EvidenceRule,
  rows: readonly Columns[],
  from: number,
  to: number,
): Promise<EvidenceEvent[][]> {
  const found: EvidenceEvent[][] = rows.map(() => [])
  const sought = Object.entries(rule.match)
  const among = Object.entries(rule.among ?? {})
  const conditions = [
    `event.time BETWEEN make_timestamp(${from}) AND make_timestamp(${to})`,
    ...sought.map(([column], index) =>
      column === 'time'
        ? `epoch_us(event.time) = sought.m${index}`
        : `coalesce(CAST(event.${quoteIdentifier(column)} AS VARCHAR), '') = sought.m${index}`,
    ),
    ...(rule.range === undefined ? [] : ['epoch_us(event.time) BETWEEN sought.first AND sought.last']),
    ...among.map(
      ([column], index) => `list_contains(sought.a${index}, CAST(event.${quoteIdentifier(column)} AS VARCHAR))`,
    ),
  ]
  const names = [
    'row',
    ...sought.map((_, index) => `m${index}`),
    ...(rule.range === undefined ? [] : ['first', 'last']),
    ...among.map((_, index) => `a${index}`),
  ]
  for (let start = 0; start < rows.length; start += TOGETHER) {
    const values = rows.slice(start, start + TOGETHER).map((columns, index) => {
      const cells = [
        String(start + index),
        ...sought.map(([column, name]) =>
          column === 'time' ? String(microsOf(columns[name])) : quoteText(String(columns[name] ?? '')),
        ),
        ...(rule.range === undefined
          ? []
          : [String(microsOf(columns[rule.range.from])), String(microsOf(columns[rule.range.to]))]),
        ...among.map(([, name]) => {
          const list: unknown = columns[name]
          return `[${(Array.isArray(list) ? list : []).map((value) => quoteText(String(value))).join(', ')}]::VARCHAR[]`
        }),
      ]
      return `(${cells.join(', ')})`
    })
    const reader = await store.connection.runAndReadAll(
      `SELECT sought.row AS match_row, event.*, epoch_us(event.time) AS time_micros, source.name AS source_name
      FROM (VALUES ${values.join(', ')}) AS sought(${names.join(', ')})
      JOIN ${quoteIdentifier(rule.class)} AS event ON ${conditions.join(' AND ')}
      LEFT JOIN source ON source.id = event.source_id
      QUALIFY row_number() OVER (PARTITION BY sought.row ORDER BY event.time, event.uid) <= ${SHOWN}
      ORDER BY sought.row, event.time, event.uid`,
    )
    for (const event of reader.getRowObjects()) found[Number(event['match_row'])]!.push(event)
  }
  return found
}

type Columns = Readonly<Record<string, unknown>>

/** Microseconds of a time as the result shows it. */
function microsOf(value: unknown): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/.exec(String(value))
  if (match === null) return 0
  return Date.parse(`${match[1]}Z`) * 1000 + Number((match[2] ?? '').padEnd(6, '0').slice(0, 6))
}
