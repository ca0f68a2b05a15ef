import type { FieldValue, TelemetryRecord } from '../src/telemetry/record.js'

/** A telemetry record from plain data, for tests. */
export function recordOf(
  given: Partial<TelemetryRecord> & { readonly fields?: Readonly<Record<string, FieldValue>> },
): TelemetryRecord {
  const fields = given.fields ?? {}
  const names = Object.keys(fields)
  const values = Object.values(fields)
  const text = (index: number): string | undefined => {
    const value = values[index]
    return value === null || value === undefined ? undefined : String(value)
  }
  return {
    kind: 'record',
    position: 0,
    table: '',
    provider: '',
    channel: '',
    computer: '',
    eventId: -1,
    recordId: -1,
    time: Number.NaN,
    timeWithoutZone: false,
    layout: { names },
    value: (index) => values[index] ?? null,
    text,
    appendText: (index, out) => {
      const found = text(index)
      if (found === undefined) return false
      out.appendString(found)
      return true
    },
    ...given,
  }
}
