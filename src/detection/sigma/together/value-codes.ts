/** Numbers for 64-bit values in the order in which they are met, from 0. An open hash table, because there are millions to look up. */
export class ValueCodes {
  private mask: number
  private slots: Int32Array
  private low: Int32Array
  private high: Int32Array
  size = 0

  constructor(capacity = 1024) {
    this.mask = capacity * 2 - 1
    this.slots = new Int32Array(capacity * 2).fill(-1)
    this.low = new Int32Array(capacity)
    this.high = new Int32Array(capacity)
  }

  /** The value's number; it is new where the number is the size before. */
  codeOf(low: number, high: number): number {
    let slot = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) & this.mask
    for (;;) {
      const code = this.slots[slot]!
      if (code < 0) break
      if (this.low[code] === low && this.high[code] === high) return code
      slot = (slot + 1) & this.mask
    }
    const code = this.size++
    this.slots[slot] = code
    this.low[code] = low
    this.high[code] = high
    if (this.size === this.low.length) this.grow()
    return code
  }

  private grow(): void {
    const { low, high } = this
    const capacity = low.length * 2
    this.mask = capacity * 2 - 1
    this.slots = new Int32Array(capacity * 2).fill(-1)
    this.low = new Int32Array(capacity)
    this.high = new Int32Array(capacity)
    this.low.set(low)
    this.high.set(high)
    for (let code = 0; code < this.size; code++) {
      let slot = (Math.imul(low[code]!, 0x9e3779b1) ^ Math.imul(high[code]!, 0x85ebca6b)) & this.mask
      while (this.slots[slot]! >= 0) slot = (slot + 1) & this.mask
      this.slots[slot] = code
    }
  }
}
