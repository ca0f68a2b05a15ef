import { NotSupported } from '../function.js'
import { ringsOf } from './measure.js'
import { unionOfPolygons } from './overlay.js'
import { type Corner, cornerAt, edgesAround } from './ring.js'
import { type Line, type Polygon, polygonAround } from './shape.js'
import {
  add,
  angle,
  cross,
  dot,
  EARTH,
  negate,
  normal,
  normalize,
  onTheWay,
  scale,
  subtract,
  type Vector,
} from './sphere.js'

/** How far a buffer reaches, and how it may overshoot; as angles. */
export interface Reach {
  readonly radius: number
  /** The largest turn that one edge may stand for. */
  readonly step: number
}

/** Most edges of one answer before parts are joined. */
const MOST_EDGES = 50_000

/** A radius and a tolerance in metres; undefined where Kusto takes them for invalid. */
export function readReach(radius: number, tolerance: number): Reach | undefined {
  if (!(radius > 0 && tolerance > 0 && Number.isFinite(radius)) || tolerance < radius * 1e-6) return undefined
  const far = radius / EARTH
  const most = far + Math.min(tolerance, radius) / EARTH
  if (most >= Math.PI / 2) throw new NotSupported('a buffer of a quarter of the way around the earth')
  return { radius: far, step: 2 * Math.acos(Math.tan(far) / Math.tan(most)) }
}

/** Around the circle: its edges touch it from outside. */
export function bufferPlace({ at }: Corner, reach: Reach): Polygon {
  const count = Math.max(3, Math.ceil((2 * Math.PI) / reach.step))
  const turn = (2 * Math.PI) / count
  const far = Math.atan(Math.tan(reach.radius) / Math.cos(turn / 2))
  const east = squareTo(at)
  const north = cross(at, east)
  return polygonAround(
    Array.from({ length: count }, (_, index) => {
      const direction = add(scale(east, Math.cos(index * turn)), scale(north, Math.sin(index * turn)))
      return cornerAt(onTheWay(at, direction, far))
    }),
  )
}

/** All within reach of the lines, with round ends. */
export function bufferLines(lines: readonly Line[], reach: Reach): readonly Polygon[] {
  refuseMany(lines.reduce((total, line) => total + 4 * line.length, 0))
  const parts = lines.flatMap((line) => {
    const edges = line.slice(1).flatMap((to, index) => asEdge(line[index]!, to))
    if (edges.length === 0) return [bufferPlace(line[0]!, reach)]
    const isClosed = angle(line[0]!.at, line[line.length - 1]!.at) === 0
    return [
      ...edges.flatMap((edge) => [...strip(edge, reach)]),
      ...edges.flatMap((edge) => [...strip(turned(edge), reach)]),
      ...edges.flatMap((edge, index) => {
        const next = edges[index + 1] ?? (isClosed ? edges[0] : undefined)
        return next ? [...elbow(edge, next, reach), ...elbow(turned(next), turned(edge), reach)] : []
      }),
      ...(isClosed ? [] : [...cap(edges[edges.length - 1]!, reach), ...cap(turned(edges[0]!), reach)]),
    ]
  })
  return unionOfPolygons(checked(parts))
}

/** The polygons and all within reach of them. */
export function bufferPolygons(polygons: readonly Polygon[], reach: Reach): readonly Polygon[] {
  refuseMany(polygons.flatMap(ringsOf).reduce((total, { corners }) => total + 4 * corners.length, 0))
  const parts = polygons.flatMap((polygon) => [
    polygon,
    ...[polygon.shell.corners, ...polygon.holes.map(({ corners }) => [...corners].reverse())].flatMap((corners) => {
      const edges = edgesAround(corners).flatMap(([from, to]) => asEdge(from, to))
      return edges.flatMap((edge, index) => [
        ...strip(edge, reach),
        ...elbow(edge, edges[(index + 1) % edges.length]!, reach),
      ])
    }),
  ])
  return unionOfPolygons(checked(parts))
}

function checked(parts: readonly Polygon[]): readonly Polygon[] {
  refuseMany(parts.flatMap(ringsOf).reduce((total, { corners }) => total + corners.length, 0))
  return parts
}

function refuseMany(edges: number): void {
  if (edges > MOST_EDGES) throw new NotSupported(`a buffer of more than ${MOST_EDGES} edges`)
}

interface BufferedEdge {
  readonly from: Vector
  readonly to: Vector
  /** Square to the edge, to its left. */
  readonly left: Vector
}

function asEdge({ at: from }: Corner, { at: to }: Corner): BufferedEdge[] {
  const across = normal(from, to)
  const size = Math.hypot(...across)
  return size === 0 ? [] : [{ from, to, left: scale(across, 1 / size) }]
}

const turned = ({ from, to, left }: BufferedEdge): BufferedEdge => ({ from: to, to: from, left: negate(left) })

const offset = (at: Vector, direction: Vector, reach: number): Corner => cornerAt(onTheWay(at, direction, reach))

/** What lies right of an edge: a geodesic between places of one distance bulges away from it, so short ones are taken. */
function strip({ from, to, left }: BufferedEdge, { radius, step }: Reach): Polygon[] {
  const right = negate(left)
  const count = Math.ceil(angle(from, to) / step)
  const direction = normalize(subtract(to, scale(from, dot(from, to))))
  const outer = Array.from({ length: count + 1 }, (_, index) => {
    const at = index === 0 ? from : index === count ? to : onTheWay(from, direction, (index / count) * angle(from, to))
    return offset(at, right, radius)
  })
  return [polygonAround([cornerAt(to), cornerAt(from), ...outer])]
}

/** What lies around the outside of a left turn from one edge to the next. */
function elbow(edge: BufferedEdge, next: BufferedEdge, reach: Reach): Polygon[] {
  const turn = Math.atan2(dot(cross(edge.left, next.left), edge.to), dot(edge.left, next.left))
  return turn > 1e-12 ? sector(edge.to, negate(edge.left), turn, reach) : []
}

/** The half circle behind an edge's end. */
const cap = (edge: BufferedEdge, reach: Reach): Polygon[] => [
  ...sector(edge.to, negate(edge.left), Math.PI / 2, reach),
  ...sector(edge.to, cross(edge.left, edge.to), Math.PI / 2, reach),
]

/** A piece of a circle, from a direction on against the clock; its edges touch the circle from outside. */
function sector(at: Vector, from: Vector, turn: number, { radius, step }: Reach): Polygon[] {
  const count = Math.ceil(turn / step)
  const part = turn / count
  const far = Math.atan(Math.tan(radius) / Math.cos(part / 2))
  const aside = cross(at, from)
  const towards = (by: number): Vector => add(scale(from, Math.cos(by)), scale(aside, Math.sin(by)))
  const between = Array.from({ length: count }, (_, index) => offset(at, towards((index + 0.5) * part), far))
  return [polygonAround([cornerAt(at), offset(at, from, radius), ...between, offset(at, towards(turn), radius)])]
}

function squareTo(at: Vector): Vector {
  const other: Vector = Math.abs(at[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0]
  return normalize(cross(other, at))
}
