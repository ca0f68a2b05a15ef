import type { Value } from '../../../ir/value.js'
import { NotSupported } from '../functions/function.js'
import { buildGraph, type Graph, type GraphEdge, type GraphNode } from './graph.js'
import { MOST_LENGTH, MOST_STEPS, Search, stepsFrom, tooLong, tooManySteps } from './graph-match.js'
import { type Path, type PatternEdge, PatternMatch } from './graph-pattern.js'
import type { Row, RowOperator } from './row-operator.js'

/** The most paths of one length between two nodes that are told. */
const MOST_PATHS = 100_000

/** The shortest matches for each pair of a first and a last node: any one of them, or all. */
export const graphShortestPaths: RowOperator = (inputs, _output, options) => {
  const graph = buildGraph(inputs, options.graph)
  const match = new PatternMatch(graph, inputs, options)
  const edge = plainEdge(match)
  if (edge) return breadthFirst(graph, match, edge, options.output === 'all')
  const search = new Search(graph, inputs, options)
  const nodes = (options.nodes as readonly Value[]).map(String)
  const [first, last] = [nodes[0]!, nodes[nodes.length - 1]!]
  const best = new Map<string, { length: number; rows: Row[] }>()
  search.run('unique_edges', (length) => {
    const pair = `${search.match.nodes.get(first)!.index} ${search.match.nodes.get(last)!.index}`
    const known = best.get(pair)
    if (known && (known.length < length || (known.length === length && options.output === 'any'))) return
    const row = search.match.row()
    if (known?.length === length) known.rows.push(row)
    else best.set(pair, { length, rows: [row] })
  })
  return [...best.values()].flatMap(({ rows }) => rows)
}

/**
 * The pattern's only edge where the shortest walk that it allows is found by breadth: it has a direction, may be of one edge, and what the
 * condition asks of it is asked of each step alone. Anything else is searched through.
 */
function plainEdge(match: PatternMatch): PatternEdge | undefined {
  const [edge, ...more] = match.patternEdges
  if (!edge?.range || more.length > 0 || edge.direction === 'any' || edge.from === edge.to) return undefined
  const early = match.where.every(
    ({ condition, variables }) => !variables.has(edge.name) || match.isAskedEarly(condition, edge),
  )
  return early && edge.range.least <= 1 ? edge : undefined
}

interface Reached {
  readonly node: GraphNode
  readonly length: number
  /** The last steps of all shortest ways here; none at the start. */
  readonly by: { readonly taken: GraphEdge; readonly before: Reached }[]
}

function breadthFirst(graph: Graph, match: PatternMatch, edge: PatternEdge, all: boolean): readonly Row[] {
  const found: Row[] = []
  const { least, most } = edge.range!
  const ofStart = match.where.filter(({ variables }) => [...variables].every((name) => name === edge.from))
  const later = match.where.filter((each) => !ofStart.includes(each) && !match.isAskedEarly(each.condition, edge))
  let steps = 0
  for (const start of graph.nodes) {
    match.nodes.set(edge.from, start)
    if (!ofStart.every(({ condition }) => match.holds(condition))) continue
    const early = match.earlyChecks(edge)
    const arrive = (end: Reached): void => {
      match.nodes.set(edge.to, end.node)
      if (later.every(({ condition }) => match.holds(condition))) {
        for (const path of pathsTo(end, all)) {
          match.edges.set(edge.name, path)
          found.push(match.row())
        }
      }
      match.edges.delete(edge.name)
      match.nodes.delete(edge.to)
    }
    const origin: Reached = { node: start, length: 0, by: [] }
    if (least === 0) arrive(origin)
    const reached = new Map<GraphNode, Reached>()
    let front = [origin]
    for (let length = 1; length <= most && front.length > 0; length++) {
      const next: Reached[] = []
      for (const before of front) {
        if (before !== origin && !early.node(before.node)) continue
        for (const { taken, to } of stepsFrom(before.node, edge.direction, false)) {
          if (++steps > MOST_STEPS) throw tooManySteps()
          if (!early.edge(taken)) continue
          const known = reached.get(to)
          if (known && known.length < length) continue
          const here = known ?? { node: to, length, by: [] }
          if (known ? all : true) here.by.push({ taken, before })
          if (known) continue
          reached.set(to, here)
          next.push(here)
        }
      }
      for (const end of next) if (end.node !== start || least > 0) arrive(end)
      // Back at the start a path is whole, and no shortest path goes on from there.
      front = next.filter(({ node }) => node !== start)
    }
    match.nodes.delete(edge.from)
  }
  match.nodes.clear()
  return found
}

function pathsTo(end: Reached, all: boolean): readonly Path[] {
  const found: Path[] = []
  if (end.length > MOST_LENGTH) throw tooLong()
  const extend = (at: Reached, edges: readonly GraphEdge[], nodes: readonly GraphNode[]): void => {
    if (found.length > MOST_PATHS)
      throw new NotSupported(`more than ${MOST_PATHS.toLocaleString('en')} shortest paths between two nodes`)
    if (at.by.length === 0) found.push({ edges, nodes: [at.node, ...nodes] })
    for (const { taken, before } of all ? at.by : at.by.slice(0, 1))
      extend(before, [taken, ...edges], [at.node, ...nodes])
  }
  extend(end, [], [])
  return found
}
