import {
  civilFromDays,
  dayOfWeek,
  floorDivide,
  LAST_TICK,
  parseDatetime,
  TICKS_PER_DAY,
  TICKS_PER_SECOND,
  ticksFromCivil,
  UNIX_EPOCH,
} from '../../../ir/time.js'
import type { Value } from '../../../ir/value.js'
import { type Functions, strict } from './function.js'

const day = (ticks: bigint): bigint => floorDivide(ticks, TICKS_PER_DAY)
const date = (ticks: bigint) => civilFromDays(day(ticks))
const inRange = (ticks: bigint): bigint | null => (ticks < 0n || ticks > LAST_TICK ? null : ticks)
const clock = (ticks: bigint): bigint => ticks - day(ticks) * TICKS_PER_DAY

function startOf(unit: string, ticks: bigint, offset: number): bigint {
  const { year, month } = date(ticks)
  switch (unit) {
    case 'day':
      return (day(ticks) + BigInt(offset)) * TICKS_PER_DAY
    case 'week':
      return (day(ticks) - BigInt(dayOfWeek(ticks)) + BigInt(offset) * 7n) * TICKS_PER_DAY
    case 'month':
      return ticksFromCivil(year, month + offset, 1)
    default:
      return ticksFromCivil(year + offset, 1, 1)
  }
}

const start = (unit: string) =>
  strict(([ticks, offset]) => inRange(startOf(unit, ticks as bigint, Number(offset ?? 0n))))
const end = (unit: string) =>
  strict(([ticks, offset]) => inRange(startOf(unit, ticks as bigint, Number(offset ?? 0n) + 1) - 1n))

const UNITS: Readonly<Record<string, bigint>> = {
  week: 7n * TICKS_PER_DAY,
  day: TICKS_PER_DAY,
  hour: 36_000_000_000n,
  minute: 600_000_000n,
  second: TICKS_PER_SECOND,
  millisecond: 10_000n,
  microsecond: 10n,
}

function addTo(unit: string, amount: number, ticks: bigint): bigint | null {
  const size = UNITS[unit]
  if (size !== undefined) return inRange(ticks + BigInt(amount) * size)
  if (unit === 'nanosecond') return inRange(ticks + BigInt(Math.trunc(amount / 100)))
  const months = unit === 'year' ? amount * 12 : unit === 'quarter' ? amount * 3 : unit === 'month' ? amount : undefined
  if (months === undefined) return null
  const { year, month, day: dayOfMonth } = date(ticks)
  const first = ticksFromCivil(year, month + months, 1)
  const lastDay = Number((ticksFromCivil(year, month + months + 1, 1) - first) / TICKS_PER_DAY)
  return inRange(first + BigInt(Math.min(dayOfMonth, lastDay) - 1) * TICKS_PER_DAY + clock(ticks))
}

/** How many boundaries of the unit lie between. */
function difference(unit: string, left: bigint, right: bigint): bigint | null {
  const [a, b] = [date(left), date(right)]
  const months = (a.year - b.year) * 12 + a.month - b.month
  if (unit === 'year') return BigInt(a.year - b.year)
  if (unit === 'quarter') return BigInt((a.year - b.year) * 4 + Math.ceil(a.month / 3) - Math.ceil(b.month / 3))
  if (unit === 'month') return BigInt(months)
  if (unit === 'week') return (startOf('week', left, 0) - startOf('week', right, 0)) / (7n * TICKS_PER_DAY)
  if (unit === 'nanosecond') return (left - right) * 100n
  const size = UNITS[unit]
  return size === undefined ? null : floorDivide(left, size) - floorDivide(right, size)
}

const dayOfYear = (ticks: bigint): bigint => day(ticks) - day(startOf('year', ticks, 0)) + 1n

/** ISO 8601: weeks begin on Monday, the first has the year's first Thursday. */
function isoWeek(ticks: bigint): bigint {
  const weekday = (dayOfWeek(ticks) + 6) % 7
  const thursday = (day(ticks) - BigInt(weekday) + 3n) * TICKS_PER_DAY
  return (dayOfYear(thursday) - 1n) / 7n + 1n
}

