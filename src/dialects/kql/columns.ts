import type { Relation } from '../../ir/relation.js'
import { type Column, column } from '../../ir/types.js'
import { isArray } from '../../ir/value.js'
import { diagnose } from '../../text/diagnostic.js'
import { isLike } from '../../text/wildcard.js'
import { type Environment, findColumn, lowerConstant } from './lower-scalar.js'
import { pass } from './lower-tabular.js'
import { assignNames, lastOfEach, lowerNamed, type Named } from './named.js'
import { extend, keepColumns, project, withWindows } from './relations.js'
import { closestName, columnNames, Refusal, refuseForm, uniqueName } from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

export function lowerExtend(node: KqlNode, input: Relation, env: Environment): Relation {
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

export function lowerProject(node: KqlNode, input: Relation, env: Environment): Relation {
  const { value, input: under } = withWindows(input, env, (inner) =>
    items(node, 'Expressions').flatMap((item) => lowerNamed(item, inner)),
  )
  const taken = new Set(value.flatMap(({ name }) => (name === undefined ? [] : [name])))
  return project(under, lastOfEach(assignNames(value, taken, (index) => `Column${index + 1}`)), node.span)
}

/** The columns that a list of names with wildcards means; a name that is no column is refused. */
export function selectColumns(node: KqlNode, input: Relation, env: Environment): Column[] {
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

export const refusalOf = (node: KqlNode, known: readonly string[]) =>
  diagnose('unknown-name', node.span, { name: node.text, closest: closestName(node.text, known) })

export const wildcard = (pattern: string): { test(name: string): boolean } => {
  // Only the star means something in names; a question mark is one.
  const letters = [...pattern].map((letter) => (letter === '?' ? '\\?' : letter))
  return { test: (name) => isLike([...name], letters) }
}

export const withoutColumns = (input: Relation, gone: readonly Column[]): Column[] => {
  const names = columnNames(gone)
  return input.columns.filter(({ name }) => !names.has(name))
}

export const inInputOrder = (input: Relation, kept: readonly Column[]): Column[] => {
  const names = columnNames(kept)
  return input.columns.filter(({ name }) => names.has(name))
}

export function lowerProjectByNames(node: KqlNode, input: Relation, env: Environment): Relation {
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

export function lowerRename(node: KqlNode, input: Relation, env: Environment): Relation {
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

export function lowerReorder(node: KqlNode, input: Relation, env: Environment): Relation {
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

export function lowerDistinct(node: KqlNode, input: Relation, env: Environment): Relation {
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

export function lowerPrint(node: KqlNode, env: Environment): Relation {
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
