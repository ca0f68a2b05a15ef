import { formatDatetime, formatTimespan } from '../../ir/time.js'
import type { ScalarType } from '../../ir/types.js'
import { parseDynamic, printDynamic, type Value } from '../../ir/value.js'

/** A cell of a `JSONCompactEachRow` result as a value; whole numbers come as text there, and so do `nan` and `inf`. */
export function readValue(cell: unknown, type: ScalarType): Value {
  if (cell === null || cell === undefined) return type === 'string' ? '' : null
  switch (type) {
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return BigInt(cell as string)
    case 'real':
    case 'decimal':
      return SPECIAL[String(cell)] ?? Number(cell)
    case 'dynamic':
      return parseDynamic(String(cell)) ?? null
    case 'bool':
      return cell === true || String(cell) === '1'
    case 'guid':
    case 'string':
      return String(cell)
  }
}

const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '-nan': Number.NaN,
  inf: Infinity,
  '-inf': -Infinity,
}

/**
 * A value as plain data: datetimes as ISO text, timespans as Kusto writes them, dynamics as JSON values, whole numbers as numbers where
 * they are exact and as text beyond 2^53.
 */
export function plainValue(value: Value, type: ScalarType): unknown {
  if (value === null) return null
  switch (type) {
    case 'datetime':
      return formatDatetime(value as bigint)
    case 'timespan':
      return formatTimespan(value as bigint)
    case 'int':
    case 'long':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'dynamic':
      return JSON.parse(printDynamic(value))
    case 'real':
    case 'decimal':
    case 'bool':
    case 'guid':
    case 'string':
      return value
  }
}
