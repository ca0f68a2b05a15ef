import { clickhouseTables } from '../backends/clickhouse/bind-tables.js'
import type { ClickhouseConnection } from '../backends/clickhouse/connect.js'
import { quoteIdentifier } from '../backends/clickhouse/quote.js'
import { plainValue } from '../backends/clickhouse/read-value.js'
import { runClickhouse } from '../backends/clickhouse/run.js'
import { compileForClickhouse } from '../detection/compile-clickhouse.js'
import { loadModel } from '../events/model.js'
import { renderDiagnostic } from '../text/diagnostic.js'
import { ConfigurationError } from './failure.js'
import { timeOption, watchlistsOf } from './input.js'
import { writeOutput } from './output.js'
import type { QueryOptions } from './query.js'
import { type QueryResult, renderResults } from './results.js'
import type { Cell } from './rows.js'
import { openServer } from './store.js'
import { terminalOf } from './terminal.js'

/** `latchkey query --clickhouse`: runs on the server. Without `--as-of` the clock is the newest event's. Returns the exit code. */
export async function queryClickhouse(
  source: { readonly name: string; readonly text: string },
  paths: readonly string[],
  options: QueryOptions & { readonly clickhouse: string },
): Promise<number> {
  if (paths.length > 0)
    throw new ConfigurationError('with --clickhouse no paths are read: latchkey store ingest puts logs there first')
  if (options.since !== undefined || options.until !== undefined)
    throw new ConfigurationError(
      '--since and --until narrow what is read here: with --clickhouse write the time into the query',
    )
  const given = timeOption('--as-of', options.asOf)
  const watchlists = watchlistsOf(options.watchlists)
  const tables = clickhouseTables(options.database ?? 'latchkey')
  const connection = options.sql === true ? undefined : await openServer(options.clickhouse)
  try {
    const asOf =
      given ?? (connection === undefined ? Date.now() * 1000 : await newest(connection, options.database ?? 'latchkey'))
    const results: QueryResult[] = []
    const sql: string[] = []
    for (let result = 0, last = 0; result <= last; result++) {
      const compiled = await compileForClickhouse(source.text, {
        asOf,
        tables,
        watchlists,
        result,
        ...(connection === undefined ? {} : { ask: (text: string) => connection.query(text) }),
      })
      if (result === 0)
        for (const diagnostic of compiled.diagnostics)
          if (options.quiet !== true || !compiled.ok) process.stderr.write(`${renderDiagnostic(diagnostic, source)}\n`)
      if (!compiled.ok) return 2
      last = compiled.results.length - 1
      sql.push(...compiled.split.pieces.map((piece) => `${piece.sql}\n`))
      if (connection === undefined) continue
      const found = await runClickhouse(connection, compiled.split)
      results.push({
        name: compiled.results[result]!,
        columns: compiled.columns.map(({ name }) => name),
        rows: found.rows.map((row) => row.map((value, index) => plainValue(value, found.columns[index]!.type) as Cell)),
      })
    }
    if (connection === undefined) {
      await writeOutput([sql.join('\n')], options)
      return 0
    }
    const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
    const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
    await writeOutput(renderResults(results, format, terminal), options)
    return 0
  } finally {
    await connection?.close()
  }
}

/** The newest event's time in microseconds; not one that lies in the future, as a device with a wrong clock has them. */
async function newest(connection: ClickhouseConnection, database: string): Promise<number> {
  const latest = (Date.now() + 86_400_000) * 1000
  const ask = async (where: string): Promise<number | undefined> => {
    const each = loadModel().classes.map(
      ({ name }) => `SELECT max(time) AS t FROM ${quoteIdentifier(database)}.${quoteIdentifier(name)}${where}`,
    )
    const [[time] = []] = await connection.query(
      `SELECT toUnixTimestamp64Micro(max(t)) FROM (${each.join(' UNION ALL ')})`,
    )
    return time === null || time === undefined ? undefined : Number(time)
  }
  // The first is answered from what ClickHouse knows of each part.
  const last = await ask('')
  if (last === undefined) return Date.now() * 1000
  if (last <= latest) return last
  return (await ask(` WHERE time <= fromUnixTimestamp64Micro(toInt64(${latest}), 'UTC')`)) ?? Date.now() * 1000
}
