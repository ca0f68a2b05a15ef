import type { Relation } from '../../ir/relation.js'
import { graphOf } from './graph.js'
import { type Environment, lowerScalar } from './lower-scalar.js'
import { isTabular, lowerTabularOrGraph } from './lower-tabular.js'
import { refuseForm } from './scope.js'
import { child, field, type KqlNode } from './syntax.js'

/** `let name = ...;` binds a value, a table or a function in the scope. A table is run where it is used. */
export function lowerLet(statement: KqlNode, env: Environment): void {
  const name = child(statement, 'Name').text
  const expression = child(statement, 'Expression')
  const { scope, context } = env
  if (expression.kind === 'FunctionDeclaration') {
    scope.names.set(name, { kind: 'function', declaration: expression, scope, name })
    return
  }
  if (field(statement, 'Expression')?.kind === 'EntityGroupExpression') refuseForm('an entity group', expression.span)
  const constant: Environment = { ...env, columns: [], input: undefined, aggregates: undefined, windows: undefined }
  if (isTabular(expression, constant)) {
    const relation = lowerTabularOrGraph(expression, constant)
    if (graphOf(relation)) {
      scope.names.set(name, { kind: 'table', relation })
      return
    }
    const unique = `${name}#${++context.counter}`
    const once = materialized(expression)
    context.bindings.push({ name: unique, relation, once })
    const source: Relation = { kind: 'bound', name: unique, columns: relation.columns, span: expression.span }
    scope.names.set(name, { kind: 'table', relation: source })
    return
  }
  scope.names.set(name, { kind: 'scalar', value: lowerScalar(expression, constant) })
}

const materialized = (node: KqlNode): boolean =>
  node.kind === 'MaterializeExpression' ||
  (node.kind === 'FunctionCallExpression' && child(node, 'Name').text === 'materialize') ||
  (node.kind === 'ParenthesizedExpression' && materialized(child(node, 'Expression')))
