import type { Verdict } from '../../policy/index.js'

/** Numbers, names and lists as they are written in every report a person reads. */

/** `1,204,331`. */
export const count = (value: number): string =>
  Number.isFinite(value) ? String(value).replace(/\B(?=(\d{3})+$)/g, ',') : 'an unknown number of'

/** `1 host`, `12 hosts`; the plural is given where an `s` does not make it. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** `5.6 GB`, in powers of a thousand. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let amount = value
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  return `${unit === 0 || amount >= 99.5 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`
}

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** `2026-03-01 06:12` or, to the second, `2026-03-01 06:12:09`, from an ISO time; anything else as it is. */
export function clock(time: string, to: 'minute' | 'second' = 'minute'): string {
  if (!ISO.test(time)) return time
  return time.replace('T', ' ').slice(0, time.indexOf('T') + (to === 'minute' ? 6 : 9))
}

const ISO = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d/

/** The first names, and how many more there are: `A, B and 3 more`. */
export function some(names: readonly string[], limit: number): string {
  if (names.length <= limit) return names.join(', ')
  return `${names.slice(0, limit).join(', ')} and ${count(names.length - limit)} more`
}

/** A value that a query returned or a record held, as text. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString()
  return typeof value === 'object' ? (JSON.stringify(value, plainValue) ?? '') : String(value)
}

/** A replacer for `JSON.stringify`: integers too large for a JSON number are written as text. */
export function plainValue(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** `relay example.net, key 12ab`. */
export const pairs = (record: Readonly<Record<string, string>>): string =>
  Object.entries(record)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

/** A verdict as a person reads it. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  approved: 'approved',
  expired: 'expired',
  'approved-but-deviating': 'deviating',
  unknown: 'unknown',
  'wrong-tenant': 'wrong tenant',
  prohibited: 'prohibited',
}
