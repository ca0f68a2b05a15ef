import { crc32, createInflateRaw } from 'node:zlib'
import { type ByteCursor, ReadFailure } from '../byte-stream.js'
import type { ArchiveBudget } from './limits.js'

/** What came out of a deflate stream. */
export interface Inflated {
  crc: number
  length: number
}

/**
 * Inflates one deflate stream and leaves the cursor right behind it. Everything that could be inflated is delivered before a failure is
 * thrown; `result` is complete when the generator has ended.
 *
 * Node's own gunzip stream is not used because it throws away finished output when what follows it is damaged.
 */
export async function* inflate(
  cursor: ByteCursor,
  budget: ArchiveBudget,
  result: Inflated,
): AsyncGenerator<Uint8Array> {
  const engine = createInflateRaw({ chunkSize: 64 * 1024 })
  let ready: Uint8Array[] = []
  let ended = false
  let broken: Error | undefined
  let wake = (): void => {}
  engine.on('data', (block: Uint8Array) => ready.push(block))
  engine.on('end', () => {
    ended = true
    wake()
  })
  engine.on('error', (error) => {
    broken = error
    wake()
  })
  let input = 0
  try {
    while (!ended) {
      // Small pieces bound what a piece can inflate to: a byte gives at most 1032.
      const piece = await cursor.some(16 * 1024)
      await new Promise<void>((resolve) => {
        wake = resolve
        if (piece.length === 0) engine.end()
        else engine.write(piece, () => resolve())
      })
      const fed = input
      input += piece.length
      for (const block of ready) {
        result.crc = crc32(block, result.crc)
        result.length += block.length
        budget.unpacked(block.length, input, result.length)
        yield block
      }
      ready = []
      if (broken && piece.length === 0)
        throw new ReadFailure('archive-damaged', 'compressed data ends early', Number.NaN, cursor.position)
      if (broken)
        throw new ReadFailure(
          'archive-damaged',
          `compressed data is damaged (${broken.message})`,
          Number.NaN,
          cursor.position,
        )
      // What the engine did not consume belongs to whatever follows the deflate stream.
      if (ended) cursor.unread(piece.subarray(engine.bytesWritten - fed))
    }
  } finally {
    engine.destroy()
  }
}
