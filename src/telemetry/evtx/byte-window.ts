/** A stretch of a forward-only stream of bytes, whatever the size of the blocks it comes in. */
export class ByteWindow {
  /** Offset in the stream of the first byte of the window. */
  position = 0
  private readonly blocks: AsyncIterator<Uint8Array>
  private held: Uint8Array = NONE
  private block: Uint8Array = NONE
  private assembled: Uint8Array = NONE

  /** `size`: the longest window that will be asked for. */
  constructor(
    chunks: AsyncIterable<Uint8Array>,
    private readonly size: number,
  ) {
    this.blocks = chunks[Symbol.asyncIterator]()
  }

  /** The next `count` bytes, or fewer at the end; they stay what they are until the next call. Copies only what lies across blocks. */
  async look(count: number): Promise<Uint8Array> {
    while (this.held.length < count) {
      if (this.block.length === 0) {
        const next = await this.blocks.next()
        if (next.done) break
        // A plain Uint8Array: the slices of a Buffer are no copies.
        this.block = new Uint8Array(next.value.buffer, next.value.byteOffset, next.value.byteLength)
        continue
      }
      if (this.held.length === 0) {
        this.held = this.block
        this.block = NONE
        continue
      }
      const { length } = this.held
      const taken = this.block.subarray(0, count - length)
      if (this.assembled.length === 0) this.assembled = new Uint8Array(this.size)
      this.assembled.set(this.held)
      this.assembled.set(taken, length)
      this.held = this.assembled.subarray(0, length + taken.length)
      this.block = this.block.subarray(taken.length)
    }
    return this.held.length > count ? this.held.subarray(0, count) : this.held
  }

  /** Moves past `count` bytes that have been looked at. */
  advance(count: number): void {
    this.position += count
    this.held = this.held.subarray(count)
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    await this.blocks.return?.()
  }
}

const NONE = new Uint8Array(0)
