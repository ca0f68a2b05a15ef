import type { Relation } from '../../ir/relation.js'
import { reference, text } from '../../ir/scalar.js'
import { findTable } from '../../ir/schema.js'
import { type Column, column, type ScalarType } from '../../ir/types.js'
import type { Span } from '../../text/span.js'
import { wildcard } from './columns.js'
import { callFunction } from './lower-function.js'
import type { Environment } from './lower-scalar.js'
import { emptyOf, lowerTabular, pass, tableSource } from './lower-tabular.js'
import { outside, project } from './relations.js'
import { findName, namesInScope, note, refuseForm, uniqueName } from './scope.js'
import { child, items, type KqlNode, parameters, tokenText } from './syntax.js'

export interface Branch {
  readonly label: string | undefined
  readonly rows: Relation
}

export function lowerUnion(node: KqlNode, input: Relation | undefined, env: Environment): Relation {
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

export function labelRows(rows: Relation, name: string, label: string, span: Span): Relation {
  return project(
    rows,
    [{ name, value: text(label) }, ...rows.columns.filter((known) => known.name !== name).map(pass)],
    span,
  )
}

export function unionBranches(item: KqlNode, fuzzy: boolean, env: Environment): Branch[] {
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
