import type { Relation } from '../../ir/relation.js'
import { literal, type Scalar } from '../../ir/scalar.js'
import type { SavedFunction } from '../../ir/schema.js'
import { type Environment, lowerConstant } from './lower-scalar.js'
import { parseKql } from './parser.js'
import { type Context, closestName, innerScope, refuse, type Scope } from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

/**
 * Functions that are kept beside the tables (`QuerySchema.functions`). One that gives values becomes the list written out, so that
 * whoever translates a query finds plain values in it.
 */
export function savedValues(
  saved: Extract<SavedFunction, { kind: 'values' }>,
  args: readonly KqlNode[],
  node: KqlNode,
  env: Environment,
): Scalar {
  return literal('dynamic', setNamed(saved, args, node, env), node.span)
}

/** One that gives a table. */
export function savedRows(
  saved: Extract<SavedFunction, { kind: 'rows' }>,
  args: readonly KqlNode[],
  node: KqlNode,
  env: Environment,
): Relation {
  const { columns, rows } = setNamed(saved, args, node, env)
  return { kind: 'rows', columns, rows, span: node.span }
}

function setNamed<Set>(
  { name, sets }: { readonly name: string; readonly sets: ReadonlyMap<string, Set> },
  args: readonly KqlNode[],
  node: KqlNode,
  env: Environment,
): Set {
  const given = args.length === 1 ? lowerConstant(args[0]!, env) : undefined
  const wanted = given?.kind === 'literal' && typeof given.value === 'string' ? given.value : ''
  const found = sets.get(wanted)
  if (found !== undefined) return found
  const known = [...sets.keys()]
  const closest = wanted === '' ? undefined : closestName(wanted, known)
  return refuse('unknown-value-set', (args[0] ?? node).span, { function: name, name: wanted, closest, known })
}

/** The saved functions that the query's text names, and those that these name, as if the query began with them. */
export function savedScope({ schema, source }: Context): Scope {
  const scope = innerScope(undefined)
  const waiting = [source]
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const saved of schema.functions?.values() ?? []) {
      if (saved.kind !== 'query' || scope.names.has(saved.name) || !text.includes(saved.name)) continue
      // Whoever runs the query has answered it before and keeps the rows.
      if (schema.tables.has(saved.name)) continue
      const declaration = declarationOf(saved)
      scope.names.set(saved.name, { kind: 'function', declaration, scope, name: saved.name, saved: true })
      waiting.push(saved.text)
    }
  }
  return scope
}

const declarations = new Map<string, KqlNode>()

function declarationOf({ name, text }: Extract<SavedFunction, { kind: 'query' }>): KqlNode {
  const known = declarations.get(text)
  if (known) return known
  const { tree, diagnostics } = parseKql(text)
  const statement = tree && items(tree, 'Statements').find(({ kind }) => kind === 'LetStatement')
  const declared = statement && child(statement, 'Expression')
  if (diagnostics.length > 0 || declared?.kind !== 'FunctionDeclaration')
    throw new Error(`the saved function ${name} is no function: ${diagnostics[0]?.message ?? 'it declares nothing'}`)
  declarations.set(text, declared)
  return declared
}
