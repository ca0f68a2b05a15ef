import type { Dynamic } from '../../../../ir/value.js'

/** Well-known text as GeoJSON; null where the text is none. */
export function parseWkt(text: string): Dynamic {
  const reader = { text, at: 0 }
  const found = geometry(reader, 0)
  skip(reader)
  return found !== undefined && reader.at === text.length ? found : null
}

interface Reader {
  readonly text: string
  at: number
}

const TYPES: Readonly<Record<string, { readonly name: string; readonly depth: number }>> = {
  POINT: { name: 'Point', depth: 0 },
  LINESTRING: { name: 'LineString', depth: 1 },
  POLYGON: { name: 'Polygon', depth: 2 },
  MULTIPOINT: { name: 'MultiPoint', depth: 1 },
  MULTILINESTRING: { name: 'MultiLineString', depth: 2 },
  MULTIPOLYGON: { name: 'MultiPolygon', depth: 3 },
}

function skip(reader: Reader): void {
  while (/\s/.test(reader.text[reader.at] ?? '')) reader.at++
}

function take(reader: Reader, token: string): boolean {
  skip(reader)
  if (reader.text[reader.at] !== token) return false
  reader.at++
  return true
}

function geometry(reader: Reader, depth: number): Dynamic | undefined {
  skip(reader)
  const word = /^[A-Za-z]+/.exec(reader.text.slice(reader.at, reader.at + 24))?.[0].toUpperCase()
  if (!word || depth > 20) return undefined
  reader.at += word.length
  if (word === 'GEOMETRYCOLLECTION') {
    const all = list(reader, () => geometry(reader, depth + 1))
    return (
      all &&
      new Map<string, Dynamic>([
        ['type', 'GeometryCollection'],
        ['geometries', all],
      ])
    )
  }
  const type = TYPES[word]
  const coordinates = type && nested(reader, type.depth)
  return coordinates === undefined
    ? undefined
    : new Map<string, Dynamic>([
        ['type', type!.name],
        ['coordinates', coordinates],
      ])
}

/** `(x y)`, `(x y, x y)`, `((x y, ...), ...)`. */
function nested(reader: Reader, depth: number): Dynamic | undefined {
  if (depth === 0) {
    if (!take(reader, '(')) return undefined
    const place = position(reader)
    return take(reader, ')') ? place : undefined
  }
  return list(reader, () =>
    depth === 1 ? (take(reader, '(') ? closed(reader) : position(reader)) : nested(reader, depth - 1),
  )
}

function closed(reader: Reader): Dynamic | undefined {
  const place = position(reader)
  return take(reader, ')') ? place : undefined
}

function list(reader: Reader, read: () => Dynamic | undefined): Dynamic[] | undefined {
  if (!take(reader, '(')) return undefined
  const found: Dynamic[] = []
  for (;;) {
    const each = read()
    if (each === undefined) return undefined
    found.push(each)
    if (take(reader, ')')) return found
    if (!take(reader, ',')) return undefined
  }
}

function position(reader: Reader): Dynamic | undefined {
  skip(reader)
  const found = /^(-?[\d.]+(?:e[-+]?\d+)?)\s+(-?[\d.]+(?:e[-+]?\d+)?)/i.exec(
    reader.text.slice(reader.at, reader.at + 100),
  )
  if (!found) return undefined
  reader.at += found[0].length
  return [number(found[1]!), number(found[2]!)]
}

const number = (text: string): Dynamic => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text))
