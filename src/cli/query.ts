import { existsSync, readFileSync } from 'node:fs'
import type { Store } from '../backends/duckdb/store.js'
import { clockOf } from '../detection/clock.js'
import { compileKql, compileKqlOver } from '../detection/compile-query.js'
import { prepare, runQuery } from '../detection/run-query.js'
import { renderDiagnostic } from '../text/diagnostic.js'
import { ConfigurationError } from './failure.js'
import { type InputOptions, openInput, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { type QueryResult, renderResults } from './results.js'
import type { Cell, RowFormat } from './rows.js'
import { terminalOf } from './terminal.js'

export interface QueryOptions extends InputOptions, OutputOptions {
  readonly language: 'kql'
  readonly format?: RowFormat
  readonly sql?: boolean
  /** A server to run on instead of a store. */
  readonly clickhouse?: string
  readonly database?: string
}

/** `latchkey query`: one query over logs or a store. Returns the exit code. */
export async function query(text: string, paths: readonly string[], options: QueryOptions): Promise<number> {
  checkOutput(options)
  const source = text.startsWith('@')
    ? { name: text.slice(1), text: readQuery(text.slice(1)) }
    : { name: 'query', text }
  if (options.clickhouse !== undefined) {
    const { queryClickhouse } = await import('./query-clickhouse.js')
    return queryClickhouse(source, paths, { ...options, clickhouse: options.clickhouse })
  }
  const given = timeOption('--as-of', options.asOf)
  const watchlists = watchlistsOf(options.watchlists)
  // A store that is there opens on another thread while this one loads the parser.
  const opening =
    options.sql !== true && paths.length === 0 && options.store !== undefined && existsSync(options.store)
      ? openInput(paths, options)
      : undefined
  opening?.catch(() => undefined)
  // A query that cannot run is refused before anything is read.
  const first = compileKql(source.text, { asOf: given ?? Date.now() * 1000, watchlists, result: 0 })
  // Where the data names some columns, what is printed and what is refused shows once it is there.
  const needs = !first.ok && first.needs !== undefined
  for (const diagnostic of first.diagnostics)
    if (!needs && (options.quiet !== true || !first.ok))
      process.stderr.write(`${renderDiagnostic(diagnostic, source)}\n`)
  if (!first.ok && (!needs || options.sql === true)) {
    await opening?.then(({ store }) => store.close())
    return 2
  }
  if (first.ok && options.sql === true) {
    const others = first.results.slice(1).flatMap((_, index) => {
      const other = compileKql(source.text, { asOf: given ?? Date.now() * 1000, watchlists, result: index + 1 })
      return other.ok ? [other.sql] : []
    })
    await writeOutput([`${[first.sql, ...others].join(';\n')}\n`], options)
    return 0
  }
  const { store } = await (opening ?? openInput(paths, options))
  try {
    await store.narrow(timeOption('--since', options.since), timeOption('--until', options.until))
    const asOf = (await clockOf(store, given)).micros
    const results: QueryResult[] = []
    for (let result = 0, last = 0; result <= last; result++) {
      const compiled = await compileKqlOver(source.text, { asOf, watchlists, result }, ({ sql }) => {
        prepare(store, sql)
        return store.rows(sql)
      })
      if (!compiled.ok || needs)
        for (const diagnostic of compiled.diagnostics)
          if (options.quiet !== true || !compiled.ok) process.stderr.write(`${renderDiagnostic(diagnostic, source)}\n`)
      if (!compiled.ok) return 2
      last = compiled.results.length - 1
      const rows = (await runQuery(store, compiled)) as readonly (readonly Cell[])[]
      results.push({ name: compiled.results[result]!, columns: compiled.columns.map(({ name }) => name), rows })
      if (last === 0 && rows.length === 0 && options.quiet !== true)
        process.stderr.write(`${await whyNothing(compiled.query, store, asOf)}\n`)
    }
    const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
    const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
    await writeOutput(renderResults(results, format, terminal), options)
    return 0
  } finally {
    await store.close()
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
async function whyNothing(query: unknown, store: Store, asOf: number): Promise<string> {
  const parts: string[] = []
  for (const name of tablesOf(query)) {
    const counting = compileKql(`${name} | count`, { asOf })
    const [[rows] = []] = counting.ok ? await runQuery(store, counting) : []
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
