import type { AggregateCall, Assignment, JoinKind, Query, Relation, SortKey } from './relation.js'
import {
  type Call,
  type ColumnReference,
  type Comparison,
  call,
  type Literal,
  literal,
  type MatchHow,
  reference,
  type Scalar,
  text,
} from './scalar.js'
import { UNIX_EPOCH } from './time.js'
import type { Column, ScalarType } from './types.js'
import type { Value } from './value.js'

/** Values by the name of the column that they give. */
export type Named = Readonly<Record<string, Scalar>>

/**
 * A query of the model written a step at a time, for questions that no user writes: every engine answers them alike.
 *
 *     const events = Steps.from(eventTable(model, 'process'))
 *     events.filter(isEqual(events.column('activity'), text('launch'))).aggregate({ host: events.column('device_hostname') }, { count: count() })
 */
export class Steps {
  private constructor(readonly relation: Relation) {}

  static from(relation: Relation): Steps {
    return new Steps(relation)
  }

  static rows(columns: readonly Column[], rows: readonly (readonly Value[])[]): Steps {
    return new Steps({ kind: 'rows', rows, columns, span: undefined })
  }

  /** All rows of all inputs, which have the same columns. */
  static union(inputs: readonly Steps[]): Steps {
    const [first] = inputs
    if (first === undefined) throw new Error('a union of nothing')
    if (inputs.length === 1) return first
    const relations = inputs.map(({ relation }) => relation)
    return new Steps({ kind: 'union', inputs: relations, columns: first.relation.columns, span: undefined })
  }

  get columns(): readonly Column[] {
    return this.relation.columns
  }

  has(name: string): boolean {
    return this.columns.some((each) => each.name === name)
  }

  column(name: string): ColumnReference {
    const found = this.columns.find((each) => each.name === name)
    if (!found) throw new Error(`no column ${name} among ${this.columns.map((each) => each.name).join(', ')}`)
    return reference(found.name, found.type)
  }

  filter(condition: Scalar): Steps {
    return new Steps({ kind: 'filter', input: this.relation, condition, columns: this.columns, span: undefined })
  }

  extend(values: Named): Steps {
    const assignments = assigned(values)
    const added = assignments.map(columnOf)
    const columns = [
      ...this.columns.map((each) => added.find(({ name }) => name === each.name) ?? each),
      ...added.filter(({ name }) => !this.has(name)),
    ]
    return new Steps({ kind: 'extend', input: this.relation, assignments, columns, span: undefined })
  }

  /** Exactly these columns: of the same name, or computed. */
  project(values: Named | readonly string[]): Steps {
    const assignments = isNames(values) ? values.map((name) => ({ name, value: this.column(name) })) : assigned(values)
    return new Steps({
      kind: 'project',
      input: this.relation,
      assignments,
      columns: assignments.map(columnOf),
      span: undefined,
    })
  }

  /** A row for each group; without `by` one row always. */
  aggregate(by: Named, values: Readonly<Record<string, Aggregation>> = {}): Steps {
    const groups = assigned(by)
    const aggregates = Object.entries(values).map(([name, each]) => ({ name, ...each }))
    const columns = [...groups.map(columnOf), ...aggregates.map(({ name, type }) => ({ name, type }))]
    return new Steps({ kind: 'aggregate', input: this.relation, by: groups, aggregates, columns, span: undefined })
  }

  /** Every combination of these columns once. */
  distinct(names: readonly string[]): Steps {
    return this.aggregate(Object.fromEntries(names.map((name) => [name, this.column(name)])))
  }

  sort(names: readonly string[], direction: SortKey['direction'] = 'ascending'): Steps {
    const keys = names.map((name): SortKey => ({ value: this.column(name), direction, nulls: 'last' }))
    return new Steps({ kind: 'sort', input: this.relation, keys, columns: this.columns, span: undefined })
  }

  /** The first rows for each value of a column, in the order of other columns. */
  firstOfEach(
    key: string,
    order: readonly string[],
    count: number,
    direction: SortKey['direction'] = 'ascending',
  ): Steps {
    const items = new Steps({ kind: 'items', columns: this.columns, span: undefined }).sort(order, direction).relation
    const body: Relation = {
      kind: 'take',
      input: items,
      count: literal('long', BigInt(count)),
      columns: this.columns,
      span: undefined,
    }
    return new Steps({
      kind: 'partition',
      input: this.relation,
      key: this.column(key),
      body,
      columns: this.columns,
      span: undefined,
    })
  }

