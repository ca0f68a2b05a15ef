import { formatDatetime, formatTimespan, UNIX_EPOCH } from '../../ir/time.js'
import type { ScalarType } from '../../ir/types.js'
import type { EmittedColumn } from './emit.js'

/** A cell of DuckDB's result as plain data; see `CompiledQuery.read`. */
export function readValue(cell: unknown, column: EmittedColumn | ScalarType): unknown {
  const type = typeof column === 'string' ? column : column.type
  if (cell === null || cell === undefined) return type === 'string' ? '' : null
  switch (type) {
    case 'datetime':
      return formatDatetime(ticksOf(cell))
    case 'timespan':
      return formatTimespan(BigInt(cell as bigint))
    case 'int':
    case 'long': {
      const value = BigInt(cell as bigint)
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
    }
    case 'real':
    case 'decimal':
      return Number(cell)
    case 'dynamic':
      return JSON.parse(String(cell))
    case 'bool':
    case 'guid':
    case 'string':
      return cell
  }
}

/** A stored time comes as DuckDB's timestamp, a calculated one as ticks. */
function ticksOf(cell: unknown): bigint {
  if (typeof cell === 'bigint') return cell
  return UNIX_EPOCH + (cell as { readonly micros: bigint }).micros * 10n
}
