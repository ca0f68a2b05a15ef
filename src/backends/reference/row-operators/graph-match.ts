import type { RowOptions } from '../../../ir/relation.js'
import { NotSupported } from '../functions/function.js'
import { buildGraph, type Graph, type GraphEdge, type GraphNode } from './graph.js'
import { type Path, type PatternEdge, PatternMatch } from './graph-pattern.js'
import { type Row, type RowOperator, type Table, text } from './row-operator.js'

/** Steps along edges that one query may try before it is refused: dense graphs have more paths than can be walked. */
export const MOST_STEPS = 2_000_000

/** Each edge of a path is a few frames of the stack. */
export const MOST_LENGTH = 1_000

type Cycles = 'all' | 'none' | 'unique_edges'

/** A row for each place in the graph that looks as the pattern does. */
export const graphMatch: RowOperator = (inputs, _output, options) => {
  const search = new Search(buildGraph(inputs, options.graph), inputs, options)
  const found: Row[] = []
  search.run(text(options.cycles) as Cycles, () => {
    found.push(search.match.row())
  })
  return found
}

/** Every way to lay a pattern over a graph, one edge of the pattern after the other. */
export class Search {
  readonly match: PatternMatch
  private readonly usedEdges = new Set<GraphEdge>()
  private readonly usedNodes = new Map<GraphNode, number>()
  private taken = 0

  constructor(
    private readonly graph: Graph,
    inputs: readonly Table[],
    options: RowOptions,
  ) {
    this.match = new PatternMatch(graph, inputs, options)
  }

  /** Every match, with the number of its edges. */
  run(cycles: Cycles, take: (length: number) => void): void {
    const plan = this.plan()
    const known = new Set<string>()
    // The conditions that can be asked once a step is taken: those all of whose parts are then bound.
    const stages = [[plan.start], ...plan.edges.map(({ name, from, to }) => [name, from, to])].map((names) => {
      const before = new Set(known)
      for (const name of names) known.add(name)
      return this.match.where.filter(({ variables }) => {
        const bound = (names: ReadonlySet<string>): boolean => [...variables].every((each) => names.has(each))
        return bound(known) && (before.size === 0 || !bound(before))
      })
    })
    const holds = (stage: number): boolean => stages[stage]!.every(({ condition }) => this.match.holds(condition))
    const next = (stage: number, length: number): void => {
      if (stage === plan.edges.length) {
        take(length)
        return
      }
      this.follow(plan.edges[stage]!, cycles, (more) => {
        if (holds(stage + 1)) next(stage + 1, length + more)
      })
    }
    for (const node of this.graph.nodes) {
      this.withNode(plan.start, node, cycles, () => {
        if (holds(0)) next(0, 0)
      })
    }
  }

  /** An order of the pattern's edges in which each starts at a node that is bound; it begins at the node with most conditions of its own. */
  private plan(): { readonly start: string; readonly edges: readonly PatternEdge[] } {
    const own = (name: string): number =>
      this.match.where.filter(({ variables }) => variables.size === 1 && variables.has(name)).length
    const start = this.match.nodeNames.reduce((best, name) => (own(name) > own(best) ? name : best))
    const bound = new Set([start])
    const left = [...this.match.patternEdges]
    const edges: PatternEdge[] = []
    while (left.length > 0) {
      const at = left.findIndex(({ from, to }) => bound.has(from) || bound.has(to))
      const [edge] = left.splice(Math.max(at, 0), 1)
      edges.push(edge!)
      bound.add(edge!.from).add(edge!.to)
    }
    return { start, edges }
  }

  private withNode(name: string, node: GraphNode, cycles: Cycles, then: () => void): void {
    const bound = this.match.nodes.get(name)
    if (bound) {
      if (bound === node) then()
      return
    }
    const uses = this.usedNodes.get(node) ?? 0
    if (cycles === 'none' && uses > 0) return
    this.match.nodes.set(name, node)
    this.usedNodes.set(node, uses + 1)
    then()
    this.usedNodes.set(node, uses)
    this.match.nodes.delete(name)
  }

  /** Every way to lay one edge of the pattern. */
  private follow(edge: PatternEdge, cycles: Cycles, then: (length: number) => void): void {
    // An edge whose start is not bound yet is walked from its end.
    const backwards = !this.match.nodes.has(edge.from)
    const [near, far] = backwards ? [edge.to, edge.from] : [edge.from, edge.to]
    const range = edge.range ?? { least: 1, most: 1 }
    const edges: GraphEdge[] = []
    const nodes: GraphNode[] = [this.match.nodes.get(near)!]
    const early = this.match.earlyChecks(edge)
    const arrive = (): void => {
      const end = nodes[nodes.length - 1]!
      const path: Path = backwards
        ? { edges: [...edges].reverse(), nodes: [...nodes].reverse() }
        : { edges: [...edges], nodes: [...nodes] }
      const laid = (): void => {
        this.match.edges.set(edge.name, path)
        then(edges.length)
        this.match.edges.delete(edge.name)
      }
      // A path of no edges ends where it begins; both variables are then one node, which is no cycle.
      if (edges.length === 0 && cycles === 'none' && !this.match.nodes.has(far)) {
        this.match.nodes.set(far, end)
        laid()
        this.match.nodes.delete(far)
      } else this.withNode(far, end, cycles, laid)
    }
    const walk = (): void => {
      const length = edges.length
      if (length >= range.least) arrive()
      if (length === range.most) return
      const node = nodes[length]!
      const inner = length > 0
      if (inner && !early.node(node)) return
      if (inner && cycles === 'none') {
        if ((this.usedNodes.get(node) ?? 0) > 0) return
        this.usedNodes.set(node, 1)
      }
      for (const { taken, to } of stepsFrom(node, edge.direction, backwards)) {
        if (++this.taken > MOST_STEPS)
          throw new NotSupported(
            `a graph pattern that takes more than ${MOST_STEPS.toLocaleString('en')} steps to find`,
          )
        if (cycles !== 'all' && this.usedEdges.has(taken)) continue
        if (!early.edge(taken)) continue
        if (length === MOST_LENGTH) throw tooLong()
        if (cycles !== 'all') this.usedEdges.add(taken)
        edges.push(taken)
        nodes.push(to)
        walk()
        nodes.pop()
        edges.pop()
        if (cycles !== 'all') this.usedEdges.delete(taken)
      }
      if (inner && cycles === 'none') this.usedNodes.set(node, 0)
    }
    walk()
  }
}

/** The edges that lead on from a node. */
export function* stepsFrom(
  node: GraphNode,
  direction: PatternEdge['direction'],
  backwards: boolean,
): Generator<{ readonly taken: GraphEdge; readonly to: GraphNode }> {
  const [out, into] = backwards ? [direction !== 'out', direction !== 'in'] : [direction !== 'in', direction !== 'out']
  if (out) for (const taken of node.out) yield { taken, to: taken.to }
  // A loop leads to its own node either way; once is enough.
  if (into) for (const taken of node.in) if (!out || taken.from !== taken.to) yield { taken, to: taken.from }
}

export const tooManySteps = (): NotSupported =>
  new NotSupported(`a graph pattern that takes more than ${MOST_STEPS.toLocaleString('en')} steps to find`)

export const tooLong = (): NotSupported =>
  new NotSupported(`a path of more than ${MOST_LENGTH.toLocaleString('en')} edges in a graph pattern`)
