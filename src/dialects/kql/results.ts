import type { Relation } from '../../ir/relation.js'
import { column } from '../../ir/types.js'
import { lowerGraphTables } from './graph.js'
import { isScalarFunction } from './lower-call.js'
import { type Environment, findColumn, lowerScalar } from './lower-scalar.js'
import { isTabular, lowerOperator, lowerTabular, lowerTabularOrGraph } from './lower-tabular.js'
import { lowerSubquery } from './nested.js'
import { project } from './relations.js'
import { findName, refuseForm } from './scope.js'
import { child, field, items, type KqlNode } from './syntax.js'

/** One of the tables that a text gives, and its name where it has one. */
export interface Result {
  readonly name: string | undefined
  readonly relation: Relation
}

/** What a query gives: one table, or as many as the operator that ends it makes. */
export function lowerResults(node: KqlNode, env: Environment): readonly Result[] {
  const several = node.kind === 'PipeExpression' ? SEVERAL[child(node, 'Operator').kind] : undefined
  if (several) return several(child(node, 'Operator'), lowerTabularOrGraph(child(node, 'Expression'), env), env)
  return [{ name: undefined, relation: lowerResult(node, env) }]
}

function lowerResult(node: KqlNode, env: Environment): Relation {
  const called = node.kind === 'FunctionCallExpression' ? child(node, 'Name').text : undefined
  const isScalar = called !== undefined && findName(env.scope, called) === undefined && isScalarFunction(called)
  if (isTabular(node, env) || node.kind === 'NameReference' || (called !== undefined && !isScalar))
    return lowerTabular(node, env)
  const value = lowerScalar(node, env)
  const source: Relation = { kind: 'rows', columns: [], rows: [[]], span: node.span }
  return project(source, [{ name: 'print_0', value }], node.span)
}

type LowerSeveral = (node: KqlNode, input: Relation, env: Environment) => readonly Result[]

/** Operators that end a query with several tables. */
const SEVERAL: Readonly<Record<string, LowerSeveral>> = {
  ForkOperator: lowerFork,
  FacetOperator: lowerFacet,
  // Tables that are given names are results only where the text asks for them by these.
  GraphToTableOperator: (node, input, env) =>
    lowerGraphTables(node, input, env).filter((each) => each.name === undefined),
}

/** https://learn.microsoft.com/kusto/query/fork-operator */
function lowerFork(node: KqlNode, input: Relation, env: Environment): readonly Result[] {
  const shared = share(input, env)
  return items(node, 'Expressions').map((leg) => {
    const name = field(leg, 'NameEquals')
    return {
      name: name && child(name, 'Name').text,
      relation: lowerSubquery(child(leg, 'Expression'), shared, env),
    }
  })
}

/** The values of each column with how often they come, before them what `with` makes of all rows. https://learn.microsoft.com/kusto/query/facet-operator */
function lowerFacet(node: KqlNode, input: Relation, env: Environment): readonly Result[] {
  const shared = share(input, env)
  const clause = field(node, 'WithClause')
  const body = clause && (field(clause, 'Expression') ?? field(clause, 'Operator'))
  const all = !body ? [] : [{ name: undefined, relation: lowerFacetBody(body, shared, env) }]
  const facets = items(node, 'Expressions').map((item): Result => {
    const found =
      findColumn(input.columns, item.text) ?? refuseForm('a facet of something that is no column', item.span)
    const count = {
      name: `count_${found.name}`,
      function: 'count',
      arguments: [],
      condition: undefined,
      type: 'long',
    } as const
    return {
      name: found.name,
      relation: {
        kind: 'aggregate',
        input: shared,
        by: [{ name: found.name, value: { kind: 'column', name: found.name, type: found.type, span: item.span } }],
        aggregates: [count],
        columns: [found, column(count.name, 'long')],
        span: item.span,
      },
    }
  })
  return [...all, ...facets]
}

const lowerFacetBody = (body: KqlNode, input: Relation, env: Environment): Relation =>
  body.kind === 'PipeExpression' ? lowerSubquery(body, input, env) : lowerOperator(body, input, env)

/** Rows that several results read. */
function share(input: Relation, env: Environment): Relation {
  const name = `shared#${++env.context.counter}`
  env.context.bindings.push({ name, relation: input, once: true })
  return { kind: 'bound', name, columns: input.columns, span: input.span }
}
