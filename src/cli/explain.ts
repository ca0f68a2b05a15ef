import { existsSync, readFileSync } from 'node:fs'
import { storeTables } from '../backends/duckdb/tables.js'
import { clockOf } from '../detection/clock.js'
import { type CompiledQuery, compileKql } from '../detection/compile-query.js'
import { eventRow } from '../detection/explain/event-row.js'
import { explainEvent, judged, rowValues, tablesRead } from '../detection/explain/explain-event.js'
import { nearestRows } from '../detection/explain/nearest.js'
import { valueWords } from '../detection/explain/scalar-words.js'
import { originsOf } from '../detection/origins.js'
import type { Rule } from '../detection/rules.js'
import { runRule } from '../detection/run-rule.js'
import { findTable, type QueryTable, type Watchlists } from '../ir/schema.js'
import { closestName } from '../text/closest-name.js'
import { createPaint } from '../text/paint.js'
import { Page } from './explain-page.js'
import { explainSigma } from './explain-sigma.js'
import { ConfigurationError } from './failure.js'
import { type InputOptions, openInput, placeholdersOf, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { type RuleSource, ruleSources } from './rule-source.js'
import { diagnosticText, terminalOf } from './terminal.js'

export interface ExplainOptions extends InputOptions, OutputOptions {
  readonly event?: string
  readonly table?: string
}

/** `latchkey explain`: what a rule does, in words and as SQL, and what it makes of an event or of logs. Returns the exit code. */
export async function explain(given: string, paths: readonly string[], options: ExplainOptions): Promise<number> {
  checkOutput(options)
  const sources = await ruleSources(given)
  const sigma = sources.filter(({ file }) => file?.format === 'sigma')
  const event = options.event === undefined || sigma.length > 0 ? undefined : readEvent(options.event)
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const page = new Page(Math.min(terminal.width, 120), createPaint(terminal.colour))
  const asOf = timeOption('--as-of', options.asOf) ?? (event === undefined ? undefined : timeOfEvent(event))
  const watchlists = watchlistsOf(options.watchlists)
  let code = 0
  if (sigma.length > 0 && (await sigmaFiles(page, sigma, paths, options, terminal.colour))) code = 2
  for (const source of sources) {
    for (const { rule, queryMap } of source.rules) {
      const compiled = compileKql(rule.query, { asOf: asOf ?? Date.now() * 1000, watchlists })
      if (!compiled.ok) {
        for (const { span, ...rest } of compiled.diagnostics) {
          const placed = {
            ...rest,
            span: span && { start: queryMap(span.start), end: queryMap(Math.max(span.start, span.end - 1)) + 1 },
          }
          process.stderr.write(`${diagnosticText(placed, { name: source.name, text: source.text }, terminal.colour)}\n`)
        }
        code = 2
        continue
      }
      page.plan(rule, compiled)
      if (event !== undefined) explainGiven(page, rule, compiled, event, options.table)
      if (paths.length > 0 || options.store !== undefined) await explainLogs(page, rule, paths, options, watchlists)
    }
  }
  await writeOutput([page.text()], options)
  return code
}

/** Explains Sigma files; true where one of their rules cannot run. */
async function sigmaFiles(
  page: Page,
  sources: readonly RuleSource[],
  paths: readonly string[],
  options: ExplainOptions,
  colour: boolean,
): Promise<boolean> {
  const event = options.event === undefined ? undefined : sigmaEvent(options.event)
  const isRead = paths.length > 0 || options.store !== undefined
  if (typeof event === 'string' && !isRead)
    throw new ConfigurationError('--event with a number needs the logs that the event stands in')
  const placeholders = placeholdersOf(options.placeholders) ?? new Map()
  const store = isRead ? (await openInput(paths, options)).store : undefined
  let refused = false
  try {
    await store?.narrow(timeOption('--since', options.since), timeOption('--until', options.until))
    await explainSigma(page, sources, { placeholders, event, store }, (source, diagnostics) => {
      refused = true
      for (const diagnostic of diagnostics) process.stderr.write(`${diagnosticText(diagnostic, source, colour)}\n`)
    })
  } finally {
    await store?.close()
  }
  return refused
}

/** An event by its uid or its number in its log, or by its fields. */
const sigmaEvent = (given: string): string | Readonly<Record<string, unknown>> =>
  /^-?\d{1,19}$/.test(given) ? given : readEvent(given)

/** The event's own time, so that `ago()` of the query means what it would have meant then. */
function timeOfEvent(event: Readonly<Record<string, unknown>>): number | undefined {
  const found = Object.entries(event).find(([name]) => /^(timestamp|timegenerated)$/i.test(name))
  const millis = found === undefined ? Number.NaN : Date.parse(String(found[1]))
  return Number.isNaN(millis) ? undefined : millis * 1000 + 1_000_000
}

function readEvent(given: string): Readonly<Record<string, unknown>> {
  const text = /^\s*[[{]/.test(given) ? given : readFile(given)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ConfigurationError(
      `--event takes a JSON object: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigurationError('--event takes one JSON object of columns and values')
  return value as Readonly<Record<string, unknown>>
}

function readFile(path: string): string {
  if (!existsSync(path))
    throw new ConfigurationError(`--event takes a JSON object or a file of one; ${path} is neither`)
  return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
}

function tableFor(compiled: CompiledQuery, asked: string | undefined): QueryTable {
  const { schema } = storeTables()
  const read = tablesRead(compiled)
  const name = asked ?? read[0]
  if (name === undefined) throw new ConfigurationError('the query reads no table that an event could stand in')
  const table = findTable(schema, name)
  if (table) return table
  const closest = closestName(name, schema.tables.keys())
  throw new ConfigurationError(`no table ${name}${closest === undefined ? '' : `; closest is ${closest}`}`)
}

function explainGiven(
  page: Page,
  rule: Rule,
  compiled: CompiledQuery,
  event: Readonly<Record<string, unknown>>,
  asked: string | undefined,
): void {
  const table = tableFor(compiled, asked)
  const origin = originsOf(compiled.query).find((each) => each.table.name === table.name)
  const columns = origin?.table.columns ?? table.columns
  const stamped = columns.some(({ name }) => name in event && /^(Timestamp|TimeGenerated)$/.test(name))
    ? event
    : {
        Timestamp: new Date(Date.now() - 60_000).toISOString(),
        TimeGenerated: new Date(Date.now() - 60_000).toISOString(),
        ...event,
      }
  const { row, unknown } = eventRow(columns, stamped)
  page.heading(`this event in ${table.name}`)
  for (const { name, closest } of unknown)
    if (name in event)
      page.line(`${table.name} has no column ${name}${closest === undefined ? '' : `; closest is ${closest}`}`)
  if (!tablesRead(compiled).includes(table.name)) {
    page.line(`the query does not read ${table.name}; it reads ${tablesRead(compiled).join(', ')}`)
    return
  }
  page.verdict(rule, explainEvent(compiled, table.name, columns, row))
}

async function explainLogs(
  page: Page,
  rule: Rule,
  paths: readonly string[],
  options: ExplainOptions,
  watchlists: Watchlists | undefined,
): Promise<void> {
  const { store } = await openInput(paths, options)
  try {
    await store.narrow(timeOption('--since', options.since), timeOption('--until', options.until))
    const given = timeOption('--as-of', options.asOf)
    const { micros } = await clockOf(store, given)
    const run = await runRule(store, rule, { asOf: micros, replay: given === undefined, limit: 1, watchlists })
    page.heading('over these logs')
    for (const note of run.notes) page.line(note)
    if (run.refused !== undefined) page.line(run.refused)
    if (run.total > 0) {
      page.line(
        `${run.total.toLocaleString('en')} ${run.total === 1 ? 'row' : 'rows'} in ${run.runs} ${run.runs === 1 ? 'run' : 'runs'}; the first:`,
      )
      page.values(Object.entries(run.matches[0]?.columns ?? {}).map(([name, value]) => [name, JSON.stringify(value)]))
      return
    }
    const compiled = compileKql(rule.query, { asOf: micros, watchlists })
    if (!compiled.ok) return
    const nearest = await nearestRows(store, compiled)
    page.line(nearest.length > 0 ? 'no rows; what came nearest:' : 'no rows, and nothing in the tables that it reads')
    for (const { table, columns, row, passed, conditions, alike } of nearest) {
      const others = alike > 1 ? `, as do ${(alike - 1).toLocaleString('en')} others` : ''
      page.line(`a row of ${table} passes ${passed} of ${conditions} conditions${others}`)
      const origin = originsOf(compiled.query).find(
        (each) => each.table.name === table && each.conditions.length === conditions,
      )
      if (origin) page.clauses(rule, judged(origin, compiled, rowValues(columns, row)))
      page.values(
        columns
          .map(({ name, type }, index) => [name, valueWords(row[index], type)] as const)
          .filter(([, value]) => value !== '""' && value !== 'nothing'),
      )
    }
  } finally {
    await store.close()
  }
}
