import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { loadContent } from '../../content/load.js'
import type { EventModel } from '../../events/model.js'
import type { SchemaMap } from '../../events/schema-map.js'
import { walk } from '../../telemetry/walk.js'
import type { EventSink, FileRow, RejectionRow } from '../event-sink.js'
import type { ReadProgress } from './read-session.js'
import { type Delivery, ReadSession } from './read-session.js'

export interface IngestOptions {
  /** Worker threads; 0 reads in place. */
  readonly threads?: number
  readonly onProgress?: (state: IngestProgress) => void
  readonly signal?: AbortSignal
}

export interface IngestProgress {
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly records: number
  readonly current: string
}

export interface IngestResult {
  readonly files: { readonly read: number; readonly duplicate: number; readonly bytes: number }
  readonly records: { readonly read: number; readonly stored: number }
}

/**
 * Reads every file below `paths` into the store: a session a thread, each with the next file as soon as it is free. What cannot be
 * read becomes a rejection in the store. Throws where the disk is full, the store fails, or `signal` aborts; what was added stays.
 */
export async function ingest(
  store: EventSink,
  paths: readonly string[],
  options: IngestOptions = {},
): Promise<IngestResult> {
  const run = new Ingest(store, options)
  return run.read(paths)
}

/** One way of running a session: on a worker thread, or here. */
interface Lane {
  readonly start: (lane: LaneEvents) => Promise<void>
}

interface LaneEvents {
  readonly next: () => Promise<FileRow | undefined>
  readonly deliver: (delivery: Delivery) => Promise<void>
  readonly progress: (progress: ReadProgress) => void
}

class Ingest {
  private readonly queue: FileRow[] = []
  private readonly known = new Map<string, FileRow>()
  private readonly knownSizes = new Map<number, FileRow[]>()
  private adding: Promise<unknown> = Promise.resolve()
  private failure: unknown
  private filesDone = 0
  private filesTotal = 0
  private bytesDone = 0
  private bytesTotal = 0
  private duplicates = 0
  private records = 0
  private delivered = 0
  private stored = 0

  constructor(
    private readonly store: EventSink,
    private readonly options: IngestOptions,
  ) {}

  async read(paths: readonly string[]): Promise<IngestResult> {
    await this.list(paths)
    const threads = this.options.threads ?? Math.min(availableParallelism(), 8)
    const lanes =
      threads === 0
        ? [inPlace(this.store)]
        : Array.from({ length: Math.min(threads, Math.max(1, this.queue.length)) }, (_, index) =>
            onThread(this.store, index),
          )
    const events: LaneEvents = {
      next: () => this.next(),
      deliver: (delivery) => this.add(delivery),
      progress: ({ records, bytes, current }) => this.report(records, bytes, current),
    }
    await Promise.all(lanes.map((lane) => lane.start(events).catch((error) => this.fail(error))))
    await this.adding.catch((error) => this.fail(error))
    this.stored += await this.store.settle()
    if (this.failure !== undefined) throw this.failure
    return {
      files: { read: this.filesTotal - this.duplicates, duplicate: this.duplicates, bytes: this.bytesTotal },
      records: { read: this.delivered, stored: this.stored },
    }
  }

  private async list(paths: readonly string[]): Promise<void> {
    const rejections: RejectionRow[] = []
    const found: { path: string; size: number }[] = []
    for await (const item of walk(paths)) {
      if ('kind' in item)
        rejections.push({
          source: item.name,
          code: item.code,
          reason: item.message,
          position: undefined,
          records: undefined,
          count: 1,
        })
      else found.push({ path: item.path, size: item.size })
    }
    for (const file of await this.store.files()) this.remember(file)
    const first = await this.store.takeFileIds(found.length)
    for (const [index, file] of found.entries()) this.queue.push({ id: first + index, ...file, sha256: undefined })
    // Large files first, so that no thread is left alone with one at the end.
    this.queue.sort((a, b) => b.size - a.size)
    const sizes = new Map<number, number>()
    for (const { size } of found) sizes.set(size, (sizes.get(size) ?? 0) + 1)
    for (const [size, count] of sizes) if (count > 1 || this.knownSizes.has(size)) this.sharedSizes.add(size)
    this.filesTotal = found.length
    this.bytesTotal = found.reduce((sum, { size }) => sum + size, 0)
    if (rejections.length > 0) await this.store.add([], [], rejections, [])
  }

  private readonly sharedSizes = new Set<number>()

  /** The next file whose content has not been read yet. Content is compared only where another file has the same size, or where a store will be asked later. */
  private async next(): Promise<FileRow | undefined> {
    for (;;) {
      if (this.failure !== undefined || this.options.signal?.aborted) return undefined
      const file = this.queue.shift()
      if (file === undefined) return undefined
      if (!this.store.isLasting && !this.sharedSizes.has(file.size)) return file
      const sha256 = await hashFile(file.path)
      if (sha256 === undefined) return file
      const twin = this.known.get(sha256)
      if (twin === undefined) {
        const hashed = { ...file, sha256 }
        this.remember(hashed)
        return hashed
      }
      this.duplicates++
      this.filesDone++
      this.bytesDone += file.size
      this.report(0, 0, file.path)
    }
  }

