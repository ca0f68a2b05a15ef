import { crc32 } from 'node:zlib'
import { fault, type ReadFault, type ReadItem } from '../record.js'
import { EvtxRecord } from './record.js'
import type { RecordNumbers } from './record-numbers.js'
import { BinXmlError } from './tree.js'

export const CHUNK_SIZE = 65536
/** Bytes of a chunk before its first record. */
export const CHUNK_HEADER = 512

/** Whether a record can be recognised anywhere in the bytes of a chunk whose header is lost. */
export function hasRecords(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = bytes.indexOf(ASTERISK); at >= 0; at = bytes.indexOf(ASTERISK, at + 1))
    if (recordEnd(bytes, view, at) >= 0) return true
  return false
}

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
  /** What the header says of the numbers of its records; NaN where it says nothing. */
  private firstNumber = Number.NaN
  private lastNumber = Number.NaN
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
    this.firstNumber = Number.NaN
    this.lastNumber = Number.NaN
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
        // Older records that the chunk no longer counts.
        this.at = this.bytes.length
        if (this.finish(start, false)) continue
        return this.ended
      }
      this.at = end
      if (number === this.numbers.last + 1) this.numbers.pass(number)
      else this.checkNumber(number, start, end)
      // Not `number`, which may itself be damaged.
      this.seen = this.numbers.last
      if (!this.read(start, end)) continue
      if (this.pending.length === 0) return this.give(this.record)
      this.hasRecord = true
    }
  }

  /** Moves the cursor to a record; false where the record is damaged, which is then said. */
  private read(start: number, end: number): boolean {
    try {
      this.record.read(start, end, this.position + start)
      return true
    } catch (error) {
      this.pending.push(this.damaged(start, error))
      return false
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

  private recordEnd(at: number): number {
    return recordEnd(this.bytes, this.view, at)
  }

  private numberAt(at: number): number {
    return this.view.getUint32(at + 12, true) * 0x100000000 + this.view.getUint32(at + 8, true)
  }

  private checkNumber(number: number, start: number, end: number): void {
    const following = this.recordEnd(end) < 0 ? -1 : this.numberAt(end)
    const found = this.numbers.next(number, following, this.seen < 0, this.position + start)
    if (found !== undefined) this.pending.push(found)
  }

  /** Where no record can be recognised: looks for the next, or for the end. Returns false where nothing is left to give. */
  private findNext(start: number): boolean {
    const { bytes } = this
    const stop = Math.min(this.limit, bytes.length)
    const next = start < stop ? this.search(start + 1, stop) : -1
    const isSalvaged = start < stop && this.salvage(start, next < 0 ? stop : next)
    this.at = next < 0 ? bytes.length : next
    if (next < 0) return this.finish(start, isSalvaged) || isSalvaged
    const number = this.numberAt(next)
    const lost = plausible(number - this.before() - 1, next - start)
    if (lost !== 0 || !isSalvaged) this.pending.push(this.notRecords(start, next, lost))
    this.numbers.pass(number - 1)
    return true
  }

  /** A record whose size is wrong, or whose end is gone, may still have its values. */
  private salvage(start: number, end: number): boolean {
    const { view } = this
    if (start + SMALLEST_RECORD > end || view.getUint32(start, true) !== SIGNATURE) return false
    try {
      this.record.read(start, end, this.position + start)
    } catch {
      return false
    }
    const number = this.numberAt(start)
    if (number > this.seen && !(number - this.before() >= MOST_RECORDS)) this.seen = number
    this.hasRecord = true
    const message = `the end of record ${number} is damaged; the record is given as far as it can be read`
    this.pending.push(fault('evtx-bad-record', this.position + start, message, 0))
    return true
  }

  /** The number of the last record in the chunk so far. */
  private before(): number {
    return this.seen >= 0 ? this.seen : this.firstNumber - 1
  }

  /** The next place where a record can be recognised whose number may stand in this chunk, or -1. */
  private search(from: number, stop: number): number {
    const { bytes } = this
    for (let at = bytes.indexOf(ASTERISK, from); at >= 0 && at < stop; at = bytes.indexOf(ASTERISK, at + 1)) {
      if (this.recordEnd(at) < 0) continue
      const number = this.numberAt(at)
      if (number >= this.firstNumber && number <= this.lastNumber) return at
      if (this.seen < 0 || (number > this.seen && number - this.seen < MOST_RECORDS)) return at
    }
    return -1
  }

  /** Says what is missing at the end of the chunk. Returns whether there was something to say. */
  private finish(start: number, isSalvaged: boolean): boolean {
    const { bytes, limit } = this
    if (limit === 0) return false
    this.limit = 0
    const missing = this.lastNumber - this.before()
    const isKnown = missing >= 0 && missing < MOST_RECORDS
    const lost = isKnown ? missing : Number.NaN
    if (isKnown) this.numbers.pass(this.lastNumber)
    if (lost === 0) return false
    if (!isKnown && (start >= limit || isSalvaged)) return false
    if (this.isCut) {
      const message = `the file ends ${bytes.length} bytes into a chunk of ${CHUNK_SIZE}`
      this.pending.push(fault('evtx-cut', this.position + bytes.length, message, lost))
    } else if (start >= limit) {
      const message = `the header of a chunk counts records up to ${this.lastNumber}; the last is ${this.before()}`
      this.pending.push(fault('evtx-bad-record', this.position + start, message, lost))
    } else if (isKnown || !isZero(bytes, start, limit)) this.pending.push(this.notRecords(start, limit, lost))
    else return false
    return true
  }

  private damaged(start: number, error: unknown): ReadFault {
    const reason = error instanceof BinXmlError ? error.message : 'its content makes no sense'
    const message = `record ${this.numberAt(start)} is damaged: ${reason}`
    return fault('evtx-bad-record', this.position + start, message, 1)
  }

  private notRecords(start: number, end: number, lost: number): ReadFault {
    const message = `${end - start} bytes where a record was expected are none`
    return fault('evtx-bad-record', this.position + start, message, lost)
  }
}

/** Where the record at `at` ends, or -1 where none can be recognised. */
function recordEnd(bytes: Uint8Array, view: DataView, at: number): number {
  if (at + SMALLEST_RECORD > bytes.length || view.getUint32(at, true) !== SIGNATURE) return -1
  const size = view.getUint32(at + 4, true)
  const end = at + size
  if (size < SMALLEST_RECORD || end > bytes.length) return -1
  if (view.getUint32(end - 4, true) === size) return end
  // Where the copy of the size is wrong, the size is right if the next record comes after it.
  if (end + SMALLEST_RECORD > bytes.length || view.getUint32(end, true) !== SIGNATURE) return -1
  return view.getUint32(end + 8, true) === view.getUint32(at + 8, true) + 1 ? end : -1
}

/** `count` where so many records fit into `size` bytes, else NaN. */
function plausible(count: number, size: number): number {
  return count >= 0 && count * SMALLEST_RECORD <= size + CHUNK_HEADER ? count : Number.NaN
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  const part = bytes.subarray(start, end)
  return Buffer.compare(part, ZEROS.subarray(0, part.length)) === 0
}

const ZEROS = new Uint8Array(CHUNK_SIZE)
const SIGNATURE = 0x00002a2a
const ASTERISK = 0x2a
/** Header, end of the binary XML, copy of the size. */
const SMALLEST_RECORD = 28
const MOST_RECORDS = CHUNK_SIZE / SMALLEST_RECORD
