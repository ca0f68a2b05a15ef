import type { AggregateCall } from '../../ir/relation.js'
import { call, FALSE, literal, not, reference, type Scalar, TRUE, text } from '../../ir/scalar.js'
import { isNumeric, isWhole, type ScalarType } from '../../ir/types.js'
import { isArray } from '../../ir/value.js'
import type { Span } from '../../text/span.js'
import { AGGREGATE_ALIASES, AGGREGATES, type AggregateSignature } from './aggregates.js'
import { CONVERSIONS, commonType, convert, unwrap } from './convert.js'
import { ALIASES, findSignature, functionNames, type Parameter, type Signature } from './functions.js'
import { typeByName } from './literals.js'
import { callFunction } from './lower-function.js'
import {
  asBool,
  asString,
  compare,
  type Environment,
  findColumn,
  lowerArithmetic,
  lowerScalar,
} from './lower-scalar.js'
import { isTabular, lowerTabular } from './lower-tabular.js'
import { savedValues } from './saved-functions.js'
import { closestName, findName, freshName, note, refuse, refuseForm } from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

/** A call by name: what the query declares, a window function, an aggregate inside `summarize`, then a function of Kusto. */
export function lowerCall(node: KqlNode, env: Environment): Scalar {
  const written = child(node, 'Name').text
  const name = ALIASES[written] ?? written
  const args = items(child(node, 'ArgumentList'), 'Expressions')
  const bound = findName(env.scope, written)
  if (bound?.kind === 'function' || bound?.kind === 'pattern') return callFunction(bound, args, node, env).scalar()
  const local = env.calls?.get(written)
  if (local) return local(args, node, env)
  if (WINDOWS[name]) return lowerWindow(name, args, node, env)
  if (env.aggregates && isAggregate(name)) return lowerAggregate(name, args, node, env)
  const special = SPECIAL[name]
  if (special) return special(args, node, env)
  const signature = findSignature(name)
  if (signature) return lowerBySignature(signature, args, node, env)
  if (isAggregate(name)) return refuseForm(`the aggregate \`${written}\` outside \`summarize\``, node.span)
  const saved = env.context.schema.functions?.get(written)
  if (saved?.kind === 'values') return savedValues(saved, args, node, env)
  const candidates = [...functionNames(), ...Object.keys(SPECIAL), ...Object.keys(AGGREGATES)]
  return refuse('unsupported-function', child(node, 'Name').span, {
    language: 'KQL',
    name: written,
    closest: closestName(written, candidates),
  })
}

/** Whether a name is that of a function that gives one value a row. */
export const isScalarFunction = (written: string): boolean => {
  const name = ALIASES[written] ?? written
  return name in SPECIAL || findSignature(name) !== undefined
}

export const isAggregate = (name: string): boolean => (AGGREGATE_ALIASES[name] ?? name) in AGGREGATES

function lowerBySignature(signature: Signature, nodes: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  const { parameters } = signature
  const least = parameters.filter(({ optional, repeats }) => !optional && !repeats).length
  const most = parameters.some(({ repeats }) => repeats) ? Infinity : parameters.length
  if (nodes.length < least || nodes.length > most) {
    const expected =
      most === least
        ? `${least} arguments`
        : most === Infinity
          ? `${least} or more arguments`
          : `${least} to ${most} arguments`
    return refuse('bad-argument-count', node.span, { name: signature.name, expected, found: nodes.length })
  }
  const args = nodes.map((argument, index) => {
    const parameter = parameters[Math.min(index, parameters.length - 1)]!
    return accept(lowerScalar(argument, env), parameter, signature.name, argument.span)
  })
  return call(signature.name, resultType(signature, args), args, node.span)
}

function resultType({ result, name }: Signature, args: readonly Scalar[]): ScalarType {
  if (result === '$1') return args[0]?.type ?? 'dynamic'
  if (result === '$2') return args[1]?.type ?? 'dynamic'
  if (result !== 'common') return result
  return (
    args
      .map(({ type }) => type)
      .reduce((left, right) => commonType(left, right) ?? 'string', args[0]?.type ?? ('string' as ScalarType)) ?? name
  )
}

