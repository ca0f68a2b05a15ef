import { formatDatetime, formatTimespan } from '../../ir/time.js'
import type { ScalarType } from '../../ir/types.js'

/**
 * A cell of a `JSONCompactEachRow` result as plain data: datetimes as ISO text, timespans as Kusto writes them, dynamics as JSON values,
 * whole numbers as numbers where they are exact and as text beyond 2^53. Whole numbers come quoted, and so do `nan` and `inf`.
 */
export function readValue(cell: unknown, type: ScalarType): unknown {
  if (cell === null || cell === undefined) return type === 'string' ? '' : null
  switch (type) {
    case 'datetime':
      return formatDatetime(BigInt(cell as string))
    case 'timespan':
      return formatTimespan(BigInt(cell as string))
    case 'int':
    case 'long':
      return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell)
    case 'real':
    case 'decimal':
      return SPECIAL[String(cell)] ?? Number(cell)
    case 'dynamic':
      return JSON.parse(String(cell))
    case 'bool':
      return cell === true || String(cell) === '1'
    case 'guid':
    case 'string':
      return cell
  }
}

const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '-nan': Number.NaN,
  inf: Infinity,
  '-inf': -Infinity,
}
