import type { RowOptions } from '../../../ir/relation.js'
import { buildGraph, hashId } from './graph.js'
import { type RowOperator, text } from './row-operator.js'

/** `graph-to-table nodes`. */
export const graphNodes: RowOperator = (inputs, output, options) => {
  const graph = buildGraph(inputs, options.graph)
  const id = nameOf(options, 'with_node_id')
  return graph.nodes.map((node) =>
    output.map(({ name }) => (name === id ? hashId(node, graph) : (node.properties.get(name) ?? null))),
  )
}

/** `graph-to-table edges`. */
export const graphEdges: RowOperator = (inputs, output, options) => {
  const graph = buildGraph(inputs, options.graph)
  const [source, target] = [nameOf(options, 'with_source_id'), nameOf(options, 'with_target_id')]
  const places = new Map(graph.edgeColumns.map(({ name }, index) => [name, index]))
  return graph.edges.map(({ from, to, row }) =>
    output.map(({ name }) =>
      name === source ? hashId(from, graph) : name === target ? hashId(to, graph) : row[places.get(name)!]!,
    ),
  )
}

function nameOf(options: RowOptions, option: string): string | undefined {
  const name = (options.names as RowOptions)[option]
  return name === undefined ? undefined : text(name)
}
