import type { RowOption, RowOptions } from '../../../ir/relation.js'
import type { Scalar } from '../../../ir/scalar.js'
import type { Column } from '../../../ir/types.js'
import type { Value } from '../../../ir/value.js'

export type Row = readonly Value[]

/** Rows with the columns they have. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

/** An operator that sees all rows of its inputs at once; it gives rows of the output's columns. */
export type RowOperator = (inputs: readonly Table[], output: readonly Column[], options: RowOptions) => readonly Row[]

export const list = (option: RowOption): readonly RowOptions[] => (option ?? []) as readonly RowOptions[]
export const scalar = (option: RowOption): Scalar => option as Scalar
export const text = (option: RowOption): string => String(option)

/** What a missing value of a column is: a string has no null. */
export const emptyValue = ({ type }: Column): Value => (type === 'string' ? '' : null)

/** How to read a row of a table by name; `undefined` where there is no such column. */
export function reader(columns: readonly Column[]): (row: Row, name: string) => Value | undefined {
  const places = new Map(columns.map(({ name }, index) => [name, index]))
  return (row, name) => {
    const place = places.get(name)
    return place === undefined ? undefined : row[place]
  }
}

/** The values that stand for other relations in the operator's expressions: the one row of the last input, where there are any. */
export function givenValues(inputs: readonly Table[], options: RowOptions): ReadonlyMap<string, Value> {
  const last = inputs[inputs.length - 1]
  if (options.given !== true || !last) return new Map()
  return new Map(last.columns.map((each, index) => [each.name, last.rows[0]?.[index] ?? emptyValue(each)]))
}
