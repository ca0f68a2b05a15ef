import type { ByteBuffer } from '../text/bytes.js'
import type { FieldLayout, FieldValue, TelemetryRecord } from './record.js'

/** What a record says about itself besides its fields. */
export interface RecordHeader {
  table: string
  provider: string
  channel: string
  computer: string
  eventId: number
  recordId: number
  time: number
  timeWithoutZone: boolean
}

/** Sets a header back to saying nothing. */
export function clearHeader(header: RecordHeader): void {
  header.table = ''
  header.provider = ''
  header.channel = ''
  header.computer = ''
  header.eventId = -1
  header.recordId = -1
  header.time = Number.NaN
  header.timeWithoutZone = false
}

/** A record whose values are plain JavaScript values. */
export class ValuesRecord implements TelemetryRecord, RecordHeader {
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
  layout: FieldLayout = NO_FIELDS
  values: readonly FieldValue[] = []

  value(index: number): FieldValue {
    return this.values[index] ?? null
  }

  text(index: number): string | undefined {
    const value = this.values[index]
    if (typeof value === 'string') return value
    return value === null || value === undefined ? undefined : String(value)
  }

  appendText(index: number, out: ByteBuffer): boolean {
    const text = this.text(index)
    if (text === undefined) return false
    out.appendString(text)
    return true
  }
}

/** One layout object for every list of names, so that what is worked out for a layout is worked out once. Forgets when it grows large. */
export class LayoutCache {
  private readonly layouts = new Map<string, FieldLayout>()

  find(names: readonly string[]): FieldLayout {
    const key = names.join('\0')
    const known = this.layouts.get(key)
    if (known !== undefined) return known
    if (this.layouts.size >= MOST_LAYOUTS) this.layouts.clear()
    const layout = { names: [...names] }
    this.layouts.set(key, layout)
    return layout
  }
}

const NO_FIELDS: FieldLayout = { names: [] }
const MOST_LAYOUTS = 4096
