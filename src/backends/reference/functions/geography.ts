import { type Dynamic, isArray, isBag, type Value } from '../../../ir/value.js'
import { type Functions, NotSupported, strict } from './function.js'
import { parseWkt } from './wkt.js'

/** Places are on a sphere of this many metres, as in the S2 library that Kusto measures with. */
const EARTH = 6_371_010

const radians = (degrees: number): number => (degrees * Math.PI) / 180

type Point = readonly [longitude: number, latitude: number]
type Vector = readonly [number, number, number]

const valid = ([longitude, latitude]: Point): boolean => Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90

function vector([longitude, latitude]: Point): Vector {
  const [along, up] = [radians(longitude), radians(latitude)]
  return [Math.cos(up) * Math.cos(along), Math.cos(up) * Math.sin(along), Math.sin(up)]
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]
const length = (a: Vector): number => Math.sqrt(dot(a, a))
const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by]
const angle = (a: Vector, b: Vector): number => Math.atan2(length(cross(a, b)), dot(a, b))

/** Metres along the great circle. */
const distance = (a: Point, b: Point): number => {
  const [up, along] = [Math.sin(radians(b[1] - a[1]) / 2), Math.sin(radians(b[0] - a[0]) / 2)]
  const half = up * up + Math.cos(radians(a[1])) * Math.cos(radians(b[1])) * along * along
  return 2 * EARTH * Math.atan2(Math.sqrt(half), Math.sqrt(1 - half))
}

function azimuth(a: Point, b: Point): number {
  const along = radians(b[0] - a[0])
  const [from, to] = [radians(a[1]), radians(b[1])]
  const angle = Math.atan2(
    Math.sin(along) * Math.cos(to),
    Math.cos(from) * Math.sin(to) - Math.sin(from) * Math.cos(to) * Math.cos(along),
  )
  return angle < 0 ? angle + 2 * Math.PI : angle
}

/** Metres from a point to the nearest place of an edge. */
function distanceToEdge(point: Point, a: Point, b: Point): number {
  const [p, u, v] = [vector(point), vector(a), vector(b)]
  const normal = cross(u, v)
  if (length(normal) === 0) return distance(point, a)
  const plane = scale(normal, 1 / length(normal))
  const foot = cross(plane, cross(p, plane))
  const between = dot(cross(u, foot), plane) >= 0 && dot(cross(foot, v), plane) >= 0
  return between ? EARTH * Math.abs(Math.PI / 2 - angle(p, plane)) : Math.min(distance(point, a), distance(point, b))
}

const point = (value: Dynamic): Point | undefined => {
  if (!isArray(value) || value.length < 2) return undefined
  const found: Point = [Number(value[0]), Number(value[1])]
  return valid(found) ? found : undefined
}

const points = (value: Dynamic | undefined): Point[] | undefined => {
  if (value === undefined || !isArray(value)) return undefined
  const found = value.map(point)
  return found.every((each) => each !== undefined) ? (found as Point[]) : undefined
}

/** The lines of a GeoJSON LineString or MultiLineString. */
function lines(value: Value): readonly Point[][] | undefined {
  if (value === null || !isBag(value)) return undefined
  const coordinates = value.get('coordinates')
  const all =
    value.get('type') === 'LineString'
      ? [points(coordinates)]
      : value.get('type') === 'MultiLineString' && coordinates && isArray(coordinates)
        ? coordinates.map(points)
        : [undefined]
  return all.every((line) => line !== undefined && line.length > 1) ? (all as Point[][]) : undefined
}

/** The polygons of a GeoJSON Polygon or MultiPolygon, each with its shell first and its holes after. */
function polygons(value: Value): readonly Point[][][] | undefined {
  if (value === null || !isBag(value)) return undefined
  const coordinates = value.get('coordinates')
  const lists =
    value.get('type') === 'Polygon'
      ? [coordinates]
      : value.get('type') === 'MultiPolygon' && coordinates && isArray(coordinates)
        ? [...coordinates]
        : []
  const found: Point[][][] = []
  for (const list of lists) {
    if (!list || !isArray(list)) return undefined
    const rings = list.map(points)
    if (rings.length === 0 || !rings.every((ring) => ring !== undefined && isRing(ring))) return undefined
    found.push(rings as Point[][])
  }
  return found.length ? found : undefined
}

