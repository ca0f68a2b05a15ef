import type { ByteBuffer } from '../../text/bytes.js'

/**
 * Appends UTF-16LE text as UTF-8. NULs at the end are not part of the text; a lone surrogate becomes U+FFFD.
 * `start` and `size` are in bytes and may be odd: values in a log are not aligned.
 */
export function appendUtf16(bytes: Uint8Array, start: number, size: number, out: ByteBuffer): void {
  let end = start + (size & ~1)
  while (end > start && bytes[end - 1] === 0 && bytes[end - 2] === 0) end -= 2
  const units = (end - start) >> 1
  if (out.length + units * 3 > out.bytes.length) out.reserve(units * 3)
  const target = out.bytes
  let to = out.length
  let at = start
  for (; at < end; at += 2) {
    const low = bytes[at]!
    if ((low & 0x80) !== 0 || bytes[at + 1] !== 0) break
    target[to++] = low
  }
  out.length = at === end ? to : appendWide(bytes, at, end, target, to)
}

/** The same for text that is not all ASCII. Returns where it ends in `target`. */
function appendWide(bytes: Uint8Array, start: number, end: number, target: Uint8Array, to: number): number {
  for (let at = start; at < end; at += 2) {
    const unit = bytes[at]! | (bytes[at + 1]! << 8)
    if (unit < 0x80) target[to++] = unit
    else if (unit < 0x800) {
      target[to++] = 0xc0 | (unit >> 6)
      target[to++] = 0x80 | (unit & 0x3f)
    } else if ((unit & 0xf800) !== 0xd800) {
      target[to++] = 0xe0 | (unit >> 12)
      target[to++] = 0x80 | ((unit >> 6) & 0x3f)
      target[to++] = 0x80 | (unit & 0x3f)
    } else {
      const next = at + 2 < end ? bytes[at + 2]! | (bytes[at + 3]! << 8) : 0
      if (unit < 0xdc00 && (next & 0xfc00) === 0xdc00) {
        const point = 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff)
        target[to++] = 0xf0 | (point >> 18)
        target[to++] = 0x80 | ((point >> 12) & 0x3f)
        target[to++] = 0x80 | ((point >> 6) & 0x3f)
        target[to++] = 0x80 | (point & 0x3f)
        at += 2
      } else {
        target[to++] = 0xef
        target[to++] = 0xbf
        target[to++] = 0xbd
      }
    }
  }
  return to
}
