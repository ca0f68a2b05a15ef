import type { Relation } from '../../ir/relation.js'
import { call, literal, not, reference, type Scalar } from '../../ir/scalar.js'
import { type Column, column } from '../../ir/types.js'
import type { Span } from '../../text/span.js'
import { convert } from './convert.js'
import { asString, type Environment, findColumn, lowerConstant, lowerScalar } from './lower-scalar.js'
import { lowerTabular, pass } from './lower-tabular.js'
import { filter, keepColumns, project } from './relations.js'
import { refuseForm, uniqueName } from './scope.js'
import { child, type KqlNode } from './syntax.js'
import { unionAll } from './union.js'

/**
 * The plugins that look rows up in a table by something other than equality: an address in a network, a place in a polygon or by a line.
 * https://learn.microsoft.com/kusto/query/ipv4-lookup-plugin, https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin
 */
export const LOOKUP_PLUGINS: Readonly<
  Record<string, (args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment) => Relation>
> = {
  ipv4_lookup: (args, node, input, env) => lowerIpLookup('ipv4', args, node, input, env),
  ipv6_lookup: (args, node, input, env) => lowerIpLookup('ipv6', args, node, input, env),
  geo_polygon_lookup: (args, node, input, env) => lowerGeoLookup('polygon', args, node, input, env),
  geo_line_lookup: (args, node, input, env) => lowerGeoLookup('line', args, node, input, env),
}

/** Arguments by position, and those that are named. */
export function splitArguments(args: readonly KqlNode[]): {
  positional: readonly KqlNode[]
  named: ReadonlyMap<string, KqlNode>
} {
  const named = args.filter(({ kind }) => kind === 'SimpleNamedExpression')
  return {
    positional: args.filter(({ kind }) => kind !== 'SimpleNamedExpression'),
    named: new Map(named.map((node) => [child(node, 'Name').text, child(node, 'Expression')])),
  }
}

interface Lookup {
  readonly table: Relation
  readonly key: Column
  /** The key as what `holds` and `anyHolds` compare with. */
  readonly asKey: (key: Scalar) => Scalar
  readonly holds: (key: Scalar) => Scalar
  readonly anyHolds: (keys: Scalar) => Scalar
  readonly keepsKey: boolean
  readonly keepsUnmatched: boolean
}

/** Rows with the rows of the lookup table that hold for them. */
function lowerIpLookup(
  family: 'ipv4' | 'ipv6',
  args: readonly KqlNode[],
  node: KqlNode,
  input: Relation,
  env: Environment,
): Relation {
  const { span } = node
  const { positional, named } = splitArguments(args)
  const [tableNode, addressNode, networkNode, ...extra] = positional
  if (!tableNode || !addressNode || !networkNode)
    return refuseForm(`\`${family}_lookup\` without its three arguments`, span)
  const booleans = extra.filter(({ kind }) => kind === 'BooleanLiteralExpression')
  if (extra.length !== booleans.length) return refuseForm(`\`${family}_lookup\` with further keys`, span)
  const table = lowerTabular(tableNode, { ...env, columns: [], input: undefined })
  const address = asString(lowerScalar(addressNode, env))
  const lookup: Lookup = {
    table,
    key: findColumn(table.columns, networkNode.text) ?? refuseForm('this key of the lookup', networkNode.span),
    asKey: asString,
    holds: (network) => call(`${family}_is_in_range`, 'bool', [address, network], span),
    anyHolds: (networks) => call(`${family}_is_in_any_range`, 'bool', [address, networks], span),
    keepsKey: true,
    keepsUnmatched: isTrue(named.get('return_unmatched') ?? booleans[0], env),
  }
  return lowerLookup(lookup, input, env, span)
}

/** What may follow the four arguments, by position or by name. */
const GEO_OPTIONS = ['radius', 'return_unmatched', 'lookup_area_radius', 'return_lookup_key'] as const

