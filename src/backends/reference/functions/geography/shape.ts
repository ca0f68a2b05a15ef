import { type Dynamic, isArray, isBag, type Value } from '../../../../ir/value.js'
import { NotSupported } from '../function.js'
import { forNearEdges } from './near.js'
import { type Corner, corner, cornerAt, edgesAround, makeRing, type Ring, readRing, ringHolds } from './ring.js'
import { add, areOpposite, crossing, type Edge, isSameVector, normalize, type Place } from './sphere.js'

/** A line of two corners at least. */
export type Line = readonly Corner[]

/** A shell and the holes in it; every ring is turned so that its own region is left of it. */
export interface Polygon {
  readonly shell: Ring
  readonly holes: readonly Ring[]
}

export const isPlace = ([longitude, latitude]: Place): boolean => Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90

/** The lines of a GeoJSON LineString or MultiLineString; undefined where they are none that Kusto takes. */
export const readLines = (value: Value): readonly Line[] | undefined => read(LINES, value, linesOf)

/** The polygons of a GeoJSON Polygon or MultiPolygon, likewise. They may overlap one another. */
export const readPolygons = (value: Value): readonly Polygon[] | undefined => read(POLYGONS, value, polygonsOf)

/** A polygon may stand in a query once and be asked about every row. */
const LINES = new WeakMap<object, readonly Line[] | 'none'>()
const POLYGONS = new WeakMap<object, readonly Polygon[] | 'none'>()

function read<Shape extends object>(
  known: WeakMap<object, Shape | 'none'>,
  value: Value,
  make: (value: ReadonlyMap<string, Dynamic>) => Shape | undefined,
): Shape | undefined {
  if (value === null || !isBag(value)) return undefined
  const found = known.get(value) ?? make(value) ?? 'none'
  known.set(value, found)
  return found === 'none' ? undefined : found
}

function linesOf(value: ReadonlyMap<string, Dynamic>): readonly Line[] | undefined {
  const lists = listsOf(value, 'LineString', 'MultiLineString')
  return lists && all(lists.map(lineOf))
}

function polygonsOf(value: ReadonlyMap<string, Dynamic>): readonly Polygon[] | undefined {
  const lists = listsOf(value, 'Polygon', 'MultiPolygon')
  return lists && all(lists.map(polygonOf))
}

function listsOf(value: ReadonlyMap<string, Dynamic>, one: string, many: string): readonly Dynamic[] | undefined {
  const coordinates = value.get('coordinates')
  if (coordinates === undefined || !isArray(coordinates)) return undefined
  if (value.get('type') === one) return [coordinates]
  return value.get('type') === many && coordinates.length > 0 ? coordinates : undefined
}

const all = <Item>(items: readonly (Item | undefined)[]): readonly Item[] | undefined =>
  items.every((item) => item !== undefined) ? items : undefined

function placesOf(value: Dynamic): readonly Place[] | undefined {
  return isArray(value) ? all(value.map(placeOf)) : undefined
}

function placeOf(value: Dynamic): Place | undefined {
  if (!isArray(value) || value.length < 2) return undefined
  const [longitude, latitude] = value
  if (!isNumber(longitude!) || !isNumber(latitude!)) return undefined
  const place: Place = [Number(longitude), Number(latitude)]
  return isPlace(place) ? place : undefined
}

const isNumber = (value: Dynamic): boolean => typeof value === 'number' || typeof value === 'bigint'

function lineOf(value: Dynamic): Line | undefined {
  const places = placesOf(value)
  if (!places || places.length < 2) return undefined
  const corners = places.map(corner)
  return corners.slice(1).some((next, index) => areOpposite(corners[index]!.at, next.at)) ? undefined : corners
}

function polygonOf(value: Dynamic): Polygon | undefined {
  if (!isArray(value)) return undefined
  const rings = all(value.map((each) => readRingOf(each)))
  if (!rings || rings.length === 0 || ringsCross(rings)) return undefined
  const [shell, ...holes] = rings as readonly [Ring, ...Ring[]]
  for (const hole of holes) {
    const [a, b] = edgesAround(hole.corners)[0]!
    const beside = cornerAt(normalize(add(a.at, b.at)))
    const isHole = ringHolds(shell, beside) && !holes.some((other) => other !== hole && ringHolds(other, beside))
    if (!isHole) throw new NotSupported('a polygon whose rings are not all holes in the first')
  }
  return { shell, holes }
}

