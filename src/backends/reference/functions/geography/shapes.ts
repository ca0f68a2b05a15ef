import { isArray, isBag, type Value } from '../../../../ir/value.js'
import { type Functions, type ScalarFunction, strict } from '../function.js'
import { ofLines, ofPolygons, placeOf } from './arguments.js'
import { bufferLines, bufferPlace, bufferPolygons, type Reach, readReach } from './buffer.js'
import { densify, TOLERANCES } from './densify.js'
import {
  intersectLines,
  intersectLinesWithPolygons,
  intersectPolygons,
  unionOfLines,
  unionOfPolygons,
} from './overlay.js'
import { type Parts, readLines, readPolygons, writeLines, writeParts, writePolygons } from './shape.js'
import { MOST_TOLERANCE, simplifyLines, simplifyPolygons } from './simplify.js'
import { parseWkt } from './wkt.js'

/** Of two shapes, each read its own way; null where one is none. */
const ofTwo = <Left, Right>(
  readLeft: (value: Value) => Left | undefined,
  readRight: (value: Value) => Right | undefined,
  compute: (left: Left, right: Right) => Value,
): ScalarFunction =>
  strict(([one, other]) => {
    const [left, right] = [readLeft(one!), readRight(other!)]
    return left !== undefined && right !== undefined ? compute(left, right) : null
  })

const isSomething = ({ points, lines, polygons }: Parts): boolean =>
  points.length > 0 || lines.length > 0 || polygons.length > 0

/** Of an array of shapes; null where it has none, or one that is none. */
const ofArray = <Shape>(
  readShape: (value: Value) => readonly Shape[] | undefined,
  compute: (shapes: readonly Shape[], rest: readonly Value[]) => Value | undefined,
): ScalarFunction =>
  strict(([value, ...rest]) => {
    if (!isArray(value!) || value.length === 0) return null
    const shapes = value.map(readShape)
    return shapes.every((shape) => shape !== undefined) ? (compute(shapes.flat(), rest) ?? null) : null
  })

const reachOf = ([radius, tolerance]: readonly Value[]): Reach | undefined =>
  readReach(Number(radius), tolerance === undefined ? 10 : Number(tolerance))

const toleranceOf = (value: Value | undefined, least: number, most: number): number | undefined => {
  const found = value === undefined ? 10 : Number(value)
  return found >= least && found <= most ? found : undefined
}

const mergeTolerance = ([value]: readonly Value[]): number | undefined => toleranceOf(value, 0, MOST_TOLERANCE)

const densified = (isShape: (value: Value) => boolean): ScalarFunction =>
  strict(([value, tolerance, crosses]) => {
    const found = toleranceOf(tolerance, TOLERANCES.least, TOLERANCES.most)
    return found !== undefined && isBag(value!) && isShape(value) ? densify(value, found, crosses === true) : null
  })

const some = <Shape>(shapes: readonly Shape[], write: (shapes: readonly Shape[]) => Value): Value =>
  shapes.length > 0 ? write(shapes) : null

/** Functions that make shapes of shapes. */
export const SHAPES: Functions = {
  geo_from_wkt: ([text]) => parseWkt(String(text)),
  geo_intersects_2lines: ofTwo(readLines, readLines, (a, b) => isSomething(intersectLines(a, b))),
  geo_intersects_2polygons: ofTwo(readPolygons, readPolygons, (a, b) => isSomething(intersectPolygons(a, b))),
  geo_intersects_line_with_polygon: ofTwo(readLines, readPolygons, (a, b) =>
    isSomething(intersectLinesWithPolygons(a, b)),
  ),
  geo_intersection_2lines: ofTwo(readLines, readLines, (a, b) => writeParts(intersectLines(a, b))),
  geo_intersection_2polygons: ofTwo(readPolygons, readPolygons, (a, b) => writeParts(intersectPolygons(a, b))),
  geo_intersection_line_with_polygon: ofTwo(readLines, readPolygons, (a, b) =>
    writeParts(intersectLinesWithPolygons(a, b)),
  ),
  geo_union_lines_array: ofArray(readLines, (lines) => writeLines(unionOfLines(lines))),
  geo_union_polygons_array: ofArray(readPolygons, (polygons) => writePolygons(unionOfPolygons(polygons))),
  geo_point_buffer: strict(([x, y, ...rest]) => {
    const [place, reach] = [placeOf(x, y), reachOf(rest)]
    return place && reach ? writePolygons([bufferPlace(place, reach)]) : null
  }),
  geo_line_buffer: ofLines((lines, rest) => {
    const reach = reachOf(rest)
    return reach && writePolygons(bufferLines(lines, reach))
  }),
  geo_polygon_buffer: ofPolygons((polygons, rest) => {
    const reach = reachOf(rest)
    return reach && writePolygons(bufferPolygons(polygons, reach))
  }),
  geo_line_densify: densified((value) => readLines(value) !== undefined),
  geo_polygon_densify: densified((value) => readPolygons(value) !== undefined),
  geo_line_simplify: ofLines((lines, rest) => {
    const tolerance = mergeTolerance(rest)
    const all = lines.length > 1 ? unionOfLines(lines) : lines
    return tolerance === undefined ? undefined : some(simplifyLines(all, tolerance), writeLines)
  }),
  geo_polygon_simplify: ofPolygons((polygons, rest) => {
    const tolerance = mergeTolerance(rest)
    return tolerance === undefined
      ? undefined
      : some(simplifyPolygons(unionOfPolygons(polygons), tolerance), writePolygons)
  }),
  geo_simplify_polygons_array: ofArray(readPolygons, (polygons, rest) => {
    const tolerance = mergeTolerance(rest)
    return tolerance === undefined ? undefined : some(simplifyPolygons(polygons, tolerance), writePolygons)
  }),
}
