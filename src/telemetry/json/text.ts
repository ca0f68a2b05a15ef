import type { ByteBuffer } from '../../text/bytes.js'

/** Text of the content of a JSON string (without its quotes) that has been checked. */
export function unescapeJson(bytes: Uint8Array, from: number, to: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from)
  if (!raw.includes(BACKSLASH)) return raw.toString('utf8')
  return JSON.parse(`"${raw.toString('utf8')}"`) as string
}

/** Appends the content of a JSON string (without its quotes) that has been checked, escapes resolved. A lone surrogate becomes U+FFFD. */
export function appendUnescaped(bytes: Uint8Array, from: number, to: number, out: ByteBuffer): void {
  // No escape sequence is shorter than what it stands for.
  out.reserve(to - from)
  const target = out.bytes
  let end = out.length
  for (let at = from; at < to; at++) {
    const code = bytes[at]!
    if (code !== BACKSLASH) {
      target[end++] = code
      continue
    }
    const letter = bytes[++at]!
    if (letter !== LETTER_U) {
      target[end++] = SHORT_ESCAPES[letter]!
      continue
    }
    let unit = hex4(bytes, at + 1)
    at += 4
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const low = unit < 0xdc00 && bytes[at + 1] === BACKSLASH && bytes[at + 2] === LETTER_U ? hex4(bytes, at + 3) : 0
      if (low >= 0xdc00 && low <= 0xdfff) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
        at += 6
      } else unit = 0xfffd
    }
    if (unit < 0x80) target[end++] = unit
    else if (unit < 0x800) {
      target[end++] = 0xc0 | (unit >> 6)
      target[end++] = 0x80 | (unit & 63)
    } else if (unit < 0x10000) {
      target[end++] = 0xe0 | (unit >> 12)
      target[end++] = 0x80 | ((unit >> 6) & 63)
      target[end++] = 0x80 | (unit & 63)
    } else {
      target[end++] = 0xf0 | (unit >> 18)
      target[end++] = 0x80 | ((unit >> 12) & 63)
      target[end++] = 0x80 | ((unit >> 6) & 63)
      target[end++] = 0x80 | (unit & 63)
    }
  }
  out.length = end
}

/** JSON text without the blanks between its tokens. */
export function compactJson(bytes: Uint8Array, from: number, to: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')
  return /\s/.test(text) ? text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted?: string) => quoted ?? '') : text
}

function hex4(bytes: Uint8Array, at: number): number {
  return (hex(bytes[at]!) << 12) | (hex(bytes[at + 1]!) << 8) | (hex(bytes[at + 2]!) << 4) | hex(bytes[at + 3]!)
}

const hex = (code: number): number => (code <= 57 ? code - 48 : (code | 32) - 87)

const BACKSLASH = 92
const LETTER_U = 117

const SHORT_ESCAPES = new Uint8Array(256)
for (let code = 0; code < 256; code++) SHORT_ESCAPES[code] = code
SHORT_ESCAPES[98] = 8
SHORT_ESCAPES[102] = 12
SHORT_ESCAPES[110] = 10
SHORT_ESCAPES[114] = 13
SHORT_ESCAPES[116] = 9
