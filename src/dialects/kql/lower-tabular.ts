import type { Relation } from '../../ir/relation.js'
import { literal, reference, type Scalar } from '../../ir/scalar.js'
import { findTable, type QueryTable } from '../../ir/schema.js'
import { type Column, column, isNumeric, type ScalarType } from '../../ir/types.js'
import type { Value } from '../../ir/value.js'
import { commonType, convert } from './convert.js'
import { graphOf } from './graph.js'
import { jsonOf, lowerLiteral, lowerType } from './literals.js'
import { callFunction, callPattern, type FunctionResult } from './lower-function.js'
import { type Environment, lowerConstant } from './lower-scalar.js'
import { OPERATORS, SOURCE_OPERATORS } from './operators.js'
import { savedRows } from './saved-functions.js'
import { closestName, findName, note, refuse, refuseForm, spend } from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

/** An expression that gives rows. Throws `Refusal`. */
export function lowerTabular(node: KqlNode, env: Environment): Relation {
  const relation = lowerTabularOrGraph(node, env)
  return graphOf(relation) ? refuseForm('a graph where rows are expected', node.span) : relation
}

/** As `lowerTabular`, where a graph will do too: before an operator on graphs, and under a name. */
export function lowerTabularOrGraph(node: KqlNode, env: Environment): Relation {
  spend(env.context, node)
  const source = SOURCE_OPERATORS[node.kind]
  if (source) return source(node, env)
  switch (node.kind) {
    case 'PipeExpression':
      return lowerPipe(node, env)
    case 'ParenthesizedExpression':
    case 'MaterializeExpression':
    case 'ToTableExpression':
    case 'DataScopeExpression':
      return lowerTabularOrGraph(child(node, 'Expression'), env)
    case 'NameReference':
      return lowerTableName(node, env)
    case 'FunctionCallExpression':
      return lowerTableCall(node, env)
    case 'PathExpression':
      return lowerQualified(node, env)
    case 'DataTableExpression':
      return lowerDataTable(node, env)
    case 'ExternalDataExpression':
      return lowerExternalData(node, env)
    default:
      return refuseForm(`\`${node.kind.replace(/(Operator|Expression)$/, '')}\` as a source of rows`, node.span)
  }
}

// A pipe is as deep as it has operators; it is walked, not recursed into.
function lowerPipe(node: KqlNode, env: Environment): Relation {
  const operators: KqlNode[] = []
  let at = node
  while (at.kind === 'PipeExpression') {
    operators.push(child(at, 'Operator'))
    at = child(at, 'Expression')
  }
  return operators
    .reverse()
    .reduce((input, operator) => lowerOperator(operator, input, env), lowerTabularOrGraph(at, env))
}

/** One operator on the rows before it. */
export function lowerOperator(node: KqlNode, input: Relation, env: Environment): Relation {
  spend(env.context, node)
  const lower = OPERATORS[node.kind]
  if (graphOf(input) && !node.kind.startsWith('Graph'))
    return refuseForm('an operator on rows after a graph', node.span)
  if (lower) return lower(node, input, { ...env, columns: input.columns, input })
  return refuse('unsupported-operator', node.span, { language: 'KQL', operator: operatorName(node, env) })
}

const operatorName = (node: KqlNode, env: Environment): string =>
  /^[\w-]+/.exec(env.context.source.slice(node.span.start))?.[0] ?? node.kind

/** Whether an expression gives rows and not a value. */
export function isTabular(node: KqlNode, env: Environment): boolean {
  if (SOURCE_OPERATORS[node.kind]) return true
  switch (node.kind) {
    case 'PipeExpression':
    case 'DataTableExpression':
    case 'ExternalDataExpression':
    case 'MaterializeExpression':
    case 'ToTableExpression':
    case 'DataScopeExpression':
      return true
    case 'ParenthesizedExpression':
      return isTabular(child(node, 'Expression'), env)
    case 'NameReference': {
      if (env.columns.some(({ name }) => name === node.text)) return false
      const bound = findName(env.scope, node.text)
      if (bound) return bound.kind === 'table' || (bound.kind === 'function' && isTableFunction(bound.declaration))
      return findTable(env.context.schema, node.text) !== undefined
    }
    case 'FunctionCallExpression': {
      const name = child(node, 'Name').text
      const bound = findName(env.scope, name)
      if (bound?.kind === 'function' || bound?.kind === 'pattern') {
        return callFunction(bound, items(child(node, 'ArgumentList'), 'Expressions'), node, env).isTable()
      }
      return TABLE_FUNCTIONS.has(name) || env.context.schema.functions?.get(name)?.kind === 'rows'
    }
    case 'PathExpression': {
      const base = child(node, 'Expression')
      if (base.kind === 'PathExpression') return isTabular(base, env)
      const pattern = patternCall(node, env)
      if (pattern) return pattern.isTable()
      return base.kind === 'FunctionCallExpression' && QUALIFIERS.has(child(base, 'Name').text)
    }
    default:
      return false
  }
}