/** Brings an argument to what the parameter takes. */
function accept(value: Scalar, { accepts }: Parameter, name: string, span: Span): Scalar {
  for (const kind of accepts) {
    if (kind === 'any' || kind === value.type) return value
    if (kind === 'number' && isNumeric(value.type)) return value
    if (kind === 'text' && value.type === 'string') return value
    if (kind === 'real' && isNumeric(value.type)) return convert(value, 'real')
    if (kind === 'long' && isWhole(value.type)) return value
  }
  const [kind] = accepts
  switch (kind) {
    case 'text':
    case 'string':
      return asString(value)
    case 'number':
    case 'real':
      if (value.type === 'dynamic') return unwrap(value, 'real')
      if (value.type === 'string') return convert(value, 'real')
      break
    case 'long':
      if (value.type === 'dynamic') return unwrap(value, 'long')
      if (isNumeric(value.type) || value.type === 'string' || value.type === 'bool') return convert(value, 'long')
      break
    case 'dynamic':
      // Text is not read as JSON; it is a dynamic that holds a string.
      return value.type === 'string' ? call('to_dynamic', 'dynamic', [value], span) : convert(value, 'dynamic')
    case 'datetime':
    case 'timespan':
    case 'guid':
    case 'bool':
      if (value.type === 'dynamic') return unwrap(value, kind)
      if (value.type === 'string' || (kind === 'bool' && isNumeric(value.type))) return convert(value, kind)
      break
  }
  return refuse('type-mismatch', span, {
    what: `the argument of \`${name}\``,
    expected: accepts.join(' or '),
    found: value.type,
  })
}

/** The arguments of a call whose meaning does not fit a signature. */
type Special = (args: readonly KqlNode[], node: KqlNode, env: Environment) => Scalar

function count(name: string, args: readonly KqlNode[], least: number, most: number, node: KqlNode): void {
  if (args.length >= least && args.length <= most) return
  const expected =
    least === most
      ? `${least} argument${least === 1 ? '' : 's'}`
      : most === Infinity
        ? `${least} or more arguments`
        : `${least} to ${most} arguments`
  refuse('bad-argument-count', node.span, { name, expected, found: args.length })
}

const conversion =
  (type: ScalarType): Special =>
  (args, node, env) => {
    count(`to${type}`, args, 1, 1, node)
    const value = lowerScalar(args[0]!, env)
    if (value.type === type) return value
    return value.kind === 'literal'
      ? { ...convert(value, type), span: node.span }
      : call(CONVERSIONS[type], type, [value], node.span)
  }