  private remember(file: FileRow): void {
    if (file.sha256 !== undefined) this.known.set(file.sha256, file)
    const same = this.knownSizes.get(file.size)
    if (same === undefined) this.knownSizes.set(file.size, [file])
    else same.push(file)
  }

  /** Adds a delivery after the ones before it. Resolves when there is room for the next: at once, unless one is still waiting. */
  private async add(delivery: Delivery): Promise<void> {
    const before = this.adding
    this.adding = before.then(async () => {
      if (this.failure !== undefined) return
      this.stored += await this.store.add(delivery.parts, delivery.sources, delivery.rejections, delivery.finished)
      this.delivered += delivery.parts.reduce((sum, part) => sum + part.rows, 0)
      this.filesDone += delivery.finished.length
    })
    this.adding.catch((error) => this.fail(error))
    await before
    if (this.failure !== undefined) throw this.failure
  }

  private report(records: number, bytes: number, current: string): void {
    this.records += records
    this.bytesDone += bytes
    this.options.onProgress?.({
      filesDone: this.filesDone,
      filesTotal: this.filesTotal,
      bytesDone: Math.min(this.bytesDone, this.bytesTotal),
      bytesTotal: this.bytesTotal,
      records: this.records,
      current,
    })
  }

  private fail(error: unknown): void {
    this.failure ??= error
  }
}

function inPlace(store: EventSink): Lane {
  return {
    start: async ({ next, deliver, progress }) => {
      const session = new ReadSession(
        store.model,
        loadContent<SchemaMap>('schemas'),
        store.partsFolder,
        '0',
        deliver,
        progress,
      )
      for (let file = await next(); file !== undefined; file = await next()) await session.read(file)
      await session.flush()
    },
  }
}

export type ToReader =
  | { readonly type: 'read'; readonly file: FileRow }
  | { readonly type: 'taken' }
  | { readonly type: 'finish' }

export type FromReader =
  | { readonly type: 'ready' }
  | { readonly type: 'delivery'; readonly delivery: Delivery }
  | { readonly type: 'progress'; readonly progress: ReadProgress }
  | { readonly type: 'finished' }
  | { readonly type: 'failed'; readonly message: string }

export interface ReaderData {
  readonly model: EventModel
  readonly folder: string
  readonly name: string
}

/**
 * A session on a worker thread. Should the thread die (out of memory, a fault of ours), the file it was at is rejected by name, and the
 * files whose records had not been handed over are read again by a new thread.
 */
function onThread(store: EventSink, index: number): Lane {
  return {
    start: async (events) => {
      let pending: FileRow[] = []
      for (let life = 0; ; life++) {
        const outcome = await runThread(store, `${index}-${life}`, events, pending)
        if (outcome === undefined) return
        const { error, at, unread } = outcome
        if (at === undefined) throw error
        const reason = `the reader stopped: ${error.message}`
        const rejection = {
          source: at.path,
          code: 'unreadable',
          reason,
          position: undefined,
          records: undefined,
          count: 1,
        }
        await events.deliver({ parts: [], sources: [], rejections: [rejection], finished: [] })
        pending = unread
      }
    },
  }
}

interface Death {
  readonly error: Error
  readonly at: FileRow | undefined
  readonly unread: FileRow[]
}

function runThread(
  store: EventSink,
  name: string,
  events: LaneEvents,
  pending: readonly FileRow[],
): Promise<Death | undefined> {
  const waiting = [...pending]
  const data: ReaderData = { model: store.model, folder: store.partsFolder, name }
  const worker = new Worker(new URL('./read-worker.js', import.meta.url), {
    workerData: data,
    // Readers make little garbage that lives; a small nursery costs no time and saves tens of megabytes each.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  })
  const open = new Map<number, FileRow>()
  let current: FileRow | undefined
  return new Promise((resolve) => {
    const die = (error: Error): void =>
      resolve({ error, at: current, unread: [...open.values()].filter((file) => file !== current) })
    const send = (message: ToReader): void => worker.postMessage(message)
    const handle = async (message: FromReader): Promise<void> => {
      switch (message.type) {
        case 'ready': {
          current = waiting.shift() ?? (await events.next())
          if (current === undefined) send({ type: 'finish' })
          else {
            open.set(current.id, current)
            send({ type: 'read', file: current })
          }
          return
        }
        case 'delivery':
          for (const { id } of message.delivery.finished) open.delete(id)
          await events.deliver(message.delivery)
          send({ type: 'taken' })
          return
        case 'progress':
          events.progress(message.progress)
          return
        case 'finished':
          await worker.terminate()
          resolve(undefined)
          return
        case 'failed':
          current = undefined
          die(new Error(message.message))
          await worker.terminate()
      }
    }
    worker.on('message', (message: FromReader) => {
      handle(message).catch(async (error) => {
        current = undefined
        die(error instanceof Error ? error : new Error(String(error)))
        await worker.terminate()
      })
    })
    worker.on('error', die)
  })
}

/** SHA-256 of a file's content; undefined where it cannot be read (the reader will say why). */
async function hashFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array)
    return hash.digest('hex')
  } catch {
    return undefined
  }
}
