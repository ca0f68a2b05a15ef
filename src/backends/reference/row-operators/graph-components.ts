import { compareText } from '../compare.js'
import type { Graph, GraphNode } from './graph.js'

/**
 * The component of each node, counted from 0 in the order of the least id in each, whatever order nodes come in. Weak: joined by edges
 * whichever way they lead. Strong: each reaches the other along edges (Tarjan's algorithm, with a stack of its own so that a long chain does
 * not exhaust the caller's).
 */
export function components(graph: Graph, strong: boolean): readonly number[] {
  const groups = strong ? strongGroups(graph) : weakGroups(graph)
  const numbers = new Map<number, number>()
  for (const { index } of [...graph.nodes].sort((left, right) => compareText(left.id, right.id))) {
    if (!numbers.has(groups[index]!)) numbers.set(groups[index]!, numbers.size)
  }
  return groups.map((group) => numbers.get(group)!)
}

function weakGroups({ nodes }: Graph): number[] {
  const group: number[] = nodes.map(() => -1)
  nodes.forEach((start, index) => {
    if (group[index] !== -1) return
    const waiting: GraphNode[] = [start]
    group[index] = index
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      for (const other of [...node.out.map(({ to }) => to), ...node.in.map(({ from }) => from)]) {
        if (group[other.index] !== -1) continue
        group[other.index] = index
        waiting.push(other)
      }
    }
  })
  return group
}

function strongGroups({ nodes }: Graph): number[] {
  const group: number[] = nodes.map(() => -1)
  const order: number[] = nodes.map(() => -1)
  const lowest: number[] = nodes.map(() => -1)
  const open: GraphNode[] = []
  const isOpen: boolean[] = nodes.map(() => false)
  let next = 0
  const enter = (node: GraphNode): { node: GraphNode; edge: number } => {
    order[node.index] = next
    lowest[node.index] = next++
    open.push(node)
    isOpen[node.index] = true
    return { node, edge: 0 }
  }
  for (const start of nodes) {
    if (order[start.index] !== -1) continue
    const path = [enter(start)]
    for (let at = path[path.length - 1]; at; at = path[path.length - 1]) {
      const { node } = at
      const edge = node.out[at.edge++]
      if (edge) {
        const other = edge.to.index
        if (order[other] === -1) path.push(enter(edge.to))
        else if (isOpen[other]) lowest[node.index] = Math.min(lowest[node.index]!, order[other]!)
        continue
      }
      path.pop()
      const above = path[path.length - 1]
      if (above) lowest[above.node.index] = Math.min(lowest[above.node.index]!, lowest[node.index]!)
      if (lowest[node.index] !== order[node.index]) continue
      for (let member = open.pop(); member; member = open.pop()) {
        isOpen[member.index] = false
        group[member.index] = node.index
        if (member === node) break
      }
    }
  }
  return group
}
