import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickhouseConnection } from '../backends/clickhouse/connect.js'
import { ClickhouseStore } from '../backends/clickhouse/store.js'
import { createStatements } from '../backends/clickhouse/tables.js'
import { ingest } from '../backends/duckdb/ingest.js'
import { loadModel } from '../events/model.js'
import { ConfigurationError } from './failure.js'
import { createProgress } from './progress.js'

export interface ClickhouseOptions {
  readonly clickhouse?: string
  readonly database: string
  readonly cluster?: string
}

export interface StoreInitOptions extends ClickhouseOptions {
  readonly dryRun?: boolean
}

export interface StoreIngestOptions extends ClickhouseOptions {
  readonly threads?: string
  readonly quiet?: boolean
}

/** `latchkey store init`: makes the tables, or prints their SQL. Returns the exit code. */
export async function storeInit(options: StoreInitOptions): Promise<number> {
  const model = loadModel()
  if (options.dryRun === true) {
    process.stdout.write(`${createStatements(model, options).join(';\n\n')};\n`)
    return 0
  }
  const connection = await openServer(options.clickhouse)
  try {
    await new ClickhouseStore(connection, model, options, tmpdir()).prepare()
    process.stderr.write(`the tables are in the database ${options.database}\n`)
    return 0
  } finally {
    await connection.close()
  }
}

/** `latchkey store ingest`: reads logs into ClickHouse. Returns the exit code. */
export async function storeIngest(paths: readonly string[], options: StoreIngestOptions): Promise<number> {
  const threads = options.threads === undefined ? Math.min(availableParallelism(), 8) : Number(options.threads)
  if (!Number.isInteger(threads) || threads < 0 || threads > 64)
    throw new ConfigurationError(`--threads takes a whole number from 0 to 64, not ${options.threads}`)
  const connection = await openServer(options.clickhouse)
  const workFolder = mkdtempSync(join(tmpdir(), 'latchkey-clickhouse-'))
  const progress = createProgress({ stream: process.stderr, quiet: options.quiet === true })
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    const store = new ClickhouseStore(connection, loadModel(), options, workFolder)
    if (!(await store.isPrepared()))
      throw new ConfigurationError(
        `the database ${options.database} has no tables of latchkey: latchkey store init makes them`,
      )
    const { files, records } = await ingest(store, paths, {
      threads,
      signal: interrupt.signal,
      onProgress: (state) => progress.update(state),
    })
    progress.done()
    if (interrupt.signal.aborted)
      throw new Error('stopped while reading; what was read is kept, and the next run goes on from there')
    if (options.quiet !== true)
      process.stderr.write(
        `${files.read} files read, ${files.duplicate} known; ${records.read} records, ${records.stored} new\n`,
      )
    return files.read === 0 && files.duplicate === 0 ? 2 : 0
  } finally {
    progress.done()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    rmSync(workFolder, { recursive: true, force: true })
    await connection.close()
  }
}

/** The server of `--clickhouse`; without it there is none to ask. */
export async function openServer(url: string | undefined): Promise<ClickhouseConnection> {
  if (url === undefined) throw new ConfigurationError('--clickhouse takes the server’s URL, as http://localhost:8123')
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new ConfigurationError('--clickhouse takes a URL as http://user:password@localhost:8123')
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new ConfigurationError(`--clickhouse speaks http or https, not ${parsed.protocol}`)
  const { connectServer } = await import('../backends/clickhouse/server.js')
  return connectServer(url)
}
