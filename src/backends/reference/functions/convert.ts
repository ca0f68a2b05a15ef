import { formatDatetime, formatTimespan, parseDatetime, parseTimespan } from '../../../ir/time.js'
import type { ScalarType } from '../../../ir/types.js'
import { type Dynamic, formatReal, isArray, isBag, parseDynamic, printDynamic, type Value } from '../../../ir/value.js'
import type { Functions } from './function.js'

/** The text of a value; of a null the empty text. */
export function textOf(value: Value, type: ScalarType): string {
  if (value === null) return ''
  switch (type) {
    case 'bool':
      return value === true ? 'True' : 'False'
    case 'datetime':
      return formatDatetime(value as bigint)
    case 'timespan':
      return formatTimespan(value as bigint)
    case 'real':
    case 'decimal':
      return realText(Number(value))
    case 'dynamic':
      return dynamicText(value)
    case 'int':
    case 'long':
    case 'guid':
    case 'string':
      return String(value)
  }
}

const realText = (value: number): string => formatReal(value).replace('nan', 'NaN').replace('inf', 'Infinity')

/** A string as it is, everything else as JSON. */
export const dynamicText = (value: Dynamic): string =>
  value === null ? '' : typeof value === 'string' ? value : printDynamic(value)

/** A value as it stands inside a dynamic: dates and durations as their text. */
export function dynamicOf(value: Value, type: ScalarType): Dynamic {
  if (value === null) return null
  if (type === 'datetime' || type === 'timespan') return textOf(value, type)
  if ((type === 'real' || type === 'decimal') && !Number.isFinite(value as number)) return realText(Number(value))
  return value
}

const LONG_LIMIT = 2n ** 63n
const inLong = (value: bigint): bigint | null => (value >= -LONG_LIMIT && value < LONG_LIMIT ? value : null)
const inInt = (value: bigint | null): bigint | null =>
  value !== null && value >= -(2n ** 31n) && value < 2n ** 31n ? value : null

const truncated = (value: number): bigint | null => (Number.isFinite(value) ? inLong(BigInt(Math.trunc(value))) : null)

function longFromText(source: string): bigint | null {
  const text = source.trim()
  if (/^[-+]?\d+$/.test(text)) return inLong(BigInt(text.replace('+', '')))
  if (/^-?0x[0-9a-f]+$/i.test(text))
    return BigInt.asIntN(64, text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text))
  return /^[-+]?\d+\.\d*$/.test(text) ? truncated(Number(text)) : null
}

function toLong(value: Value, type: ScalarType): bigint | null {
  if (value === null) return null
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return truncated(value)
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'string' && type !== 'guid' ? longFromText(value) : null
}

export function toReal(value: Value): number | null {
  if (value === null) return null
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') return null
  const text = value.trim()
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text)
  const special: Record<string, number> = { nan: Number.NaN, inf: Infinity, '+inf': Infinity, '-inf': -Infinity }
  return special[text.toLowerCase()] ?? null
}

function toBool(value: Value): boolean | null {
  if (value === null) return null
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value !== 0n
  if (typeof value === 'number') return value !== 0
  if (typeof value !== 'string') return null
  const text = value.trim().toLowerCase()
  if (text === 'true') return true
  if (text === 'false') return false
  return /^[-+]?\d+$/.test(text) ? BigInt(text.replace('+', '')) !== 0n : null
}

export function guidOf(value: Value): string | null {
  if (typeof value !== 'string') return null
  const digits = value
    .trim()
    .replace(/[-{}()]/g, '')
    .toLowerCase()
  return /^[0-9a-f]{32}$/.test(digits) ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : null
}

function toDatetime(value: Value, type: ScalarType): bigint | null {
  if (typeof value === 'string') return parseDatetime(value) ?? null
  return typeof value === 'bigint' && (type === 'datetime' || type === 'long' || type === 'int') ? value : null
}

