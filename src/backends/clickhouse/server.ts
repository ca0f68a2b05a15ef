import { createReadStream } from 'node:fs'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { type ClickhouseConnection, type FileInsert, QUERY_SETTINGS } from './connect.js'
import { quoteText } from './quote.js'

/**
 * A server by its URL, `http://user:password@host:8123`; only where a command was given one. An insert that gets no answer is sent again,
 * with the same name, so that the server takes it once. Errors name the server and never its password.
 */
export function connectServer(url: string, retries = 4): ClickhouseConnection {
  const client = createClient({
    url,
    request_timeout: 600_000,
    application: 'latchkey',
    compression: { response: true },
    // Errors are told by who asked.
    log: { level: ClickHouseLogLevel.OFF },
    // A long query sends a header now and then, so that nobody between takes the connection for dead.
    clickhouse_settings: { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '60000' },
  })
  const host = new URL(url).host
  return {
    async query(sql) {
      return explained(host, async () => {
        const result = await client.query({
          query: sql,
          format: 'JSONCompactEachRow',
          clickhouse_settings: QUERY_SETTINGS,
        })
        return await result.json<unknown[]>()
      })
    },
    async *batches(sql) {
      try {
        const result = await client.query({
          query: sql,
          format: 'JSONCompactEachRow',
          clickhouse_settings: QUERY_SETTINGS,
        })
        for await (const rows of result.stream<unknown[]>()) yield rows.map((row) => row.json())
      } catch (error) {
        throw asServerError(host, error)
      }
    },
    async command(sql) {
      await explained(host, () => client.command({ query: sql, clickhouse_settings: QUERY_SETTINGS }))
    },
    async insertFile(insert) {
      for (let attempt = 0; ; attempt++) {
        try {
          await explained(host, () => sendFile(client, insert))
          return
        } catch (error) {
          if (attempt >= retries || !isPassing(error)) throw error
          await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt))
        }
      }
    },
    async close() {
      await client.close()
    },
  }
}

async function sendFile(
  client: ClickHouseClient,
  { statement: [before, after], path, structure, token }: FileInsert,
): Promise<void> {
  const result = await client.exec({
    query: `${before} input(${quoteText(structure)}) ${after} FORMAT Parquet`,
    values: createReadStream(path),
    clickhouse_settings: {
      ...QUERY_SETTINGS,
      insert_deduplication_token: token,
      input_format_parquet_allow_missing_columns: 1,
      max_partitions_per_insert_block: '0',
      // On a cluster the answer comes when every server has its rows.
      distributed_foreground_insert: 1,
      wait_end_of_query: 1,
    },
  })
  for await (const _ of result.stream) void _
}

/** The server cannot be reached or refuses; the message says which and why. */
export class ServerError extends Error {
  override readonly name = 'StoreError'
  constructor(
    message: string,
    /** The server's own code; undefined where it gave no answer. */
    readonly code: string | undefined,
  ) {
    super(message)
  }
}

async function explained<T>(host: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw asServerError(host, error)
  }
}

function asServerError(host: string, error: unknown): ServerError {
  const { message, code, type } = error as Error & { code?: unknown; type?: unknown }
  if (type !== undefined) return new ServerError(`ClickHouse at ${host}: ${message}`, String(code))
  return new ServerError(`cannot reach ClickHouse at ${host}: ${message || String(code)}`, undefined)
}

/** No answer, or one that asks to come again: too many queries, parts or writes at once, a replica or Keeper that is away. */
const isPassing = (error: unknown): boolean =>
  error instanceof ServerError &&
  (error.code === undefined || ['202', '209', '210', '225', '241', '242', '252', '319', '999'].includes(error.code))
