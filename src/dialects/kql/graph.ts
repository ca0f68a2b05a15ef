import type { Relation, RowOptions } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import { type Column, column } from '../../ir/types.js'
import { diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { Given } from './given.js'
import { type Environment, findColumn, lowerCondition } from './lower-scalar.js'
import { lowerOperator, lowerTabular } from './lower-tabular.js'
import { columnNames, Refusal, refuseForm, uniqueName } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

/**
 * A graph between the operators that make and use it: the relations it is made of, its nodes' properties, and how to make it. It is no
 * relation that could run; `graph-match` and its kin take its parts over.
 */
export interface GraphRelation {
  readonly kind: 'row-operator'
  readonly name: 'graph'
  /** The edges, then up to two tables of nodes. */
  readonly inputs: readonly Relation[]
  readonly options: { readonly [name: string]: RowOptions[string] }
  /** Properties of nodes. */
  readonly columns: readonly Column[]
  readonly span: Span | undefined
}

export function graphOf(relation: Relation): GraphRelation | undefined {
  return relation.kind === 'row-operator' && relation.name === 'graph' ? (relation as GraphRelation) : undefined
}

export const edgeColumns = (graph: GraphRelation): readonly Column[] => graph.inputs[0]!.columns

/** `make-graph`. https://learn.microsoft.com/kusto/query/make-graph-operator */
export function lowerMakeGraph(node: KqlNode, input: Relation, env: Environment): Relation {
  const source = columnOf(child(node, 'SourceColumn'), input)
  const target = columnOf(child(node, 'TargetColumn'), input)
  if (source.type !== target.type && !(isText(source) && isText(target)))
    return refuseForm('edges whose source and target have different types', child(node, 'TargetColumn').span)
  const clause = field(node, 'WithClause')
  const nodes: { relation: Relation; key: string }[] = []
  const properties: Column[] = []
  if (clause?.kind === 'MakeGraphWithTablesAndKeysClause') {
    for (const each of items(clause, 'TablesAndKeys')) {
      const outside: Environment = { ...env, columns: [], input: undefined }
      const relation = lowerTabular(child(each, 'Table'), outside)
      nodes.push({ relation, key: columnOf(child(each, 'Column'), relation).name })
      for (const known of relation.columns) {
        const other = properties.find(({ name }) => name === known.name)
        if (other && other.type !== known.type)
          return refuseForm(`tables of nodes in which \`${known.name}\` has two types`, each.span)
        if (!other) properties.push(known)
      }
    }
  }
  const idName = clause?.kind === 'MakeGraphWithImplicitIdClause' ? child(clause, 'Name').text : undefined
  if (idName !== undefined) properties.push(column(idName, source.type))
  const options: RowOptions = {
    source: source.name,
    target: target.name,
    keys: nodes.map(({ key }): RowOptions => ({ key })),
    idName,
    properties: [...properties],
    steps: [],
  }
  const inputs = [input, ...nodes.map(({ relation }) => relation)]
  const graph: GraphRelation = {
    kind: 'row-operator',
    name: 'graph',
    inputs,
    options,
    columns: properties,
    span: node.span,
  }
  const partitioned = field(node, 'PartitionedByClause')
  return partitioned ? lowerPartitioned(partitioned, graph, env) : graph
}

/** `partitioned-by column (operator)`: a graph for each value of a column that edges and nodes have, and the operator on each alone. */
function lowerPartitioned(clause: KqlNode, graph: GraphRelation, env: Environment): Relation {
  const entity = child(clause, 'Entity')
  const names = graph.inputs.map((input) => columnOf(entity, input).name)
  if (new Set(names).size > 1) return refuseForm('a partition column in several spellings', entity.span)
  const operators: KqlNode[] = []
  let at = child(clause, 'Subquery')
  for (; at.kind === 'PipeExpression'; at = child(at, 'Expression')) operators.push(child(at, 'Operator'))
  operators.push(at)
  // What follows on rows would see each graph's rows alone; only the graph's own operators do here.
  const other = operators.find(({ kind }) => !kind.startsWith('Graph'))
  if (other) return refuseForm('an operator on rows in `partitioned-by`', other.span)
  const start: Relation = { ...graph, options: { ...graph.options, partition: names[0] } }
  return operators.reverse().reduce<Relation>((input, operator) => lowerOperator(operator, input, env), start)
}

const isText = ({ type }: Column): boolean => type === 'string' || type === 'guid'

function columnOf(node: KqlNode, input: Relation): Column {
  const found = findColumn(input.columns, node.text)
  if (found) return found
  const known = diagnose('unknown-name', node.span, { name: node.text, closest: undefined })
  throw new Refusal(known, node.text ? { name: node.text, input } : undefined)
}

/** A step that changes a graph before it is used: components marked, nodes or edges left out. */
function withStep(graph: GraphRelation, step: RowOptions, columns: readonly Column[]): Relation {
  const steps = [...(graph.options.steps as readonly RowOptions[]), step]
  return { ...graph, options: { ...graph.options, steps, properties: [...columns] }, columns }
}

export function lowerMarkComponents(node: KqlNode, input: Relation): Relation {
  const graph = needGraph(node, input)
  const options = parameters(node)
  const how = (tokenText(options.get('kind')) ?? 'weak').toLowerCase()
  if (how !== 'weak' && how !== 'strong') return refuseForm(`\`graph-mark-components kind=${how}\``, node.span)
  const name = tokenText(options.get('with_component_id')) ?? 'ComponentId'
  const kept = graph.columns.filter((each) => each.name !== name)
  return withStep(graph, { step: 'mark-components', how, name }, [...kept, column(name, 'long')])
}

export function lowerGraphWhere(what: 'nodes' | 'edges', node: KqlNode, input: Relation, env: Environment): Relation {
  const graph = needGraph(node, input)
  const columns = what === 'nodes' ? graph.columns : edgeColumns(graph)
  const condition = lowerCondition(child(node, 'Condition'), { ...env, columns, input: undefined })
  const given = new Given(env.context)
  const alone = given.take(condition)
  if (given.inputs([graph.inputs[0]!]).given)
    return refuseForm(`\`graph-where-${what}\` with values of other tables`, node.span)
  return withStep(graph, { step: `where-${what}`, condition: alone }, graph.columns)
}

export function needGraph(node: KqlNode, input: Relation): GraphRelation {
  return graphOf(input) ?? refuseForm('an operator on graphs without a graph before it', node.span)
}

/** A relation made of a graph: its inputs, those values that its expressions need of other tables, and its options. */
export function fromGraph(
  name: string,
  graph: GraphRelation,
  options: RowOptions,
  columns: readonly Column[],
  given: Given,
  span: Span,
): Relation {
  const all = given.inputs(graph.inputs)
  return {
    kind: 'row-operator',
    name,
    inputs: all.inputs,
    options: { ...options, graph: graph.options, given: all.given },
    columns,
    span,
  }
}

/** The conditions that must all be true, each alone: the sooner one can be asked, the fewer matches are followed. */
export const conjuncts = (condition: Scalar): readonly Scalar[] =>
  condition.kind === 'and' ? condition.operands.flatMap(conjuncts) : [condition]

/** `graph-to-table nodes`, `graph-to-table edges`: one of them as rows. */
export function lowerGraphToTable(node: KqlNode, input: Relation, env: Environment): Relation {
  const [only, ...more] = lowerGraphTables(node, input, env)
  return only && more.length === 0
    ? only.relation
    : refuseForm('`graph-to-table` of both nodes and edges here', node.span)
}

/** The tables that `graph-to-table` gives; those that it names are found by these names from then on. */
export function lowerGraphTables(
  node: KqlNode,
  input: Relation,
  env: Environment,
): readonly { readonly name: string | undefined; readonly relation: Relation }[] {
  const graph = needGraph(node, input)
  const outputs = items(node, 'OutputClause').map((clause) => {
    const named = field(clause, 'AsClause')
    return { name: named && child(named, 'Name').text, relation: oneTable(clause, graph, env, node.span) }
  })
  for (const { name, relation } of outputs) {
    if (name !== undefined) env.scope.names.set(name, { kind: 'table', relation })
  }
  return outputs.length > 0 ? outputs : refuseForm('`graph-to-table` without nodes or edges', node.span)
}

function oneTable(clause: KqlNode, graph: GraphRelation, env: Environment, span: Span): Relation {
  const what = tokenText(clause.fields.EntityKeyword) === 'nodes' ? 'nodes' : 'edges'
  const options = parameters(clause)
  const properties = what === 'nodes' ? graph.columns : edgeColumns(graph)
  const wanted = what === 'nodes' ? ['with_node_id'] : ['with_source_id', 'with_target_id']
  const taken = new Set(columnNames(properties))
  const ids = wanted.flatMap((option) => {
    const written = tokenText(options.get(option))
    if (written === undefined) return []
    const name = uniqueName(written, taken)
    taken.add(name)
    return [{ option, name }]
  })
  const columns = [...ids.map(({ name }) => column(name, 'long')), ...properties]
  const names = Object.fromEntries(ids.map(({ option, name }) => [option, name]))
  return fromGraph(`graph-${what}`, graph, { names }, columns, new Given(env.context), span)
}
