/**
 * Geometry on the unit sphere. Edges are the shorter arcs of great circles, so an edge between opposite points is none.
 * Angles are radians; places are degrees, longitude first, as in GeoJSON.
 */

/** Metres; Kusto measures on a sphere of this radius, as S2 does. Fits the distances, lengths and areas that its pages print. */
export const EARTH = 6_371_010

export type Place = readonly [longitude: number, latitude: number]
export type Vector = readonly [x: number, y: number, z: number]
export type Edge = readonly [from: Vector, to: Vector]

export const radians = (degrees: number): number => (degrees * Math.PI) / 180
export const degrees = (angle: number): number => (angle * 180) / Math.PI

export function toVector([longitude, latitude]: Place): Vector {
  const [along, up] = [radians(longitude), radians(latitude)]
  return [Math.cos(up) * Math.cos(along), Math.cos(up) * Math.sin(along), Math.sin(up)]
}

export const toPlace = ([x, y, z]: Vector): Place => [
  degrees(Math.atan2(y, x)),
  degrees(Math.atan2(z, Math.sqrt(x * x + y * y))),
]

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const add = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by]
export const negate = (a: Vector): Vector => [-a[0], -a[1], -a[2]]
export const length = (a: Vector): number => Math.sqrt(dot(a, a))
export const normalize = (a: Vector): Vector => scale(a, 1 / length(a))
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]

/** Across both, of length 2 sin; keeps its digits where the two are close. */
export const normal = (a: Vector, b: Vector): Vector => cross(add(a, b), subtract(b, a))

export const angle = (a: Vector, b: Vector): number => Math.atan2(length(cross(a, b)), dot(a, b))

export const samePlace = (a: Place, b: Place): boolean => a[0] === b[0] && a[1] === b[1]

/** Opposite as far as numbers tell: no single great circle joins the two. */
export const areOpposite = (a: Vector, b: Vector): boolean => dot(a, b) < -1 + 1e-15

export const isSameVector = (a: Vector, b: Vector): boolean => a[0] === b[0] && a[1] === b[1] && a[2] === b[2]

const before = (a: Vector, b: Vector): boolean => (a[0] - b[0] || a[1] - b[1] || a[2] - b[2]) < 0

/** Above zero where `place` is left of the way from `a` to `b`. Of the way back it is exactly the opposite. */
export const side = (a: Vector, b: Vector, place: Vector): number =>
  before(a, b) ? dot(normal(a, b), place) : -dot(normal(b, a), place)

/** The place on an edge that is closest. */
export function closestOnEdge(place: Vector, [a, b]: Edge): Vector {
  const across = normal(a, b)
  const size = length(across)
  if (size > 0) {
    const plane = scale(across, 1 / size)
    const foot = subtract(place, scale(plane, dot(place, plane)))
    const reach = length(foot)
    if (reach > 0 && dot(cross(plane, a), foot) > 0 && dot(cross(b, plane), foot) > 0) return scale(foot, 1 / reach)
  }
  return dot(subtract(place, a), subtract(place, a)) <= dot(subtract(place, b), subtract(place, b)) ? a : b
}

export const angleToEdge = (place: Vector, edge: Edge): number => angle(place, closestOnEdge(place, edge))

/** Where on the way from `a` to `b`: 0 is the one, 1 the other. */
export function interpolate(a: Vector, b: Vector, part: number): Vector {
  if (part <= 0) return a
  if (part >= 1) return b
  const along = subtract(b, scale(a, dot(a, b)))
  const size = length(along)
  return size === 0 ? a : onTheWay(a, scale(along, 1 / size), part * angle(a, b))
}

/** The place at an angle from `a`, towards the unit vector `direction` that is square to it. */
export const onTheWay = (a: Vector, direction: Vector, distance: number): Vector =>
  normalize(add(scale(a, Math.cos(distance)), scale(direction, Math.sin(distance))))

/** Where two edges cross within both; undefined where they do not, touch at an end, or lie on one great circle. */
export function crossing([a, b]: Edge, [c, d]: Edge): Vector | undefined {
  if (isSameVector(a, c) || isSameVector(a, d) || isSameVector(b, c) || isSameVector(b, d)) return undefined
  const [fromC, fromD] = [side(a, b, c), side(a, b, d)]
  if (fromC * fromD >= 0) return undefined
  const [fromA, fromB] = [side(c, d, a), side(c, d, b)]
  if (fromA * fromB >= 0) return undefined
  // The planes meet in two opposite places; the edges cross in one of them only if the turns agree.
  if (fromC * fromB <= 0) return undefined
  const found = add(scale(a, Math.abs(fromB)), scale(b, Math.abs(fromA)))
  const other = add(scale(c, Math.abs(fromD)), scale(d, Math.abs(fromC)))
  return dot(found, other) > 0 ? normalize(add(normalize(found), normalize(other))) : undefined
}

/** The smallest angle between two edges. */
export function angleBetweenEdges(left: Edge, right: Edge): number {
  if (crossing(left, right)) return 0
  return Math.min(
    angleToEdge(left[0], right),
    angleToEdge(left[1], right),
    angleToEdge(right[0], left),
    angleToEdge(right[1], left),
  )
}
