import { once } from './once.js'

// A dynamic is the text of a JSON value, and its first character tells what kind of value it is.

/** The text of a dynamic: of a string its content, of anything else its JSON. */
export const dynamicText = (sql: string): string =>
  once(sql, (v) => `ifNull(if(startsWith(${v}, '"'), JSONExtractString(${v}), ${v}), '')`)

/** A number of a dynamic as a whole number, cut; NULL for every other kind. */
export const asWhole = (v: string): string =>
  `if(match(${v}, '^-?[0-9]+$'), toInt64OrNull(${v}), if(match(${v}, '^-?[0-9]'), accurateCastOrNull(trunc(toFloat64OrNull(${v})), 'Int64'), NULL))`

export const asReal = (v: string): string => `if(match(${v}, '^-?[0-9]'), toFloat64OrNull(${v}), NULL)`

export const asBool = (v: string): string =>
  `multiIf(${v} = 'true', true, ${v} = 'false', false, match(${v}, '^-?[0-9]+$'), match(${v}, '[1-9]'), NULL)`

/** A whole number as Kusto reads it from text: decimal, hexadecimal, or the whole part of a decimal fraction. */
export const wholeFromText = (sql: string): string =>
  once(
    `trim(BOTH ' \\t\\r\\n' FROM ${sql})`,
    (v) =>
      `multiIf(match(${v}, '^[-+]?[0-9]+$'), toInt64OrNull(${v}), ` +
      `match(${v}, '^-?0[xX][0-9a-fA-F]{1,16}$'), ` +
      `reinterpretAsInt64(reverse(unhex(leftPad(extract(${v}, '[xX](.*)$'), 16, '0')))) * if(startsWith(${v}, '-'), toInt64(-1), toInt64(1)), ` +
      `match(${v}, '^[-+]?[0-9]+[.][0-9]*$'), accurateCastOrNull(trunc(toFloat64OrNull(${v})), 'Int64'), NULL)`,
  )

export const realFromText = (sql: string): string =>
  once(
    `lower(trim(BOTH ' \\t\\r\\n' FROM ${sql}))`,
    (v) =>
      `multiIf(match(${v}, '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?$'), toFloat64OrNull(replaceRegexpOne(${v}, '^[+]', '')), ` +
      `${v} = 'nan', nan, ${v} IN ('inf', '+inf'), inf, ${v} = '-inf', -inf, NULL)`,
  )
