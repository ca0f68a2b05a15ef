import { ByteCursor, type ByteStream, cutShort, ReadFailure } from '../byte-stream.js'
import { type Inflated, inflate } from './inflate.js'
import type { ArchiveBudget } from './limits.js'

/**
 * Unpacks gzip of any number of members (RFC 1952). Zero bytes and line ends behind the last member are padding; anything else there ends the
 * stream with a failure that costs nothing.
 */
export async function* gunzip(stream: ByteStream, budget: ArchiveBudget): AsyncGenerator<Uint8Array> {
  const cursor = new ByteCursor(stream)
  try {
    await readHeader(cursor)
    for (;;) {
      const result: Inflated = { crc: 0, length: 0 }
      yield* inflate(cursor, budget, result)
      await checkTrailer(cursor, result)
      if (await atEnd(cursor)) return
    }
  } finally {
    await cursor.close()
  }
}

async function readHeader(cursor: ByteCursor): Promise<void> {
  const header = await cursor.take(10)
  if (header.length < 10) throw cut(cursor)
  if (header[2] !== 8) throw new ReadFailure('archive-damaged', `gzip with unknown compression method ${header[2]}`)
  const flags = header[3]!
  if (flags & 4) {
    const size = await cursor.take(2)
    if (size.length < 2 || (await cursor.skip(size[0]! | (size[1]! << 8))) < (size[0]! | (size[1]! << 8)))
      throw cut(cursor)
  }
  if (flags & 8) await skipText(cursor)
  if (flags & 16) await skipText(cursor)
  if (flags & 2) await cursor.skip(2)
}

async function skipText(cursor: ByteCursor): Promise<void> {
  for (let length = 0; length < 65536; length++) {
    const byte = await cursor.take(1)
    if (byte.length === 0) throw cut(cursor)
    if (byte[0] === 0) return
  }
  throw new ReadFailure('archive-damaged', 'gzip header holds a name without an end')
}

async function checkTrailer(cursor: ByteCursor, result: Inflated): Promise<void> {
  const trailer = await cursor.take(8)
  if (trailer.length < 8) throw cut(cursor)
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8)
  if (view.getUint32(0, true) !== result.crc || view.getUint32(4, true) !== result.length % 2 ** 32)
    throw new ReadFailure('archive-damaged', 'gzip content does not match its checksum', Number.NaN, cursor.position)
}

async function atEnd(cursor: ByteCursor): Promise<boolean> {
  for (;;) {
    const next = await cursor.peek(2)
    if (next.length === 0) return true
    if (next[0] === 0x1f && next[1] === 0x8b) {
      await readHeader(cursor)
      return false
    }
    if (!PADDING.has(next[0]!))
      throw new ReadFailure(
        'archive-damaged',
        'bytes after the end of the gzip content were not read',
        0,
        cursor.position,
      )
    await cursor.take(1)
  }
}

const cut = (cursor: ByteCursor): ReadFailure => cutShort(cursor, 'gzip')

const PADDING = new Set([0, 10, 13])
