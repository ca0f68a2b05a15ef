import type { Relation } from '../../ir/relation.js'
import type { Environment } from './lower-scalar.js'
import { refuseForm } from './scope.js'
import type { KqlNode } from './syntax.js'

export const lowerTopNested = (node: KqlNode, _input: Relation, _env: Environment): Relation =>
  refuseForm('`top-nested`', node.span)
export const lowerTopHitters = (node: KqlNode, _input: Relation, _env: Environment): Relation =>
  refuseForm('`top-hitters`', node.span)
