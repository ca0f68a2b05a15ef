import { AssertionFailed } from '../../backends/reference/functions/convert.js'
import { BadPattern } from '../../backends/reference/functions/pattern.js'
import { runReference } from '../../backends/reference/run.js'
import { evaluate } from '../../backends/reference/scalar.js'
import type { Query, Relation } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Value } from '../../ir/value.js'
import { columnsRead } from '../../ir/walk.js'

/** A part of a condition and what it came to for one row. */
export interface Clause {
  readonly scalar: Scalar
  /** `undefined` where it needs more than this row, or cannot be calculated. */
  readonly value: Value | undefined
  /** Columns that the part reads, with their values; of a part that has parts of its own, none. */
  readonly reads: readonly { readonly column: string; readonly value: Value }[]
  readonly parts: readonly Clause[]
}

export type RowValues = (column: string) => Value

/** What a condition and its parts come to for a row, three-valued. */
export function judge(scalar: Scalar, row: RowValues, query: Query): Clause {
  const inner =
    scalar.kind === 'and' || scalar.kind === 'or' ? scalar.operands : scalar.kind === 'not' ? [scalar.operand] : []
  const parts = inner.map((part) => judge(part, row, query))
  const names = parts.length > 0 ? [] : [...columnsRead(scalar, new Set())]
  return {
    scalar,
    value: calculate(scalar, row, query),
    reads: names.map((column) => ({ column, value: row(column) })),
    parts,
  }
}

/** The value of an expression for one row; undefined where it needs tables, or cannot be calculated. */
export function calculate(scalar: Scalar, row: RowValues, query: Query): Value | undefined {
  const rows = (relation: Relation): readonly (readonly Value[])[] =>
    runReference({ bindings: query.bindings, body: relation }, () => {
      throw new NeedsTables()
    }).rows
  try {
    return evaluate(scalar, { value: row, rows })
  } catch (error) {
    if (error instanceof NeedsTables || error instanceof BadPattern || error instanceof AssertionFailed)
      return undefined
    if (error instanceof RangeError) return undefined
    throw error
  }
}

class NeedsTables extends Error {}
