import type { Scalar } from 'yaml'
import type { SourceMap } from './source-map.js'

/** From a place in a YAML scalar's value to its place in the text of the file. Folded and many-line quoted texts map to their lines' start. */
export function scalarMap(text: string, scalar: Scalar, indentOf: number): SourceMap {
  const [start = 0, end = 0] = scalar.range ?? []
  const value = String(scalar.value ?? '')
  const places = placesOf(text, scalar, start, end, value, indentOf)
  return (offset) => places[Math.min(offset, places.length - 1)] ?? start
}

function placesOf(text: string, scalar: Scalar, start: number, end: number, value: string, indent: number): number[] {
  switch (scalar.type) {
    case 'BLOCK_LITERAL':
      return literalPlaces(text, start, end, value, indent)
    case 'QUOTE_DOUBLE':
      return quotedPlaces(text, start, end, value, doubleQuoted)
    case 'QUOTE_SINGLE':
      return quotedPlaces(text, start, end, value, singleQuoted)
    default:
      return value === text.slice(start, start + value.length)
        ? Array.from({ length: value.length + 1 }, (_, index) => start + index)
        : [start]
  }
}

// A literal block's value is its lines without their common indentation; `\r\n` counts as one.
function literalPlaces(text: string, start: number, end: number, value: string, indent: number): number[] {
  const places: number[] = []
  let line = text.indexOf('\n', start) + 1
  for (const part of value.split(/(?<=\n)/)) {
    if (line <= 0 || line >= end) break
    const stop = text.indexOf('\n', line)
    const next = stop < 0 ? end : stop + 1
    const body = part.replace(/\n$/, '')
    const lead = body === '' ? 0 : Math.min(indent, /^ */.exec(text.slice(line, next))![0].length)
    for (let index = 0; index < body.length; index++) places.push(line + lead + index)
    if (part.endsWith('\n')) places.push(stop < 0 ? end : stop)
    line = next
  }
  places.push(Math.max(start, places.length > 0 ? places[places.length - 1]! + 1 : end))
  return places
}

/** How many units of source one unit (or pair) of the value takes, by what stands there. */
type Step = (source: string, at: number) => { readonly length: number; readonly units: number }

const doubleQuoted: Step = (source, at) => {
  if (source[at] !== '\\') return { length: 1, units: 1 }
  const kind = source[at + 1]
  if (kind === 'x') return { length: 4, units: 1 }
  if (kind === 'u') return { length: 6, units: 1 }
  if (kind === 'U') return { length: 10, units: Number.parseInt(source.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1 }
  return { length: 2, units: 1 }
}

const singleQuoted: Step = (source, at) =>
  source[at] === "'" && source[at + 1] === "'" ? { length: 2, units: 1 } : { length: 1, units: 1 }

function quotedPlaces(text: string, start: number, end: number, value: string, step: Step): number[] {
  // Line breaks inside quotes are folded; what follows them is not followed.
  if (text.slice(start, end).includes('\n')) return [start]
  const places: number[] = []
  for (let at = start + 1; at < end - 1 && places.length < value.length; ) {
    const { length, units } = step(text, at)
    for (let unit = 0; unit < units; unit++) places.push(at)
    at += length
  }
  places.push(end - 1)
  return places
}
