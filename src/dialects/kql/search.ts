import type { Relation } from '../../ir/relation.js'
import { and, literal, type MatchHow, or, reference, type Scalar, text } from '../../ir/scalar.js'
import type { Span } from '../../text/span.js'
import { callFunction } from './lower-function.js'
import { asString, type Environment, findColumn, lowerCondition, lowerConstant } from './lower-scalar.js'
import { pass, tableSource } from './lower-tabular.js'
import { filter, outside, project } from './relations.js'
import { namesInScope, Refusal, refuseForm } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'
import { type Branch, labelRows, unionAll, unionBranches } from './union.js'

/** `search "x"`: rows where any column has the term; a bare string in the condition means any column. */
export function lowerSearch(node: KqlNode, inputs: readonly Relation[], env: Environment): Relation {
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
  const match = (how: MatchHow, sought: Scalar): Scalar => ({
    kind: 'match',
    type: 'bool',
    how,
    subject,
    needles: [sought],
    quantifier: 'any',
    case: letters,
    span,
  })
  const pattern = needle.kind === 'literal' ? String(needle.value) : ''
  if (!pattern.includes('*')) return match('term', needle)
  if (pattern === '*') return literal('bool', true, span)
  const within = /^\*(.*)\*$/s.exec(pattern)?.[1]
  if (within !== undefined && !within.includes('*')) return match('contains', text(within))
  const body = pattern.replace(/^\*|\*$/g, '')
  if (body.includes('*')) return match('wildcard', text(`*${pattern}*`))
  return match(pattern.endsWith('*') ? 'term-prefix' : pattern.startsWith('*') ? 'term-suffix' : 'term', text(body))
}

export function lowerFind(node: KqlNode, env: Environment): Relation {
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
