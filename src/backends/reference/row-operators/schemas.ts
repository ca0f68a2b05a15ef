import type { Value } from '../../../ir/value.js'
import { type RowOperator, reader } from './row-operator.js'

const NUMBERS = ['int', 'long', 'real']

interface Merged {
  ordinal: bigint
  type: string
  dataType: string
  error: string | undefined
}

/**
 * Schemas as `getschema` gives them, made one: each column once, where the last schema has it; numbers take the wider type. What cannot be one
 * stands last, with its reason. https://learn.microsoft.com/kusto/query/schema-merge-plugin
 */
export const schemaMerge: RowOperator = (inputs, output, options) => {
  const { columns, rows } = inputs[0]!
  const read = reader(columns)
  const found = new Map<string, Merged>()
  for (const row of rows) {
    const [name, type, dataType] = ['ColumnName', 'ColumnType', 'DataType'].map((each) => String(read(row, each) ?? ''))
    const ordinal = (read(row, 'ColumnOrdinal') ?? 0n) as bigint
    const known = found.get(name!)
    if (!known) {
      found.set(name!, { ordinal, type: type!, dataType: dataType!, error: undefined })
      continue
    }
    if (known.type !== type) {
      const [before, now] = [NUMBERS.indexOf(known.type), NUMBERS.indexOf(type!)]
      if (before < 0 || now < 0) known.error ??= 'types are different'
      else if (now > before) Object.assign(known, { type, dataType })
    }
    if (options.preserveOrder !== false && known.ordinal !== ordinal) known.error ??= 'columns are out of order'
    if (ordinal > known.ordinal) known.ordinal = ordinal
  }
  const rank = ({ error, ordinal }: Merged): number => (error === undefined ? Number(ordinal) : Number.MAX_SAFE_INTEGER)
  return [...found]
    .sort(([, left], [, right]) => rank(left) - rank(right))
    .map(([name, { type, dataType, error }], index) => {
      const wrong = error === undefined ? undefined : `ERROR(${error})`
      const cells: Readonly<Record<string, Value>> = {
        ColumnName: name,
        ColumnOrdinal: wrong ? -1n : BigInt(index),
        DataType: wrong ? `ERROR(unknown CSL type:${wrong})` : dataType,
        ColumnType: wrong ?? type,
      }
      return output.map((each) => cells[each.name] ?? null)
    })
}
