import type { ScalarType } from '../../ir/types.js'
import { formatReal, printDynamic, type Value } from '../../ir/value.js'
import { quoteText } from './quote.js'

/**
 * How a type is held in ClickHouse. Dates and durations are ticks in an Int64, so that all their arithmetic is whole-number arithmetic; a
 * dynamic is JSON text. A string has no null, so its column has none either.
 */
export const SQL_TYPES: Readonly<Record<ScalarType, string>> = {
  bool: 'Nullable(Bool)',
  int: 'Nullable(Int64)',
  long: 'Nullable(Int64)',
  real: 'Nullable(Float64)',
  decimal: 'Nullable(Float64)',
  datetime: 'Nullable(Int64)',
  timespan: 'Nullable(Int64)',
  guid: 'Nullable(String)',
  string: 'String',
  dynamic: 'Nullable(String)',
}

/** A whole number as SQL. A bare `5` would be a UInt8 and give its smallness to everything that it is combined with. */
export const whole = (value: bigint | number): string =>
  // The least Int64 has no literal of its own: the minus is an operator before a number that is too large.
  BigInt(value) === -(2n ** 63n) ? `toInt64('${value}')` : `toInt64(${value})`

/** A value as SQL of its type. */
export function sqlLiteral(type: ScalarType, value: Value): string {
  if (type === 'string') return quoteText(typeof value === 'string' ? value : '')
  if (value === null) return `CAST(NULL, '${SQL_TYPES[type]}')`
  switch (type) {
    case 'bool':
      return value === true ? 'true' : 'false'
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return whole(BigInt(value as bigint))
    case 'real':
    case 'decimal':
      return `toFloat64(${quoteText(formatReal(Number(value)))})`
    case 'guid':
      return quoteText(String(value))
    case 'dynamic':
      return quoteText(printDynamic(value))
  }
}
