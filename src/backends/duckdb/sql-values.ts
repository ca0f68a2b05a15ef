import type { ScalarType } from '../../ir/types.js'
import { formatReal, printDynamic, type Value } from '../../ir/value.js'
import { quoteText } from './quote.js'

/**
 * How a type is held in DuckDB. Dates and durations are ticks in a BIGINT, so that all their arithmetic is whole-number arithmetic; a
 * dynamic is JSON text.
 */
export const SQL_TYPES: Readonly<Record<ScalarType, string>> = {
  bool: 'BOOLEAN',
  int: 'BIGINT',
  long: 'BIGINT',
  real: 'DOUBLE',
  decimal: 'DOUBLE',
  datetime: 'BIGINT',
  timespan: 'BIGINT',
  guid: 'VARCHAR',
  string: 'VARCHAR',
  dynamic: 'JSON',
}

/** A value as SQL of its type. */
export function sqlLiteral(type: ScalarType, value: Value): string {
  if (type === 'string') return quoteText(typeof value === 'string' ? value : '')
  if (value === null) return `CAST(NULL AS ${SQL_TYPES[type]})`
  switch (type) {
    case 'bool':
      return value === true ? 'TRUE' : 'FALSE'
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return `CAST(${String(value)} AS BIGINT)`
    case 'real':
    case 'decimal':
      return `CAST(${quoteText(formatReal(Number(value)))} AS DOUBLE)`
    case 'guid':
      return quoteText(String(value))
    case 'dynamic':
      return `CAST(${quoteText(printDynamic(value))} AS JSON)`
  }
}
