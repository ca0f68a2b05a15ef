import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { IngestResult } from '../backends/duckdb/ingest.js'
import { Store } from '../backends/duckdb/store.js'
import { readPlaceholders } from '../detection/sigma/placeholders.js'
import { readWatchlists } from '../detection/watchlists.js'
import { loadModel } from '../events/model.js'
import type { Watchlists } from '../ir/schema.js'
import { parseTime } from '../telemetry/time.js'
import { ConfigurationError } from './failure.js'
import { createProgress } from './progress.js'

/** Options of every command that reads logs or a store. */
export interface InputOptions {
  readonly store?: string
  readonly since?: string
  readonly until?: string
  readonly asOf?: string
  readonly quiet?: boolean
  readonly memory: string
  readonly threads?: string
  readonly watchlists?: string
  readonly placeholders?: string
}

/** Opens the store and reads the paths into it, with progress on standard error. An interrupt stops the reading; what was stored stays. */
export async function openInput(
  paths: readonly string[],
  options: InputOptions,
  signal?: AbortSignal,
): Promise<{ readonly store: Store; readonly read: IngestResult | undefined }> {
  if (paths.length === 0 && options.store === undefined)
    throw new ConfigurationError(
      'nothing to read: give files or folders, or --store with a store that has been filled before',
    )
  const threads = options.threads === undefined ? Math.min(availableParallelism(), 8) : Number(options.threads)
  if (!Number.isInteger(threads) || threads < 0 || threads > 64)
    throw new ConfigurationError(`--threads takes a whole number from 0 to 64, not ${options.threads}`)
  if (!/^\d+(\.\d+)?\s*([KMGT]i?B)$/i.test(options.memory))
    throw new ConfigurationError(`--memory takes a size as 512MB or 2GB, not ${options.memory}`)
  if (paths.length === 0 && !existsSync(options.store!))
    throw new ConfigurationError(`--store: there is no store at ${options.store}; give logs to fill one with`)
  const store = await Store.open(loadModel(), { path: options.store, memoryLimit: options.memory })
  if (paths.length === 0) return { store, read: undefined }
  const { ingest } = await import('../backends/duckdb/ingest.js')
  const progress = createProgress({ stream: process.stderr, quiet: options.quiet === true })
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  signal?.addEventListener('abort', stop)
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    const read = await ingest(store, paths, {
      threads,
      signal: interrupt.signal,
      onProgress: (state) => progress.update(state),
    })
    progress.done()
    if (interrupt.signal.aborted)
      throw new Error(
        `stopped while reading; ${options.store === undefined ? 'nothing was kept' : 'what was read is kept, and the next run goes on from there'}`,
      )
    return { store, read }
  } catch (error) {
    progress.done()
    await store.close()
    throw error
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

/** A time option in microseconds UTC. */
export function timeOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = parseTime(text) ?? parseTime(`${text}T00:00:00Z`)
  if (time === undefined)
    throw new ConfigurationError(`${name} takes a time as 2026-01-31T08:00:00Z or 2026-01-31, not ${text}`)
  return time.micros
}

/** The watchlists of the folder that the command names; none without one. */
export function watchlistsOf(folder: string | undefined): Watchlists | undefined {
  if (folder === undefined) return undefined
  try {
    return readWatchlists(folder)
  } catch (error) {
    throw new ConfigurationError(`--watchlists: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The values of placeholders in the file that the command names; undefined without one. */
export function placeholdersOf(path: string | undefined): ReadonlyMap<string, readonly string[]> | undefined {
  if (path === undefined) return undefined
  try {
    return readPlaceholders(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ConfigurationError(`--placeholders ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
