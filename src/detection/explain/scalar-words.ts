import type { Compare, Match, MatchHow, Scalar } from '../../ir/scalar.js'
import { formatDatetime, formatTimespan } from '../../ir/time.js'
import type { ScalarType } from '../../ir/types.js'
import { isArray, printDynamic, type Value } from '../../ir/value.js'

/** An expression in words, with what is easily missed: whether letters' case counts, where a term ends, what a missing value does. */
export function scalarWords(scalar: Scalar): string {
  switch (scalar.kind) {
    case 'literal':
      return valueWords(scalar.value, scalar.type)
    case 'column':
      return scalar.name
    case 'compare':
      return compareWords(scalar)
    case 'match':
      return matchWords(scalar)
    case 'regex':
      return `${scalarWords(scalar.subject)} matches the regular expression ${scalarWords(scalar.pattern)}${scalar.flags.ignoreCase ? ', any case' : ', in this case'}`
    case 'member':
      return `${scalarWords(scalar.subject)} is ${listWords(scalar.values, 'one of')}${caseWords(scalar.case, scalar.subject)}`
    case 'member-of-relation': {
      const how = {
        equal: 'is one of',
        'any-term': 'has as a whole term one of',
        'all-terms': 'has as whole terms all of',
      }
      return `${scalarWords(scalar.subject)} ${how[scalar.how]} the values of another query${caseWords(scalar.case, scalar.subject)}`
    }
    case 'and':
    case 'or':
      return scalar.operands.map((operand) => inner(operand)).join(` ${scalar.kind} `)
    case 'not':
      return `not (${scalarWords(scalar.operand)})`
    case 'choose':
      return chooseWords(scalar)
    case 'call':
    case 'window-call':
      return callWords(scalar.name, scalar.arguments)
    case 'access':
      return `${inner(scalar.value)}[${scalarWords(scalar.key)}]`
    case 'scalar-of':
      return 'the first value of another query'
  }
}

const inner = (scalar: Scalar): string =>
  scalar.kind === 'and' || scalar.kind === 'or' || scalar.kind === 'choose'
    ? `(${scalarWords(scalar)})`
    : scalarWords(scalar)

/** A value as it is written; a long one is cut. */
export function valueWords(value: Value | undefined, type: ScalarType): string {
  if (value === undefined) return 'unknown'
  if (value === null) return 'nothing'
  if (type === 'datetime' && typeof value === 'bigint') return formatDatetime(value).replace(/\.?0*Z$/, 'Z')
  if (type === 'timespan' && typeof value === 'bigint') return formatTimespan(value)
  const text = typeof value === 'string' ? `"${value}"` : printDynamic(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

const LONGEST = 120

const OPERATORS: Readonly<Record<Compare['operator'], readonly [plain: string, time: string]>> = {
  equal: ['is', 'is'],
  'not-equal': ['is not', 'is not'],
  less: ['is less than', 'is before'],
  'less-or-equal': ['is at most', 'is not after'],
  greater: ['is more than', 'is after'],
  'greater-or-equal': ['is at least', 'is not before'],
}

function compareWords({ operator, left, right, case: letters, nulls }: Compare): string {
  if (right.kind === 'literal' && right.value === '' && (operator === 'equal' || operator === 'not-equal'))
    return `${inner(left)} is ${operator === 'equal' ? '' : 'not '}empty`
  const word = OPERATORS[operator][left.type === 'datetime' ? 1 : 0]
  const missing = nulls === 'unknown' && left.type !== 'string' ? '; not where it is missing' : ''
  return `${inner(left)} ${word} ${inner(right)}${caseWords(letters, left)}${missing}`
}

const HOW: Readonly<Record<MatchHow, string>> = {
  term: 'as a whole term',
  'term-prefix': 'at the start of a term',
  'term-suffix': 'at the end of a term',
  contains: 'anywhere',
  prefix: 'at its start',
  suffix: 'at its end',
  wildcard: 'as a pattern of the whole',
}

function matchWords({ how, subject, needles, quantifier, case: letters }: Match): string {
  return `${inner(subject)} has ${listWords(needles, quantifier === 'all' ? 'all of' : 'one of')} ${HOW[how]}${caseWords(letters, subject)}`
}

const caseWords = (letters: 'sensitive' | 'insensitive', subject: Scalar): string =>
  subject.type !== 'string' ? '' : letters === 'insensitive' ? ', any case' : ', in this case'

const SHOWN = 4

/** `one of 32 values ("a", "b", "c" ...)`. */
function listWords(values: readonly Scalar[], quantifier: string): string {
  const all = values.flatMap((value) =>
    value.kind === 'literal' && isArray(value.value)
      ? value.value.map((each) => valueWords(each, 'dynamic'))
      : [scalarWords(value)],
  )
  if (all.length === 1) return all[0]!
  const cut = all.length > SHOWN + 1
  return `${quantifier} ${cut ? `${all.length} values, ` : ''}${all.slice(0, cut ? SHOWN : all.length).join(', ')}${cut ? ' …' : ''}`
}

function chooseWords({ branches, otherwise }: Extract<Scalar, { kind: 'choose' }>): string {
  const shown = branches.slice(0, SHOWN).map(({ when, value }) => `${scalarWords(value)} where ${inner(when)}`)
  const more = branches.length > SHOWN ? [`… ${branches.length - SHOWN} more`] : []
  return `${[...shown, ...more].join('; ')}; else ${scalarWords(otherwise)}`
}

const IS_MISSING: Readonly<Record<string, string>> = {
  is_null: 'is missing',
  is_not_null: 'is not missing',
  is_empty: 'is empty',
  is_not_empty: 'is not empty',
}

function callWords(name: string, args: readonly Scalar[]): string {
  const [first] = args
  if (IS_MISSING[name] && first && args.length === 1) return `${inner(first)} ${IS_MISSING[name]}`
  return `${name}(${args.map(scalarWords).join(', ')})`
}
