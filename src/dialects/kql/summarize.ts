import type { AggregateCall, Assignment, Relation } from '../../ir/relation.js'
import { call, literal, reference, type Scalar } from '../../ir/scalar.js'
import { column } from '../../ir/types.js'
import { isArray } from '../../ir/value.js'
import { AGGREGATE_ALIASES, AGGREGATES } from './aggregates.js'
import { convert, unwrap } from './convert.js'
import { type Environment, lowerConstant, lowerScalar } from './lower-scalar.js'
import { assignNames, lowerNamed, suggestName } from './named.js'
import { project } from './relations.js'
import { freshName, refuse, refuseForm, uniqueName } from './scope.js'
import { child, field, items, type KqlNode } from './syntax.js'

interface Output {
  readonly name: string | undefined
  readonly suggested: string | undefined
  readonly value: Scalar
  /** The output column that `*` of `arg_max` would repeat. */
  readonly isStar?: boolean
}

/** `summarize`: groups first, then aggregates, each under the name Kusto gives it. */
export function lowerSummarize(node: KqlNode, input: Relation, env: Environment): Relation {
  const clause = field(node, 'ByClause')
  const keys = clause ? items(clause, 'Expressions').flatMap((item) => lowerNamed(item, env)) : []
  const taken = new Set(keys.flatMap(({ name }) => (name === undefined ? [] : [name])))
  const by = assignNames(keys, taken, (index) => `Column${index + 1}`)
  const calls: AggregateCall[] = []
  const keyNames = new Set(by.map(({ name }) => name))
  const outputs = items(node, 'Aggregates').flatMap((item) => lowerAggregateItem(item, calls, keyNames, env))
  const given = new Set([...keyNames, ...outputs.flatMap(({ name }) => (name === undefined ? [] : [name]))])
  let unnamed = 0
  const named = outputs.map(({ name, suggested, value }): Assignment => {
    const final = name ?? uniqueName(suggested ?? `Column${++unnamed}`, given)
    given.add(final)
    return { name: final, value }
  })
  return aggregate(input, by, calls, named, node.span)
}

/** An aggregate relation, then a projection that puts the outputs in order under their names. */
export function aggregate(
  input: Relation,
  by: readonly Assignment[],
  calls: readonly AggregateCall[],
  outputs: readonly Assignment[],
  span: KqlNode['span'],
): Relation {
  const columns = [
    ...by.map(({ name, value }) => column(name, value.type)),
    ...calls.map(({ name, type }) => column(name, type)),
  ]
  const grouped: Relation = { kind: 'aggregate', input, by, aggregates: calls, columns, span }
  const kept = by.map(({ name, value }) => ({ name, value: reference(name, value.type) }))
  const names = new Set(outputs.map(({ name }) => name))
  return project(grouped, [...kept.filter(({ name }) => !names.has(name)), ...outputs], span)
}

function lowerAggregateItem(
  node: KqlNode,
  calls: AggregateCall[],
  keys: ReadonlySet<string>,
  env: Environment,
): Output[] {
  const named = node.kind === 'SimpleNamedExpression'
  const compound = node.kind === 'CompoundNamedExpression'
  const names = named
    ? [child(node, 'Name').text]
    : compound
      ? items(child(node, 'Names'), 'Names').map(({ text }) => text)
      : []
  const expression = named || compound ? child(node, 'Expression') : node
  const wide = lowerWide(expression, names, calls, keys, env)
  if (wide) return wide
  if (names.length > 1) return refuseForm('several names for one aggregate', node.span)
  const value = lowerScalar(expression, { ...env, aggregates: calls })
  return [{ name: names[0], suggested: aggregateName(expression), value }]
}

/** `count_`, `sum_x`, `make_set(x)` → `set_x`; a function around an aggregate keeps the aggregate's name. */
export function aggregateName(node: KqlNode): string | undefined {
  if (node.kind === 'ParenthesizedExpression') return aggregateName(child(node, 'Expression'))
  if (node.kind !== 'FunctionCallExpression') return undefined
  const written = child(node, 'Name').text
  const name = AGGREGATE_ALIASES[written] ?? written
  const args = items(child(node, 'ArgumentList'), 'Expressions')
  const signature = AGGREGATES[name]
  if (!signature) return args[0] && aggregateName(args[0])
  const of = (args[0] && suggestName(args[0])) ?? ''
  if (signature.prefix === '') return of || undefined
  if (name === 'countif') return 'countif_'
  if (name === 'percentile') return `percentile_${of}_${numberText(args[1])}`
  return `${signature.prefix}_${of}`
}

const numberText = (node: KqlNode | undefined): string => (node?.fields.Token?.text ?? '').replace('.', '_')

/** Aggregates that give several columns. */
function lowerWide(
  node: KqlNode,
  names: readonly string[],
  calls: AggregateCall[],
  keys: ReadonlySet<string>,
  env: Environment,
): Output[] | undefined {
  if (node.kind !== 'FunctionCallExpression') return undefined
  const written = child(node, 'Name').text
  const name = AGGREGATE_ALIASES[written] ?? written
  const args = items(child(node, 'ArgumentList'), 'Expressions')
  switch (name) {
    case 'arg_max':
    case 'arg_min':
      return lowerExtreme(name, args, node, names, calls, keys, env)
    case 'take_any':
      return args.length > 1 || args[0]?.kind === 'StarExpression'
        ? lowerTakeAny(args, names, calls, keys, env)
        : undefined
    case 'percentiles':
    case 'percentilesw':
      return lowerPercentiles(name, args, node, names, calls, env)
    case 'percentiles_array':
    case 'percentilesw_array':
    case 'percentilew':
      return lowerPercentileArray(name, args, node, names, calls, env)
    default:
      return undefined
  }
}

