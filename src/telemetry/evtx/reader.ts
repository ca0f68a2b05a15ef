import { crc32 } from 'node:zlib'
import { fault, type OpenSource, type ReadFault, type ReadItem } from '../record.js'
import { ByteWindow } from './byte-window.js'
import { CHUNK_SIZE, ChunkRecords, hasRecords, isZero } from './chunk.js'
import { RecordNumbers } from './record-numbers.js'

/**
 * Reads a Windows event log (`.evtx`): a block of records a chunk. Nothing in it makes this throw: damage is told in faults and costs
 * what it hit. A file without its header is read from its first chunk on.
 */
export async function* readEvtx(source: OpenSource): AsyncGenerator<Iterable<ReadItem>> {
  const window = new ByteWindow(source.chunks, CHUNK_SIZE)
  const numbers = new RecordNumbers()
  const records = new ChunkRecords(numbers)
  try {
    const header = readHeader(await window.look(FILE_HEADER))
    if (header.faults.length > 0) yield header.faults
    if (header.isHeader) window.advance(FILE_HEADER)
    else if (!(await findChunk(window))) return
    let chunks = 0
    let isCut = false
    for (;;) {
      const bytes = await window.look(CHUNK_SIZE)
      if (bytes.length === 0) break
      const { position } = window
      isCut = bytes.length < CHUNK_SIZE
      if (startsWith(bytes, 0, CHUNK_MAGIC)) {
        records.open(bytes, position, true)
        yield records
        chunks++
      } else if (chunks < header.chunks || (header.isOpen && !isZero(bytes, 0, bytes.length))) {
        const damage = badChunk(bytes, position, header.chunks === 0 || chunks < header.chunks)
        yield [damage.fault]
        if (damage.isReadable) {
          records.open(bytes, position, false)
          yield records
        } else if (damage.next > 0) {
          window.advance(damage.next)
          continue
        }
        chunks++
      }
      window.advance(bytes.length)
    }
    const rest = numbers.rest()
    if (rest !== undefined) yield [rest]
    if (chunks < header.chunks) yield [tooFewChunks(header, chunks, numbers, window.position)]
    else if (isCut) {
      const message = 'the file ends within a chunk'
      yield [fault('evtx-cut', window.position, message, header.isOpen ? Number.NaN : 0)]
    }
  } finally {
    await window.close()
  }
}

/** Whether a file that starts with `head` (8 bytes or more) is read by `readEvtx`: it starts with a file header or with a chunk. */
export function isEvtx(head: Uint8Array): boolean {
  return (
    startsWith(head, 0, FILE_MAGIC) || startsWith(head, 0, CHUNK_MAGIC) || startsWith(head, FILE_HEADER, CHUNK_MAGIC)
  )
}

interface Header {
  readonly isHeader: boolean
  /** How many chunks there must be; 0 where that is not known. */
  readonly chunks: number
  /** Whether there may be more: in a log that was not closed the count is that of the last time it was. */
  readonly isOpen: boolean
  readonly nextNumber: number
  readonly faults: readonly ReadItem[]
}

function readHeader(bytes: Uint8Array): Header {
  const unknown = { isHeader: false, chunks: 0, isOpen: true, nextNumber: Number.NaN }
  if (bytes.length === 0) return { ...unknown, faults: [fault('empty', 0, 'the file is empty', 0)] }
  if (!startsWith(bytes, 0, FILE_MAGIC)) {
    const message = 'the file header is damaged; the file is read from its first chunk on'
    return { ...unknown, faults: [fault('evtx-header', 0, message, 0)] }
  }
  if (bytes.length < FILE_HEADER)
    return {
      ...unknown,
      isHeader: true,
      faults: [fault('evtx-cut', bytes.length, 'the file ends within its header', Number.NaN)],
    }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (crc32(bytes.subarray(0, 120)) !== view.getUint32(124, true))
    return {
      ...unknown,
      isHeader: true,
      faults: [
        fault('evtx-header', 0, 'the checksum of the file header is wrong; the chunks are read all the same', 0),
      ],
    }
  const isOpen = (view.getUint32(120, true) & 1) !== 0
  const nextNumber = view.getUint32(28, true) * 0x100000000 + view.getUint32(24, true)
  return { isHeader: true, chunks: view.getUint16(42, true), isOpen, nextNumber, faults: [] }
}

function tooFewChunks(header: Header, chunks: number, numbers: RecordNumbers, position: number): ReadFault {
  const message = `the file ends after ${chunks} chunks; its header counts ${header.chunks}`
  // Where a file is written round and round, the newest records are not at its end.
  const lost = header.nextNumber - 1 - numbers.highest
  return fault('evtx-cut', position, message, lost > 0 && lost < 2 ** 32 && !numbers.hasTurned ? lost : Number.NaN)
}

/** Moves to the first chunk; false where there is none. */
async function findChunk(window: ByteWindow): Promise<boolean> {
  for (;;) {
    const bytes = await window.look(CHUNK_SIZE)
    const next = chunkFrom(bytes, 0)
    if (next >= 0) {
      window.advance(next)
      return true
    }
    if (bytes.length < CHUNK_SIZE) return false
    window.advance(bytes.length - CHUNK_MAGIC.length)
  }
}

/** What can be made of bytes where a chunk should start and does not. */
function badChunk(bytes: Uint8Array, position: number, isCounted: boolean) {
  const next = chunkFrom(bytes, 1)
  const isReadable = next < 0 && hasRecords(bytes)
  const message = isReadable
    ? 'the header of a chunk is damaged; its records are read all the same'
    : `${next > 0 ? next : bytes.length} bytes where a chunk was expected are none`
  return {
    next,
    isReadable,
    fault: fault('evtx-bad-chunk', position, message, isReadable || !isCounted ? 0 : Number.NaN),
  }
}

function chunkFrom(bytes: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(CHUNK_MAGIC, from)
}

function startsWith(bytes: Uint8Array, at: number, magic: Uint8Array): boolean {
  return bytes.length >= at + magic.length && magic.every((byte, index) => bytes[at + index] === byte)
}

const FILE_HEADER = 4096
const ENCODER = new TextEncoder()
const FILE_MAGIC = ENCODER.encode('ElfFile\0')
const CHUNK_MAGIC = ENCODER.encode('ElfChnk\0')
