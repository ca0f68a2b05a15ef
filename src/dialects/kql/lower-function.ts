import type { Relation } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Span } from '../../text/span.js'
import { convert } from './convert.js'
import { lowerType } from './literals.js'
import { lowerLet } from './lower-let.js'
import { type Environment, lowerScalar } from './lower-scalar.js'
import { isTabular, lowerTabular } from './lower-tabular.js'
import { patternBody } from './pattern.js'
import { type Bound, innerScope, refuse, refuseForm, type Scope } from './scope.js'
import { child, field, items, type KqlNode } from './syntax.js'

type BoundFunction = Extract<Bound, { kind: 'function' | 'pattern' }>

/** A call of a function that the query declares: its body with the arguments in the place of the parameters. */
export interface FunctionResult {
  scalar(): Scalar
  table(): Relation
  isTable(): boolean
}

export function callFunction(
  called: BoundFunction,
  nodes: readonly KqlNode[],
  node: KqlNode,
  env: Environment,
  piped?: Relation,
): FunctionResult {
  if (called.kind === 'pattern') return callPattern(called, nodes, undefined, node, env)
  const bound = called.saved ? { ...called, declaration: placed(called.declaration, node.span) } : called
  const scope = innerScope(bound.scope)
  bindArguments(bound, scope, nodes, node, env, piped)
  return resultOf(child(bound.declaration, 'Body'), scope, env)
}

/** A call of a declared pattern: `name(arguments)`, `name(arguments).path`. */
export function callPattern(
  bound: Extract<Bound, { kind: 'pattern' }>,
  nodes: readonly KqlNode[],
  path: string | undefined,
  node: KqlNode,
  env: Environment,
): FunctionResult {
  return resultOf(patternBody(bound, nodes, path, node, env), innerScope(bound.scope), env)
}

function resultOf(body: KqlNode, scope: Scope, env: Environment): FunctionResult {
  const inner: Environment = {
    ...env,
    scope,
    columns: [],
    input: undefined,
    aggregates: env.aggregates,
    windows: env.windows,
  }
  for (const statement of items(body, 'Statements')) {
    if (statement.kind === 'LetStatement') lowerLet(statement, { ...inner, aggregates: undefined })
  }
  const result = field(body, 'Expression')
  if (!result) return refuseForm('a function without a result', body.span)
  return {
    scalar: () => lowerScalar(result, inner),
    table: () => lowerTabular(result, inner),
    isTable: () => isTabular(result, inner),
  }
}

/** A saved function's tree at the place of its call, so that diagnostics point into the query. */
const placed = (node: KqlNode, span: Span): KqlNode => ({
  ...node,
  span,
  fields: Object.fromEntries(Object.entries(node.fields).map(([name, each]) => [name, placed(each, span)])),
  items: node.items.map((each) => placed(each, span)),
})

interface Parameter {
  readonly name: string
  readonly declaration: KqlNode
  readonly tabular: boolean
  readonly fallback: KqlNode | undefined
}

function readParameters(declaration: KqlNode): Parameter[] {
  const list = child(declaration, 'Parameters')
  return items(list, 'Parameters').map((parameter) => {
    const nameAndType = child(parameter, 'NameAndType')
    const fallback = field(parameter, 'DefaultValue')
    return {
      name: child(nameAndType, 'Name').text,
      declaration: nameAndType,
      tabular: child(nameAndType, 'Type').kind === 'SchemaTypeExpression',
      fallback: fallback && child(fallback, 'Value'),
    }
  })
}

function bindArguments(
  bound: BoundFunction,
  scope: Scope,
  nodes: readonly KqlNode[],
  node: KqlNode,
  env: Environment,
  piped: Relation | undefined,
): void {
  const parameters = readParameters(bound.declaration)
  const given = new Map<string, KqlNode>()
  let position = piped ? 1 : 0
  for (const argument of nodes) {
    if (argument.kind === 'SimpleNamedExpression') {
      given.set(child(argument, 'Name').text, child(argument, 'Expression'))
      position++
      continue
    }
    const parameter = parameters[position++]
    if (!parameter) {
      refuse('bad-argument-count', node.span, {
        name: bound.name,
        expected: `${parameters.length} arguments`,
        found: nodes.length,
      })
    } else given.set(parameter.name, argument)
  }
  parameters.forEach((parameter, index) => {
    if (piped && index === 0) {
      scope.names.set(parameter.name, { kind: 'table', relation: piped })
      return
    }
    const argument = given.get(parameter.name)
    if (!argument && !parameter.fallback) {
      refuse('bad-argument-count', node.span, {
        name: bound.name,
        expected: `${parameters.length} arguments`,
        found: nodes.length,
      })
    }
    const [source, from] = argument
      ? [argument, env]
      : [parameter.fallback!, { ...env, columns: [], scope: bound.scope }]
    const outside: Environment = { ...from, aggregates: undefined, windows: undefined }
    if (parameter.tabular) {
      scope.names.set(parameter.name, { kind: 'table', relation: lowerTabular(source, outside) })
      return
    }
    const type = lowerType(child(parameter.declaration, 'Type'))
    scope.names.set(parameter.name, { kind: 'scalar', value: convert(lowerScalar(source, outside), type) })
  })
}
