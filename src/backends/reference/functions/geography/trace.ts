import type { Corner } from './ring.js'
import { cross, dot, subtract, type Vector } from './sphere.js'

/** A directed piece of an answer's outline, and the strand it was cut from. */
export interface Way {
  readonly from: number
  readonly to: number
  readonly strand: number
}

/** The closed lines that ways make, as nodes; at a node where several meet, each ring keeps to its left and so encloses least. */
export function traceRings(ways: readonly Way[], nodes: readonly Corner[]): Way[][] | undefined {
  const leaving = group(ways, ({ from }) => from)
  const left = new Set(ways)
  const rings: Way[][] = []
  for (const first of [...ways].sort((a, b) => a.strand - b.strand)) {
    if (!left.has(first)) continue
    const trail: Way[] = []
    const passed = new Map<number, number>()
    let way: Way | undefined = first
    while (way !== undefined) {
      left.delete(way)
      passed.set(way.from, trail.length)
      trail.push(way)
      const start = passed.get(way.to)
      if (start !== undefined) {
        // A node that comes twice closes a ring of its own.
        const ring = trail.splice(start)
        for (const { from } of ring) passed.delete(from)
        rings.push(startAsGiven(ring))
        if (trail.length === 0) break
        way = trail[trail.length - 1]!
      }
      way = leftmost(
        way,
        (leaving.get(way.to) ?? []).filter((next) => left.has(next)),
        nodes,
      )
    }
    if (trail.length > 0) return undefined
  }
  return rings
}

/** The next way, turning left as far as it goes. */
function leftmost(arriving: Way, candidates: readonly Way[], nodes: readonly Corner[]): Way | undefined {
  if (candidates.length < 2) return candidates[0]
  const here = nodes[arriving.to]!.at
  const back = subtract(nodes[arriving.from]!.at, here)
  const turnOf = (to: number): number => clockwise(back, subtract(nodes[to]!.at, here), here)
  return candidates.reduce((best, each) => (turnOf(each.to) < turnOf(best.to) ? each : best))
}

/** The angle from one direction to the other as a clock turns, seen from above the place; above 0. */
function clockwise(from: Vector, to: Vector, up: Vector): number {
  const turned = -Math.atan2(dot(cross(from, to), up), dot(from, to))
  return turned > 0 ? turned : turned + 2 * Math.PI
}

/**
 * Starts a ring behind its last strand, as S2 does, so that a ring that went through unchanged starts where it did. Where that strand comes
 * several times in a row the last counts.
 */
function startAsGiven(ring: readonly Way[]): Way[] {
  let last = 0
  let interrupted = false
  for (let index = 1; index < ring.length; index++) {
    const more = ring[index]!.strand - ring[last]!.strand
    if (more < 0) interrupted = true
    else if (more > 0 || !interrupted) {
      last = index
      interrupted = false
    }
  }
  return [...ring.slice(last + 1), ...ring.slice(0, last + 1)]
}

/** The longest lines that ways make without passing a node where three or more meet. */
export function joinWays(ways: readonly Way[]): number[][] {
  const leaving = group(ways, ({ from }) => from)
  const arriving = group(ways, ({ to }) => to)
  const goesOn = (node: number): boolean => leaving.get(node)?.length === 1 && arriving.get(node)?.length === 1
  const left = new Set(ways)
  const follow = (first: Way): number[] => {
    const line = [first.from]
    let way: Way | undefined = first
    while (way !== undefined) {
      left.delete(way)
      line.push(way.to)
      const next: Way | undefined = goesOn(way.to) ? leaving.get(way.to)![0] : undefined
      way = next !== undefined && left.has(next) ? next : undefined
    }
    return line
  }
  const ordered = [...ways].sort((a, b) => a.strand - b.strand)
  const lines = ordered.filter(({ from }) => !goesOn(from)).map(follow)
  // What is left goes around.
  for (const way of ordered) if (left.has(way)) lines.push(follow(way))
  return lines
}

function group(ways: readonly Way[], key: (way: Way) => number): ReadonlyMap<number, readonly Way[]> {
  const found = new Map<number, Way[]>()
  for (const way of ways) {
    const known = found.get(key(way))
    if (known) known.push(way)
    else found.set(key(way), [way])
  }
  return found
}
