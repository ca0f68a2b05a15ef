import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { ByteCursor, type ByteStream, failureOf, ReadFailure } from '../byte-stream.js'
import { type Inflated, inflate } from './inflate.js'
import type { ArchiveBudget } from './limits.js'
import type { RandomAccess } from './random-access.js'

/** A file in a zip. `refused` says why its content cannot be read; then there is none. */
export interface ZipMember {
  readonly name: string
  readonly size: number | undefined
  readonly content: ByteStream
  readonly refused: ReadFailure | undefined
}

/**
 * The files of a zip by its table of contents; folders are passed over. Where there is no table of contents, because the end is missing, the
 * members are read from the beginning on, as far as they go, and then a failure is thrown.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function* readZip(zip: RandomAccess, budget: ArchiveBudget): AsyncGenerator<ZipMember> {
  const directory = await findDirectory(zip)
  if (directory === undefined) {
    yield* readInOrder(zip, budget)
    throw new ReadFailure('archive-damaged', 'zip ends early: it has no table of contents', Number.NaN, zip.size)
  }
  const cursor = new ByteCursor(zip.stream(directory.start, directory.end))
  let seen = 0
  try {
    for (;;) {
      const header = await cursor.take(46)
      if (header.length === 0) break
      const fields = view(header)
      seen++
      if (header.length < 46 || fields.getUint32(0, true) !== DIRECTORY_ENTRY)
        throw damaged('table of contents', cursor.position)
      const name = await cursor.take(fields.getUint16(28, true))
      const extra = await cursor.take(fields.getUint16(30, true))
      await cursor.skip(fields.getUint16(32, true))
      const entry: Entry = {
        flags: fields.getUint16(8, true),
        method: fields.getUint16(10, true),
        crc: fields.getUint32(16, true),
        packed: fields.getUint32(20, true),
        size: fields.getUint32(24, true),
        offset: fields.getUint32(42, true),
      }
      readLargeSizes(entry, extra)
      const text = nameOf(name)
      if (text.endsWith('/')) continue
      yield {
        name: text,
        size: entry.size,
        content: content(zip, entry, directory.shift, budget),
        refused: refusal(entry),
      }
    }
  } finally {
    await cursor.close()
  }
  // Writers of old count no further than 65535.
  if ((seen - directory.count) % 0x10000 !== 0) {
    const message = `zip is damaged: it says it has ${directory.count} members, found ${seen}`
    throw new ReadFailure('archive-damaged', message, Number.NaN, directory.end)
  }
}

interface Entry {
  readonly flags: number
  readonly method: number
  readonly crc: number
  packed: number
  size: number
  /** Where its local header stands. */
  offset: number
}

interface Directory {
  readonly start: number
  readonly end: number
  /** Bytes in front of the zip, which its offsets do not count. */
  readonly shift: number
  /** How many entries it says it has. */
  readonly count: number
}

/** Finds the table of contents by the record at the end, behind which there may be a comment or bytes that belong to nothing. */
async function findDirectory(zip: RandomAccess): Promise<Directory | undefined> {
  const from = Math.max(0, zip.size - END_SEARCH)
  const tail = await zip.read(from, zip.size)
  for (let at = tail.lastIndexOf(END_MARK); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(END_MARK, at - 1)) {
    if (at + 22 > tail.length) continue
    const fields = view(tail.subarray(at))
    let end = from + at
    let size = fields.getUint32(12, true)
    let offset = fields.getUint32(16, true)
    let count = fields.getUint16(10, true)
    if (size === 0xffffffff || offset === 0xffffffff || count === 0xffff) {
      const large = await findLargeEnd(zip, end)
      if (large === undefined) continue
      ;({ end, size, offset, count } = large)
    }
    const start = end - size
    if (start < 0 || start < offset) continue
    const first = await zip.read(start, start + 4)
    if (size > 0 && (first.length < 4 || first.readUInt32LE(0) !== DIRECTORY_ENTRY)) continue
    return { start, end, shift: start - offset, count }
  }
  return undefined
}

async function findLargeEnd(zip: RandomAccess, end: number): Promise<LargeEnd | undefined> {
  const locator = await zip.read(Math.max(0, end - 20), end)
  if (locator.length < 20 || locator.readUInt32LE(0) !== LARGE_LOCATOR) return undefined
  const at = Number(locator.readBigUInt64LE(8))
  const record = await zip.read(at, at + 56)
  if (record.length < 56 || record.readUInt32LE(0) !== LARGE_END) return undefined
  const [count, size, offset] = [32, 40, 48].map((place) => Number(record.readBigUInt64LE(place))) as [
    number,
    number,
    number,
  ]
  return { end: at, size, offset, count }
}

type LargeEnd = Pick<Directory, 'end' | 'count'> & { readonly size: number; readonly offset: number }

/** Sizes and offset that do not fit 32 bits stand in an extra field, those that do not fit only. */
function readLargeSizes(entry: Entry, extra: Uint8Array): void {
  const fields = view(extra)
  for (let at = 0; at + 4 <= extra.length; ) {
    const size = fields.getUint16(at + 2, true)
    if (fields.getUint16(at, true) === 1) {
      let place = at + 4
      const end = Math.min(extra.length, place + size)
      for (const key of ['size', 'packed', 'offset'] as const) {
        if (entry[key] !== 0xffffffff || place + 8 > end) continue
        entry[key] = Number(fields.getBigUint64(place, true))
        place += 8
      }
    }
    at += 4 + size
  }
}