  /** All columns of both sides, whose names differ; keys compare totally, so null meets null. */
  join(right: Steps, on: Readonly<Record<string, string>>, how: JoinKind = 'inner'): Steps {
    const sides = [
      ...this.columns.map(({ name }) => ({ name, side: 'left' as const, column: name })),
      ...right.columns.map(({ name }) => ({ name, side: 'right' as const, column: name })),
    ]
    const keys = Object.entries(on).map(([left, other]) => ({ left: this.column(left), right: right.column(other) }))
    return new Steps({
      kind: 'join',
      how,
      left: this.relation,
      right: right.relation,
      on: keys,
      output: sides,
      columns: [...this.columns, ...right.columns],
      span: undefined,
    })
  }

  query(bindings: Query['bindings'] = []): Query {
    return { bindings, body: this.relation }
  }
}

const assigned = (values: Named): Assignment[] => Object.entries(values).map(([name, value]) => ({ name, value }))

const columnOf = ({ name, value }: Assignment): Column => ({ name, type: value.type })

const isNames = (values: Named | readonly string[]): values is readonly string[] => Array.isArray(values)

/** An aggregate without its name. */
export type Aggregation = Omit<AggregateCall, 'name'>

export const count = (condition?: Scalar): Aggregation => ({
  function: 'count',
  arguments: [],
  condition,
  type: 'long',
})

const over =
  (name: string, type?: ScalarType) =>
  (value: Scalar): Aggregation => ({
    function: name,
    arguments: [value],
    condition: undefined,
    type: type ?? value.type,
  })

export const least = over('min')
export const greatest = over('max')
export const sum = over('sum')
export const countDistinct = over('count-distinct', 'long')

const compare =
  (operator: Comparison) =>
  (left: Scalar, right: Scalar): Scalar => ({
    kind: 'compare',
    type: 'bool',
    operator,
    left,
    right,
    case: 'sensitive',
    nulls: 'unknown',
    span: undefined,
  })

export const isEqual = compare('equal')
export const isNotEqual = compare('not-equal')
export const isLess = compare('less')
export const isAtMost = compare('less-or-equal')
export const isGreater = compare('greater')
export const isAtLeast = compare('greater-or-equal')

export const isPresent = (value: Scalar): Call => call('is_not_null', 'bool', [value])

export const isMissing = (value: Scalar): Call => call('is_null', 'bool', [value])

/** Whether a value is one of several, or an element of a dynamic array. */
export const isAmong = (subject: Scalar, values: readonly Scalar[]): Scalar => ({
  kind: 'member',
  type: 'bool',
  subject,
  values,
  case: 'sensitive',
  span: undefined,
})

const lies =
  (how: MatchHow) =>
  (subject: Scalar, ...needles: readonly Scalar[]): Scalar => ({
    kind: 'match',
    type: 'bool',
    how,
    subject,
    needles,
    quantifier: 'any',
    case: 'sensitive',
    span: undefined,
  })

/** Whether a text begins or ends with one of others, or has one of them in it, letter for letter. */
export const startsWith = lies('prefix')
export const endsWith = lies('suffix')
export const hasIn = lies('contains')

/** The value as text; what is missing is the empty text. */
export const asText = (value: Scalar): Scalar =>
  value.type === 'string' ? value : call('to_string', 'string', [value])

/** The first text that is not empty. */
export const firstText = (values: readonly Scalar[]): Scalar =>
  values.length === 0 ? text('') : values.length === 1 ? values[0]! : call('coalesce', 'string', values)

/** One of two values, by a condition. */
export const choose = (when: Scalar, value: Scalar, otherwise: Scalar): Scalar => ({
  kind: 'choose',
  type: value.type,
  branches: [{ when, value }],
  otherwise,
  span: undefined,
})

/** Microseconds since 1970 of a datetime, as a whole number. */
export const unixMicros = (time: Scalar): Scalar =>
  call('divide', 'long', [
    call('subtract', 'long', [call('to_long', 'long', [time]), literal('long', UNIX_EPOCH)]),
    literal('long', 10n),
  ])

/** A datetime by its microseconds since 1970. */
export const atMicros = (micros: number): Literal => literal('datetime', UNIX_EPOCH + BigInt(Math.trunc(micros)) * 10n)

/** A number that tells rows with different values apart; another engine, or another version of it, gives another. */
export const rowKey = (values: readonly Scalar[]): Scalar => call('row_key', 'long', values.map(asText))
