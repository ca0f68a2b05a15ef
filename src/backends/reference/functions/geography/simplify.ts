import { NotSupported } from '../function.js'
import { ringsOf } from './measure.js'
import { forNearEdges } from './near.js'
import { assemble } from './overlay.js'
import type { Corner } from './ring.js'
import { type Line, type Polygon, ringsCross } from './shape.js'
import { angle, angleToEdge, closestOnEdge, dot, EARTH, type Edge, radians, subtract, type Vector } from './sphere.js'
import { traceRings, type Way } from './trace.js'

/** Metres; S2 merges places up to 70 degrees apart. */
export const MOST_TOLERANCE = radians(70) * EARTH

/**
 * Fewer corners: those closer than `tolerance` metres become one, edges bend to the corners they pass that closely, and corners that close to
 * an edge that would do without them go. The answer keeps within the tolerance of what came in, and borders that are shared stay shared.
 * What is thinner than the tolerance falls away.
 */
export function simplifyLines(lines: readonly Line[], tolerance: number): readonly Line[] {
  const sites = new Sites(lines, tolerance / EARTH)
  const found = lines.map((_, index) => sites.along(index)).filter((nodes) => nodes.length > 1)
  return found.map((nodes) => shortened(nodes, sites, tolerance / EARTH).map((node) => sites.corners[node]!))
}

export function simplifyPolygons(polygons: readonly Polygon[], tolerance: number): readonly Polygon[] {
  const rings = polygons.map((polygon) =>
    // With the inside left, and closed.
    ringsOf(polygon).map(({ corners }, index) => {
      const ring = index === 0 ? corners : [...corners].reverse()
      return [...ring, ring[0]!]
    }),
  )
  const sites = new Sites(rings.flat(), tolerance / EARTH)
  let chain = 0
  const merged = rings.map((each) =>
    uncrossed(
      each.map(() => sites.along(chain++)),
      sites,
    ),
  )
  // Longer edges may run into one another where shorter ones do not.
  for (const share of [1, 0.5, 0.25, 0]) {
    const simpler = shortenRings(merged, sites, (share * tolerance) / EARTH)
    const found = simpler.flatMap((each) => assemble(each.map((nodes) => nodes.map((node) => sites.corners[node]!))))
    if (!found.some((polygon) => ringsCross(ringsOf(polygon)))) return found
  }
  throw new NotSupported('simplifying polygons that would then cross themselves')
}

/** The corners that stay, and the ways of all chains along them. */
class Sites {
  readonly corners: Corner[] = []
  private readonly ways: readonly (readonly number[])[]

  constructor(chains: readonly (readonly Corner[])[], reach: number) {
    const grid = new Grid(reach)
    const siteOf = new Map<Corner, number>()
    const place = (each: Corner): void => {
      if (siteOf.has(each)) return
      const close = grid.closest(each.at)
      siteOf.set(each, close ?? this.corners.length)
      if (close !== undefined) return
      grid.add(each.at, this.corners.length)
      this.corners.push(each)
    }
    // The ends of lines come first, so that they stay.
    for (const chain of chains) for (const each of [chain[0]!, chain[chain.length - 1]!]) place(each)
    for (const chain of chains) for (const each of chain) place(each)
    const edges = chains.flatMap((chain) => chain.slice(1).map((to, index): Edge => [chain[index]!.at, to.at]))
    const passed = this.passedBy(edges, reach)
    let edge = 0
    this.ways = chains.map((chain) => {
      const way = [siteOf.get(chain[0]!)!]
      for (const to of chain.slice(1)) way.push(...passed[edge++]!, siteOf.get(to)!)
      return way.filter((node, index) => node !== way[index - 1])
    })
  }

  along(chain: number): readonly number[] {
    return this.ways[chain]!
  }

  /** For each edge the sites within reach that are closest to it somewhere, in order: it bends to them, or it might end up beyond them. */
  private passedBy(edges: readonly Edge[], reach: number): readonly (readonly number[])[] {
    const near = edges.map((): number[] => [])
    if (reach === 0) return near
    const spots = this.corners.map(({ at }): Edge => [at, at])
    const collect = (edge: number, site: number): void => {
      if (angleToEdge(this.corners[site]!.at, edges[edge]!) < reach) near[edge]!.push(site)
    }
    forNearEdges(edges, spots, collect, reach)
    return near.map((sites, index) => {
      const [a, b] = edges[index]!
      const partOf = (site: number): number => dot(subtract(this.corners[site]!.at, a), subtract(b, a))
      const isClosest = (site: number): boolean => {
        const foot = closestOnEdge(this.corners[site]!.at, edges[index]!)
        const own = distance2(this.corners[site]!.at, foot)
        return sites.every((other) => distance2(this.corners[other]!.at, foot) >= own)
      }
      return sites.filter(isClosest).sort((left, right) => partOf(left) - partOf(right))
    })
  }
}

