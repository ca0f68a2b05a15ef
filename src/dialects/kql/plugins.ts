import type { AggregateCall, Assignment, Query, Relation } from '../../ir/relation.js'
import { and, call, literal, not, reference, type Scalar, text } from '../../ir/scalar.js'
import { type Column, column, type ScalarType } from '../../ir/types.js'
import { ACTIVITY_PLUGINS } from './activity.js'
import { AGGREGATE_ALIASES, AGGREGATES } from './aggregates.js'
import { convert } from './convert.js'
import { Given } from './given.js'
import { LOOKUP_PLUGINS, splitArguments } from './lookup-plugins.js'
import { aggregateCall } from './lower-call.js'
import { asString, type Environment, findColumn, lowerCondition, lowerConstant, lowerScalar } from './lower-scalar.js'
import { pass, readSchema } from './lower-tabular.js'
import { filter, project } from './relations.js'
import { type Context, columnNames, NeedsData, refuse, refuseForm, uniqueName } from './scope.js'
import { child, field, items, type KqlNode } from './syntax.js'
import { unionAll } from './union.js'

type Plugin = (args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment) => Relation

/** `evaluate plugin(...)`. https://learn.microsoft.com/kusto/query/evaluate-operator */
export function lowerEvaluate(node: KqlNode, input: Relation, env: Environment): Relation {
  const called = child(node, 'FunctionCall')
  const name = child(called, 'Name')
  const plugin = PLUGINS[name.text]
  if (!plugin)
    return refuse('unsupported-function', name.span, { language: 'KQL', name: name.text, closest: undefined })
  return plugin(items(child(called, 'ArgumentList'), 'Expressions'), node, input, env)
}

const PLUGINS: Readonly<Record<string, Plugin>> = {
  ...ACTIVITY_PLUGINS,
  ...LOOKUP_PLUGINS,
  dcount_intersect: lowerDcountIntersect,
  rows_near: lowerRowsNear,
  schema_merge: lowerSchemaMerge,
  bag_unpack: lowerBagUnpack,
  pivot: lowerPivot,
  narrow: (_args, node, input) => lowerNarrow(node, input),
}

const constantText = (node: KqlNode | undefined, env: Environment): string | undefined => {
  const value = node && lowerConstant(node, env)
  return value?.kind === 'literal' && typeof value.value === 'string' ? value.value : undefined
}

/** The output schema that `: (name: type, *)` declares. */
function declaredSchema(node: KqlNode): readonly Column[] | undefined {
  const clause = field(node, 'Schema')
  return clause && readSchema({ ...child(clause, 'Schema'), fields: { ...child(clause, 'Schema').fields } })
}

/**
 * Names that only the data has. They are asked for once per place in the text: the first lowering stops there with the question, and the
 * caller lowers again with the answer.
 */
function discover(context: Context, node: KqlNode, query: Relation): readonly (readonly string[])[] {
  const key = `${node.span.start}#${context.counter}`
  const known = context.discovered.get(key)
  if (known) return known
  const question: Query = { bindings: context.bindings, body: query }
  throw new NeedsData(key, question)
}

function lowerBagUnpack(args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment): Relation {
  const { positional, named } = splitArguments(args)
  const source = positional[0] && findColumn(env.columns, positional[0].text)
  if (!source) return refuseForm('`bag_unpack` of something that is no column', node.span)
  const prefix = constantText(positional[1] ?? named.get('OutputColumnPrefix'), env) ?? ''
  const conflict = constantText(positional[2] ?? named.get('columnsConflict'), env) ?? 'error'
  const ignored = positional[3] ?? named.get('ignoredProperties')
  const ignoredValue = ignored && lowerConstant(ignored, env)
  const skip = new Set(
    ignoredValue?.kind === 'literal' && Array.isArray(ignoredValue.value) ? ignoredValue.value.map(String) : [],
  )
  const bag = reference(source.name, 'dynamic')
  const declared = declaredSchema(node)
  const others = input.columns.filter(({ name }) => name !== source.name)
  const properties = declared
    ? declared
        .filter(({ name }) => !others.some((known) => known.name === name))
        .map(({ name, type }) => ({ key: name.slice(prefix.length), name, type }))
    : discover(env.context, node, keysOf(input, bag, node)).map(([key, type]) => ({
        key: key!,
        name: prefix + key!,
        type: propertyType(type!),
      }))
  const wanted = properties.filter(({ key }) => !skip.has(key)).sort((left, right) => (left.name < right.name ? -1 : 1))
  const taken = columnNames(others)
  const clash = wanted.find(({ name }) => taken.has(name))
  if (clash && conflict === 'error')
    return refuseForm(`\`bag_unpack\` of a property named as the column \`${clash.name}\``, node.span)
  const added = wanted.filter(({ name }) => !taken.has(name) || conflict === 'replace_source')
  const given = new Set(added.map(({ name }) => name))
  const values = added.map(({ key, name, type }): Assignment => {
    const value: Scalar = { kind: 'access', type: 'dynamic', value: bag, key: text(key), span: node.span }
    return { name, value: type === 'string' ? asString(value) : convert(value, type) }
  })
  const result = project(input, [...others.filter(({ name }) => !given.has(name)).map(pass), ...values], node.span)
  return result
}

