import type { Scalar } from '../../ir/scalar.js'
import { isWhole } from '../../ir/types.js'
import { columnOf, type ScalarScope, type ScopeColumn } from '../sql/scope.js'
import { emitCall } from './functions.js'
import { needlePattern, regexPrefix, wildcardPattern } from './patterns.js'
import { quoteText } from './quote.js'
import { sqlLiteral } from './sql-values.js'

export type { Form, ScalarScope, ScopeColumn } from '../sql/scope.js'

/** The value of an expression in its type's own form: a string is never NULL. */
export function emitScalar(value: Scalar, scope: ScalarScope): string {
  switch (value.kind) {
    case 'literal':
      return sqlLiteral(value.type, value.value)
    case 'column':
      return canonical(columnOf(value.name, scope))
    case 'call':
      if (value.name === 'to_string' && value.arguments[0]?.kind === 'access') {
        const [base, path] = knownPath(value.arguments[0])
        // Parsed once, not once for the member and once for its text.
        if (path !== '$') return `coalesce(json_extract_string(${emitScalar(base, scope)}, ${quoteText(path)}), '')`
      }
      return emitCall(
        value,
        value.arguments.map((argument) => emitScalar(argument, scope)),
      )
    case 'access':
      return emitAccess(value, scope)
    case 'choose': {
      const branches = value.branches.map(
        ({ when, value }) => `WHEN ${emitCondition(when, scope)} THEN ${emitScalar(value, scope)}`,
      )
      return `CASE ${branches.join(' ')} ELSE ${emitScalar(value.otherwise, scope)} END`
    }
    case 'scalar-of': {
      const sql = scope.relation.firstValue(value)
      return value.type === 'string' ? `coalesce(${sql}, '')` : sql
    }
    case 'compare':
    case 'match':
    case 'regex':
    case 'member':
    case 'member-of-relation':
    case 'and':
    case 'or':
    case 'not':
      return emitTruth(value, scope, false)
    case 'window-call':
      throw new Error('a window call outside a window')
  }
}

/** SQL that is true where the condition is true; elsewhere false or NULL, whichever is cheaper. */
export const emitCondition = (value: Scalar, scope: ScalarScope): string => emitTruth(value, scope, true)

export function canonical({ sql, form }: ScopeColumn): string {
  if (form === 'timestamp') return `(epoch_us(${sql}) * 10 + 621355968000000000)`
  return form === 'nullable-text' ? `coalesce(${sql}, '')` : sql
}

/** A text that may still be NULL for the empty text, where the predicate allows for that. */
function rawText(value: Scalar, scope: ScalarScope): { sql: string; nullable: boolean } {
  if (value.kind === 'column') {
    const column = columnOf(value.name, scope)
    if (column.form === 'nullable-text') return { sql: column.sql, nullable: true }
  }
  return { sql: emitScalar(value, scope), nullable: false }
}

/** `loose`: NULL may stand for false. */
function emitTruth(value: Scalar, scope: ScalarScope, loose: boolean): string {
  switch (value.kind) {
    case 'and':
      return `(${value.operands.map((operand) => emitTruth(operand, scope, loose)).join(' AND ')})`
    case 'or':
      return `(${value.operands.map((operand) => emitTruth(operand, scope, loose)).join(' OR ')})`
    case 'not':
      return emitNot(value.operand, scope, loose)
    case 'compare':
      return emitCompare(value, scope, loose)
    case 'match':
      return emitMatch(value, scope, loose)
    case 'regex':
      return emitRegex(value, scope, loose)
    case 'member':
      return emitMember(value, scope, loose)
    case 'member-of-relation':
      return emitMemberOfRelation(value, scope)
    case 'literal':
    case 'column':
    case 'call':
    case 'access':
    case 'choose':
    case 'scalar-of':
    case 'window-call':
      return emitScalar(value, scope)
  }
}

function emitNot(operand: Scalar, scope: ScalarScope, loose: boolean): string {
  // What is never unknown may be negated as `IS NOT TRUE`, which needs no coalesce below.
  const total =
    operand.kind === 'match' ||
    operand.kind === 'regex' ||
    operand.kind === 'member' ||
    operand.kind === 'member-of-relation'
  if (total) return `(${emitTruth(operand, scope, true)} IS NOT TRUE)`
  void loose
  return `(NOT ${emitTruth(operand, scope, false)})`
}

/** A predicate that is NULL on the NULL text; `onEmpty` is what it gives on the empty text. */
function overText(
  text: { sql: string; nullable: boolean },
  predicate: (sql: string) => string,
  onEmpty: boolean | undefined,
  loose: boolean,
): string {
  if (!text.nullable) return predicate(text.sql)
  if (onEmpty === undefined) return predicate(`coalesce(${text.sql}, '')`)
  if (!onEmpty && loose) return predicate(text.sql)
  return `coalesce(${predicate(text.sql)}, ${onEmpty ? 'TRUE' : 'FALSE'})`
}

