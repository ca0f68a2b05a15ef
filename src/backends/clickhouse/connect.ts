/** A ClickHouse that can be asked: a server (`server.ts`), or the engine in this process, which is what tests use. */
export interface ClickhouseConnection {
  /** Rows as `JSONCompactEachRow` has them, whole numbers of 64 bits as text; see `readValue`. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>
  /** As `query`, some rows at a time. */
  batches(sql: string): AsyncIterable<readonly (readonly unknown[])[]>
  command(sql: string): Promise<void>
  /** Inserts the rows of a Parquet file. */
  insertFile(insert: FileInsert): Promise<void>
  close(): Promise<void>
}

export interface FileInsert {
  /** The statement around its source, which stands between the two parts. */
  readonly statement: readonly [string, string]
  readonly path: string
  /** Columns that the file is read with, as `uid Int64, time ...`. */
  readonly structure: string
  /** Names the rows: where the same is sent again, as after a lost answer, the server takes it once. */
  readonly token: string
}

/** What every query is run with. The limits are for queries with long lists; what a query means never hangs on a server's profile. */
export const QUERY_SETTINGS = {
  max_query_size: '67108864',
  max_ast_elements: '10000000',
  max_expanded_ast_elements: '10000000',
  max_ast_depth: '10000',
  max_parser_depth: '10000',
  max_subquery_depth: '10000',
  // What was noted is there when the answer comes; newer servers gather small inserts unless told otherwise.
  async_insert: 0,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 1,
  output_format_json_escape_forward_slashes: 0,
} as const