const same = (a: Point, b: Point): boolean => a[0] === b[0] && a[1] === b[1]

/** Closed, with three corners at least, and none twice. */
function isRing(ring: readonly Point[]): boolean {
  const corners = ring.slice(0, -1)
  return (
    ring.length >= 4 &&
    same(ring[0]!, ring[ring.length - 1]!) &&
    corners.every((corner, index) => corners.findIndex((other) => same(other, corner)) === index)
  )
}

/** Whether the edge from `a` to `b` crosses the one from `c` to `d`. */
function crosses(a: Vector, b: Vector, c: Vector, d: Vector): boolean {
  const [ab, cd] = [cross(a, b), cross(c, d)]
  const [acb, bda, cbd, dac] = [-dot(ab, c), dot(ab, d), -dot(cd, b), dot(cd, a)]
  return acb * bda > 0 && bda * cbd > 0 && cbd * dac > 0
}

/** By counting the edges between the point and one known to be outside. */
function inRing(place: Point, ring: readonly Point[]): boolean {
  const middle = ring
    .slice(0, -1)
    .map(vector)
    .reduce((sum, each): Vector => [sum[0] + each[0], sum[1] + each[1], sum[2] + each[2]])
  // A little off the opposite of the middle, so that no corner lies on the way.
  const far = scale(middle, -1 / length(middle))
  const outside: Vector = [far[0] + 0.0123, far[1] - 0.0077, far[2] + 0.0051]
  const p = vector(place)
  let inside = false
  for (let index = 1; index < ring.length; index++)
    if (crosses(p, outside, vector(ring[index - 1]!), vector(ring[index]!))) inside = !inside
  return inside
}

const inPolygon = (place: Point, [shell, ...holes]: readonly Point[][]): boolean =>
  inRing(place, shell!) && !holes.some((hole) => inRing(place, hole))

const lineLength = (line: readonly Point[]): number =>
  line.slice(1).reduce((total, next, index) => total + distance(line[index]!, next), 0)

/** Square metres, by the angles of the triangles that each edge makes with the pole. */
function ringArea(ring: readonly Point[]): number {
  let excess = 0
  for (let index = 1; index < ring.length; index++) {
    const [a, b] = [ring[index - 1]!, ring[index]!]
    const along = radians(b[0] - a[0])
    const t = Math.tan(along / 2)
    const [x, y] = [Math.tan(radians(a[1]) / 2), Math.tan(radians(b[1]) / 2)]
    excess += 2 * Math.atan2(t * (x + y), 1 + x * y)
  }
  return Math.abs(excess) * EARTH * EARTH
}

const BASE32 = '0123456789bcdefghjkmnpqrstuvwxyz'

function toGeohash([longitude, latitude]: Point, size: number): string {
  const box = { low: [-180, -90], high: [180, 90] }
  let hash = ''
  for (let bits = 0, digit = 0; hash.length < size; bits++) {
    const axis = bits % 2
    const middle = (box.low[axis]! + box.high[axis]!) / 2
    const above = (axis === 0 ? longitude : latitude) >= middle
    digit = digit * 2 + Number(above)
    if (above) box.low[axis] = middle
    else box.high[axis] = middle
    if (bits % 5 === 4) {
      hash += BASE32[digit]
      digit = 0
    }
  }
  return hash
}

interface Box {
  readonly low: Point
  readonly high: Point
}

function fromGeohash(hash: string): Box | undefined {
  if (hash === '' || hash.length > 18) return undefined
  const low = [-180, -90]
  const high = [180, 90]
  let bit = 0
  for (const letter of hash.toLowerCase()) {
    const digit = BASE32.indexOf(letter)
    if (digit < 0) return undefined
    for (let shift = 4; shift >= 0; shift--, bit++) {
      const axis = bit % 2
      const middle = (low[axis]! + high[axis]!) / 2
      if ((digit >> shift) & 1) low[axis] = middle
      else high[axis] = middle
    }
  }
  return { low: [low[0]!, low[1]!], high: [high[0]!, high[1]!] }
}

