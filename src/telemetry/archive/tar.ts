import { ByteCursor, type ByteStream, cutShort, ReadFailure } from '../byte-stream.js'

/** A file in a tar. */
export interface TarMember {
  readonly name: string
  readonly size: number
  /** The content; what is left of it unread is passed over when the next member is asked for. */
  readonly content: ByteStream
}

/**
 * The regular files of a tar (ustar, GNU, pax), in order. Links, devices and folders are passed over: a link's target is a member of its
 * own or lies outside. Where the archive is cut or damaged the members before are delivered, then a failure is thrown.
 */
export async function* readTar(stream: ByteStream): AsyncGenerator<TarMember> {
  const cursor = new ByteCursor(stream)
  let pax: ReadonlyMap<string, string> = NO_RECORDS
  let longName: string | undefined
  let end: ReadFailure | undefined
  const cut = (): ReadFailure => {
    end ??= cutShort(cursor, 'tar')
    return end
  }
  try {
    for (;;) {
      const block = await cursor.take(BLOCK)
      if (block.length === 0)
        throw new ReadFailure('archive-damaged', 'tar ends without its end mark', 0, cursor.position)
      if (block.length < BLOCK) throw cut()
      if (block.every((byte) => byte === 0)) {
        await drain(cursor)
        return
      }
      if (!isTarHeader(block)) {
        const message = 'expected a tar header, found something else'
        throw new ReadFailure('archive-damaged', message, Number.NaN, cursor.position - BLOCK)
      }
      const type = String.fromCharCode(block[156]!)
      const size = Number(pax.get('size') ?? number(block, 124, 12))
      if (!Number.isSafeInteger(size) || size < 0)
        throw new ReadFailure('archive-damaged', 'tar member with an unreadable size', Number.NaN, cursor.position)
      const padded = Math.ceil(size / BLOCK) * BLOCK

      if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
        if (size > LONGEST_EXTENSION)
          throw new ReadFailure(
            'archive-damaged',
            'tar header extension of more than a megabyte',
            Number.NaN,
            cursor.position,
          )
        const extension = await cursor.take(padded)
        if (extension.length < padded) throw cut()
        const text = Buffer.from(extension.subarray(0, size))
        if (type === 'x') pax = paxRecords(text)
        if (type === 'L') longName = text.toString('utf8').replace(/\0.*$/s, '')
        continue
      }
      const next = cursor.position + padded
      const isFile = type === '0' || type === '\0' || type === '7' || type === 'S'
      if (isFile)
        yield { name: pax.get('path') ?? longName ?? headerName(block), size, content: content(cursor, size, cut) }
      pax = NO_RECORDS
      longName = undefined
      const left = next - cursor.position
      if ((await cursor.skip(left)) < left) throw cut()
    }
  } finally {
    await cursor.close()
  }
}

/** Whether 512 bytes are a tar header: its checksum says so, with `ustar` written in it or not. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK || block[0] === 0) return false
  let sum = 0
  for (let index = 0; index < BLOCK; index++) sum += index >= 148 && index < 156 ? 32 : block[index]!
  return sum === number(block, 148, 8)
}

/** Reads what pads the archive to its full length, so that damage there is seen though it costs nothing. */
async function drain(cursor: ByteCursor): Promise<void> {
  try {
    while ((await cursor.some(2 ** 20)).length > 0);
  } catch (error) {
    if (error instanceof ReadFailure)
      throw new ReadFailure(error.code, `${error.message}, after the last member`, 0, error.position)
    throw error
  }
}

async function* content(cursor: ByteCursor, size: number, cut: () => ReadFailure): AsyncGenerator<Uint8Array> {
  let left = size
  while (left > 0) {
    const part = await cursor.some(left)
    if (part.length === 0) throw cut()
    left -= part.length
    yield part
  }
}

function headerName(block: Uint8Array): string {
  const name = text(block, 0, 100)
  const prefix = text(block, 257, 6).startsWith('ustar') && block[262] === 0 ? text(block, 345, 155) : ''
  return prefix ? `${prefix}/${name}` : name
}

function text(block: Uint8Array, start: number, length: number): string {
  const field = Buffer.from(block.buffer, block.byteOffset + start, length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

/** Octal digits, or base 256 where the first bit is set (GNU, for sizes from 8 GB). NaN where it is neither. */
function number(block: Uint8Array, start: number, length: number): number {
  if (block[start]! & 0x80) {
    let value = block[start]! & 0x7f
    for (let index = start + 1; index < start + length; index++) value = value * 256 + block[index]!
    return value
  }
  const digits = text(block, start, length).trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : digits === '' ? 0 : Number.NaN
}

/** Pax records are `<length> <key>=<value>\n`, where the length counts the whole record. */
function paxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(32, at)
    const length = Number(bytes.toString('latin1', at, blank < 0 ? at : blank))
    if (!Number.isInteger(length) || length < 5 || at + length > bytes.length) break
    const record = bytes.toString('utf8', blank + 1, at + length - 1)
    const equals = record.indexOf('=')
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}

const BLOCK = 512
const LONGEST_EXTENSION = 2 ** 20
const NO_RECORDS: ReadonlyMap<string, string> = new Map()
