import type { Store } from '../backends/duckdb/store.js'
import type { CompiledQuery } from './compile-query.js'

/** Rows of a compiled query as plain data, one array a row in the order of its columns. */
export async function runQuery(store: Store, compiled: CompiledQuery): Promise<readonly (readonly unknown[])[]> {
  store.prepareFor(compiled.sql)
  const rows = await store.rows(compiled.sql, compiled.params)
  return rows.map((row) => compiled.columns.map((column, index) => compiled.read(row[index], column)))
}

/** Gives the store's connection the functions that the SQL needs and SQL lacks. */
export const prepare = (store: Store, sql: string): void => store.prepareFor(sql)
