import type { Relation } from '../../ir/relation.js'
import type { Environment } from './lower-scalar.js'
import { refuse } from './scope.js'
import { child, type KqlNode } from './syntax.js'

/** `evaluate plugin(...)`. */
export function lowerEvaluate(node: KqlNode, _input: Relation, _env: Environment): Relation {
  const called = child(child(node, 'FunctionCall'), 'Name')
  return refuse('unsupported-function', called.span, { language: 'KQL', name: called.text, closest: undefined })
}
