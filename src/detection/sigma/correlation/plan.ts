/**
 * A correlation as the evaluator needs it: plain data, its references followed, its times and numbers read. A node has one row of values a
 * hit: first the values of `groupBy`, then those of `valueFields`, then what a correlation above asks for and this one does not group by.
 */
export interface CorrelationPlan {
  readonly groupBy: readonly string[]
  readonly valueFields: readonly string[]
  readonly carried: readonly string[]
  /** Microseconds. */
  readonly timespan: number
  readonly measure: Measure
  readonly condition: CorrelationCondition
  /** In the order of the rule's list. */
  readonly inputs: readonly CorrelationInput[]
}

export type CorrelationInput =
  /** Hits of a detection rule: the number of a stream. Its hits have the node's row of values. */
  | { readonly kind: 'stream'; readonly stream: number; readonly name: string }
  | {
      readonly kind: 'correlation'
      readonly plan: CorrelationPlan
      readonly name: string
      /** For each value of this node's row, its place in the row of the correlation below. */
      readonly pick: readonly number[]
    }

/** What is measured in a group's window. */
export type Measure =
  /** Different events. */
  | { readonly kind: 'events' }
  /** Different values. */
  | { readonly kind: 'values' }
  | { readonly kind: 'sum' | 'average' }
  /** From 0 to 100. Between two values it is interpolated. */
  | { readonly kind: 'percentile'; readonly rank: number }
  /** How many of the inputs are there. */
  | { readonly kind: 'rules' }
  /** How many of the inputs follow one another in the order of the list. */
  | { readonly kind: 'rules-in-order' }

export type CorrelationCondition =
  /** All of them. */
  | { readonly kind: 'bounds'; readonly bounds: readonly Bound[] }
  | { readonly kind: 'expression'; readonly expression: InputExpression }

export interface Bound {
  readonly operator: BoundOperator
  readonly value: number
}

export type BoundOperator = 'lt' | 'lte' | 'gt' | 'gte' | 'eq' | 'neq'

export type InputExpression =
  /** Whether the input of this number has a hit in the window. */
  | { readonly kind: 'input'; readonly input: number }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly InputExpression[] }
  | { readonly kind: 'not'; readonly operand: InputExpression }

/** An event that a detection rule matched. */
export interface Hit {
  readonly uid: bigint
  /** Microseconds since 1970, UTC; null where the event has none. */
  readonly time: number | null
  /** The values of the stream's fields; null where the event has none. */
  readonly values: readonly (string | null)[]
}

export function meets(value: number, { operator, value: bound }: Bound): boolean {
  switch (operator) {
    case 'lt':
      return value < bound
    case 'lte':
      return value <= bound
    case 'gt':
      return value > bound
    case 'gte':
      return value >= bound
    case 'eq':
      return value === bound
    case 'neq':
      return value !== bound
  }
}

export function holdsFor(expression: InputExpression, isThere: (input: number) => boolean): boolean {
  switch (expression.kind) {
    case 'input':
      return isThere(expression.input)
    case 'and':
      return expression.operands.every((each) => holdsFor(each, isThere))
    case 'or':
      return expression.operands.some((each) => holdsFor(each, isThere))
    case 'not':
      return !holdsFor(expression.operand, isThere)
  }
}