async function* content(
  zip: RandomAccess,
  entry: Entry,
  shift: number,
  budget: ArchiveBudget,
): AsyncGenerator<Uint8Array> {
  const at = entry.offset + shift
  const header = await zip.read(at, at + 30)
  if (header.length < 30 || header.readUInt32LE(0) !== LOCAL_HEADER) throw damaged('header of the member', at)
  const start = at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  const cursor = new ByteCursor(zip.stream(start, start + entry.packed))
  try {
    yield* unpack(cursor, entry, budget)
  } finally {
    await cursor.close()
  }
}

async function* unpack(cursor: ByteCursor, entry: Entry, budget: ArchiveBudget): AsyncGenerator<Uint8Array> {
  const result: Inflated = { crc: 0, length: 0 }
  if (entry.method === DEFLATED) yield* inflate(cursor, budget, result)
  else yield* stored(cursor, entry.packed, budget, result)
  const isKnown = entry.crc !== 0 || entry.size !== 0
  if (isKnown && result.crc !== entry.crc)
    throw new ReadFailure('archive-damaged', 'member does not match its checksum')
}

async function* stored(
  cursor: ByteCursor,
  size: number,
  budget: ArchiveBudget,
  result: Inflated,
): AsyncGenerator<Uint8Array> {
  while (result.length < size) {
    const block = await cursor.some(size - result.length)
    if (block.length === 0) throw new ReadFailure('archive-damaged', 'member ends early', Number.NaN, cursor.position)
    result.length += block.length
    result.crc = crc32(block, result.crc)
    budget.unpacked(block.length, result.length, result.length)
    yield block
  }
}

/** The members as they stand, each behind its own header, as far as that goes. */
async function* readInOrder(zip: RandomAccess, budget: ArchiveBudget): AsyncGenerator<ZipMember> {
  const cursor = new ByteCursor(zip.stream(0, zip.size))
  try {
    for (;;) {
      const header = await cursor.take(30)
      const fields = view(header)
      if (header.length < 30 || fields.getUint32(0, true) !== LOCAL_HEADER) return
      const name = nameOf(await cursor.take(fields.getUint16(26, true)))
      const extra = await cursor.take(fields.getUint16(28, true))
      const entry: Entry = {
        flags: fields.getUint16(6, true),
        method: fields.getUint16(8, true),
        crc: fields.getUint32(14, true),
        packed: fields.getUint32(18, true),
        size: fields.getUint32(22, true),
        offset: 0,
      }
      readLargeSizes(entry, extra)
      // Sizes that were not known when the header was written stand behind the content.
      const isOpen = (entry.flags & 8) !== 0
      const refused = refusal(entry)
      if (isOpen && (refused !== undefined || entry.method === STORED)) return
      const start = cursor.position
      if (!name.endsWith('/'))
        yield { name, size: isOpen ? undefined : entry.size, content: unpack(cursor, entry, budget), refused }
      if (isOpen) {
        // Only reading the content to its end shows where that is; whoever did not read it ends the walk.
        if (cursor.position === start) return
        await skipDescriptor(cursor)
      } else await cursor.skip(start + entry.packed - cursor.position)
    }
  } catch (error) {
    throw failureOf(error, 'archive-damaged')
  } finally {
    await cursor.close()
  }
}

/** Checksum and sizes behind a member, in one of four forms; what follows is the next header. */
async function skipDescriptor(cursor: ByteCursor): Promise<void> {
  const next = Buffer.from(await cursor.peek(28))
  const at = next.indexOf('PK\x03\x04', 0, 'latin1')
  await cursor.skip(at < 0 ? next.length : at)
}

function refusal(entry: Entry): ReadFailure | undefined {
  if (entry.flags & 1) return new ReadFailure('archive-encrypted', 'member is encrypted')
  const { method } = entry
  if (method === STORED || method === DEFLATED) return undefined
  const how = METHODS[method] ?? `method ${method}`
  return new ReadFailure('archive-damaged', `member is packed with ${how}, which is not supported`)
}

/** Names are UTF-8 where they can be; what else they might be nobody can tell, and they are only shown. */
function nameOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString(isUtf8(bytes) ? 'utf8' : 'latin1')
    .replaceAll('\\', '/')
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

const damaged = (what: string, position: number): ReadFailure =>
  new ReadFailure('archive-damaged', `zip is damaged: ${what} expected, found something else`, Number.NaN, position)

const LOCAL_HEADER = 0x04034b50
const DIRECTORY_ENTRY = 0x02014b50
const LARGE_END = 0x06064b50
const LARGE_LOCATOR = 0x07064b50
const END_MARK = Buffer.from('PK\x05\x06', 'latin1')
/** The record at the end, the longest comment, and some bytes that belong to nothing. */
const END_SEARCH = 22 + 0xffff + 0x10000

const STORED = 0
const DEFLATED = 8

const METHODS: Readonly<Record<number, string>> = {
  1: 'Shrink',
  6: 'Implode',
  9: 'Deflate64',
  12: 'BZIP2',
  14: 'LZMA',
  93: 'Zstandard',
  95: 'XZ',
  98: 'PPMd',
  99: 'AES encryption',
}
