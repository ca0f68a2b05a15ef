import type { Scalar } from '../../ir/scalar.js'
import { isWhole, type ScalarType } from '../../ir/types.js'
import { NotEmitted } from '../not-emitted.js'
import { compilePattern } from '../reference/functions/pattern.js'
import { addMonths, civilOf, datetimeText, dayStart, monthStart, timespanText, yearStart } from './calendar.js'
import { asBool, asReal, asWhole, dynamicText, realFromText, wholeFromText } from './dynamic.js'
import { once } from './once.js'
import { datetimeFromText, timespanFromText } from './parse-time.js'
import { quoteText } from './quote.js'
import { whole } from './sql-values.js'

type Call = Extract<Scalar, { kind: 'call' }>
/** The SQL of a call; undefined where ClickHouse has none that is right for these arguments. */
type Emit = (args: readonly string[], call: Call) => string | undefined

/** Functions that ClickHouse's SQL says right. Every other is refused by name. */
export function emitCall(call: Call, args: readonly string[]): string {
  const sql = NATIVE[call.name]?.(args, call)
  if (sql === undefined) throw new NotEmitted(`the function \`${call.name}\``, call.span)
  return sql
}

export const TICKS_PER_DAY = 864_000_000_000n

const realText = (sql: string): string =>
  once(sql, (v) =>
    once(`toString(${v})`, (s) => {
      const exponent = `concat(extract(${s}, '^(.*)e'), 'e', if(${v} > -1 AND ${v} < 1, '-', '+'), leftPad(extract(${s}, 'e-?(.*)$'), 2, '0'))`
      const [sign, digits] = [`if(${v} < 0, '-', '')`, `replaceRegexpOne(${s}, '^-', '')`]
      const mantissa = (all: string): string =>
        `replaceRegexpOne(concat(substring(${all}, 1, 1), '.', substring(${all}, 2)), '[.]?0*$', '')`
      const large = `concat(${sign}, ${mantissa(digits)}, 'e+', toString(length(${digits}) - 1))`
      const small = `concat(${sign}, ${mantissa(`extract(${s}, '[1-9][0-9]*$')`)}, 'e-', leftPad(toString(length(extract(${s}, '[.](0*)')) + 1), 2, '0'))`
      return (
        `multiIf(isNaN(${v}), 'NaN', isInfinite(${v}), if(${v} > 0, 'Infinity', '-Infinity'), position(${s}, 'e') > 0, ${exponent}, ` +
        `abs(${v}) >= 1e16, ${large}, ${v} != 0 AND abs(${v}) < 1e-4, ${small}, position(${s}, '.') = 0, concat(${s}, '.0'), ${s})`
      )
    }),
  )

/** The text of a value of a type; of a null the empty text. */
export const TEXT_OF: Readonly<Record<ScalarType, (sql: string) => string>> = {
  string: (sql) => sql,
  guid: (sql) => `ifNull(${sql}, '')`,
  bool: (sql) => `multiIf(${sql} IS NULL, '', ${sql}, 'True', 'False')`,
  int: (sql) => `ifNull(toString(${sql}), '')`,
  long: (sql) => `ifNull(toString(${sql}), '')`,
  real: (sql) => `ifNull(${realText(sql)}, '')`,
  decimal: (sql) => `ifNull(${realText(sql)}, '')`,
  datetime: (sql) => `ifNull(${datetimeText(sql)}, '')`,
  timespan: (sql) => `ifNull(${timespanText(sql)}, '')`,
  dynamic: dynamicText,
}

/** A value as JSON: dates and durations as their text. NULL stays NULL. */
export function toJson(sql: string, type: ScalarType): string {
  switch (type) {
    case 'dynamic':
      return sql
    case 'bool':
      return once(sql, (v) => `multiIf(${v} IS NULL, NULL, ${v}, 'true', 'false')`)
    case 'int':
    case 'long':
      return `toString(${sql})`
    case 'real':
    case 'decimal':
      return once(sql, (v) => `if(isFinite(${v}), ${realText(v)}, concat('"', ${realText(v)}, '"'))`)
    case 'datetime':
      return `concat('"', ${datetimeText(sql)}, '"')`
    case 'timespan':
      return `concat('"', ${timespanText(sql)}, '"')`
    case 'guid':
    case 'string':
      return once(sql, (v) => `if(${v} IS NULL, NULL, toJSONString(${v}))`)
  }
}

