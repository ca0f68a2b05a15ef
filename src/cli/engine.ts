import { existsSync } from 'node:fs'
import type { IngestResult } from '../backends/duckdb/ingest.js'
import type { EventStore } from '../backends/event-store.js'
import type { Query } from '../ir/relation.js'
import type { QuerySchema } from '../ir/schema.js'
import { ConfigurationError } from './failure.js'
import { type InputOptions, openInput } from './input.js'

/** Options of the commands that run over logs, over a store, or on a server. */
export interface EngineOptions extends InputOptions {
  /** A server to run on instead. */
  readonly clickhouse?: string
  readonly database?: string
}

/** What a command runs on, as far as it is known before anything is opened. */
export interface Engine {
  readonly name: EventStore['engine']
  readonly schema: QuerySchema
  /** The SQL that a query would run. Throws `NotEmitted` for what the engine cannot say. */
  sqlOf(query: Query): readonly string[]
  /** Whether opening reads and makes nothing, so that it may go on before a query is known to be good. */
  readonly opensEarly: boolean
  /** Opens the events, and reads the paths into a store. */
  open(paths: readonly string[], signal?: AbortSignal): Promise<OpenEvents>
}

export interface OpenEvents {
  readonly store: EventStore
  /** What this run read; undefined where it read nothing. */
  readonly read: IngestResult | undefined
}

/** The engine that the options name: the embedded one, or a ClickHouse server. Its code is loaded when it is wanted. */
export function engineOf(options: EngineOptions): Promise<Engine> {
  return options.clickhouse === undefined ? embedded(options) : server(options.clickhouse, options)
}

async function embedded(options: EngineOptions): Promise<Engine> {
  const { emitDuckdb } = await import('../backends/duckdb/emit.js')
  const { storeTables } = await import('../backends/duckdb/tables.js')
  return {
    name: 'DuckDB',
    get schema() {
      return storeTables().schema
    },
    sqlOf: (query) => [emitDuckdb(query, (name) => storeTables().physical(name)).sql],
    opensEarly: options.store !== undefined && existsSync(options.store),
    open: (paths, signal) => openInput(paths, options, signal),
  }
}

async function server(url: string, options: EngineOptions): Promise<Engine> {
  if (options.store !== undefined)
    throw new ConfigurationError('--clickhouse and --store name two places for events: give one of them')
  const { clickhouseTables } = await import('../backends/clickhouse/bind-tables.js')
  const { splitQuery } = await import('../backends/clickhouse/split.js')
  const database = options.database ?? 'latchkey'
  const tables = clickhouseTables(database)
  return {
    name: 'ClickHouse',
    schema: tables.schema,
    sqlOf: (query) => splitQuery(query, (name) => tables.physical(name)).pieces.map(({ sql }) => sql),
    opensEarly: false,
    async open(paths) {
      if (paths.length > 0)
        throw new ConfigurationError('with --clickhouse no paths are read: latchkey store ingest puts logs there first')
      const { openServer } = await import('./store.js')
      const { ClickhouseEvents } = await import('../backends/clickhouse/events.js')
      const { loadModel } = await import('../events/model.js')
      const store = new ClickhouseEvents(await openServer(url), loadModel(), database)
      try {
        if (await store.isPrepared()) return { store, read: undefined }
        throw new ConfigurationError(
          `the database ${database} has no tables of latchkey: latchkey store init makes them, and latchkey store ingest fills them`,
        )
      } catch (error) {
        await store.close()
        throw error
      }
    },
  }
}
