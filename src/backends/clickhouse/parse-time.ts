import { LAST_TICK, TIMESPAN_UNITS } from '../../ir/time.js'
import { ticksOfDate } from './calendar.js'
import { once } from './once.js'
import { quoteText } from './quote.js'
import { whole } from './sql-values.js'

const CLOCK = String.raw`(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?\s*(AM|PM)?)?`
const ZONE = String.raw`\s*(Z|GMT|UTC|[-+]\d{2}:?\d{2})?`

/** The forms of `parseDatetime` in ir/time.ts, with the places of year, month and day; a name of a month is negative. */
const FORMS: readonly { readonly form: string; readonly order: readonly [number, number, number] }[] = [
  { form: String.raw`^(\d{4})-(\d{1,2})-(\d{1,2})`, order: [1, 2, 3] },
  { form: String.raw`^(\d{4})/(\d{1,2})/(\d{1,2})`, order: [1, 2, 3] },
  { form: String.raw`^(\d{4})(\d{2})(\d{2})`, order: [1, 2, 3] },
  { form: String.raw`^(\d{1,2})[-/](\d{1,2})[-/](\d{4})`, order: [3, 1, 2] },
  { form: String.raw`^(?:[a-z]+,?\s+)?(\d{1,2})[- ]([a-z]{3})[a-z]*[- ](\d{2,4})`, order: [3, -2, 1] },
  { form: String.raw`^(?:[a-z]+,?\s+)?([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4})`, order: [3, -1, 2] },
]

const trimmed = (sql: string): string => `trim(BOTH ' \\t\\r\\n' FROM ${sql})`

/** Ticks of a date as people write it; NULL where the text is none. A missing zone is UTC. */
export const datetimeFromText = (sql: string): string =>
  once(trimmed(sql), (raw) =>
    once(
      // `2024` and `2024-06` are the first day.
      `multiIf(match(${raw}, '^[0-9]{4}$'), concat(${raw}, '-1-1'), match(${raw}, '^[0-9]{4}-[0-9]{1,2}$'), concat(${raw}, '-1'), ${raw})`,
      (text) => {
        const branches = FORMS.flatMap(({ form, order }) => {
          const pattern = quoteText(`(?i)${form}${CLOCK}${ZONE}$`)
          const part = (g: string, place: number): string => (place < 0 ? monthOf(`${g}[${-place}]`) : `${g}[${place}]`)
          const parts = once(
            `extractGroups(${text}, ${pattern})`,
            (g) => `arrayConcat([${order.map((place) => part(g, place)).join(', ')}], arraySlice(${g}, 4))`,
          )
          return [`match(${text}, ${pattern})`, parts]
        })
        return once(`multiIf(${branches.join(', ')}, CAST([], 'Array(String)'))`, (g) => assembled(g))
      },
    ),
  )

/** The number of a month by its first three letters; 0 of what is none. */
const monthOf = (sql: string): string =>
  `toString(indexOf(['jan','feb','mar','apr','may','jun','jul','aug','sep','oct','nov','dec'], lower(${sql})))`

function assembled(g: string): string {
  const number = (place: number): string => `toInt64OrZero(${g}[${place}])`
  const year = `if(${number(1)} < 100 AND length(${g}[1]) = 2, ${number(1)} + if(${number(1)} < 50, 2000, 1900), ${number(1)})`
  const hour = `if(${g}[8] = '', ${number(4)}, modulo(${number(4)}, 12) + if(upper(${g}[8]) = 'PM', 12, 0))`
  const sign = `if(startsWith(${g}[9], '-'), toInt64(-1), toInt64(1))`
  const zone = `if(match(${g}[9], '^[-+]'), ${sign} * (toInt64OrZero(substring(${g}[9], 2, 2)) * 60 + toInt64OrZero(right(${g}[9], 2))) * ${whole(600_000_000)}, toInt64(0))`
  return once(year, (y) =>
    once(number(2), (m) =>
      once(number(3), (d) =>
        once(hour, (h) => {
          const leap = `(${y} % 4 = 0 AND (${y} % 100 != 0 OR ${y} % 400 = 0))`
          const days = `[31, if(${leap}, 29, 28), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][${m}]`
          const ticks = `(${ticksOfDate(y, m, d)} + ((${h} * 60 + ${number(5)}) * 60 + ${number(6)}) * ${whole(10_000_000)} + toInt64OrZero(substring(rightPad(${g}[7], 7, '0'), 1, 7)) - ${zone})`
          const bad = `empty(${g}) OR ${y} < 1 OR ${m} < 1 OR ${m} > 12 OR ${d} < 1 OR ${d} > ${days} OR ${h} > 23 OR ${number(5)} > 59 OR ${number(6)} > 59`
          return once(`if(${bad}, NULL, ${ticks})`, (t) => `if(${t} BETWEEN 0 AND ${whole(LAST_TICK)}, ${t}, NULL)`)
        }),
      ),
    ),
  )
}

/** Ticks of `2d`, `1.5h`, `-00:10`, `1.02:03:04.5`, `3` (days); NULL where the text is none. */
export function timespanFromText(sql: string): string {
  const units = Object.entries(TIMESPAN_UNITS)
  const unit = quoteText('(?i)^(-?)([0-9]+)(?:[.]([0-9]+))?\\s*([a-z]+)$')
  const clock = quoteText('^(-?)(?:([0-9]+)[.])?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.]([0-9]{1,7}))?)?$')
  const signed = (g: string, ticks: string): string => `if(${g}[1] = '-', -(${ticks}), ${ticks})`
  const names = `[${units.map(([each]) => quoteText(each)).join(', ')}]`
  const size = (g: string): string =>
    `CAST([0, ${units.map(([, ticks]) => ticks).join(', ')}], 'Array(Int64)')[indexOf(${names}, lower(${g}[4])) + 1]`
  return once(
    `multiIf(match(${trimmed(sql)}, '^-?[0-9]+$'), concat(${trimmed(sql)}, 'd'), ${trimmed(sql)})`,
    (v) =>
      `multiIf(match(${v}, ${unit}), ${once(`extractGroups(${v}, ${unit})`, (g) =>
        once(
          size(g),
          (s) =>
            `if(${s} = 0, NULL, ${signed(g, `toInt64(toInt256OrZero(${g}[2]) * ${s} + intDiv(toInt256OrZero(${g}[3]) * ${s}, toInt256(concat('1', repeat('0', length(${g}[3]))))))`)})`,
        ),
      )}, match(${v}, ${clock}), ${once(
        `extractGroups(${v}, ${clock})`,
        (g) =>
          `if(toInt64OrZero(${g}[3]) > 23 OR toInt64OrZero(${g}[4]) > 59 OR toInt64OrZero(${g}[5]) > 59, NULL, ${signed(g, `toInt64OrZero(${g}[2]) * ${whole(864_000_000_000)} + (toInt64OrZero(${g}[3]) * 3600 + toInt64OrZero(${g}[4]) * 60 + toInt64OrZero(${g}[5])) * ${whole(10_000_000)} + toInt64OrZero(rightPad(${g}[6], 7, '0'))`)})`,
      )}, NULL)`,
  )
}
