import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteStream } from '../byte-stream.js'

/** Bytes that can be read at any place. */
export interface RandomAccess {
  readonly size: number
  /** Bytes `[from, to)`, or fewer where they end before. */
  read(from: number, to: number): Promise<Buffer>
  stream(from: number, to: number): ByteStream
  close(): Promise<void>
}

export async function openRandomAccess(path: string): Promise<RandomAccess> {
  const file: FileHandle = await open(path)
  const { size } = await file.stat()
  return {
    size,
    async read(from, to) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(to, size) - from))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
      return bytes.subarray(0, bytesRead)
    },
    // A stream of its own: it outlives a pause of the reader without holding the handle's place.
    stream: (from, to) =>
      to > from ? createReadStream(path, { start: from, end: to - 1, highWaterMark: 256 * 1024 }) : NOTHING,
    close: () => file.close(),
  }
}

export function bufferAccess(bytes: Buffer): RandomAccess {
  return {
    size: bytes.length,
    read: async (from, to) => bytes.subarray(from, to),
    stream: (from, to) => blocks(bytes.subarray(from, to)),
    close: async () => {},
  }
}

async function* blocks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

const NOTHING: ByteStream = blocks(Buffer.alloc(0))
