import type { Value } from '../../../../ir/value.js'
import { type ScalarFunction, strict } from '../function.js'
import { type Corner, corner } from './ring.js'
import { isPlace, type Line, type Polygon, readLines, readPolygons } from './shape.js'

/** The place that two arguments name; undefined where there is none on earth. */
export function placeOf(longitude: Value | undefined, latitude: Value | undefined): Corner | undefined {
  const place = [Number(longitude), Number(latitude)] as const
  return isPlace(place) ? corner(place) : undefined
}

/** Of places that arguments name two by two; null where one is none. */
export const ofPlaces = (compute: (...places: Corner[]) => Value | undefined): ScalarFunction =>
  strict((args) => {
    const places = args.flatMap((_, index) => (index % 2 ? [placeOf(args[index - 1], args[index])] : []))
    return places.every((place) => place !== undefined) ? (compute(...places) ?? null) : null
  })

/** Of a line or several, and the arguments behind; null where there is none. */
export const ofLines = (
  compute: (lines: readonly Line[], rest: readonly Value[]) => Value | undefined,
): ScalarFunction =>
  strict(([value, ...rest]) => {
    const lines = readLines(value!)
    return lines ? (compute(lines, rest) ?? null) : null
  })

/** Of a polygon or several, and the arguments behind; null where there is none. */
export const ofPolygons = (
  compute: (polygons: readonly Polygon[], rest: readonly Value[]) => Value | undefined,
): ScalarFunction =>
  strict(([value, ...rest]) => {
    const polygons = readPolygons(value!)
    return polygons ? (compute(polygons, rest) ?? null) : null
  })

/** A whole number in a range, `otherwise` where it is left out; undefined where it lies outside. */
export function wholeIn(value: Value | undefined, otherwise: number, least: number, most: number): number | undefined {
  const found = value === undefined ? otherwise : Number(value)
  return Number.isInteger(found) && found >= least && found <= most ? found : undefined
}
