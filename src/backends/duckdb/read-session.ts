import { join } from 'node:path'
import type { EventModel } from '../../events/model.js'
import type { SchemaMap } from '../../events/schema-map.js'
import { EventWriter } from '../../events/writer.js'
import { readSource } from '../../telemetry/read.js'
import type { OpenSource, ReadFault } from '../../telemetry/record.js'
import { openSources } from '../../telemetry/source.js'
import { writeParquet } from './parquet.js'
import type { FileRow, Part, RejectionRow, SourceRow } from './store.js'

/** What a read session hands over: parts on disk, and what they complete. */
export interface Delivery {
  readonly parts: readonly Part[]
  readonly sources: readonly SourceRow[]
  readonly rejections: readonly RejectionRow[]
  /** Files whose last record is in this delivery or an earlier one. */
  readonly finished: readonly FileRow[]
}

export interface ReadProgress {
  readonly records: number
  readonly bytes: number
  readonly current: string
}

/**
 * Reads files one after another into batches and writes the batches as parts when they have grown. It is the work of one thread:
 * `ingest` runs several of them, on worker threads or in place.
 */
export class ReadSession {
  private readonly writer: EventWriter
  private sources: SourceRow[] = []
  private rejections: RejectionRow[] = []
  private finished: FileRow[] = []
  private parts = 0
  private bytesReported = 0
  private open: (() => SourceRow) | undefined

  constructor(
    model: EventModel,
    maps: readonly SchemaMap[],
    private readonly folder: string,
    /** Tells this session's parts from those of others. */
    private readonly name: string,
    private readonly deliver: (delivery: Delivery) => Promise<void>,
    private readonly progress: (progress: ReadProgress) => void,
  ) {
    this.writer = new EventWriter(model, maps)
  }

  /** Reads one file whole; nothing in it makes this throw, except a disk that cannot be written. */
  async read(file: FileRow): Promise<void> {
    let member = 0
    for await (const opened of openSources({ path: file.path, size: file.size })) {
      if ('chunks' in opened) await this.readOne(opened, file.id * MEMBERS + member++, file)
      else this.reject(opened.name, [opened])
    }
    this.finished.push(file)
    this.progress({ records: 0, bytes: file.size - this.bytesReported, current: file.path })
    this.bytesReported = 0
  }

  /** Hands over whatever is still held. */
  async flush(): Promise<void> {
    const parts: Part[] = []
    for (const batch of this.writer.batches) {
      if (batch.rows === 0) continue
      const path = join(this.folder, `${this.name}-${this.parts++}-${batch.name}.parquet`)
      writeParquet(path, batch)
      const timed = batch.firstTime <= batch.lastTime
      parts.push({
        class: batch.name,
        path,
        rows: batch.rows,
        firstTime: timed ? batch.firstTime : undefined,
        lastTime: timed ? batch.lastTime : undefined,
        repeats: batch.hasRepeats(),
      })
      batch.clear()
    }
    // A source that is still being read is named too, so that the records of this delivery have a source whatever happens next.
    const sources = this.open === undefined ? this.sources : [...this.sources, this.open()]
    const delivery = { parts, sources, rejections: this.rejections, finished: this.finished }
    this.sources = []
    this.rejections = []
    this.finished = []
    await this.deliver(delivery)
  }

  private async readOne(source: OpenSource, id: number, file: FileRow): Promise<void> {
    const faults = new FaultCounter()
    const unmappedBefore = this.writer.unmapped
    let records = 0
    let reported = 0
    let bytes = 0
    let format = ''
    const report = (): void => {
      // What comes out of an archive is not what was read from disk; an archive's bytes count when it is done.
      const read = source.name === file.path ? bytes - this.bytesReported : 0
      this.bytesReported += read
      this.progress({ records: records - reported, bytes: read, current: source.name })
      reported = records
    }
    this.open = () => ({
      id,
      name: source.name,
      size: source.size ?? bytes,
      format,
      records,
      unmapped: this.writer.unmapped - unmappedBefore,
    })
    const counted: OpenSource = {
      ...source,
      chunks: count(source.chunks, (size) => {
        bytes += size
      }),
    }
    try {
      for await (const block of readSource(counted)) {
        format = block.format ?? ''
        for (const item of block.items) {
          if (item.kind === 'fault') faults.add(item)
          else {
            this.writer.write(item, id)
            records++
          }
        }
        if (this.isFull()) await this.flush()
        if (records - reported >= 5000) report()
      }
    } catch (error) {
      if (isDiskError(error)) throw error
      faults.add({
        kind: 'fault',
        code: 'unreadable',
        position: 0,
        lost: Number.NaN,
        message: error instanceof Error ? error.message : String(error),
      })
    }
    this.reject(source.name, faults.list())
    this.sources.push(this.open())
    this.open = undefined
    report()
  }

  private reject(source: string, faults: readonly (ReadFault & { readonly count?: number })[]): void {
    for (const { code, message, position, lost, count } of faults) {
      this.rejections.push({
        source,
        code,
        reason: message,
        position,
        records: Number.isNaN(lost) ? undefined : lost,
        count: count ?? 1,
      })
    }
  }

  private isFull(): boolean {
    let size = 0
    for (const batch of this.writer.batches) {
      if (batch.rows >= MAX_ROWS) return true
      if (batch.rows > 0) size += batch.size
    }
    return size > MAX_BYTES
  }
}

/** Source ids are the file's id and the number of the member within it. */
const MEMBERS = 2 ** 20
/** A DuckDB row group. */
const MAX_ROWS = 122_880
const MAX_BYTES = 10 * 2 ** 20

/** Alike faults of a source are one row: the first place and how often. The kinds of reason are few; their number is bounded all the same. */
const TOLD = 10
const REASONS = 100

class FaultCounter {
  private readonly perKind = new Map<string, number>()
  private readonly byReason = new Map<string, { fault: ReadFault; lost: number; count: number }>()

  add(fault: ReadFault): void {
    const kind = `${fault.code} ${fault.message.replace(/\d+/g, '#')}`
    const seen = this.perKind.get(kind) ?? 0
    this.perKind.set(kind, seen + 1)
    // A few are told one by one, so that each place and number is named; more of the same kind are counted.
    const key = seen < TOLD ? `${kind} ${seen}` : this.byReason.size < REASONS ? kind : fault.code
    const known = this.byReason.get(key)
    if (known === undefined) this.byReason.set(key, { fault, lost: fault.lost, count: 1 })
    else {
      known.lost += fault.lost
      known.count++
    }
  }

  list(): (ReadFault & { readonly count: number })[] {
    return [...this.byReason.values()].map(({ fault, lost, count }) => ({ ...fault, lost, count }))
  }
}

async function* count(chunks: AsyncIterable<Uint8Array>, seen: (size: number) => void): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    seen(chunk.length)
    yield chunk
  }
}

function isDiskError(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const call = (error as NodeJS.ErrnoException | undefined)?.syscall
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || (code === 'EIO' && call === 'write')
}