/** A value as JSON that is never NULL. */
export const jsonOrNull = (sql: string, type: ScalarType): string =>
  type === 'string' ? `toJSONString(${sql})` : `ifNull(${toJson(sql, type)}, 'null')`

const simple =
  (name: string): Emit =>
  (args) =>
    `${name}(${args.join(', ')})`

const binary =
  (symbol: string): Emit =>
  ([left, right]) =>
    `(${left} ${symbol} ${right})`

const isReal = (type: ScalarType | undefined): boolean => type === 'real' || type === 'decimal'

const truncated = (sql: string): string => `accurateCastOrNull(trunc(${sql}), 'Int64')`

/** The remainder that has the sign of the divisor, as Kusto bins. */
const floorModulo = (value: string, by: string): string => `moduloOrNull(moduloOrNull(${value}, ${by}) + ${by}, ${by})`

const toWhole: Emit = ([sql], call) => {
  const limit = (value: string): string =>
    call.type === 'int' ? once(value, (v) => `if(${v} BETWEEN -2147483648 AND 2147483647, ${v}, NULL)`) : value
  switch (call.arguments[0]!.type) {
    case 'bool':
      return `toInt64(${sql})`
    case 'real':
    case 'decimal':
      return limit(truncated(sql!))
    case 'string':
      return limit(wholeFromText(sql!))
    case 'dynamic':
      return limit(
        once(
          sql!,
          (v) =>
            `multiIf(startsWith(${v}, '"'), ${wholeFromText(`JSONExtractString(${v})`)}, ${v} IN ('true', 'false'), toInt64(${v} = 'true'), ${asWhole(v)})`,
        ),
      )
    case 'guid':
      return undefined
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return limit(sql!)
  }
}

const toReal: Emit = ([sql], call) => {
  switch (call.arguments[0]!.type) {
    case 'string':
      return realFromText(sql!)
    case 'dynamic':
      return once(
        sql!,
        (v) =>
          `multiIf(startsWith(${v}, '"'), ${realFromText(`JSONExtractString(${v})`)}, ${v} IN ('true', 'false'), toFloat64(${v} = 'true'), ${asReal(v)})`,
      )
    case 'guid':
      return undefined
    case 'real':
    case 'decimal':
      return sql!
    case 'bool':
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return `toFloat64(${sql})`
  }
}

const boolFromText = (sql: string): string =>
  once(
    `lower(trim(BOTH ' \\t\\r\\n' FROM ${sql}))`,
    (v) =>
      `multiIf(${v} = 'true', true, ${v} = 'false', false, match(${v}, '^[-+]?[0-9]+$'), match(${v}, '[1-9]'), NULL)`,
  )

const toBool: Emit = ([sql], call) => {
  const from = call.arguments[0]!.type
  if (from === 'bool') return sql!
  if (from === 'string') return boolFromText(sql!)
  if (from === 'dynamic')
    return once(sql!, (v) => `if(startsWith(${v}, '"'), ${boolFromText(`JSONExtractString(${v})`)}, ${asBool(v)})`)
  return isWhole(from) || isReal(from) ? `(${sql} != 0)` : undefined
}

const guidFromText = (sql: string): string =>
  once(
    `lower(replaceRegexpAll(${sql}, '^\\\\s+|\\\\s+$|[-{}()]', ''))`,
    (v) =>
      `if(match(${v}, '^[0-9a-f]{32}$'), concat(substring(${v}, 1, 8), '-', substring(${v}, 9, 4), '-', substring(${v}, 13, 4), '-', substring(${v}, 17, 4), '-', substring(${v}, 21)), NULL)`,
  )

