import type { Value } from '../../../../ir/value.js'
import { type Functions, type ScalarFunction, strict } from '../function.js'
import { ofLines, ofPolygons, placeOf, wholeIn } from './arguments.js'
import { bufferPolygons, readReach } from './buffer.js'
import { coverWithS2 } from './cover.js'
import { centerOf, cornersOf, geohashNeighbors, LONGEST, readGeohash, toGeohash } from './geohash.js'
import {
  coverWithH3,
  FARTHEST_RING,
  FINEST,
  h3CellAt,
  h3Center,
  h3Children,
  h3Parent,
  h3Polygon,
  h3Resolution,
  h3Rings,
  readH3Cell,
} from './h3-cells.js'
import { type Corner, corner } from './ring.js'
import {
  DEEPEST,
  readS2Cell,
  type S2CellId,
  s2CellAt,
  s2CellCenter,
  s2CellNeighbors,
  s2CellPolygon,
} from './s2-cells.js'
import { edgesOfLine, edgesOfPolygon, geometry, polygonsHold, positions, writePoint, writePolygons } from './shape.js'
import { EARTH, type Place } from './sphere.js'

/** The name of the cell that a place is in; empty where place or size are none. */
const cellAt = (
  name: (place: Place, size: number) => string,
  otherwise: number,
  least: number,
  most: number,
): ScalarFunction =>
  strict(([x, y, size]) => {
    const [place, wanted] = [placeOf(x, y), wholeIn(size, otherwise, least, most)]
    return place && wanted !== undefined ? name(place.place, wanted) : ''
  })

const ofGeohash = (
  compute: (box: NonNullable<ReturnType<typeof readGeohash>>, hash: string) => Value,
): ScalarFunction =>
  strict(([hash]) => {
    const box = readGeohash(String(hash))
    return box ? compute(box, String(hash)) : null
  })

const ofS2 = (compute: (cell: S2CellId) => Value): ScalarFunction =>
  strict(([token]) => {
    const cell = readS2Cell(String(token))
    return cell ? compute(cell) : null
  })

const ofH3 = (
  compute: (cell: string, size: Value | undefined) => Value | undefined,
  none: Value = null,
): ScalarFunction =>
  strict(([text, size]) => {
    const cell = readH3Cell(String(text))
    return cell === undefined ? none : (compute(cell, size) ?? none)
  })

/** A radius in metres as an angle; undefined where it is none. */
const reachOf = (radius: Value | undefined): number | undefined => {
  const found = radius === undefined ? 0 : Number(radius)
  return found >= 0 && Number.isFinite(found) ? found / EARTH : undefined
}

/** Kusto gives a cell's children at most this many levels down. */
const MOST_GENERATIONS = 5

/** Functions of the cells that geohash, S2 and H3 divide the earth into. */
export const GRIDS: Functions = {
  geo_point_to_geohash: cellAt(toGeohash, 5, 1, LONGEST),
  geo_geohash_to_central_point: ofGeohash((box) => writePoint(corner(centerOf(box)))),
  // The edges of these cells are straight on a flat map.
  geo_geohash_to_polygon: ofGeohash((box) => geometry('Polygon', [positions(cornersOf(box).map(corner))])),
  geo_geohash_neighbors: ofGeohash((box, hash) => geohashNeighbors(hash, box)),

  geo_point_to_s2cell: cellAt(s2CellAt, 11, 0, DEEPEST),
  geo_s2cell_to_central_point: ofS2((cell) => writePoint(s2CellCenter(cell))),
  geo_s2cell_to_polygon: ofS2((cell) => writePolygons([s2CellPolygon(cell)])),
  geo_s2cell_neighbors: ofS2((cell) => s2CellNeighbors(cell)),
  geo_line_to_s2cells: ofLines((lines, [level, radius]) => {
    const [wanted, reach] = [wholeIn(level, 11, 0, DEEPEST), reachOf(radius)]
    if (wanted === undefined || reach === undefined) return undefined
    return coverWithS2(lines.flatMap(edgesOfLine), () => false, wanted, reach)
  }),
  geo_polygon_to_s2cells: ofPolygons((polygons, [level, radius]) => {
    const [wanted, reach] = [wholeIn(level, 11, 0, DEEPEST), reachOf(radius)]
    if (wanted === undefined || reach === undefined) return undefined
    const holds = (place: Corner): boolean => polygonsHold(polygons, place)
    return coverWithS2(polygons.flatMap(edgesOfPolygon), holds, wanted, reach)
  }),

  geo_point_to_h3cell: cellAt(h3CellAt, 6, 0, FINEST),
  geo_h3cell_to_central_point: ofH3((cell) => writePoint(corner(h3Center(cell)))),
  geo_h3cell_to_polygon: ofH3((cell) => writePolygons([h3Polygon(cell)])),
  geo_h3cell_level: ofH3((cell) => BigInt(h3Resolution(cell))),
  geo_h3cell_neighbors: ofH3((cell) => h3Rings(cell, 1)[1]!),
  geo_h3cell_rings: ofH3((cell, distance) => {
    const wanted = wholeIn(distance, 0, 0, FARTHEST_RING)
    return wanted === undefined ? undefined : h3Rings(cell, wanted)
  }),
  geo_h3cell_parent: ofH3((cell, level) => {
    const own = h3Resolution(cell)
    const wanted = wholeIn(level, own - 1, 0, own)
    return wanted === undefined ? undefined : h3Parent(cell, wanted)
  }, ''),
  geo_h3cell_children: ofH3((cell, level) => {
    const own = h3Resolution(cell)
    const wanted = wholeIn(level, own + 1, own, Math.min(FINEST, own + MOST_GENERATIONS))
    return wanted === undefined ? undefined : h3Children(cell, wanted)
  }),
  geo_polygon_to_h3cells: ofPolygons((polygons, [resolution, radius]) => {
    const wanted = wholeIn(resolution, 6, 0, FINEST)
    const [reach, metres] = [reachOf(radius), Number(radius ?? 0)]
    if (wanted === undefined || reach === undefined) return undefined
    // As fine as the default of a buffer, but never finer than a buffer takes.
    const around = metres > 0 ? readReach(metres, Math.max(10, metres * 1e-6)) : undefined
    return coverWithH3(around ? bufferPolygons(polygons, around) : polygons, wanted)
  }),
}