const SYMBOLS = {
  equal: '=',
  'not-equal': '<>',
  less: '<',
  'less-or-equal': '<=',
  greater: '>',
  'greater-or-equal': '>=',
} as const

type Compare = Extract<Scalar, { kind: 'compare' }>

function emitCompare(value: Compare, scope: ScalarScope, loose: boolean): string {
  const stored = compareStoredTime(value, scope)
  if (stored) return stored
  const { left, right, operator } = value
  if (left.type === 'string') return compareText(value, scope, loose)
  const [leftSql, rightSql] = [emitScalar(left, scope), emitScalar(right, scope)]
  const plain = `(${leftSql} ${SYMBOLS[operator]} ${rightSql})`
  if (value.nulls === 'unknown') return plain
  const distinct = `(${leftSql} IS ${operator === 'equal' ? 'NOT ' : ''}DISTINCT FROM ${rightSql})`
  if (value.nulls === 'total') return distinct
  // One-sided: a null differs from every value, and two nulls compare to null.
  if (operator === 'equal' && loose) return plain
  if (isPresent(left) || isPresent(right)) return distinct
  return `CASE WHEN ${leftSql} IS NULL AND ${rightSql} IS NULL THEN NULL ELSE ${distinct} END`
}

const isPresent = (value: Scalar): boolean => value.kind === 'literal' && value.value !== null

function compareText(value: Compare, scope: ScalarScope, loose: boolean): string {
  const { operator } = value
  const fold = value.case === 'insensitive' ? (sql: string) => `lower(${sql})` : (sql: string) => sql
  const [subject, other] = value.right.kind === 'literal' ? [value.left, value.right] : [value.right, value.left]
  const flipped = subject === value.right
  const symbol = flipped ? FLIPPED[operator] : SYMBOLS[operator]
  const text = rawText(subject, scope)
  if (other.kind === 'literal') {
    const needle = value.case === 'insensitive' ? String(other.value).toLowerCase() : String(other.value)
    const onEmpty = operator === 'equal' ? needle === '' : operator === 'not-equal' ? needle !== '' : undefined
    return overText(text, (sql) => `(${fold(sql)} ${symbol} ${quoteText(needle)})`, onEmpty, loose)
  }
  return `(${fold(emitScalar(subject, scope))} ${symbol} ${fold(emitScalar(other, scope))})`
}

const FLIPPED = {
  equal: '=',
  'not-equal': '<>',
  less: '>',
  'less-or-equal': '>=',
  greater: '<',
  'greater-or-equal': '<=',
} as const

/** A stored time against a constant compares as the database stores it, so that blocks outside the range are not read. */
function compareStoredTime(value: Compare, scope: ScalarScope): string | undefined {
  if (value.nulls !== 'unknown') return undefined
  const [left, right, flipped] =
    value.left.kind === 'column' ? [value.left, value.right, false] : [value.right, value.left, true]
  if (left.kind !== 'column' || right.kind !== 'literal' || typeof right.value !== 'bigint') return undefined
  const column = columnOf(left.name, scope)
  if (column.form !== 'timestamp') return undefined
  const symbol = flipped ? FLIPPED[value.operator] : SYMBOLS[value.operator]
  // Stored microseconds lie on whole tens of ticks: the bound is cut down for `>` and `<=`, up for `>=` and `<`.
  const up = symbol === '>=' || symbol === '<'
  const micros = (right.value + (up ? 9n : 0n)) / 10n - 62_135_596_800_000_000n
  return `(${column.sql} ${symbol} make_timestamp(${micros}))`
}

type Match = Extract<Scalar, { kind: 'match' }>

function emitMatch(value: Match, scope: ScalarScope, loose: boolean): string {
  const subject = rawText(value.subject, scope)
  const known: string[] = []
  const late: string[] = []
  for (const needle of value.needles) {
    if (needle.kind === 'literal' && typeof needle.value === 'string') known.push(needle.value)
    else
      late.push(
        needle.type === 'dynamic'
          ? matchLateList(value, emitScalar(needle, scope), emitScalar(value.subject, scope))
          : matchLate(value, emitScalar(value.subject, scope), emitScalar(needle, scope)),
      )
  }
  if (late.length === 0) return emitKnownMatch(value, known, subject, loose)
  const joined = [...(known.length ? [emitKnownMatch(value, known, subject, false)] : []), ...late]
  return `(${joined.join(value.quantifier === 'any' ? ' OR ' : ' AND ')})`
}

