import type { Relation } from '../../ir/relation.js'
import type { Match, Scalar } from '../../ir/scalar.js'
import type { ScalarType } from '../../ir/types.js'
import { isArray, type Value } from '../../ir/value.js'
import { compareValues, keyOf } from './compare.js'
import { accessOf } from './functions/collection.js'
import { dynamicText, textOf } from './functions/convert.js'
import { scalarFunction } from './functions/index.js'
import { compilePattern } from './functions/pattern.js'
import { matches } from './term.js'

/** What an expression is evaluated in: the row's values by name, and how to run a relation inside it. */
export interface Evaluation {
  readonly value: (name: string) => Value
  readonly rows: (relation: Relation) => readonly (readonly Value[])[]
}

/** The value of an expression, slowly and plainly: the judge of every other engine. */
export function evaluate(scalar: Scalar, at: Evaluation): Value {
  switch (scalar.kind) {
    case 'literal':
      return scalar.value
    case 'column':
      return at.value(scalar.name)
    case 'call':
      return evaluateCall(scalar, at)
    case 'access':
      return accessOf(evaluate(scalar.value, at), evaluate(scalar.key, at))
    case 'choose': {
      const branch = scalar.branches.find(({ when }) => evaluate(when, at) === true)
      return evaluate(branch ? branch.value : scalar.otherwise, at)
    }
    case 'scalar-of': {
      const [first] = at.rows(scalar.relation)
      return first?.[0] ?? (scalar.type === 'string' ? '' : null)
    }
    case 'and':
      return conjunction(
        scalar.operands.map((operand) => evaluate(operand, at)),
        false,
      )
    case 'or':
      return conjunction(
        scalar.operands.map((operand) => evaluate(operand, at)),
        true,
      )
    case 'not': {
      const value = evaluate(scalar.operand, at)
      return value === null ? null : value !== true
    }
    case 'compare':
      return evaluateCompare(scalar, at)
    case 'match':
      return evaluateMatch(scalar, at)
    case 'regex':
      return evaluateRegex(scalar, at)
    case 'member': {
      const subject = evaluate(scalar.subject, at)
      const values = scalar.values.flatMap((each) => members(evaluate(each, at), each.type, scalar.subject.type))
      return isMember(subject, values, scalar.case)
    }
    case 'member-of-relation':
      return evaluateMemberOfRelation(scalar, at)
    case 'window-call':
      throw new Error('a window call outside a window')
  }
}

function evaluateCall(scalar: Extract<Scalar, { kind: 'call' }>, at: Evaluation): Value {
  if (scalar.name === 'new_guid') return crypto.randomUUID()
  const compute = scalarFunction(scalar.name)
  if (!compute) throw new Error(`no function ${scalar.name}`)
  const args = scalar.arguments.map((argument) => evaluate(argument, at))
  const result = compute(
    args,
    scalar.arguments.map(({ type }) => type),
    scalar.type,
  )
  return result === null && scalar.type === 'string' ? '' : result
}

/** Three-valued: `decisive` ends it, else an unknown makes it unknown. */
function conjunction(values: readonly Value[], decisive: boolean): Value {
  if (values.includes(decisive)) return decisive
  return values.includes(null) ? null : !decisive
}

const fold = (value: Value, letters: 'sensitive' | 'insensitive'): Value =>
  letters === 'insensitive' && typeof value === 'string' ? value.toLowerCase() : value

function evaluateCompare(scalar: Extract<Scalar, { kind: 'compare' }>, at: Evaluation): Value {
  const [left, right] = [fold(evaluate(scalar.left, at), scalar.case), fold(evaluate(scalar.right, at), scalar.case)]
  const { operator, nulls } = scalar
  if (left === null || right === null) {
    const both = left === right
    if (nulls === 'unknown' || (nulls === 'one-sided' && both)) return null
    return operator === 'equal' ? both : operator === 'not-equal' ? !both : null
  }
  const order = compareValues(left, right, scalar.left.type)
  switch (operator) {
    case 'equal':
      return order === 0
    case 'not-equal':
      return order !== 0
    case 'less':
      return order < 0
    case 'less-or-equal':
      return order <= 0
    case 'greater':
      return order > 0
    case 'greater-or-equal':
      return order >= 0
  }
}

function evaluateMatch(scalar: Match, at: Evaluation): Value {
  const text = String(evaluate(scalar.subject, at))
  const needles = scalar.needles.flatMap((needle) => {
    const value = evaluate(needle, at)
    return needle.type === 'dynamic' ? (isArray(value) ? value : [value]).map(dynamicText) : [String(value ?? '')]
  })
  const found = (needle: string): boolean => matches(scalar.how, text, needle, scalar.case)
  return scalar.quantifier === 'any' ? needles.some(found) : needles.every(found)
}

function evaluateRegex(scalar: Extract<Scalar, { kind: 'regex' }>, at: Evaluation): Value {
  const { ignoreCase, dotAll, multiLine } = scalar.flags
  const flags = `${ignoreCase ? 'i' : ''}${dotAll ? 's' : ''}${multiLine ? 'm' : ''}`
  const pattern = String(evaluate(scalar.pattern, at))
  return compilePattern(scalar.anchored === 'whole' ? `^(?:${pattern})$` : pattern, flags).test(
    String(evaluate(scalar.subject, at)),
  )
}

function members(value: Value, type: ScalarType, subject: ScalarType): Value[] {
  if (type !== 'dynamic' || subject === 'dynamic') return [value]
  const list = isArray(value) ? [...value] : value === null ? [] : [value]
  return subject === 'string' ? list.map(dynamicText) : list
}

function isMember(subject: Value, values: readonly Value[], letters: 'sensitive' | 'insensitive'): boolean {
  if (subject === null) return false
  const wanted = keyOf(fold(subject, letters))
  return values.some((value) => value !== null && keyOf(fold(value, letters)) === wanted)
}

function evaluateMemberOfRelation(scalar: Extract<Scalar, { kind: 'member-of-relation' }>, at: Evaluation): Value {
  const subject = evaluate(scalar.subject, at)
  const type = scalar.relation.columns[0]!.type
  const asText = scalar.subject.type === 'string'
  const values = at.rows(scalar.relation).map((row) => (asText ? textOf(row[0]!, type) : row[0]!))
  if (scalar.how === 'equal') return isMember(subject, values, scalar.case)
  const found = (value: Value): boolean => matches('term', String(subject), String(value), scalar.case)
  return scalar.how === 'any-term' ? values.some(found) : values.every(found)
}
