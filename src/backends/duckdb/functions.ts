import type { Scalar } from '../../ir/scalar.js'
import { isWhole, type ScalarType } from '../../ir/types.js'
import { parts } from '../../ir/walk.js'
import { quoteText } from './quote.js'
import { SQL_TYPES } from './sql-values.js'

type Call = Extract<Scalar, { kind: 'call' }>
/** The SQL of a call; undefined where DuckDB has none that is right for these arguments. */
type Emit = (args: readonly string[], call: Call) => string | undefined

/** Functions that DuckDB's own SQL says right. Every other pure function runs as JavaScript, through `call-function.ts`. */
export function emitCall(call: Call, args: readonly string[]): string {
  const native = NATIVE[call.name]
  return native ? (native(args, call) ?? callScript(call, args)) : callScript(call, args)
}

/** The name under which `call-function.ts` is registered on a connection. */
export const SCRIPT_FUNCTION = 'latchkey_call'

/** Calls the JavaScript function; arguments and result travel as text. */
function callScript(call: Call, args: readonly string[]): string {
  const types = call.arguments.map(({ type }) => type)
  const signature = `${call.name}(${types.join(',')})${call.type}`
  const texts = args.map((sql, index) =>
    types[index] === 'string' || types[index] === 'guid' ? sql : `CAST(${sql} AS VARCHAR)`,
  )
  const result = `${SCRIPT_FUNCTION}(${[quoteText(signature), ...texts].join(', ')})`
  return decode(result, call.type)
}

export function decode(sql: string, type: ScalarType): string {
  if (type === 'string') return `coalesce(${sql}, '')`
  return type === 'guid' ? sql : `CAST(${sql} AS ${SQL_TYPES[type]})`
}

let lambdas = 0

/** Names of lambdas count from one again, so that a query's SQL does not depend on the queries before it. */
export function resetNames(): void {
  lambdas = 0
}

