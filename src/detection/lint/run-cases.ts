import { type Row, runReference } from '../../backends/reference/index.js'
import type { Column } from '../../ir/types.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { CompiledQuery } from '../compile-query.js'
import { eventRow } from '../explain/event-row.js'
import { explainEvent } from '../explain/explain-event.js'
import { valueWords } from '../explain/scalar-words.js'
import { periodMicros, type Rule, type RuleCase } from '../rules.js'
import { relationsOf } from './query-parts.js'
import type { TestedRule } from './run-tests.js'
import { failureWords } from './run-tests.js'

/** Runs the stories that a rule must catch and those that it must leave alone, each by itself, on the reference. */
export function runCases(rule: Rule, compiled: CompiledQuery, asOf: number): TestedRule {
  const catches = (rule.catches ?? []).map((each) => missed(rule, compiled, each, asOf))
  const leaves = (rule.leaves ?? []).map((each) => notLeft(compiled, each, asOf))
  const diagnostics = [...catches, ...leaves].filter((each) => each !== undefined)
  const signals = catches.length + leaves.length
  return { diagnostics, signals, caught: signals - diagnostics.length }
}

function missed(rule: Rule, compiled: CompiledQuery, each: RuleCase, asOf: number): Diagnostic | undefined {
  const played = play(compiled, each, asOf)
  if (typeof played === 'string') return diagnose('case-missed', undefined, { case: each.name, why: played })
  const { columns, rows } = played
  const wanted = Object.entries(each.shows ?? {})
  const shows = (row: Row, [name, value]: (typeof wanted)[number]): boolean => {
    const place = columns.findIndex((column) => column.name === name)
    return place >= 0 && String(row[place] ?? '') === String(value)
  }
  if (rows.some((row) => wanted.every((want) => shows(row, want)))) return undefined
  const [row] = rows
  if (row) {
    const [name, value] = wanted.find((want) => !shows(row, want)) ?? wanted[0]!
    const place = columns.findIndex((column) => column.name === name)
    const got = place < 0 ? 'no column of the result' : valueWords(row[place], columns[place]!.type)
    return diagnose('case-missed', undefined, { case: each.name, why: `\`${name}\` is ${got}, not \`${value}\`` })
  }
  const single = each.events.length === 1 ? each.events[0] : undefined
  const columnsOf = single && tablesOf(compiled).get(single.table)
  if (!single || !columnsOf) return diagnose('case-missed', undefined, { case: each.name, why: 'no row came' })
  const { row: given } = eventRow(columnsOf, completed(single.row, asOf, 0))
  const { why, span } = failureWords(rule.query, explainEvent(compiled, single.table, columnsOf, given).ways)
  return diagnose('case-missed', span, { case: each.name, why })
}

function notLeft(compiled: CompiledQuery, each: RuleCase, asOf: number): Diagnostic | undefined {
  const played = play(compiled, each, asOf)
  if (typeof played === 'string') return diagnose('case-missed', undefined, { case: each.name, why: played })
  const [row] = played.rows
  if (!row) return undefined
  const words = played.columns
    .map(({ name, type }, index) => ({ name, value: row[index], type }))
    .filter(({ value }) => value !== null && value !== '')
    .slice(0, 6)
    .map(({ name, value, type }) => `\`${name}\` ${valueWords(value, type)}`)
  return diagnose('case-not-left', undefined, { case: each.name, row: words.join(', ') })
}

/** Cases begin so long before the clock that a rule over the last day sees all of one. */
const BEFORE = 12 * 3600e6

function play(
  compiled: CompiledQuery,
  { events }: RuleCase,
  asOf: number,
): { readonly columns: readonly Column[]; readonly rows: readonly Row[] } | string {
  const tables = tablesOf(compiled)
  const rows = new Map<string, Row[]>()
  const last = Math.max(...events.map(({ at }) => (at === undefined ? 0 : periodMicros(at))))
  const begin = asOf - Math.max(BEFORE, last + 60e6)
  for (const [index, { table, at, row: said }] of events.entries()) {
    const columns = tables.get(table)
    if (!columns) return `the query does not read ${table}`
    const time = begin + (at === undefined ? 0 : periodMicros(at))
    const { row, unknown } = eventRow(columns, completed(said, time, index))
    const wrong = unknown.find(({ name }) => name in said)
    if (wrong) return `${table} has no column ${wrong.name}`
    const known = rows.get(table)
    if (known) known.push(row)
    else rows.set(table, [row])
  }
  return runReference(compiled.query, (name) => rows.get(name) ?? [])
}

/** What an event of a case has where it does not say otherwise. */
function completed(row: Readonly<Record<string, unknown>>, micros: number, index: number): Record<string, unknown> {
  const time = new Date(micros / 1000).toISOString()
  return {
    Timestamp: time,
    TimeGenerated: time,
    DeviceName: 'host',
    Computer: 'host',
    DeviceId: row['DeviceName'] ?? 'host',
    AccountName: 'kim',
    ReportId: index + 1,
    ...row,
  }
}

/** Every table that the query reads, with the columns it reads it by. */
function tablesOf({ query }: CompiledQuery): ReadonlyMap<string, readonly Column[]> {
  return new Map(
    relationsOf(query).flatMap((each) => (each.kind === 'table' ? [[each.name, each.columns] as const] : [])),
  )
}
