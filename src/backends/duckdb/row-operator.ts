import type { Relation, RowOptions } from '../../ir/relation.js'
import type { Column } from '../../ir/types.js'
import { parseDynamic, printDynamic } from '../../ir/value.js'

/** The name under which `call-function.ts` registers operators that see all rows at once. */
export const ROWS_FUNCTION = 'latchkey_rows'

/** An operator with its options, as text that stands in the SQL. */
export interface RowOperatorText {
  readonly name: string
  readonly input: readonly Column[]
  readonly output: readonly Column[]
  readonly options: RowOptions
}

export function writeRowOperator(
  relation: Extract<Relation, { kind: 'row-operator' }>,
  input: readonly Column[],
): string {
  const { name, columns, options } = relation
  // Whole numbers and bags have no JSON that JavaScript reads back as it wrote.
  return JSON.stringify({ name, input, output: columns, options }, (key, value: unknown) => {
    if (key === 'span') return undefined
    if (typeof value === 'bigint') return { '#long': String(value) }
    return value instanceof Map ? { '#bag': printDynamic(value) } : value
  })
}

export function readRowOperator(text: string): RowOperatorText {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if ('#long' in value) return BigInt(value['#long'] as string)
    return '#bag' in value ? parseDynamic(value['#bag'] as string) : value
  }) as RowOperatorText
}
