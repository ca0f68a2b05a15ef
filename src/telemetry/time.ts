/**
 * Time texts → microseconds since 1970-01-01 UTC. Strict: what is not one of the forms below is not a time, nothing is guessed.
 *
 * - ISO 8601 and its kin: `2026-11-21T07:04:11.1234567Z`, `2026-11-21 07:04:11`, `2026/11/21 07:04:11 UTC`, `20261121T070411Z`, offsets `+02:00`, `+0200`
 * - `/Date(1596268006000)/`, as PowerShell writes it
 * - spelled months: `Nov 21, 2026 7:04:11 AM`, `21 Nov 2026 07:04:11`
 * - `21.11.2026 07:04:11`: with dots the day comes first
 * - `11/21/2026 7:04:11.123 AM`: which comes first is the caller's to say (`DateOrder`)
 *
 * Digits below the microsecond are cut off. A leap second counts as the second after.
 */
export interface Time {
  /** Microseconds since 1970-01-01 UTC. */
  readonly micros: number
  /** True where the text says its zone. */
  readonly zoned: boolean
}

export type DateOrder = 'month-first' | 'day-first'

/** Reads a time text; undefined where it is none. Without `order` a date like `1/2/2026` is unreadable unless one number exceeds 12. */
export function parseTime(text: string, order?: DateOrder): Time | undefined {
  const cursor = new Cursor(text)
  cursor.blanks()
  const time = readTime(cursor, order)
  cursor.blanks()
  return cursor.at === text.length ? time : undefined
}

/** What a slash-separated date shows about its order: the number that exceeds 12 cannot be the month. */
export function dateOrderShown(text: string): DateOrder | 'either' | undefined {
  const match = /^\s*(\d{1,2})[/-](\d{1,2})[/-]\d{4}\b/.exec(text)
  if (!match) return undefined
  if (Number(match[1]) > 12) return 'day-first'
  return Number(match[2]) > 12 ? 'month-first' : 'either'
}

/** Seconds, milliseconds or microseconds since 1970, told apart by their size; undefined outside the years 1973 to 5138. */
export function epochTime(value: number): Time | undefined {
  const factor = value < 1e8 ? 0 : value < 1e11 ? 1e6 : value < 1e14 ? 1e3 : value < 1e17 ? 1 : 0
  return factor === 0 || !Number.isFinite(value) ? undefined : { micros: Math.round(value * factor), zoned: true }
}

