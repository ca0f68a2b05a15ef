import { NotSupported } from '../function.js'
import { type Arrangement, arrange, type Piece, type Strand } from './arrangement.js'
import { areaLeftOf, type Corner, cornerAt, edgesAround, makeRing, type Ring, ringHolds } from './ring.js'
import { type Line, type Parts, type Polygon, polygonHolds } from './shape.js'
import { add, angle, cross, normalize, scale, subtract } from './sphere.js'
import { joinWays, traceRings, type Way } from './trace.js'

/**
 * Shapes laid over one another: their edges are cut where they meet, every piece is asked what lies left and right of it, and those between
 * inside and outside are joined to the outline of the answer. Works anywhere on the sphere; what is closer than `CLOSE` is taken as one.
 */

/** Polygons that do not overlap, for some that may. The two smallest are joined first, as S2 does, which also settles where rings start. */
export function unionOfPolygons(polygons: readonly Polygon[]): readonly Polygon[] {
  const queue = polygons
    .map((polygon) => ({ size: cornersOf(polygon), joined: [polygon] as readonly Polygon[] }))
    .sort((a, b) => a.size - b.size)
  while (queue.length > 1) {
    const [one, other] = queue.splice(0, 2) as [(typeof queue)[0], (typeof queue)[0]]
    const size = one.size + other.size
    const after = queue.findIndex((each) => each.size > size)
    queue.splice(after < 0 ? queue.length : after, 0, { size, joined: join([...one.joined, ...other.joined]) })
  }
  return queue[0]?.joined ?? []
}

function join(polygons: readonly Polygon[]): readonly Polygon[] {
  const laid = arrange(polygons.flatMap(strandsOf))
  return outline(laid, (piece) => {
    const found = { left: false, right: false }
    for (const [shape, polygon] of polygons.entries()) {
      if (found.left && found.right) break
      const { left, right } = sidesIn(piece, polygon, shape, laid)
      found.left ||= left
      found.right ||= right
    }
    return found
  })
}

const cornersOf = ({ shell, holes }: Polygon): number =>
  [shell, ...holes].reduce((total, { corners }) => total + corners.length, 0)

/** What two lots of polygons have in common; where they only touch, that is places and lines. */
export function intersectPolygons(left: readonly Polygon[], right: readonly Polygon[]): Parts {
  const all = [...left, ...right]
  const laid = arrange(all.flatMap(strandsOf))
  const within = new Map<Piece, { readonly left: Sides; readonly right: Sides }>()
  for (const piece of laid.pieces) {
    const sides = all.map((polygon, shape) => sidesIn(piece, polygon, shape, laid))
    within.set(piece, { left: anyOf(sides.slice(0, left.length)), right: anyOf(sides.slice(left.length)) })
  }
  const sidesOf = (piece: Piece): Sides => {
    const { left: one, right: other } = within.get(piece)!
    return { left: one.left && other.left, right: one.right && other.right }
  }
  const isLeft = (shape: number): boolean => shape < left.length
  const shared = laid.pieces.filter((piece) => {
    const sides = sidesOf(piece)
    const { left: one, right: other } = within.get(piece)!
    return !sides.left && !sides.right && (one.left || one.right) && (other.left || other.right)
  })
  const polygons = outline(laid, sidesOf)
  const lines = linesAlong(shared.map(wayAlong), laid)
  return { polygons, lines, points: touching(laid, isLeft, polygons, lines) }
}

/** The parts of lines that lie in polygons or on their edges. */
export function intersectLinesWithPolygons(lines: readonly Line[], polygons: readonly Polygon[]): Parts {
  const isLine = (shape: number): boolean => shape >= polygons.length
  const laid = arrange([...polygons.flatMap(strandsOf), ...strandsOfLines(lines, polygons.length)])
  const within = laid.pieces.filter(
    (piece) =>
      piece.uses.some(({ shape }) => isLine(shape)) &&
      polygons.some((polygon, shape) => {
        const { left, right } = sidesIn(piece, polygon, shape, laid)
        return left || right
      }),
  )
  const found = linesAlong(
    within.map((piece) => wayAlong({ ...piece, uses: piece.uses.filter(({ shape }) => isLine(shape)) })),
    laid,
  )
  return { polygons: [], lines: found, points: touching(laid, isLine, [], found) }
}

/** Where lines cross or run together. */
export function intersectLines(left: readonly Line[], right: readonly Line[]): Parts {
  const isLeft = (shape: number): boolean => shape < left.length
  const laid = arrange([...strandsOfLines(left, 0), ...strandsOfLines(right, left.length)])
  const shared = laid.pieces.filter(
    ({ uses }) => uses.some(({ shape }) => isLeft(shape)) && uses.some(({ shape }) => !isLeft(shape)),
  )
  const lines = linesAlong(shared.map(wayAlong), laid)
  return { polygons: [], lines, points: touching(laid, isLeft, [], lines) }
}

/** Lines that run over no place twice, cut where they cross. */
export function unionOfLines(lines: readonly Line[]): readonly Line[] {
  const laid = arrange(strandsOfLines(lines, 0))
  return linesAlong(laid.pieces.map(wayAlong), laid)
}

