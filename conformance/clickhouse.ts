import type { ClickhouseConnection } from '../src/backends/clickhouse/connect.js'
import { readValue } from '../src/backends/clickhouse/read-value.js'
import { type ClickhouseTables, compileForClickhouse } from '../src/detection/compile-clickhouse.js'
import { EMPTY_SCHEMA } from '../src/ir/schema.js'
import type { Column } from '../src/ir/types.js'
import { openClickhouse } from '../test/fixtures/clickhouse.js'
import type { Cell } from './kql-cells.js'

const NO_TABLES: ClickhouseTables = { schema: EMPTY_SCHEMA, physical: () => ({ sources: [] }) }

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
): Promise<
  { readonly columns: readonly Column[]; readonly rows: readonly (readonly Cell[])[] } | { readonly refused: string }
> {
  const engine = clickhouse()
  const compiled = await compileForClickhouse(query, { asOf, tables, ask: (sql) => engine.query(sql) })
  if (!compiled.ok) return { refused: compiled.diagnostics[0]?.message ?? 'refused' }
  const { columns } = compiled
  const rows = (await engine.query(compiled.sql)).map((row) =>
    columns.map(({ type }, index): Cell => {
      const cell = row[index]
      return type === 'dynamic' ? (cell == null ? null : String(cell)) : (readValue(cell, type) as Cell)
    }),
  )
  return { columns, rows }
}
