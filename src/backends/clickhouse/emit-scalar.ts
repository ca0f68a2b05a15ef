import type { Match, Scalar } from '../../ir/scalar.js'
import { isWhole, type ScalarType } from '../../ir/types.js'
import { NotEmitted } from '../not-emitted.js'
import { needlePattern, wildcardPattern } from '../patterns.js'
import { columnOf, type ScalarScope, type ScopeColumn } from '../sql/scope.js'
import { dynamicText } from './dynamic.js'
import { emitCall, toJson } from './functions.js'
import { lambdaName, once } from './once.js'
import { quoteText } from './quote.js'
import { sqlLiteral, whole } from './sql-values.js'

export type { Form, ScalarScope, ScopeColumn } from '../sql/scope.js'

/** The value of an expression in its type's own form: a string is never NULL. */
export function emitScalar(value: Scalar, scope: ScalarScope): string {
  switch (value.kind) {
    case 'literal':
      return sqlLiteral(value.type, value.value)
    case 'column':
      return canonical(columnOf(value.name, scope))
    case 'call':
      return emitCall(
        value,
        value.arguments.map((argument) => emitScalar(argument, scope)),
      )
    case 'access':
      return emitAccess(value, scope)
    case 'choose': {
      const branches = value.branches.flatMap(({ when, value }) => [emitTruth(when, scope), emitScalar(value, scope)])
      return `multiIf(${[...branches, emitScalar(value.otherwise, scope)].join(', ')})`
    }
    case 'scalar-of': {
      const sql = scope.relation.firstValue(value)
      return value.type === 'string' ? `ifNull(${sql}, '')` : sql
    }
    case 'compare':
    case 'match':
    case 'regex':
    case 'member':
    case 'member-of-relation':
    case 'and':
    case 'or':
    case 'not':
      return emitTruth(value, scope)
    case 'window-call':
      throw new Error('a window call outside a window')
  }
}

export function canonical({ sql, form }: ScopeColumn): string {
  if (form === 'timestamp') return ticksOf(sql)
  return form === 'nullable-text' ? `ifNull(${sql}, '')` : sql
}

/** Ticks of a DateTime64 of microseconds. */
export const ticksOf = (sql: string): string =>
  `(toUnixTimestamp64Micro(${sql}) * 10 + ${whole(621_355_968_000_000_000n)})`

