import { crc32 } from 'node:zlib'
import { fault, type ReadFault, type ReadItem } from '../record.js'
import { EvtxRecord } from './record.js'
import type { RecordNumbers } from './record-numbers.js'
import { BinXmlError } from './tree.js'

export const CHUNK_SIZE = 65536
/** Bytes of a chunk before its first record. */
export const CHUNK_HEADER = 512

/**
 * The records of one chunk, and what could not be read in it. Offsets and sizes that the chunk gives are only believed where what
 * stands there bears them out: a record that is damaged costs itself, and reading goes on with the next that can be recognised.
 */
export class ChunkRecords implements Iterable<ReadItem>, Iterator<ReadItem> {
  private readonly record = new EvtxRecord()
  private bytes: Uint8Array = new Uint8Array(0)
  private view: DataView = new DataView(this.bytes.buffer)
  private position = 0
  private at = 0
  /** Where the records end according to the header. */
  private limit = 0
  private firstNumber = -1
  private lastNumber = -1
  /** The number of the last record seen in this chunk, or -1. */
  private seen = -1
  private isCut = false
  private pending: ReadFault[] = []
  private hasRecord = false
  private readonly result: { done: boolean; value: ReadItem } = { done: false, value: this.record }
  private readonly ended: IteratorReturnResult<undefined> = { done: true, value: undefined }

  constructor(private readonly numbers: RecordNumbers) {}

