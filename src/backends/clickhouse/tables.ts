import type { EventClass, EventColumn, EventModel } from '../../events/model.js'
import { quoteIdentifier, quoteText } from './quote.js'

export interface LayoutOptions {
  readonly database: string
  /** Makes the tables of every server of this cluster: replicated, with a distributed table of the class's name over them. */
  readonly cluster?: string | undefined
}

/** The statements that make the tables of the event model and of what was read; each may be run again. Why they are so: docs/clickhouse.md. */
export function createStatements(model: EventModel, options: LayoutOptions): readonly string[] {
  const { database, cluster } = options
  const on = cluster === undefined ? '' : ` ON CLUSTER ${quoteIdentifier(cluster)}`
  return [
    `CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}${on}`,
    ...model.classes.flatMap((each) => classTables(each, options, on)),
    ...BOOKKEEPING.flatMap((each) => bookkeepingTables(each, options, on)),
  ]
}

/** A table's name within its database, and of the part of it that lies on one server. */
export const localTable = (name: string, cluster: string | undefined): string =>
  cluster === undefined ? name : `${name}_local`

function classTables(each: EventClass, { database, cluster }: LayoutOptions, on: string): string[] {
  const name = (table: string): string => `${quoteIdentifier(database)}.${quoteIdentifier(table)}`
  const lines = [...each.columns.map(columnLine), ...each.columns.flatMap(indexLines)]
  const engine = replicated('ReplacingMergeTree', each.name, cluster)
  // A bare `time` in the key would be what a condition on the time is looked up by, and behind the hosts it excludes nothing.
  const local =
    `CREATE TABLE IF NOT EXISTS ${name(localTable(each.name, cluster))}${on}\n(\n  ${lines.join(',\n  ')}\n)\n` +
    `ENGINE = ${engine}\nPARTITION BY toYYYYMM(time)\nORDER BY (toStartOfHour(time), device_hostname, toUnixTimestamp64Micro(time), uid)\n` +
    `SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000`
  if (cluster === undefined) return [local]
  // A record and its copies lie on one server, and a join of one host's events needs no other.
  const distributed = `CREATE TABLE IF NOT EXISTS ${name(each.name)}${on} AS ${name(localTable(each.name, cluster))}\nENGINE = Distributed(${quoteText(cluster)}, ${quoteText(database)}, ${quoteText(localTable(each.name, cluster))}, cityHash64(device_hostname))`
  return [local, distributed]
}

// Replacing is what ends a copy that two runs inserted at the same moment; the key ends in the record's fingerprint.
const replicated = (engine: string, name: string, cluster: string | undefined): string =>
  cluster === undefined
    ? engine
    : `Replicated${engine}('/clickhouse/tables/{shard}/{database}/${localTable(name, cluster)}', '{replica}')`

function columnLine({ name, type }: EventColumn): string {
  const column = quoteIdentifier(name)
  if (name === 'uid') return `${column} Int64`
  switch (type) {
    case 'timestamp':
      return `${column} Nullable(DateTime64(6, 'UTC')) CODEC(Delta, ZSTD(1))`
    case 'integer':
      return `${column} Nullable(Int64) CODEC(ZSTD(1))`
    // What is missing is the empty text, as in every query: a mask of NULLs for each text would be read with it and tell nothing.
    case 'name':
      return `${column} LowCardinality(String)`
    case 'text':
      return `${column} String CODEC(ZSTD(1))`
    case 'json':
      return `${column} String CODEC(ZSTD(3))`
  }
}

/** Indexes over small letters, since that is how most queries look: groups of letters for long texts, whole values for hashes. */
function indexLines({ name, type }: EventColumn): string[] {
  if (type !== 'text') return []
  const index = (kind: string): string =>
    `INDEX ${quoteIdentifier(`${name}_letters`)} lowerUTF8(${quoteIdentifier(name)}) TYPE ${kind} GRANULARITY 4`
  if (/_(md5|sha1|sha256|imphash)$/.test(name)) return [index('bloom_filter(0.01)')]
  return LONG_TEXT.test(name) ? [index('ngrambf_v1(4, 65536, 2, 0)')] : []
}

const LONG_TEXT = /(^|_)(cmd_line|path|url|content|contents|value_data|message)$/

interface Bookkeeping {
  readonly name: string
  readonly columns: string
  readonly key: string
}

/** As in the store of DuckDB; rows with the same key give way to later ones. */
const BOOKKEEPING: readonly Bookkeeping[] = [
  { name: 'latchkey', columns: 'key String, value String', key: 'key' },
  { name: 'read_file', columns: 'id Int64, path String, size Int64, sha256 String', key: 'id' },
  {
    name: 'source',
    columns: 'id Int64, name String, size Nullable(Int64), format String, records Int64, unmapped Int64',
    key: 'id',
  },
  {
    name: 'rejection',
    columns:
      "source String, code String, reason String, position Nullable(Int64), records Nullable(Int64), count Int64, noted DateTime64(6, 'UTC') DEFAULT now64(6)",
    key: '(source, code, reason)',
  },
]

function bookkeepingTables(
  { name, columns, key }: Bookkeeping,
  { database, cluster }: LayoutOptions,
  on: string,
): string[] {
  const full = (table: string): string => `${quoteIdentifier(database)}.${quoteIdentifier(table)}`
  const engine = replicated('ReplacingMergeTree', name, cluster)
  const local = `CREATE TABLE IF NOT EXISTS ${full(localTable(name, cluster))}${on} (${columns})\nENGINE = ${engine}\nORDER BY ${key}`
  if (cluster === undefined) return [local]
  const distributed = `CREATE TABLE IF NOT EXISTS ${full(name)}${on} AS ${full(localTable(name, cluster))}\nENGINE = Distributed(${quoteText(cluster)}, ${quoteText(database)}, ${quoteText(localTable(name, cluster))}, cityHash64(${key.replace(/[()]/g, '').split(',')[0]}))`
  return [local, distributed]
}

/** Types that a part is read with: what is missing in it becomes the column's default. */
export const partStructure = (each: EventClass): string =>
  each.columns
    .map(({ name, type }) => {
      const column = quoteIdentifier(name)
      if (name === 'uid') return `${column} Int64`
      if (type === 'timestamp') return `${column} Nullable(DateTime64(6, 'UTC'))`
      return `${column} ${type === 'integer' ? 'Nullable(Int64)' : 'Nullable(String)'}`
    })
    .join(', ')
