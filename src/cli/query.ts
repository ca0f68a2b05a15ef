import { readFileSync } from 'node:fs'
import type { EventStore } from '../backends/event-store.js'
import { NotEmitted, notEmittedDiagnostic } from '../backends/not-emitted.js'
import { clockOf } from '../detection/clock.js'
import { type LoweredQuery, type LowerResult, lowerQuery, lowerQueryOver } from '../detection/lower-query.js'
import { renderDiagnostic } from '../text/diagnostic.js'
import { type Engine, type EngineOptions, engineOf } from './engine.js'
import { ConfigurationError } from './failure.js'
import { timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { type QueryResult, renderResults } from './results.js'
import type { Cell, RowFormat } from './rows.js'
import { terminalOf } from './terminal.js'

export interface QueryOptions extends EngineOptions, OutputOptions {
  readonly language: 'kql'
  readonly format?: RowFormat
  readonly sql?: boolean
}

/** Whether a row of a result is shown, by its columns. */
export type RowFilter = (row: Readonly<Record<string, unknown>>) => boolean

/** `latchkey query`: one query over logs, a store or a server. Returns the exit code. */
export async function query(
  text: string,
  paths: readonly string[],
  options: QueryOptions,
  keeps: RowFilter = () => true,
): Promise<number> {
  checkOutput(options)
  const source = text.startsWith('@')
    ? { name: text.slice(1), text: readQuery(text.slice(1)) }
    : { name: 'query', text }
  const tell = ({ ok, diagnostics }: LowerResult): void => {
    for (const diagnostic of diagnostics)
      if (options.quiet !== true || !ok) process.stderr.write(`${renderDiagnostic(diagnostic, source)}\n`)
  }
  const given = timeOption('--as-of', options.asOf)
  const [since, until] = [timeOption('--since', options.since), timeOption('--until', options.until)]
  const watchlists = watchlistsOf(options.watchlists)
  const engine = await engineOf(options)
  // A store that is there opens on another thread while this one loads the parser.
  const opening = options.sql !== true && paths.length === 0 && engine.opensEarly ? engine.open(paths) : undefined
  opening?.catch(() => undefined)
  // A query that cannot run is refused before anything is read.
  const lower = { asOf: given ?? Date.now() * 1000, schema: engine.schema, watchlists }
  const first = emittable(engine, lowerQuery(source.text, { ...lower, result: 0 }))
  // Where the data names some columns, what is printed and what is refused shows once it is there.
  const needs = !first.ok && first.needs !== undefined
  if (!needs) tell(first)
  if (!first.ok && (!needs || options.sql === true)) {
    await opening?.then(({ store }) => store.close())
    return 2
  }
  if (first.ok && options.sql === true) {
    const all = first.results.map((_, result) => lowerQuery(source.text, { ...lower, result }))
    const sql = all.flatMap((each) => (each.ok ? engine.sqlOf(each.query) : []))
    await writeOutput([`${sql.join(';\n')}\n`], options)
    return 0
  }
  const { store } = await (opening ?? engine.open(paths))
  try {
    await store.narrow(since, until)
    const asOf = (await clockOf(store, given)).micros
    const results: QueryResult[] = []
    for (let result = 0, last = 0; result <= last; result++) {
      const asked = await lowerQueryOver(source.text, { ...lower, asOf, result }, (each) => store.ask(each))
      const lowered = emittable(engine, asked)
      if (!lowered.ok || needs) tell(lowered)
      if (!lowered.ok) return 2
      last = lowered.results.length - 1
      const columns = lowered.query.body.columns.map(({ name }) => name)
      const all = (await store.ask(lowered.query)) as readonly (readonly Cell[])[]
      const rows = all.filter((row) => keeps(Object.fromEntries(columns.map((name, index) => [name, row[index]]))))
      results.push({ name: lowered.results[result]!, columns, rows })
      if (last === 0 && all.length === 0 && options.quiet !== true)
        process.stderr.write(`${await whyNothing(lowered, store, asOf)}\n`)
    }
    const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
    const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
    await writeOutput(renderResults(results, format, terminal), options)
    return 0
  } finally {
    await store.close()
  }
}

/** As it was lowered, or refused where the engine has no words for it. */
function emittable(engine: Engine, lowered: LowerResult): LowerResult {
  try {
    const query = lowered.ok ? lowered.query : lowered.needs?.query
    if (query) engine.sqlOf(query)
    return lowered
  } catch (error) {
    if (!(error instanceof NotEmitted)) throw error
    return { ok: false, diagnostics: [notEmittedDiagnostic(error, engine.name)] }
  }
}

function readQuery(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw new ConfigurationError(
      `cannot read the query from ${path}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** Says which of the query's tables have rows, so that no result is never a riddle. */
async function whyNothing({ query }: LoweredQuery, store: EventStore, asOf: number): Promise<string> {
  const parts: string[] = []
  for (const name of tablesOf(query)) {
    const counting = lowerQuery(`${name} | count`, { asOf, schema: store.schema })
    const [[rows] = []] = counting.ok ? await store.ask(counting.query) : []
    const count = Number(rows ?? 0)
    parts.push(
      count === 0
        ? `nothing that was read fills ${name}`
        : `${name} has ${count.toLocaleString('en')} rows, of which none matches`,
    )
  }
  return `no rows: ${parts.length > 0 ? parts.join('; ') : 'the query asks no table'}`
}

/** Names of the tables that a query reads, wherever in it. */
function tablesOf(node: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof node !== 'object' || node === null) return found
  const { kind, name } = node as { readonly kind?: unknown; readonly name?: unknown }
  if (kind === 'table' && typeof name === 'string') found.add(name)
  for (const child of Object.values(node)) tablesOf(child, found)
  return found
}