function readRingOf(value: Dynamic): Ring | undefined {
  const places = placesOf(value)
  return places && readRing(places)
}

/** Rings may meet in corners, not cross or share an edge. */
export function ringsCross(rings: readonly Ring[]): boolean {
  const edges = rings.flatMap(({ corners }) => edgesOf(corners))
  let found = false
  forNearEdges(edges, edges, (left, right) => {
    found ||= crossing(edges[left]!, edges[right]!) !== undefined || isSame(edges[left]!, edges[right]!)
  })
  return found
}

const isSame = ([a, b]: Edge, [c, d]: Edge): boolean =>
  (isSameVector(a, c) && isSameVector(b, d)) || (isSameVector(a, d) && isSameVector(b, c))

const edgesOf = (corners: readonly Corner[]): Edge[] => edgesAround(corners).map(([from, to]): Edge => [from.at, to.at])

export const edgesOfLine = (line: Line): Edge[] => line.slice(1).map((next, index): Edge => [line[index]!.at, next.at])

export const edgesOfPolygon = ({ shell, holes }: Polygon): Edge[] =>
  [shell, ...holes].flatMap(({ corners }) => edgesOf(corners))

export const polygonHolds = ({ shell, holes }: Polygon, place: Corner): boolean =>
  ringHolds(shell, place) && !holes.some((hole) => ringHolds(hole, place))

export const polygonsHold = (polygons: readonly Polygon[], place: Corner): boolean =>
  polygons.some((polygon) => polygonHolds(polygon, place))

/** The ring around these corners alone, as a polygon. */
export const polygonAround = (corners: readonly Corner[]): Polygon => ({ shell: makeRing(corners), holes: [] })

/** GeoJSON writes a whole number without a point. */
const coordinate = (value: number): Dynamic => (Number.isInteger(value) ? BigInt(value) : value)
const position = ({ place: [longitude, latitude] }: Corner): Dynamic => [coordinate(longitude), coordinate(latitude)]
export const positions = (corners: readonly Corner[]): Dynamic => corners.map(position)

/** Shells go against the clock, holes with it, and each ends where it starts. */
const rings = ({ shell, holes }: Polygon): Dynamic => [
  positions([...shell.corners, shell.corners[0]!]),
  ...holes.map(({ corners }) => positions([...corners, corners[0]!].reverse())),
]

export const geometry = (type: string, coordinates: Dynamic): Dynamic =>
  new Map<string, Dynamic>([
    ['type', type],
    ['coordinates', coordinates],
  ])

export const writePoint = (place: Corner): Dynamic => geometry('Point', position(place))

export const writeLines = (lines: readonly Line[]): Dynamic =>
  lines.length === 1 ? geometry('LineString', positions(lines[0]!)) : geometry('MultiLineString', lines.map(positions))

export const writePolygons = (polygons: readonly Polygon[]): Dynamic =>
  polygons.length === 1 ? geometry('Polygon', rings(polygons[0]!)) : geometry('MultiPolygon', polygons.map(rings))

const writePoints = (points: readonly Corner[]): Dynamic =>
  points.length === 1 ? writePoint(points[0]!) : geometry('MultiPoint', points.map(position))

/** What two shapes have in common, in places, lines and areas. */
export interface Parts {
  readonly points: readonly Corner[]
  readonly lines: readonly Line[]
  readonly polygons: readonly Polygon[]
}

/** One geometry where all parts are of one kind, and a collection where they are of several or there are none. */
export function writeParts({ points, lines, polygons }: Parts): Dynamic {
  const found = [
    ...(points.length ? [writePoints(points)] : []),
    ...(lines.length ? [writeLines(lines)] : []),
    ...(polygons.length ? [writePolygons(polygons)] : []),
  ]
  if (found.length === 1) return found[0]!
  return new Map<string, Dynamic>([
    ['type', 'GeometryCollection'],
    ['geometries', found],
  ])
}