/** Evaluates an argument once where the SQL needs it more than once. */
export function once(sql: string, use: (name: string) => string): string {
  if (/^(?:"[^"]*"|[a-z]\d+|CAST\(-?\d+ AS BIGINT\))$/.test(sql)) return use(sql)
  const name = `v${++lambdas}`
  return `list_transform([${sql}], lambda ${name}: ${use(name)})[1]`
}

const TICKS_PER_DAY = 864_000_000_000n
const EPOCH = '621355968000000000'

/** Microseconds since 1970 of ticks. */
const micros = (ticks: string): string => `(${ticks} // 10 - 62135596800000000)`
const timestamp = (ticks: string): string => `make_timestamp(${micros(ticks)})`
const ticksOf = (time: string): string => `(epoch_us(${time}) * 10 + ${EPOCH})`

/** The text of a value of a type; of a null the empty text. */
export const TEXT_OF: Readonly<Record<ScalarType, (sql: string) => string>> = {
  string: (sql) => sql,
  guid: (sql) => `coalesce(${sql}, '')`,
  bool: (sql) => `coalesce(CASE ${sql} WHEN TRUE THEN 'True' WHEN FALSE THEN 'False' END, '')`,
  int: (sql) => `coalesce(CAST(${sql} AS VARCHAR), '')`,
  long: (sql) => `coalesce(CAST(${sql} AS VARCHAR), '')`,
  real: (sql) => `coalesce(replace(replace(CAST(${sql} AS VARCHAR), 'nan', 'NaN'), 'inf', 'Infinity'), '')`,
  decimal: (sql) => `coalesce(replace(replace(CAST(${sql} AS VARCHAR), 'nan', 'NaN'), 'inf', 'Infinity'), '')`,
  datetime: (sql) => `coalesce(${datetimeText(sql)}, '')`,
  timespan: (sql) => `coalesce(${timespanText(sql)}, '')`,
  dynamic: (sql) => `coalesce(json_extract_string(${sql}, '$'), '')`,
}

const datetimeText = (sql: string): string =>
  once(sql, (v) => `(strftime(${timestamp(v)}, '%Y-%m-%dT%H:%M:%S.%f') || (${v} % 10) || 'Z')`)

const timespanText = (sql: string): string =>
  once(
    sql,
    (v) =>
      `(CASE WHEN ${v} < 0 THEN '-' ELSE '' END || CASE WHEN abs(${v}) >= ${TICKS_PER_DAY} THEN (abs(${v}) // ${TICKS_PER_DAY}) || '.' ELSE '' END || ` +
      `lpad(CAST((abs(${v}) // 36000000000) % 24 AS VARCHAR), 2, '0') || ':' || lpad(CAST((abs(${v}) // 600000000) % 60 AS VARCHAR), 2, '0') || ':' || ` +
      `lpad(CAST((abs(${v}) // 10000000) % 60 AS VARCHAR), 2, '0') || CASE WHEN abs(${v}) % 10000000 <> 0 THEN '.' || lpad(CAST(abs(${v}) % 10000000 AS VARCHAR), 7, '0') ELSE '' END)`,
  )

/** A value as JSON: dates and durations as their text. */
export function toJson(sql: string, type: ScalarType): string {
  if (type === 'dynamic') return sql
  if (type === 'datetime') return `to_json(${datetimeText(sql)})`
  if (type === 'timespan') return `to_json(${timespanText(sql)})`
  if (type === 'real' || type === 'decimal')
    return once(
      sql,
      (v) => `CASE WHEN isfinite(${v}) THEN to_json(${v}) WHEN ${v} IS NOT NULL THEN to_json(${TEXT_OF.real(v)}) END`,
    )
  return `to_json(${sql})`
}

const binary =
  (symbol: string): Emit =>
  ([left, right]) =>
    `(${left} ${symbol} ${right})`

const asksRelation = (value: Scalar): boolean =>
  value.kind === 'scalar-of' || value.kind === 'member-of-relation' || parts(value).some(asksRelation)

/** Whole numbers wrap around at 64 bits, as in Kusto; a time beyond its range is null. */
const arithmetic =
  (symbol: string): Emit =>
  ([left, right], call) => {
    if (call.type === 'real' || call.type === 'decimal') return `(${left} ${symbol} ${right})`
    // DuckDB takes no subquery inside `try`.
    if (!isWhole(call.type))
      return asksRelation(call) ? `(${left} ${symbol} ${right})` : `try(${left} ${symbol} ${right})`
    return `CAST((((CAST(${left} AS HUGEINT) ${symbol} ${right}) + 9223372036854775808) & CAST(18446744073709551615 AS HUGEINT)) - 9223372036854775808 AS BIGINT)`
  }

const simple =
  (name: string): Emit =>
  (args) =>
    `${name}(${args.join(', ')})`

/** The part of a text that is a whole number, as Kusto reads one. */
const wholeFromText = (sql: string): string =>
  `TRY_CAST(CASE WHEN regexp_full_match(${sql}, '\\s*[-+]?\\d+\\s*') THEN ${sql} END AS BIGINT)`

const toWhole: Emit = ([sql], call) => {
  const from = call.arguments[0]!.type
  const limit = (value: string): string =>
    call.type === 'int' ? once(value, (v) => `CASE WHEN ${v} BETWEEN -2147483648 AND 2147483647 THEN ${v} END`) : value
  if (from === 'string' || from === 'dynamic' || from === 'guid') return undefined
  if (from === 'bool') return `CAST(${sql} AS BIGINT)`
  if (from === 'real' || from === 'decimal') return limit(`TRY_CAST(trunc(${sql}) AS BIGINT)`)
  return limit(sql!)
}

const toReal: Emit = ([sql], call) => {
  const from = call.arguments[0]!.type
  if (isWhole(from) || from === 'bool') return `CAST(${sql} AS DOUBLE)`
  return from === 'decimal' || from === 'real' ? sql! : undefined
}

const toBool: Emit = ([sql], call) => {
  const from = call.arguments[0]!.type
  return isWhole(from) || from === 'real' ? `(${sql} <> 0)` : undefined
}

const dayStart = (v: string): string => `(${v} - ${v} % ${TICKS_PER_DAY})`

function startOf(unit: 'month' | 'year'): Emit {
  return ([value, offset]) => {
    const moved = `date_trunc('${unit}', ${timestamp(value!)})`
    return ticksOf(offset ? `(${moved} + to_${unit}s(CAST(${offset} AS INTEGER)))` : moved)
  }
}

const dayOfWeekTicks = (v: string): string => `(((${v} // ${TICKS_PER_DAY} + 1) % 7) * ${TICKS_PER_DAY})`

const startOfDay: Emit = ([value, offset]) =>
  once(value!, (v) => `(${dayStart(v)}${offset ? ` + ${offset} * ${TICKS_PER_DAY}` : ''})`)
const startOfWeek: Emit = ([value, offset]) =>
  once(value!, (v) => `(${dayStart(v)} - ${dayOfWeekTicks(v)}${offset ? ` + ${offset} * ${7n * TICKS_PER_DAY}` : ''})`)

const datePart =
  (part: string): Emit =>
  ([value]) =>
    `CAST(date_part('${part}', ${timestamp(value!)}) AS BIGINT)`

/** The prefix of a regular expression that is a constant; a text only known per row cannot be run as one pattern. */
const constant = (call: Call, index: number): string | undefined => {
  const argument = call.arguments[index]
  return argument?.kind === 'literal' && typeof argument.value === 'string' ? argument.value : undefined
}

/** Groups of a regular expression that capture. */
function countGroups(pattern: string): number {
  const bare = pattern.replace(/\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]/gs, '')
  return [...bare.matchAll(/\((?!\?)|\(\?P?</g)].length
}

export const NATIVE: Readonly<Record<string, Emit>> = {
  add: arithmetic('+'),
  subtract: arithmetic('-'),
  multiply: (args, call) => {
    if (call.type === 'timespan' && call.arguments.some(({ type }) => type === 'real'))
      return `TRY_CAST(trunc(${args[0]} * ${args[1]}) AS BIGINT)`
    return arithmetic('*')(args, call)
  },
  divide: ([left, right], call) => {
    const [from, by] = call.arguments.map(({ type }) => type)
    if (call.type === 'real' || call.type === 'decimal')
      return from === 'real' ? `(${left} / ${right})` : `(CAST(${left} AS DOUBLE) / ${right})`
    if (by === 'real') return `CAST(trunc(${left} / ${right}) AS BIGINT)`
    return `(${left} // ${right})`
  },
  modulo: ([left, right], call) =>
    call.type === 'real' ? `(${left} % ${right})` : `(((${left} % ${right}) + abs(${right})) % ${right})`,
  negate: ([value]) => `(-${value})`,
  is_null: ([value]) => `(${value} IS NULL)`,
  is_not_null: ([value]) => `(${value} IS NOT NULL)`,
  coalesce: (args, call) => {
    if (call.type !== 'string') return `coalesce(${args.join(', ')})`
    return `coalesce(${args.map((argument) => `nullif(${argument}, '')`).join(', ')}, '')`
  },
  max_of: simple('greatest'),
  min_of: simple('least'),
  to_string: ([value], call) => TEXT_OF[call.arguments[0]!.type](value!),
  to_dynamic: ([value], call) => toJson(value!, call.arguments[0]!.type),
  to_int: toWhole,
  to_long: toWhole,
  to_real: toReal,
  to_bool: toBool,
  parse_long: ([value]) => wholeFromText(value!),
  parse_int: ([value]) => wholeFromText(value!),
  as_long: ([value]) =>
    once(
      value!,
      (v) =>
        `CASE WHEN json_type(${v}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(trunc(CAST(json_extract_string(${v}, '$') AS DOUBLE)) AS BIGINT) END`,
    ),
  as_real: ([value]) =>
    once(
      value!,
      (v) =>
        `CASE WHEN json_type(${v}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CAST(json_extract_string(${v}, '$') AS DOUBLE) END`,
    ),
  as_bool: ([value]) =>
    once(
      value!,
      (v) =>
        `CASE json_type(${v}) WHEN 'BOOLEAN' THEN json_extract_string(${v}, '$') = 'true' WHEN 'BIGINT' THEN json_extract_string(${v}, '$') <> '0' WHEN 'UBIGINT' THEN json_extract_string(${v}, '$') <> '0' END`,
    ),
  parse_json: ([value]) =>
    once(
      value!,
      (v) =>
        `nullif(CASE WHEN ${v} = '' THEN NULL WHEN json_valid(${v}) THEN json(${v}) ELSE to_json(${v}) END, 'null')`,
    ),
  reparse_json: ([value]) =>
    once(
      value!,
      (v) =>
        `CASE WHEN json_type(${v}) = 'VARCHAR' AND json_valid(json_extract_string(${v}, '$')) THEN nullif(json(json_extract_string(${v}, '$')), 'null') ELSE ${v} END`,
    ),
  bin: ([value, size], call) => {
    if (call.type === 'real' || call.type === 'decimal') return `(floor(${value} / ${size}) * ${size})`
    return once(value!, (v) => `(${v} - ((${v} % ${size}) + ${size}) % ${size})`)
  },
  bin_at: ([value, size, at], call) => {
    if (call.type === 'real' || call.type === 'decimal')
      return `(${at} + floor((${value} - ${at}) / ${size}) * ${size})`
    return once(value!, (v) => `(${v} - (((${v} - ${at}) % ${size}) + ${size}) % ${size})`)
  },
  row_key: (args) => `CAST(hash(${args.join(', ')}) >> 1 AS BIGINT)`,
  strlen: ([value]) => `length(${value})`,
  string_size: ([value]) => `CAST(octet_length(encode(${value})) AS BIGINT)`,
  tolower: simple('lower'),
  toupper: simple('upper'),
  strcat: (args) => `(${args.join(' || ')})`,
  strcat_delim: ([delimiter, ...rest]) => `concat_ws(${[delimiter, ...rest].join(', ')})`,
  reverse: ([value]) => `array_to_string(list_reverse(string_split(${value}, '')), '')`,
  replace_string: ([value, find, by]) =>
    `CASE WHEN ${find} = '' THEN ${value} ELSE replace(${value}, ${find}, ${by}) END`,
  split: ([value, delimiter, index], call) => {
    if (index !== undefined || constant(call, 1) === undefined || constant(call, 1) === '') return undefined
    return `to_json(string_split(${value}, ${delimiter}))`
  },
  extract: ([pattern, group, value], call) => {
    const fixed = constant(call, 0)
    if (fixed === undefined || call.arguments[1]!.kind !== 'literal') return undefined
    const groupNumber = Number((call.arguments[1] as { value: unknown }).value)
    if (!(groupNumber >= 0 && groupNumber <= 9)) return undefined
    void group
    return `coalesce(regexp_extract(${value}, ${pattern}, ${groupNumber}), '')`
  },
  extract_all: (args, call) => {
    const pattern = constant(call, 0)
    if (pattern === undefined || args.length !== 2) return undefined
    const groups = countGroups(pattern)
    const value = args[1]!
    const group = (number: number): string => `regexp_extract_all(${value}, ${quoteText(pattern)}, ${number})`
    const lists =
      groups <= 1
        ? group(groups)
        : `list_zip(${Array.from({ length: groups }, (_, index) => group(index + 1)).join(', ')})`
    const rows =
      groups <= 1
        ? lists
        : `list_transform(${lists}, lambda g: [${Array.from({ length: groups }, (_, index) => `g[${index + 1}]`).join(', ')}])`
    return `nullif(to_json(${rows}), '[]')`
  },
  captures: ([value], call) => {
    const pattern = constant(call, 1)
    if (pattern === undefined) return undefined
    const groups = Array.from({ length: countGroups(pattern) }, (_, index) => `g${index}`)
    if (groups.length === 0 || groups.length > 60) return undefined
    const names = groups.map((name) => `'${name}'`).join(', ')
    const parts = groups.map((name) => `c.${name}`).join(', ')
    return once(
      value!,
      (v) =>
        `CASE WHEN regexp_matches(${v}, ${quoteText(pattern)}) THEN list_transform([regexp_extract(${v}, ${quoteText(pattern)}, [${names}])], lambda c: json_array(${parts}))[1] END`,
    )
  },
  countof: ([value], call) => {
    const [pattern, kind] = [constant(call, 1), constant(call, 2)]
    if (pattern === undefined || kind !== 'regex') return undefined
    return `CAST(len(regexp_extract_all(${value}, ${quoteText(pattern)})) AS BIGINT)`
  },
  replace_regex: ([value, , by], call) => {
    const pattern = constant(call, 1)
    const replacement = constant(call, 2)
    if (pattern === undefined || replacement === undefined) return undefined
    void by
    // Kusto takes `$1` and `\\1` for the first group; RE2's rewrite takes only the second.
    const rewrite = replacement
      .replace(/\\(?!\d)/g, '\\\\')
      .replace(/\$(?:\{(\d)\}|(\d))/g, (_all, braced?: string, bare?: string) => `\\${braced ?? bare}`)
    return `regexp_replace(${value}, ${quoteText(pattern)}, ${quoteText(rewrite)}, 'g')`
  },
  trim: ([, value], call) => trimWith(call, value!, true, true),
  trim_start: ([, value], call) => trimWith(call, value!, true, false),
  trim_end: ([, value], call) => trimWith(call, value!, false, true),
  hash_md5: ([value], call) => hashed('md5', value!, call),
  hash_sha1: ([value], call) => hashed('sha1', value!, call),
  hash_sha256: ([value], call) => hashed('sha256', value!, call),
  array_length: ([value]) =>
    once(value!, (v) => `CASE WHEN json_type(${v}) = 'ARRAY' THEN CAST(json_array_length(${v}) AS BIGINT) END`),
  pack_array: (args, call) =>
    `json_array(${args.map((sql, index) => toJson(sql, call.arguments[index]!.type)).join(', ')})`,
  bag_pack: (args, call) => {
    const names = args.filter((_, index) => index % 2 === 0)
    // DuckDB keeps a repeated key twice, Kusto the last.
    if (
      new Set(names).size !== names.length ||
      call.arguments.some(({ kind }, index) => index % 2 === 0 && kind !== 'literal')
    )
      return undefined
    if (args.length === 0) return `CAST('{}' AS JSON)`
    return `json_object(${args.map((sql, index) => (index % 2 === 0 ? sql : toJson(sql, call.arguments[index]!.type))).join(', ')})`
  },
  bag_keys: ([value]) => once(value!, (v) => `CASE WHEN json_type(${v}) = 'OBJECT' THEN to_json(json_keys(${v})) END`),
  startofday: startOfDay,
  startofweek: startOfWeek,
  startofmonth: startOf('month'),
  startofyear: startOf('year'),
  endofday: (args, call) => `(${startOfDay(args, call)} + ${TICKS_PER_DAY - 1n})`,
  endofweek: (args, call) => `(${startOfWeek(args, call)} + ${7n * TICKS_PER_DAY - 1n})`,
  dayofweek: ([value]) => dayOfWeekTicks(value!),
  dayofmonth: datePart('day'),
  dayofyear: datePart('doy'),
  hourofday: datePart('hour'),
  monthofyear: datePart('month'),
  getyear: datePart('year'),
  abs: simple('abs'),
  sign: ([value]) => `CAST(sign(${value}) AS BIGINT)`,
  ceiling: ([value], call) => (isWhole(call.arguments[0]!.type) ? value! : `TRY_CAST(ceil(${value}) AS BIGINT)`),
  exp: simple('exp'),
  pi: () => 'pi()',
  isnan: ([value]) => `coalesce(isnan(${value}), FALSE)`,
  isinf: ([value]) => `coalesce(isinf(${value}), FALSE)`,
  isfinite: ([value]) => `coalesce(isfinite(${value}), FALSE)`,
  rand: ([most]) => (most ? `CAST(floor(random() * ${most}) AS DOUBLE)` : 'random()'),
  new_guid: () => 'CAST(uuid() AS VARCHAR)',
  binary_and: binary('&'),
  binary_or: binary('|'),
  binary_xor: ([left, right]) => `xor(${left}, ${right})`,
  binary_not: ([value]) => `(~${value})`,
}

function hashed(name: string, sql: string, call: Call): string {
  const text = TEXT_OF[call.arguments[0]!.type](sql)
  return once(text, (v) => `CASE WHEN ${v} = '' THEN '' ELSE ${name}(${v}) END`)
}

function trimWith(call: Call, value: string, start: boolean, end: boolean): string | undefined {
  const pattern = constant(call, 0)
  if (pattern === undefined) return undefined
  const cut = start ? `regexp_replace(${value}, ${quoteText(`^(?:${pattern})`)}, '')` : value
  return end ? `regexp_replace(${cut}, ${quoteText(`(?:${pattern})$`)}, '')` : cut
}