const toTime =
  (parse: (sql: string) => string): Emit =>
  ([sql], call) => {
    const from = call.arguments[0]!.type
    if (from === 'string') return parse(sql!)
    if (from === 'dynamic')
      return once(sql!, (v) => `if(startsWith(${v}, '"'), ${parse(`ifNull(JSONExtractString(${v}), '')`)}, NULL)`)
    if (from === call.type || isWhole(from)) return sql!
    return from === 'real' && call.type === 'timespan' ? truncated(`${sql} * 864000000000`) : undefined
  }

const fixedText = (call: Call, index: number): string | undefined => {
  const argument = call.arguments[index]
  return argument?.kind === 'literal' && typeof argument.value === 'string' ? argument.value : undefined
}

const fixedWhole = (call: Call, index: number): number | undefined => {
  const argument = call.arguments[index]
  return argument?.kind === 'literal' && typeof argument.value === 'bigint' ? Number(argument.value) : undefined
}

/** RE2 as Kusto runs it: `.` takes no line break, which ClickHouse has the other way round. */
export const kustoPattern = (pattern: string): string => `(?-s)${pattern}`

function trimWith(call: Call, value: string, start: boolean, end: boolean): string | undefined {
  const pattern = fixedText(call, 0)
  if (pattern === undefined) return undefined
  const cut = start ? `replaceRegexpOne(${value}, ${quoteText(kustoPattern(`^(?:${pattern})`))}, '')` : value
  return end ? `replaceRegexpOne(${cut}, ${quoteText(kustoPattern(`(?:${pattern})$`))}, '')` : cut
}

const hashed =
  (name: string): Emit =>
  ([sql], call) =>
    once(TEXT_OF[call.arguments[0]!.type](sql!), (v) => `if(${v} = '', '', lower(hex(${name}(${v}))))`)

const dayOfWeekTicks = (v: string): string =>
  `(modulo(intDiv(${v}, ${whole(TICKS_PER_DAY)}) + 1, ${whole(7)}) * ${whole(TICKS_PER_DAY)})`

const startOfDay: Emit = ([value, offset]) =>
  once(value!, (v) => `(${dayStart(v)}${offset ? ` + ${offset} * ${whole(TICKS_PER_DAY)}` : ''})`)
const startOfWeek: Emit = ([value, offset]) =>
  once(
    value!,
    (v) => `(${dayStart(v)} - ${dayOfWeekTicks(v)}${offset ? ` + ${offset} * ${whole(7n * TICKS_PER_DAY)}` : ''})`,
  )
const startOfMonth: Emit = ([value, offset]) => monthStart(offset ? addMonths(value!, offset) : value!)
const startOfYear: Emit = ([value, offset]) => yearStart(offset ? addMonths(value!, `(${offset} * 12)`) : value!)

const bits =
  (name: string): Emit =>
  ([left, right]) =>
    `toInt64(${name}(${left}, ${right}))`

const numeric =
  (name: string): Emit =>
  (args, call) =>
    `${name}(${args.map((sql, index) => (isWhole(call.arguments[index]!.type) ? `toFloat64(${sql})` : sql)).join(', ')})`

