import { isArray } from '../../ir/value.js'
import { type Environment, lowerConstant } from './lower-scalar.js'
import { type Bound, refuse, refuseForm } from './scope.js'
import { child, field, items, type KqlNode } from './syntax.js'

type BoundPattern = Extract<Bound, { kind: 'pattern' }>

/** `declare pattern`: a function whose body is chosen by its arguments. https://learn.microsoft.com/kusto/query/pattern-statement */
export function lowerPatternStatement(statement: KqlNode, env: Environment): void {
  const name = child(statement, 'Name').text
  const declaration =
    field(statement, 'Pattern') ?? refuseForm(`the pattern \`${name}\` without a body`, statement.span)
  env.scope.names.set(name, { kind: 'pattern', declaration, scope: env.scope, name })
}

/** The body of the case that the arguments and the path name. */
export function patternBody(
  bound: BoundPattern,
  args: readonly KqlNode[],
  path: string | undefined,
  node: KqlNode,
  env: Environment,
): KqlNode {
  const parameters = items(bound.declaration, 'Parameters')
  if (args.length !== parameters.length) {
    const expected = `${parameters.length} arguments`
    return refuse('bad-argument-count', node.span, { name: bound.name, expected, found: args.length })
  }
  const wanted = args.map((each) => constantText(each, env))
  const found = items(bound.declaration, 'Patterns').find((each) => {
    const values = items(child(each, 'ParameterValues'), 'Expressions').map((value) => constantText(value, env))
    const place = field(each, 'PathValue')
    const at = place && constantText(child(place, 'Value'), env)
    return at === path && values.length === wanted.length && values.every((value, index) => value === wanted[index])
  })
  if (found) return child(found, 'Body')
  const asked = `(${wanted.join(', ')})${path === undefined ? '' : `.${path}`}`
  return refuseForm(`\`${bound.name}${asked}\`, which the pattern has no case for,`, node.span)
}

function constantText(node: KqlNode, env: Environment): string {
  const value = lowerConstant(node, env)
  if (value.kind === 'literal' && value.value !== null && !isArray(value.value)) return String(value.value)
  return refuseForm('an argument of a pattern that is not known before the query runs', node.span)
}
