import type { AggregateCall, Assignment, JoinKind, Relation, SortKey, UnnestItem } from '../../ir/relation.js'
import { and, call, type Literal, literal, or, reference, type Scalar, text } from '../../ir/scalar.js'
import { findTable } from '../../ir/schema.js'
import { type Column, column, isWhole, type ScalarType } from '../../ir/types.js'
import { isArray } from '../../ir/value.js'
import { diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { isLike } from '../../text/wildcard.js'
import { convert, unwrap } from './convert.js'
import { lowerGraphToTable, lowerGraphWhere, lowerMakeGraph, lowerMarkComponents } from './graph.js'
import { lowerGraphMatch, lowerShortestPaths } from './graph-match.js'
import { SEVERAL, typeArgument } from './lower-call.js'
import { callFunction } from './lower-function.js'
import { asString, type Environment, findColumn, lowerCondition, lowerConstant, lowerScalar } from './lower-scalar.js'
import { emptyOf, lowerOperator, lowerTabular, pass, tableSource } from './lower-tabular.js'
import { lowerMakeSeries } from './make-series.js'
import { lowerParse, lowerParseKv } from './parse-operator.js'
import { lowerEvaluate } from './plugins.js'
import { lowerScan } from './scan.js'
import {
  closestName,
  columnNames,
  findName,
  freshName,
  namesInScope,
  note,
  Refusal,
  refuse,
  refuseForm,
  uniqueName,
} from './scope.js'
import { lowerSummarize } from './summarize.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'
import { lowerTopHitters, lowerTopNested } from './top-nested.js'

type LowerOperator = (node: KqlNode, input: Relation, env: Environment) => Relation
type LowerSource = (node: KqlNode, env: Environment) => Relation

/** Operators after a pipe, by the name the syntax tree gives them. What is not listed is refused by name. */
export const OPERATORS: Readonly<Record<string, LowerOperator>> = {
  FilterOperator: (node, input, env) => filtered(input, child(node, 'Condition'), env, node.span),
  ExtendOperator: lowerExtend,
  ProjectOperator: lowerProject,
  ProjectAwayOperator: (node, input, env) =>
    keepColumns(input, withoutColumns(input, selectColumns(node, input, env)), node.span),
  ProjectKeepOperator: (node, input, env) =>
    keepColumns(input, inInputOrder(input, selectColumns(node, input, env)), node.span),
  ProjectByNamesOperator: lowerProjectByNames,
  ProjectRenameOperator: lowerRename,
  ProjectReorderOperator: lowerReorder,
  SummarizeOperator: lowerSummarize,
  DistinctOperator: lowerDistinct,
  SortOperator: lowerSort,
  TopOperator: lowerTop,
  TakeOperator: (node, input, env) => take(input, child(node, 'Expression'), env, node.span),
  SampleOperator: (node, input, env) => take(input, child(node, 'Expression'), env, node.span),
  SampleDistinctOperator: lowerSampleDistinct,
  CountOperator: (node, input) =>
    counted(input, tokenText(field(node, 'AsIdentifier')?.fields.Identifier) ?? 'Count', node.span),
  JoinOperator: lowerJoin,
  LookupOperator: lowerLookup,
  UnionOperator: lowerUnion,
  MvExpandOperator: (node, input, env) => lowerUnnest(node, input, env),
  MvApplyOperator: lowerMvApply,
  ParseOperator: lowerParse,
  ParseWhereOperator: lowerParse,
  ParseKvOperator: lowerParseKv,
  MakeSeriesOperator: lowerMakeSeries,
  TopNestedOperator: lowerTopNested,
  TopHittersOperator: lowerTopHitters,
  SerializeOperator: (node, input, env) => (items(node, 'Expressions').length ? lowerExtend(node, input, env) : input),
  RenderOperator: (_node, input) => input,
  ConsumeOperator: (node, input) => keepColumns(input, [], node.span),
  AsOperator: lowerAs,
  InvokeOperator: lowerInvoke,
  EvaluateOperator: lowerEvaluate,
  GetSchemaOperator: (node, input) => schemaRows(input, node.span),
  SearchOperator: (node, input, env) => lowerSearch(node, [input], env),
  PartitionOperator: lowerPartition,
  ScanOperator: lowerScan,
  MakeGraphOperator: lowerMakeGraph,
  GraphMarkComponentsOperator: (node, input) => lowerMarkComponents(node, input),
  GraphWhereNodesOperator: (node, input, env) => lowerGraphWhere('nodes', node, input, env),
  GraphWhereEdgesOperator: (node, input, env) => lowerGraphWhere('edges', node, input, env),
  GraphMatchOperator: lowerGraphMatch,
  GraphShortestPathsOperator: lowerShortestPaths,
  GraphToTableOperator: lowerGraphToTable,
  ReduceByOperator: (node, _input, env) => unsupported(node, env),
  FacetOperator: (node) => refuseForm('`facet` before the end of a query', node.span),
  ForkOperator: (node) => refuseForm('`fork` before the end of a query', node.span),
}

/** Operators that may begin a query. */
export const SOURCE_OPERATORS: Readonly<Record<string, LowerSource>> = {
  PrintOperator: lowerPrint,
  RangeOperator: lowerRange,
  UnionOperator: (node, env) => lowerUnion(node, undefined, env),
  SearchOperator: (node, env) => lowerSearch(node, [], env),
  FindOperator: lowerFind,
}

const unsupported = (node: KqlNode, env: Environment): never =>
  refuse('unsupported-operator', node.span, {
    language: 'KQL',
    operator: /^[\w-]+/.exec(env.context.source.slice(node.span.start))?.[0] ?? node.kind,
  })

/** Runs `use` with a place for window calls and puts what it gathers under the relation that uses them. */
export function withWindows<T>(
  input: Relation,
  env: Environment,
  use: (env: Environment) => T,
): { value: T; input: Relation } {
  const windows: Assignment[] = []
  const value = use({ ...env, windows })
  let under = input
  // Each window column may use those before it, so they are stacked.
  for (const window of windows) under = windowed(under, window)
  return { value, input: under }
}

const windowed = (input: Relation, assignment: Assignment): Relation => ({
  kind: 'window',
  input,
  assignments: [assignment],
  columns: [...input.columns, column(assignment.name, assignment.value.type)],
  span: assignment.value.span,
})

export function filter(input: Relation, condition: Scalar, span: Span): Relation {
  return { kind: 'filter', input, condition, columns: input.columns, span }
}

function filtered(input: Relation, node: KqlNode, env: Environment, span: Span): Relation {
  const { value, input: under } = withWindows(input, env, (inner) => lowerCondition(node, inner))
  const rows = filter(under, value, span)
  return under === input ? rows : keepColumns(rows, input.columns, span)
}

export function extend(input: Relation, assignments: readonly Assignment[], span: Span): Relation {
  if (assignments.length === 0) return input
  const added = new Map(assignments.map(({ name, value }) => [name, value.type]))
  const columns = input.columns.map(({ name, type }) => column(name, added.get(name) ?? type))
  const known = columnNames(input.columns)
  for (const [name, type] of added) if (!known.has(name)) columns.push(column(name, type))
  return { kind: 'extend', input, assignments, columns, span }
}

export function project(input: Relation, assignments: readonly Assignment[], span: Span): Relation {
  return {
    kind: 'project',
    input,
    assignments,
    columns: assignments.map(({ name, value }) => column(name, value.type)),
    span,
  }
}

export const keepColumns = (input: Relation, columns: readonly Column[], span: Span): Relation =>
  project(input, columns.map(pass), span)

interface Named {
  readonly name: string | undefined
  /** What the expression would be called where no name is given. */
  readonly suggested: string | undefined
  readonly value: Scalar
}

/** The expressions of a list with the names they are given; `(a, b) = f()` is several. */
export function lowerNamed(node: KqlNode, env: Environment): Named[] {
  if (node.kind === 'SimpleNamedExpression') {
    return [
      { name: child(node, 'Name').text, suggested: undefined, value: lowerScalar(child(node, 'Expression'), env) },
    ]
  }
  if (node.kind === 'CompoundNamedExpression') return lowerCompound(node, env)
  return (
    lowerSeveral(node, undefined, env) ?? [
      { name: undefined, suggested: suggestName(node), value: lowerScalar(node, env) },
    ]
  )
}

function lowerCompound(node: KqlNode, env: Environment): Named[] {
  const names = items(child(node, 'Names'), 'Names').map(({ text: name }) => name)
  const expression = child(node, 'Expression')
  const several = lowerSeveral(expression, names, env)
  if (several) return several
  const value = lowerScalar(expression, env)
  if (names.length === 1) return [{ name: names[0], suggested: undefined, value }]
  return refuseForm('several names for one value', node.span)
}

/** Calls that give several columns at once. */
function lowerSeveral(node: KqlNode, names: readonly string[] | undefined, env: Environment): Named[] | undefined {
  if (node.kind !== 'FunctionCallExpression') return undefined
  const called = child(node, 'Name').text
  const args = items(child(node, 'ArgumentList'), 'Expressions')
  const parts = SEVERAL[called]
  if (parts) {
    const value = lowerScalar(node, env)
    const prefix = suggestName(args[0]!) ?? 'Column1'
    return parts
      .map((part, index) => ({
        name: names?.[index],
        suggested: `${called}_${prefix}_${part}`,
        value: seriesPart({ kind: 'access', type: 'dynamic', value, key: text(part), span: node.span }, part),
      }))
      .slice(0, names?.length ?? parts.length)
  }
  if (called === 'array_sort_asc' || called === 'array_sort_desc') {
    if (args.length < 2) return undefined
    const first = lowerScalar(node, env)
    const sorted = first.kind === 'access' ? first.value : first
    const arrays = args.filter((argument) => argument.kind !== 'BooleanLiteralExpression')
    if (arrays.length < 2 && !names) return undefined
    return arrays.map((argument, index) => ({
      name: names?.[index],
      suggested: `${suggestName(argument) ?? 'array'}_sorted`,
      value: { kind: 'access', type: 'dynamic', value: sorted, key: literal('long', BigInt(index)), span: node.span },
    }))
  }
  return undefined
}

const seriesPart = (value: Scalar, part: string): Scalar =>
  part === 'line_fit' ? value : unwrap(value, part.endsWith('_idx') ? 'long' : 'real')

/** Kusto names a column after what it comes from, for the functions where it does. */
export function suggestName(node: KqlNode): string | undefined {
  switch (node.kind) {
    case 'NameReference':
      return node.text
    case 'SimpleNamedExpression':
      return child(node, 'Name').text
    case 'ParenthesizedExpression':
      return suggestName(child(node, 'Expression'))
    case 'PathExpression': {
      const selector = child(node, 'Selector')
      const base = suggestName(child(node, 'Expression'))
      if (base === '$left' || base === '$right') return selector.text
      return base && selector.text ? `${base}_${selector.text}` : undefined
    }
    case 'ElementExpression': {
      const base = suggestName(child(node, 'Expression'))
      const key = child(child(node, 'Selector'), 'Expression')
      const part = key.text || key.fields.Token?.text
      return base && part && /^\w+$/.test(part) ? `${base}_${part}` : undefined
    }
    case 'FunctionCallExpression': {
      const first = items(child(node, 'ArgumentList'), 'Expressions')[0]
      return PASS_NAME.has(child(node, 'Name').text) && first ? suggestName(first) : undefined
    }
    default:
      return undefined
  }
}

const PASS_NAME: ReadonlySet<string> = new Set(
  'tostring toint tolong todouble toreal tobool todatetime totimespan toguid todecimal tohex bin bin_at bin_auto floor ceiling round startofday abs sqrt log log10 log2 exp exp2 todynamic parse_json'.split(
    ' ',
  ),
)

/** Gives every expression its name, counting where Kusto counts. */
export function assignNames(
  list: readonly Named[],
  taken: Set<string>,
  fallback: (index: number) => string,
): Assignment[] {
  let unnamed = 0
  return list.map(({ name, suggested, value }) => {
    if (name !== undefined) {
      taken.add(name)
      return { name, value }
    }
    const unique = uniqueName(suggested ?? fallback(unnamed++), taken)
    taken.add(unique)
    return { name: unique, value }
  })
}

function lowerExtend(node: KqlNode, input: Relation, env: Environment): Relation {
  const { value, input: under } = withWindows(input, env, (inner) =>
    items(node, 'Expressions').flatMap((item) => lowerNamed(item, inner)),
  )
  const taken = new Set(columnNames(input.columns))
  const assignments = value.map((named) => {
    if (named.name !== undefined) return { name: named.name, value: named.value }
    const name = uniqueName(named.suggested ?? 'Column1', taken)
    taken.add(name)
    return { name, value: named.value }
  })
  // Later expressions of one `extend` may use the names that earlier ones give.
  const rows = extend(under, lastOfEach(assignments), node.span)
  return under === input
    ? rows
    : keepColumns(
        rows,
        rows.columns.filter(({ name }) => !name.startsWith('$window')),
        node.span,
      )
}

function lastOfEach(assignments: readonly Assignment[]): Assignment[] {
  return [...new Map(assignments.map((assignment) => [assignment.name, assignment])).values()]
}

function lowerProject(node: KqlNode, input: Relation, env: Environment): Relation {
  const { value, input: under } = withWindows(input, env, (inner) =>
    items(node, 'Expressions').flatMap((item) => lowerNamed(item, inner)),
  )
  const taken = new Set(value.flatMap(({ name }) => (name === undefined ? [] : [name])))
  return project(under, lastOfEach(assignNames(value, taken, (index) => `Column${index + 1}`)), node.span)
}

/** The columns that a list of names with wildcards means; a name that is no column is refused. */
function selectColumns(node: KqlNode, input: Relation, env: Environment): Column[] {
  return items(node, 'Expressions').flatMap((item) => selectOne(item, input, env))
}

function selectOne(item: KqlNode, input: Relation, env: Environment): Column[] {
  const target = item.kind === 'OrderedExpression' ? child(item, 'Expression') : item
  if (target.kind === 'StarExpression') return [...input.columns]
  const source = env.context.source.slice(target.span.start, target.span.end)
  const bracketed = target.fields.Name?.kind === 'BracketedName'
  if (!bracketed && source.includes('*')) {
    const pattern = wildcard(source)
    return input.columns.filter(({ name }) => pattern.test(name))
  }
  const found = findColumn(input.columns, target.text)
  if (found) return [found]
  const known = input.columns.map(({ name }) => name)
  throw new Refusal({ ...refusalOf(target, known) }, target.text ? { name: target.text, input } : undefined)
}

const refusalOf = (node: KqlNode, known: readonly string[]) =>
  diagnose('unknown-name', node.span, { name: node.text, closest: closestName(node.text, known) })

export const wildcard = (pattern: string): { test(name: string): boolean } => {
  // Only the star means something in names; a question mark is one.
  const letters = [...pattern].map((letter) => (letter === '?' ? '\\?' : letter))
  return { test: (name) => isLike([...name], letters) }
}

const withoutColumns = (input: Relation, gone: readonly Column[]): Column[] => {
  const names = columnNames(gone)
  return input.columns.filter(({ name }) => !names.has(name))
}

const inInputOrder = (input: Relation, kept: readonly Column[]): Column[] => {
  const names = columnNames(kept)
  return input.columns.filter(({ name }) => names.has(name))
}

function lowerProjectByNames(node: KqlNode, input: Relation, env: Environment): Relation {
  const wanted = items(node, 'Expressions').flatMap((item) => {
    const value = lowerConstant(item, env)
    if (value.kind !== 'literal') return refuseForm('a name that is not known before the query runs', item.span)
    return isArray(value.value) ? value.value.map(String) : [String(value.value)]
  })
  const kept = wanted.flatMap((name) =>
    name.includes('*')
      ? input.columns.filter((known) => wildcard(name).test(known.name))
      : input.columns.filter((known) => known.name === name),
  )
  return keepColumns(input, [...new Map(kept.map((known) => [known.name, known])).values()], node.span)
}

function lowerRename(node: KqlNode, input: Relation, env: Environment): Relation {
  const names = new Map<string, string>()
  for (const item of items(node, 'Expressions')) {
    if (item.kind !== 'SimpleNamedExpression') return refuseForm('a renaming without a new name', item.span)
    const [found] = selectOne(child(item, 'Expression'), input, env)
    if (found) names.set(found.name, child(item, 'Name').text)
  }
  return project(
    input,
    input.columns.map((known) => ({ ...pass(known), name: names.get(known.name) ?? known.name })),
    node.span,
  )
}

function lowerReorder(node: KqlNode, input: Relation, env: Environment): Relation {
  const first: Column[] = []
  for (const item of items(node, 'Expressions')) {
    const found = selectOne(item, input, env).filter((known) => !first.includes(known))
    const order = item.kind === 'OrderedExpression' ? env.context.source.slice(item.span.start, item.span.end) : ''
    if (/\basc\b/.test(order)) found.sort((left, right) => (left.name < right.name ? -1 : 1))
    if (/\bdesc\b/.test(order)) found.sort((left, right) => (left.name > right.name ? -1 : 1))
    first.push(...found)
  }
  return keepColumns(input, [...first, ...withoutColumns(input, first)], node.span)
}

function lowerDistinct(node: KqlNode, input: Relation, env: Environment): Relation {
  const list = items(node, 'Expressions').flatMap((item): Named[] =>
    item.kind === 'StarExpression'
      ? input.columns.map((known) => ({ name: known.name, suggested: undefined, value: pass(known).value }))
      : lowerNamed(item, env),
  )
  const taken = new Set(list.flatMap(({ name }) => (name === undefined ? [] : [name])))
  const by = lastOfEach(assignNames(list, taken, (index) => `Column${index + 1}`))
  return {
    kind: 'aggregate',
    input,
    by,
    aggregates: [],
    columns: by.map(({ name, value }) => column(name, value.type)),
    span: node.span,
  }
}

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

function lowerSort(node: KqlNode, input: Relation, env: Environment): Relation {
  const keys = items(node, 'Expressions').map((item) => lowerSortKey(item, env))
  return { kind: 'sort', input, keys, columns: input.columns, span: node.span }
}

function lowerTop(node: KqlNode, input: Relation, env: Environment): Relation {
  const key = lowerSortKey(child(node, 'ByExpression'), env)
  return take(
    { kind: 'sort', input, keys: [key], columns: input.columns, span: node.span },
    child(node, 'Expression'),
    env,
    node.span,
  )
}

function take(input: Relation, node: KqlNode, env: Environment, span: Span): Relation {
  const count = lowerConstant(node, env)
  if (!isWhole(count.type))
    return refuse('type-mismatch', node.span, {
      what: 'the number of rows',
      expected: 'a whole number',
      found: count.type,
    })
  return { kind: 'take', input, count, columns: input.columns, span }
}

function lowerSampleDistinct(node: KqlNode, input: Relation, env: Environment): Relation {
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

export function counted(input: Relation, name: string, span: Span): Relation {
  const aggregates: AggregateCall[] = [{ name, function: 'count', arguments: [], condition: undefined, type: 'long' }]
  return { kind: 'aggregate', input, by: [], aggregates, columns: [column(name, 'long')], span }
}

const JOIN_KINDS: Readonly<Record<string, JoinKind>> = {
  inner: 'inner',
  innerunique: 'inner-unique',
  leftouter: 'left-outer',
  rightouter: 'right-outer',
  fullouter: 'full-outer',
  leftsemi: 'left-semi',
  rightsemi: 'right-semi',
  leftanti: 'left-anti',
  anti: 'left-anti',
  leftantisemi: 'left-anti',
  rightanti: 'right-anti',
  rightantisemi: 'right-anti',
}

function lowerJoin(node: KqlNode, left: Relation, env: Environment): Relation {
  const options = parameters(node)
  const written = (tokenText(options.get('kind')) ?? 'innerunique').toLowerCase()
  const how = JOIN_KINDS[written] ?? refuseForm(`\`join kind=${written}\``, node.span)
  const right = lowerTabular(child(node, 'Expression'), outside(env))
  const clause = field(node, 'ConditionClause')
  const on =
    clause?.kind === 'JoinOnClause'
      ? joinKeys(items(clause, 'Expressions'), left, right, env)
      : refuseForm('a join without `on`', node.span)
  return join(how, left, right, on, node.span, false)
}

function lowerLookup(node: KqlNode, left: Relation, env: Environment): Relation {
  const written = (tokenText(parameters(node).get('kind')) ?? 'leftouter').toLowerCase()
  if (written !== 'leftouter' && written !== 'inner') return refuseForm(`\`lookup kind=${written}\``, node.span)
  const right = lowerTabular(child(node, 'Expression'), outside(env))
  const clause = child(node, 'LookupClause')
  return join(
    JOIN_KINDS[written]!,
    left,
    right,
    joinKeys(items(clause, 'Expressions'), left, right, env),
    node.span,
    true,
  )
}

/** A table on the other side sees no row of this one. */
const outside = (env: Environment): Environment => ({
  ...env,
  columns: [],
  input: undefined,
  aggregates: undefined,
  windows: undefined,
})

interface JoinKey {
  readonly left: Scalar
  readonly right: Scalar
}

function joinKeys(nodes: readonly KqlNode[], left: Relation, right: Relation, env: Environment): JoinKey[] {
  return nodes.flatMap((node) => joinKey(node, left, right, env))
}

function joinKey(node: KqlNode, left: Relation, right: Relation, env: Environment): JoinKey[] {
  if (node.kind === 'AndExpression')
    return [...joinKey(child(node, 'Left'), left, right, env), ...joinKey(child(node, 'Right'), left, right, env)]
  if (node.kind === 'ParenthesizedExpression') return joinKey(child(node, 'Expression'), left, right, env)
  if (node.kind === 'EqualExpression') {
    const sides = [child(node, 'Left'), child(node, 'Right')] as const
    const flipped = startsWith(sides[0], '$right') || startsWith(sides[1], '$left')
    const [leftNode, rightNode] = flipped ? [sides[1], sides[0]] : sides
    return [sameKeyType(sideValue(leftNode, left, right, 'left', env), sideValue(rightNode, left, right, 'right', env))]
  }
  if (node.kind !== 'NameReference') return refuseForm('this join condition', node.span)
  const pick = (side: Relation): Scalar => {
    const found = findColumn(side.columns, node.text)
    if (!found)
      throw new Refusal(
        refusalOf(
          node,
          side.columns.map(({ name }) => name),
        ),
        { name: node.text, input: side },
      )
    return reference(found.name, found.type, node.span)
  }
  return [sameKeyType(pick(left), pick(right))]
}

function startsWith(node: KqlNode, side: string): boolean {
  if (node.kind === 'PathExpression' || node.kind === 'ElementExpression')
    return startsWith(child(node, 'Expression'), side)
  return node.kind === 'NameReference' && node.text === side
}

function sideValue(node: KqlNode, left: Relation, right: Relation, side: 'left' | 'right', env: Environment): Scalar {
  const input = side === 'left' ? left : right
  if (
    node.kind === 'PathExpression' &&
    child(node, 'Expression').kind === 'NameReference' &&
    child(node, 'Expression').text === `$${side}`
  ) {
    const selector = child(node, 'Selector')
    const found = findColumn(input.columns, selector.text)
    if (!found)
      throw new Refusal(
        refusalOf(
          selector,
          input.columns.map(({ name }) => name),
        ),
        { name: selector.text, input },
      )
    return reference(found.name, found.type, node.span)
  }
  const sides = { left: left.columns, right: right.columns }
  return stripSide(lowerScalar(node, { ...env, columns: input.columns, input, sides }), `$${side}.`)
}

const stripSide = (value: Scalar, prefix: string): Scalar => {
  if (value.kind === 'column' && value.name.startsWith(prefix))
    return { ...value, name: value.name.slice(prefix.length) }
  if (value.kind === 'access') return { ...value, value: stripSide(value.value, prefix) }
  if (value.kind === 'call')
    return { ...value, arguments: value.arguments.map((argument) => stripSide(argument, prefix)) }
  return value
}

function sameKeyType(left: Scalar, right: Scalar): JoinKey {
  if (left.type === right.type && left.type !== 'dynamic') return { left, right }
  if (left.type === 'dynamic' || right.type === 'dynamic' || left.type === 'string' || right.type === 'string') {
    return { left: asString(left), right: asString(right) }
  }
  const type: ScalarType = left.type === 'real' || right.type === 'real' ? 'real' : left.type
  return { left: convert(left, type), right: convert(right, type) }
}

/** The columns of a join: the left's, then the right's with a number where the name is taken. */
function join(
  how: JoinKind,
  left: Relation,
  right: Relation,
  on: readonly JoinKey[],
  span: Span,
  dropKeys: boolean,
): Relation {
  const output: { name: string; side: 'left' | 'right'; column: string }[] = []
  const columns: Column[] = []
  const taken = new Set<string>()
  const give = (side: 'left' | 'right', known: Column): void => {
    const name = uniqueName(known.name, taken)
    taken.add(name)
    output.push({ name, side, column: known.name })
    columns.push(column(name, known.type))
  }
  const keyNames = new Set(on.map(({ right: key }) => (key.kind === 'column' ? key.name : '')))
  const wantsLeft = how !== 'right-semi' && how !== 'right-anti'
  const wantsRight = how !== 'left-semi' && how !== 'left-anti'
  if (wantsLeft) for (const known of left.columns) give('left', known)
  if (wantsRight) for (const known of right.columns) if (!dropKeys || !keyNames.has(known.name)) give('right', known)
  return { kind: 'join', how, left, right, on, output, columns, span }
}

interface Branch {
  readonly label: string | undefined
  readonly rows: Relation
}

function lowerUnion(node: KqlNode, input: Relation | undefined, env: Environment): Relation {
  const options = parameters(node)
  const fuzzy = /true/i.test(sourceOf(options.get('isfuzzy'), env))
  const branches: Branch[] = input ? [{ label: undefined, rows: input }] : []
  for (const item of items(node, 'Expressions')) branches.push(...unionBranches(item, fuzzy, outside(env)))
  if (branches.length === 0) return refuseForm('a union of no known tables', node.span)
  const source = tokenText(options.get('withsource'))
  const labelled =
    source === undefined
      ? branches.map(({ rows }) => rows)
      : branches.map(({ rows, label }, index) => labelRows(rows, source, label ?? `union_arg${index}`, node.span))
  return unionAll(labelled, (tokenText(options.get('kind')) ?? 'outer').toLowerCase() === 'inner', node.span)
}

const sourceOf = (node: KqlNode | undefined, env: Environment): string =>
  node ? env.context.source.slice(node.span.start, node.span.end) : ''

function labelRows(rows: Relation, name: string, label: string, span: Span): Relation {
  return project(
    rows,
    [{ name, value: text(label) }, ...rows.columns.filter((known) => known.name !== name).map(pass)],
    span,
  )
}

function unionBranches(item: KqlNode, fuzzy: boolean, env: Environment): Branch[] {
  const source = env.context.source.slice(item.span.start, item.span.end)
  if (item.kind === 'NameReference' && source.includes('*')) {
    const pattern = wildcard(source)
    const found: Branch[] = []
    const seen = new Set<string>()
    for (const [name, bound] of namesInScope(env.scope)) {
      if (!pattern.test(name) || seen.has(name)) continue
      seen.add(name)
      if (bound.kind === 'function' && bound.declaration.fields.ViewKeyword)
        found.push({ label: name, rows: callFunction(bound, [], item, env).table() })
    }
    const absent = new Map<string, Column>()
    for (const table of env.context.schema.tables.values()) {
      if (!pattern.test(table.name)) continue
      if (table.filled || source.length > 9)
        found.push({ label: table.name, rows: tableSource(table, { ...item, text: table.name }, env) })
      else for (const known of table.columns) absent.set(`${known.name} ${known.type}`, known)
    }
    // Hundreds of tables that nothing fills have no rows, only columns.
    if (absent.size > 0)
      found.push({ label: undefined, rows: { kind: 'rows', columns: [...absent.values()], rows: [], span: item.span } })
    return found
  }
  if (item.kind === 'NameReference') {
    const bound = findName(env.scope, item.text)
    const table = bound ? undefined : findTable(env.context.schema, item.text)
    if (!bound && !table && fuzzy) {
      note(env.context, 'table-not-in-telemetry', item.span, { table: item.text })
      return []
    }
    const label = table?.name ?? (bound?.kind === 'function' ? item.text : undefined)
    return [{ label, rows: lowerTabular(item, env) }]
  }
  return [{ label: nameGiven(item), rows: lowerTabular(item, env) }]
}

/** The name that `as` gives the rows of a pipe. */
function nameGiven(item: KqlNode): string | undefined {
  if (item.kind === 'ParenthesizedExpression') return nameGiven(child(item, 'Expression'))
  if (item.kind !== 'PipeExpression') return undefined
  const last = child(item, 'Operator')
  return last.kind === 'AsOperator' ? child(last, 'Name').text : undefined
}

/** Pairs columns by name. A name that stands for several types becomes a column for each: `x_long`, `x_string`. */
export function unionAll(branches: readonly Relation[], inner: boolean, span: Span): Relation {
  const types = new Map<string, Set<ScalarType>>()
  for (const { columns } of branches) {
    for (const { name, type } of columns) types.set(name, (types.get(name) ?? new Set()).add(type))
  }
  const names = [...types.keys()].filter(
    (name) => !inner || branches.every(({ columns }) => columns.some((known) => known.name === name)),
  )
  const taken = new Set(names)
  const wanted: { from: string; name: string; type: ScalarType }[] = []
  for (const from of names) {
    const kinds = [...types.get(from)!]
    for (const type of kinds) {
      const name = kinds.length === 1 ? from : uniqueName(`${from}_${type}`, taken)
      taken.add(name)
      wanted.push({ from, name, type })
    }
  }
  const inputs = branches.map((branch) =>
    project(
      branch,
      wanted.map(({ from, name, type }) => {
        const found = branch.columns.find((known) => known.name === from && known.type === type)
        return { name, value: found ? reference(from, type) : emptyOf(type) }
      }),
      span,
    ),
  )
  const columns = wanted.map(({ name, type }) => column(name, type))
  return inputs.length === 1 ? inputs[0]! : { kind: 'union', inputs, columns, span }
}

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

function lowerMvApply(node: KqlNode, input: Relation, env: Environment): Relation {
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

function lowerPartition(node: KqlNode, input: Relation, env: Environment): Relation {
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

function lowerAs(node: KqlNode, input: Relation, env: Environment): Relation {
  const name = child(node, 'Name').text
  const unique = `${name}#${++env.context.counter}`
  env.context.bindings.push({ name: unique, relation: input, once: true })
  const source: Relation = { kind: 'bound', name: unique, columns: input.columns, span: node.span }
  env.scope.names.set(name, { kind: 'table', relation: source })
  return source
}

function lowerInvoke(node: KqlNode, input: Relation, env: Environment): Relation {
  const called = child(node, 'Function')
  const name = child(called, 'Name').text
  const args = items(child(called, 'ArgumentList'), 'Expressions')
  const bound = findName(env.scope, name)
  if (bound?.kind === 'function') return callFunction(bound, args, node, outside(env), input).table()
  const columns = SERVICE_COLUMNS[name]
  if (!columns)
    return refuse('unsupported-function', child(called, 'Name').span, { language: 'KQL', name, closest: undefined })
  // What the service knows of a file is not known here; the columns are there and empty.
  note(env.context, 'function-without-data', called.span, { name, instead: 'empty columns' })
  const taken = new Set(columnNames(input.columns))
  const added = columns.map((known) => {
    const unique = uniqueName(known.name, taken)
    taken.add(unique)
    return { name: unique, value: emptyOf(known.type) }
  })
  return extend(input, added, node.span)
}

/** Functions of the Defender portal that look a value up in the service, with the columns they add. */
const SERVICE_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  // https://learn.microsoft.com/defender-xdr/advanced-hunting-fileprofile-function
  FileProfile: [
    column('SHA1', 'string'),
    column('SHA256', 'string'),
    column('MD5', 'string'),
    column('FileSize', 'long'),
    column('GlobalPrevalence', 'long'),
    column('GlobalFirstSeen', 'datetime'),
    column('GlobalLastSeen', 'datetime'),
    column('Signer', 'string'),
    column('Issuer', 'string'),
    column('SignerHash', 'string'),
    column('IsCertificateValid', 'bool'),
    column('IsRootSignerMicrosoft', 'bool'),
    column('SignatureState', 'string'),
    column('IsExecutable', 'bool'),
    column('ThreatName', 'string'),
    column('Publisher', 'string'),
    column('SoftwareName', 'string'),
    column('ProfileAvailability', 'string'),
  ],
  // https://learn.microsoft.com/defender-xdr/advanced-hunting-seenby-function
  SeenBy: [column('SeenBy', 'dynamic')],
  // https://learn.microsoft.com/defender-xdr/advanced-hunting-devicefromip-function
  DeviceFromIP: [column('IP', 'string'), column('DeviceId', 'string')],
}

function schemaRows(input: Relation, span: Span): Relation {
  const columns = [
    column('ColumnName', 'string'),
    column('ColumnOrdinal', 'int'),
    column('DataType', 'string'),
    column('ColumnType', 'string'),
  ]
  const rows = input.columns.map(({ name, type }, index) => [name, BigInt(index), CLR_TYPES[type], type])
  return { kind: 'rows', columns, rows, span }
}

const CLR_TYPES: Readonly<Record<ScalarType, string>> = {
  bool: 'System.SByte',
  int: 'System.Int32',
  long: 'System.Int64',
  real: 'System.Double',
  decimal: 'System.Data.SqlTypes.SqlDecimal',
  datetime: 'System.DateTime',
  timespan: 'System.TimeSpan',
  guid: 'System.Guid',
  string: 'System.String',
  dynamic: 'System.Object',
}

function lowerPrint(node: KqlNode, env: Environment): Relation {
  const source: Relation = { kind: 'rows', columns: [], rows: [[]], span: node.span }
  const list = items(node, 'Expressions').flatMap((item) => lowerNamed(item, { ...env, columns: [], input: source }))
  const taken = new Set(list.flatMap(({ name }) => (name === undefined ? [] : [name])))
  let index = 0
  const assignments = list.map(({ name, value }) => {
    const given = name ?? uniqueName(`print_${index}`, taken)
    index++
    taken.add(given)
    return { name: given, value }
  })
  return project(source, lastOfEach(assignments), node.span)
}

function lowerRange(node: KqlNode, env: Environment): Relation {
  const [from, to, step] = ['From', 'To', 'Step'].map((part) => lowerScalar(child(node, part), outside(env))) as [
    Scalar,
    Scalar,
    Scalar,
  ]
  const time = from.type === 'datetime' || from.type === 'timespan'
  const type: ScalarType = time
    ? from.type
    : [from, to, step].some(({ type: each }) => each === 'real')
      ? 'real'
      : 'long'
  const columns = [column(child(node, 'Name').text, type)]
  return {
    kind: 'range',
    from: convert(from, type),
    to: convert(to, type),
    step: time ? step : convert(step, type),
    columns,
    span: node.span,
  }
}

/** `search "x"`: rows where any column has the term; a bare string in the condition means any column. */
function lowerSearch(node: KqlNode, inputs: readonly Relation[], env: Environment): Relation {
  const clause = field(node, 'InClause')
  const tables = clause ? items(clause, 'Expressions').flatMap((item) => unionBranches(item, true, outside(env))) : []
  const rows: Branch[] = inputs.length ? inputs.map((input) => ({ label: undefined, rows: input })) : tables
  const all = rows.length ? rows : everyTable(node, env)
  if (all.length === 0) return refuseForm('a search of no known tables', node.span)
  const caseText = tokenText(parameters(node).get('kind'))
  const letters = caseText === 'case_sensitive' ? 'sensitive' : 'insensitive'
  const searched = all.map(({ label, rows: input }, index) => {
    const condition = searchCondition(child(node, 'Condition'), { ...env, columns: input.columns, input }, letters)
    const found = filter(input, condition, node.span)
    return inputs.length && inputs[0] === input && index === 0 && !tables.length
      ? found
      : labelRows(found, '$table', label ?? `search_arg${index}`, node.span)
  })
  return unionAll(searched, false, node.span)
}

/** Every table that local telemetry fills, and every view that the query declares. */
function everyTable(node: KqlNode, env: Environment): Branch[] {
  const views = [...namesInScope(env.scope)].flatMap(([name, bound]): Branch[] =>
    bound.kind === 'function' && bound.declaration.fields.ViewKeyword
      ? [{ label: name, rows: callFunction(bound, [], node, outside(env)).table() }]
      : [],
  )
  const tables = [...env.context.schema.tables.values()]
    .filter(({ filled }) => filled)
    .map((table) => ({
      label: table.name,
      rows: tableSource(table, { ...node, text: table.name, kind: 'NameReference' }, env),
    }))
  return [...views, ...tables]
}

function searchCondition(node: KqlNode, env: Environment, letters: 'sensitive' | 'insensitive'): Scalar {
  const again = (part: string): Scalar => searchCondition(child(node, part), env, letters)
  switch (node.kind) {
    case 'AndExpression':
      return and([again('Left'), again('Right')], node.span)
    case 'OrExpression':
      return or([again('Left'), again('Right')], node.span)
    case 'ParenthesizedExpression':
      return again('Expression')
    case 'StarExpression':
      return literal('bool', true, node.span)
    case 'SearchExpression': {
      const left = child(node, 'Left')
      const needle = lowerConstant(child(node, 'Right'), env)
      if (left.kind === 'StarExpression') return anyColumnHas(needle, env, letters, node.span)
      const subject = findColumn(env.columns, left.text)
      return subject
        ? searchMatch(asString(reference(subject.name, subject.type)), needle, letters, node.span)
        : literal('bool', false, node.span)
    }
    case 'StringLiteralExpression':
    case 'CompoundStringLiteralExpression':
      return anyColumnHas(text(node.text, node.span), env, letters, node.span)
    default:
      try {
        return lowerCondition(node, env)
      } catch (error) {
        // A table without the column has no row that meets the condition.
        if (error instanceof Refusal && error.missing) return literal('bool', false, node.span)
        throw error
      }
  }
}

function anyColumnHas(needle: Scalar, env: Environment, letters: 'sensitive' | 'insensitive', span: Span): Scalar {
  const texts = env.columns.filter(({ type }) => type === 'string' || type === 'dynamic' || type === 'guid')
  if (texts.length === 0) return literal('bool', false, span)
  return or(
    texts.map(({ name, type }) => searchMatch(asString(reference(name, type)), needle, letters, span)),
    span,
  )
}

function searchMatch(subject: Scalar, needle: Scalar, letters: 'sensitive' | 'insensitive', span: Span): Scalar {
  const pattern = needle.kind === 'literal' ? String(needle.value) : ''
  const how = !pattern.includes('*') ? 'term' : pattern === '*' ? 'contains' : 'wildcard'
  const star = /^\*(.*)\*$/s.exec(pattern)
  if (how === 'contains') return literal('bool', true, span)
  if (star && !star[1]!.includes('*')) {
    return {
      kind: 'match',
      type: 'bool',
      how: 'contains',
      subject,
      needles: [text(star[1]!)],
      quantifier: 'any',
      case: letters,
      span,
    }
  }
  if (how === 'wildcard') {
    const [head, tail] = [pattern.endsWith('*'), pattern.startsWith('*')]
    const body = pattern.replace(/^\*|\*$/g, '')
    if (!body.includes('*')) {
      return {
        kind: 'match',
        type: 'bool',
        how: head ? 'term-prefix' : tail ? 'term-suffix' : 'term',
        subject,
        needles: [text(body)],
        quantifier: 'any',
        case: letters,
        span,
      }
    }
    return {
      kind: 'match',
      type: 'bool',
      how: 'wildcard',
      subject,
      needles: [text(`*${pattern}*`)],
      quantifier: 'any',
      case: letters,
      span,
    }
  }
  return {
    kind: 'match',
    type: 'bool',
    how: 'term',
    subject,
    needles: [needle],
    quantifier: 'any',
    case: letters,
    span,
  }
}

function lowerFind(node: KqlNode, env: Environment): Relation {
  const clause = field(node, 'InClause')
  const branches = clause
    ? items(clause, 'Expressions').flatMap((item) => unionBranches(item, true, outside(env)))
    : everyTable(node, env)
  if (branches.length === 0) return refuseForm('`find` in no known tables', node.span)
  const wanted = field(node, 'Project')
  const found = branches.map(({ label, rows }, index) => {
    const condition = searchCondition(
      child(node, 'Condition'),
      { ...env, columns: rows.columns, input: rows },
      'insensitive',
    )
    const kept = filter(rows, condition, node.span)
    const named = wanted
      ? project(
          kept,
          items(wanted, 'Columns')
            .flatMap((item) => findColumn(rows.columns, item.text) ?? [])
            .map(pass),
          node.span,
        )
      : kept
    return labelRows(named, 'source_', label ?? `find_arg${index}`, node.span)
  })
  return unionAll(found, false, node.span)
}
