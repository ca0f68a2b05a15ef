/** The row goes on past the bytes at hand. */
export const CUT = -1
/** Something stands between a closing quote and the delimiter. */
export const BROKEN = -2

/** Finds the cells of CSV rows (RFC 4180, any delimiter, quoted cells over several lines) without making strings of them. */
export class CsvScanner {
  /** The cells of the row scanned last, without their quotes. */
  starts = new Int32Array(128)
  ends = new Int32Array(128)
  /** 1 where a cell holds doubled quotes. */
  doubled = new Uint8Array(128)
  count = 0
  /** Line ends in the row, the one at its end included. */
  lines = 0
  errorAt = 0

  constructor(readonly delimiter: number) {}

  /** Scans the row that starts at `from`. Returns where the next one starts, `CUT` or `BROKEN`. With `isLast` the text ends at `to`. */
  row(bytes: Uint8Array, from: number, to: number, isLast: boolean): number {
    const { delimiter } = this
    this.count = 0
    this.lines = 0
    let at = from
    for (;;) {
      let start = at
      let end: number
      let doubled = 0
      if (bytes[at] === QUOTE && at < to) {
        start = ++at
        for (;;) {
          while (at < to && bytes[at] !== QUOTE) {
            if (bytes[at] === LINE_FEED) this.lines++
            at++
          }
          if (at >= to) return CUT
          if (at + 1 >= to && !isLast) return CUT
          if (bytes[at + 1] !== QUOTE || at + 1 >= to) break
          doubled = 1
          at += 2
        }
        end = at++
        if (at < to && bytes[at] !== delimiter && bytes[at] !== LINE_FEED && bytes[at] !== CARRIAGE_RETURN) {
          this.errorAt = at
          return BROKEN
        }
      } else {
        while (at < to) {
          const code = bytes[at]!
          if (code === delimiter || code === LINE_FEED || code === CARRIAGE_RETURN) break
          at++
        }
        end = at
      }
      if (at >= to && !isLast) return CUT
      this.add(start, end, doubled)
      if (at >= to) return to
      if (bytes[at] === delimiter) {
        at++
        continue
      }
      this.lines++
      if (bytes[at] === CARRIAGE_RETURN) {
        if (at + 1 >= to) return isLast ? to : CUT
        return bytes[at + 1] === LINE_FEED ? at + 2 : at + 1
      }
      return at + 1
    }
  }

  private add(start: number, end: number, doubled: number): void {
    const index = this.count++
    if (index === this.starts.length) {
      const { starts, ends } = this
      const flags = this.doubled
      this.starts = new Int32Array(index * 2)
      this.ends = new Int32Array(index * 2)
      this.doubled = new Uint8Array(index * 2)
      this.starts.set(starts)
      this.ends.set(ends)
      this.doubled.set(flags)
    }
    this.starts[index] = start
    this.ends[index] = end
    this.doubled[index] = doubled
  }
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const QUOTE = 34
