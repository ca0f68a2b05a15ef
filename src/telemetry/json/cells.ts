import type { ByteBuffer } from '../../text/bytes.js'
import type { FieldValue } from '../record.js'
import type { ValueCells } from '../shapes/cells.js'
import { ARRAY, ESCAPED, FALSE, type JsonScanner, NULL, NUMBER, OBJECT, STRING, TRUE } from './scanner.js'
import { appendUnescaped, compactJson, unescapeJson } from './text.js'
import { numberOf } from './tree.js'

/** Where the values of the record scanned last stand, by slot. Nothing is decoded before it is asked for. */
export class JsonCells implements ValueCells {
  bytes: Buffer = Buffer.alloc(0)
  /** Place of each slot among the members of the scanner. */
  places: Int32Array = new Int32Array(0)
  private readonly names: (string | undefined)[] = []
  private readonly nameBytes: Buffer[] = []

  constructor(readonly scanner: JsonScanner) {}

  text(slot: number): string | undefined {
    const { scanner, bytes } = this
    const place = this.places[slot]!
    const start = scanner.starts[place]!
    const end = scanner.ends[place]!
    switch (scanner.kinds[place]) {
      case STRING:
        return bytes.toString('utf8', start, end)
      case ESCAPED:
        return unescapeJson(bytes, start, end)
      case ARRAY:
      case OBJECT:
        return compactJson(bytes, start, end)
      case NULL:
        return undefined
      default:
        return bytes.toString('latin1', start, end)
    }
  }

  name(slot: number): string | undefined {
    const { scanner, bytes } = this
    const place = this.places[slot]!
    if (scanner.kinds[place] !== STRING && scanner.kinds[place] !== NUMBER) return this.text(slot)
    const start = scanner.starts[place]!
    const end = scanner.ends[place]!
    // A name is most often the same as in the record before.
    const key = (scanner.ids[place]! ^ (scanner.ids[place]! >> 6)) & 63
    const known = this.nameBytes[key]
    if (known !== undefined && known.length === end - start && sameBytes(known, bytes, start)) return this.names[key]
    const name = bytes.toString('utf8', start, end)
    this.names[key] = name
    this.nameBytes[key] = Buffer.from(bytes.subarray(start, end))
    return name
  }

  value(slot: number): FieldValue {
    const place = this.places[slot]!
    switch (this.scanner.kinds[place]) {
      case NUMBER:
        return numberOf(this.text(slot)!)
      case TRUE:
        return true
      case FALSE:
        return false
      default:
        return this.text(slot) ?? null
    }
  }

  append(slot: number, out: ByteBuffer): boolean {
    const { scanner, bytes } = this
    const place = this.places[slot]!
    const start = scanner.starts[place]!
    const end = scanner.ends[place]!
    switch (scanner.kinds[place]) {
      case NULL:
        return false
      case ESCAPED:
        appendUnescaped(bytes, start, end, out)
        return true
      case ARRAY:
      case OBJECT:
        out.appendString(compactJson(bytes, start, end))
        return true
      default: {
        const length = end - start
        out.reserve(length)
        if (length < 48) {
          const target = out.bytes
          const from = out.length
          for (let index = 0; index < length; index++) target[from + index] = bytes[start + index]!
        } else out.bytes.set(bytes.subarray(start, end), out.length)
        out.length += length
        return true
      }
    }
  }
}

function sameBytes(known: Buffer, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false
  return true
}
