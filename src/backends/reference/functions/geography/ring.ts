import {
  add,
  angle,
  areOpposite,
  cross,
  dot,
  type Edge,
  normal,
  normalize,
  type Place,
  radians,
  samePlace,
  side,
  subtract,
  toPlace,
  toVector,
  type Vector,
} from './sphere.js'

/** A place with its vector, so that what goes in unchanged comes out unchanged. */
export interface Corner {
  readonly place: Place
  readonly at: Vector
}

export const corner = (place: Place): Corner => ({ place, at: toVector(place) })
export const cornerAt = (at: Vector): Corner => ({ place: toPlace(at), at })

/** A closed line without its repeated end, and the smaller of the two regions it makes, which is left of it. */
export interface Ring {
  readonly corners: readonly Corner[]
  readonly meridians: readonly number[]
  /** Of the region, in square radians. */
  readonly area: number
  readonly holdsNorthPole: boolean
  readonly cap: Cap
}

/** A circle around everything: its middle, and its radius as an angle. */
export interface Cap {
  readonly middle: Vector
  readonly radius: number
}

/** The ring along these corners, turned about where the smaller region is right of them. */
export function makeRing(corners: readonly Corner[]): Ring {
  const { area, turns } = leftOf(corners)
  if (area <= 2 * Math.PI) return ringOf(corners, area, turns)
  return ringOf([...corners].reverse(), 4 * Math.PI - area, -turns)
}

function ringOf(corners: readonly Corner[], area: number, turns: number): Ring {
  // A ring that does not go around the axis has both poles on one side: mostly outside, or both inside of more than it leaves out.
  const holdsNorthPole = turns !== 0 ? turns > 0 : leftExcess(corners) > 0
  return { corners, meridians: corners.map(meridian), area, holdsNorthPole, cap: capAround(corners) }
}

/** Degrees east of Greenwich below 180, so that the antimeridian has one name. */
const meridian = ({ place: [longitude] }: Corner): number => (longitude === 180 ? -180 : longitude)

/** Degrees from one meridian to the other, the shorter way. */
function turn(from: Corner, to: Corner): number {
  const by = meridian(to) - meridian(from)
  return by > 180 ? by - 360 : by < -180 ? by + 360 : by
}

/** The area between the edges and the equator, in square radians; counted against where the edge leads east on the northern half. */
function leftExcess(corners: readonly Corner[]): number {
  let excess = 0
  for (const [from, to] of edgesAround(corners)) {
    const t = Math.tan(radians(turn(from, to)) / 2)
    const [x, y] = [Math.tan(radians(from.place[1]) / 2), Math.tan(radians(to.place[1]) / 2)]
    excess += 2 * Math.atan2(t * (x + y), 1 + x * y)
  }
  return excess
}

/** The area left of a closed line, and how often it goes east around the axis. */
function leftOf(corners: readonly Corner[]): { readonly area: number; readonly turns: number } {
  let around = 0
  for (const [from, to] of edgesAround(corners)) around += turn(from, to)
  const turns = Math.round(around / 360)
  if (capAround(corners).radius < NARROW) {
    const area = fanArea(corners)
    return { area: area < 0 ? 4 * Math.PI + area : area, turns }
  }
  const excess = leftExcess(corners)
  if (turns !== 0) return { area: 2 * Math.PI - excess, turns }
  return { area: excess > 0 ? 4 * Math.PI - excess : -excess, turns }
}

/** A ring this many radians wide is added up by triangles: next to all that lies between it and the equator, it would lose its digits. */
export const NARROW = 0.5

/** By the triangles that the first corner makes with the others. */
function fanArea(corners: readonly Corner[]): number {
  const a = corners[0]!.at
  let area = 0
  for (let index = 2; index < corners.length; index++) {
    const [b, c] = [corners[index - 1]!.at, corners[index]!.at]
    const volume = dot(cross(subtract(b, a), subtract(c, a)), a)
    area += 2 * Math.atan2(volume, 1 + dot(a, b) + dot(b, c) + dot(c, a))
  }
  return area
}

/** The area left of a closed line, in square radians. */
export const areaLeftOf = (corners: readonly Corner[]): number => leftOf(corners).area

export function edgesAround(corners: readonly Corner[]): (readonly [Corner, Corner])[] {
  return corners.map((each, index) => [each, corners[(index + 1) % corners.length]!])
}

/**
 * Whether a ring holds a place, by counting the edges on the way to the north pole. Of rings that meet along an edge or in a corner exactly
 * one holds a place on it.
 */
export function ringHolds(ring: Ring, place: Corner): boolean {
  const { corners, meridians, cap } = ring
  if (cap.radius < Math.PI && dot(place.at, cap.middle) < Math.cos(cap.radius)) return false
  const at = meridian(place)
  let inside = ring.holdsNorthPole
  let last = corners.length - 1
  for (let index = 0; index < corners.length; last = index++) {
    const from = meridians[last]!
    const to = meridians[index]!
    const low = Math.min(from, to)
    const high = Math.max(from, to)
    // The short way between meridians more than half around leads over the antimeridian.
    const isShort = high - low <= 180
    if (isShort ? at < low || at >= high : at >= low && at < high) continue
    const leadsEast = from < to === isShort
    const [a, b] = [corners[last]!.at, corners[index]!.at]
    if ((leadsEast ? side(a, b, place.at) : side(b, a, place.at)) < 0) inside = !inside
  }
  return inside
}

function capAround(corners: readonly Corner[]): Cap {
  let sum: Vector = [0, 0, 0]
  for (const { at } of corners) sum = add(sum, at)
  const size = Math.hypot(...sum)
  if (size < 1e-9 * corners.length) return { middle: [0, 0, 1], radius: Math.PI }
  const middle = normalize(sum)
  const radius = corners.reduce((most, { at }) => Math.max(most, angle(middle, at)), 0)
  // Within a half sphere a circle that holds the corners holds the edges, and one of the two regions.
  return radius < Math.PI / 2 ? { middle, radius: radius + 1e-12 } : { middle, radius: Math.PI }
}

/** Closed, with three corners at least, none of them twice, and no edge of half the way around. */
export function readRing(places: readonly Place[]): Ring | undefined {
  if (places.length < 4 || !samePlace(places[0]!, places[places.length - 1]!)) return undefined
  const corners = places.slice(0, -1).map(corner)
  const names = new Set(corners.map((each) => `${meridian(each)} ${each.place[1]}`))
  if (names.size < corners.length) return undefined
  if (edgesAround(corners).some(([from, to]) => isNoEdge([from.at, to.at]))) return undefined
  return makeRing(corners)
}

/** Opposite ends, or two names of one place: a pole has one for every meridian. */
const isNoEdge = ([from, to]: Edge): boolean => areOpposite(from, to) || Math.hypot(...normal(from, to)) === 0
