import { type Corner, cornerAt } from './ring.js'
import { type S2CellId, s2CellCorners, s2Children, s2Descendants, s2Faces } from './s2-cells.js'
import { add, angle, angleBetweenEdges, angleToEdge, type Edge, normalize, side, type Vector } from './sphere.js'

/** A cell that touches a shape counts, and rounding must not part them. */
const TOUCH = 1e-15

/** Kusto gives no more cells than this for one shape. */
export const MOST_CELLS = 65_536

/**
 * The S2 cells of a level that a shape touches or that come within `reach` radians of it, in order; undefined where they are too many.
 * A shape is its edges and what `holds` says is inside of them.
 */
export function coverWithS2(
  edges: readonly Edge[],
  holds: (place: Corner) => boolean,
  level: number,
  reach: number,
): string[] | undefined {
  const found: string[] = []
  const visit = (cell: S2CellId, near: readonly Edge[]): void => {
    if (found.length > MOST_CELLS) return
    const corners = s2CellCorners(cell)
    const middle = normalize(corners.reduce(add))
    const touching = edgesWithin(near, corners, middle, reach)
    if (touching.length === 0) {
      if (!holds(cornerAt(middle))) return
      if (found.length + 4 ** (level - cell.level()) > MOST_CELLS) found.length = MOST_CELLS + 1
      else found.push(...s2Descendants(cell, level))
    } else if (cell.level() === level) found.push(cell.toToken())
    else for (const child of s2Children(cell)) visit(child, touching)
  }
  for (const face of s2Faces()) visit(face, edges)
  return found.length > MOST_CELLS ? undefined : found
}

type Quad = readonly [Vector, Vector, Vector, Vector]

function edgesWithin(edges: readonly Edge[], corners: Quad, middle: Vector, reach: number): Edge[] {
  const [a, b, c, d] = corners
  const around: readonly Edge[] = [
    [a, b],
    [b, c],
    [c, d],
    [d, a],
  ]
  const size = Math.max(...corners.map((each) => angle(middle, each))) + reach + 1e-12
  return edges.filter(
    (edge) =>
      angleToEdge(middle, edge) <= size &&
      (around.every(([from, to]) => side(from, to, edge[0]) >= 0) ||
        around.some((each) => angleBetweenEdges(each, edge) <= reach + TOUCH)),
  )
}
