import type { Relation, SortKey } from '../../ir/relation.js'
import { column, isWhole } from '../../ir/types.js'
import type { Span } from '../../text/span.js'
import { type Environment, lowerConstant, lowerScalar } from './lower-scalar.js'
import { suggestName } from './named.js'
import { refuse } from './scope.js'
import { child, field, items, type KqlNode, tokenText } from './syntax.js'

export function lowerSortKey(item: KqlNode, env: Environment): SortKey {
  const target = item.kind === 'OrderedExpression' ? child(item, 'Expression') : item
  const ordering = item.kind === 'OrderedExpression' ? field(item, 'Ordering') : undefined
  const descending = tokenText(ordering?.fields.AscOrDescKeyword) !== 'asc'
  const written = ordering?.fields.NullsClause?.fields.FirstOrLastKeyword?.text
  // Null is the smallest value: first when ascending, last when descending.
  const nulls = written === 'first' || written === 'last' ? written : descending ? 'last' : 'first'
  const given = target.kind === 'SimpleNamedExpression' ? child(target, 'Expression') : target
  return { value: lowerScalar(given, env), direction: descending ? 'descending' : 'ascending', nulls }
}

export function lowerSort(node: KqlNode, input: Relation, env: Environment): Relation {
  const keys = items(node, 'Expressions').map((item) => lowerSortKey(item, env))
  return { kind: 'sort', input, keys, columns: input.columns, span: node.span }
}

export function lowerTop(node: KqlNode, input: Relation, env: Environment): Relation {
  const key = lowerSortKey(child(node, 'ByExpression'), env)
  return take(
    { kind: 'sort', input, keys: [key], columns: input.columns, span: node.span },
    child(node, 'Expression'),
    env,
    node.span,
  )
}

export function take(input: Relation, node: KqlNode, env: Environment, span: Span): Relation {
  const count = lowerConstant(node, env)
  if (!isWhole(count.type))
    return refuse('type-mismatch', node.span, {
      what: 'the number of rows',
      expected: 'a whole number',
      found: count.type,
    })
  return { kind: 'take', input, count, columns: input.columns, span }
}

export function lowerSampleDistinct(node: KqlNode, input: Relation, env: Environment): Relation {
  const item = child(node, 'OfExpression')
  const value = lowerScalar(item, env)
  const by = [{ name: suggestName(item) ?? 'Column1', value }]
  const distinct: Relation = {
    kind: 'aggregate',
    input,
    by,
    aggregates: [],
    columns: [column(by[0]!.name, value.type)],
    span: node.span,
  }
  return take(distinct, child(node, 'Expression'), env, node.span)
}
