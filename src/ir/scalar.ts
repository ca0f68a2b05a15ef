import type { Span } from '../text/span.js'
import type { Relation, SortKey } from './relation.js'
import type { ScalarType } from './types.js'
import type { Value } from './value.js'

/**
 * Expressions that give one value a row. What decides whether a rule fires is written in the node and never assumed: case, what a
 * null does, where a pattern is anchored. A dialect lowers its own habits into these fields; an engine follows them.
 */
export type Scalar =
  | Literal
  | ColumnReference
  | Compare
  | Match
  | Regex
  | Member
  | MemberOfRelation
  | And
  | Or
  | Not
  | Choose
  | Call
  | Access
  | ScalarOf
  | WindowCall

export type Case = 'sensitive' | 'insensitive'

interface Node {
  readonly type: ScalarType
  readonly span: Span | undefined
}

export interface Literal extends Node {
  readonly kind: 'literal'
  readonly value: Value
}

export interface ColumnReference extends Node {
  readonly kind: 'column'
  readonly name: string
}

export type Comparison = 'equal' | 'not-equal' | 'less' | 'less-or-equal' | 'greater' | 'greater-or-equal'

/**
 * What a comparison answers where a side is null.
 * - `unknown`: null, as in SQL.
 * - `one-sided`: a null differs from every value; two nulls compare to null (Kusto's `==` and `!=`).
 * - `total`: a null differs from every value and equals a null.
 */
export type NullBehaviour = 'unknown' | 'one-sided' | 'total'

export interface Compare extends Node {
  readonly kind: 'compare'
  readonly operator: Comparison
  readonly left: Scalar
  readonly right: Scalar
  readonly case: Case
  readonly nulls: NullBehaviour
}

/**
 * How a needle must lie in the text.
 * - `term`: bounded on each side whose own edge is a letter or a digit by something that is neither, or by the text's end.
 * - `term-prefix`, `term-suffix`: only the left, only the right boundary of `term`.
 * - `wildcard`: the whole text, `*` for any run and `?` for any one character.
 */
export type MatchHow = 'term' | 'term-prefix' | 'term-suffix' | 'contains' | 'prefix' | 'suffix' | 'wildcard'

/** Finds literal text in text. Never null: the subject is a string, which has no null. */
export interface Match extends Node {
  readonly kind: 'match'
  readonly how: MatchHow
  readonly subject: Scalar
  /** Strings, or dynamic arrays of strings that are only known when the query runs. */
  readonly needles: readonly Scalar[]
  readonly quantifier: 'any' | 'all'
  readonly case: Case
}

export type RegexDialect = 're2' | 'pcre' | 'java' | 'lucene' | 'dotnet'

/** Finds a regular expression in text. Runs on a linear-time engine whatever the dialect it was written in. */
export interface Regex extends Node {
  readonly kind: 'regex'
  readonly subject: Scalar
  readonly pattern: Scalar
  readonly dialect: RegexDialect
  /** Whether the whole text must match or any stretch of it may. */
  readonly anchored: 'whole' | 'none'
  readonly flags: { readonly ignoreCase: boolean; readonly dotAll: boolean; readonly multiLine: boolean }
}

/** Whether a value equals one of several. Never null: a null is a member of nothing. */
export interface Member extends Node {
  readonly kind: 'member'
  readonly subject: Scalar
  /** Values of the subject's type, or dynamic arrays that are only known when the query runs. */
  readonly values: readonly Scalar[]
  readonly case: Case
}

/** As `member` and `match`, with the values in the first column of a relation. */
export interface MemberOfRelation extends Node {
  readonly kind: 'member-of-relation'
  readonly subject: Scalar
  readonly relation: Relation
  readonly how: 'equal' | 'any-term' | 'all-terms'
  readonly case: Case
}

/** Three-valued. */
export interface And extends Node {
  readonly kind: 'and'
  readonly operands: readonly Scalar[]
}

/** Three-valued. */
export interface Or extends Node {
  readonly kind: 'or'
  readonly operands: readonly Scalar[]
}

/** Three-valued: what is unknown stays unknown. */
export interface Not extends Node {
  readonly kind: 'not'
  readonly operand: Scalar
}

/** The first branch whose condition is true. */
export interface Choose extends Node {
  readonly kind: 'choose'
  readonly branches: readonly { readonly when: Scalar; readonly value: Scalar }[]
  readonly otherwise: Scalar
}

/** A pure function of `functions.ts`, by name. */
export interface Call extends Node {
  readonly kind: 'call'
  readonly name: string
  readonly arguments: readonly Scalar[]
}

/** A property of a bag or an element of an array; null where there is none. A negative index counts from the end. */
export interface Access extends Node {
  readonly kind: 'access'
  readonly value: Scalar
  readonly key: Scalar
}

/** The first column of the first row of a relation, which is run once. */
export interface ScalarOf extends Node {
  readonly kind: 'scalar-of'
  readonly relation: Relation
}

/** A function of a row and of those before and after it, in the order of the rows. Stands only in a `window` relation. */
export interface WindowCall extends Node {
  readonly kind: 'window-call'
  readonly name: string
  readonly arguments: readonly Scalar[]
  readonly order?: readonly SortKey[]
}

export const TRUE: Literal = { kind: 'literal', type: 'bool', value: true, span: undefined }
export const FALSE: Literal = { kind: 'literal', type: 'bool', value: false, span: undefined }

export const literal = (type: ScalarType, value: Value, span?: Span): Literal => ({
  kind: 'literal',
  type,
  value,
  span,
})

export const text = (value: string, span?: Span): Literal => literal('string', value, span)

export const reference = (name: string, type: ScalarType, span?: Span): ColumnReference => ({
  kind: 'column',
  name,
  type,
  span,
})

export const call = (name: string, type: ScalarType, args: readonly Scalar[], span?: Span): Call => ({
  kind: 'call',
  name,
  type,
  arguments: args,
  span,
})

export const not = (operand: Scalar, span?: Span): Not => ({ kind: 'not', type: 'bool', operand, span })

export function and(operands: readonly Scalar[], span?: Span): Scalar {
  return operands.length === 1 ? operands[0]! : { kind: 'and', type: 'bool', operands, span }
}

export function or(operands: readonly Scalar[], span?: Span): Scalar {
  return operands.length === 1 ? operands[0]! : { kind: 'or', type: 'bool', operands, span }
}
