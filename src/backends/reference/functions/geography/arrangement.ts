import { NotSupported } from '../function.js'
import { forNearEdges } from './near.js'
import { type Corner, cornerAt } from './ring.js'
import { angleToEdge, closestOnEdge, crossing, dot, type Edge, subtract, type Vector } from './sphere.js'

/** Places closer than this are one: about half a micrometre, far above what rounding moves a place. */
export const CLOSE = 1e-13

/** So many crossings are a shape made to be slow. */
const MOST_CUTS = 500_000

/** A directed line between two places, of one of the shapes that are laid over one another. */
export interface Strand {
  readonly from: Corner
  readonly to: Corner
  /** Which shape it is of. */
  readonly shape: number
}

/** A strand's way along a piece; forward is from the piece's first node to its second. */
export interface Use {
  readonly shape: number
  /** The strand's index. */
  readonly strand: number
  readonly forward: boolean
}

/** A part of one or several strands that touches others at its ends alone. */
export interface Piece {
  readonly from: number
  readonly to: number
  readonly uses: readonly Use[]
}

export interface Arrangement {
  readonly nodes: readonly Corner[]
  readonly pieces: readonly Piece[]
}

/** Cuts strands wherever they meet, and lays those on top of one another together. */
export function arrange(strands: readonly Strand[]): Arrangement {
  const edges = strands.map(({ from, to }): Edge => [from.at, to.at])
  const corners = strands.flatMap(({ from, to }) => [from, to])
  const cuts: { strand: number; place: number }[] = []
  const cut = (strand: number, place: Corner): void => {
    if (cuts.length === MOST_CUTS) throw new NotSupported('laying shapes over one another that cross so often')
    cuts.push({ strand, place: corners.push(place) - 1 })
  }
  forNearEdges(edges, edges, (left, right) => {
    const touched = [
      cutAtEnds(edges[left]!, strands[right]!, (place) => cut(left, place)),
      cutAtEnds(edges[right]!, strands[left]!, (place) => cut(right, place)),
    ]
    if (touched.includes(true)) return
    const found = crossing(edges[left]!, edges[right]!)
    if (!found) return
    const place = cornerAt(found)
    cut(left, place)
    cut(right, place)
  })
  const { nodes, nodeOf } = merge(corners)
  const waysThrough = strands.map((_, index): number[] => [nodeOf[2 * index]!, nodeOf[2 * index + 1]!])
  for (const { strand, place } of cuts) waysThrough[strand]!.push(nodeOf[place]!)
  const pieces = new Map<string, { from: number; to: number; uses: Use[] }>()
  for (const [strand, way] of waysThrough.entries()) {
    const { shape } = strands[strand]!
    const start = nodes[way[0]!]!.at
    const ordered = [way[0]!, ...inOrder(way.slice(2), nodes, start), way[1]!]
    for (let index = 1; index < ordered.length; index++) {
      const [from, to] = [ordered[index - 1]!, ordered[index]!]
      if (from === to) continue
      const forward = from < to
      const [low, high] = forward ? [from, to] : [to, from]
      const key = `${low} ${high}`
      const known = pieces.get(key)
      if (known) known.uses.push({ shape, strand, forward })
      else pieces.set(key, { from: low, to: high, uses: [{ shape, strand, forward }] })
    }
  }
  return { nodes, pieces: [...pieces.values()] }
}

/** Cuts an edge at the ends of a strand that lie on it; whether the two touch there. */
function cutAtEnds(edge: Edge, { from, to }: Strand, cut: (place: Corner) => void): boolean {
  let touched = false
  for (const end of [from, to]) {
    if (angleToEdge(end.at, edge) > CLOSE) continue
    touched = true
    const foot = closestOnEdge(end.at, edge)
    if (foot !== edge[0] && foot !== edge[1]) cut(end)
  }
  return touched
}

const distance2 = (a: Vector, b: Vector): number => dot(subtract(a, b), subtract(a, b))

const inOrder = (places: readonly number[], nodes: readonly Corner[], start: Vector): number[] =>
  [...places].sort((a, b) => distance2(start, nodes[a]!.at) - distance2(start, nodes[b]!.at))

/** One node for all corners in one place; the first of them gives its coordinates. */
function merge(corners: readonly Corner[]): { readonly nodes: readonly Corner[]; readonly nodeOf: readonly number[] } {
  const order = corners.map((_, index) => index).sort((a, b) => corners[a]!.at[0] - corners[b]!.at[0] || a - b)
  const first = corners.map((_, index) => index)
  const root = (index: number): number => {
    let at = index
    while (first[at] !== at) at = first[at]!
    return at
  }
  for (let index = 0; index < order.length; index++) {
    const here = corners[order[index]!]!.at
    for (let other = index + 1; other < order.length; other++) {
      const there = corners[order[other]!]!.at
      if (there[0] - here[0] > CLOSE) break
      if (Math.abs(there[1] - here[1]) > CLOSE || Math.abs(there[2] - here[2]) > CLOSE) continue
      const [a, b] = [root(order[index]!), root(order[other]!)]
      first[Math.max(a, b)] = Math.min(a, b)
    }
  }
  const nodes: Corner[] = []
  const nodeOf: number[] = []
  for (let index = 0; index < corners.length; index++) {
    const source = root(index)
    nodeOf.push(source === index ? nodes.push(corners[index]!) - 1 : nodeOf[source]!)
  }
  return { nodes, nodeOf }
}
