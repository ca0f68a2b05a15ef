import { createRequire } from 'node:module'
import { asKustoLists } from './kusto-order.js'
import { type Corner, cornerAt } from './ring.js'
import { type Polygon, polygonAround } from './shape.js'
import type { Place, Vector } from './sphere.js'

type Library = typeof import('nodes2ts')
export type S2CellId = InstanceType<Library['S2CellId']>

let loaded: Library | undefined
const library = (): Library => (loaded ??= createRequire(import.meta.url)('nodes2ts') as Library)

export const DEEPEST = 30

export const s2CellAt = ([longitude, latitude]: Place, level: number): string => {
  const { S2CellId, S2LatLng } = library()
  return S2CellId.fromPoint(S2LatLng.fromDegrees(latitude, longitude).toPoint()).parentL(level).toToken()
}

/** The cell of a token; undefined where it is none. */
export function readS2Cell(token: string): S2CellId | undefined {
  if (!/^[0-9a-f]{1,16}$/i.test(token)) return undefined
  const found = library().S2CellId.fromToken(token.toLowerCase())
  return found.isValid() ? found : undefined
}

export const s2CellCenter = (cell: S2CellId): Corner => cornerAt(vectorOf(cell.toPoint()))

/** The four corners of a cell, against the clock; its edges are geodesics. */
export function s2CellCorners(cell: S2CellId): readonly [Vector, Vector, Vector, Vector] {
  const made = new (library().S2Cell)(cell)
  const at = (index: 0 | 1 | 2 | 3): Vector => vectorOf(made.getVertex(index))
  return [at(0), at(1), at(2), at(3)]
}

const vectorOf = ({ x, y, z }: { x: number; y: number; z: number }): Vector => [x, y, z]

export const s2CellPolygon = (cell: S2CellId): Polygon => polygonAround(s2CellCorners(cell).map(cornerAt))

export const s2CellNeighbors = (cell: S2CellId): string[] =>
  asKustoLists(cell.getAllNeighbors(cell.level()).map((each) => each.toToken()))

export const s2Faces = (): S2CellId[] => Array.from({ length: 6 }, (_, face) => library().S2CellId.fromFace(face))

/** The four cells of the next level, in order. */
export function s2Children(cell: S2CellId): S2CellId[] {
  const found: S2CellId[] = []
  const end = cell.childEnd()
  for (let child = cell.childBegin(); !child.equals(end); child = child.next()) found.push(child)
  return found
}

/** All cells of a level within one, in order. */
export function s2Descendants(cell: S2CellId, level: number): string[] {
  if (cell.level() === level) return [cell.toToken()]
  const found: string[] = []
  const end = cell.childEndL(level)
  for (let child = cell.childBeginL(level); !child.equals(end); child = child.next()) found.push(child.toToken())
  return found
}