function part(unit: string, ticks: bigint): bigint | null {
  const { year, month, day: dayOfMonth } = date(ticks)
  const time = clock(ticks)
  switch (unit) {
    case 'year':
      return BigInt(year)
    case 'quarter':
      return BigInt(Math.ceil(month / 3))
    case 'month':
      return BigInt(month)
    case 'week_of_year':
    case 'weekofyear':
      return isoWeek(ticks)
    case 'day':
      return BigInt(dayOfMonth)
    case 'dayofyear':
      return dayOfYear(ticks)
    case 'hour':
      return time / 36_000_000_000n
    case 'minute':
      return (time / 600_000_000n) % 60n
    case 'second':
      return (time / TICKS_PER_SECOND) % 60n
    case 'millisecond':
      return (time / 10_000n) % 1000n
    case 'microsecond':
      return (time / 10n) % 1_000_000n
    case 'nanosecond':
      return (time % TICKS_PER_SECOND) * 100n
    default:
      return null
  }
}

const pad = (value: bigint | number, width: number): string => String(value).padStart(width, '0')

/** A fraction of a second to so many digits; `F` leaves zeroes at the end out. */
function fraction(ticks: bigint, pattern: string): string {
  const digits = pad(ticks % TICKS_PER_SECOND, 7).slice(0, pattern.length)
  return pattern[0] === 'F' ? digits.replace(/0+$/, '') : digits
}

const DATE_FORMAT = /yyyy|yy|MM?|dd?|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|tt|./gs

function formatDate(ticks: bigint, pattern: string): string {
  const { year, month, day: dayOfMonth } = date(ticks)
  const time = clock(ticks)
  const hour = time / 36_000_000_000n
  const twelve = hour % 12n === 0n ? 12n : hour % 12n
  return pattern.replace(DATE_FORMAT, (found) => {
    switch (found) {
      case 'yyyy':
        return pad(year, 4)
      case 'yy':
        return pad(year % 100, 2)
      case 'M':
      case 'MM':
        return pad(month, found.length)
      case 'd':
      case 'dd':
        return pad(dayOfMonth, found.length)
      case 'H':
      case 'HH':
        return pad(hour, found.length)
      case 'h':
      case 'hh':
        return pad(twelve, found.length)
      case 'm':
      case 'mm':
        return pad((time / 600_000_000n) % 60n, found.length)
      case 's':
      case 'ss':
        return pad((time / TICKS_PER_SECOND) % 60n, found.length)
      case 'tt':
        return hour < 12n ? 'AM' : 'PM'
      default:
        return /^[fF]/.test(found) ? fraction(time, found) : found
    }
  })
}

function formatSpan(ticks: bigint, pattern: string): string {
  const size = ticks < 0n ? -ticks : ticks
  const text = pattern.replace(/d{1,8}|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|./gs, (found) => {
    if (found[0] === 'd') return pad(size / TICKS_PER_DAY, found.length)
    if (found[0] === 'H' || found[0] === 'h') return pad((size / 36_000_000_000n) % 24n, found.length)
    if (found[0] === 'm') return pad((size / 600_000_000n) % 60n, found.length)
    if (found[0] === 's') return pad((size / TICKS_PER_SECOND) % 60n, found.length)
    return /^[fF]/.test(found) ? fraction(size, found) : found
  })
  return ticks < 0n ? `-${text}` : text
}

/** Minutes that a zone of the system's time zone data is ahead of UTC at a time. */
function zoneOffset(zone: string, ticks: bigint): bigint | null {
  try {
    const milliseconds = Number((ticks - UNIX_EPOCH) / 10_000n)
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(new Date(milliseconds))
    const of = (type: string): number => Number(parts.find((each) => each.type === type)?.value)
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
    return BigInt(Math.round((local - Math.floor(milliseconds / 1000) * 1000) / 1000)) * TICKS_PER_SECOND
  } catch {
    return null
  }
}

