import { emitDuckdb } from '../../backends/duckdb/emit.js'
import type { Store } from '../../backends/duckdb/store.js'
import { storeTables } from '../../backends/duckdb/tables.js'
import { NotEmitted } from '../../backends/not-emitted.js'
import type { Relation } from '../../ir/relation.js'
import { reference } from '../../ir/scalar.js'
import type { Column } from '../../ir/types.js'
import type { Value } from '../../ir/value.js'
import { columnsRead } from '../../ir/walk.js'
import type { CompiledQuery } from '../compile-query.js'
import { originsOf } from '../origins.js'
import { prepare } from '../run-query.js'
import { valueAs } from './event-row.js'

/** The row of a table that came nearest to passing. */
export interface NearestRow {
  readonly table: string
  readonly columns: readonly Column[]
  readonly row: readonly Value[]
  readonly passed: number
  readonly conditions: number
  /** Rows that passed as many. */
  readonly alike: number
}

/** Shown beside what the conditions read, where the table has them. */
const SHOWN = ['Timestamp', 'TimeGenerated', 'DeviceName', 'Computer', 'FileName', 'AccountName']

/** For each table that the query reads, the row that passes the most of its conditions; none of a table without rows. */
export async function nearestRows(store: Store, compiled: CompiledQuery): Promise<readonly NearestRow[]> {
  const found: NearestRow[] = []
  for (const origin of originsOf(compiled.query)) {
    const { table, conditions } = origin
    if (conditions.length === 0) continue
    const read = new Set(SHOWN)
    for (const condition of conditions) columnsRead(condition, read)
    const columns = table.columns.filter(({ name }) => read.has(name))
    const assignments = [
      ...columns.map(({ name, type }) => ({ name, value: reference(name, type) })),
      ...conditions.map((value, index) => ({ name: `$c${index}`, value })),
    ]
    const body: Relation = {
      kind: 'project',
      input: table,
      assignments,
      columns: assignments.map(({ name, value }) => ({ name, type: value.type })),
      span: undefined,
    }
    try {
      const emitted = emitDuckdb({ bindings: compiled.query.bindings, body }, (name) => storeTables().physical(name))
      prepare(store, emitted.sql)
      const score = conditions.map((_, index) => `coalesce("$c${index}"::INTEGER, 0)`).join(' + ')
      const [best] = await store.rows(
        `SELECT *, ${score} AS "$score", count(*) OVER (PARTITION BY ${score}) AS "$alike" FROM (${emitted.sql}) ORDER BY "$score" DESC LIMIT 1`,
      )
      if (best === undefined) continue
      found.push({
        table: table.name,
        columns,
        row: columns.map(({ type }, index) => valueAs(compiled.read(best[index], emitted.columns[index]!), type)),
        passed: Number(best[assignments.length]),
        conditions: conditions.length,
        alike: Number(best[assignments.length + 1]),
      })
    } catch (error) {
      if (!(error instanceof NotEmitted)) throw error
    }
  }
  return found
}
