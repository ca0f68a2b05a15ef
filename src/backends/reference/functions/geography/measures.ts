import { createRequire } from 'node:module'
import { isArray, type Value } from '../../../../ir/value.js'
import { type Functions, NotSupported, type ScalarFunction, strict } from '../function.js'
import { ofLines, ofPlaces, ofPolygons, placeOf } from './arguments.js'
import {
  angleAt,
  azimuth,
  distance,
  lineCentroid,
  lineLength,
  nearestOnLines,
  nearestOnPolygons,
  partAlong,
  perimeter,
  placeAlong,
  polygonArea,
  polygonCentroid,
} from './measure.js'
import { unionOfLines, unionOfPolygons } from './overlay.js'
import { type Line, type Polygon, polygonsHold, readLines, readPolygons, writePoint } from './shape.js'
import { EARTH, type Place } from './sphere.js'

type Library = typeof import('geographiclib-geodesic')
let loaded: Library | undefined

/** Metres on the WGS-84 spheroid. */
function spheroidDistance([longitude1, latitude1]: Place, [longitude2, latitude2]: Place): number {
  loaded ??= createRequire(import.meta.url)('geographiclib-geodesic') as Library
  return loaded.Geodesic.WGS84.Inverse(latitude1, longitude1, latitude2, longitude2).s12!
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0)

const items = (value: Value): readonly Value[] => (isArray(value) ? value : [])

/** For lookups: whether a place is in one of the polygons, or within a radius of one. */
const nearPolygons = (polygonsOf: (value: Value) => readonly Polygon[]): ScalarFunction =>
  strict(([x, y, value, radius]) => {
    const [place, polygons] = [placeOf(x, y), polygonsOf(value!)]
    if (!place) return false
    if (radius === undefined) return polygonsHold(polygons, place)
    return nearestOnPolygons(place, polygons).angle * EARTH <= Number(radius)
  })

/** For lookups: whether a place is within a radius of one of the lines. */
const nearLines = (linesOf: (value: Value) => readonly Line[]): ScalarFunction =>
  strict(([x, y, value, radius]) => {
    const place = placeOf(x, y)
    return place !== undefined && nearestOnLines(place, linesOf(value!)).angle * EARTH <= Number(radius)
  })

/** Functions of places and shapes that give a number, a truth or a place. */
export const MEASURES: Functions = {
  geo_distance_2points: strict(([x1, y1, x2, y2, spheroid]) => {
    const [a, b] = [placeOf(x1, y1), placeOf(x2, y2)]
    if (!a || !b) return null
    return spheroid === true ? spheroidDistance(a.place, b.place) : distance(a.place, b.place)
  }),
  geo_azimuth: ofPlaces((a, b) => azimuth(a!.place, b!.place)),
  geo_angle: ofPlaces((a, b, c) => angleAt(a!.place, b!.place, c!.place)),
  geo_point_in_circle: strict(([x, y, middleX, middleY, radius]) => {
    const [place, middle] = [placeOf(x, y), placeOf(middleX, middleY)]
    return place && middle && Number(radius) > 0 ? distance(place.place, middle.place) <= Number(radius) : null
  }),
  geo_point_in_polygon: strict(([x, y, value]) => {
    const [place, polygons] = [placeOf(x, y), readPolygons(value!)]
    return place && polygons ? polygonsHold(polygons, place) : null
  }),
  geo_near_polygon: nearPolygons((key) => readPolygons(key) ?? []),
  geo_near_any_polygon: nearPolygons((keys) => items(keys).flatMap((key) => readPolygons(key) ?? [])),
  geo_near_line: nearLines((key) => readLines(key) ?? []),
  geo_near_any_line: nearLines((keys) => items(keys).flatMap((key) => readLines(key) ?? [])),
  geo_distance_point_to_line: strict(([x, y, value]) => {
    const [place, lines] = [placeOf(x, y), readLines(value!)]
    return place && lines ? nearestOnLines(place, lines).angle * EARTH : null
  }),
  geo_distance_point_to_polygon: strict(([x, y, value]) => {
    const [place, polygons] = [placeOf(x, y), readPolygons(value!)]
    return place && polygons ? nearestOnPolygons(place, polygons).angle * EARTH : null
  }),
  geo_closest_point_on_line: strict(([x, y, value]) => {
    const [place, lines] = [placeOf(x, y), readLines(value!)]
    return place && lines ? writePoint(nearestOnLines(place, lines).place) : null
  }),
  geo_closest_point_on_polygon: strict(([x, y, value]) => {
    const [place, polygons] = [placeOf(x, y), readPolygons(value!)]
    return place && polygons ? writePoint(nearestOnPolygons(place, polygons).place) : null
  }),
  geo_line_length: ofLines((lines) => sum((lines.length > 1 ? unionOfLines(lines) : lines).map(lineLength))),
  geo_line_centroid: ofLines((lines) => {
    const found = lineCentroid(lines.length > 1 ? unionOfLines(lines) : lines)
    return found && writePoint(found)
  }),
  geo_line_interpolate_point: ofLines((lines, [part]) => {
    const at = Number(part)
    return lines.length === 1 && at >= 0 && at <= 1 ? writePoint(placeAlong(lines[0]!, at)) : undefined
  }),
  geo_line_locate_point: ofLines((lines, [x, y, spheroid]) => {
    const place = placeOf(x, y)
    if (lines.length !== 1 || !place) return undefined
    if (spheroid === true) throw new NotSupported('the place closest on a line of the spheroid')
    return partAlong(lines[0]!, place)
  }),
  geo_polygon_area: ofPolygons((polygons) => sum(unionOfPolygons(polygons).map(polygonArea))),
  geo_polygon_perimeter: ofPolygons((polygons) => sum(unionOfPolygons(polygons).map(perimeter))),
  geo_polygon_centroid: ofPolygons((polygons) => {
    const found = polygonCentroid(unionOfPolygons(polygons))
    return found && writePoint(found)
  }),
}
