/**
 * A growable run of bytes that readers write UTF-8 into, so that text goes from a log file to a column
 * without becoming a JavaScript string on the way.
 */
export class ByteBuffer {
  bytes: Uint8Array
  length = 0

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Makes room for `count` more bytes after `length`. The array may be replaced: read `bytes` again afterwards. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  /** Forgets what is in it, and gives back what it had grown to beyond `kept` bytes. */
  clear(kept: number): void {
    this.length = 0
    if (this.bytes.length > kept) this.bytes = new Uint8Array(kept)
  }

  /** Appends a JavaScript string as UTF-8; a lone surrogate becomes U+FFFD. */
  appendString(text: string): void {
    const count = text.length
    this.reserve(count * 3)
    const bytes = this.bytes
    let end = this.length
    if (count < 64) {
      let index = 0
      for (; index < count; index++) {
        const unit = text.charCodeAt(index)
        if (unit > 127) break
        bytes[end + index] = unit
      }
      end += index
      if (index === count) {
        this.length = end
        return
      }
      text = text.slice(index)
    }
    this.length = end + ENCODER.encodeInto(text, bytes.subarray(end)).written
  }

  toString(start = 0, end = this.length): string {
    return DECODER.decode(this.bytes.subarray(start, end))
  }
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()
