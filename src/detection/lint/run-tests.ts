import type { Value } from '../../ir/value.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import type { CompiledQuery } from '../compile-query.js'
import type { Clause } from '../explain/clause.js'
import { eventRow } from '../explain/event-row.js'
import { explainEvent, tablesRead } from '../explain/explain-event.js'
import { scalarWords, valueWords } from '../explain/scalar-words.js'
import { originsOf } from '../origins.js'
import type { Rule, RuleTest, TestSignal } from '../rules.js'

export interface TestedRule {
  readonly diagnostics: readonly Diagnostic[]
  readonly signals: number
  readonly caught: number
}

/** Runs what a rule must catch, a signal at a time, on the reference: what is missed comes back with the clause that stopped it. */
export function runTests(rule: Rule, compiled: CompiledQuery, asOf: number): TestedRule {
  const outcomes = runSignals(rule, compiled, asOf)
  return {
    diagnostics: outcomes.flatMap(({ missed }) => missed ?? []),
    signals: outcomes.length,
    caught: outcomes.filter(({ missed }) => missed === undefined).length,
  }
}

export interface SignalOutcome {
  readonly test: RuleTest
  readonly signal: TestSignal
  /** Why the rule stayed quiet; undefined where it caught the signal. */
  readonly missed: Diagnostic | undefined
  readonly seconds: number
}

/** The same, signal by signal. */
export function runSignals(rule: Rule, compiled: CompiledQuery, asOf: number): readonly SignalOutcome[] {
  return (rule.tests ?? []).flatMap((test) =>
    test.signals.map((signal) => {
      const begin = performance.now()
      const missed = runSignal(rule, compiled, test, signal, asOf)
      return { test, signal, missed, seconds: (performance.now() - begin) / 1000 }
    }),
  )
}

/** A moment before the clock, so that a rule over the last day sees it. */
const BEFORE = 60_000

function runSignal(
  rule: Rule,
  compiled: CompiledQuery,
  test: RuleTest,
  signal: TestSignal,
  asOf: number,
): Diagnostic | undefined {
  const { table, says, note, log } = signal
  const facts = { test: test.name, says: `${says} (${log})`, note }
  const origin = originsOf(compiled.query).find((each) => each.table.name === table)
  if (!origin) return diagnose('signal-not-read', undefined, { ...facts, table, reads: tablesRead(compiled) })
  const time = new Date(asOf / 1000 - BEFORE).toISOString()
  const { row, unknown } = eventRow(origin.table.columns, {
    Timestamp: time,
    TimeGenerated: time,
    DeviceName: 'host',
    ...signal.row,
  })
  const wrong = unknown.find(({ name }) => name in signal.row)
  if (wrong) return diagnose('test-missed', undefined, { ...facts, why: `${table} has no column ${wrong.name}` })
  const { ways, result } = explainEvent(compiled, table, origin.table.columns, row)
  if (result && result.rows.length > 0) {
    const shown = Object.entries(signal.shows ?? {}).find(([name, value]) => {
      const place = result.columns.findIndex((column) => column.name === name)
      return String(result.rows[0]![place] ?? '') !== String(value)
    })
    if (!shown) return undefined
    const place = result.columns.findIndex((column) => column.name === shown[0])
    const got = valueWords(result.rows[0]![place], result.columns[place]?.type ?? 'string')
    return diagnose('test-missed', undefined, {
      ...facts,
      why: `\`${shown[0]}\` is ${got}, not ${valueWords(shown[1] as Value, 'string')}`,
    })
  }
  const { why, span } = failureWords(rule.query, ways)
  return diagnose('test-missed', span, { ...facts, why })
}

/** The first condition that was not true, in words, and where it stands. */
export function failureWords(
  query: string,
  ways: readonly (readonly Clause[])[],
): { readonly why: string; readonly span: Span | undefined } {
  const failed = ways
    .map((clauses) => clauses.find(({ value }) => value !== true))
    .find((clause) => clause !== undefined)
  if (!failed) return { why: 'no row came', span: undefined }
  const why = `${clauseWords(query, failed)} is ${failed.value === false ? 'false' : 'not true'}${readWords(failed)}`
  return { why, span: failed.scalar.span }
}

function clauseWords(query: string, { scalar }: Clause): string {
  const text = scalar.span ? query.slice(scalar.span.start, scalar.span.end).replace(/\s+/g, ' ') : ''
  return text !== '' && text.length < 100 ? `\`${text}\`` : scalarWords(scalar)
}

function readWords({ reads }: Clause): string {
  const values = reads.slice(0, 3).map(({ column, value }) => `\`${column}\` is ${valueWords(value, 'string')}`)
  return values.length > 0 ? `, as ${values.join(', ')}` : ''
}
