/** A stretch of time drawn from left to right, with its ticks at round places of the UTC clock. */
export interface TimeAxis {
  readonly start: number
  readonly end: number
  /** Milliseconds since 1970 → 0 at the left edge, 100 at the right. */
  readonly percent: (time: number) => number
  readonly ticks: readonly { readonly time: number; readonly label: string }[]
}

/** Milliseconds in, about `wanted` ticks out. An axis of no length is widened to an hour. */
export function timeAxis(first: number, last: number, wanted = 7): TimeAxis {
  const spare = first === last ? 30 * MINUTE : (last - first) * 0.02
  const start = first - spare
  const end = last + spare
  const percent = (time: number) => Math.min(100, Math.max(0, ((time - start) / (end - start)) * 100))
  return { start, end, percent, ticks: ticksBetween(start, end, wanted) }
}

function ticksBetween(start: number, end: number, wanted: number): TimeAxis['ticks'] {
  const step = STEPS.find((length) => (end - start) / length <= wanted)
  if (step === undefined) return calendarTicks(start, end, wanted)
  const ticks: { time: number; label: string }[] = []
  for (let time = Math.ceil(start / step) * step; time <= end; time += step)
    ticks.push({ time, label: label(time, step) })
  return ticks
}

/** Months and years, which are not all of one length. */
function calendarTicks(start: number, end: number, wanted: number): TimeAxis['ticks'] {
  const months = (end - start) / (30.4 * DAY)
  const step = MONTH_STEPS.find((length) => months / length <= wanted) ?? 1_200_000
  const from = new Date(start)
  const ticks: { time: number; label: string }[] = []
  const first = Math.floor((from.getUTCFullYear() * 12 + from.getUTCMonth()) / step) * step
  for (let month = first; ; month += step) {
    const time = new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1)
    if (time > end || Number.isNaN(time)) return ticks
    if (time < start) continue
    const year = Math.floor(month / 12)
    ticks.push({ time, label: step >= 12 ? String(year) : `${MONTHS[month % 12]} ${year}` })
  }
}

function label(time: number, step: number): string {
  const date = new Date(time)
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
  if (step >= DAY || time % DAY === 0) return day
  return date.toISOString().slice(11, step < MINUTE ? 19 : 16)
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const STEPS = [
  SECOND,
  5 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  4 * DAY,
  7 * DAY,
  14 * DAY,
] as const

const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000, 60_000, 120_000] as const

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
