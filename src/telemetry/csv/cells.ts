import type { ByteBuffer } from '../../text/bytes.js'
import type { FieldValue } from '../record.js'
import type { ValueCells } from '../shapes/cells.js'
import type { DateOrder } from '../time.js'
import type { CsvScanner } from './scanner.js'

/** The cells of the row scanned last. An empty cell is no value: CSV cannot tell empty text from none. */
export class CsvCells implements ValueCells {
  bytes: Buffer = Buffer.alloc(0)
  dateOrder: DateOrder | undefined
  private readonly names = new Map<number, string>()

  constructor(private readonly scanner: CsvScanner) {}

  text(slot: number): string | undefined {
    const { scanner } = this
    const start = scanner.starts[slot]!
    const end = scanner.ends[slot]!
    if (end === start) return undefined
    const text = this.bytes.toString('utf8', start, end)
    return scanner.doubled[slot] ? text.replaceAll('""', '"') : text
  }

  name(slot: number): string | undefined {
    const text = this.text(slot)
    const known = this.names.get(slot)
    if (text === undefined || known === text) return text === undefined ? undefined : known
    this.names.set(slot, text)
    return text
  }

  value(slot: number): FieldValue {
    return this.text(slot) ?? null
  }

  append(slot: number, out: ByteBuffer): boolean {
    const { scanner, bytes } = this
    const start = scanner.starts[slot]!
    const end = scanner.ends[slot]!
    if (end === start) return false
    out.reserve(end - start)
    if (!scanner.doubled[slot]) {
      out.bytes.set(bytes.subarray(start, end), out.length)
      out.length += end - start
      return true
    }
    const target = out.bytes
    let length = out.length
    for (let at = start; at < end; at++) {
      const code = bytes[at]!
      target[length++] = code
      if (code === QUOTE) at++
    }
    out.length = length
    return true
  }
}

const QUOTE = 34
