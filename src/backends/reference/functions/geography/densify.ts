import { type Dynamic, isArray } from '../../../../ir/value.js'
import { NotSupported } from '../function.js'
import { type Corner, corner } from './ring.js'
import { geometry, positions } from './shape.js'
import { angle, dot, EARTH, interpolate, type Place, toVector } from './sphere.js'

/** Where a flat edge and a geodesic between the same ends are compared; S2's tessellator takes the same, and Kusto's pages agree with it. */
const PROBE = 0.31215691082248315
const PROBE_SHARE = 0.8382999256988851

/** Kusto gives no longer answer. */
const MOST_PLACES = 10_485_760

/** The most metres that Kusto takes, and the least. */
export const TOLERANCES = { least: 0.1, most: 10_000 } as const

/**
 * A valid line or polygon of GeoJSON whose edges are straight on a flat map of longitudes and latitudes, with corners added until geodesics
 * come within `tolerance` metres of them; null where that takes too many.
 */
export function densify(shape: ReadonlyMap<string, Dynamic>, tolerance: number, crossesAntimeridian: boolean): Dynamic {
  let count = 0
  const lists = (value: Dynamic): Dynamic => {
    const items = value as readonly Dynamic[]
    const isLine = isArray(items[0]!) && !isArray((items[0] as readonly Dynamic[])[0]!)
    if (!isLine) return items.map(lists)
    const corners = items.map((each) => corner([Number((each as Dynamic[])[0]), Number((each as Dynamic[])[1])]))
    const found = [corners[0]!]
    for (const [index, to] of corners.entries()) {
      if (index === 0 || count > MOST_PLACES) continue
      found.push(
        ...densifyEdge(corners[index - 1]!, overMeridian(corners[index - 1]!, to, crossesAntimeridian), tolerance),
      )
    }
    count += found.length
    return positions(found.map(({ place: [longitude, latitude] }) => corner([wrapped(longitude), latitude])))
  }
  const coordinates = lists(shape.get('coordinates')!)
  return count > MOST_PLACES ? null : geometry(String(shape.get('type')), coordinates)
}

/** Where to go on a map that does not end at the antimeridian. */
function overMeridian(from: Corner, to: Corner, crosses: boolean): Corner {
  const by = to.place[0] - from.place[0]
  if (Math.abs(by) <= 180) return to
  // Microsoft's page does not say which way such an edge goes unless it is told to cross.
  if (!crosses) throw new NotSupported('densifying an edge over the antimeridian without `preserve_crossing`')
  return { place: [to.place[0] + (by > 0 ? -360 : 360), to.place[1]], at: to.at }
}

const wrapped = (longitude: number): number =>
  longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude

/**
 * The corners of an edge that is straight between longitudes and latitudes, with so many added that the geodesics between them stay within
 * `tolerance` metres of it. Without the first.
 */
function densifyEdge(from: Corner, to: Corner, tolerance: number): Corner[] {
  const found: Corner[] = []
  const limit = (PROBE_SHARE * tolerance) / EARTH
  const split = (a: Corner, b: Corner, depth: number): void => {
    if (depth > 40 || found.length > MOST_PLACES || misses(a, b) <= limit) found.push(b)
    else {
      const middle = corner(between(a.place, b.place, 0.5))
      split(a, middle, depth + 1)
      split(middle, b, depth + 1)
    }
  }
  split(from, to, 0)
  return found
}

const between = (a: Place, b: Place, part: number): Place => [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]

/** How far apart, as an angle, the two are at the places where it counts. */
function misses(a: Corner, b: Corner): number {
  if (dot(a.at, b.at) < -1e-14) return Infinity
  const at = (part: number): number => angle(toVector(between(a.place, b.place, part)), interpolate(a.at, b.at, part))
  return Math.max(at(PROBE), at(1 - PROBE))
}
