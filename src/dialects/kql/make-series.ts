import type { AggregateCall, Assignment, Relation } from '../../ir/relation.js'
import { call, literal, reference, type Scalar } from '../../ir/scalar.js'
import { column, isNumeric, type ScalarType } from '../../ir/types.js'
import { convert } from './convert.js'
import { compare, type Environment, lowerArithmetic, lowerConstant, lowerScalar } from './lower-scalar.js'
import { assignNames, lowerNamed, suggestName } from './named.js'
import { filter, keepColumns, project } from './relations.js'
import { freshName, refuseForm, uniqueName } from './scope.js'
import { aggregateName } from './summarize.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

/**
 * `make-series`: aggregates in steps along an axis, then for each group one array over all steps. Lowered to two aggregations: by group and
 * step, then by group, where the steps without rows get the default.
 */
export function lowerMakeSeries(node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  const axisNode = child(child(node, 'OnClause'), 'Expression')
  const axisName =
    axisNode.kind === 'SimpleNamedExpression' ? child(axisNode, 'Name').text : (suggestName(axisNode) ?? 'Column1')
  const axis = lowerScalar(axisNode.kind === 'SimpleNamedExpression' ? child(axisNode, 'Expression') : axisNode, env)
  const range = readRange(node, input, axis, env)
  const clause = field(node, 'ByClause')
  const keys = clause ? items(clause, 'Expressions').flatMap((item) => lowerNamed(item, env)) : []
  const by = assignNames(keys, new Set(), (index) => `Column${index + 1}`)

  const calls: AggregateCall[] = []
  const taken = new Set([...by.map(({ name }) => name), axisName])
  const series = items(node, 'Aggregates').map((item) => {
    const named = child(item, 'Expression')
    const expression = named.kind === 'SimpleNamedExpression' ? child(named, 'Expression') : named
    const value = lowerScalar(expression, { ...env, aggregates: calls })
    const name =
      named.kind === 'SimpleNamedExpression'
        ? child(named, 'Name').text
        : uniqueName(aggregateName(expression) ?? 'Column1', taken)
    taken.add(name)
    const fallback = field(item, 'DefaultExpression')
    const absent = fallback
      ? lowerConstant(child(fallback, 'Expression'), env)
      : literal(isNumeric(value.type) ? value.type : 'long', isNumeric(value.type) && value.type === 'real' ? 0 : 0n)
    return { name, value, absent }
  })

  const slot = freshName(env.context, 'slot')
  const position = call('series_slot', 'long', [axis, range.from, range.to, range.step], span)
  const inside = filter(input, call('is_not_null', 'bool', [position], span), span)
  const stepBy: Assignment[] = [...by, { name: slot, value: position }]
  const stepColumns = [
    ...stepBy.map(({ name, value }) => column(name, value.type)),
    ...calls.map(({ name, type }) => column(name, type)),
  ]
  const steps: Relation = {
    kind: 'aggregate',
    input: inside,
    by: stepBy,
    aggregates: calls,
    columns: stepColumns,
    span,
  }

  const rowCount = freshName(env.context, 'rows')
  const collected: AggregateCall[] = series.map(({ value }) => ({
    name: freshName(env.context, 'series'),
    function: 'series',
    arguments: [reference(slot, 'long'), value],
    condition: undefined,
    type: 'dynamic',
  }))
  const groupBy = by.map(({ name, value }) => ({ name, value: reference(name, value.type) }))
  const groupColumns = [
    ...groupBy.map(({ name, value }) => column(name, value.type)),
    ...collected.map(({ name }) => column(name, 'dynamic')),
  ]
  const counted: AggregateCall = {
    name: rowCount,
    function: 'count',
    arguments: [],
    condition: undefined,
    type: 'long',
  }
  const all: Relation = {
    kind: 'aggregate',
    input: steps,
    by: groupBy,
    aggregates: [...collected, counted],
    columns: [...groupColumns, column(rowCount, 'long')],
    span,
  }
  // No rows give no series, unless the query says `kind=nonempty`.
  const nonempty = tokenText(parameters(node).get('kind')) === 'nonempty'
  const isFilled = compare(
    { operator: 'greater', case: 'sensitive' },
    reference(rowCount, 'long'),
    literal('long', 0n),
    span,
  )
  const groups = nonempty ? all : filter(all, isFilled, span)

  const axisArray = call('series_axis', 'dynamic', [range.from, range.to, range.step], span)
  const outputs = series.map(({ name, absent }, index): Assignment => {
    const filled = call(
      'series_filled',
      'dynamic',
      [reference(collected[index]!.name, 'dynamic'), range.from, range.to, range.step, convert(absent, 'dynamic')],
      span,
    )
    return { name, value: filled }
  })
  const result = project(groups, [...groupBy, ...outputs, { name: axisName, value: axisArray }], span)
  return by.length ? result : keepColumns(result, result.columns, span)
}

interface Range {
  readonly from: Scalar
  readonly to: Scalar
  readonly step: Scalar
}

function readRange(node: KqlNode, input: Relation, axis: Scalar, env: Environment): Range {
  const clause = child(node, 'RangeClause')
  if (clause.kind === 'MakeSeriesInRangeClause') {
    const [from, to, step] = items(child(clause, 'Arguments'), 'Expressions').map((item) => lowerConstant(item, env))
    if (!from || !to || !step) return refuseForm('`in range` without three arguments', clause.span)
    // `in range` takes the end in; `to` leaves it out.
    return typed({ from, to: lowerArithmetic('add', to, smallest(axis.type), clause.span), step }, axis.type)
  }
  const part = (name: string): Scalar | undefined => {
    const found = field(clause, `MakeSeries${name}Clause`)
    return found && lowerConstant(child(found, 'Expression'), env)
  }
  const step = part('Step')
  if (!step) return refuseForm('`make-series` without a step', clause.span)
  const from = part('From') ?? call('bin', axis.type, [bound('min', input, axis, env), step], clause.span)
  const to = part('To') ?? lowerArithmetic('add', bound('max', input, axis, env), smallest(axis.type), clause.span)
  return typed({ from, to, step }, axis.type)
}

const smallest = (type: ScalarType): Scalar =>
  type === 'datetime' || type === 'timespan'
    ? literal('timespan', 1n)
    : type === 'real'
      ? literal('real', 1e-9)
      : literal('long', 1n)

function typed(range: Range, type: ScalarType): Range {
  return {
    from: convert(range.from, type),
    to: convert(range.to, type),
    step: isNumeric(type) ? convert(range.step, type) : range.step,
  }
}

/** The least or greatest place on the axis, where the query does not say. */
function bound(which: 'min' | 'max', input: Relation, axis: Scalar, env: Environment): Scalar {
  const name = freshName(env.context, which)
  const aggregates: AggregateCall[] = [
    { name, function: which, arguments: [axis], condition: undefined, type: axis.type },
  ]
  const relation: Relation = {
    kind: 'aggregate',
    input,
    by: [],
    aggregates,
    columns: [column(name, axis.type)],
    span: axis.span,
  }
  return { kind: 'scalar-of', type: axis.type, relation, span: axis.span }
}
