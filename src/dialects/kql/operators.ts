import type { Relation } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import { type Column, column, type ScalarType } from '../../ir/types.js'
import type { Span } from '../../text/span.js'
import {
  inInputOrder,
  lowerDistinct,
  lowerExtend,
  lowerPrint,
  lowerProject,
  lowerProjectByNames,
  lowerRename,
  lowerReorder,
  selectColumns,
  withoutColumns,
} from './columns.js'
import { convert } from './convert.js'
import { lowerGraphToTable, lowerGraphWhere, lowerMakeGraph, lowerMarkComponents } from './graph.js'
import { lowerGraphMatch, lowerShortestPaths } from './graph-match.js'
import { lowerJoin, lowerLookup } from './join.js'
import { callFunction } from './lower-function.js'
import { type Environment, lowerCondition, lowerScalar } from './lower-scalar.js'
import { emptyOf } from './lower-tabular.js'
import { lowerMakeSeries } from './make-series.js'
import { lowerMvApply, lowerPartition, lowerUnnest } from './nested.js'
import { lowerSampleDistinct, lowerSort, lowerTop, take } from './order.js'
import { lowerParse, lowerParseKv } from './parse-operator.js'
import { lowerEvaluate } from './plugins.js'
import { counted, extend, filter, keepColumns, outside, withWindows } from './relations.js'
import { lowerScan } from './scan.js'
import { columnNames, findName, note, refuse, refuseForm, uniqueName } from './scope.js'
import { lowerFind, lowerSearch } from './search.js'
import { lowerSummarize } from './summarize.js'
import { child, field, items, type KqlNode, tokenText } from './syntax.js'
import { lowerTopHitters, lowerTopNested } from './top-nested.js'
import { lowerUnion } from './union.js'

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

function filtered(input: Relation, node: KqlNode, env: Environment, span: Span): Relation {
  const { value, input: under } = withWindows(input, env, (inner) => lowerCondition(node, inner))
  const rows = filter(under, value, span)
  return under === input ? rows : keepColumns(rows, input.columns, span)
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
