import { NotSupported } from '../function.js'
import { ringsOf } from './measure.js'
import { type Corner, type Ring, readRing } from './ring.js'
import type { Line, Polygon } from './shape.js'
import { angle, angleToEdge, dot, EARTH, radians, subtract } from './sphere.js'

/** Metres; S2 merges places up to 70 degrees apart. */
export const MOST_TOLERANCE = radians(70) * EARTH

/**
 * Fewer corners: those closer than `tolerance` metres become one, and those closer than that to an edge that would do without them go. The
 * answer keeps within the tolerance of what came in; corners that several rings share stay shared. What shrinks to nothing is left out.
 */
export function simplifyLines(lines: readonly Line[], tolerance: number): readonly Line[] {
  const net = new Net(lines, tolerance)
  return lines.flatMap((line) => {
    const nodes = distinct(net.nodesOf(line))
    return nodes.length < 2 ? [] : [net.simplify(nodes, [0, nodes.length - 1])]
  })
}

export function simplifyPolygons(polygons: readonly Polygon[], tolerance: number): readonly Polygon[] {
  const rings = polygons.flatMap(ringsOf)
  const net = new Net(
    rings.map(({ corners }) => corners),
    tolerance,
  )
  const simpler = (ring: Ring): Ring | undefined => {
    const nodes = distinct(net.nodesOf(ring.corners))
    while (nodes.length > 1 && nodes[0] === nodes[nodes.length - 1]) nodes.pop()
    if (nodes.length < 3) return undefined
    const corners = net.simplifyAround(nodes)
    if (corners.length < 3) return undefined
    const found = readRing([...corners, corners[0]!].map(({ place }) => place))
    if (!found) throw new NotSupported('simplifying a polygon that would then touch itself')
    return found
  }
  return polygons.flatMap(({ shell, holes }) => {
    const outer = simpler(shell)
    return outer ? [{ shell: outer, holes: holes.map(simpler).filter((hole) => hole !== undefined) }] : []
  })
}

const distinct = (nodes: readonly number[]): number[] => nodes.filter((node, index) => node !== nodes[index - 1])

/** Corners of all shapes, merged within the tolerance, and who is beside whom. */
class Net {
  private readonly sites: Corner[] = []
  private readonly siteOf = new Map<Corner, number>()
  private readonly beside = new Map<number, Set<number>>()
  private readonly limit: number

  constructor(chains: readonly (readonly Corner[])[], tolerance: number) {
    this.limit = tolerance / EARTH
    for (const chain of chains) for (const each of ends(chain)) this.place(each)
    for (const chain of chains) for (const each of chain) this.place(each)
    for (const chain of chains) {
      const nodes = distinct(this.nodesOf(chain))
      for (const [index, node] of nodes.entries()) {
        if (index === 0) continue
        this.join(node, nodes[index - 1]!)
      }
    }
  }

  /** The closest site, and a new one where none is close enough. */
  private place(each: Corner): void {
    if (this.siteOf.has(each)) return
    let [found, least] = [-1, Infinity]
    for (const [index, site] of this.sites.entries()) {
      const apart = subtract(site.at, each.at)
      const far = dot(apart, apart)
      if (far < least) [found, least] = [index, far]
    }
    const close = found >= 0 && (least === 0 || angle(this.sites[found]!.at, each.at) < this.limit)
    this.siteOf.set(each, close ? found : this.sites.push(each) - 1)
  }

  private join(a: number, b: number): void {
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const known = this.beside.get(node)
      if (known) known.add(other)
      else this.beside.set(node, new Set([other]))
    }
  }

  nodesOf(chain: readonly Corner[]): number[] {
    return chain.map((each) => this.siteOf.get(each)!)
  }

  /** Without the nodes between those kept that lie within the tolerance of the edge past them. */
  simplify(nodes: readonly number[], kept: readonly number[]): Corner[] {
    const found: number[] = []
    for (let index = 1; index < kept.length; index++) {
      const part = nodes.slice(kept[index - 1], kept[index]! + 1)
      // Read from the same end by every ring that has this part.
      const turned = isTurned(part)
      const simple = this.shorten(turned ? [...part].reverse() : part)
      found.push(...(turned ? simple.reverse() : simple).slice(index === 1 ? 0 : 1))
    }
    return found.map((node) => this.sites[node]!)
  }

  /** A ring's corners; nodes where more than two others meet stay. */
  simplifyAround(nodes: readonly number[]): Corner[] {
    const fixed = nodes.flatMap((node, index) => (this.beside.get(node)!.size === 2 ? [] : [index]))
    const start = fixed[0] ?? 0
    const turned = [...nodes.slice(start), ...nodes.slice(0, start), nodes[start]!]
    const kept = [...fixed.map((index) => index - start), turned.length - 1]
    return this.simplify(turned, fixed.length ? kept : [0, turned.length - 1]).slice(0, -1)
  }

  private shorten(nodes: readonly number[]): number[] {
    const found = [nodes[0]!]
    for (let at = 0; at < nodes.length - 1; ) {
      let next = at + 1
      while (next + 1 < nodes.length && this.spans(nodes, at, next + 1)) next++
      found.push(nodes[next]!)
      at = next
    }
    return found
  }

  private spans(nodes: readonly number[], from: number, to: number): boolean {
    if (nodes[from] === nodes[to]) return false
    const edge = [this.sites[nodes[from]!]!.at, this.sites[nodes[to]!]!.at] as const
    for (let index = from + 1; index < to; index++)
      if (angleToEdge(this.sites[nodes[index]!]!.at, edge) > this.limit) return false
    return true
  }
}

const ends = (chain: readonly Corner[]): readonly Corner[] => [chain[0]!, chain[chain.length - 1]!]

function isTurned(nodes: readonly number[]): boolean {
  const last = nodes.length - 1
  return nodes[0] === nodes[last] ? nodes[1]! > nodes[last - 1]! : nodes[0]! > nodes[last]!
}