/** A three-valued condition; WHERE and `multiIf` take NULL for false. */
export function emitTruth(value: Scalar, scope: ScalarScope): string {
  switch (value.kind) {
    case 'and':
      return `(${value.operands.map((operand) => emitTruth(operand, scope)).join(' AND ')})`
    case 'or':
      return `(${value.operands.map((operand) => emitTruth(operand, scope)).join(' OR ')})`
    case 'not':
      return `(NOT ${emitTruth(value.operand, scope)})`
    case 'compare':
      return emitCompare(value, scope)
    case 'match':
      return emitMatch(value, scope)
    case 'regex':
      return emitRegex(value, scope)
    case 'member':
      return emitMember(value, scope)
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

const SYMBOLS = {
  equal: '=',
  'not-equal': '!=',
  less: '<',
  'less-or-equal': '<=',
  greater: '>',
  'greater-or-equal': '>=',
} as const

const FLIPPED = {
  equal: '=',
  'not-equal': '!=',
  less: '>',
  'less-or-equal': '>=',
  greater: '<',
  'greater-or-equal': '<=',
} as const

type Compare = Extract<Scalar, { kind: 'compare' }>

/** Letters without case. */
const folded = (sql: string): string => `lowerUTF8(${sql})`

function emitCompare(value: Compare, scope: ScalarScope): string {
  const stored = compareStoredTime(value, scope)
  if (stored) return stored
  const { left, right, operator } = value
  const fold = value.case === 'insensitive' && left.type === 'string'
  const side = (part: Scalar): string => {
    if (fold && part.kind === 'literal') return quoteText(String(part.value).toLowerCase())
    const sql = emitScalar(part, scope)
    return fold ? folded(sql) : sql
  }
  const [leftSql, rightSql] = [side(left), side(right)]
  const plain = compareValues(leftSql, operator, rightSql, left.type)
  if (value.nulls === 'unknown' || left.type === 'string') return plain
  if (operator !== 'equal' && operator !== 'not-equal') return plain
  return once(leftSql, (a) =>
    once(rightSql, (b) => {
      const test = compareValues(a, operator, b, left.type)
      const oneNull = operator === 'equal' ? '0' : '1'
      const both = value.nulls === 'total' ? (operator === 'equal' ? '1' : '0') : 'NULL'
      return `multiIf(${a} IS NULL AND ${b} IS NULL, ${both}, ${a} IS NULL OR ${b} IS NULL, ${oneNull}, ${test})`
    }),
  )
}

/** NaN equals itself and lies above all numbers, which ClickHouse has otherwise. */
function compareValues(left: string, operator: Compare['operator'], right: string, type: ScalarType): string {
  if (type !== 'real' && type !== 'decimal') return `(${left} ${SYMBOLS[operator]} ${right})`
  if (/^toFloat64\('[-+.e\d]+'\)$/.test(right)) {
    const above = operator === 'greater' || operator === 'greater-or-equal' || operator === 'not-equal'
    return above
      ? once(left, (a) => `(${a} ${SYMBOLS[operator]} ${right} OR isNaN(${a}))`)
      : `(${left} ${SYMBOLS[operator]} ${right})`
  }
  return once(left, (a) =>
    once(
      right,
      (b) =>
        `if(isNaN(${a}) OR isNaN(${b}), isNaN(${a}) ${SYMBOLS[operator]} isNaN(${b}), ${a} ${SYMBOLS[operator]} ${b})`,
    ),
  )
}

/** A stored time against a constant compares as the database stores it, so that the sorting key can be used. */
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
  if ((symbol === '=' || symbol === '!=') && right.value % 10n !== 0n) return undefined
  return `(${column.sql} ${symbol} fromUnixTimestamp64Micro(${whole(micros)}, 'UTC'))`
}

function emitMatch(value: Match, scope: ScalarScope): string {
  const subject = emitScalar(value.subject, scope)
  const known: string[] = []
  const late: string[] = []
  for (const needle of value.needles) {
    if (needle.kind === 'literal' && typeof needle.value === 'string') known.push(needle.value)
    else
      late.push(
        needle.type === 'dynamic'
          ? matchLateList(value, textsOf(emitScalar(needle, scope)), subject)
          : matchLate(value, subject, emitScalar(needle, scope)),
      )
  }
  if (late.length === 0) return knownMatches(value, known, subject)
  const joined = [...(known.length ? [knownMatches(value, known, subject)] : []), ...late]
  return `(${joined.join(value.quantifier === 'any' ? ' OR ' : ' AND ')})`
}

function knownMatches(value: Match, all: readonly string[], subject: string): string {
  const needles = all.filter((needle) => needle !== '')
  // The empty needle lies in every text.
  if (value.quantifier === 'any') {
    if (needles.length < all.length) return 'true'
    return needles.length === 0 ? 'false' : knownMatch(value, needles, subject)
  }
  if (needles.length === 0) return 'true'
  return needles.length === 1
    ? knownMatch(value, needles, subject)
    : `(${needles.map((needle) => knownMatch(value, [needle], subject)).join(' AND ')})`
}

/** Any of the needles, as one test of the text. */
function knownMatch({ how, case: letters }: Match, all: readonly string[], subject: string): string {
  const insensitive = letters === 'insensitive'
  const text = insensitive ? folded(subject) : subject
  const needles = [...new Set(insensitive ? all.map((needle) => needle.toLowerCase()) : all)]
  const [needle] = needles
  if (needles.length === 1 && needle !== undefined) {
    if (how === 'prefix') return `startsWith(${text}, ${quoteText(needle)})`
    if (how === 'suffix') return `endsWith(${text}, ${quoteText(needle)})`
  }
  if (how === 'wildcard') return `match(${text}, ${quoteText(needles.map(wildcardPattern).join('|'))})`
  // What holds a term holds its text: that is quicker to see, and the index of the column's letters can say where it is not.
  const found =
    needles.length <= MOST_NEEDLES ? `multiSearchAny(${text}, [${needles.map(quoteText).join(', ')}])` : undefined
  if (how === 'contains' && found !== undefined) return found
  const test = `match(${text}, ${quoteText(needlePattern(how, needles))})`
  return found === undefined ? test : `(${found} AND ${test})`
}

/** The search for many texts at once takes no more. */
const MOST_NEEDLES = 255

/** A needle that is only known per row. */
function matchLate({ how, case: letters }: Match, subject: string, needle: string): string {
  const [text, find] = letters === 'insensitive' ? [folded(subject), folded(needle)] : [subject, needle]
  switch (how) {
    case 'contains':
      return `(position(${text}, ${find}) > 0)`
    case 'prefix':
      return `startsWith(${text}, ${find})`
    case 'suffix':
      return `endsWith(${text}, ${find})`
    case 'wildcard':
      return `match(${text}, concat('^', replaceAll(replaceAll(${regexQuoted(find)}, '\\\\*', '.*'), '\\\\?', '.'), '$'))`
    case 'term':
    case 'term-prefix':
    case 'term-suffix':
      return once(text, (t) =>
        once(find, (n) => {
          const left =
            how === 'term-suffix' ? "''" : `if(match(${n}, '^[\\\\p{L}\\\\p{N}]'), '(^|[^\\\\p{L}\\\\p{N}])', '')`
          const right =
            how === 'term-prefix' ? "''" : `if(match(${n}, '[\\\\p{L}\\\\p{N}]$'), '($|[^\\\\p{L}\\\\p{N}])', '')`
          // What holds the term holds its text, and that is cheap to see.
          return `(${n} = '' OR (position(${t}, ${n}) > 0 AND match(${t}, concat(${left}, ${regexQuoted(n)}, ${right}))))`
        }),
      )
  }
}

const regexQuoted = (sql: string): string =>
  `replaceRegexpAll(${sql}, '([\\\\\\\\^$.*+?()\\\\[\\\\]{}|/-])', '\\\\\\\\\\\\1')`

function matchLateList(value: Match, list: string, subject: string): string {
  return once(subject, (text) => {
    const needle = lambdaName()
    return `${value.quantifier === 'any' ? 'arrayExists' : 'arrayAll'}(${needle} -> ${matchLate(value, text, needle)}, ${list})`
  })
}

/** The elements of a dynamic as texts; a value that is no array is one. */
function textsOf(list: string): string {
  const item = lambdaName()
  return once(
    `ifNull(${list}, 'null')`,
    (v) =>
      `arrayMap(${item} -> if(${item} = 'null', '', ${dynamicText(item)}), if(startsWith(${v}, '['), JSONExtractArrayRaw(${v}), [${v}]))`,
  )
}

type RegexNode = Extract<Scalar, { kind: 'regex' }>

function emitRegex(value: RegexNode, scope: ScalarScope): string {
  const { ignoreCase, dotAll, multiLine } = value.flags
  // Without a word of it ClickHouse lets `.` take line breaks.
  const prefix = `(?${ignoreCase ? 'i' : ''}${multiLine ? 'm' : ''}${dotAll ? 's' : '-s'})`
  const subject = emitScalar(value.subject, scope)
  const [open, close] = value.anchored === 'whole' ? [`${prefix}^(?:`, ')$'] : [prefix, '']
  if (value.pattern.kind === 'literal')
    return `match(${subject}, ${quoteText(`${open}${String(value.pattern.value)}${close}`)})`
  return `match(${subject}, concat(${quoteText(open)}, ${emitScalar(value.pattern, scope)}, ${quoteText(close)}))`
}

type Member = Extract<Scalar, { kind: 'member' }>

function emitMember(value: Member, scope: ScalarScope): string {
  const { subject } = value
  const fold = value.case === 'insensitive' && subject.type === 'string'
  const sql = emitScalar(subject, scope)
  const text = fold ? folded(sql) : sql
  const known = new Set<string>()
  const tests: string[] = []
  for (const each of value.values) {
    if (each.type === 'dynamic' && subject.type !== 'dynamic')
      tests.push(memberOfList(text, fold, subject.type, emitScalar(each, scope)))
    else if (each.kind === 'literal') {
      if (each.value !== null)
        known.add(fold ? quoteText(String(each.value).toLowerCase()) : sqlLiteral(each.type, each.value))
    } else tests.push(`ifNull(${text} = ${fold ? folded(emitScalar(each, scope)) : emitScalar(each, scope)}, 0)`)
  }
  if (known.size > 0) {
    const test = `(${text} IN (${[...known].join(', ')}))`
    tests.unshift(subject.type === 'string' ? test : `ifNull(${test}, 0)`)
  }
  if (tests.length === 0) return 'false'
  return tests.length === 1 ? tests[0]! : `(${tests.join(' OR ')})`
}

function memberOfList(text: string, fold: boolean, type: ScalarType, list: string): string {
  if (type === 'string') return `has(${textsOf(fold ? folded(list) : list)}, ${text})`
  return `ifNull(has(JSONExtractArrayRaw(ifNull(${list}, '[]')), assumeNotNull(${toJson(text, type)})) AND ${text} IS NOT NULL, 0)`
}

type MemberOfRelation = Extract<Scalar, { kind: 'member-of-relation' }>

function emitMemberOfRelation(value: MemberOfRelation, scope: ScalarScope): string {
  const rows = scope.relation.firstColumn(value)
  const subject = emitScalar(value.subject, scope)
  const fold = value.case === 'insensitive' && value.subject.type === 'string' ? folded : (sql: string) => sql
  if (value.how === 'equal') return `ifNull(${fold(subject)} IN (SELECT ${fold('m.v')} FROM (${rows}) AS m), 0)`
  const match: Match = {
    kind: 'match',
    type: 'bool',
    how: 'term',
    subject: value.subject,
    needles: [],
    quantifier: value.how === 'any-term' ? 'any' : 'all',
    case: value.case,
    span: value.span,
  }
  return matchLateList(match, `(SELECT groupUniqArray(m.v) FROM (${rows}) AS m)`, subject)
}

type Access = Extract<Scalar, { kind: 'access' }>

/** `a.b[0]` is one extraction by a path as long as the keys are known. */
function emitAccess(value: Access, scope: ScalarScope): string {
  const path: string[] = []
  const guards: string[][] = []
  const chain: Scalar[] = []
  let at: Scalar = value
  while (at.kind === 'access' && (isWhole(at.key.type) || at.key.type === 'string')) {
    chain.unshift(at.key)
    at = at.value
  }
  if (chain.length === 0) throw new NotEmitted(`a key of type ${value.key.type}`, value.span)
  for (const key of chain) {
    if (isWhole(key.type)) {
      // ClickHouse takes a number for the place of a bag's property too.
      guards.push([...path])
      path.push(
        key.kind === 'literal'
          ? whole(BigInt(key.value as bigint) >= 0n ? BigInt(key.value as bigint) + 1n : BigInt(key.value as bigint))
          : once(emitScalar(key, scope), (k) => `if(${k} >= 0, ${k} + 1, ${k})`),
      )
    } else path.push(emitScalar(key, scope))
  }
  return once(emitScalar(at, scope), (base) => {
    const found = `nullIf(nullIf(JSONExtractRaw(${[base, ...path].join(', ')}), ''), 'null')`
    if (guards.length === 0) return found
    const isArray = guards
      .map((guard) => `JSONType(${[`ifNull(${base}, '')`, ...guard].join(', ')}) = 'Array'`)
      .join(' AND ')
    return `if(${isArray}, ${found}, NULL)`
  })
}
