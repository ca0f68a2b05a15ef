import type { WindowsRecord } from './windows-record.js'

/** The bytes of an EVTX file with these records. */
export function evtxFile(records: readonly WindowsRecord[], firstRecordId: number): Uint8Array {
  return Buffer.from(
    records.map((record, index) => JSON.stringify({ recordId: firstRecordId + index, ...record })).join('\n'),
  )
}
