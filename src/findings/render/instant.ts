import { parseTime } from '../../telemetry/time.js'

/** Microseconds since 1970 of a time in a report. A rule may call any column `Timestamp`, so that it need not be a time: undefined then. */
export const microsOf = (time: string | null): number | undefined =>
  time === null ? undefined : parseTime(time)?.micros
