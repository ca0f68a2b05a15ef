import { ByteBuffer } from '../text/bytes.js'

/**
 * Columns under construction, laid out as a Parquet page wants them: values that are there, one after another, and one bit a row
 * that says whether there is one. A row that a column is not given a value for is null there and costs nothing.
 */
export type Column = TextColumn | NameColumn | IntegerColumn

/** One bit a row; set where the row has a value. */
class Presence {
  bits = new Uint8Array(1024)

  has(row: number): boolean {
    return ((this.bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
  }

  set(row: number): void {
    const index = row >> 3
    if (index >= this.bits.length) {
      const grown = new Uint8Array(Math.max(this.bits.length * 2, index + 1))
      grown.set(this.bits)
      this.bits = grown
    }
    this.bits[index]! |= 1 << (row & 7)
  }

  clear(): void {
    this.bits.fill(0)
  }
}

/** Text, each value as a 32-bit little-endian length and its UTF-8 bytes. */
export class TextColumn {
  readonly kind = 'text'
  readonly data = new ByteBuffer(4096)
  readonly presence = new Presence()
  count = 0

  /** Starts a value at the end of `data`; the caller appends its bytes and then calls `commit` or `cancel`. Returns its start. */
  open(): number {
    const data = this.data
    data.reserve(4)
    data.length += 4
    return data.length
  }

  commit(row: number, start: number): void {
    const { bytes, length } = this.data
    const size = length - start
    bytes[start - 4] = size
    bytes[start - 3] = size >>> 8
    bytes[start - 2] = size >>> 16
    bytes[start - 1] = size >>> 24
    this.presence.set(row)
    this.count++
  }

  cancel(start: number): void {
    this.data.length = start - 4
  }

  setString(row: number, text: string): void {
    const start = this.open()
    this.data.appendString(text)
    this.commit(row, start)
  }

  /** Copies `bytes[from, to)` as the value of `row`. */
  setBytes(row: number, bytes: Uint8Array, from: number, to: number): void {
    const start = this.open()
    const size = to - from
    this.data.reserve(size)
    const out = this.data.bytes
    if (size < 48) for (let index = 0; index < size; index++) out[start + index] = bytes[from + index]!
    else out.set(bytes.subarray(from, to), start)
    this.data.length = start + size
    this.commit(row, start)
  }

  clear(): void {
    this.data.clear(KEPT)
    this.presence.clear()
    this.count = 0
  }
}

/** Bytes that an emptied column keeps: each of many columns grows large in some batch, and never all of them in one. */
const KEPT = 64 * 2 ** 10

/** Text with few distinct values, each kept once; a row holds the number of its value. */
export class NameColumn {
  readonly kind = 'name'
  readonly presence = new Presence()
  readonly dictionary: string[] = []
  indexes = new Uint32Array(1024)
  count = 0
  private readonly numbers = new Map<string, number>()

  setString(row: number, text: string): void {
    let number = this.numbers.get(text)
    if (number === undefined) {
      number = this.dictionary.push(text) - 1
      this.numbers.set(text, number)
    }
    if (this.count === this.indexes.length) {
      const grown = new Uint32Array(this.count * 2)
      grown.set(this.indexes)
      this.indexes = grown
    }
    this.indexes[this.count++] = number
    this.presence.set(row)
  }

  clear(): void {
    this.presence.clear()
    this.count = 0
    this.dictionary.length = 0
    this.numbers.clear()
  }
}

/** Whole numbers of 64 bits as pairs of 32-bit words, low word first. Also fingerprints and microseconds. */
export class IntegerColumn {
  readonly kind = 'integer'
  readonly presence = new Presence()
  words = new Uint32Array(2048)
  count = 0

  /** `value` is a whole number below 2^53 in size. */
  setNumber(row: number, value: number): void {
    this.setWords(row, value >>> 0, Math.floor(value / 4294967296) >>> 0)
  }

  setWords(row: number, low: number, high: number): void {
    const at = this.count * 2
    if (at === this.words.length) {
      const grown = new Uint32Array(at * 2)
      grown.set(this.words)
      this.words = grown
    }
    this.words[at] = low
    this.words[at + 1] = high
    this.count++
    this.presence.set(row)
  }

  clear(): void {
    this.presence.clear()
    this.count = 0
  }
}