function emitKnownMatch(
  value: Match,
  needles: readonly string[],
  subject: { sql: string; nullable: boolean },
  loose: boolean,
): string {
  if (needles.length === 0) return value.quantifier === 'any' ? 'FALSE' : 'TRUE'
  if (needles.some((needle) => needle === '')) {
    // The empty needle lies in every text.
    if (value.quantifier === 'any') return 'TRUE'
    return emitKnownMatch(
      value,
      needles.filter((needle) => needle !== ''),
      subject,
      loose,
    )
  }
  if (value.quantifier === 'all' && needles.length > 1) {
    return `(${needles.map((needle) => emitKnownMatch(value, [needle], subject, loose)).join(' AND ')})`
  }
  return overText(subject, (sql) => knownMatch(value, needles, sql), false, loose)
}

/** Any of the needles, as one test of the text. */
function knownMatch({ how, case: letters }: Match, needles: readonly string[], sql: string): string {
  const [needle] = needles
  if (needles.length === 1 && needle !== undefined) {
    const folded = letters === 'insensitive' && /[^\x00-\x40\x5b-\x60\x7b-\x7f]/.test(needle)
    const subject = folded ? `lower(${sql})` : sql
    const literal = quoteText(folded ? needle.toLowerCase() : needle)
    switch (how) {
      case 'contains':
        return `contains(${subject}, ${literal})`
      case 'prefix':
        return `starts_with(${subject}, ${literal})`
      case 'suffix':
        return `ends_with(${subject}, ${literal})`
      case 'term':
      case 'term-prefix':
      case 'term-suffix':
      case 'wildcard':
        break
    }
  }
  const pattern = how === 'wildcard' ? needles.map(wildcardPattern).join('|') : needlePattern(how, needles)
  return `regexp_matches(${sql}, ${quoteText(`${regexPrefix(letters)}${pattern}`)})`
}

/** A needle that is only known per row. */
function matchLate({ how, case: letters }: Match, subject: string, needle: string): string {
  const [text, find] = letters === 'insensitive' ? [`lower(${subject})`, `lower(${needle})`] : [subject, needle]
  switch (how) {
    case 'contains':
      return `contains(${text}, ${find})`
    case 'prefix':
      return `starts_with(${text}, ${find})`
    case 'suffix':
      return `ends_with(${text}, ${find})`
    case 'wildcard':
      return `(${text} GLOB ${find})`
    case 'term':
    case 'term-prefix':
    case 'term-suffix': {
      const left =
        how === 'term-suffix'
          ? "''"
          : `CASE WHEN regexp_matches(${find}, '^[\\p{L}\\p{N}]') THEN '(^|[^\\p{L}\\p{N}])' ELSE '' END`
      const right =
        how === 'term-prefix'
          ? "''"
          : `CASE WHEN regexp_matches(${find}, '[\\p{L}\\p{N}]$') THEN '($|[^\\p{L}\\p{N}])' ELSE '' END`
      // What holds the term holds its text, and that is cheap to see.
      return `(contains(${text}, ${find}) AND (${find} = '' OR regexp_matches(${text}, '(?s)' || ${left} || regexp_escape(${find}) || ${right})))`
    }
  }
}

const matchLateList = (value: Match, list: string, subject: string): string => {
  const test = matchLate(value, subject, 'n.v')
  const rows = `unnest(CAST(json_extract_string(${list}, '$[*]') AS VARCHAR[]))`
  const every = value.quantifier === 'any' ? `bool_or(${test})` : `bool_and(${test})`
  return `coalesce((SELECT ${every} FROM (SELECT coalesce(e, '') AS v FROM (SELECT ${rows} AS e)) n), ${value.quantifier === 'all'})`
}

type RegexNode = Extract<Scalar, { kind: 'regex' }>

function emitRegex(value: RegexNode, scope: ScalarScope, loose: boolean): string {
  const { ignoreCase, dotAll, multiLine } = value.flags
  const letters = `${ignoreCase ? 'i' : ''}${dotAll ? 's' : ''}${multiLine ? 'm' : ''}`
  const prefix = letters ? `(?${letters})` : ''
  const find = value.anchored === 'whole' ? 'regexp_full_match' : 'regexp_matches'
  if (value.pattern.kind === 'literal') {
    const subject = rawText(value.subject, scope)
    return overText(
      subject,
      (sql) =>
        `${find}(${sql}, ${quoteText(prefix + String(value.pattern.kind === 'literal' ? value.pattern.value : ''))})`,
      undefined,
      loose,
    )
  }
  return `${find}(${emitScalar(value.subject, scope)}, ${emitScalar(value.pattern, scope)})`
}

type Member = Extract<Scalar, { kind: 'member' }>

