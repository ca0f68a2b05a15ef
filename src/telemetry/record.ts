import type { ByteBuffer } from '../text/bytes.js'

/** How a source is written. One name a reader. */
export type FormatName = 'evtx' | 'xml' | 'json' | 'csv'

/**
 * The names of a record's fields, in order. Records laid out alike share one object where that is cheap
 * (an EVTX template, the header of a CSV file), so that whatever is worked out for a layout is worked out once.
 *
 * Names are the vendor's own: `Image`, `NewProcessName`, `InitiatingProcessFileName`. Unnamed `<Data>` elements are
 * `Data[0]`, `Data[1]` ... What stands outside the event's own data keeps its path: `System.Level`, `agent.version`.
 */
export interface FieldLayout {
  readonly names: readonly string[]
}

/** What a field holds before anybody asks for its text. */
export type FieldValue = string | number | bigint | boolean | null

/**
 * One telemetry record. It is a cursor, not a snapshot: a reader may hand out the same object again with the next
 * record's content, so whoever keeps a value copies it first (`snapshot`).
 *
 * Windows events fill `provider`, `channel`, `eventId`; exported tables (Defender, Log Analytics) fill `table`.
 */
export interface TelemetryRecord {
  readonly kind: 'record'
  /** Where in its source: the byte offset (evtx), the line from 1 (text), or the element's index from 0 (arrays). */
  readonly position: number
  /** Vendor table the row was exported from, as `DeviceProcessEvents`; empty for a Windows event. */
  readonly table: string
  /** Event provider, as `Microsoft-Windows-Sysmon`; empty where the source does not say. */
  readonly provider: string
  /** Log channel, as `Security`; empty where the source does not say. */
  readonly channel: string
  /** Host that wrote the event, as written; empty where the source does not say. */
  readonly computer: string
  /** Windows event id without qualifiers, or -1. */
  readonly eventId: number
  /** The record's own number in its log (EventRecordID, ReportId), or -1. */
  readonly recordId: number
  /** Microseconds since 1970-01-01 UTC, or NaN where there is no readable time. */
  readonly time: number
  /** True where the time was written without a zone and was read as UTC. */
  readonly timeWithoutZone: boolean

  readonly layout: FieldLayout
  /** Value of field `index` of the layout, decoded. Null where the record has nothing there. */
  value(index: number): FieldValue
  /** Text of field `index`; undefined where the record has nothing there. */
  text(index: number): string | undefined
  /**
   * Appends the text of field `index` to `out` as UTF-8, without a JavaScript string in between where the source allows.
   * Appends nothing and returns false where the record has nothing there.
   */
  appendText(index: number, out: ByteBuffer): boolean
}

/** A part of a source that could not be read. It costs what it names and nothing else. */
export interface ReadFault {
  readonly kind: 'fault'
  /** A stable name of the reason, as `evtx-bad-chunk`, `json-syntax`, `csv-columns`. */
  readonly code: FaultCode
  /** Where, in the units of `TelemetryRecord.position`. */
  readonly position: number
  /** What was found and what was expected, in one sentence without a final stop. */
  readonly message: string
  /** How many records are lost, where that is known; 0 where nothing is lost (a note), NaN where it cannot be known. */
  readonly lost: number
}

export type FaultCode =
  | 'unreadable'
  | 'empty'
  | 'unknown-format'
  | 'link-loop'
  | 'archive-damaged'
  | 'archive-limit'
  | 'archive-unsafe-path'
  | 'archive-encrypted'
  | 'evtx-header'
  | 'evtx-bad-chunk'
  | 'evtx-bad-record'
  | 'evtx-cut'
  | 'evtx-gap'
  | 'evtx-checksum'
  | 'xml-syntax'
  | 'xml-not-event'
  | 'json-syntax'
  | 'json-not-object'
  | 'json-no-event'
  | 'csv-syntax'
  | 'csv-columns'
  | 'csv-unknown-table'
  | 'encoding'
  | 'too-large'
  | 'time-unreadable'
  | 'time-ambiguous'

export type ReadItem = TelemetryRecord | ReadFault

/**
 * A reader turns the bytes of one source into records. It yields blocks (a chunk of an EVTX file, a stretch of lines) so that
 * the waiting for input is paid once a block and not once a record. Nothing a source holds makes a reader throw: what cannot be
 * read is a fault. Records of a block are cursors: consume a block before asking for the next one.
 */
export type Reader = (source: OpenSource) => AsyncIterable<Iterable<ReadItem>>

/** An open source: bytes in order, once. */
export interface OpenSource {
  /** What a person would recognise: a path, or `archive.zip!member.json`. */
  readonly name: string
  /** Size in bytes where known. */
  readonly size: number | undefined
  /** The bytes in order; a block may be any size and is the reader's to keep until it asks for the next. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** A record's content as plain data, for keeping, printing and tests. */
export interface RecordSnapshot {
  readonly position: number
  readonly table: string
  readonly provider: string
  readonly channel: string
  readonly computer: string
  readonly eventId: number
  readonly recordId: number
  readonly time: number
  readonly timeWithoutZone: boolean
  readonly fields: Readonly<Record<string, FieldValue>>
}

/** Copies what the cursor points at now. */
export function snapshot(record: TelemetryRecord): RecordSnapshot {
  const { position, table, provider, channel, computer, eventId, recordId, time, timeWithoutZone } = record
  const fields: Record<string, FieldValue> = {}
  record.layout.names.forEach((name, index) => {
    const value = record.value(index)
    if (value !== null) fields[name] = value
  })
  return { position, table, provider, channel, computer, eventId, recordId, time, timeWithoutZone, fields }
}

export function fault(code: FaultCode, position: number, message: string, lost: number): ReadFault {
  return { kind: 'fault', code, position, message, lost }
}
