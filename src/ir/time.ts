/**
 * Dates and durations in ticks of 100 nanoseconds. A date counts from 0001-01-01 UTC, as in Kusto and .NET, so that all of its arithmetic
 * is whole-number arithmetic in every engine.
 */
export const TICKS_PER_SECOND = 10_000_000n
export const TICKS_PER_DAY = 86_400n * TICKS_PER_SECOND
/** 1970-01-01 in ticks. */
export const UNIX_EPOCH = 621_355_968_000_000_000n
/** The last tick of the year 9999. */
export const LAST_TICK = 3_155_378_975_999_999_999n

/** Ticks of a JavaScript time in milliseconds. */
export const ticksFromMilliseconds = (milliseconds: number): bigint =>
  UNIX_EPOCH + BigInt(Math.floor(milliseconds)) * 10_000n

/** Milliseconds of ticks, cut. */
export const millisecondsFromTicks = (ticks: bigint): number => Number((ticks - UNIX_EPOCH) / 10_000n)

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by !== 0n && value < 0n !== by < 0n ? quotient - 1n : quotient
}

/** `2026-08-11T10:42:17.1234567Z`, always seven digits. */
export function formatDatetime(ticks: bigint): string {
  const days = floorDivide(ticks, TICKS_PER_DAY)
  const { year, month, day } = civilFromDays(days)
  const rest = ticks - days * TICKS_PER_DAY
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${formatTimeOfDay(rest)}Z`
}

/** `1.02:03:04.5000000`; days and fraction only where there are any. */
export function formatTimespan(ticks: bigint): string {
  const sign = ticks < 0n ? '-' : ''
  const size = ticks < 0n ? -ticks : ticks
  const days = size / TICKS_PER_DAY
  const clock = formatTimeOfDay(size % TICKS_PER_DAY)
  return `${sign}${days > 0n ? `${days}.` : ''}${clock.endsWith('.0000000') ? clock.slice(0, 8) : clock}`
}

function formatTimeOfDay(ticks: bigint): string {
  const seconds = ticks / TICKS_PER_SECOND
  const clock = `${pad(seconds / 3600n, 2)}:${pad((seconds / 60n) % 60n, 2)}:${pad(seconds % 60n, 2)}`
  return `${clock}.${pad(ticks % TICKS_PER_SECOND, 7)}`
}

const pad = (value: number | bigint, width: number): string => String(value).padStart(width, '0')

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Calendar date of a day number counted from 0001-01-01. */
export function civilFromDays(days: bigint): CivilDate {
  const date = new Date(Number((days - UNIX_EPOCH / TICKS_PER_DAY) * 86_400_000n))
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** Ticks of a calendar date; months and days may run over and are carried. */
export function ticksFromCivil(year: number, month: number, day: number): bigint {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return UNIX_EPOCH + BigInt(date.getTime()) * 10_000n
}

/** 0 is Sunday. */
export const dayOfWeek = (ticks: bigint): number => Number((floorDivide(ticks, TICKS_PER_DAY) + 1n) % 7n)

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const CLOCK = String.raw`(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?\s*(AM|PM)?)?`
const ZONE = String.raw`\s*(Z|GMT|UTC|[-+]\d{2}:?\d{2})?`

/** ISO 8601, then the forms that Kusto's documentation lists: RFC 822, RFC 850, sortable, `M/d/yyyy`. */
const FORMS: readonly {
  readonly form: RegExp
  readonly order: readonly ['year' | 'month' | 'day' | 'name', number][]
}[] = [
  {
    form: new RegExp(`^(\\d{4})-(\\d{1,2})-(\\d{1,2})${CLOCK}${ZONE}$`, 'i'),
    order: [
      ['year', 1],
      ['month', 2],
      ['day', 3],
    ],
  },
  {
    form: new RegExp(`^(\\d{4})/(\\d{1,2})/(\\d{1,2})${CLOCK}${ZONE}$`, 'i'),
    order: [
      ['year', 1],
      ['month', 2],
      ['day', 3],
    ],
  },
  {
    form: new RegExp(`^(\\d{4})(\\d{2})(\\d{2})${CLOCK}${ZONE}$`, 'i'),
    order: [
      ['year', 1],
      ['month', 2],
      ['day', 3],
    ],
  },
  {
    form: new RegExp(`^(\\d{1,2})[-/](\\d{1,2})[-/](\\d{4})${CLOCK}${ZONE}$`, 'i'),
    order: [
      ['month', 1],
      ['day', 2],
      ['year', 3],
    ],
  },
  {
    form: new RegExp(`^(?:[a-z]+,?\\s+)?(\\d{1,2})[- ]([a-z]{3})[a-z]*[- ](\\d{2,4})${CLOCK}${ZONE}$`, 'i'),
    order: [
      ['day', 1],
      ['name', 2],
      ['year', 3],
    ],
  },
  {
    form: new RegExp(`^(?:[a-z]+,?\\s+)?([a-z]{3})[a-z]*\\.?\\s+(\\d{1,2}),?\\s+(\\d{4})${CLOCK}${ZONE}$`, 'i'),
    order: [
      ['name', 1],
      ['day', 2],
      ['year', 3],
    ],
  },
]

/** Ticks of a date as people write it; undefined where the text is none. A missing zone is UTC. */
export function parseDatetime(source: string): bigint | undefined {
  const text = source.trim()
  const partial = /^(\d{4})(?:-(\d{1,2}))?$/.exec(text)
  if (partial) return inRange(ticksFromCivil(Number(partial[1]), Number(partial[2] ?? 1), 1))
  for (const { form, order } of FORMS) {
    const found = form.exec(text)
    if (!found) continue
    const date = { year: 0, month: 0, day: 0 }
    let yearDigits = 4
    for (const [part, group] of order) {
      const value = found[group]!
      if (part === 'year') yearDigits = value.length
      if (part === 'name') date.month = MONTHS.indexOf(value.toLowerCase().slice(0, 3)) + 1
      else date[part] = Number(value)
    }
    if (yearDigits === 2) date.year += date.year < 50 ? 2000 : 1900
    return assemble(date, found.slice(4))
  }
  return undefined
}

function assemble(
  date: CivilDate,
  [hour, minute, second, fraction, half, zone]: (string | undefined)[],
): bigint | undefined {
  const { year, month, day } = date
  if (month < 1 || month > 12 || day < 1 || year < 1) return undefined
  const midnight = ticksFromCivil(year, month, day)
  if (civilFromDays(floorDivide(midnight, TICKS_PER_DAY)).day !== day) return undefined
  let hours = Number(hour ?? 0)
  if (half) hours = (hours % 12) + (half.toUpperCase() === 'PM' ? 12 : 0)
  const minutes = Number(minute ?? 0)
  const seconds = Number(second ?? 0)
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const clock =
    BigInt(hours * 3600 + minutes * 60 + seconds) * TICKS_PER_SECOND +
    BigInt((fraction ?? '').padEnd(7, '0').slice(0, 7))
  return inRange(midnight + clock - zoneTicks(zone))
}

function zoneTicks(zone: string | undefined): bigint {
  const found = /^([-+])(\d{2}):?(\d{2})$/.exec(zone ?? '')
  if (!found) return 0n
  const minutes = Number(found[2]) * 60 + Number(found[3])
  return BigInt(found[1] === '-' ? -minutes : minutes) * 60n * TICKS_PER_SECOND
}

const inRange = (ticks: bigint): bigint | undefined => (ticks < 0n || ticks > LAST_TICK ? undefined : ticks)

/** Ticks of each unit that a Kusto duration may end in. */
export const TIMESPAN_UNITS: Readonly<Record<string, bigint>> = {
  d: TICKS_PER_DAY,
  day: TICKS_PER_DAY,
  days: TICKS_PER_DAY,
  h: 36_000_000_000n,
  hr: 36_000_000_000n,
  hrs: 36_000_000_000n,
  hour: 36_000_000_000n,
  hours: 36_000_000_000n,
  m: 600_000_000n,
  min: 600_000_000n,
  minute: 600_000_000n,
  minutes: 600_000_000n,
  s: TICKS_PER_SECOND,
  sec: TICKS_PER_SECOND,
  second: TICKS_PER_SECOND,
  seconds: TICKS_PER_SECOND,
  ms: 10_000n,
  milli: 10_000n,
  millis: 10_000n,
  millisecond: 10_000n,
  milliseconds: 10_000n,
  micro: 10n,
  micros: 10n,
  microsecond: 10n,
  microseconds: 10n,
  tick: 1n,
  ticks: 1n,
}

/** Ticks of `2d`, `1.5h`, `-00:10`, `1.02:03:04.5`, `3` (days); undefined where the text is none. */
export function parseTimespan(source: string): bigint | undefined {
  const text = source.trim()
  const unit = /^(-?)(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text)
  if (unit) {
    const size = TIMESPAN_UNITS[unit[3]!.toLowerCase()]
    if (size === undefined) return undefined
    return signed(unit[1]!, timesDecimal(unit[2]!, size))
  }
  const clock = /^(-?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/.exec(text)
  if (clock) {
    const [, sign, days, hours, minutes, seconds, fraction] = clock
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return undefined
    const total =
      BigInt(days ?? 0) * TICKS_PER_DAY +
      BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * TICKS_PER_SECOND +
      BigInt((fraction ?? '').padEnd(7, '0'))
    return signed(sign!, total)
  }
  const days = /^(-?)(\d+)$/.exec(text)
  return days ? signed(days[1]!, BigInt(days[2]!) * TICKS_PER_DAY) : undefined
}

const signed = (sign: string, ticks: bigint): bigint => (sign === '-' ? -ticks : ticks)

function timesDecimal(number: string, size: bigint): bigint {
  const [whole, fraction = ''] = number.split('.') as [string, string?]
  const scale = 10n ** BigInt(fraction.length)
  return BigInt(whole) * size + (BigInt(fraction || '0') * size) / scale
}
