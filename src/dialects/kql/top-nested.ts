import type { AggregateCall, Assignment, Relation } from '../../ir/relation.js'
import { call, literal, reference, type Scalar } from '../../ir/scalar.js'
import { column } from '../../ir/types.js'
import { asString, type Environment, lowerConstant, lowerScalar } from './lower-scalar.js'
import { suggestName } from './named.js'
import { lowerSortKey } from './order.js'
import { project } from './relations.js'
import { refuseForm } from './scope.js'
import { aggregate } from './summarize.js'
import { child, field, items, type KqlNode } from './syntax.js'

/**
 * `top-nested`: the first levels' best values, then within each of them the next level's best. Each level is an aggregation by all keys
 * so far, joined to the values that the level before chose, with the best taken for each of those.
 */
export function lowerTopNested(node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  const keys: Assignment[] = []
  const outputs: Assignment[] = []
  let chosen: Relation | undefined
  for (const clause of items(node, 'Clauses')) {
    if (field(clause, 'WithOthersClause')) return refuseForm('`top-nested` with others', clause.span)
    const ofNode = child(clause, 'OfExpression')
    const named = ofNode.kind === 'SimpleNamedExpression'
    const value = lowerScalar(named ? child(ofNode, 'Expression') : ofNode, env)
    const key = {
      name: named ? child(ofNode, 'Name').text : (suggestName(ofNode) ?? `Column${keys.length + 1}`),
      value,
    }
    const before = keys.map((each) => each.name)
    keys.push(key)
    const byNode = child(clause, 'ByExpression')
    const ordered = byNode.kind === 'OrderedExpression'
    const byInner = ordered ? child(byNode, 'Expression') : byNode
    const byNamed = byInner.kind === 'SimpleNamedExpression'
    const calls: AggregateCall[] = []
    const measure = lowerScalar(byNamed ? child(byInner, 'Expression') : byInner, { ...env, aggregates: calls })
    const measureName = byNamed ? child(byInner, 'Name').text : `aggregated_${key.name}`

    const grouped = aggregate(input, [...keys], calls, [{ name: measureName, value: measure }], span)
    const within: Relation = chosen ? joined(chosen, grouped, before, outputs, span) : grouped
    const direction = ordered ? lowerSortKey(byNode, { ...env, aggregates: [] }).direction : 'descending'
    const countNode = field(clause, 'Expression')
    const count = countNode ? lowerConstant(countNode, env) : literal('long', 9_223_372_036_854_775_807n)
    const best = (rows: Relation): Relation => {
      const sorted: Relation = {
        kind: 'sort',
        input: rows,
        keys: [{ value: reference(measureName, measure.type), direction, nulls: 'last' }],
        columns: rows.columns,
        span,
      }
      return { kind: 'take', input: sorted, count, columns: rows.columns, span }
    }
    if (before.length === 0) chosen = best(within)
    else {
      const together = call(
        'pack_array',
        'dynamic',
        before.map((name) => reference(name, within.columns.find((each) => each.name === name)!.type)),
        span,
      )
      const itemsSource: Relation = { kind: 'items', columns: within.columns, span }
      chosen = {
        kind: 'partition',
        input: within,
        key: asString(together),
        body: best(itemsSource),
        columns: within.columns,
        span,
      }
    }
    outputs.push(
      { name: key.name, value: reference(key.name, value.type) },
      { name: measureName, value: reference(measureName, measure.type) },
    )
  }
  return chosen ? project(chosen, outputs, span) : refuseForm('`top-nested` without a level', span)
}

/** A level's groups beside what the levels before chose. */
function joined(
  chosen: Relation,
  grouped: Relation,
  keys: readonly string[],
  outputs: readonly Assignment[],
  span: KqlNode['span'],
): Relation {
  const typeOf = (relation: Relation, name: string) => relation.columns.find((each) => each.name === name)!.type
  const on = keys.map((name) => ({
    left: reference(name, typeOf(chosen, name)),
    right: reference(name, typeOf(grouped, name)),
  }))
  const left = outputs.map(({ name }) => ({ name, side: 'left' as const, column: name }))
  const right = grouped.columns
    .filter(({ name }) => !outputs.some((each) => each.name === name))
    .map(({ name }) => ({ name, side: 'right' as const, column: name }))
  const columns = [
    ...left.map(({ name }) => column(name, typeOf(chosen, name))),
    ...right.map(({ name }) => column(name, typeOf(grouped, name))),
  ]
  return { kind: 'join', how: 'inner', left: chosen, right: grouped, on, output: [...left, ...right], columns, span }
}

/** `top-hitters`: the most frequent values, or those with the greatest sum; exact here. */
export function lowerTopHitters(node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  const ofNode = child(node, 'OfExpression')
  const value = lowerScalar(ofNode, env)
  const name = suggestName(ofNode) ?? 'Column1'
  const clause = field(node, 'ByClause')
  const weight: Scalar | undefined = clause && lowerScalar(child(clause, 'Expression'), env)
  const measure = weight
    ? `approximate_sum_${suggestName(child(clause!, 'Expression')) ?? ''}`
    : `approximate_count_${name}`
  const calls: AggregateCall[] = [
    weight
      ? { name: measure, function: 'sum', arguments: [weight], condition: undefined, type: weight.type }
      : { name: measure, function: 'count', arguments: [], condition: undefined, type: 'long' },
  ]
  const type = calls[0]!.type
  const columns = [column(name, value.type), column(measure, type)]
  const grouped: Relation = { kind: 'aggregate', input, by: [{ name, value }], aggregates: calls, columns, span }
  const sorted: Relation = {
    kind: 'sort',
    input: grouped,
    keys: [{ value: reference(measure, type), direction: 'descending', nulls: 'last' }],
    columns,
    span,
  }
  return { kind: 'take', input: sorted, count: lowerConstant(child(node, 'Expression'), env), columns, span }
}