function lowerGeoLookup(
  shape: 'polygon' | 'line',
  args: readonly KqlNode[],
  node: KqlNode,
  input: Relation,
  env: Environment,
): Relation {
  const { span } = node
  const { positional, named } = splitArguments(args)
  const [tableNode, keyNode, longitudeNode, latitudeNode, ...rest] = positional
  if (!tableNode || !keyNode || !longitudeNode || !latitudeNode)
    return refuseForm(`\`geo_${shape}_lookup\` without its four arguments`, span)
  const unknown = [...named.keys()].find((name) => !GEO_OPTIONS.some((known) => known === name.toLowerCase()))
  if (unknown !== undefined || rest.length > GEO_OPTIONS.length)
    return refuseForm(`\`geo_${shape}_lookup\` with further arguments`, span)
  const options = new Map(rest.map((each, index): [string, KqlNode] => [GEO_OPTIONS[index]!, each]))
  for (const [name, value] of named) options.set(name.toLowerCase(), value)
  // `lookup_area_radius` is about speed alone.
  const radiusNode = options.get('radius')
  if (!radiusNode && shape === 'line') return refuseForm('`geo_line_lookup` without a radius', span)
  const table = lowerTabular(tableNode, { ...env, columns: [], input: undefined })
  const place = [longitudeNode, latitudeNode].map((each) => convert(lowerScalar(each, env), 'real'))
  const radius = radiusNode ? [convert(lowerScalar(radiusNode, env), 'real')] : []
  const lookup: Lookup = {
    table,
    key: findColumn(table.columns, keyNode.text) ?? refuseForm('this key of the lookup', keyNode.span),
    asKey: (key) => convert(key, 'dynamic'),
    holds: (key) => call(`geo_near_${shape}`, 'bool', [...place, key, ...radius], span),
    anyHolds: (keys) => call(`geo_near_any_${shape}`, 'bool', [...place, keys, ...radius], span),
    keepsKey: isTrue(options.get('return_lookup_key'), env),
    keepsUnmatched: isTrue(options.get('return_unmatched'), env),
  }
  return lowerLookup(lookup, input, env, span)
}

function isTrue(node: KqlNode | undefined, env: Environment): boolean {
  const value = node && lowerConstant(node, env)
  return value?.kind === 'literal' && value.value === true
}

function lowerLookup(lookup: Lookup, input: Relation, env: Environment, span: Span): Relation {
  const { table, key, asKey, holds, anyHolds, keepsKey, keepsUnmatched } = lookup
  const output: { name: string; side: 'left' | 'right'; column: string }[] = []
  const columns: Column[] = []
  const taken = new Set<string>()
  for (const [side, relation] of [
    ['left', input],
    ['right', table],
  ] as const) {
    for (const known of relation.columns) {
      const name = uniqueName(known.name, taken)
      taken.add(name)
      output.push({ name, side, column: known.name })
      columns.push(column(name, known.type))
    }
  }
  const keyName = output.find(({ side, column: each }) => side === 'right' && each === key.name)!.name
  const wanted = keepsKey ? columns : columns.filter(({ name }) => name !== keyName)
  const kept = (relation: Relation): Relation => (keepsKey ? relation : project(relation, wanted.map(pass), span))
  const all: Relation = { kind: 'join', how: 'inner', left: input, right: table, on: [], output, columns, span }
  const matched = filter(all, holds(asKey(reference(keyName, key.type))), span)
  if (!keepsUnmatched) return kept(matched)
  const listName = `$keys${++env.context.counter}`
  const list: Relation = {
    kind: 'aggregate',
    input: table,
    by: [],
    aggregates: [
      {
        name: 'list',
        function: 'list',
        arguments: [asKey(reference(key.name, key.type))],
        condition: undefined,
        type: 'dynamic',
      },
    ],
    columns: [column('list', 'dynamic')],
    span,
  }
  env.context.bindings.push({ name: listName, relation: list, once: true })
  const keys: Scalar = {
    kind: 'scalar-of',
    type: 'dynamic',
    relation: { kind: 'bound', name: listName, columns: list.columns, span },
    span,
  }
  const none = not(call('coalesce', 'bool', [anyHolds(keys), literal('bool', false)], span), span)
  const renamed = project(
    filter(input, none, span),
    output
      .filter(({ side }) => side === 'left')
      .map(({ name, column: each }) => ({
        name,
        value: reference(each, columns.find((known) => known.name === name)!.type),
      })),
    span,
  )
  return kept(keepColumns(unionAll([matched, renamed], false, span), columns, span))
}
