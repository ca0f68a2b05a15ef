import type { EventModel } from '../events/model.js'

/** A Parquet file of events of one class, written by a reader and waiting to be added. */
export interface Part {
  readonly class: string
  readonly path: string
  readonly rows: number
  /** Microseconds; undefined where no row has a time. */
  readonly firstTime: number | undefined
  readonly lastTime: number | undefined
  /** Whether a record stands in it more than once. */
  readonly repeats: boolean
}

/** What became of one source: a file, or a member of an archive. */
export interface SourceRow {
  readonly id: number
  readonly name: string
  readonly size: number | undefined
  /** What its content turned out to be; empty where it is nothing that can be read. */
  readonly format: string
  readonly records: number
  readonly unmapped: number
}

export interface RejectionRow {
  readonly source: string
  readonly code: string
  readonly reason: string
  readonly position: number | undefined
  /** Records lost; undefined where it cannot be known. */
  readonly records: number | undefined
  readonly count: number
}

/** One file that was read, with its content's fingerprint. */
export interface FileRow {
  readonly id: number
  readonly path: string
  readonly size: number
  readonly sha256: string | undefined
}

/** Where reading puts what it has read. */
export interface EventSink {
  readonly model: EventModel
  /** Whether what is added outlives this run. */
  readonly isLasting: boolean
  /** Parts are written here by readers; `add` removes them. */
  readonly partsFolder: string
  /** Files read whole in this or an earlier run. */
  files(): Promise<readonly FileRow[]>
  /** Takes `count` numbers for files that no run has used, and returns the first. */
  takeFileIds(count: number): Promise<number>
  /** Adds parts and marks sources as read. Returns how many of the parts' records were new. */
  add(
    parts: readonly Part[],
    sources: readonly SourceRow[],
    rejections: readonly RejectionRow[],
    finished: readonly FileRow[],
  ): Promise<number>
  /** Makes everything that was added visible. To be called after adding and before asking. Returns how many records that made new. */
  settle(): Promise<number>
}