/** Each property with the kinds of value it has, as rows of two texts. */
function keysOf(input: Relation, bag: Scalar, node: KqlNode): Relation {
  const { span } = node
  const pairs: Relation = {
    kind: 'unnest',
    input: project(input, [{ name: 'bag', value: bag }], span),
    items: [{ name: 'pair', value: reference('bag', 'dynamic'), type: 'dynamic' }],
    bags: 'array',
    index: undefined,
    limit: undefined,
    columns: [column('bag', 'dynamic'), column('pair', 'dynamic')],
    span,
  }
  const at = (index: bigint): Scalar => ({
    kind: 'access',
    type: 'dynamic',
    value: reference('pair', 'dynamic'),
    key: literal('long', index),
    span,
  })
  const named = project(
    pairs,
    [
      { name: 'key', value: asString(at(0n)) },
      { name: 'type', value: call('gettype', 'string', [at(1n)], span) },
    ],
    span,
  )
  const keys: AggregateCall[] = [
    { name: 'types', function: 'set', arguments: [reference('type', 'string')], condition: undefined, type: 'dynamic' },
  ]
  const grouped: Relation = {
    kind: 'aggregate',
    input: filter(
      named,
      not({
        kind: 'compare',
        type: 'bool',
        operator: 'equal',
        left: reference('key', 'string'),
        right: text(''),
        case: 'sensitive',
        nulls: 'one-sided',
        span,
      }),
      span,
    ),
    by: [{ name: 'key', value: reference('key', 'string') }],
    aggregates: keys,
    columns: [column('key', 'string'), column('types', 'dynamic')],
    span,
  }
  return project(
    grouped,
    [pass(column('key', 'string')), { name: 'types', value: asString(reference('types', 'dynamic')) }],
    span,
  )
}

/** One kind of value gives a column of that type; several give a dynamic. */
function propertyType(types: string): ScalarType {
  const kinds = (JSON.parse(types) as string[]).filter((kind) => kind !== 'null')
  const [only] = kinds
  if (kinds.length === 2 && kinds.includes('long') && kinds.includes('double')) return 'real'
  if (kinds.length !== 1 || !only) return 'dynamic'
  const known: Readonly<Record<string, ScalarType>> = { long: 'long', double: 'real', bool: 'bool', string: 'string' }
  return known[only] ?? 'dynamic'
}

function lowerPivot(args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  const source = args[0] && findColumn(env.columns, args[0].text)
  if (!source) return refuseForm('`pivot` of something that is no column', node.span)
  const aggregateNode = args[1]
  const keep = args
    .slice(2)
    .map((item) => findColumn(env.columns, item.text) ?? refuseForm('this argument of `pivot`', item.span))
  const read = readAggregate(aggregateNode, env)
  const used = new Set(read.arguments.flatMap((value) => (value.kind === 'column' ? [value.name] : [])))
  const keys = keep.length ? keep : input.columns.filter(({ name }) => name !== source.name && !used.has(name))
  const values = reference(source.name, source.type)
  const declared = declaredSchema(node)
  const keyNames = columnNames(keys)
  const wanted = declared
    ? declared.filter(({ name }) => !keyNames.has(name)).map(({ name }) => name)
    : discover(env.context, node, distinctTexts(input, values, node)).map(([name]) => name!)
  const taken = new Set(keyNames)
  const calls = [...wanted].sort().map((value): AggregateCall => {
    const name = uniqueName(value, taken)
    taken.add(name)
    const isValue: Scalar = {
      kind: 'compare',
      type: 'bool',
      operator: 'equal',
      left: asString(values),
      right: text(value),
      case: 'sensitive',
      nulls: 'one-sided',
      span,
    }
    return { ...read, name, condition: read.condition ? and([read.condition, isValue], span) : isValue }
  })
  const by = keys.map(pass)
  return {
    kind: 'aggregate',
    input,
    by,
    aggregates: calls,
    columns: [...keys, ...calls.map(({ name, type }) => column(name, type))],
    span,
  }
}

