/**
 * A sum of floating-point numbers from which numbers can be taken away again: it is kept exactly, as parts that do not overlap, so that what
 * has left a window leaves no trace. J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997).
 */
export class ExactSum {
  private parts: number[] = []

  add(number: number): void {
    let carried = number
    let kept = 0
    for (const part of this.parts) {
      const [small, large] = Math.abs(carried) < Math.abs(part) ? [carried, part] : [part, carried]
      const sum = large + small
      const lost = small - (sum - large)
      if (lost !== 0) this.parts[kept++] = lost
      carried = sum
    }
    this.parts.length = kept
    if (carried !== 0) this.parts.push(carried)
  }

  subtract(number: number): void {
    this.add(-number)
  }

  /** The sum, rounded once. */
  get value(): number {
    const { parts } = this
    let at = parts.length
    if (at === 0) return 0
    let high = parts[--at]!
    let low = 0
    while (at > 0 && low === 0) {
      const before = high
      const next = parts[--at]!
      high = before + next
      low = next - (high - before)
    }
    // Half-way cases are decided by what lies below.
    if (at > 0 && ((low < 0 && parts[at - 1]! < 0) || (low > 0 && parts[at - 1]! > 0))) {
      const twice = low * 2
      const moved = high + twice
      if (twice === moved - high) high = moved
    }
    return high
  }
}