const SPECIAL: Readonly<Record<string, Special>> = {
  tostring: (args, node, env) => {
    count('tostring', args, 1, 1, node)
    return asString(lowerScalar(args[0]!, env))
  },
  tobool: conversion('bool'),
  toint: conversion('int'),
  tolong: conversion('long'),
  toreal: conversion('real'),
  todecimal: conversion('decimal'),
  todatetime: conversion('datetime'),
  totimespan: conversion('timespan'),
  toguid: conversion('guid'),
  datetime: conversion('datetime'),
  timespan: conversion('timespan'),
  parse_json: (args, node, env) => {
    count('parse_json', args, 1, 1, node)
    const value = lowerScalar(args[0]!, env)
    if (value.type === 'dynamic') return call('reparse_json', 'dynamic', [value], node.span)
    return value.type === 'string' ? call('parse_json', 'dynamic', [value], node.span) : convert(value, 'dynamic')
  },
  not: (args, node, env) => {
    count('not', args, 1, 1, node)
    return not(asBool(lowerScalar(args[0]!, env)), node.span)
  },
  iff: (args, node, env) => {
    count('iff', args, 3, 3, node)
    return choose(args, node, env)
  },
  case: (args, node, env) => {
    if (args.length < 3 || args.length % 2 === 0)
      refuse('bad-argument-count', node.span, { name: 'case', expected: 'pairs and a last value', found: args.length })
    return choose(args, node, env)
  },
  isnull: (args, node, env) => isNull(one('isnull', args, node, env), node.span),
  isnotnull: (args, node, env) => not(isNull(one('isnotnull', args, node, env), node.span), node.span),
  isempty: (args, node, env) => isEmpty(one('isempty', args, node, env), node.span),
  isnotempty: (args, node, env) => not(isEmpty(one('isnotempty', args, node, env), node.span), node.span),
  coalesce: (args, node, env) => common('coalesce', args, node, env, 2),
  max_of: (args, node, env) => common('max_of', args, node, env, 1),
  min_of: (args, node, env) => common('min_of', args, node, env, 1),
  now: (args, node, env) => {
    count('now', args, 0, 1, node)
    const offset = args[0] && lowerScalar(args[0], env)
    const now = literal('datetime', env.context.now, node.span)
    return offset ? lowerArithmetic('add', now, offset, node.span) : now
  },
  ago: (args, node, env) => {
    const span = one('ago', args, node, env)
    const size = span.type === 'dynamic' || span.type === 'string' ? convert(span, 'timespan') : span
    return lowerArithmetic('subtract', literal('datetime', env.context.now, node.span), size, node.span)
  },
  bin: (args, node, env) => lowerBin(args, node, env),
  floor: (args, node, env) => lowerBin(args, node, env),
  bin_at: (args, node, env) => {
    count('bin_at', args, 3, 3, node)
    const [value, size, at] = args.map((argument) => lowerScalar(argument, env)) as [Scalar, Scalar, Scalar]
    if (isNumeric(value.type)) {
      const type = [size, at].reduce((wide, { type }) => commonType(wide, type) ?? wide, value.type)
      return call('bin_at', type, [convert(value, type), convert(size, type), convert(at, type)], node.span)
    }
    return call('bin_at', value.type, [value, size, at], node.span)
  },
  bin_auto: (args, node, env) => {
    const value = one('bin_auto', args, node, env)
    const size = env.context.options.get('query_bin_auto_size')
    if (!size) return refuseForm('`bin_auto` without `set query_bin_auto_size`', node.span)
    const at = env.context.options.get('query_bin_auto_at')
    if (at) return call('bin_at', value.type, [value, size, at], node.span)
    return bin(value, size, node.span)
  },
  strcat: (args, node, env) => {
    if (args.length === 0) return text('', node.span)
    return call(
      'strcat',
      'string',
      args.map((argument) => asString(lowerScalar(argument, env))),
      node.span,
    )
  },
  extract: (args, node, env) => {
    count('extract', args, 3, 4, node)
    const [pattern, group, source] = args.slice(0, 3).map((argument) => lowerScalar(argument, env)) as [
      Scalar,
      Scalar,
      Scalar,
    ]
    const found = call('extract', 'string', [asString(pattern), convert(group, 'long'), asString(source)], node.span)
    return args[3] ? convert(found, typeArgument(args[3])) : found
  },
  extract_json: (args, node, env) => {
    count('extract_json', args, 2, 3, node)
    const [path, source] = args.slice(0, 2).map((argument) => lowerScalar(argument, env)) as [Scalar, Scalar]
    const bag = source.type === 'dynamic' ? source : call('parse_json', 'dynamic', [asString(source)], source.span)
    const found = call('json_path', 'dynamic', [bag, asString(path)], node.span)
    return convert(found, args[2] ? typeArgument(args[2]) : 'string')
  },
  range: (args, node, env) => {
    count('range', args, 2, 3, node)
    const [from, to] = args.slice(0, 2).map((argument) => lowerScalar(argument, env)) as [Scalar, Scalar]
    const step = args[2]
      ? lowerScalar(args[2], env)
      : literal(from.type === 'datetime' ? 'timespan' : 'long', from.type === 'datetime' ? 36_000_000_000n : 1n)
    const type = isNumeric(from.type)
      ? [to, step].reduce((wide, { type }) => commonType(wide, type) ?? wide, from.type)
      : undefined
    return call(
      'range',
      'dynamic',
      type ? [convert(from, type), convert(to, type), convert(step, type)] : [from, to, step],
      node.span,
    )
  },
  column_ifexists: (args, node, env) => {
    count('column_ifexists', args, 2, 2, node)
    const name = lowerScalar(args[0]!, env)
    const column =
      name.kind === 'literal' && typeof name.value === 'string' ? findColumn(env.columns, name.value) : undefined
    return column ? reference(column.name, column.type, node.span) : lowerScalar(args[1]!, env)
  },
  column_exists: (args, node, env) => {
    const name = one('iscolumnexists', args, node, env)
    const known =
      name.kind === 'literal' && typeof name.value === 'string' && findColumn(env.columns, name.value) !== undefined
    return literal('bool', known, node.span)
  },
  column_names_of: (args, node, env) => {
    count('column_names_of', args, 1, 1, node)
    if (!isTabular(args[0]!, env)) return refuseForm('`column_names_of` of something that is no table', node.span)
    return literal(
      'dynamic',
      lowerTabular(args[0]!, env).columns.map(({ name }) => name),
      node.span,
    )
  },
  current_database: (_args, node) => text('', node.span),
  pack_all: (args, node, env) => {
    count('pack_all', args, 0, 1, node)
    const ignoreEmpty = args[0] ? lowerScalar(args[0], env) : FALSE
    const pairs = env.columns
      .filter(({ name }) => !name.startsWith('$'))
      .flatMap(({ name, type }) => [text(name), reference(name, type)])
    const keepNulls = ignoreEmpty.kind === 'literal' && ignoreEmpty.value === true ? 'bag_pack_filled' : 'bag_pack'
    return call(keepNulls, 'dynamic', pairs, node.span)
  },
  ingestion_time: (args, node, env) => {
    count('ingestion_time', args, 0, 0, node)
    // Local telemetry was not ingested by the service; the time of the event stands in.
    const time = findColumn(env.columns, 'TimeGenerated') ?? findColumn(env.columns, 'Timestamp')
    note(env.context, 'function-without-data', node.span, {
      name: 'ingestion_time',
      instead: time ? `\`${time.name}\`` : 'null',
    })
    return time ? reference(time.name, time.type, node.span) : literal('datetime', null, node.span)
  },
  bag_pack_columns: (args, node, env) => {
    count('bag_pack_columns', args, 1, Infinity, node)
    const pairs = args.flatMap((argument) => {
      const column = findColumn(env.columns, argument.text)
      if (!column) return refuseForm('`bag_pack_columns` of something that is no column', argument.span)
      return [text(column.name), reference(column.name, column.type, argument.span)]
    })
    return call('bag_pack', 'dynamic', pairs, node.span)
  },
  assert: (args, node, env) => {
    count('assert', args, 2, 2, node)
    const condition = asBool(lowerScalar(args[0]!, env))
    if (condition.kind === 'literal' && condition.value === true) return TRUE
    return call('assert', 'bool', [condition, asString(lowerScalar(args[1]!, env))], node.span)
  },
  geo_info_from_ip_address: (args, node, env) => {
    one('geo_info_from_ip_address', args, node, env)
    note(env.context, 'function-without-data', node.span, { name: 'geo_info_from_ip_address', instead: 'null' })
    return literal('dynamic', null, node.span)
  },
  bag_pack: (args, node, env) => {
    if (args.length % 2)
      refuse('bad-argument-count', node.span, {
        name: 'bag_pack',
        expected: 'pairs of a name and a value',
        found: args.length,
      })
    const values = args.map((argument, index) =>
      index % 2 === 0 ? asString(lowerScalar(argument, env)) : lowerScalar(argument, env),
    )
    return call('bag_pack', 'dynamic', values, node.span)
  },
  array_sort_asc: (args, node, env) => lowerArraySort('array_sort_asc', args, node, env),
  array_sort_desc: (args, node, env) => lowerArraySort('array_sort_desc', args, node, env),
  series_fit_line: (args, node, env) => series('series_fit_line_dynamic', args, node, env),
  series_stats: (args, node, env) => series('series_stats_dynamic', args, node, env),
  regex_quote: (args, node, env) =>
    call('regex_quote', 'string', [asString(one('regex_quote', args, node, env))], node.span),
  current_principal: (_args, node) => text('', node.span),
  current_principal_details: (_args, node) => literal('dynamic', null, node.span),
  // Nobody is signed in here, and nobody is a member of nothing.
  current_principal_is_member_of: (args, node, env) => {
    count('current_principal_is_member_of', args, 1, Infinity, node)
    for (const argument of args) lowerScalar(argument, env)
    note(env.context, 'function-without-data', node.span, {
      name: 'current_principal_is_member_of',
      instead: '`false`: nobody is signed in here',
    })
    return literal('bool', false, node.span)
  },
  row_number: (args, node, env) => lowerWindow('row_number', args, node, env),
  ipv4_lookup: (_args, node) => refuseForm('`ipv4_lookup` as a scalar', node.span),
}