function makeDatetime(args: readonly Value[]): bigint | null {
  if (args.length === 1) return typeof args[0] === 'string' ? (parseDatetime(args[0]) ?? null) : null
  const [year, month, dayOfMonth, hour = 0n, minute = 0n, second = 0] = args
  const numbers = [year, month, dayOfMonth, hour, minute, second].map(Number)
  if (
    numbers[1]! < 1 ||
    numbers[1]! > 12 ||
    numbers[2]! < 1 ||
    numbers[2]! > 31 ||
    numbers[3]! > 23 ||
    numbers[4]! > 59 ||
    numbers[5]! >= 60
  )
    return null
  const midnight = ticksFromCivil(numbers[0]!, numbers[1]!, numbers[2]!)
  if (date(midnight).day !== numbers[2]) return null
  return inRange(
    midnight + BigInt(numbers[3]! * 3600 + numbers[4]! * 60) * TICKS_PER_SECOND + BigInt(Math.round(numbers[5]! * 1e7)),
  )
}

function makeTimespan(args: readonly Value[]): bigint | null {
  const numbers = args.map(Number)
  const [days, hours, minutes, seconds] = numbers.length === 4 ? numbers : [0, numbers[0], numbers[1], numbers[2] ?? 0]
  if (hours! > 23 || minutes! > 59 || seconds! >= 60) return null
  return (
    BigInt(days!) * TICKS_PER_DAY +
    BigInt(hours! * 3600 + minutes! * 60) * TICKS_PER_SECOND +
    BigInt(Math.round(seconds! * 1e7))
  )
}

const fromUnix = (perUnit: number) =>
  strict(([value]) => {
    const amount =
      typeof value === 'bigint' ? (value * BigInt(perUnit * 100)) / 100n : BigInt(Math.round(Number(value) * perUnit))
    return inRange(UNIX_EPOCH + amount)
  })

export const TIMES: Functions = {
  startofday: start('day'),
  startofweek: start('week'),
  startofmonth: start('month'),
  startofyear: start('year'),
  endofday: end('day'),
  endofweek: end('week'),
  endofmonth: end('month'),
  endofyear: end('year'),
  dayofweek: strict(([ticks]) => BigInt(dayOfWeek(ticks as bigint)) * TICKS_PER_DAY),
  dayofmonth: strict(([ticks]) => part('day', ticks as bigint)),
  dayofyear: strict(([ticks]) => dayOfYear(ticks as bigint)),
  hourofday: strict(([ticks]) => part('hour', ticks as bigint)),
  monthofyear: strict(([ticks]) => part('month', ticks as bigint)),
  getmonth: strict(([ticks]) => part('month', ticks as bigint)),
  getyear: strict(([ticks]) => part('year', ticks as bigint)),
  week_of_year: strict(([ticks]) => isoWeek(ticks as bigint)),
  datetime_add: strict(([unit, amount, ticks]) => addTo(String(unit).toLowerCase(), Number(amount), ticks as bigint)),
  datetime_diff: strict(([unit, left, right]) =>
    difference(String(unit).toLowerCase(), left as bigint, right as bigint),
  ),
  datetime_part: strict(([unit, ticks]) => part(String(unit).toLowerCase(), ticks as bigint)),
  format_datetime: ([ticks, pattern]) => (ticks === null ? '' : formatDate(ticks as bigint, String(pattern))),
  format_timespan: ([ticks, pattern]) => (ticks === null ? '' : formatSpan(ticks as bigint, String(pattern))),
  make_datetime: strict((args) => makeDatetime(args)),
  make_timespan: strict((args) => makeTimespan(args)),
  datetime_utc_to_local: strict(([ticks, zone]) => {
    const offset = zoneOffset(String(zone), ticks as bigint)
    return offset === null ? null : (ticks as bigint) + offset
  }),
  datetime_local_to_utc: strict(([ticks, zone]) => {
    const guess = zoneOffset(String(zone), ticks as bigint)
    if (guess === null) return null
    const local = ticks as bigint
    const offset = zoneOffset(String(zone), local - guess)!
    // In the hour that a clock skips no offset leads back to the time; the one after it is taken.
    const skipped = zoneOffset(String(zone), local - offset)! !== offset
    return local - (skipped && guess > offset ? guess : offset)
  }),
  unixtime_seconds_todatetime: fromUnix(1e7),
  unixtime_milliseconds_todatetime: fromUnix(1e4),
  unixtime_microseconds_todatetime: fromUnix(10),
  unixtime_nanoseconds_todatetime: fromUnix(0.01),
}
