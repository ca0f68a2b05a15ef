/**
 * A value while a query runs, by the static type it stands in: `bool` boolean; `int`, `long`, `datetime`, `timespan` bigint; `real`,
 * `decimal` number; `guid`, `string` string; `dynamic` a JSON value whose whole numbers are bigint and whose bags are maps, so
 * that neither 2^53 nor the order of keys is lost.
 */
export type Value = null | boolean | bigint | number | string | DynamicArray | DynamicBag

export type Dynamic = Value
export type DynamicArray = readonly Dynamic[]
export type DynamicBag = ReadonlyMap<string, Dynamic>

export const isArray = (value: Value): value is DynamicArray => Array.isArray(value)
export const isBag = (value: Value): value is DynamicBag => value instanceof Map

/** The text of a real number, the same in every engine: `5.0`, `0.1`, `1e+20`, `nan`, `inf`. */
export function formatReal(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [digits, exponentText] = value.toExponential().split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? '-' : '+'
    return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (exponent < 0) {
    const negative = value < 0 ? '-' : ''
    return `${negative}0.${'0'.repeat(-exponent - 1)}${digits.replace(/[-.]/g, '')}`
  }
  const plain = String(value)
  return plain.includes('.') ? plain : `${plain}.0`
}

/** Compact JSON with whole numbers exact and keys in their own order. */
export function printDynamic(value: Dynamic): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return Number.isFinite(value) ? formatReal(value) : `"${formatReal(value)}"`
  if (isArray(value)) return `[${value.map(printDynamic).join(',')}]`
  if (isBag(value))
    return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${printDynamic(item)}`).join(',')}}`
  return String(value)
}

/** Reads JSON; undefined where the text is none. Nesting deeper than `MOST_NESTING` counts as none. */
export function parseDynamic(source: string): Dynamic | undefined {
  const reader = { source, at: 0 }
  try {
    const value = readValue(reader, 0)
    skipSpace(reader)
    return reader.at === source.length ? value : undefined
  } catch (error) {
    if (error instanceof NotJson) return undefined
    throw error
  }
}

const MOST_NESTING = 500

class NotJson extends Error {}

interface Reader {
  readonly source: string
  at: number
}

function skipSpace(reader: Reader): void {
  SPACE.lastIndex = reader.at
  SPACE.exec(reader.source)
  reader.at = SPACE.lastIndex
}

const SPACE = /[ \t\r\n]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

function readValue(reader: Reader, depth: number): Dynamic {
  if (depth > MOST_NESTING) throw new NotJson()
  skipSpace(reader)
  const { source } = reader
  const first = source[reader.at]
  if (first === '"') return readString(reader)
  if (first === '{') return readBag(reader, depth)
  if (first === '[') return readArray(reader, depth)
  for (const [word, value] of WORDS) {
    if (source.startsWith(word, reader.at)) {
      reader.at += word.length
      return value
    }
  }
  NUMBER.lastIndex = reader.at
  const number = NUMBER.exec(source)
  if (!number) throw new NotJson()
  reader.at = NUMBER.lastIndex
  if (number[1] !== undefined || number[2] !== undefined) return Number(number[0])
  const whole = BigInt(number[0])
  return whole > MOST_LONG || whole < LEAST_LONG ? Number(number[0]) : whole
}

const MOST_LONG = 2n ** 63n - 1n
const LEAST_LONG = -(2n ** 63n)
const WORDS: readonly [string, Dynamic][] = [
  ['null', null],
  ['true', true],
  ['false', false],
]

function readString(reader: Reader): string {
  STRING.lastIndex = reader.at
  const found = STRING.exec(reader.source)
  if (!found) throw new NotJson()
  reader.at = STRING.lastIndex
  return JSON.parse(found[0]) as string
}

function readArray(reader: Reader, depth: number): Dynamic {
  const items: Dynamic[] = []
  reader.at++
  skipSpace(reader)
  if (reader.source[reader.at] === ']') {
    reader.at++
    return items
  }
  for (;;) {
    items.push(readValue(reader, depth + 1))
    if (!more(reader, ']')) return items
  }
}

function readBag(reader: Reader, depth: number): Dynamic {
  const items = new Map<string, Dynamic>()
  reader.at++
  skipSpace(reader)
  if (reader.source[reader.at] === '}') {
    reader.at++
    return items
  }
  for (;;) {
    skipSpace(reader)
    const key = readString(reader)
    skipSpace(reader)
    if (reader.source[reader.at++] !== ':') throw new NotJson()
    items.set(key, readValue(reader, depth + 1))
    if (!more(reader, '}')) return items
  }
}

function more(reader: Reader, close: string): boolean {
  skipSpace(reader)
  const next = reader.source[reader.at++]
  if (next === close) return false
  if (next !== ',') throw new NotJson()
  return true
}
