import { fault, type ReadFault } from '../record.js'

/**
 * Watches the numbers of the records of a file, which Windows counts up by one. A file that is written round and round starts again
 * with its oldest chunk once, so one step back between chunks is no fault.
 */
export class RecordNumbers {
  /** The number of the last record, or -1 before the first. */
  last = -1
  highest = -1
  /** Whether there was such a step back. */
  hasTurned = false
  private reported = 0
  private more = 0
  private moreLost = 0
  private morePosition = 0

  /**
   * Takes the number of the next record; `following` is the number after it where there is one. Returns a fault where records are
   * missing or out of order.
   */
  next(number: number, following: number, isFirstOfChunk: boolean, position: number): ReadFault | undefined {
    const expected = this.last + 1
    if (number === expected || this.last < 0) {
      this.last = number
      if (number > this.highest) this.highest = number
      return undefined
    }
    if (following === expected + 1) {
      this.last = expected
      return this.report(position, `a record has the number ${number} where ${expected} was expected`, 0)
    }
    const before = this.last
    this.last = number
    if (number > this.highest) this.highest = number
    if (number > expected) {
      const lost = number - expected
      const which = lost === 1 ? `record ${expected} is missing` : `records ${expected} to ${number - 1} are missing`
      return this.report(position, which, lost < MOST_PLAUSIBLE ? lost : Number.NaN)
    }
    if (isFirstOfChunk && !this.hasTurned) {
      this.hasTurned = true
      return undefined
    }
    return this.report(position, `record numbers step back from ${before} to ${number}`, 0)
  }

  /** Takes a number that is known to be the next, or up to which records are known to be lost. */
  pass(number: number): void {
    this.last = number
    if (number > this.highest) this.highest = number
  }

  /** What was found after the faults had become too many to tell one by one. */
  rest(): ReadFault | undefined {
    if (this.more === 0) return undefined
    return fault(
      'evtx-gap',
      this.morePosition,
      `record numbers have ${this.more} more gaps or steps back`,
      this.moreLost,
    )
  }

  private report(position: number, message: string, lost: number): ReadFault | undefined {
    if (this.reported++ < MOST_REPORTED) return fault('evtx-gap', position, message, lost)
    if (this.more++ === 0) this.morePosition = position
    this.moreLost += lost
    return undefined
  }
}

const MOST_REPORTED = 32
const MOST_PLAUSIBLE = 2 ** 32
