import { createRequire } from 'node:module'
import { NotSupported } from '../function.js'
import { asKustoLists } from './kusto-order.js'
import { polygonArea } from './measure.js'
import { corner, ringHolds } from './ring.js'
import { type Polygon, polygonAround } from './shape.js'
import type { Place } from './sphere.js'

type Library = typeof import('h3-js')

let loaded: Library | undefined
const library = (): Library => (loaded ??= createRequire(import.meta.url)('h3-js') as Library)

export const FINEST = 15
export const FARTHEST_RING = 142
/** Kusto gives no more cells than this for one polygon. */
const MOST_CELLS = 61_680

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

/** The cells whose middle is in one of the polygons, by edges that are straight on a flat map; undefined where they are too many. */
export function coverWithH3(polygons: readonly Polygon[], resolution: number): string[] | undefined {
  const { getHexagonAreaAvg, UNITS } = library()
  const found = new Set<string>()
  for (const polygon of polygons) {
    if (POLES.some((pole) => ringHolds(polygon.shell, pole))) throw new NotSupported('cells of H3 around a pole')
    // A cell is never smaller than about half of the average one.
    if (polygonArea(polygon) / getHexagonAreaAvg(resolution, UNITS.m2) > 4 * MOST_CELLS) return undefined
    const loops = [polygon.shell, ...polygon.holes].map(({ corners }) =>
      corners.map(({ place: [longitude, latitude] }) => [latitude, longitude]),
    )
    for (const cell of cellsIn(loops, resolution)) found.add(cell)
    if (found.size > MOST_CELLS) return undefined
  }
  return asKustoLists(found)
}

/** In the order of the library's first method where that answers; it makes room for all cells around a polygon, and of a long thin one these are too many. */
function cellsIn(loops: number[][][], resolution: number): string[] {
  const { polygonToCells, polygonToCellsExperimental, POLYGON_TO_CELLS_FLAGS } = library()
  try {
    return polygonToCells(loops, resolution)
  } catch {
    return polygonToCellsExperimental(loops, resolution, POLYGON_TO_CELLS_FLAGS.containmentCenter)
  }
}

const POLES = [corner([0, 90]), corner([0, -90])]
