import type { Assignment, Query, Relation } from '../../ir/relation.js'
import type { Compare, Match, Member, Regex, Scalar } from '../../ir/scalar.js'
import { isArray } from '../../ir/value.js'
import { parts } from '../../ir/walk.js'
import { type Span, span } from '../../text/span.js'

/** Every relation of a query, a source before what reads it. */
export function relationsOf(query: Query): readonly Relation[] {
  return [...query.bindings.flatMap(({ relation }) => flat(relation)), ...flat(query.body)]
}

function flat(relation: Relation): Relation[] {
  return [...inputsOf(relation).flatMap(flat), relation]
}

export function inputsOf(relation: Relation): readonly Relation[] {
  switch (relation.kind) {
    case 'table':
    case 'rows':
    case 'range':
    case 'bound':
    case 'items':
      return []
    case 'join':
      return [relation.left, relation.right]
    case 'union':
    case 'row-operator':
      return relation.inputs
    case 'apply':
    case 'partition':
      return [relation.input, relation.body]
    case 'sequence':
      return relation.steps.map(({ input }) => input)
    default:
      return [relation.input]
  }
}

/** Computed columns of a relation. */
export function assignmentsOf(relation: Relation): readonly Assignment[] {
  switch (relation.kind) {
    case 'extend':
    case 'project':
    case 'window':
      return relation.assignments
    case 'aggregate':
      return relation.by
    default:
      return []
  }
}

/** An expression and every part of it, with the relations' own expressions inside left out. */
export function everyPart(scalar: Scalar): readonly Scalar[] {
  const found: Scalar[] = []
  const waiting: Scalar[] = [scalar]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    found.push(at)
    waiting.push(...parts(at))
  }
  return found
}

/** Every expression of a relation itself, whole. */
export function expressionsOf(relation: Relation): readonly Scalar[] {
  switch (relation.kind) {
    case 'filter':
      return [relation.condition]
    case 'aggregate':
      return [
        ...relation.by.map(({ value }) => value),
        ...relation.aggregates.flatMap((call) => [...call.arguments, ...(call.condition ? [call.condition] : [])]),
      ]
    case 'sort':
      return relation.keys.map(({ value }) => value)
    case 'join':
      return relation.on.flatMap(({ left, right }) => [left, right])
    case 'unnest':
      return relation.items.map(({ value }) => value)
    case 'partition':
      return [relation.key]
    default:
      return assignmentsOf(relation).map(({ value }) => value)
  }
}

/** A comparison of a column with texts that stand in the query. */
export interface Literals {
  readonly scalar: Match | Member | Compare | Regex
  readonly column: string
  readonly texts: readonly string[]
}

export function literalsOf(scalar: Scalar): Literals | undefined {
  if (scalar.kind !== 'match' && scalar.kind !== 'member' && scalar.kind !== 'compare') return undefined
  if (scalar.kind === 'compare' && scalar.operator !== 'equal') return undefined
  const subject = scalar.kind === 'compare' ? scalar.left : scalar.subject
  const values = scalar.kind === 'match' ? scalar.needles : scalar.kind === 'member' ? scalar.values : [scalar.right]
  if (subject.kind !== 'column' || subject.type !== 'string') return undefined
  const texts = values.flatMap((value) => (value.kind === 'literal' ? textsOf(value.value) : []))
  return texts.length > 0 ? { scalar, column: subject.name, texts } : undefined
}

const textsOf = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : isArray(value as never) ? (value as unknown[]).flatMap(textsOf) : []

/** Where a literal text stands: inside the given stretch of the query where it does, else its first place. */
export function placeOf(source: string, text: string, within?: Span): Span | undefined {
  const escaped = text.replaceAll('\\', '\\\\')
  const spellings = [`"${escaped}"`, `'${escaped}'`, `@"${text}"`, `@'${text}'`]
  for (const from of within ? [within.start, 0] : [0]) {
    const found = spellings
      .map((spelling) => ({ at: source.indexOf(spelling, from), length: spelling.length }))
      .filter(({ at }) => at >= 0 && (from === 0 || at < within!.end))
      .sort((a, b) => a.at - b.at)[0]
    if (found) return span(found.at, found.at + found.length)
  }
  return within
}