export const NATIVE: Readonly<Record<string, Emit>> = {
  add: binary('+'),
  subtract: binary('-'),
  multiply: ([left, right], call) => {
    if (call.type === 'timespan' && call.arguments.some(({ type }) => isReal(type)))
      return truncated(`${left} * ${right}`)
    return `(${left} * ${right})`
  },
  divide: ([left, right], call) => {
    const by = call.arguments[1]!.type
    if (isReal(call.type)) return `(${left} / ${right})`
    if (isReal(by)) return truncated(`${left} / ${right}`)
    return `intDivOrNull(${left}, ${right})`
  },
  modulo: ([left, right], call) =>
    isReal(call.type)
      ? `(${left} % ${right})`
      : once(left!, (v) =>
          once(right!, (by) => `toInt64(moduloOrNull(moduloOrNull(${v}, ${by}) + abs(${by}), ${by}))`),
        ),
  negate: ([value]) => `(-${value})`,
  is_null: ([value]) => `(${value} IS NULL)`,
  is_not_null: ([value]) => `(${value} IS NOT NULL)`,
  coalesce: (args, call) =>
    call.type === 'string'
      ? `coalesce(${args.map((argument) => `nullIf(${argument}, '')`).join(', ')}, '')`
      : `coalesce(${args.join(', ')})`,
  max_of: simple('greatest'),
  min_of: simple('least'),
  to_string: ([value], call) => TEXT_OF[call.arguments[0]!.type](value!),
  to_dynamic: ([value], call) => toJson(value!, call.arguments[0]!.type),
  to_int: toWhole,
  to_long: toWhole,
  to_real: toReal,
  to_bool: toBool,
  to_guid: ([value], call) =>
    call.arguments[0]!.type === 'guid'
      ? value!
      : call.arguments[0]!.type === 'string'
        ? guidFromText(value!)
        : call.arguments[0]!.type === 'dynamic'
          ? guidFromText(dynamicText(value!))
          : undefined,
  to_datetime: toTime(datetimeFromText),
  to_timespan: toTime(timespanFromText),
  parse_datetime: ([value]) => datetimeFromText(value!),
  parse_timespan: ([value]) => timespanFromText(value!),
  as_datetime: toTime(datetimeFromText),
  as_timespan: toTime(timespanFromText),
  parse_guid: ([value]) => guidFromText(value!),
  parse_real: ([value]) => realFromText(value!),
  parse_decimal: ([value]) => realFromText(value!),
  parse_bool: ([value]) => boolFromText(value!),
  parse_long: ([value]) => once(value!, (v) => `toInt64OrNull(extract(${v}, '^\\\\s*([-+]?[0-9]+)\\\\s*$'))`),
  parse_int: ([value]) =>
    once(
      `toInt64OrNull(extract(${value}, '^\\\\s*([-+]?[0-9]+)\\\\s*$'))`,
      (v) => `if(${v} BETWEEN -2147483648 AND 2147483647, ${v}, NULL)`,
    ),
  as_long: ([value]) => once(value!, asWhole),
  as_int: ([value]) =>
    once(value!, (v) => once(asWhole(v), (w) => `if(${w} BETWEEN -2147483648 AND 2147483647, ${w}, NULL)`)),
  as_real: ([value]) => once(value!, asReal),
  as_bool: ([value]) => once(value!, (v) => `if(startsWith(${v}, '"'), NULL, ${asBool(v)})`),
  as_guid: ([value]) =>
    once(value!, (v) => `if(startsWith(${v}, '"'), ${guidFromText(`JSONExtractString(${v})`)}, NULL)`),
  parse_json: ([value]) => once(value!, parseJson),
  parse_dynamic: ([value]) => once(value!, parseJson),
  reparse_json: ([value]) =>
    once(
      value!,
      (v) =>
        `if(startsWith(${v}, '"') AND isValidJSON(JSONExtractString(${v})), ${parseJson(`JSONExtractString(${v})`)}, ${v})`,
    ),
  gettype: ([value], call) =>
    call.arguments[0]!.type === 'dynamic'
      ? once(
          value!,
          (v) =>
            `multiIf(${v} IS NULL, 'null', startsWith(${v}, '['), 'array', startsWith(${v}, '{'), 'dictionary', startsWith(${v}, '"'), 'string', ${v} IN ('true', 'false'), 'bool', match(${v}, '^-?[0-9]+$'), 'long', 'double')`,
        )
      : quoteText(call.arguments[0]!.type),
  bin: ([value, size], call) => {
    if (isReal(call.type)) return `(floor(${value} / ${size}) * ${size})`
    return once(value!, (v) => once(size!, (by) => `(${v} - ${floorModulo(v, by)})`))
  },
  bin_at: ([value, size, at], call) => {
    if (isReal(call.type)) return `(${at} + floor((${value} - ${at}) / ${size}) * ${size})`
    return once(value!, (v) => once(size!, (by) => `(${v} - ${floorModulo(`(${v} - ${at})`, by)})`))
  },
  row_key: (args) => `toInt64(bitShiftRight(sipHash64(${args.join(', ')}), 1))`,
  strlen: ([value]) => `toInt64(lengthUTF8(${value}))`,
  string_size: ([value]) => `toInt64(length(${value}))`,
  tolower: simple('lowerUTF8'),
  toupper: simple('upperUTF8'),
  strcat: (args) => (args.length === 1 ? args[0]! : `concat(${args.join(', ')})`),
  strcat_delim: ([delimiter, ...rest]) => `arrayStringConcat([${rest.join(', ')}], ${delimiter})`,
  reverse: ([value], call) => `reverseUTF8(${TEXT_OF[call.arguments[0]!.type](value!)})`,
  replace_string: ([value, find, by]) => `if(${find} = '', ${value}, replaceAll(${value}, ${find}, ${by}))`,
  split: ([value, delimiter, index], call) => {
    if (!fixedText(call, 1)) return undefined
    const pieces = `splitByString(${delimiter}, ${value})`
    const texts = (list: string): string => jsonArray(`arrayMap(s -> toJSONString(s), ${list})`)
    if (index === undefined) return texts(pieces)
    const at = fixedWhole(call, 2)
    return at === undefined || at < 0 ? undefined : texts(`arraySlice(${pieces}, ${at + 1}, 1)`)
  },
  substring: ([value], call) => {
    const [start, length] = [fixedWhole(call, 1), fixedWhole(call, 2)]
    if (start === undefined || start < 0 || (call.arguments[2] !== undefined && length === undefined)) return undefined
    return `substringUTF8(${value}, ${start + 1}${length === undefined ? '' : `, ${Math.max(0, length)}`})`
  },
  base64_encode_tostring: simple('base64Encode'),
  indexof: (args, call) =>
    args.length === 2 && call.arguments.every(({ type }) => type === 'string')
      ? `(toInt64(positionUTF8(${args[0]}, ${args[1]})) - 1)`
      : undefined,
  extract: ([pattern, , value], call) => {
    const [fixed, group] = [fixedText(call, 0), fixedWhole(call, 1)]
    if (fixed === undefined || group === undefined || group < 0 || group > 99) return undefined
    void pattern
    return `regexpExtract(${value}, ${quoteText(kustoPattern(fixed))}, ${group})`
  },
  replace_regex: ([value], call) => {
    const [pattern, replacement] = [fixedText(call, 1), fixedText(call, 2)]
    if (pattern === undefined || replacement === undefined || /\$|\\(?!\d|\\)/.test(replacement)) return undefined
    // ClickHouse finds an empty place behind every other one, which RE2's own replacement does not.
    if (findsNothing(pattern)) return undefined
    return `replaceRegexpAll(${value}, ${quoteText(kustoPattern(pattern))}, ${quoteText(replacement)})`
  },
  trim: ([, value], call) => trimWith(call, value!, true, true),
  trim_start: ([, value], call) => trimWith(call, value!, true, false),
  trim_end: ([, value], call) => trimWith(call, value!, false, true),
  hash_md5: hashed('MD5'),
  hash_sha1: hashed('SHA1'),
  hash_sha256: hashed('SHA256'),
  array_length: ([value]) => once(value!, (v) => `if(startsWith(${v}, '['), toInt64(JSONLength(${v})), NULL)`),
  pack_array: (args, call) =>
    args.length === 0
      ? `'[]'`
      : `concat('[', arrayStringConcat([${args.map((sql, index) => jsonOrNull(sql, call.arguments[index]!.type)).join(', ')}], ','), ']')`,
  bag_pack: (args, call) => {
    const names = args.filter((_, index) => index % 2 === 0)
    // Kusto keeps the last of a repeated key, and nothing here would.
    if (
      new Set(names).size !== names.length ||
      call.arguments.some(({ kind }, index) => index % 2 === 0 && kind !== 'literal')
    )
      return undefined
    if (args.length === 0) return `'{}'`
    const pairs = args.flatMap((sql, index) =>
      index % 2 === 0
        ? []
        : [`concat(toJSONString(${args[index - 1]}), ':', ${jsonOrNull(sql, call.arguments[index]!.type)})`],
    )
    return `concat('{', arrayStringConcat([${pairs.join(', ')}], ','), '}')`
  },
  bag_keys: ([value]) =>
    once(
      value!,
      (v) =>
        `if(startsWith(${v}, '{'), ${jsonArray(`arrayMap(s -> toJSONString(s), JSONExtractKeys(assumeNotNull(${v})))`)}, NULL)`,
    ),
  startofday: startOfDay,
  startofweek: startOfWeek,
  startofmonth: startOfMonth,
  startofyear: startOfYear,
  endofday: (args, call) => `(${startOfDay(args, call)} + ${whole(TICKS_PER_DAY - 1n)})`,
  endofweek: (args, call) => `(${startOfWeek(args, call)} + ${whole(7n * TICKS_PER_DAY - 1n)})`,
  endofmonth: ([value, offset]) => `(${monthStart(addMonths(value!, `(${offset ?? whole(0)} + 1)`))} - 1)`,
  endofyear: ([value, offset]) => `(${yearStart(addMonths(value!, `((${offset ?? whole(0)} + 1) * 12)`))} - 1)`,
  dayofweek: ([value]) => once(value!, dayOfWeekTicks),
  dayofmonth: ([value]) => civilOf(value!, ({ day }) => day),
  dayofyear: ([value]) => once(value!, (v) => `(intDiv(${v} - ${yearStart(v)}, ${whole(TICKS_PER_DAY)}) + 1)`),
  hourofday: ([value]) => `modulo(intDiv(${value}, ${whole(36_000_000_000)}), ${whole(24)})`,
  monthofyear: ([value]) => civilOf(value!, ({ month }) => month),
  getyear: ([value]) => civilOf(value!, ({ year }) => year),
  abs: ([value], call) => (isReal(call.type) ? `abs(${value})` : `toInt64(abs(${value}))`),
  sign: ([value]) => `toInt64(sign(${value}))`,
  ceiling: ([value], call) =>
    isWhole(call.arguments[0]!.type) ? value! : `accurateCastOrNull(ceil(${value}), 'Int64')`,
  exp: numeric('exp'),
  sqrt: ([value]) => once(`toFloat64(${value})`, (v) => `if(${v} < 0, NULL, sqrt(${v}))`),
  pi: () => 'pi()',
  isnan: ([value]) => `ifNull(isNaN(${value}), 0)`,
  isinf: ([value]) => `ifNull(isInfinite(${value}), 0)`,
  isfinite: ([value]) => `ifNull(isFinite(${value}), 0)`,
  rand: ([most]) => (most ? `floor(randCanonical() * ${most})` : 'randCanonical()'),
  new_guid: () => 'toString(generateUUIDv4())',
  binary_and: bits('bitAnd'),
  binary_or: bits('bitOr'),
  binary_xor: bits('bitXor'),
  binary_not: ([value]) => `toInt64(bitNot(${value}))`,
}

/** Texts of JSON values as the text of an array. */
export const jsonArray = (list: string): string => `concat('[', arrayStringConcat(${list}, ','), ']')`

/** Space between the values of a JSON text goes; what stands in quotes stays. */
const compact = (sql: string): string => `replaceRegexpAll(${sql}, '("(?:[^"\\\\\\\\]|\\\\\\\\.)*")|\\\\s+', '\\\\1')`

const parseJson = (v: string): string =>
  `multiIf(${v} = '', NULL, isValidJSON(${v}), nullIf(${compact(v)}, 'null'), toJSONString(${v}))`

/** Whether a pattern may be found where there is no letter. */
const findsNothing = (pattern: string): boolean =>
  ['', 'a b'].some((text) =>
    compilePattern(pattern)
      .findAll(text)
      .some(({ start, end }) => start === end),
  )