function emitMember(value: Member, scope: ScalarScope, loose: boolean): string {
  const { subject } = value
  const fold = value.case === 'insensitive'
  const plain: Scalar[] = []
  const lists: string[] = []
  for (const each of value.values) {
    if (each.type === 'dynamic' && subject.type !== 'dynamic')
      lists.push(memberOfList(value, emitScalar(each, scope), scope))
    else plain.push(each)
  }
  const tests = [...lists]
  const present = plain.filter((each) => each.kind !== 'literal' || each.value !== null)
  if (present.length > 0) tests.unshift(memberOfValues(value, present, fold, scope, loose && lists.length === 0))
  if (tests.length === 0) return 'FALSE'
  return tests.length === 1 ? tests[0]! : `(${tests.join(' OR ')})`
}

function memberOfValues(
  value: Member,
  values: readonly Scalar[],
  fold: boolean,
  scope: ScalarScope,
  loose: boolean,
): string {
  const { subject } = value
  const allKnown = values.every((each) => each.kind === 'literal')
  const sqlOf = (each: Scalar): string => {
    if (each.kind === 'literal' && typeof each.value === 'string' && each.type === 'string')
      return quoteText(fold ? each.value.toLowerCase() : each.value)
    return fold ? `lower(${emitScalar(each, scope)})` : emitScalar(each, scope)
  }
  const list = [...new Set(values.map(sqlOf))].join(', ')
  if (subject.type === 'string') {
    const onEmpty = allKnown ? values.some((each) => each.kind === 'literal' && each.value === '') : undefined
    return overText(rawText(subject, scope), (sql) => `(${fold ? `lower(${sql})` : sql} IN (${list}))`, onEmpty, loose)
  }
  const test = `(${emitScalar(subject, scope)} IN (${list}))`
  return loose ? test : `coalesce(${test}, FALSE)`
}

function memberOfList(value: Member, list: string, scope: ScalarScope): string {
  const { subject } = value
  if (subject.type === 'string') {
    const text = emitScalar(subject, scope)
    const [find, within] =
      value.case === 'insensitive' ? [`lower(${text})`, `lower(CAST(${list} AS VARCHAR))`] : [text, list]
    return `coalesce(list_contains(CAST(json_extract_string(${within}, '$[*]') AS VARCHAR[]), ${find}), FALSE)`
  }
  return `coalesce(list_contains(json_extract_string(${list}, '$[*]'), json_extract_string(to_json(${emitScalar(subject, scope)}), '$')), FALSE)`
}

type MemberOfRelation = Extract<Scalar, { kind: 'member-of-relation' }>

function emitMemberOfRelation(value: MemberOfRelation, scope: ScalarScope): string {
  const rows = scope.relation.firstColumn(value)
  const subject = emitScalar(value.subject, scope)
  const fold = value.case === 'insensitive' ? (sql: string) => `lower(${sql})` : (sql: string) => sql
  if (value.how === 'equal') return `coalesce(${fold(subject)} IN (SELECT ${fold('v')} FROM (${rows}) m), FALSE)`
  const match: Match = {
    kind: 'match',
    type: 'bool',
    how: 'term',
    subject: value.subject,
    needles: [],
    quantifier: 'any',
    case: value.case,
    span: value.span,
  }
  const test = matchLate(match, subject, 'm.v')
  if (value.how === 'any-term') return `EXISTS (SELECT 1 FROM (${rows}) m WHERE ${test})`
  return `NOT EXISTS (SELECT 1 FROM (${rows}) m WHERE NOT ${test})`
}

type Access = Extract<Scalar, { kind: 'access' }>

/** What stands before the known keys of `a.b[0]`, and these as one path: `$` where the last is not known. */
function knownPath(value: Access): readonly [Scalar, string] {
  const path: string[] = []
  let at: Scalar = value
  while (at.kind === 'access') {
    const step = pathStep(at.key)
    if (step === undefined) break
    path.unshift(step)
    at = at.value
  }
  return [at, `$${path.join('')}`]
}

/** `a.b[0]` is one extraction by a path as long as the keys are known. */
function emitAccess(value: Access, scope: ScalarScope): string {
  const [at, path] = knownPath(value)
  if (path !== '$') return `nullif(json_extract(${emitScalar(at, scope)}, ${quoteText(path)}), 'null')`
  const base = emitScalar(value.value, scope)
  const key = emitScalar(value.key, scope)
  if (isWhole(value.key.type)) {
    return `nullif(json_extract(${base}, CASE WHEN ${key} < 0 THEN '$[#' || ${key} || ']' ELSE '$[' || ${key} || ']' END), 'null')`
  }
  return `nullif(json_extract(${base}, '/' || replace(replace(${key}, '~', '~0'), '/', '~1')), 'null')`
}

function pathStep(key: Scalar): string | undefined {
  if (key.kind !== 'literal') return undefined
  if (typeof key.value === 'bigint') return key.value < 0n ? `[#${key.value}]` : `[${key.value}]`
  if (typeof key.value === 'string' && !/["\\*]/.test(key.value) && key.value !== '') return `."${key.value}"`
  return undefined
}