/** The cells around one, in the order in which Kusto's page lists them. */
function neighbors(hash: string): Value {
  const box = fromGeohash(hash)
  if (!box) return null
  const [width, height] = [box.high[0] - box.low[0], box.high[1] - box.low[1]]
  const [x, y] = [(box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2]
  const order: readonly Point[] = [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [0, 1],
    [-1, 0],
    [1, 1],
    [1, 0],
    [0, -1],
  ]
  return order.flatMap(([dx, dy]) => {
    const [longitude, latitude] = [x + dx * width, y + dy * height]
    if (Math.abs(latitude) > 90) return []
    return [toGeohash([((((longitude + 180) % 360) + 360) % 360) - 180, latitude], hash.length)]
  })
}

const geoJson = (type: string, coordinates: Dynamic): Dynamic =>
  new Map<string, Dynamic>([
    ['type', type],
    ['coordinates', coordinates],
  ])

const reals = (values: readonly Value[]): number[] => values.map(Number)

/** Of two points, four numbers; null where one is no place on earth. */
const ofTwoPoints = (compute: (a: Point, b: Point) => number) =>
  strict((args) => {
    const [x1, y1, x2, y2] = reals(args) as [number, number, number, number]
    return valid([x1, y1]) && valid([x2, y2]) ? compute([x1, y1], [x2, y2]) : null
  })

export const GEOGRAPHY: Functions = {
  geo_distance_2points: ofTwoPoints(distance),
  geo_azimuth: ofTwoPoints(azimuth),
  geo_point_in_circle: strict((args) => {
    const [x, y, cx, cy, radius] = reals(args) as [number, number, number, number, number]
    return valid([x, y]) && valid([cx, cy]) && radius >= 0 ? distance([x, y], [cx, cy]) <= radius : null
  }),
  geo_point_in_polygon: strict(([x, y, value]) => {
    const found = polygons(value!)
    const place: Point = [Number(x), Number(y)]
    return found && valid(place) ? found.some((polygon) => inPolygon(place, polygon)) : null
  }),
  geo_line_length: strict(([value]) => lines(value!)?.reduce((total, line) => total + lineLength(line), 0) ?? null),
  geo_distance_point_to_line: strict(([x, y, value]) => {
    const found = lines(value!)
    const place: Point = [Number(x), Number(y)]
    if (!found || !valid(place)) return null
    return Math.min(
      ...found.flatMap((line) => line.slice(1).map((next, index) => distanceToEdge(place, line[index]!, next))),
    )
  }),
  geo_polygon_area: strict(([value]) => {
    const found = polygons(value!)
    if (!found) return null
    if (found.length !== 1) throw new NotSupported('the area of several polygons, which may overlap')
    const [[shell, ...holes]] = found as [Point[][]]
    return ringArea(shell!) - holes.reduce((total, hole) => total + ringArea(hole), 0)
  }),
  geo_polygon_perimeter: strict(([value]) => {
    const found = polygons(value!)
    if (!found) return null
    if (found.length !== 1) throw new NotSupported('the perimeter of several polygons, which may overlap')
    return found[0]!.reduce((total, ring) => total + lineLength(ring), 0)
  }),
  geo_point_to_geohash: ([x, y, size]) => {
    const place: Point = [Number(x), Number(y)]
    const digits = Number(size ?? 5n)
    return x === null || y === null || size === null || !valid(place) || digits < 1 || digits > 18
      ? ''
      : toGeohash(place, digits)
  },
  geo_geohash_to_central_point: ([hash]) => {
    const box = fromGeohash(String(hash))
    return box ? geoJson('Point', [(box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2]) : null
  },
  geo_geohash_to_polygon: ([hash]) => {
    const box = fromGeohash(String(hash))
    if (!box) return null
    const { low, high } = box
    return geoJson('Polygon', [
      [
        [low[0], low[1]],
        [high[0], low[1]],
        [high[0], high[1]],
        [low[0], high[1]],
        [low[0], low[1]],
      ],
    ])
  },
  geo_geohash_neighbors: ([hash]) => neighbors(String(hash)),
  geo_from_wkt: ([text]) => parseWkt(String(text)),
}
