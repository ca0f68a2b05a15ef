import type { AggregateCall, Assignment, Relation } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import { type Column, column } from '../../ir/types.js'
import type { Span } from '../../text/span.js'
import type { Environment } from './lower-scalar.js'
import { pass } from './lower-tabular.js'
import { columnNames } from './scope.js'

/** Runs `use` with a place for window calls and puts what it gathers under the relation that uses them. */
export function withWindows<T>(
  input: Relation,
  env: Environment,
  use: (env: Environment) => T,
): { value: T; input: Relation } {
  const windows: Assignment[] = []
  const value = use({ ...env, windows })
  let under = input
  // Each window column may use those before it, so they are stacked.
  for (const window of windows) under = windowed(under, window)
  return { value, input: under }
}

const windowed = (input: Relation, assignment: Assignment): Relation => ({
  kind: 'window',
  input,
  assignments: [assignment],
  columns: [...input.columns, column(assignment.name, assignment.value.type)],
  span: assignment.value.span,
})

export function filter(input: Relation, condition: Scalar, span: Span): Relation {
  return { kind: 'filter', input, condition, columns: input.columns, span }
}

export function extend(input: Relation, assignments: readonly Assignment[], span: Span): Relation {
  if (assignments.length === 0) return input
  const added = new Map(assignments.map(({ name, value }) => [name, value.type]))
  const columns = input.columns.map(({ name, type }) => column(name, added.get(name) ?? type))
  const known = columnNames(input.columns)
  for (const [name, type] of added) if (!known.has(name)) columns.push(column(name, type))
  return { kind: 'extend', input, assignments, columns, span }
}

export function project(input: Relation, assignments: readonly Assignment[], span: Span): Relation {
  return {
    kind: 'project',
    input,
    assignments,
    columns: assignments.map(({ name, value }) => column(name, value.type)),
    span,
  }
}

export const keepColumns = (input: Relation, columns: readonly Column[], span: Span): Relation =>
  project(input, columns.map(pass), span)

export function counted(input: Relation, name: string, span: Span): Relation {
  const aggregates: AggregateCall[] = [{ name, function: 'count', arguments: [], condition: undefined, type: 'long' }]
  return { kind: 'aggregate', input, by: [], aggregates, columns: [column(name, 'long')], span }
}

/** A table on the other side sees no row of this one. */
export const outside = (env: Environment): Environment => ({
  ...env,
  columns: [],
  input: undefined,
  aggregates: undefined,
  windows: undefined,
})
