import type { ClickhouseConnection } from '../src/backends/clickhouse/connect.js'
import { plainValue } from '../src/backends/clickhouse/read-value.js'
import { runClickhouse } from '../src/backends/clickhouse/run.js'
import { createStatements } from '../src/backends/clickhouse/tables.js'
import { type ClickhouseTables, compileForClickhouse } from '../src/detection/compile-clickhouse.js'
import { loadModel } from '../src/events/model.js'
import { EMPTY_SCHEMA } from '../src/ir/schema.js'
import type { Column, ScalarType } from '../src/ir/types.js'
import { printDynamic, type Value } from '../src/ir/value.js'
import { openClickhouse } from '../test/fixtures/clickhouse.js'
import type { Cell } from './kql-cells.js'

const NO_TABLES: ClickhouseTables = { schema: EMPTY_SCHEMA, physical: () => ({ sources: [] }) }

/** Whether the event model's tables are there. */
let prepared = false
let connection: ReturnType<typeof openClickhouse> | undefined

/** ClickHouse in this process, opened once. Throws with the reason where it cannot be loaded. */
export function clickhouse(): ClickhouseConnection {
  connection ??= openClickhouse()
  if ('missing' in connection) throw new Error(connection.missing)
  return connection
}

/** A query's answer by ClickHouse, or why it is refused. */
export async function answerClickhouse(
  query: string,
  asOf: number,
  tables: ClickhouseTables = NO_TABLES,
  /** Refuses what ClickHouse's SQL cannot say whole. */
  alone = false,
): Promise<
  { readonly columns: readonly Column[]; readonly rows: readonly (readonly Cell[])[] } | { readonly refused: string }
> {
  const engine = clickhouse()
  if (tables !== NO_TABLES && !prepared) {
    for (const statement of createStatements(loadModel(), { database: 'default' })) await engine.command(statement)
    prepared = true
  }
  const compiled = await compileForClickhouse(query, { asOf, tables, result: 0, ask: (sql) => engine.query(sql) })
  if (!compiled.ok) return { refused: compiled.diagnostics[0]?.message ?? 'refused' }
  if (alone && compiled.split.lacking)
    return { refused: `${compiled.split.lacking.what} has no words in ClickHouse's SQL` }
  const { columns, rows } = await runClickhouse(engine, compiled.split)
  return { columns, rows: rows.map((row) => row.map((value, index) => cellOf(value, columns[index]!.type))) }
}

function cellOf(value: Value, type: ScalarType): Cell {
  if (value === null) return type === 'string' ? '' : null
  return type === 'dynamic' ? printDynamic(value) : (plainValue(value, type) as Cell)
}
