import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { gunzip } from './archive/gzip.js'
import { ARCHIVE_LIMITS, ArchiveBudget, type ArchiveLimits } from './archive/limits.js'
import { bufferAccess, openRandomAccess } from './archive/random-access.js'
import { isTarHeader, readTar } from './archive/tar.js'
import { readZip } from './archive/zip.js'
import { ByteCursor, type ByteStream, failureOf, ReadFailure } from './byte-stream.js'
import type { OpenSource, ReadFault } from './record.js'

/** A file on disk that is to be read. */
export interface SourceFile {
  readonly path: string
  readonly size: number
}

/** A fault of something that has a name of its own: a file, a folder, a member of an archive. Told from what is read by its `kind`. */
export interface NamedFault extends ReadFault {
  readonly name: string
}

/**
 * Opens a file and, where its content is an archive, every member of it: gzip, zip, tar, and those inside each other. The form is told
 * by content and never by name; nothing is written to disk. Read one source before asking for the next. What goes wrong while a source
 * is read ends its bytes quietly and is the next item. Never throws.
 */
export async function* openSources(
  file: SourceFile,
  limits: Partial<ArchiveLimits> = {},
): AsyncGenerator<OpenSource | NamedFault> {
  const budget = new ArchiveBudget({ ...ARCHIVE_LIMITS, ...limits })
  const item: Item = { name: file.path, size: file.size, path: file.path, layer: 0, bytes: readFile(file.path) }
  yield* unpack(item, budget)
}

interface Item {
  readonly name: string
  readonly size: number | undefined
  /** Where the item is a file on disk and not a member. */
  readonly path: string | undefined
  /** How many containers it is in. */
  readonly layer: number
  readonly bytes: ByteStream
}

async function* unpack(item: Item, budget: ArchiveBudget): AsyncGenerator<OpenSource | NamedFault> {
  const cursor = new ByteCursor(item.bytes)
  try {
    const container = containerOf(await cursor.peek(512))
    if (container === undefined) yield* open(item, cursor)
    else if (item.layer >= budget.limits.layers)
      throw new ReadFailure('archive-limit', `archives inside archives, ${item.layer} deep, are not followed`)
    else if (container === 'gzip')
      yield* unpack(
        { ...item, size: undefined, path: undefined, layer: item.layer + 1, bytes: gunzip(cursor.rest(), budget) },
        budget,
      )
    else if (container === 'tar') yield* members(item, readTar(cursor.rest()), budget)
    else {
      const zip =
        item.path === undefined ? bufferAccess(await whole(cursor, budget)) : await openRandomAccess(item.path)
      try {
        yield* members(item, readZip(zip, budget), budget)
      } finally {
        await zip.close()
      }
    }
  } catch (error) {
    const failure = failureOf(error, 'unreadable')
    if (!failure.reported) yield named(item.name, failure)
  } finally {
    await cursor.close()
  }
}

interface Member {
  readonly name: string
  readonly size: number | undefined
  readonly content: ByteStream
  readonly refused?: ReadFailure | undefined
}

async function* members(
  item: Item,
  list: AsyncIterable<Member>,
  budget: ArchiveBudget,
): AsyncGenerator<OpenSource | NamedFault> {
  for await (const member of list) {
    budget.member()
    const shown = displayName(member.name)
    const name = `${item.name}!${shown}`
    if (pointsOutside(member.name)) {
      yield named(
        name,
        new ReadFailure(
          'archive-unsafe-path',
          `member is named ${JSON.stringify(member.name.slice(0, 200))}, outside its archive`,
          0,
        ),
      )
    }
    if (member.refused) yield named(name, member.refused)
    else
      yield* unpack({ name, size: member.size, path: undefined, layer: item.layer + 1, bytes: member.content }, budget)
  }
}

/** Hands out the source; then, once it has been read, what ended it early. */
async function* open(item: Item, cursor: ByteCursor): AsyncGenerator<OpenSource | NamedFault> {
  let failure: ReadFailure | undefined
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield* cursor.rest()
    } catch (error) {
      failure = failureOf(error, 'unreadable')
    }
  }
  yield { name: item.name, size: item.size, chunks: chunks() }
  if (failure) yield named(item.name, failure)
}

type Container = 'gzip' | 'zip' | 'tar'

function containerOf(head: Uint8Array): Container | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip'
  // A local header, the end record of an empty zip, or the mark of a split one.
  if (
    head[0] === 0x50 &&
    head[1] === 0x4b &&
    ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6) || (head[2] === 7 && head[3] === 8))
  )
    return 'zip'
  return isTarHeader(head) ? 'tar' : undefined
}

async function whole(cursor: ByteCursor, budget: ArchiveBudget): Promise<Buffer> {
  const most = budget.limits.nestedZip
  const bytes = await cursor.take(most + 1)
  if (bytes.length > most)
    throw new ReadFailure('archive-limit', `a zip of more than ${most} bytes inside an archive is not followed`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** How much of a file is read at once. */
const BLOCK = 1 << 20

/**
 * The bytes of a file. Read without a detour through the event loop: readers run on threads of their own, and for the many small files
 * of a log folder the detour costs more than the reading.
 */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    for (;;) {
      // A file may grow while it is read; what stood there when it was opened is read in as few steps as may be.
      const block = Buffer.allocUnsafeSlow(Math.max(4096, Math.min(BLOCK, size)))
      const length = readSync(file, block, 0, block.length, null)
      if (length === 0) return
      yield block.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

function named(name: string, failure: ReadFailure): NamedFault {
  failure.reported = true
  return { ...failure.toFault(), name }
}

const pointsOutside = (name: string): boolean => /^[\\/]|^[A-Za-z]:|(^|[\\/])\.\.([\\/]|$)/.test(name)

/** A member's name for people: no way out of the archive, no control characters, not endless. */
function displayName(name: string): string {
  const parts = name.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '?').split(/[\\/]/)
  const kept = parts.filter((part) => part !== '' && part !== '.' && part !== '..').join('/')
  return kept === '' ? '?' : kept.slice(0, 500)
}
