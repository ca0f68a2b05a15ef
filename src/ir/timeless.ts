import type { Query, Relation } from './relation.js'
import { and, reference, type Scalar } from './scalar.js'

/**
 * A query that gives the times of the rows that the given query could see whatever its clock said: the filters that stand on its table,
 * without those that look at the time. Where it gives nothing, the given query gives nothing, at any clock. Undefined where
 * that cannot be said: the query joins, unites or counts without groups, or nothing but time narrows it.
 */
export function timelessPart(query: Query, timeColumns: ReadonlySet<string>): Query | undefined {
  if (query.bindings.length > 0) return undefined
  const conditions: Scalar[] = []
  let node: Relation = query.body
  for (;;) {
    if (node.kind === 'table') break
    if (node.kind === 'filter')
      conditions.push(...(node.condition.kind === 'and' ? node.condition.operands : [node.condition]))
    // What stands above a row-maker sees other columns than the table's.
    else if (node.kind === 'extend' || node.kind === 'project' || (node.kind === 'aggregate' && node.by.length > 0))
      conditions.length = 0
    else if (node.kind !== 'sort') return undefined
    node = node.input
  }
  const time = node.columns.find(({ name }) => timeColumns.has(name))
  const kept = conditions.filter((condition) => isTimeless(condition, timeColumns))
  if (time === undefined || kept.length === 0) return undefined
  const { span } = node
  const filter: Relation = { kind: 'filter', input: node, condition: and(kept), columns: node.columns, span }
  return {
    bindings: [],
    body: {
      kind: 'project',
      input: filter,
      assignments: [{ name: time.name, value: reference(time.name, time.type) }],
      columns: [time],
      span,
    },
  }
}

/** Whether an expression speaks of the row alone, and not of its time, of other rows or of other tables. */
function isTimeless(scalar: Scalar, timeColumns: ReadonlySet<string>): boolean {
  const every = (parts: readonly Scalar[]): boolean => parts.every((part) => isTimeless(part, timeColumns))
  switch (scalar.kind) {
    case 'literal':
      return true
    case 'column':
      return !timeColumns.has(scalar.name)
    case 'compare':
      return every([scalar.left, scalar.right])
    case 'match':
      return every([scalar.subject, ...scalar.needles])
    case 'regex':
      return every([scalar.subject, scalar.pattern])
    case 'member':
      return every([scalar.subject, ...scalar.values])
    case 'and':
    case 'or':
      return every(scalar.operands)
    case 'not':
      return isTimeless(scalar.operand, timeColumns)
    case 'choose':
      return every([...scalar.branches.flatMap(({ when, value }) => [when, value]), scalar.otherwise])
    case 'call':
      return every(scalar.arguments)
    case 'access':
      return every([scalar.value, scalar.key])
    case 'member-of-relation':
    case 'scalar-of':
    case 'window-call':
      return false
  }
}