const one = (name: string, args: readonly KqlNode[], node: KqlNode, env: Environment): Scalar => {
  count(name, args, 1, 1, node)
  return lowerScalar(args[0]!, env)
}

function choose(nodes: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  const values = nodes.map((argument) => lowerScalar(argument, env))
  const otherwise = values.pop()!
  const branches: { when: Scalar; value: Scalar }[] = []
  for (let index = 0; index < values.length; index += 2)
    branches.push({ when: asBool(values[index]!), value: values[index + 1]! })
  const results = [...branches.map(({ value }) => value), otherwise]
  const type = resultOf(results)
  return {
    kind: 'choose',
    type,
    branches: branches.map(({ when, value }) => ({ when, value: convert(value, type) })),
    otherwise: convert(otherwise, type),
    span: node.span,
  }
}

/** The type that all results convert to. A written-out null takes any type; text is the widest. */
function resultOf(results: readonly Scalar[]): ScalarType {
  const typed = results.filter(
    (result) => !(result.kind === 'literal' && result.type === 'dynamic' && result.value === null),
  )
  let type = (typed[0] ?? results[0]!).type
  for (const result of typed) {
    if (result.type === type) continue
    if (result.type === 'string' || type === 'string') type = 'string'
    else if (result.type === 'dynamic' || type === 'dynamic') type = 'dynamic'
    else type = commonType(type, result.type) ?? 'string'
  }
  return type
}

