import type { Span } from '../text/span.js'
import type { Scalar } from './scalar.js'
import type { Column, ScalarType } from './types.js'
import type { Value } from './value.js'

/**
 * Expressions that give rows. Each names the columns it gives, in order, so nothing after lowering has to work them out again.
 * Rows have an order only from `sort` (and from sources that are written out in the query) until something that forgets it.
 */
export type Relation =
  | TableSource
  | RowsSource
  | RangeSource
  | BoundSource
  | ItemSource
  | Filter
  | Extend
  | Project
  | Aggregate
  | Sort
  | Take
  | Window
  | Join
  | Union
  | Unnest
  | Apply
  | Partition
  | Sequence
  | RowOperator

interface Node {
  readonly columns: readonly Column[]
  readonly span: Span | undefined
}

/** A table of the schema. */
export interface TableSource extends Node {
  readonly kind: 'table'
  readonly name: string
}

/** Rows written out in the query. */
export interface RowsSource extends Node {
  readonly kind: 'rows'
  readonly rows: readonly (readonly Value[])[]
}

/** `from`, `from + step` ... up to and with `to`. */
export interface RangeSource extends Node {
  readonly kind: 'range'
  readonly from: Scalar
  readonly to: Scalar
  readonly step: Scalar
}

/** A relation bound to a name in `Query.bindings`. */
export interface BoundSource extends Node {
  readonly kind: 'bound'
  readonly name: string
}

/** Inside the body of `apply` or `partition`: the rows that the body runs on. */
export interface ItemSource extends Node {
  readonly kind: 'items'
}

export interface Filter extends Node {
  readonly kind: 'filter'
  readonly input: Relation
  /** A row stays where this is true; false and null drop it. */
  readonly condition: Scalar
}

export interface Assignment {
  readonly name: string
  readonly value: Scalar
}

/** Adds columns, or replaces those of the same name where they stand. Values see the input's columns only. */
export interface Extend extends Node {
  readonly kind: 'extend'
  readonly input: Relation
  readonly assignments: readonly Assignment[]
}

/** Exactly these columns. */
export interface Project extends Node {
  readonly kind: 'project'
  readonly input: Relation
  readonly assignments: readonly Assignment[]
}

/**
 * One call of an aggregate function. Nulls take no part, except in `list-with-nulls`. `arg-max` and `arg-min` give their second
 * argument from the row where the first is greatest or least; those of one relation that share their first argument share the row.
 */
export interface AggregateCall {
  readonly name: string
  readonly function: string
  readonly arguments: readonly Scalar[]
  /** Only rows where this is true take part. */
  readonly condition: Scalar | undefined
  readonly type: ScalarType
}

/** A row for each group; without keys one row always. Nulls form a group of their own. */
export interface Aggregate extends Node {
  readonly kind: 'aggregate'
  readonly input: Relation
  readonly by: readonly Assignment[]
  readonly aggregates: readonly AggregateCall[]
}

export interface SortKey {
  readonly value: Scalar
  readonly direction: 'ascending' | 'descending'
  readonly nulls: 'first' | 'last'
}

/** Stable: rows with equal keys keep their order. */
export interface Sort extends Node {
  readonly kind: 'sort'
  readonly input: Relation
  readonly keys: readonly SortKey[]
}

export interface Take extends Node {
  readonly kind: 'take'
  readonly input: Relation
  readonly count: Scalar
}

/** Adds columns whose values see other rows, in the order of the rows. */
export interface Window extends Node {
  readonly kind: 'window'
  readonly input: Relation
  readonly assignments: readonly Assignment[]
}

export type JoinKind =
  | 'inner'
  /** Inner, with one arbitrary left row for each key. */
  | 'inner-unique'
  | 'left-outer'
  | 'right-outer'
  | 'full-outer'
  | 'left-semi'
  | 'right-semi'
  | 'left-anti'
  | 'right-anti'

/** Keys compare totally: null meets null. */
export interface Join extends Node {
  readonly kind: 'join'
  readonly how: JoinKind
  readonly left: Relation
  readonly right: Relation
  readonly on: readonly { readonly left: Scalar; readonly right: Scalar }[]
  /** Where each column of the result comes from. */
  readonly output: readonly { readonly name: string; readonly side: 'left' | 'right'; readonly column: string }[]
}

/** All rows of all inputs. Each input already has the result's columns, in order. */
export interface Union extends Node {
  readonly kind: 'union'
  readonly inputs: readonly Relation[]
}

export interface UnnestItem {
  readonly name: string
  /** An array, a bag (a one-property bag each, or key and value arrays), or a single value. */
  readonly value: Scalar
  /** Elements are converted to this; what cannot be is null. */
  readonly type: ScalarType
}

/** A row for each element; several items advance together and the shorter ones end in nulls. */
export interface Unnest extends Node {
  readonly kind: 'unnest'
  readonly input: Relation
  readonly items: readonly UnnestItem[]
  readonly bags: 'bag' | 'array'
  /** Name of a column that counts the elements from 0. */
  readonly index: string | undefined
  /** The most elements of one input row. */
  readonly limit: number | undefined
}

/** Unnests each row, runs `body` on that row's elements alone, and puts the row's own columns beside every result. */
export interface Apply extends Node {
  readonly kind: 'apply'
  readonly input: Unnest
  readonly body: Relation
}

/** Runs `body` on the rows of each key alone and gives all results. */
export interface Partition extends Node {
  readonly kind: 'partition'
  readonly input: Relation
  readonly key: Scalar
  readonly body: Relation
}

/**
 * Events in order that share a key: EQL sequences, YARA-L multi-event rules, Sigma temporal correlations. No dialect lowers to
 * it yet, and engines refuse it by name.
 */
export interface Sequence extends Node {
  readonly kind: 'sequence'
  readonly steps: readonly SequenceStep[]
  /** Ends every pending sequence of its key. */
  readonly until: Relation | undefined
  readonly ordered: boolean
  /** The most ticks from the first to the last event. */
  readonly within: bigint | undefined
  readonly window: 'sliding' | 'hopping' | 'tumbling'
}

export interface SequenceStep {
  readonly input: Relation
  readonly by: readonly Scalar[]
  readonly time: Scalar
  readonly times: number
  /** The step holds where no such event occurs. */
  readonly missing: boolean
}

/** Something that sees all rows at once and is no part of relational algebra, by name: `scan`, `bag_unpack`, `reduce`. */
export interface RowOperator extends Node {
  readonly kind: 'row-operator'
  readonly name: string
  readonly inputs: readonly Relation[]
  readonly options: RowOptions
}

export type RowOptions = { readonly [name: string]: RowOption }
export type RowOption = Value | Scalar | Column | RowOptions | readonly RowOption[] | undefined

/** A whole query: relations that are named once and used often, and the rows asked for. */
export interface Query {
  readonly bindings: readonly Binding[]
  readonly body: Relation
}

export interface Binding {
  readonly name: string
  readonly relation: Relation
  /** Run once and kept, because the query says so or because a second run could differ. */
  readonly once: boolean
}
