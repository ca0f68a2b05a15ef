import { once } from './once.js'
import { whole } from './sql-values.js'

// ClickHouse's own dates end in 2299 and begin in 1900; Kusto's range from the year 1 to 9999, and queries do write the last of them.
// So the calendar is calculated, on days since 0000-03-01, as in http://howardhinnant.github.io/date_algorithms.html.

const DAY = whole(864_000_000_000n)
/** From 0000-03-01 to 0001-01-01. */
const SHIFT = 306

interface Civil {
  readonly year: string
  readonly month: string
  readonly day: string
}

/** Evaluates `use` over the calendar date of ticks. */
export function civilOf(ticks: string, use: (date: Civil) => string): string {
  return once(`(intDiv(${ticks}, ${DAY}) + ${SHIFT})`, (z) =>
    once(`modulo(${z}, ${whole(146_097)})`, (doe) =>
      once(
        `intDiv(${doe} - intDiv(${doe}, ${whole(1460)}) + intDiv(${doe}, ${whole(36_524)}) - intDiv(${doe}, ${whole(146_096)}), ${whole(365)})`,
        (yoe) =>
          once(`(${doe} - (365 * ${yoe} + intDiv(${yoe}, ${whole(4)}) - intDiv(${yoe}, ${whole(100)})))`, (doy) =>
            once(`intDiv(5 * ${doy} + 2, ${whole(153)})`, (mp) =>
              use({
                year: `(${yoe} + intDiv(${z}, ${whole(146_097)}) * 400 + if(${mp} < 10, toInt64(0), toInt64(1)))`,
                month: `(${mp} + if(${mp} < 10, toInt64(3), toInt64(-9)))`,
                day: `(${doy} - intDiv(153 * ${mp} + 2, ${whole(5)}) + 1)`,
              }),
            ),
          ),
      ),
    ),
  )
}

/** Ticks of the first day of a month; `months` counts from January of the year 0. */
function ticksOfMonth(months: string): string {
  // The year begins in March.
  return once(`(${months} - 2)`, (m) =>
    once(`intDiv(${m}, ${whole(12)})`, (y) =>
      once(
        `modulo(${m}, ${whole(12)})`,
        (mp) =>
          `((365 * ${y} + intDiv(${y}, ${whole(4)}) - intDiv(${y}, ${whole(100)}) + intDiv(${y}, ${whole(400)}) + intDiv(153 * ${mp} + 2, ${whole(5)}) - ${SHIFT}) * ${DAY})`,
      ),
    ),
  )
}

/** Ticks of a calendar date. */
export const ticksOfDate = (year: string, month: string, day: string): string =>
  `(${ticksOfMonth(`(${year} * 12 + ${month} - 1)`)} + (${day} - 1) * ${DAY})`

const monthsOf = ({ year, month }: Civil): string => `(${year} * 12 + ${month} - 1)`

export const dayStart = (v: string): string => `(${v} - modulo(${v}, ${DAY}))`
export const monthStart = (ticks: string): string => civilOf(ticks, (date) => ticksOfMonth(monthsOf(date)))
export const yearStart = (ticks: string): string => civilOf(ticks, ({ year }) => ticksOfMonth(`(${year} * 12)`))
/** The first day of the month that lies so many months later. */
export const addMonths = (ticks: string, months: string): string =>
  civilOf(ticks, (date) => ticksOfMonth(`(${monthsOf(date)} + ${months})`))

const pad = (sql: string, width: number): string => `leftPad(toString(${sql}), ${width}, '0')`

const clock = (v: string): string =>
  [36_000_000_000n, 600_000_000n, 10_000_000n]
    .map((size, index) => pad(`modulo(intDiv(${v}, ${whole(size)}), ${whole(index === 0 ? 24 : 60)})`, 2))
    .join(`, ':', `)

const fraction = (v: string): string => pad(`modulo(${v}, ${whole(10_000_000)})`, 7)

/** `2026-08-11T10:42:17.1234567Z` of ticks. */
export const datetimeText = (sql: string): string =>
  once(sql, (v) =>
    civilOf(
      v,
      ({ year, month, day }) =>
        `concat(${pad(year, 4)}, '-', ${pad(month, 2)}, '-', ${pad(day, 2)}, 'T', ${clock(v)}, '.', ${fraction(v)}, 'Z')`,
    ),
  )

/** `1.02:03:04.5000000` of ticks; days and fraction only where there are any. */
export const timespanText = (sql: string): string =>
  once(sql, (t) =>
    once(
      `toInt64(abs(${t}))`,
      (v) =>
        `concat(if(${t} < 0, '-', ''), if(${v} >= ${DAY}, concat(toString(intDiv(${v}, ${DAY})), '.'), ''), ${clock(v)}, ` +
        `if(modulo(${v}, ${whole(10_000_000)}) != 0, concat('.', ${fraction(v)}), ''))`,
    ),
  )
