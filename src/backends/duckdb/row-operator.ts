import type { Assignment, Relation, RowOptions, SortKey } from '../../ir/relation.js'
import { literal, reference, type WindowCall } from '../../ir/scalar.js'
import type { Column } from '../../ir/types.js'
import { parseDynamic, printDynamic, type Value } from '../../ir/value.js'

/** The name under which `call-function.ts` registers operators that see all rows at once. */
export const ROWS_FUNCTION = 'latchkey_rows'

/** An operator with its options, as text that stands in the SQL. */
export interface RowOperatorText {
  readonly name: string
  /** The columns of each input, one after the other in the rows that come. */
  readonly inputs: readonly (readonly Column[])[]
  readonly output: readonly Column[]
  readonly options: RowOptions
}

/** The columns that say which of several inputs a row comes from, and which of its rows it is. */
const INPUT = '$input'
const POSITION = '$position'

/** All inputs of an operator as one relation: the only one, or all rows of all of them, each beside the columns of the others. */
export function oneInput(inputs: readonly Relation[]): Relation {
  const [first] = inputs
  if (inputs.length === 1 && first) return first
  const wide = inputs.map(({ columns }, index) =>
    columns.map(({ name, type }): Column => ({ name: `${index}:${name}`, type })),
  )
  const columns: readonly Column[] = [{ name: INPUT, type: 'long' }, { name: POSITION, type: 'long' }, ...wide.flat()]
  const tagged = inputs.map((input, index): Relation => {
    const own = input.columns.map(
      ({ name, type }): Assignment => ({ name: `${index}:${name}`, value: reference(name, type) }),
    )
    const others = (list: readonly Column[]): Assignment[] =>
      list.map(({ name, type }) => ({ name, value: literal(type, type === 'string' ? '' : null) }))
    const assignments: Assignment[] = [
      { name: INPUT, value: literal('long', BigInt(index)) },
      { name: POSITION, value: reference(POSITION, 'long') },
      ...wide.flatMap((list, each) => (each === index ? own : others(list))),
    ]
    return { kind: 'project', input: numbered(input), assignments, columns, span: input.span }
  })
  const all: Relation = { kind: 'union', inputs: tagged, columns, span: first?.span }
  const keys = [INPUT, POSITION].map(
    (name): SortKey => ({ value: reference(name, 'long'), direction: 'ascending', nulls: 'first' }),
  )
  // A union forgets the order that its inputs come in.
  return { kind: 'sort', input: all, keys, columns, span: first?.span }
}

function numbered(input: Relation): Relation {
  const value: WindowCall = {
    kind: 'window-call',
    type: 'long',
    name: 'row_number',
    arguments: [literal('long', 0n)],
    span: input.span,
  }
  const columns = [...input.columns, { name: POSITION, type: 'long' } as const]
  return { kind: 'window', input, assignments: [{ name: POSITION, value }], columns, span: input.span }
}

/** The rows of each input, out of those of `oneInput`. */
export function splitRows(
  inputs: readonly (readonly Column[])[],
  rows: readonly (readonly Value[])[],
): readonly (readonly (readonly Value[])[])[] {
  if (inputs.length === 1) return [rows]
  let start = 2
  return inputs.map((columns, index) => {
    const from = start
    start += columns.length
    const own = rows.filter(([input]) => Number(input) === index)
    return own.map((row) => row.slice(from, from + columns.length))
  })
}

export function writeRowOperator(relation: Extract<Relation, { kind: 'row-operator' }>): string {
  const { name, columns, options } = relation
  // Whole numbers and bags have no JSON that JavaScript reads back as it wrote.
  return JSON.stringify(
    { name, inputs: relation.inputs.map((input) => input.columns), output: columns, options },
    (key, value: unknown) => {
      if (key === 'span') return undefined
      if (typeof value === 'bigint') return { '#long': String(value) }
      return value instanceof Map ? { '#bag': printDynamic(value) } : value
    },
  )
}

export function readRowOperator(text: string): RowOperatorText {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if ('#long' in value) return BigInt(value['#long'] as string)
    return '#bag' in value ? parseDynamic(value['#bag'] as string) : value
  }) as RowOperatorText
}
