import type { Column } from '../../ir/types.js'
import { TooManyRows } from '../not-emitted.js'
import { type Row, type Rows, runReference } from '../reference/index.js'
import type { ClickhouseConnection } from './connect.js'
import { readValue } from './read-value.js'
import { MOST_ROWS, type SplitQuery } from './split.js'

/** Runs a query on ClickHouse, and here what of it ClickHouse has no words for. Throws `TooManyRows` where that would be too much. */
export async function runClickhouse(
  connection: Pick<ClickhouseConnection, 'query'>,
  { pieces, local, lacking }: SplitQuery,
): Promise<Rows> {
  const found = new Map<string, readonly Row[]>()
  for (const { name, sql, columns, wide } of pieces) {
    const rows = await connection.query(sql)
    if (local !== undefined && rows.length > MOST_ROWS) throw new TooManyRows(lacking?.what ?? 'the query', MOST_ROWS)
    const values = rows.map((row) => columns.map(({ type }, index) => readValue(row[index], type)))
    found.set(name, widened(values, columns, wide))
  }
  if (local === undefined) return { columns: pieces[0]!.columns, rows: found.get('')! }
  return runReference(local, (name) => found.get(name)!)
}

/** Rows with the columns that did not travel, which nothing reads. */
function widened(rows: readonly Row[], has: readonly Column[], wanted: readonly Column[]): readonly Row[] {
  if (has.length === wanted.length) return rows
  const at = wanted.map(({ name }) => has.findIndex((each) => each.name === name))
  return rows.map((row) =>
    at.map((place, index) => (place >= 0 ? row[place]! : wanted[index]!.type === 'string' ? '' : null)),
  )
}
