import { type FaultCode, fault, type ReadFault } from './record.js'

/** Bytes in order, once; a pull asks for the next block, so a slow reader slows the source. */
export type ByteStream = AsyncIterable<Uint8Array>

/**
 * Ends a byte stream early. It travels as an exception through the layers of an archive and becomes a fault at the rim
 * (`source.ts`); no reader ever sees it.
 */
export class ReadFailure extends Error {
  /** Set once the failure has become a fault, so that the layers above do not report it again. */
  reported = false

  constructor(
    readonly code: FaultCode,
    message: string,
    /** Records lost, as in `ReadFault`. */
    readonly lost = Number.NaN,
    readonly position = 0,
  ) {
    super(message)
  }

  toFault(): ReadFault {
    return fault(this.code, this.position, this.message, this.lost)
  }
}

/** What the operating system or a library threw, in one sentence without a final stop. */
export function failureOf(error: unknown, code: FaultCode): ReadFailure {
  if (error instanceof ReadFailure) return error
  const text = error instanceof Error ? error.message : String(error)
  return new ReadFailure(code, text.replace(/\.$/, ''))
}

/** Why there are fewer bytes than there should be: what ended the stream, or that it just ended. */
export function cutShort(cursor: ByteCursor, what: string): ReadFailure {
  if (cursor.failure !== undefined) return failureOf(cursor.failure, 'unreadable')
  return new ReadFailure('archive-damaged', `${what} ends early`, Number.NaN, cursor.position)
}

/** Takes bytes from a stream by count, whatever the size of its blocks. */
export class ByteCursor {
  /** Bytes taken so far. */
  position = 0
  private readonly blocks: AsyncIterator<Uint8Array>
  private block: Uint8Array = NONE
  private done = false
  /** What ended the stream below early. It is thrown once the bytes before it have been taken. */
  failure: unknown

  constructor(stream: ByteStream) {
    this.blocks = stream[Symbol.asyncIterator]()
  }

  /** At most `count` bytes of the current block; empty at the end of the stream. */
  async some(count: number): Promise<Uint8Array> {
    while (this.block.length === 0 && !this.done) {
      if (this.failure !== undefined) throw this.failure
      try {
        const next = await this.blocks.next()
        if (next.done) this.done = true
        else this.block = next.value
      } catch (error) {
        this.failure = error
      }
    }
    const taken = this.block.subarray(0, count)
    this.block = this.block.subarray(taken.length)
    this.position += taken.length
    return taken
  }

  /** Exactly `count` bytes, or fewer where the stream ends or fails before. */
  async take(count: number): Promise<Uint8Array> {
    const first = await this.some(count)
    if (first.length === count || first.length === 0) return first
    const parts = [first]
    let length = first.length
    while (length < count && (this.failure === undefined || this.block.length > 0)) {
      const part = await this.next(count - length)
      if (part.length === 0) break
      parts.push(part)
      length += part.length
    }
    return Buffer.concat(parts, length)
  }

  /** Gives back bytes taken last; they are taken again next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.position -= bytes.length
    this.block = this.block.length === 0 ? bytes : Buffer.concat([bytes, this.block])
  }

  /** Passes over `count` bytes; returns how many there were. */
  async skip(count: number): Promise<number> {
    let left = count
    while (left > 0) {
      const part = await this.some(left)
      if (part.length === 0) break
      left -= part.length
    }
    return count - left
  }

  /** The first `count` bytes without taking them. */
  async peek(count: number): Promise<Uint8Array> {
    const head = await this.take(count)
    this.unread(head)
    return head
  }

  /** What is left, as a stream. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const part = await this.some(Number.POSITIVE_INFINITY)
        if (part.length === 0) return
        yield part
      }
    } finally {
      await this.close()
    }
  }

  /** As `some`, but empty where the stream fails; the next call fails then. */
  private async next(count: number): Promise<Uint8Array> {
    try {
      return await this.some(count)
    } catch (error) {
      this.failure = error
      return NONE
    }
  }

  /** Lets go of the stream below. */
  async close(): Promise<void> {
    this.done = true
    this.block = NONE
    await this.blocks.return?.()
  }
}

const NONE = new Uint8Array(0)
