import type { AggregateCall, Assignment, Relation } from '../../ir/relation.js'
import {
  and,
  type Case,
  type Comparison,
  call,
  type Literal,
  literal,
  type MatchHow,
  not,
  or,
  reference,
  type Scalar,
  text,
} from '../../ir/scalar.js'
import { findTable } from '../../ir/schema.js'
import { type Column, isNumeric, isWhole, type ScalarType } from '../../ir/types.js'
import { type Dynamic, isArray, printDynamic as printScalar, type Value } from '../../ir/value.js'
import { diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { commonType, convert, unwrap } from './convert.js'
import { jsonOf, lowerLiteral } from './literals.js'
import { lowerCall } from './lower-call.js'
import { callFunction } from './lower-function.js'
import { isTabular, lowerTabular } from './lower-tabular.js'
import {
  type Bound,
  type Context,
  closestName,
  findName,
  freshName,
  note,
  Refusal,
  refuse,
  refuseForm,
  type Scope,
  spend,
} from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

/** What an expression may see. */
export interface Environment {
  readonly context: Context
  readonly scope: Scope
  /** Columns of the row; none where only constants make sense. */
  readonly columns: readonly Column[]
  readonly input?: Relation | undefined
  /** Takes the aggregate calls of a `summarize`; elsewhere aggregates are refused. */
  readonly aggregates?: AggregateCall[] | undefined
  /** Takes the calls that look at other rows. */
  readonly windows?: Assignment[] | undefined
  /** Steps of a `scan`, whose last rows are read as `step.column`. */
  readonly steps?: ReadonlyMap<string, readonly Column[]> | undefined
  /** Functions that only this place knows, as `node_degree_in` in a pattern of a graph. */
  readonly calls?:
    | ReadonlyMap<string, (args: readonly KqlNode[], node: KqlNode, env: Environment) => Scalar>
    | undefined
  /** What `name.selector` means where `name` is no column. */
  readonly paths?: ((name: string, selector: KqlNode) => Scalar | undefined) | undefined
  /** `$left` and `$right` in the conditions of a join. */
  readonly sides?: { readonly left: readonly Column[]; readonly right: readonly Column[] } | undefined
}

/** An expression that gives one value a row. Throws `Refusal`. */
export function lowerScalar(node: KqlNode, env: Environment): Scalar {
  spend(env.context, node)
  const found = lowerLiteral(node)
  if (found) return found
  const comparison = COMPARISONS[node.kind]
  if (comparison) return compare(comparison, lowerLeft(node, env), lowerRight(node, env), node.span)
  const match = MATCHES[node.kind]
  if (match) return lowerMatch(match, node, env)
  const list = LISTS[node.kind]
  if (list) return lowerList(list, node, env)
  const arithmetic = ARITHMETIC[node.kind]
  if (arithmetic) return lowerArithmetic(arithmetic, lowerLeft(node, env), lowerRight(node, env), node.span)
  switch (node.kind) {
    case 'NameReference':
      return lowerName(node, env)
    case 'ParenthesizedExpression':
      return lowerScalar(child(node, 'Expression'), env)
    case 'AndExpression':
      return flat('and', node, env)
    case 'OrExpression':
      return flat('or', node, env)
    case 'UnaryMinusExpression':
    case 'UnaryPlusExpression':
      return lowerSign(node, env)
    case 'PathExpression':
      return lowerPath(node, env)
    case 'ElementExpression':
      return lowerElement(node, env)
    case 'BracketedExpression':
      return lowerBracketedName(node, env)
    case 'FunctionCallExpression':
      return lowerCall(node, env)
    case 'BetweenExpression':
    case 'NotBetweenExpression':
      return lowerBetween(node, env)
    case 'ToScalarExpression':
      return lowerToScalar(child(node, 'Expression'), env)
    case 'SimpleNamedExpression':
      return lowerScalar(child(node, 'Expression'), env)
    case 'TypeOfLiteralExpression':
      return text(env.context.source.slice(node.span.start, node.span.end), node.span)
    default:
      return refuseForm(`\`${describe(node, env)}\` here`, node.span)
  }
}

const describe = (node: KqlNode, env: Environment): string => {
  const source = env.context.source.slice(node.span.start, node.span.end).replace(/\s+/g, ' ')
  return source.length > 40 ? node.kind : source || node.kind
}

const lowerLeft = (node: KqlNode, env: Environment): Scalar => lowerScalar(child(node, 'Left'), env)
const lowerRight = (node: KqlNode, env: Environment): Scalar => lowerScalar(child(node, 'Right'), env)

/** A condition: a bool, or what Kusto reads as one. */
export function lowerCondition(node: KqlNode, env: Environment): Scalar {
  return asBool(lowerScalar(node, env))
}

export function asBool(value: Scalar): Scalar {
  if (value.type === 'bool') return value
  return value.type === 'dynamic' ? unwrap(value, 'bool') : convert(value, 'bool')
}

// A long chain of `or` is one node, and its operands are gathered without recursion.
function flat(kind: 'and' | 'or', node: KqlNode, env: Environment): Scalar {
  const operands: Scalar[] = []
  let at: KqlNode = node
  while (at.kind === node.kind) {
    operands.unshift(lowerCondition(child(at, 'Right'), env))
    at = child(at, 'Left')
  }
  operands.unshift(lowerCondition(at, env))
  return kind === 'and' ? and(operands, node.span) : or(operands, node.span)
}

/** A name: a column of the row, else what `let` or a parameter gives. */
function lowerName(node: KqlNode, env: Environment): Scalar {
  const name = node.text
  const column = findColumn(env.columns, name)
  if (column?.name === name) return reference(name, column.type, node.span)
  // A name that is declared just so is meant before a column whose letters only look alike.
  const bound = findName(env.scope, name)
  if (bound) return lowerBound(bound, node, env)
  if (column) {
    note(env.context, 'name-case', node.span, { found: name, name: column.name })
    return reference(column.name, column.type, node.span)
  }
  throw new Refusal(missingName(node, env), env.input && { name, input: env.input })
}

/** A column by name: exactly, else the only one that differs in case alone. */
export function findColumn(columns: readonly Column[], name: string): Column | undefined {
  const exact = columns.find((column) => column.name === name)
  if (exact) return exact
  const lower = name.toLowerCase()
  const near = columns.filter((column) => column.name.toLowerCase() === lower)
  return near.length === 1 ? near[0] : undefined
}

function missingName(node: KqlNode, env: Environment) {
  const known = env.columns.map(({ name }) => name)
  return diagnose('unknown-name', node.span, { name: node.text, closest: closestName(node.text, known) })
}

function lowerBound(bound: Bound, node: KqlNode, env: Environment): Scalar {
  switch (bound.kind) {
    case 'scalar':
      return bound.value
    case 'table':
      return refuseForm(`the table \`${node.text}\` where a value is expected`, node.span)
    case 'function':
      return callFunction(bound, [], node, env).scalar()
    case 'pattern':
      return refuseForm(`the function \`${node.text}\` without its arguments`, node.span)
  }
}

const COMPARISONS: Readonly<Record<string, { operator: Comparison; case: Case }>> = {
  EqualExpression: { operator: 'equal', case: 'sensitive' },
  NotEqualExpression: { operator: 'not-equal', case: 'sensitive' },
  EqualTildeExpression: { operator: 'equal', case: 'insensitive' },
  BangTildeExpression: { operator: 'not-equal', case: 'insensitive' },
  LessThanExpression: { operator: 'less', case: 'sensitive' },
  LessThanOrEqualExpression: { operator: 'less-or-equal', case: 'sensitive' },
  GreaterThanExpression: { operator: 'greater', case: 'sensitive' },
  GreaterThanOrEqualExpression: { operator: 'greater-or-equal', case: 'sensitive' },
}

/** Brings both sides to one type, as Kusto widens, and compares: equality is never unknown where one side is null, order is. */
export function compare(how: { operator: Comparison; case: Case }, left: Scalar, right: Scalar, span: Span): Scalar {
  const [leftSide, rightSide] = sameType(left, right, how.case === 'insensitive')
  const equality = how.operator === 'equal' || how.operator === 'not-equal'
  const nulls = equality ? 'one-sided' : 'unknown'
  return { kind: 'compare', type: 'bool', ...how, left: leftSide, right: rightSide, nulls, span }
}

function sameType(left: Scalar, right: Scalar, asText: boolean): [Scalar, Scalar] {
  if (asText || (left.type === 'dynamic' && right.type === 'dynamic')) return [asString(left), asString(right)]
  if (left.type === right.type) return [left, right]
  if (left.type === 'dynamic') return [unwrap(left, right.type), right]
  if (right.type === 'dynamic') return [left, unwrap(right, left.type)]
  const common = commonType(left.type, right.type)
  if (common) return [convert(left, common), convert(right, common)]
  // Only a text reads as another type; two other types have nothing in common but their text.
  if (left.type === 'string' && TEXTUAL.has(right.type)) return [convert(left, right.type), right]
  if (right.type === 'string' && TEXTUAL.has(left.type)) return [left, convert(right, left.type)]
  return [asString(left), asString(right)]
}

const TEXTUAL: ReadonlySet<ScalarType> = new Set(['datetime', 'timespan', 'guid', 'bool'])

export const asString = (value: Scalar): Scalar => convert(value, 'string')

interface MatchOperator {
  readonly how: MatchHow | 'regex'
  readonly case: Case
  readonly negated?: boolean
}

const matchOperators = (name: string, how: MatchHow): [string, MatchOperator][] => [
  [`${name}Expression`, { how, case: 'insensitive' }],
  [`${name}CsExpression`, { how, case: 'sensitive' }],
  [`Not${name}Expression`, { how, case: 'insensitive', negated: true }],
  [`Not${name}CsExpression`, { how, case: 'sensitive', negated: true }],
]

const MATCHES: Readonly<Record<string, MatchOperator>> = Object.fromEntries([
  ...matchOperators('Has', 'term'),
  ...matchOperators('HasPrefix', 'term-prefix'),
  ...matchOperators('HasSuffix', 'term-suffix'),
  ...matchOperators('Contains', 'contains'),
  ...matchOperators('StartsWith', 'prefix'),
  ...matchOperators('EndsWith', 'suffix'),
  ['MatchesRegexExpression', { how: 'regex', case: 'sensitive' }],
  ['SearchExpression', { how: 'term', case: 'insensitive' }],
])

function lowerMatch(operator: MatchOperator, node: KqlNode, env: Environment): Scalar {
  const subject = asString(lowerLeft(node, env))
  const right = asString(lowerRight(node, env))
  const { how } = operator
  if (how === 'regex') return regex(subject, right, node.span)
  const match: Scalar = {
    kind: 'match',
    type: 'bool',
    how,
    subject,
    needles: [right],
    quantifier: 'any',
    case: operator.case,
    span: node.span,
  }
  return operator.negated ? not(match, node.span) : match
}

export const regex = (subject: Scalar, pattern: Scalar, span: Span): Scalar => ({
  kind: 'regex',
  type: 'bool',
  subject,
  pattern,
  dialect: 're2',
  anchored: 'none',
  flags: { ignoreCase: false, dotAll: false, multiLine: false },
  span,
})

interface ListOperator {
  readonly how: 'equal' | 'any-term' | 'all-terms'
  readonly case: Case
  readonly negated?: boolean
}

const LISTS: Readonly<Record<string, ListOperator>> = {
  InExpression: { how: 'equal', case: 'sensitive' },
  NotInExpression: { how: 'equal', case: 'sensitive', negated: true },
  InCsExpression: { how: 'equal', case: 'insensitive' },
  NotInCsExpression: { how: 'equal', case: 'insensitive', negated: true },
  HasAnyExpression: { how: 'any-term', case: 'insensitive' },
  HasAllExpression: { how: 'all-terms', case: 'insensitive' },
}

function lowerList(operator: ListOperator, node: KqlNode, env: Environment): Scalar {
  const list = child(node, 'Right')
  const elements = list.kind === 'ExpressionList' ? items(list, 'Expressions') : [list]
  const subject = lowerLeft(node, env)
  const found = listMember(operator, subject, elements, env, node.span)
  return operator.negated ? not(found, node.span) : found
}

function listMember(
  how: ListOperator,
  subject: Scalar,
  elements: readonly KqlNode[],
  env: Environment,
  span: Span,
): Scalar {
  const [only] = elements
  if (elements.length === 1 && only && isTabular(only, env)) {
    const relation = lowerTabular(only, env)
    const type = relation.columns[0]?.type
    if (!type) return refuseForm('a list from a table without columns', only.span)
    const side =
      how.how !== 'equal' || how.case === 'insensitive' || type === 'string' || type === 'dynamic'
        ? asString(subject)
        : unwrap(subject, type)
    return { kind: 'member-of-relation', type: 'bool', subject: side, relation, how: how.how, case: how.case, span }
  }
  const values = elements.map((element) => lowerScalar(element, env))
  if (how.how !== 'equal') {
    const quantifier = how.how === 'any-term' ? 'any' : 'all'
    const needles = spread(values, 'string')
    return {
      kind: 'match',
      type: 'bool',
      how: 'term',
      subject: asString(subject),
      needles,
      quantifier,
      case: how.case,
      span,
    }
  }
  const type = memberType(subject, values, how.case)
  return {
    kind: 'member',
    type: 'bool',
    subject: unwrapOr(subject, type),
    values: spread(values, type),
    case: how.case,
    span,
  }
}

function memberType(subject: Scalar, values: readonly Scalar[], letters: Case): ScalarType {
  if (letters === 'insensitive') return 'string'
  if (subject.type !== 'dynamic') {
    const types = values.map(({ type }) => type).filter((type) => type !== 'dynamic')
    const odd = types.find((type) => type !== subject.type)
    if (odd === undefined) return subject.type
    if (odd === 'string' && TEXTUAL.has(subject.type)) return subject.type
    return commonType(subject.type, odd) ?? 'string'
  }
  const first = values.find(({ type }) => type !== 'dynamic')
  return first?.type ?? 'string'
}

const unwrapOr = (value: Scalar, type: ScalarType): Scalar =>
  type === 'string' ? asString(value) : unwrap(convertNumber(value, type), type)

const convertNumber = (value: Scalar, type: ScalarType): Scalar =>
  value.type !== type && value.type !== 'dynamic' ? convert(value, type) : value

/** Written-out arrays become their elements; an array known only at run time stays one dynamic value. */
function spread(values: readonly Scalar[], type: ScalarType): Scalar[] {
  return values.flatMap((value) => {
    if (value.type !== 'dynamic') return [convert(value, type)]
    if (value.kind !== 'literal') return [value]
    const elements = isArray(value.value) ? value.value : [value.value]
    return elements.map((element) => unwrap(dynamicLiteral(element, value.span), type)).map(fold)
  })
}

const dynamicLiteral = (value: Dynamic, span: Span | undefined): Literal => literal('dynamic', value, span)

// The element of a written-out array is known here, so its conversion is too.
function fold(value: Scalar): Scalar {
  if (value.kind !== 'call' || value.arguments[0]?.kind !== 'literal') return value
  const inner: Value = value.arguments[0].value
  if (value.type === 'string')
    return text(typeof inner === 'string' ? inner : inner === null ? '' : printScalar(inner), value.span)
  if (isWhole(value.type) && typeof inner === 'bigint') return literal(value.type, inner, value.span)
  if (value.type === 'real' && (typeof inner === 'number' || typeof inner === 'bigint'))
    return literal('real', Number(inner), value.span)
  if (value.type === 'bool' && typeof inner === 'boolean') return literal('bool', inner, value.span)
  if (value.type === 'guid' && typeof inner === 'string') return literal('guid', inner.toLowerCase(), value.span)
  return value
}

type Operator = 'add' | 'subtract' | 'multiply' | 'divide' | 'modulo'

const ARITHMETIC: Readonly<Record<string, Operator>> = {
  AddExpression: 'add',
  SubtractExpression: 'subtract',
  MultiplyExpression: 'multiply',
  DivideExpression: 'divide',
  ModuloExpression: 'modulo',
}

export function lowerArithmetic(operator: Operator, leftSide: Scalar, rightSide: Scalar, span: Span): Scalar {
  const [left, right] = numericSides(leftSide, rightSide, operator)
  const type = arithmeticType(operator, left.type, right.type)
  if (!type) {
    return refuse('type-mismatch', span, {
      what: 'the expression',
      expected: `types that ${operator} is defined for`,
      found: `${left.type} and ${right.type}`,
    })
  }
  if (isNumeric(left.type) && isNumeric(right.type)) {
    return call(operator, type, [convert(left, type), convert(right, type)], span)
  }
  return call(operator, type, [left, right], span)
}

// A dynamic takes part as the number it holds; which kind it holds is only known per row, and a real holds both.
function numericSides(left: Scalar, right: Scalar, operator: Operator): [Scalar, Scalar] {
  const number = (value: Scalar, other: Scalar): Scalar => {
    if (value.type === 'string' && other.type === 'datetime' && operator === 'subtract')
      return convert(value, 'datetime')
    if (value.type !== 'dynamic') return value
    if (other.type === 'datetime') return unwrap(value, operator === 'subtract' ? 'datetime' : 'timespan')
    return unwrap(value, other.type === 'timespan' && operator !== 'multiply' ? 'timespan' : 'real')
  }
  return [number(left, right), number(right, left)]
}

function arithmeticType(operator: Operator, left: ScalarType, right: ScalarType): ScalarType | undefined {
  if (isNumeric(left) && isNumeric(right)) return commonType(left, right)
  const pair = `${left} ${operator} ${right}`
  switch (pair) {
    case 'datetime subtract datetime':
    case 'timespan add timespan':
    case 'timespan subtract timespan':
    case 'timespan modulo timespan':
    case 'datetime modulo timespan':
      return 'timespan'
    case 'datetime add timespan':
    case 'datetime subtract timespan':
    case 'timespan add datetime':
      return 'datetime'
    case 'timespan divide timespan':
      return 'real'
    case 'datetime divide timespan':
      return 'real'
  }
  if (left === 'timespan' && isNumeric(right) && (operator === 'multiply' || operator === 'divide')) return 'timespan'
  if (right === 'timespan' && isNumeric(left) && operator === 'multiply') return 'timespan'
  return undefined
}

function lowerSign(node: KqlNode, env: Environment): Scalar {
  const value = lowerScalar(child(node, 'Expression'), env)
  if (node.kind === 'UnaryPlusExpression') return value
  if (value.kind === 'literal' && value.value !== null) {
    if (typeof value.value === 'bigint' && value.type !== 'datetime')
      return literal(value.type, -value.value, node.span)
    if (typeof value.value === 'number') return literal(value.type, -value.value, node.span)
  }
  const number = value.type === 'dynamic' ? unwrap(value, 'real') : value
  if (!isNumeric(number.type) && number.type !== 'timespan') {
    return refuse('type-mismatch', node.span, { what: 'the operand of `-`', expected: 'a number', found: value.type })
  }
  return call('negate', number.type, [number], node.span)
}

function lowerBetween(node: KqlNode, env: Environment): Scalar {
  const couple = child(node, 'Right')
  const subject = lowerLeft(node, env)
  const low = lowerScalar(child(couple, 'First'), env)
  const given = lowerScalar(child(couple, 'Second'), env)
  // `t between (start .. 2d)` means two days from the start.
  const high =
    low.type === 'datetime' && given.type === 'timespan'
      ? lowerArithmetic('add', low, given, given.span ?? node.span)
      : given
  const condition = and(
    [
      compare({ operator: 'greater-or-equal', case: 'sensitive' }, subject, low, node.span),
      compare({ operator: 'less-or-equal', case: 'sensitive' }, subject, high, node.span),
    ],
    node.span,
  )
  return node.kind === 'NotBetweenExpression' ? not(condition, node.span) : condition
}

/** `a.b`: a property, or a column of one side of a join. */
function lowerPath(node: KqlNode, env: Environment): Scalar {
  const base = child(node, 'Expression')
  const selector = child(node, 'Selector')
  if (base.kind === 'NameReference' && (base.text === '$left' || base.text === '$right') && env.sides) {
    const columns = base.text === '$left' ? env.sides.left : env.sides.right
    const column = findColumn(columns, selector.text)
    if (!column) throw new Refusal(diagnose('unknown-name', selector.span, { name: selector.text, closest: undefined }))
    return reference(`${base.text}.${column.name}`, column.type, node.span)
  }
  const step = base.kind === 'NameReference' ? env.steps?.get(base.text) : undefined
  if (step && !findColumn(env.columns, base.text)) {
    const column = findColumn(step, selector.text)
    if (!column) throw new Refusal(diagnose('unknown-name', selector.span, { name: selector.text, closest: undefined }))
    return reference(`${base.text}.${column.name}`, column.type, node.span)
  }
  const known = base.kind === 'NameReference' && !findColumn(env.columns, base.text) && env.paths?.(base.text, selector)
  if (known) return known
  const name = selector.text || selector.fields.Token?.text
  if (selector.kind !== 'NameReference' || !name)
    return access(lowerScalar(base, env), lowerScalar(selector, env), node.span)
  return access(lowerScalar(base, env), text(name, selector.span), node.span)
}

/** `a[0]`, `a["b"]`. */
function lowerElement(node: KqlNode, env: Environment): Scalar {
  const base = child(node, 'Expression')
  const key = child(child(node, 'Selector'), 'Expression')
  if (base.kind === 'NameReference' && (base.text === '$left' || base.text === '$right') && env.sides && key.text) {
    const columns = base.text === '$left' ? env.sides.left : env.sides.right
    const column = findColumn(columns, key.text)
    if (column) return reference(`${base.text}.${column.name}`, column.type, node.span)
  }
  const value = lowerScalar(base, env)
  // Sorting gives as many arrays as it takes; alone it stands for the first of them.
  const sorts = base.kind === 'FunctionCallExpression' && /^array_sort_(?:asc|desc)$/.test(child(base, 'Name').text)
  return access(sorts && value.kind === 'access' ? value.value : value, lowerScalar(key, env), node.span)
}

// `['a name']` as an expression is an array of one in Kusto's tree when it follows nothing; it names a column.
function lowerBracketedName(node: KqlNode, env: Environment): Scalar {
  return lowerScalar(child(node, 'Expression'), env)
}

function access(value: Scalar, key: Scalar, span: Span): Scalar {
  // Text that holds JSON is not read as JSON until it is parsed; Kusto's portal takes `AdditionalFields.x` on dynamic columns only.
  if (value.type !== 'dynamic') {
    if (value.type !== 'string') {
      return refuse('type-mismatch', value.span ?? span, {
        what: 'what stands before `.` or `[`',
        expected: 'dynamic',
        found: value.type,
      })
    }
    return access(call('parse_json', 'dynamic', [value], value.span), key, span)
  }
  const index = key.type === 'string' || isWhole(key.type) ? key : asString(key)
  return { kind: 'access', type: 'dynamic', value, key: index, span }
}

function lowerToScalar(node: KqlNode, env: Environment): Scalar {
  if (!isTabular(node, env)) return lowerScalar(node, { ...env, columns: [] })
  const relation = lowerTabular(node, env)
  const type = relation.columns[0]?.type
  if (!type) return refuseForm('`toscalar` of a table without columns', node.span)
  const name = freshName(env.context, 'scalar')
  env.context.bindings.push({ name, relation, once: true })
  const source: Relation = { kind: 'bound', name, columns: relation.columns, span: node.span }
  return { kind: 'scalar-of', type, relation: source, span: node.span }
}

/** A value that is the same for every row and known now. */
export function lowerConstant(node: KqlNode, env: Environment): Scalar {
  return lowerScalar(node, { ...env, columns: [], input: undefined, aggregates: undefined, windows: undefined })
}

/** Every table's name in reach of `closestName`. */
export const tableNames = (context: Context): string[] => [...context.schema.tables.keys()]

export const knownTable = (context: Context, name: string) => findTable(context.schema, name)

export const dynamicOf = (value: Literal): Dynamic => jsonOf(value)