function readAggregate(node: KqlNode | undefined, env: Environment): AggregateCall {
  if (!node) return { name: '', function: 'count', arguments: [], condition: undefined, type: 'long' }
  const written = node.kind === 'FunctionCallExpression' ? child(node, 'Name').text : ''
  const name = AGGREGATE_ALIASES[written] ?? written
  const signature = AGGREGATES[name]
  if (!signature) return refuseForm('this aggregate of `pivot`', node.span)
  const args = items(child(node, 'ArgumentList'), 'Expressions').map((item) => lowerScalar(item, env))
  return aggregateCall('', name, signature, args, node.span)
}

function distinctTexts(input: Relation, value: Scalar, node: KqlNode): Relation {
  const by = [{ name: 'value', value: asString(value) }]
  return { kind: 'aggregate', input, by, aggregates: [], columns: [column('value', 'string')], span: node.span }
}

/** How many values the first set has, the first two share, the first three share ... */
function lowerDcountIntersect(args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  if (args.length < 2 || args.length > 16)
    return refuse('bad-argument-count', span, {
      name: 'dcount_intersect',
      expected: '2 to 16 arguments',
      found: args.length,
    })
  const sets = args.map((each) => convert(lowerScalar(each, env), 'dynamic'))
  const counts = sets.map((first, index): Assignment => {
    const shared = index === 0 ? first : call('set_intersect', 'dynamic', sets.slice(0, index + 1), span)
    return { name: `s${index}`, value: call('dcount_hll', 'long', [shared], span) }
  })
  return project(input, [...input.columns.map(pass).filter(({ name }) => !/^s\d+$/.test(name)), ...counts], span)
}

/** Rows near those that meet a condition, in the order of the rows. */
function lowerRowsNear(args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment): Relation {
  const [condition, before, after, ...more] = args
  if (!condition || !before || more.length > 0)
    return refuse('bad-argument-count', node.span, {
      name: 'rows_near',
      expected: '2 or 3 arguments',
      found: args.length,
    })
  const given = new Given(env.context)
  const near = { name: '$near', value: given.take(lowerCondition(condition, env)) }
  const rows = project(input, [near, ...input.columns.map(pass)], node.span)
  const first = given.take(lowerConstant(before, env))
  const options = { before: first, after: after ? given.take(lowerConstant(after, env)) : first }
  const all = given.inputs([rows])
  return {
    kind: 'row-operator',
    name: 'rows-near',
    inputs: all.inputs,
    options: { ...options, given: all.given },
    columns: input.columns,
    span: node.span,
  }
}

function lowerSchemaMerge(args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment): Relation {
  const { positional, named } = splitArguments(args)
  const preserve = named.get('PreserveOrder') ?? positional[0]
  const value = preserve && lowerConstant(preserve, env)
  const known = ['ColumnName', 'ColumnOrdinal', 'DataType', 'ColumnType'].every((name) =>
    input.columns.some((each) => each.name === name),
  )
  if (!known) return refuseForm('`schema_merge` of something that is no schema', node.span)
  const preserveOrder = !(value?.kind === 'literal' && value.value === false)
  const options = { preserveOrder }
  return {
    kind: 'row-operator',
    name: 'schema-merge',
    inputs: [input],
    options,
    columns: input.columns,
    span: node.span,
  }
}

/** Every cell as a row of its own. */
function lowerNarrow(node: KqlNode, input: Relation): Relation {
  const { span } = node
  const numbered: Relation = {
    kind: 'window',
    input,
    assignments: [
      {
        name: '$row',
        value: { kind: 'window-call', type: 'long', name: 'row_number', arguments: [literal('long', 0n)], span },
      },
    ],
    columns: [...input.columns, column('$row', 'long')],
    span,
  }
  const cells = input.columns.map(({ name, type }) =>
    project(
      numbered,
      [
        { name: 'Row', value: reference('$row', 'long') },
        { name: 'Column', value: text(name) },
        { name: 'Value', value: asString(reference(name, type)) },
      ],
      span,
    ),
  )
  return unionAll(cells, false, span)
}
