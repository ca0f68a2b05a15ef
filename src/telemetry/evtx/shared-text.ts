import { ByteBuffer } from '../../text/bytes.js'
import { appendUtf16 } from './utf16.js'

/** Text that repeats from record to record: equal bytes give the same JavaScript string, mostly without making one. */
export class SharedText {
  private lastBytes: Uint8Array = new Uint8Array(0)
  private lastText = ''
  private readonly texts = new Map<string, string>()

  /** The UTF-16LE text in `bytes[start, start + size)`. */
  read(bytes: Uint8Array, start: number, size: number): string {
    const { lastBytes } = this
    if (lastBytes.length === size) {
      let index = 0
      while (index < size && lastBytes[index] === bytes[start + index]) index++
      if (index === size) return this.lastText
    }
    SCRATCH.length = 0
    appendUtf16(bytes, start, size, SCRATCH)
    const text = SCRATCH.toString()
    if (size > LONGEST) return text
    const known = this.texts.get(text)
    if (known === undefined) {
      if (this.texts.size >= MAX_TEXTS) this.texts.clear()
      this.texts.set(text, text)
    }
    this.lastBytes = bytes.slice(start, start + size)
    this.lastText = known ?? text
    return this.lastText
  }
}

const SCRATCH = new ByteBuffer(512)
const MAX_TEXTS = 4096
/** In bytes; the names of providers, channels and computers are shorter. */
const LONGEST = 1024