function lowerExtreme(
  name: 'arg_max' | 'arg_min',
  args: readonly KqlNode[],
  node: KqlNode,
  names: readonly string[],
  calls: AggregateCall[],
  keys: ReadonlySet<string>,
  env: Environment,
): Output[] {
  const [first, ...rest] = args
  if (!first) return refuse('bad-argument-count', node.span, { name, expected: '1 or more arguments', found: 0 })
  const inner: Environment = { ...env, aggregates: undefined }
  const by = lowerScalar(first, inner)
  const outputs: Output[] = []
  const add = (value: Scalar, given: string | undefined, suggested: string | undefined): void => {
    const made = freshName(env.context, 'aggregate')
    calls.push({
      name: made,
      function: name === 'arg_max' ? 'arg-max' : 'arg-min',
      arguments: [by, value],
      condition: undefined,
      type: value.type,
    })
    outputs.push({ name: given, suggested, value: reference(made, value.type, node.span) })
  }
  const byName = suggestName(first) ?? `${name}_`
  add(by, names[0], first.kind === 'FunctionCallExpression' && !suggestName(first) ? undefined : byName)
  for (const item of rest) {
    if (item.kind === 'StarExpression') {
      for (const known of env.columns) {
        if (keys.has(known.name) || (by.kind === 'column' && by.name === known.name)) continue
        add(reference(known.name, known.type), undefined, known.name)
      }
      continue
    }
    const suggested = item.kind === 'SimpleNamedExpression' ? child(item, 'Name').text : suggestName(item)
    add(lowerScalar(item, inner), names[outputs.length], suggested)
  }
  return outputs
}

function lowerTakeAny(
  args: readonly KqlNode[],
  names: readonly string[],
  calls: AggregateCall[],
  keys: ReadonlySet<string>,
  env: Environment,
): Output[] {
  const inner: Environment = { ...env, aggregates: undefined }
  const values = args.flatMap((item): { value: Scalar; suggested: string | undefined }[] =>
    item.kind === 'StarExpression'
      ? env.columns
          .filter((known) => !keys.has(known.name))
          .map((known) => ({ value: reference(known.name, known.type), suggested: known.name }))
      : [{ value: lowerScalar(item, inner), suggested: suggestName(item) }],
  )
  return values.map(({ value, suggested }, index) => {
    const made = freshName(env.context, 'aggregate')
    calls.push({ name: made, function: 'any', arguments: [value], condition: undefined, type: value.type })
    return { name: names[index], suggested, value: reference(made, value.type) }
  })
}

function lowerPercentiles(
  name: string,
  args: readonly KqlNode[],
  node: KqlNode,
  names: readonly string[],
  calls: AggregateCall[],
  env: Environment,
): Output[] {
  const inner: Environment = { ...env, aggregates: undefined }
  const weighted = name === 'percentilesw'
  const [valueNode, ...rest] = args
  if (!valueNode) return refuse('bad-argument-count', node.span, { name, expected: '2 or more arguments', found: 0 })
  const given = lowerScalar(valueNode, inner)
  const value = given.type === 'dynamic' ? unwrap(given, 'real') : given
  const weight = weighted ? lowerScalar(rest.shift()!, inner) : undefined
  return rest.map((item, index) => {
    const made = freshName(env.context, 'aggregate')
    const percent = convert(lowerConstant(item, inner), 'real')
    calls.push({
      name: made,
      function: 'percentile',
      arguments: weight ? [value, percent, weight] : [value, percent],
      condition: undefined,
      type: value.type,
    })
    return {
      name: names[index],
      suggested: `percentile_${suggestName(valueNode) ?? ''}_${numberText(item)}`,
      value: reference(made, value.type),
    }
  })
}

function lowerPercentileArray(
  name: string,
  args: readonly KqlNode[],
  node: KqlNode,
  names: readonly string[],
  calls: AggregateCall[],
  env: Environment,
): Output[] {
  const inner: Environment = { ...env, aggregates: undefined }
  const rest = [...args]
  const valueNode = rest.shift()
  if (!valueNode) return refuse('bad-argument-count', node.span, { name, expected: '2 or more arguments', found: 0 })
  const value = lowerScalar(valueNode, inner)
  const weight =
    name.startsWith('percentilesw') || name === 'percentilew' ? lowerScalar(rest.shift()!, inner) : undefined
  const percents = rest.flatMap((item) => {
    const constant = lowerConstant(item, inner)
    if (constant.kind === 'literal' && isArray(constant.value))
      return constant.value.map((each) => literal('real', Number(each)))
    return [convert(constant, 'real')]
  })
  const parts = percents.map((percent) => {
    const made = freshName(env.context, 'aggregate')
    calls.push({
      name: made,
      function: 'percentile',
      arguments: weight ? [value, percent, weight] : [value, percent],
      condition: undefined,
      type: value.type,
    })
    return reference(made, value.type)
  })
  if (name === 'percentilew')
    return [
      {
        name: names[0],
        suggested: `percentile_${suggestName(valueNode) ?? ''}_${numberText(args[2])}`,
        value: parts[0]!,
      },
    ]
  const packed = call('pack_array', 'dynamic', parts, node.span)
  return [{ name: names[0], suggested: `percentiles_${suggestName(valueNode) ?? ''}`, value: packed }]
}
