import { type Row, runReference } from '../../backends/reference/index.js'
import type { Column } from '../../ir/types.js'
import type { Value } from '../../ir/value.js'
import type { CompiledQuery } from '../compile-query.js'
import { type Origin, originsOf } from '../origins.js'
import { type Clause, judge, type RowValues } from './clause.js'

/** What a query makes of one event. */
export interface EventVerdict {
  readonly table: string
  /** The conditions that the event has to pass, with what each came to; one list for each way that the query reads the table. */
  readonly ways: readonly (readonly Clause[])[]
  /** Conditions that speak of more than one event, and are not judged. */
  readonly leftOut: number
  /** What the query gives where the event is all there is; undefined where that could not be run. */
  readonly result: { readonly columns: readonly Column[]; readonly rows: readonly Row[] } | undefined
}

/** Tables that a query reads, once each. */
export const tablesRead = (compiled: CompiledQuery): readonly string[] => [
  ...new Set(originsOf(compiled.query).map(({ table }) => table.name)),
]

/** Judges one row of a table by a query. */
export function explainEvent(
  compiled: CompiledQuery,
  table: string,
  columns: readonly Column[],
  row: Row,
): EventVerdict {
  const origins = originsOf(compiled.query).filter((origin) => origin.table.name === table)
  const values = rowValues(columns, row)
  return {
    table,
    ways: origins.map((origin) => judged(origin, compiled, values)),
    leftOut: origins.reduce((sum, { leftOut }) => sum + leftOut, 0),
    result: resultOf(compiled, table, columns, row),
  }
}

export const judged = (origin: Origin, compiled: CompiledQuery, values: RowValues): readonly Clause[] =>
  origin.conditions.map((condition) => judge(condition, values, compiled.query))

/** A row's values by column name; a column that the row does not have is missing. */
export function rowValues(columns: readonly Column[], row: Row): RowValues {
  const places = new Map(columns.map(({ name }, index) => [name, index]))
  return (name): Value => {
    const place = places.get(name)
    return place === undefined ? '' : row[place]!
  }
}

function resultOf(
  compiled: CompiledQuery,
  table: string,
  columns: readonly Column[],
  row: Row,
): EventVerdict['result'] {
  try {
    const { query } = compiled
    const values = rowValues(columns, row)
    const read = new Map(originsOf(query).map(({ table: source }) => [source.name, source.columns]))
    return runReference(query, (name) =>
      name === table ? [(read.get(name) ?? columns).map((each) => values(each.name))] : [],
    )
  } catch {
    // The reference has no words for every operator; the clauses have been judged all the same.
    return undefined
  }
}