const isTableFunction = (declaration: KqlNode): boolean =>
  items(child(declaration, 'Parameters'), 'Parameters').length === 0

const QUALIFIERS: ReadonlySet<string> = new Set(['cluster', 'database', 'workspace', 'app', 'resource', 'adx', 'arg'])
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['table', 'materialize', '_GetWatchlist', 'view'])

function lowerTableName(node: KqlNode, env: Environment): Relation {
  const bound = findName(env.scope, node.text)
  if (bound?.kind === 'table') return bound.relation
  if (bound?.kind === 'function') return callFunction(bound, [], node, env).table()
  if (bound?.kind === 'scalar')
    return refuse('type-mismatch', node.span, {
      what: `\`${node.text}\``,
      expected: 'a table',
      found: bound.value.type,
    })
  const table = findTable(env.context.schema, node.text)
  if (table) return tableSource(table, node, env)
  const known = [...env.context.schema.tables.keys()]
  return refuse('unknown-table', node.span, { name: node.text, closest: closestName(node.text, known), known })
}

export function tableSource(table: QueryTable, node: KqlNode, env: Environment): Relation {
  const { context } = env
  if (table.name !== node.text && node.kind === 'NameReference')
    note(context, 'name-case', node.span, { found: node.text, name: table.name })
  if (!table.filled) note(context, 'table-not-in-telemetry', node.span, { table: table.name })
  const columns = [...table.columns]
  for (const missing of context.missingColumns) {
    const [tableName, name] = missing.split('\u0000') as [string, string]
    if (tableName !== table.name || columns.some((known) => known.name === name)) continue
    columns.push(column(name, 'string'))
    note(context, 'column-not-in-schema', node.span, { table: table.name, column: name })
  }
  return { kind: 'table', name: table.name, columns, span: node.span }
}

function lowerTableCall(node: KqlNode, env: Environment): Relation {
  const name = child(node, 'Name').text
  const args = items(child(node, 'ArgumentList'), 'Expressions')
  const bound = findName(env.scope, name)
  if (bound?.kind === 'function' || bound?.kind === 'pattern') return callFunction(bound, args, node, env).table()
  if (name === 'materialize' && args[0]) return lowerTabular(args[0], env)
  if (name === 'table' && args[0]) {
    const value = lowerConstant(args[0], env)
    const table = value.kind === 'literal' && typeof value.value === 'string' ? value.value : ''
    return lowerTableName({ ...node, kind: 'NameReference', text: table, fields: {} }, env)
  }
  if (/^_GetWatchlist$/i.test(name)) return lowerWatchlist(args, node, env)
  const saved = env.context.schema.functions?.get(name)
  if (saved?.kind === 'rows') return savedRows(saved, args, node, env)
  const closest = closestName(name, [...env.context.schema.tables.keys()])
  return refuse('unsupported-function', child(node, 'Name').span, { language: 'KQL', name, closest })
}

/** `_GetWatchlist('name')`: the rows of a list that is kept beside the events. */
function lowerWatchlist(args: readonly KqlNode[], node: KqlNode, env: Environment): Relation {
  const { watchlists } = env.context.schema
  if (!watchlists) return refuseForm('a watchlist without a folder of watchlists', node.span)
  const value = args[0] && lowerConstant(args[0], env)
  const name = value?.kind === 'literal' && typeof value.value === 'string' ? value.value : ''
  const found = watchlists.get(name.toLowerCase())
  if (found) return { kind: 'rows', columns: found.columns, rows: found.rows, span: node.span }
  const known = [...watchlists.values()].map((each) => each.name)
  return refuse('unknown-watchlist', (args[0] ?? node).span, { name, closest: closestName(name, known), known })
}

