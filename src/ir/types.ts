/**
 * The types a value can have while a query runs. Every column and every expression has exactly one of them.
 *
 * - `string` has no null: what is missing is the empty text. Every other type has a null.
 * - `datetime` and `timespan` count ticks of 100 nanoseconds, a datetime from 0001-01-01 UTC.
 * - `decimal` is calculated as `real`.
 * - `dynamic` is a JSON value; its own null is the null of the type.
 */
export type ScalarType =
  | 'bool'
  | 'int'
  | 'long'
  | 'real'
  | 'decimal'
  | 'datetime'
  | 'timespan'
  | 'guid'
  | 'string'
  | 'dynamic'

export interface Column {
  readonly name: string
  readonly type: ScalarType
}

export const column = (name: string, type: ScalarType): Column => ({ name, type })

/** Whether a type is one of the whole numbers. */
export const isWhole = (type: ScalarType): boolean => type === 'int' || type === 'long'

/** Whether arithmetic applies to a type as a plain number. */
export const isNumeric = (type: ScalarType): boolean => isWhole(type) || type === 'real' || type === 'decimal'
