/** Numbers in order, in blocks, so that adding and removing one moves few. */
export class SortedNumbers {
  private readonly blocks: number[][] = []
  private count = 0

  get length(): number {
    return this.count
  }

  add(number: number): void {
    this.count++
    const index = this.blockOf(number)
    const block = this.blocks[index]
    if (!block) {
      this.blocks.push([number])
      return
    }
    block.splice(placeOf(block, number), 0, number)
    if (block.length > LARGEST) this.blocks.splice(index + 1, 0, block.splice(LARGEST / 2))
  }

  /** Removes one such number, which must be there. */
  remove(number: number): void {
    const index = this.blockOf(number)
    const block = this.blocks[index]!
    block.splice(placeOf(block, number), 1)
    if (block.length === 0) this.blocks.splice(index, 1)
    this.count--
  }

  /** The number at a place, from 0. */
  at(place: number): number {
    let left = place
    for (const block of this.blocks) {
      if (left < block.length) return block[left]!
      left -= block.length
    }
    throw new Error(`no number at ${place} of ${this.count}`)
  }

  /** The value at a rank from 0 to 100: `percentile_cont` of SQL, which goes in a straight line from one value to the next. */
  percentile(rank: number): number {
    const place = (rank / 100) * (this.count - 1)
    const below = Math.floor(place)
    const low = this.at(below)
    const share = place - below
    return share === 0 ? low : low + share * (this.at(below + 1) - low)
  }

  /** The first block whose last number is not below; the last one where there is none. */
  private blockOf(number: number): number {
    const found = this.blocks.findIndex((block) => block[block.length - 1]! >= number)
    return found < 0 ? Math.max(0, this.blocks.length - 1) : found
  }
}

const LARGEST = 512

/** The first place whose number is not below. */
function placeOf(block: readonly number[], number: number): number {
  let from = 0
  let to = block.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (block[middle]! < number) from = middle + 1
    else to = middle
  }
  return from
}