/** Strands of a polygon have its inside on their left. */
function strandsOf({ shell, holes }: Polygon, shape: number): Strand[] {
  const around = (corners: readonly Corner[]): Strand[] =>
    edgesAround(corners).map(([from, to]) => ({ from, to, shape }))
  return [...around(shell.corners), ...holes.flatMap(({ corners }) => around([...corners].reverse()))]
}

const strandsOfLines = (lines: readonly Line[], first: number): Strand[] =>
  lines.flatMap((line, index) => line.slice(1).map((to, at): Strand => ({ from: line[at]!, to, shape: first + index })))

interface Sides {
  readonly left: boolean
  readonly right: boolean
}

const anyOf = (sides: readonly Sides[]): Sides => ({
  left: sides.some(({ left }) => left),
  right: sides.some(({ right }) => right),
})

/** Whether a polygon lies left of a piece, and right of it. */
function sidesIn(piece: Piece, polygon: Polygon, shape: number, { nodes }: Arrangement): Sides {
  const uses = piece.uses.filter((use) => use.shape === shape)
  if (uses.length === 1) return { left: uses[0]!.forward, right: !uses[0]!.forward }
  const [from, to] = [nodes[piece.from]!.at, nodes[piece.to]!.at]
  const middle = normalize(add(from, to))
  const { cap } = polygon.shell
  if (angle(middle, cap.middle) > cap.radius) return { left: false, right: false }
  if (uses.length === 0) {
    const inside = polygonHolds(polygon, cornerAt(middle))
    return { left: inside, right: inside }
  }
  // A polygon thinner than can be told apart runs along both sides of its own edge: look a little beside it.
  const aside = scale(normalize(cross(from, subtract(to, from))), 1e-10)
  return {
    left: polygonHolds(polygon, cornerAt(normalize(add(middle, aside)))),
    right: polygonHolds(polygon, cornerAt(normalize(subtract(middle, aside)))),
  }
}

/** The polygons around what `sidesOf` says is inside. */
function outline({ nodes, pieces }: Arrangement, sidesOf: (piece: Piece) => Sides): readonly Polygon[] {
  const ways = pieces.flatMap((piece): Way[] => {
    const { left, right } = sidesOf(piece)
    if (left === right) return []
    const strand = Math.min(...piece.uses.map((use) => use.strand))
    return [left ? { from: piece.from, to: piece.to, strand } : { from: piece.to, to: piece.from, strand }]
  })
  const rings = traceRings(ways, nodes)
  if (!rings) throw new NotSupported('laying polygons over one another whose edges nearly run together')
  return assemble(rings.map((ring) => ring.map(({ from }) => nodes[from]!)))
}

/** The polygons of rings with the inside on their left: holes go to the least of the shells around them. */
export function assemble(rings: readonly (readonly Corner[])[]): readonly Polygon[] {
  const shells: { readonly shell: Ring; readonly holes: Ring[] }[] = []
  const holes: Ring[] = []
  for (const corners of rings) {
    if (corners.length < 3) continue
    if (areaLeftOf(corners) <= 2 * Math.PI) shells.push({ shell: makeRing(corners), holes: [] })
    else holes.push(makeRing(corners))
  }
  for (const hole of holes) {
    const [a, b] = edgesAround(hole.corners)[0]!
    const beside = cornerAt(normalize(add(a.at, b.at)))
    const around = shells
      .filter(({ shell }) => ringHolds(shell, beside))
      .reduce<(typeof shells)[0] | undefined>(
        (least, each) => (least === undefined || each.shell.area < least.shell.area ? each : least),
        undefined,
      )
    if (!around) throw new NotSupported('a polygon of more than half of the earth')
    around.holes.push(hole)
  }
  return shells
}

/** As its first strand leads. */
function wayAlong({ from, to, uses }: Piece): Way {
  const first = uses.reduce((least, use) => (use.strand < least.strand ? use : least))
  return first.forward ? { from, to, strand: first.strand } : { from: to, to: from, strand: first.strand }
}

const linesAlong = (ways: readonly Way[], { nodes }: Arrangement): Line[] =>
  joinWays(ways).map((line) => line.map((node) => nodes[node]!))

/** The nodes where shapes of both kinds meet and that are in no other part of the answer. */
function touching(
  { nodes, pieces }: Arrangement,
  isOne: (shape: number) => boolean,
  polygons: readonly Polygon[],
  lines: readonly Line[],
): Corner[] {
  const known = new Set([
    ...lines.flat(),
    ...polygons.flatMap(({ shell, holes }) => [shell, ...holes].flatMap(({ corners }) => corners)),
  ])
  const met = nodes.map(() => ({ one: false, other: false }))
  for (const { from, to, uses } of pieces) {
    for (const { shape } of uses) {
      for (const node of [from, to]) {
        if (isOne(shape)) met[node]!.one = true
        else met[node]!.other = true
      }
    }
  }
  return nodes.filter((node, index) => met[index]!.one && met[index]!.other && !known.has(node))
}