  /**
   * Turns to the chunk in `bytes`, which is shorter than a chunk where the file ends within it. Without `hasHeader` nothing in the
   * first 512 bytes is believed.
   */
  open(bytes: Uint8Array, position: number, hasHeader: boolean): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = position
    this.at = CHUNK_HEADER
    this.limit = CHUNK_SIZE
    this.firstNumber = -1
    this.lastNumber = -1
    this.seen = -1
    this.isCut = bytes.length < CHUNK_SIZE
    this.pending = []
    this.hasRecord = false
    this.record.open(bytes, this.view)
    if (hasHeader && bytes.length >= CHUNK_HEADER) this.readHeader()
  }

  [Symbol.iterator](): Iterator<ReadItem> {
    return this
  }

  next(): IteratorResult<ReadItem> {
    for (;;) {
      if (this.pending.length > 0) return this.give(this.pending.shift()!)
      if (this.hasRecord) {
        this.hasRecord = false
        return this.give(this.record)
      }
      const start = this.at
      const end = this.recordEnd(start)
      if (end < 0) {
        if (!this.findNext(start)) return this.ended
        continue
      }
      const number = this.numberAt(start)
      if (start >= this.limit && number !== this.seen + 1) {
        this.at = this.bytes.length
        continue
      }
      this.at = end
      const first = this.seen < 0
      this.seen = number
      if (number !== this.numbers.last + 1) this.checkNumber(number, start, end, first)
      else this.numbers.next(number, -1, first, 0)
      try {
        this.record.read(start, end, this.position + start)
      } catch (error) {
        this.pending.push(this.damaged(start, number, error))
        continue
      }
      if (this.pending.length === 0) return this.give(this.record)
      this.hasRecord = true
    }
  }

  private give(item: ReadItem): IteratorResult<ReadItem> {
    this.result.value = item
    return this.result as IteratorYieldResult<ReadItem>
  }

  private readHeader(): void {
    const { bytes, view } = this
    const limit = view.getUint32(48, true)
    if (limit >= CHUNK_HEADER && limit <= CHUNK_SIZE) this.limit = limit
    this.firstNumber = this.numberAt(16)
    this.lastNumber = this.numberAt(24)
    if (this.isCut) return
    const header = crc32(bytes.subarray(128, CHUNK_HEADER), crc32(bytes.subarray(0, 120)))
    if (
      header !== view.getUint32(124, true) ||
      crc32(bytes.subarray(CHUNK_HEADER, this.limit)) !== view.getUint32(52, true)
    )
      this.pending.push(
        fault('evtx-checksum', this.position, 'the checksum of a chunk is wrong; its records are read all the same', 0),
      )
  }

  /** Where the record at `at` ends, or -1 where there is none. */
  private recordEnd(at: number): number {
    const { bytes, view } = this
    if (at + SMALLEST_RECORD > bytes.length || view.getUint32(at, true) !== SIGNATURE) return -1
    const size = view.getUint32(at + 4, true)
    const end = at + size
    if (size < SMALLEST_RECORD || end > bytes.length) return -1
    if (view.getUint32(end - 4, true) === size) return end
    // The copy of the size is wrong: the size is right if another record, or nothing, comes after it.
    if (end === this.limit || (end + 4 <= bytes.length && view.getUint32(end, true) === SIGNATURE)) return end
    return -1
  }

  private numberAt(at: number): number {
    return this.view.getUint32(at + 12, true) * 0x100000000 + this.view.getUint32(at + 8, true)
  }

  private checkNumber(number: number, start: number, end: number, isFirst: boolean): void {
    const following = this.recordEnd(end) < 0 ? -1 : this.numberAt(end)
    const found = this.numbers.next(number, following, isFirst, this.position + start)
    // A number that is itself damaged says nothing about what comes after it.
    this.seen = this.numbers.last
    if (found !== undefined) this.pending.push(found)
  }

  /** Looks for a record after one that is damaged, or for the end. Returns false where there is nothing left to give. */
  private findNext(start: number): boolean {
    const { bytes } = this
    const stop = Math.min(this.limit, bytes.length)
    this.at = bytes.length
    if (start >= stop) return this.finish(start)
    const next = this.search(start + 1, stop)
    const before = this.seen >= 0 ? this.seen : this.firstNumber - 1
    if (next < 0) return this.finish(start)
    const number = this.numberAt(next)
    const lost = plausible(number - before - 1, next - start)
    this.pending.push(this.notRecords(start, next, lost))
    this.numbers.pass(number - 1)
    if (this.seen < 0) this.seen = number - 1
    this.at = next
    return true
  }

  /** The next place where a record with a higher number can be recognised, or -1. */
  private search(from: number, stop: number): number {
    const { bytes } = this
    for (let at = bytes.indexOf(ASTERISK, from); at >= 0 && at < stop; at = bytes.indexOf(ASTERISK, at + 1)) {
      if (at + SMALLEST_RECORD > bytes.length) return -1
      const end = this.recordEnd(at)
      if (end < 0) continue
      const number = this.numberAt(at)
      if (number > this.seen && (this.seen < 0 || number - this.seen < MOST_RECORDS)) return at
    }
    return -1
  }

  /** Says what is missing at the end of the chunk. Returns whether there is something to say. */
  private finish(start: number): boolean {
    const { bytes } = this
    const before = this.seen >= 0 ? this.seen : this.firstNumber - 1
    const size = this.limit - start
    const known = this.lastNumber >= before && this.lastNumber - before < MOST_RECORDS
    if (this.isCut) {
      this.isCut = false
      const message = `the file ends ${bytes.length} bytes into a chunk of ${CHUNK_SIZE}`
      const lost =
        bytes.length < CHUNK_HEADER || size <= 0
          ? size <= 0
            ? 0
            : Number.NaN
          : known
            ? this.lastNumber - before
            : Number.NaN
      if (lost > 0) this.numbers.pass(this.lastNumber)
      this.pending.push(fault('evtx-cut', this.position + bytes.length, message, lost))
      return true
    }
    this.limit = 0
    if (size <= 0) return false
    const isEmpty = isZero(bytes, start, start + size)
    const lost = known ? this.lastNumber - before : Number.NaN
    if (lost === 0 || (isEmpty && !known)) return false
    this.pending.push(this.notRecords(start, start + size, lost))
    if (known) this.numbers.pass(this.lastNumber)
    return true
  }

  private damaged(start: number, number: number, error: unknown): ReadFault {
    const reason = error instanceof BinXmlError ? error.message : 'its content makes no sense'
    return fault('evtx-bad-record', this.position + start, `record ${number} is damaged: ${reason}`, 1)
  }

  private notRecords(start: number, end: number, lost: number): ReadFault {
    const message = `${end - start} bytes where a record was expected are none`
    return fault('evtx-bad-record', this.position + start, message, lost)
  }
}

/** `count` where so many records fit into `size` bytes, else NaN. */
function plausible(count: number, size: number): number {
  return count >= 0 && count * SMALLEST_RECORD <= size + CHUNK_HEADER ? count : Number.NaN
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, bytes.length)
  for (let at = start; at < stop; at++) if (bytes[at] !== 0) return false
  return true
}

const SIGNATURE = 0x00002a2a
const ASTERISK = 0x2a
/** Header, end of the binary XML, copy of the size. */
const SMALLEST_RECORD = 28
const MOST_RECORDS = CHUNK_SIZE / SMALLEST_RECORD
