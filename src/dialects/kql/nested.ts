import type { Relation, UnnestItem } from '../../ir/relation.js'
import { call, type Literal } from '../../ir/scalar.js'
import { column } from '../../ir/types.js'
import { convert } from './convert.js'
import { typeArgument } from './lower-call.js'
import { type Environment, lowerConstant, lowerScalar } from './lower-scalar.js'
import { lowerOperator } from './lower-tabular.js'
import { suggestName } from './named.js'
import { columnNames, freshName, refuseForm, uniqueName } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

export function lowerUnnest(node: KqlNode, input: Relation, env: Environment): Relation & { kind: 'unnest' } {
  const options = parameters(node)
  const bags = tokenText(options.get('kind')) ?? tokenText(options.get('bagexpansion')) ?? 'bag'
  const unnested: UnnestItem[] = items(node, 'Expressions').map((item) => {
    const expression = child(item, 'Expression')
    const named = expression.kind === 'SimpleNamedExpression'
    const source = named ? child(expression, 'Expression') : expression
    const value = lowerScalar(source, env)
    const name = named ? child(expression, 'Name').text : (suggestName(source) ?? freshName(env.context, 'item'))
    const clause = field(item, 'ToTypeOf')
    return {
      name,
      value: value.type === 'string' ? call('parse_json', 'dynamic', [value], value.span) : convert(value, 'dynamic'),
      type: clause ? typeArgument(child(clause, 'TypeOf')) : 'dynamic',
    }
  })
  const limit = field(node, 'RowLimitClause')
  const most = limit && lowerConstant(child(limit, 'RowLimit'), env)
  const types = new Map(unnested.map(({ name, type }) => [name, type]))
  const columns = input.columns.map(({ name, type }) => column(name, types.get(name) ?? type))
  const known = columnNames(input.columns)
  for (const [name, type] of types) if (!known.has(name)) columns.push(column(name, type))
  const indexName = tokenText(options.get('with_itemindex'))
  const index = indexName === undefined ? undefined : uniqueName(indexName, columnNames(columns))
  if (index !== undefined) columns.push(column(index, 'long'))
  return {
    kind: 'unnest',
    input,
    items: unnested,
    bags: bags === 'array' ? 'array' : 'bag',
    index,
    limit: most?.kind === 'literal' && most.value !== null ? Number((most as Literal).value) : undefined,
    columns,
    span: node.span,
  }
}

export function lowerMvApply(node: KqlNode, input: Relation, env: Environment): Relation {
  const unnest = lowerUnnest(node, input, env)
  const source: Relation = { kind: 'items', columns: unnest.columns, span: node.span }
  const body = lowerSubquery(child(child(node, 'Subquery'), 'Expression'), source, env)
  const itemNames = new Set(unnest.items.map(({ name }) => name))
  const kept = input.columns.filter(({ name }) => !itemNames.has(name))
  const keptNames = columnNames(kept)
  const added = body.columns.filter(({ name }) => !keptNames.has(name))
  return { kind: 'apply', input: unnest, body, columns: [...kept, ...added], span: node.span }
}

/** A chain of operators without a source, on rows given from outside. */
export function lowerSubquery(node: KqlNode, source: Relation, env: Environment): Relation {
  if (node.kind === 'PipeExpression')
    return lowerOperator(child(node, 'Operator'), lowerSubquery(child(node, 'Expression'), source, env), env)
  if (node.kind === 'ParenthesizedExpression') return lowerSubquery(child(node, 'Expression'), source, env)
  return lowerOperator(node, source, env)
}

export function lowerPartition(node: KqlNode, input: Relation, env: Environment): Relation {
  const operand = child(node, 'Operand')
  if (operand.kind !== 'PartitionSubquery') return refuseForm('`partition` with a whole query', operand.span)
  const source: Relation = { kind: 'items', columns: input.columns, span: node.span }
  const body = lowerSubquery(child(operand, 'Subquery'), source, env)
  return {
    kind: 'partition',
    input,
    key: lowerScalar(child(node, 'ByExpression'), env),
    body,
    columns: body.columns,
    span: node.span,
  }
}