function isNull(value: Scalar, span: Span): Scalar {
  // A string is never null.
  return value.type === 'string' ? FALSE : call('is_null', 'bool', [value], span)
}

function isEmpty(value: Scalar, span: Span): Scalar {
  if (value.type === 'string' || value.type === 'dynamic') {
    return compare({ operator: 'equal', case: 'sensitive' }, asString(value), text('', span), span)
  }
  return isNull(value, span)
}

function common(name: string, nodes: readonly KqlNode[], node: KqlNode, env: Environment, least: number): Scalar {
  count(name, nodes, least, Infinity, node)
  const values = nodes.map((argument) => lowerScalar(argument, env))
  const type = resultOf(values)
  return call(
    name,
    type,
    values.map((value) => convert(value, type)),
    node.span,
  )
}

function lowerBin(args: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  count('bin', args, 1, 2, node)
  const value = lowerScalar(args[0]!, env)
  return bin(value, args[1] ? lowerScalar(args[1], env) : literal('long', 1n), node.span)
}

export function bin(given: Scalar, size: Scalar, span: Span): Scalar {
  const value =
    given.type === 'dynamic'
      ? unwrap(given, size.type === 'timespan' ? 'datetime' : 'real')
      : given.type === 'string' && size.type === 'timespan'
        ? convert(given, 'datetime')
        : given
  if (value.type === 'datetime' || value.type === 'timespan') {
    const width =
      size.type === 'timespan' ? size : lowerArithmetic('multiply', literal('timespan', 864_000_000_000n), size, span)
    return call('bin', value.type, [value, width], span)
  }
  const type = commonType(value.type, size.type)
  if (!type || !isNumeric(type)) {
    return refuse('type-mismatch', span, {
      what: 'the arguments of `bin`',
      expected: 'numbers, or a time and a timespan',
      found: `${value.type} and ${size.type}`,
    })
  }
  return call('bin', type, [convert(value, type), convert(size, type)], span)
}

export function typeArgument(node: KqlNode): ScalarType {
  const name = items(node, 'Types')[0]?.fields.Type?.text ?? ''
  return typeByName(name) ?? refuseForm(`the type \`${name}\``, node.span)
}

/** Sorting one array, with the others brought along; the first gives the value and `lowerWide` takes the rest. */
function lowerArraySort(name: string, nodes: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  count(name, nodes, 1, Infinity, node)
  const args = nodes.map((argument) => lowerScalar(argument, env))
  const sorted = call(name, 'dynamic', args, node.span)
  return { kind: 'access', type: 'dynamic', value: sorted, key: literal('long', 0n), span: node.span }
}

function series(name: string, nodes: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  count(name, nodes, 1, 2, node)
  return call(
    name,
    'dynamic',
    nodes.map((argument) => lowerScalar(argument, env)),
    node.span,
  )
}

/** Calls that give several columns where a list of names is assigned: how to take each. */
export const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  series_fit_line: ['rsquare', 'slope', 'variance', 'rvariance', 'interception', 'line_fit'],
  series_stats: ['min', 'min_idx', 'max', 'max_idx', 'avg', 'stdev', 'variance'],
}