function toTimespan(value: Value, type: ScalarType): bigint | null {
  if (typeof value === 'string') return parseTimespan(value) ?? null
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && type === 'real' ? BigInt(Math.trunc(value * 864_000_000_000)) : null
}

/** Reads JSON; text that is none is a dynamic that holds the text. */
export function parseJson(source: string): Dynamic {
  if (source === '') return null
  const value = parseDynamic(source)
  return value === undefined ? source : value
}

export const CONVERSIONS: Functions = {
  to_string: ([value], [type]) => textOf(value!, type!),
  to_dynamic: ([value], [type]) => dynamicOf(value!, type!),
  to_long: ([value], [type]) => toLong(value!, type!),
  to_int: ([value], [type]) => inInt(toLong(value!, type!)),
  to_real: ([value]) => toReal(value!),
  to_bool: ([value]) => toBool(value!),
  to_datetime: ([value], [type]) => toDatetime(value!, type!),
  to_timespan: ([value], [type]) => toTimespan(value!, type!),
  to_guid: ([value]) => guidOf(value!),
  parse_long: ([value]) => (/^\s*[-+]?\d+\s*$/.test(String(value)) ? longFromText(String(value)) : null),
  parse_int: ([value]) => (/^\s*[-+]?\d+\s*$/.test(String(value)) ? inInt(longFromText(String(value))) : null),
  parse_real: ([value]) => toReal(value!),
  parse_decimal: ([value]) => toReal(value!),
  parse_bool: ([value]) => toBool(value!),
  parse_datetime: ([value]) => toDatetime(value!, 'string'),
  parse_timespan: ([value]) => toTimespan(value!, 'string'),
  parse_guid: ([value]) => guidOf(value!),
  parse_dynamic: ([value]) => parseJson(String(value)),
  as_long: ([value]) => (typeof value === 'bigint' ? value : typeof value === 'number' ? truncated(value) : null),
  as_int: ([value]) => inInt(typeof value === 'bigint' ? value : typeof value === 'number' ? truncated(value) : null),
  as_real: ([value]) => (typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : null),
  as_bool: ([value]) => (typeof value === 'boolean' ? value : typeof value === 'bigint' ? value !== 0n : null),
  as_datetime: ([value]) => (typeof value === 'string' ? (parseDatetime(value) ?? null) : null),
  as_timespan: ([value]) => (typeof value === 'string' ? (parseTimespan(value) ?? null) : null),
  as_guid: ([value]) => guidOf(value!),
  parse_json: ([value]) => parseJson(String(value)),
  reparse_json: ([value]) => (typeof value === 'string' ? (parseDynamic(value) ?? value) : value!),
  is_null: ([value]) => value === null,
  is_not_null: ([value]) => value !== null,
  coalesce: (args, _types, result) =>
    args.find((value) => value !== null && (result !== 'string' || value !== '')) ?? (result === 'string' ? '' : null),
  gettype: ([value], [type]) => (type === 'dynamic' ? dynamicType(value!) : type!),
  dynamic_to_json: ([value], [type]) => (value === null ? '' : canonicalJson(dynamicOf(value!, type!))),
  assert: ([value, message]) => {
    if (value !== true) throw new AssertionFailed(String(message))
    return true
  },
}

/** A query's own `assert` did not hold. */
export class AssertionFailed extends Error {}

function dynamicType(value: Dynamic): string {
  if (value === null) return 'null'
  if (isArray(value)) return 'array'
  if (isBag(value)) return 'dictionary'
  if (typeof value === 'bigint') return 'long'
  if (typeof value === 'number') return 'double'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

/** JSON with the keys of bags in order, so that equal values have equal text. */
function canonicalJson(value: Dynamic): string {
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (isBag(value)) {
    const keys = [...value.keys()].sort((left, right) => (left < right ? -1 : 1))
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value.get(key)!)}`).join(',')}}`
  }
  return printDynamic(value)
}
