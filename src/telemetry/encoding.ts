import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import type { ByteStream } from './byte-stream.js'

/**
 * Turns the bytes of a text into valid UTF-8 without a byte order mark, whatever they were: UTF-8, UTF-16 of either order with or without
 * mark, or a code page that the text itself names. What is not valid becomes U+FFFD and is counted. Text that is already UTF-8 passes
 * through as it is; a block never ends within a character.
 */
export async function* toUtf8(stream: ByteStream, report: EncodingReport): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | undefined
  let first = true
  let rest: Uint8Array = NONE
  for await (const block of stream) {
    let bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
    rest = NONE
    if (first) {
      if (bytes.length < 4) {
        rest = bytes
        continue
      }
      first = false
      const encoding = encodingOf(bytes)
      report.encoding = encoding.name
      bytes = bytes.subarray(encoding.markLength)
      if (encoding.name !== 'utf-8') decoder = new TextDecoder(encoding.name)
    }
    if (decoder !== undefined) {
      yield transcode(decoder, bytes, report)
      continue
    }
    const end = bytes.length - tailLength(bytes)
    rest = bytes.subarray(end)
    yield repair(bytes.subarray(0, end), report)
  }
  if (decoder !== undefined) {
    const last = decoder.decode()
    if (last !== '') report.invalid++
    yield Buffer.from(last, 'utf8')
  } else if (rest.length > 0) {
    if (first) rest = rest.subarray(encodingOf(rest).markLength)
    yield repair(rest, report)
  }
}

/** What was found on the way. */
export interface EncodingReport {
  encoding: string
  /** Stretches that were not valid text. */
  invalid: number
}

export interface Encoding {
  /** A name that `TextDecoder` knows. */
  readonly name: string
  /** Bytes of the byte order mark. */
  readonly markLength: number
}

/** The encoding of a text by its mark, by where its zeros stand, or by its XML declaration; UTF-8 where nothing speaks against it. */
export function encodingOf(head: Uint8Array): Encoding {
  const [a, b, c] = head
  if (a === 0xef && b === 0xbb && c === 0xbf) return { name: 'utf-8', markLength: 3 }
  if (a === 0xff && b === 0xfe) return { name: 'utf-16le', markLength: 2 }
  if (a === 0xfe && b === 0xff) return { name: 'utf-16be', markLength: 2 }
  if (head.length >= 4) {
    if (a !== 0 && b === 0 && c !== 0 && head[3] === 0) return { name: 'utf-16le', markLength: 0 }
    if (a === 0 && b !== 0 && c === 0 && head[3] !== 0) return { name: 'utf-16be', markLength: 0 }
  }
  const declared = /^<\?xml[^>]{0,100}?\sencoding=["']([\w.-]{1,40})["']/.exec(
    Buffer.from(head.subarray(0, 200)).toString('latin1'),
  )
  return { name: codePage(declared?.[1]), markLength: 0 }
}

/** Text of the first bytes of a file, for looking at. */
export function headText(head: Uint8Array): string {
  const { name, markLength } = encodingOf(head)
  return new TextDecoder(name).decode(head.subarray(markLength), { stream: true })
}

function codePage(label: string | undefined): string {
  // A declaration in bytes that are plainly not UTF-16 but says so was left behind by a conversion.
  if (label === undefined || /^utf-?(8|16)/i.test(label)) return 'utf-8'
  try {
    return new TextDecoder(label).encoding
  } catch {
    return 'utf-8'
  }
}

function repair(bytes: Uint8Array, report: EncodingReport): Uint8Array {
  if (isUtf8(bytes)) return bytes
  report.invalid++
  return Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), 'utf8')
}

function transcode(decoder: TextDecoder, bytes: Uint8Array, report: EncodingReport): Uint8Array {
  const text = decoder.decode(bytes, { stream: true })
  if (text.includes('\ufffd')) report.invalid++
  return Buffer.from(text, 'utf8')
}

/** Bytes at the end that begin a UTF-8 character without completing it. */
function tailLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0
    if (byte < 0x80) return 0
  }
  return 0
}

const NONE = new Uint8Array(0)
