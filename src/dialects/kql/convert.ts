import { call, literal, type Scalar } from '../../ir/scalar.js'
import { parseDatetime, parseTimespan } from '../../ir/time.js'
import { isNumeric, isWhole, type ScalarType } from '../../ir/types.js'
import type { Value } from '../../ir/value.js'
import type { Span } from '../../text/span.js'

/** The function of the query model that converts to a type as `toX()` does, from text too. */
export const CONVERSIONS: Readonly<Record<ScalarType, string>> = {
  bool: 'to_bool',
  int: 'to_int',
  long: 'to_long',
  real: 'to_real',
  decimal: 'to_real',
  datetime: 'to_datetime',
  timespan: 'to_timespan',
  guid: 'to_guid',
  string: 'to_string',
  dynamic: 'to_dynamic',
}

/** Converts as `toX()` does; what cannot be converted is null. */
export function convert(value: Scalar, type: ScalarType): Scalar {
  if (value.type === type || (isWhole(value.type) && type === 'long')) return value
  if (value.kind === 'literal') {
    const simple = convertLiteral(value.value, value.type, type)
    if (simple !== undefined) return literal(type, simple, value.span)
  }
  return call(CONVERSIONS[type], type, [value], value.span)
}

function convertLiteral(value: Value, from: ScalarType, to: ScalarType): Value | undefined {
  if (value === null && to !== 'string') return null
  if ((to === 'real' || to === 'decimal') && typeof value === 'bigint' && isWhole(from)) return Number(value)
  if (to === 'dynamic' && (from === 'string' || isNumeric(from) || from === 'bool')) return value
  if (from === 'string' && typeof value === 'string') {
    if (to === 'datetime') return parseDatetime(value) ?? null
    if (to === 'timespan') return parseTimespan(value) ?? null
  }
  return undefined
}

/** The value of a dynamic as one type, without reading text as numbers: what holds another kind of value is null. */
export function unwrap(value: Scalar, type: ScalarType): Scalar {
  if (value.type === type || type === 'dynamic') return value
  if (value.type !== 'dynamic' || type === 'string') return convert(value, type)
  return call(`as_${type === 'decimal' ? 'real' : type}`, type, [value], value.span)
}

/** The type that both convert to, as Kusto widens: int < long < real; undefined where there is none. */
export function commonType(left: ScalarType, right: ScalarType): ScalarType | undefined {
  if (left === right) return left
  if (isNumeric(left) && isNumeric(right)) {
    if (left === 'decimal' || right === 'decimal') return 'decimal'
    return left === 'real' || right === 'real' ? 'real' : 'long'
  }
  if (left === 'dynamic') return right
  if (right === 'dynamic') return left
  return undefined
}

/** A duration between two things that are not both durations is a question of text only; used in messages. */
export const describeTypes = (values: readonly Scalar[], span: Span): { what: string; found: string; span: Span } => ({
  what: 'the expression',
  found: values.map(({ type }) => type).join(' and '),
  span,
})
