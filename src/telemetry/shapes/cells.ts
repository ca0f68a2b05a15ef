import type { ByteBuffer } from '../../text/bytes.js'
import type { FieldLayout, FieldValue, TelemetryRecord } from '../record.js'
import type { DateOrder } from '../time.js'
import type { RecordHeader } from '../values-record.js'
import type { Arrangement } from './arrange.js'

/** The values of the record that is being read, by slot. Nothing is decoded before it is asked for. */
export interface ValueCells {
  /** Text of a value; undefined for null and where there is none. */
  text(slot: number): string | undefined
  /** The same for values that many records share, as names do. */
  name(slot: number): string | undefined
  value(slot: number): FieldValue
  /** Appends the text as UTF-8; false where there is none. */
  append(slot: number, out: ByteBuffer): boolean
  /** How dates like `1/2/2026` are meant in this source. */
  readonly dateOrder?: DateOrder | undefined
}

/** A record whose values stay where they are in the bytes of the source. */
export class CellsRecord implements TelemetryRecord, RecordHeader {
  readonly kind = 'record'
  position = 0
  table = ''
  provider = ''
  channel = ''
  computer = ''
  eventId = -1
  recordId = -1
  time = Number.NaN
  timeWithoutZone = false
  layout: FieldLayout = { names: [] }
  private slots: Int32Array = new Int32Array(0)

  constructor(private readonly cells: ValueCells) {}

  arrange(arrangement: Arrangement): void {
    this.layout = arrangement.layout
    this.slots = arrangement.slots
  }

  value(index: number): FieldValue {
    return index < this.slots.length ? this.cells.value(this.slots[index]!) : null
  }

  text(index: number): string | undefined {
    return index < this.slots.length ? this.cells.text(this.slots[index]!) : undefined
  }

  appendText(index: number, out: ByteBuffer): boolean {
    return this.cells.append(this.slots[index]!, out)
  }
}