/** `2026-11-21T07:04:11.123456Z` of a time in microseconds. */
export function formatTime(micros: number): string {
  const seconds = Math.floor(micros / 1e6)
  const rest = micros - seconds * 1e6
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(rest).padStart(6, '0')}Z`
}

function readTime(cursor: Cursor, order: DateOrder | undefined): Time | undefined {
  if (cursor.code() === SLASH) return readJsonDate(cursor)
  if (!isDigit(cursor.code())) return readSpelled(cursor, undefined)
  const first = cursor.digits(1, 8)
  const width = cursor.width
  if (width === 8) return readClock(cursor, Math.floor(first / 10000), Math.floor(first / 100) % 100, first % 100)
  const separator = cursor.code()
  if (width === 4 && (separator === DASH || separator === SLASH)) {
    cursor.at++
    const month = cursor.digits(1, 2)
    if (cursor.code() !== separator) return undefined
    cursor.at++
    return readClock(cursor, first, month, cursor.digits(1, 2))
  }
  if (width > 2) return undefined
  if (separator === SPACE || separator === DASH) {
    const start = cursor.at++
    if (!isDigit(cursor.code())) return readSpelled(cursor, first)
    cursor.at = start
  }
  if (separator !== DOT && separator !== SLASH && separator !== DASH) return undefined
  cursor.at++
  const second = cursor.digits(1, 2)
  if (cursor.code() !== separator) return undefined
  cursor.at++
  const year = cursor.digits(4, 4)
  const dayFirst = separator === DOT || (first > 12 ? true : second > 12 ? false : order === 'day-first')
  if (separator !== DOT && first <= 12 && second <= 12 && first !== second && order === undefined) return undefined
  return dayFirst ? readClock(cursor, year, second, first) : readClock(cursor, year, first, second)
}

/** `Nov 21, 2026 7:04:11 AM`, or with the day already read: `21 Nov 2026`. */
function readSpelled(cursor: Cursor, day: number | undefined): Time | undefined {
  const month = MONTHS.indexOf(cursor.letters().slice(0, 3).toLowerCase()) + 1
  if (month === 0) return undefined
  if (cursor.code() === DOT || cursor.code() === DASH) cursor.at++
  cursor.blanks()
  const dayOfMonth = day ?? cursor.digits(1, 2)
  if (cursor.code() === COMMA) cursor.at++
  cursor.blanks()
  return readClock(cursor, cursor.digits(4, 4), month, dayOfMonth)
}

/** What follows a date: nothing, or a time of day with fraction, AM or PM, and zone. */
function readClock(cursor: Cursor, year: number, month: number, day: number): Time | undefined {
  if (!(year >= 1601 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)))
    return undefined
  const midnight = daysSince1970(year, month, day) * 86_400e6
  if (cursor.code() === COMMA) cursor.at++
  if (cursor.code() === LETTER_T) cursor.at++
  else cursor.blanks()
  if (!isDigit(cursor.code())) return { micros: midnight, zoned: false }

  let hour = cursor.digits(1, 6)
  let minute: number
  let second = 0
  if (cursor.width === 6) {
    second = hour % 100
    minute = Math.floor(hour / 100) % 100
    hour = Math.floor(hour / 10000)
  } else {
    if (cursor.width > 2 || cursor.code() !== COLON) return undefined
    cursor.at++
    minute = cursor.digits(2, 2)
    if (cursor.code() === COLON) {
      cursor.at++
      second = cursor.digits(2, 2)
    }
  }
  const fraction = cursor.fraction()
  cursor.blanks()
  const half = cursor.half()
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined
    hour = (hour % 12) + half
  }
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return undefined
  const zone = cursor.zone()
  if (Number.isNaN(zone)) return undefined
  const micros = midnight + ((hour * 60 + minute) * 60 + second) * 1e6 + fraction - (zone ?? 0) * 60e6
  return { micros, zoned: zone !== undefined }
}

function readJsonDate(cursor: Cursor): Time | undefined {
  const match = /^\/Date\((-?\d{1,15})([+-]\d{4})?\)\/$/.exec(cursor.text.trim())
  if (!match) return undefined
  cursor.at = cursor.text.length
  return { micros: Number(match[1]) * 1000, zoned: true }
}

class Cursor {
  at = 0
  /** How many digits `digits` read last. */
  width = 0

  constructor(readonly text: string) {}

  code(): number {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : 0
  }

  blanks(): void {
    while (isBlank(this.code())) this.at++
  }

  /** A run of digits, or NaN where it is shorter than `least` or longer than `most`. */
  digits(least: number, most: number): number {
    const start = this.at
    let value = 0
    while (isDigit(this.code()) && this.at - start < 19) value = value * 10 + this.text.charCodeAt(this.at++) - 48
    this.width = this.at - start
    return this.width < least || this.width > most ? Number.NaN : value
  }

  letters(): string {
    const start = this.at
    while (isLetter(this.code())) this.at++
    return this.text.slice(start, this.at)
  }

  /** Microseconds of `.123` or `,123`, of up to nine digits; 0 where there is none. */
  fraction(): number {
    const mark = this.code()
    if ((mark !== DOT && mark !== COMMA) || !isDigit(this.text.charCodeAt(this.at + 1))) return 0
    this.at++
    const value = this.digits(1, 9)
    return Math.floor((value * 1e6) / 10 ** this.width)
  }

  /** 0 for AM, 12 for PM; undefined where neither is written. */
  half(): 0 | 12 | undefined {
    const match = /^([ap])\.?m\.?(?![a-z])/i.exec(this.text.slice(this.at, this.at + 5))
    if (!match) return undefined
    this.at += match[0].length
    this.blanks()
    return match[1]!.toLowerCase() === 'a' ? 0 : 12
  }

  /** Minutes east of UTC; undefined where no zone is written, NaN where what stands there is none. */
  zone(): number | undefined {
    const code = this.code()
    if (code === 0) return undefined
    if (code === LETTER_Z || code === LETTER_Z + 32) {
      this.at++
      return 0
    }
    if (this.text.startsWith('UTC', this.at) || this.text.startsWith('GMT', this.at)) {
      this.at += 3
      if (this.code() !== PLUS && this.code() !== DASH) return 0
    }
    const sign = this.code() === PLUS ? 1 : this.code() === DASH ? -1 : Number.NaN
    this.at++
    let hours = this.digits(1, 4)
    let minutes = 0
    if (this.width > 2) {
      minutes = hours % 100
      hours = Math.floor(hours / 100)
    } else if (this.code() === COLON) {
      this.at++
      minutes = this.digits(2, 2)
    }
    return hours <= 15 && minutes <= 59 ? sign * (hours * 60 + minutes) : Number.NaN
  }
}

// Days from civil date, after Howard Hinnant: https://howardhinnant.github.io/date_algorithms.html#days_from_civil
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const SPACE = 32
const PLUS = 43
const COMMA = 44
const DASH = 45
const DOT = 46
const SLASH = 47
const COLON = 58
const LETTER_T = 84
const LETTER_Z = 90

const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122
// Browsers put a no-break space, plain or narrow, between the time and AM or PM.
const isBlank = (code: number): boolean => code === SPACE || code === 9 || code === 0xa0 || code === 0x202f
