import type { RowOption, RowOptions } from '../../../ir/relation.js'
import type { Column } from '../../../ir/types.js'
import type { Value } from '../../../ir/value.js'
import { keyOf } from '../compare.js'
import { textOf } from '../functions/convert.js'
import { scalarFunction } from '../functions/index.js'
import { evaluate } from '../scalar.js'
import { components } from './graph-components.js'
import { emptyValue, list, type Row, type RowOperator, reader, scalar, type Table, text } from './row-operator.js'

export interface GraphNode {
  readonly index: number
  /** The value that edges name it by, and that value as text. */
  readonly key: Value
  readonly id: string
  /** Properties by name; one that it lacks is empty. */
  readonly properties: Map<string, Value>
  readonly out: GraphEdge[]
  readonly in: GraphEdge[]
}

export interface GraphEdge {
  readonly index: number
  readonly from: GraphNode
  readonly to: GraphNode
  readonly row: Row
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  readonly edgeColumns: readonly Column[]
  /** The type of the values that edges name nodes by. */
  readonly keyType: Column['type']
  /** Properties that a node may have. */
  readonly properties: readonly Column[]
}

/** The graph of some edges and tables of nodes. A node that no table has still is one; its key columns have its key. */
export function buildGraph(inputs: readonly Table[], option: RowOption): Graph {
  const options = option as RowOptions
  const edgeTable = inputs[0]!
  const properties = options.properties as readonly Column[]
  const [source, target] = [text(options.source), text(options.target)]
  const keyType = edgeTable.columns.find(({ name }) => name === source)!.type
  const keys = list(options.keys).map(({ key }) => text(key))
  const nodes = new Map<string, GraphNode>()
  const empty = new Map(properties.map((each) => [each.name, emptyValue(each)]))
  const nodeOf = (key: Value, type: Column['type']): GraphNode => {
    const id = textOf(key, type)
    const known = nodes.get(id)
    if (known) return known
    const made = { index: nodes.size, key, id, properties: new Map(empty), out: [], in: [] }
    nodes.set(id, made)
    return made
  }
  const described = new Set<GraphNode>()
  keys.forEach((key, at) => {
    const { columns, rows } = inputs[at + 1]!
    const read = reader(columns)
    const type = columns.find(({ name }) => name === key)!.type
    for (const row of rows) {
      const node = nodeOf(read(row, key) ?? null, type)
      described.add(node)
      // Of two values for one property either may stay; the first does.
      columns.forEach(({ name }, place) => {
        const held = node.properties.get(name)
        if (held === null || held === '') node.properties.set(name, row[place]!)
      })
    }
  })
  const read = reader(edgeTable.columns)
  const edges = edgeTable.rows.map((row, index): GraphEdge => {
    const [from, to] = [nodeOf(read(row, source) ?? null, keyType), nodeOf(read(row, target) ?? null, keyType)]
    const edge = { index, from, to, row }
    from.out.push(edge)
    to.in.push(edge)
    return edge
  })
  const idName = options.idName === undefined ? undefined : text(options.idName)
  for (const node of nodes.values()) {
    if (idName !== undefined) node.properties.set(idName, node.key)
    if (!described.has(node)) for (const key of keys) node.properties.set(key, node.key)
  }
  const graph: Graph = { nodes: [...nodes.values()], edges, edgeColumns: edgeTable.columns, keyType, properties }
  return list(options.steps).reduce(applyStep, graph)
}

function applyStep(graph: Graph, step: RowOptions): Graph {
  switch (step.step) {
    case 'mark-components':
      components(graph, step.how === 'strong').forEach((component, index) => {
        graph.nodes[index]!.properties.set(text(step.name), BigInt(component))
      })
      return graph
    case 'where-nodes': {
      const condition = scalar(step.condition)
      const kept = graph.nodes.filter(
        (node) => evaluate(condition, { value: (name) => node.properties.get(name) ?? null, rows: () => [] }) === true,
      )
      const staying = new Set(kept)
      return rebuilt(
        graph,
        kept,
        graph.edges.filter(({ from, to }) => staying.has(from) && staying.has(to)),
      )
    }
    default: {
      const condition = scalar(step.condition)
      const read = reader(graph.edgeColumns)
      const kept = graph.edges.filter(
        ({ row }) => evaluate(condition, { value: (name) => read(row, name) ?? null, rows: () => [] }) === true,
      )
      return rebuilt(graph, graph.nodes, kept)
    }
  }
}

/** A graph of some of the nodes and edges of another. */
function rebuilt(graph: Graph, nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Graph {
  const copies = new Map(nodes.map((node, index) => [node, { ...node, index, out: [], in: [] } as GraphNode]))
  const linked = edges.map((edge, index): GraphEdge => {
    const made = { ...edge, index, from: copies.get(edge.from)!, to: copies.get(edge.to)! }
    made.from.out.push(made)
    made.to.in.push(made)
    return made
  })
  return { ...graph, nodes: [...copies.values()], edges: linked }
}

/** The number that stands for a node in exported tables: the hash of its key. */
export const hashId = (node: GraphNode, { keyType }: Graph): Value =>
  scalarFunction('hash')!([node.key, null], [keyType, 'long'], 'long')

/** The operator on each part of a graph that `partitioned-by` makes: rows of all inputs with one value of its column. */
export const inPartitions =
  (operator: RowOperator): RowOperator =>
  (inputs, output, options) => {
    const partition = (options.graph as RowOptions).partition
    if (partition === undefined) return operator(inputs, output, options)
    const shared = options.given === true ? inputs.slice(-1) : []
    const parts = new Map<string, Row[][]>()
    const tables = inputs.slice(0, inputs.length - shared.length)
    tables.forEach(({ columns, rows }, index) => {
      const place = columns.findIndex(({ name }) => name === partition)
      for (const row of rows) {
        const key = keyOf(row[place]!)
        const part = parts.get(key) ?? tables.map((): Row[] => [])
        part[index]!.push(row)
        parts.set(key, part)
      }
    })
    return [...parts.values()].flatMap((part) => {
      const own = tables.map(({ columns }, index): Table => ({ columns, rows: part[index]! }))
      return operator([...own, ...shared], output, options)
    })
  }
