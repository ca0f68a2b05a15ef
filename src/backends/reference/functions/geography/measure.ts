import { type Corner, cornerAt, edgesAround, NARROW } from './ring.js'
import { edgesOfLine, type Line, type Polygon, polygonHolds } from './shape.js'
import {
  add,
  angle,
  areOpposite,
  closestOnEdge,
  cross,
  dot,
  EARTH,
  type Edge,
  interpolate,
  length,
  normal,
  normalize,
  type Place,
  radians,
  samePlace,
  scale,
  toVector,
  type Vector,
} from './sphere.js'

/** Metres along the great circle. */
export function distance(a: Place, b: Place): number {
  const [up, along] = [Math.sin(radians(b[1] - a[1]) / 2), Math.sin(radians(b[0] - a[0]) / 2)]
  const half = up * up + Math.cos(radians(a[1])) * Math.cos(radians(b[1])) * along * along
  return 2 * EARTH * Math.atan2(Math.sqrt(half), Math.sqrt(1 - half))
}

/** The way to go at `a` for `b`, in radians from north as a clock turns; undefined where every way is right. */
export function azimuth(a: Place, b: Place): number | undefined {
  if (samePlace(a, b) || areOpposite(toVector(a), toVector(b))) return undefined
  const along = radians(b[0] - a[0])
  const [from, to] = [radians(a[1]), radians(b[1])]
  return positive(
    Math.atan2(
      Math.sin(along) * Math.cos(to),
      Math.cos(from) * Math.sin(to) - Math.sin(from) * Math.cos(to) * Math.cos(along),
    ),
  )
}

/** At `b`, from the way to `a` to the way to `c`, as a clock turns. */
export function angleAt(a: Place, b: Place, c: Place): number | undefined {
  const [back, onward] = [azimuth(b, a), azimuth(b, c)]
  return back === undefined || onward === undefined ? undefined : positive(onward - back)
}

const positive = (turned: number): number => (turned < 0 ? turned + 2 * Math.PI : turned)

export const lineLength = (line: Line): number =>
  line.slice(1).reduce((total, next, index) => total + distance(line[index]!.place, next.place), 0)

export const ringsOf = ({ shell, holes }: Polygon): readonly Polygon['shell'][] => [shell, ...holes]

/** Metres around all rings. */
export const perimeter = (polygon: Polygon): number =>
  ringsOf(polygon).reduce((total, { corners }) => total + lineLength([...corners, corners[0]!]), 0)

/** Square metres. */
export const polygonArea = ({ shell, holes }: Polygon): number =>
  holes.reduce((left, { area }) => left - area, shell.area) * EARTH * EARTH

interface Nearest {
  readonly place: Corner
  readonly angle: number
}

/** The place of these edges that is closest. */
function nearest(from: Corner, edges: Iterable<readonly [Corner, Corner]>): Nearest {
  let [best, least] = [from, Infinity]
  for (const [a, b] of edges) {
    const found = closestOnEdge(from.at, [a.at, b.at])
    const far = angle(from.at, found)
    if (far < least) [best, least] = [found === a.at ? a : found === b.at ? b : cornerAt(found), far]
  }
  return { place: best, angle: least }
}

export const nearestOnLines = (from: Corner, lines: readonly Line[]): Nearest =>
  nearest(
    from,
    lines.flatMap((line) => line.slice(1).map((to, index) => [line[index]!, to] as const)),
  )

/** The place itself where a polygon holds it. */
export const nearestOnPolygons = (from: Corner, polygons: readonly Polygon[]): Nearest =>
  polygons.some((polygon) => polygonHolds(polygon, from))
    ? { place: from, angle: 0 }
    : nearest(
        from,
        polygons.flatMap(ringsOf).flatMap(({ corners }) => edgesAround(corners)),
      )

const edgeAngle = ([a, b]: Edge): number => angle(a, b)

/** The place at this part of a line's length. */
export function placeAlong(line: Line, part: number): Corner {
  if (part >= 1) return line[line.length - 1]!
  const edges = edgesOfLine(line)
  let left = part * edges.reduce((total, edge) => total + edgeAngle(edge), 0)
  for (const [index, [a, b]] of edges.entries()) {
    const size = edgeAngle([a, b])
    if (left < size) return left <= 0 ? line[index]! : cornerAt(interpolate(a, b, left / size))
    left -= size
  }
  return line[line.length - 1]!
}

/** The part of a line's length that lies before its place closest to another. */
export function partAlong(line: Line, to: Corner): number {
  let [before, found, least] = [0, 0, Infinity]
  for (const edge of edgesOfLine(line)) {
    const closest = closestOnEdge(to.at, edge)
    const far = angle(to.at, closest)
    if (far < least) [found, least] = [before + angle(edge[0], closest), far]
    before += edgeAngle(edge)
  }
  return before === 0 ? 0 : Math.min(1, found / before)
}

/** The middle of mass of lines, below the ground; undefined where it is the middle of the earth. */
export const lineCentroid = (lines: readonly Line[]): Corner | undefined =>
  upFrom(lines.flatMap(edgesOfLine).map(([a, b]) => scale(normalize(add(a, b)), 2 * Math.sin(angle(a, b) / 2))))

export const polygonCentroid = (polygons: readonly Polygon[]): Corner | undefined =>
  upFrom(
    polygons.flatMap(({ shell, holes }) => [ringMoment(shell), ...holes.map((hole) => scale(ringMoment(hole), -1))]),
  )

function upFrom(moments: readonly Vector[]): Corner | undefined {
  const sum = moments.reduce(add, [0, 0, 0])
  const total = moments.reduce((size, each) => size + length(each), 0)
  return length(sum) <= total * 1e-14 ? undefined : cornerAt(normalize(sum))
}

/** The places inside a ring, added up as vectors. */
function ringMoment({ corners, cap }: Polygon['shell']): Vector {
  let sum: Vector = [0, 0, 0]
  if (cap.radius < NARROW) {
    for (let index = 2; index < corners.length; index++)
      sum = add(sum, triangleMoment(corners[0]!.at, corners[index - 1]!.at, corners[index]!.at))
    return sum
  }
  for (const [index, { at }] of corners.entries()) {
    const next = corners[(index + 1) % corners.length]!.at
    const across = normal(at, next)
    const size = length(across)
    if (size > 0) sum = add(sum, scale(across, angle(at, next) / size / 2))
  }
  return sum
}

/** Of a triangle; turned over where it goes with the clock. Its products with the corners are known: the lengths of the edges across. */
function triangleMoment(a: Vector, b: Vector, c: Vector): Vector {
  const [ra, rb, rc] = [overSine(angle(b, c)), overSine(angle(c, a)), overSine(angle(a, b))]
  const right: Vector = [ra, rb - ra, rc - ra]
  const [x, y, z] = ([0, 1, 2] as const).map((axis): Vector => [a[axis], b[axis] - a[axis], c[axis] - a[axis]])
  return scale([dot(cross(y!, z!), right), dot(cross(z!, x!), right), dot(cross(x!, y!), right)], 0.5)
}

const overSine = (size: number): number => (size === 0 ? 1 : size / Math.sin(size))
