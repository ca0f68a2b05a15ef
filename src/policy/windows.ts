import type { TimeWindow } from './policy.js'

/** A stretch of time in microseconds; `end` is not in it. */
export interface Interval {
  readonly start: number
  readonly end: number
}

const DAY = 86_400_000

/** More days than any log covers; a broken clock must not make a scan count through the centuries. */
const MOST_DAYS = 40_000

/**
 * The windows as stretches of UTC between two times (microseconds), in order and without overlaps. Clocks that are put forward or back
 * are followed: 07:00 is what the clock on the wall says.
 */
export function intervalsOf(windows: readonly TimeWindow[], first: number, last: number): readonly Interval[] {
  const found: Interval[] = []
  const begin = Math.floor(first / 1000 / DAY) - 2
  const end = Math.min(Math.ceil(last / 1000 / DAY) + 2, begin + MOST_DAYS)
  for (const window of windows) {
    const offset = offsetsOf(window.timeZone)
    for (let day = begin; day <= end; day++) {
      // Day 0, 1 January 1970, was a Thursday.
      const weekday = ((((day + 3) % 7) + 7) % 7) + 1
      if (!window.days.has(weekday)) continue
      const next = window.to > window.from ? day : day + 1
      const from = utcOf(day * DAY + window.from * 60_000, offset)
      const to = utcOf(next * DAY + window.to * 60_000, offset)
      if (to > from) found.push({ start: from * 1000, end: to * 1000 })
    }
  }
  found.sort((a, b) => a.start - b.start)
  const merged: Interval[] = []
  for (const each of found) {
    const before = merged.at(-1)
    if (before && each.start <= before.end)
      merged[merged.length - 1] = { start: before.start, end: Math.max(before.end, each.end) }
    else merged.push(each)
  }
  return merged
}

/** UTC milliseconds of a time on the wall. A time that the clocks skip is taken as the hour after it, one that comes twice as the first. */
function utcOf(wall: number, offset: (utc: number) => number): number {
  const before = wall - offset(wall - DAY / 2)
  const after = wall - offset(wall + DAY / 2)
  const fits = [before, after].filter((utc) => utc + offset(utc) === wall)
  return fits.length > 0 ? Math.min(...fits) : Math.max(before, after)
}

/** How far the place's clocks are ahead of UTC at a time, in milliseconds. */
function offsetsOf(timeZone: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (utc) => {
    const parts = Object.fromEntries(format.formatToParts(utc).map(({ type, value }) => [type, value]))
    const wall = Date.UTC(
      Number(parts.year),
      Number(parts.month) - 1,
      Number(parts.day),
      Number(parts.hour),
      Number(parts.minute),
      Number(parts.second),
    )
    return wall - Math.floor(utc / 1000) * 1000
  }
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** `Mon-Fri`, `Sat`, `Fri-Mon` as days of the week from 1; undefined where it is none. */
export function readDays(text: string): readonly number[] | undefined {
  const match = /^\s*([a-z]{3,9})(?:\s*-\s*([a-z]{3,9}))?\s*$/i.exec(text)
  if (!match) return undefined
  const [from, to] = [match[1]!, match[2] ?? match[1]!].map(dayOf) as [number, number]
  if (from < 0 || to < 0) return undefined
  const length = ((to - from + 7) % 7) + 1
  return Array.from({ length }, (_, index) => ((from + index) % 7) + 1)
}

function dayOf(name: string): number {
  const lower = name.toLowerCase()
  return DAYS.findIndex((day) => lower === day || FULL.find((full) => full.startsWith(day)) === lower)
}

const FULL = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

/** `07:30` as minutes of the day, `24:00` included; undefined where it is no such time. */
export function readClock(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text)
  if (!match) return undefined
  const minutes = Number(match[1]) * 60 + Number(match[2])
  return Number(match[2]) < 60 && minutes <= 1440 ? minutes : undefined
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}