/** Places in cubes as wide as the reach, so that those within it are in a neighbouring one. */
class Grid {
  private readonly cubes = new Map<string, { readonly at: Vector; readonly index: number }[]>()

  constructor(private readonly reach: number) {}

  private cube(at: Vector, aside: Vector = [0, 0, 0]): string {
    return this.reach === 0
      ? at.join(' ')
      : at.map((each, axis) => Math.floor(each / this.reach) + aside[axis as 0 | 1 | 2]).join(' ')
  }

  add(at: Vector, index: number): void {
    const known = this.cubes.get(this.cube(at))
    if (known) known.push({ at, index })
    else this.cubes.set(this.cube(at), [{ at, index }])
  }

  closest(from: Vector): number | undefined {
    if (this.reach === 0) return this.cubes.get(this.cube(from))?.at(0)?.index
    let [found, least] = [undefined as number | undefined, Infinity]
    for (const x of [-1, 0, 1]) {
      for (const y of [-1, 0, 1]) {
        for (const z of [-1, 0, 1]) {
          for (const { at, index } of this.cubes.get(this.cube(from, [x, y, z])) ?? []) {
            const far = angle(from, at)
            if (far < this.reach && far < least) [found, least] = [index, far]
          }
        }
      }
    }
    return found
  }
}

const distance2 = (a: Vector, b: Vector): number => dot(subtract(a, b), subtract(a, b))

/** Rings of which none goes back where another came: what is thinner than the tolerance falls away, and what only hung together by it parts. */
function uncrossed(rings: readonly (readonly number[])[], { corners }: Sites): readonly (readonly number[])[] {
  const counts = new Map<string, { readonly from: number; readonly to: number; forward: number }>()
  for (const ring of rings) {
    for (let index = 1; index < ring.length; index++) {
      const [from, to] = [ring[index - 1]!, ring[index]!]
      const [low, high] = from < to ? [from, to] : [to, from]
      const known = counts.get(`${low} ${high}`) ?? { from: low, to: high, forward: 0 }
      known.forward += from < to ? 1 : -1
      counts.set(`${low} ${high}`, known)
    }
  }
  const ways = [...counts.values()].flatMap(({ from, to, forward }, strand): Way[] =>
    Array.from({ length: Math.abs(forward) }, () =>
      forward > 0 ? { from, to, strand } : { from: to, to: from, strand },
    ),
  )
  const found = traceRings(ways, corners)
  if (!found) throw new NotSupported('simplifying polygons that fall apart')
  return found.filter(({ length }) => length > 2).map((ring) => ring.map(({ from }) => from))
}

/** The nodes that a line needs to stay within reach of all of them. */
function shortened(nodes: readonly number[], { corners }: Sites, reach: number): number[] {
  const spans = (from: number, to: number): boolean => {
    if (nodes[from] === nodes[to]) return false
    const edge: Edge = [corners[nodes[from]!]!.at, corners[nodes[to]!]!.at]
    for (let index = from + 1; index < to; index++)
      if (angleToEdge(corners[nodes[index]!]!.at, edge) > reach) return false
    return true
  }
  const found = [nodes[0]!]
  for (let at = 0; at < nodes.length - 1; ) {
    let next = at + 1
    while (next + 1 < nodes.length && spans(at, next + 1)) next++
    found.push(nodes[next]!)
    at = next
  }
  return found
}

/** Shortens the ways between nodes where more than two others meet; a way that two rings share is shortened alike. */
function shortenRings(
  polygons: readonly (readonly (readonly number[])[])[],
  sites: Sites,
  reach: number,
): readonly (readonly (readonly number[])[])[] {
  if (reach === 0) return polygons
  const beside = new Map<number, Set<number>>()
  for (const ring of polygons.flat()) {
    for (const [index, node] of ring.entries()) {
      const known = beside.get(node) ?? new Set()
      known.add(ring[(index + 1) % ring.length]!).add(ring[(index + ring.length - 1) % ring.length]!)
      beside.set(node, known)
    }
  }
  return polygons.map((rings) =>
    rings.flatMap((ring) => {
      const fixed = ring.flatMap((node, index) => (beside.get(node)!.size === 2 ? [] : [index]))
      const start = fixed[0] ?? 0
      const turned = [...ring.slice(start), ...ring.slice(0, start), ring[start]!]
      const stops = [...fixed.slice(1).map((index) => index - start), turned.length - 1]
      const found: number[] = []
      let from = 0
      for (const to of stops) {
        const part = turned.slice(from, to + 1)
        // Read from the same end by every ring that has this part.
        const isTurned =
          part[0] === part[part.length - 1] ? part[1]! > part[part.length - 2]! : part[0]! > part[part.length - 1]!
        const short = shortened(isTurned ? part.reverse() : part, sites, reach)
        found.push(...(isTurned ? short.reverse() : short).slice(0, -1))
        from = to
      }
      return found.length > 2 ? [found] : []
    }),
  )
}