const WINDOWS: Readonly<Record<string, { least: number; most: number; result: ScalarType | '$1' }>> = {
  prev: { least: 1, most: 3, result: '$1' },
  next: { least: 1, most: 3, result: '$1' },
  row_number: { least: 0, most: 2, result: 'long' },
  row_cumsum: { least: 1, most: 2, result: '$1' },
  row_rank_dense: { least: 1, most: 2, result: 'long' },
  row_rank_min: { least: 1, most: 2, result: 'long' },
  row_window_session: { least: 3, most: 4, result: 'datetime' },
}

function lowerWindow(name: string, nodes: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  const { least, most, result } = WINDOWS[name]!
  count(name, nodes, least, most, node)
  if (!env.windows) return refuseForm(`\`${name}\` here`, node.span)
  const args = nodes.map((argument) => lowerScalar(argument, env))
  const type = result === '$1' ? args[0]!.type : result
  const column = freshName(env.context, 'window')
  env.windows.push({ name: column, value: { kind: 'window-call', type, name, arguments: args, span: node.span } })
  return reference(column, type, node.span)
}

function lowerAggregate(written: string, nodes: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
  const name = AGGREGATE_ALIASES[written] ?? written
  const signature = AGGREGATES[name]!
  const least = signature.least
  count(name, nodes, least, signature.most, node)
  const inner: Environment = { ...env, aggregates: undefined, windows: undefined }
  const args = nodes.map((argument) => lowerScalar(argument, inner))
  const column = freshName(env.context, 'aggregate')
  const made = aggregateCall(column, name, signature, args, node.span)
  env.aggregates!.push(made)
  return reference(column, made.type, node.span)
}

/** One aggregate from its lowered arguments; a condition is taken out of them and comes last. */
export function aggregateCall(
  column: string,
  name: string,
  signature: AggregateSignature,
  given: readonly Scalar[],
  span: Span,
): AggregateCall {
  const args = [...given]
  let condition: Scalar | undefined
  if (signature.conditional) {
    // `make_set_if(value, condition, limit)`: the condition stands second, except in `countif(condition)`.
    const at = name === 'countif' ? 0 : name.startsWith('covariance') ? 2 : 1
    condition = asBool(args.splice(at, 1)[0]!)
  }
  let type: ScalarType =
    signature.result === '$1'
      ? args[0]!.type
      : signature.result === 'sum' || signature.result === 'average'
        ? 'real'
        : signature.result
  if (NUMBERS.has(signature.is) && args[0]) {
    args[0] = numberOf(args[0], span, name)
    if (signature.result === 'sum') type = args[0].type === 'int' ? 'long' : args[0].type
    if (signature.result === 'average')
      type = args[0].type === 'timespan' || args[0].type === 'datetime' ? args[0].type : 'real'
    if (signature.is.startsWith('covariance') && args[1]) args[1] = numberOf(args[1], span, name)
  }
  // `count(x)` counts rows, whether or not they have an x.
  if (name === 'count') return { name: column, function: 'count', arguments: [], condition, type }
  if (signature.is === 'percentile') {
    args[0] = args[0]!.type === 'dynamic' ? unwrap(args[0]!, 'real') : args[0]!
    return {
      name: column,
      function: 'percentile',
      arguments: [args[0], convert(args[1]!, 'real')],
      condition,
      type: args[0].type,
    }
  }
  if (signature.is === 'count-distinct') args.length = Math.min(args.length, 1)
  return { name: column, function: signature.is, arguments: args, condition, type }
}

const NUMBERS: ReadonlySet<string> = new Set([
  'sum',
  'average',
  'stdev',
  'stdev-population',
  'variance',
  'variance-population',
  'covariance',
  'covariance-population',
])

function numberOf(value: Scalar, span: Span, name: string): Scalar {
  if (isNumeric(value.type) || value.type === 'timespan') return value
  if (value.type === 'datetime' && name.startsWith('avg')) return value
  if (value.type === 'dynamic') return unwrap(value, 'real')
  if (value.type === 'bool') return convert(value, 'long')
  return refuse('type-mismatch', span, { what: `the argument of \`${name}\``, expected: 'a number', found: value.type })
}

export const literalElements = (value: Scalar): readonly Scalar[] | undefined =>
  value.kind === 'literal' && isArray(value.value)
    ? value.value.map((element) => literal('dynamic', element))
    : undefined
