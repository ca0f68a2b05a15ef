import { createRequire } from 'node:module'
import { NotSupported } from '../function.js'
import { polygonArea } from './measure.js'
import { corner } from './ring.js'
import { type Polygon, polygonAround } from './shape.js'
import type { Place } from './sphere.js'

type Library = typeof import('h3-js')

let loaded: Library | undefined
const library = (): Library => (loaded ??= createRequire(import.meta.url)('h3-js') as Library)

export const FINEST = 15
export const FARTHEST_RING = 142
/** Kusto gives no more cells than this for one polygon. */
const MOST_CELLS = 61_680
/** A polygon spans many more than it fills where it is thin; the library counts them before it looks. */
const MOST_SPANNED = 5_000_000

export const h3CellAt = ([longitude, latitude]: Place, resolution: number): string =>
  library().latLngToCell(latitude, longitude, resolution)

/** As H3 writes it; undefined where it names no cell. */
export function readH3Cell(text: string): string | undefined {
  if (!/^[0-9a-f]{15,16}$/i.test(text)) return undefined
  const name = text.toLowerCase().replace(/^0/, '')
  return library().isValidCell(name) ? name : undefined
}

export const h3Resolution = (cell: string): number => library().getResolution(cell)

export const h3Parent = (cell: string, resolution: number): string => library().cellToParent(cell, resolution)

export const h3Children = (cell: string, resolution: number): string[] => library().cellToChildren(cell, resolution)

/** The cell, those around it, those around these, and so on. */
export function h3Rings(cell: string, distance: number): string[][] {
  const rings = library().gridDiskDistances(cell, distance)
  return Array.from({ length: distance + 1 }, (_, index) => rings[index] ?? [])
}

export function h3Center(cell: string): Place {
  const [latitude, longitude] = library().cellToLatLng(cell)
  return [longitude, latitude]
}

export const h3Polygon = (cell: string): Polygon =>
  polygonAround(
    library()
      .cellToBoundary(cell)
      .map(([latitude, longitude]) => corner([longitude, latitude])),
  )

/** The cells whose middle is in one of the polygons; undefined where they are too many. */
export function coverWithH3(polygons: readonly Polygon[], resolution: number): string[] | undefined {
  const { polygonToCells, getHexagonAreaAvg, UNITS } = library()
  const found = new Set<string>()
  for (const polygon of polygons) {
    const size = getHexagonAreaAvg(resolution, UNITS.m2)
    // A cell is never smaller than about half of the average one.
    if (polygonArea(polygon) / size > 4 * MOST_CELLS) return undefined
    if (spannedArea(polygon) / size > MOST_SPANNED) throw new NotSupported('cells so small for a polygon so wide')
    const loops = [polygon.shell, ...polygon.holes].map(({ corners }) =>
      corners.map(({ place: [longitude, latitude] }) => [latitude, longitude]),
    )
    for (const cell of polygonToCells(loops, resolution)) found.add(cell)
    if (found.size > MOST_CELLS) return undefined
  }
  return [...found]
}

/** Square metres of the rectangle of longitudes and latitudes around a polygon, roughly. */
function spannedArea({ shell }: Polygon): number {
  const [longitudes, latitudes] = [0, 1].map((axis) => shell.corners.map(({ place }) => place[axis as 0 | 1]))
  const width = (values: readonly number[]): number => {
    const span =
      values.reduce((high, each) => Math.max(high, each), -360) - values.reduce((low, each) => Math.min(low, each), 360)
    return (span > 180 ? 360 - span : span) * 111_195
  }
  return width(longitudes!) * width(latitudes!)
}
