import { existsSync, readFileSync } from 'node:fs'
import { storeTables } from '../backends/duckdb/tables.js'
import { clockOf } from '../detection/clock.js'
import { type CompiledQuery, compileKql } from '../detection/compile-query.js'
import type { Clause } from '../detection/explain/clause.js'
import { eventRow } from '../detection/explain/event-row.js'
import { type EventVerdict, explainEvent, judged, rowValues, tablesRead } from '../detection/explain/explain-event.js'
import { nearestRows } from '../detection/explain/nearest.js'
import { planWords } from '../detection/explain/plan-words.js'
import { scalarWords, valueWords } from '../detection/explain/scalar-words.js'
import { originsOf } from '../detection/origins.js'
import type { Rule } from '../detection/rules.js'
import { runRule } from '../detection/run-rule.js'
import { findTable, type QueryTable, type Watchlists } from '../ir/schema.js'
import { closestName } from '../text/closest-name.js'
import { pad, widthOf, wrap } from '../text/fit.js'
import { createPaint, type Paint } from '../text/paint.js'
import { visible } from '../text/visible.js'
import { ConfigurationError } from './failure.js'
import { type InputOptions, openInput, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { ruleSources } from './rule-source.js'
import { diagnosticText, terminalOf } from './terminal.js'

export interface ExplainOptions extends InputOptions, OutputOptions {
  readonly event?: string
  readonly table?: string
}

/** `latchkey explain`: what a rule does, in words and as SQL, and what it makes of an event or of logs. Returns the exit code. */
export async function explain(given: string, paths: readonly string[], options: ExplainOptions): Promise<number> {
  checkOutput(options)
  const event = options.event === undefined ? undefined : readEvent(options.event)
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const page = new Page(Math.min(terminal.width, 120), createPaint(terminal.colour))
  const asOf = timeOption('--as-of', options.asOf) ?? (event === undefined ? undefined : timeOfEvent(event))
  const watchlists = watchlistsOf(options.watchlists)
  let code = 0
  for (const source of await ruleSources(given)) {
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

/** When the rule runs, and what makes it alert. */
function scheduleWords({ period, given }: Rule): string[] {
  const window =
    given?.windowed === true && period !== undefined ? [`its product shows it the last ${period} of events`] : []
  const trigger = given?.trigger
  const plain = trigger === undefined || (trigger.operator === 'more than' && trigger.threshold === 0)
  return [...window, ...(plain ? [] : [`alerts where a run gives ${trigger.operator} ${trigger.threshold} rows`])]
}

/** What is printed, line by line, within a width. */
class Page {
  private readonly lines: string[] = []

  constructor(
    private readonly width: number,
    private readonly paint: Paint,
  ) {}

  text(): string {
    return `${this.lines.join('\n')}\n`
  }

  heading(text: string): void {
    if (this.lines.length > 0) this.lines.push('')
    this.lines.push(this.paint.bold(visible(text)))
  }

  line(text: string, indent = 2): void {
    for (const part of text.split('\n'))
      for (const [index, line] of wrap(visible(part), this.width - indent - 2).entries())
        this.lines.push(' '.repeat(index === 0 ? indent : indent + 2) + line)
  }

  plan(rule: Rule, compiled: CompiledQuery): void {
    if (rule.title !== 'query') this.heading(rule.title)
    this.heading('what it does')
    for (const { depth, text } of planWords(compiled.query)) this.line(text, 2 + depth * 2)
    for (const words of scheduleWords(rule)) this.line(words)
    for (const { severity, message } of compiled.diagnostics) this.line(`${severity}: ${message}`)
    this.heading('as SQL')
    // In one piece, so that it can be copied.
    this.lines.push(visible(compiled.sql))
  }

  verdict(rule: Rule, { ways, leftOut, result }: EventVerdict): void {
    for (const [index, clauses] of ways.entries()) {
      if (ways.length > 1) this.line(`way ${index + 1} of ${ways.length} that the query reads the table`)
      this.clauses(rule, clauses)
    }
    if (leftOut > 0)
      this.line(
        `${leftOut} ${leftOut === 1 ? 'condition speaks' : 'conditions speak'} of more than one event and cannot be judged by one`,
      )
    if (result === undefined) this.line('what the query gives for this event alone could not be run here')
    else if (result.rows.length === 0) this.line('so the query gives no row')
    else {
      this.line('so the query gives this row:')
      this.values(
        result.columns.map(({ name, type }, index) => [name, valueWords(result.rows[0]![index], type)] as const),
      )
    }
  }

  clauses(rule: Rule, clauses: readonly Clause[], depth = 0): void {
    if (clauses.length === 0 && depth === 0) this.line('no condition: every event passes')
    for (const clause of clauses) {
      const word =
        clause.value === true
          ? 'true   '
          : clause.value === false
            ? 'false  '
            : clause.value === null
              ? 'missing'
              : 'unknown'
      const mark = clause.value === true ? this.paint.dim(word) : this.paint.boldRed(word)
      const source = sourceOf(rule.query, clause)
      const indent = 2 + depth * 2
      const [first, ...rest] = wrap(visible(source), this.width - indent - 11)
      this.lines.push(`${' '.repeat(indent)}${mark}  ${first ?? ''}`)
      for (const line of rest) this.lines.push(' '.repeat(indent + 11) + line)
      if (clause.value !== true)
        for (const { column, value } of clause.reads)
          this.line(`${column} is ${valueWords(value, typeOf(clause, column))}`, indent + 9)
      if (clause.value !== true && clause.parts.length > 0) this.clauses(rule, clause.parts, depth + 1)
    }
  }

  values(pairs: readonly (readonly [name: string, value: string])[]): void {
    const label = Math.min(30, Math.max(0, ...pairs.map(([name]) => widthOf(name))))
    for (const [name, value] of pairs) {
      const [first = '', ...rest] = wrap(visible(value), Math.max(20, this.width - label - 6), 3)
      this.lines.push(`    ${this.paint.dim(pad(visible(name), label))}  ${first}`)
      for (const line of rest) this.lines.push(' '.repeat(label + 6) + line)
    }
  }
}

/** The clause as its author wrote it, where that is short; else in words. */
function sourceOf(query: string, { scalar }: Clause): string {
  const text = scalar.span ? query.slice(scalar.span.start, scalar.span.end).replace(/\s+/g, ' ') : ''
  return text !== '' && text.length < 160 ? text : scalarWords(scalar)
}

function typeOf({ scalar }: Clause, column: string): 'string' | 'datetime' | 'dynamic' {
  if (scalar.kind === 'compare' && scalar.left.type === 'datetime') return 'datetime'
  return column === '' ? 'dynamic' : 'string'
}