/** `database("x").Table`, `workspace("x").Table`: there is one store, so the qualifier says nothing here. */
function lowerQualified(node: KqlNode, env: Environment): Relation {
  const base = child(node, 'Expression')
  const selector = child(node, 'Selector')
  const pattern = patternCall(node, env)
  if (pattern) return pattern.table()
  if (base.kind === 'FunctionCallExpression' && QUALIFIERS.has(child(base, 'Name').text)) {
    note(env.context, 'qualifier-ignored', base.span, { qualifier: child(base, 'Name').text })
    return lowerTabular(selector, env)
  }
  if (base.kind === 'PathExpression')
    return lowerQualified({ ...node, fields: { ...node.fields, Expression: child(base, 'Selector') } }, env)
  return refuseForm('this qualified name', node.span)
}

/** `pattern(arguments).path`, where `pattern` is one that the query declares. */
function patternCall(node: KqlNode, env: Environment): FunctionResult | undefined {
  const base = child(node, 'Expression')
  if (base.kind !== 'FunctionCallExpression') return undefined
  const bound = findName(env.scope, child(base, 'Name').text)
  if (bound?.kind !== 'pattern') return undefined
  const args = items(child(base, 'ArgumentList'), 'Expressions')
  return callPattern(bound, args, child(node, 'Selector').text, node, env)
}

export function readSchema(node: KqlNode): Column[] {
  return items(node, 'Columns').map((declared) =>
    column(child(declared, 'Name').text, lowerType(child(declared, 'Type'))),
  )
}

function lowerDataTable(node: KqlNode, env: Environment): Relation {
  const columns = readSchema(child(node, 'Schema'))
  const values = items(node, 'Values')
  if (columns.length === 0) return refuseForm('a datatable without columns', node.span)
  const rows: Value[][] = []
  for (let start = 0; start + columns.length <= values.length; start += columns.length) {
    rows.push(columns.map((declared, index) => constantValue(values[start + index]!, declared.type, env)))
  }
  if (values.length % columns.length !== 0) {
    return refuse('bad-argument-count', node.span, {
      name: 'datatable',
      expected: `a multiple of ${columns.length} values`,
      found: values.length,
    })
  }
  return { kind: 'rows', columns, rows, span: node.span }
}

/** A written-out value of a datatable cell. */
function constantValue(node: KqlNode, type: ScalarType, env: Environment): Value {
  const value = lowerLiteral(node) ?? lowerConstant(node, env)
  if (value.kind === 'literal') {
    if (type === 'dynamic') return jsonOf(value)
    const plain = coerce(value, type)
    if (plain !== undefined) return plain
  }
  return refuseForm('a datatable cell that is no literal of the column’s type', node.span)
}

function coerce(value: Extract<Scalar, { kind: 'literal' }>, type: ScalarType): Value | undefined {
  if (value.type === type || (commonType(value.type, type) === type && isNumeric(type) && type !== 'real'))
    return value.value
  if (value.value === null) return type === 'string' ? '' : null
  if (isNumeric(type) && isNumeric(value.type))
    return type === 'real' || type === 'decimal' ? Number(value.value) : BigInt(Math.trunc(Number(value.value)))
  const converted = convert(value, type)
  if (converted.kind === 'literal') return converted.value
  if (type === 'string' && (typeof value.value === 'bigint' || typeof value.value === 'boolean'))
    return String(value.value)
  return undefined
}

function lowerExternalData(node: KqlNode, env: Environment): Relation {
  const columns = readSchema(child(node, 'Schema'))
  const uris = items(node, 'URIs').map((uri) => uri.text)
  note(env.context, 'external-data-not-read', node.span, { place: uris[0]?.split(';')[0]?.slice(0, 80) ?? '' })
  return { kind: 'rows', columns, rows: [], span: node.span }
}

/** A column's value as it stands, for passing columns through. */
export const pass = ({ name, type }: Column): { name: string; value: Scalar } => ({
  name,
  value: reference(name, type),
})

/** A null of a type; of a string the empty text. */
export const emptyOf = (type: ScalarType): Scalar => literal(type, type === 'string' ? '' : null)
