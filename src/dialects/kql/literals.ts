import { type Literal, literal } from '../../ir/scalar.js'
import {
  formatDatetime as formatDatetimeText,
  formatTimespan as formatTimespanText,
  parseDatetime,
  parseTimespan,
} from '../../ir/time.js'
import type { ScalarType } from '../../ir/types.js'
import type { Dynamic } from '../../ir/value.js'
import { refuse, refuseForm } from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

const TYPES: Readonly<Record<string, ScalarType>> = {
  bool: 'bool',
  boolean: 'bool',
  int: 'int',
  int32: 'int',
  long: 'long',
  int64: 'long',
  uint: 'long',
  uint32: 'long',
  ulong: 'long',
  real: 'real',
  double: 'real',
  float: 'real',
  decimal: 'decimal',
  datetime: 'datetime',
  date: 'datetime',
  timespan: 'timespan',
  time: 'timespan',
  guid: 'guid',
  uniqueid: 'guid',
  uuid: 'guid',
  string: 'string',
  dynamic: 'dynamic',
}

/** A type by one of the names Kusto takes for it. */
export const typeByName = (name: string): ScalarType | undefined => TYPES[name.toLowerCase()]

export function lowerType(node: KqlNode): ScalarType {
  const name = node.kind === 'PrimitiveTypeExpression' ? child(node, 'Type').text : node.text
  return typeByName(name) ?? refuseForm(`the type \`${name || node.kind}\``, node.span)
}

/** A literal node as a value; undefined where the node is no literal. */
export function lowerLiteral(node: KqlNode): Literal | undefined {
  const token = node.fields.Token?.text ?? ''
  switch (node.kind) {
    case 'StringLiteralExpression':
    case 'CompoundStringLiteralExpression':
      return literal('string', node.text, node.span)
    case 'BooleanLiteralExpression':
      return literal('bool', booleanOf(token, node), node.span)
    case 'IntLiteralExpression':
      return literal('int', wholeOf(token, node), node.span)
    case 'LongLiteralExpression':
      return literal('long', wholeOf(token, node), node.span)
    case 'RealLiteralExpression':
    case 'DecimalLiteralExpression':
      return literal(node.kind === 'RealLiteralExpression' ? 'real' : 'decimal', realOf(token, node), node.span)
    case 'DateTimeLiteralExpression':
      return literal('datetime', dateParts(token) ?? readInside(token, node, readDatetime, 'a datetime'), node.span)
    case 'TimespanLiteralExpression':
      return literal('timespan', readInside(token, node, parseTimespan, 'a timespan'), node.span)
    case 'GuidLiteralExpression':
      return literal('guid', readInside(token, node, readGuid, 'a guid'), node.span)
    case 'NullLiteralExpression':
      return literal('dynamic', null, node.span)
    case 'DynamicExpression':
      return literal('dynamic', lowerJson(child(node, 'Expression')), node.span)
    default:
      return undefined
  }
}

/** The portal takes spaces around the hyphens of a date. */
const readDatetime = (text: string): bigint | undefined =>
  parseDatetime(text) ?? parseDatetime(text.replace(/^(\d{4}) *- *(\d{1,2}) *- *(\d{1,2})/, '$1-$2-$3'))

/** `long(null)` → undefined, `long(5)` → `5`, `5` → `5`. */
function inside(token: string): string | undefined {
  const found = /^[a-z0-9]+\s*\(\s*(.*?)\s*\)$/is.exec(token)
  const text = (found ? found[1]! : token).trim()
  const bare = /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text
  return bare === '' || bare.toLowerCase() === 'null' ? undefined : bare
}

function booleanOf(token: string, node: KqlNode): boolean | null {
  const text = inside(token)?.toLowerCase()
  if (text === undefined) return null
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  return refuse('type-mismatch', node.span, { what: `\`${token}\``, expected: 'a bool', found: 'other text' })
}

function wholeOf(token: string, node: KqlNode): bigint | null {
  const text = inside(token)
  if (text === undefined) return null
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(text))
    return refuse('type-mismatch', node.span, { what: `\`${token}\``, expected: 'a whole number', found: 'other text' })
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  const signed = /0x/i.test(text) ? BigInt.asIntN(64, value) : value
  if (signed !== BigInt.asIntN(64, signed))
    return refuse('type-mismatch', node.span, { what: `\`${token}\``, expected: 'a long', found: 'a larger number' })
  return signed
}

function realOf(token: string, node: KqlNode): number | null {
  const text = inside(token)
  if (text === undefined) return null
  const special: Record<string, number> = { nan: Number.NaN, '+inf': Infinity, '-inf': -Infinity, inf: Infinity }
  const value = special[text.toLowerCase()] ?? Number(text)
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan')
    return refuse('type-mismatch', node.span, { what: `\`${token}\``, expected: 'a number', found: 'other text' })
  return value
}

/** `datetime(2025, 6, 14)`, with hours, minutes and seconds if given. */
function dateParts(token: string): bigint | undefined {
  const found =
    /^\w+\s*\(\s*(\d{1,4})\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})(?:\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})(?:\s*,\s*(\d{1,2}(?:\.\d+)?))?)?\s*\)$/.exec(
      token,
    )
  if (!found) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0'] = found
  const pad = (part: string): string => part.padStart(2, '0')
  return parseDatetime(
    `${year!.padStart(4, '0')}-${pad(month!)}-${pad(day!)} ${pad(hour)}:${pad(minute)}:${pad(second)}`,
  )
}

function readInside<T>(
  token: string,
  node: KqlNode,
  read: (text: string) => T | undefined,
  expected: string,
): T | null {
  const text = inside(token)
  if (text === undefined) return null
  const value = read(text)
  if (value === undefined)
    return refuse('type-mismatch', node.span, { what: `\`${token}\``, expected, found: 'other text' })
  return value
}

export function readGuid(text: string): string | undefined {
  const digits = text.replace(/[-{}()]/g, '').toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(digits)) return undefined
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What stands inside `dynamic(...)`. */
function lowerJson(node: KqlNode): Dynamic {
  switch (node.kind) {
    case 'JsonArrayExpression':
      return items(node, 'Values').map(lowerJson)
    case 'JsonObjectExpression': {
      const bag = new Map<string, Dynamic>()
      for (const pair of items(node, 'Pairs')) {
        const name = child(pair, 'Name')
        bag.set(name.text || name.fields.Token?.text || '', lowerJson(child(pair, 'Value')))
      }
      return bag
    }
    case 'DynamicExpression':
      return lowerJson(child(node, 'Expression'))
    case 'UnaryMinusExpression':
    case 'UnaryPlusExpression': {
      const value = lowerJson(child(node, 'Expression'))
      if (typeof value !== 'bigint' && typeof value !== 'number')
        return refuseForm('this in a dynamic literal', node.span)
      return node.kind === 'UnaryMinusExpression' ? -value : value
    }
    default: {
      const value = lowerLiteral(node)
      if (!value) return refuseForm('an expression in a dynamic literal', node.span)
      return jsonOf(value)
    }
  }
}

/** Dates and durations have no JSON of their own and stand in a dynamic as their text. */
export function jsonOf(value: Literal): Dynamic {
  if (value.value === null || typeof value.value !== 'bigint') return value.value
  if (value.type === 'datetime') return formatDatetimeText(value.value)
  if (value.type === 'timespan') return formatTimespanText(value.value)
  return value.value
}
