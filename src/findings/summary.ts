import type { IngestResult } from '../backends/duckdb/ingest.js'
import type { Store } from '../backends/duckdb/store.js'
import { everyEvent } from '../detection/clock.js'
import { formatTime } from '../telemetry/time.js'
import type { Rejection, Summary } from './report.js'

/** The part of the summary that the store knows: what was read and what is in it. */
export type StoredSummary = Omit<Summary, 'asOf' | 'policy' | 'rules' | 'seconds'>

/** Reads what the store holds. `run` is what this run did; a report of a store alone has none and counts what the store says of itself. */
export async function summarise(store: Store, run: IngestResult | undefined): Promise<StoredSummary> {
  const groups = await store.rows(
    `SELECT log_name, log_provider, event_code, log_table, schema, count(*), min(epoch_us(time)), max(epoch_us(time)),
      count(*) FILTER (time_quality = 'missing'), count(*) FILTER (time_quality = 'assumed-utc')
    FROM (${everyEvent(store, 'log_name, log_provider, event_code, log_table, schema, time, time_quality')})
    GROUP BY ALL ORDER BY 6 DESC, 1, 2, 3, 4`,
  )
  const [[hosts] = []] = await store.rows(
    `SELECT count(DISTINCT lower(device_hostname)) FROM (${everyEvent(store, 'device_hostname')})`,
  )
  const [[_sources, records, unmapped] = []] = await store.rows(
    'SELECT count(*), sum(records)::BIGINT, sum(unmapped)::BIGINT FROM source',
  )
  const [[files, bytes] = []] = await store.rows('SELECT count(*), sum(size)::BIGINT FROM read_file')
  const rejected = await rejections(store)
  const _empty = await store.rows('SELECT count(*) FROM source WHERE records = 0')
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  let stored = 0
  let withoutTime = 0
  let assumed = 0
  const events = new Map<
    string,
    { channel: string; provider: string; id: number | null; table: string | null; count: number }
  >()
  const mapped = new Map<string, number>()
  const others = new Map<string, { channel: string; provider: string; records: number }>()
  for (const [channel, provider, id, table, schema, count, from, to, missing, assumedUtc] of groups) {
    const amount = Number(count)
    stored += amount
    withoutTime += Number(missing)
    assumed += Number(assumedUtc)
    if (from !== null) first = Math.min(first, Number(from))
    if (to !== null) last = Math.max(last, Number(to))
    const event = {
      channel: text(channel),
      provider: text(provider),
      id: id === null ? null : Number(id),
      table: table === null ? null : text(table),
      count: 0,
    }
    const key = JSON.stringify([event.channel, event.provider, event.id, event.table])
    const known = events.get(key) ?? event
    known.count += amount
    events.set(key, known)
    if (schema !== null) mapped.set(text(schema), (mapped.get(text(schema)) ?? 0) + amount)
    else {
      const source = { channel: event.channel || (event.table ?? ''), provider: event.provider, records: 0 }
      const sourceKey = JSON.stringify([source.channel, source.provider])
      const known = others.get(sourceKey) ?? source
      known.records += amount
      others.set(sourceKey, known)
    }
  }
  const read = Number(records ?? 0)
  return {
    files: {
      read: run?.files.read ?? Number(files),
      rejected: rejected.files,
      duplicate: run?.files.duplicate ?? 0,
      bytes: run?.files.bytes ?? Number(bytes ?? 0),
    },
    records: {
      read,
      stored,
      duplicate: Math.max(0, read - stored),
      rejected: rejected.records,
      unmapped: Number(unmapped ?? 0),
      withoutTime,
      timeAssumedUtc: assumed,
    },
    events: [...events.values()].sort((a, b) => b.count - a.count),
    hosts: Number(hosts),
    timeRange: first <= last ? { first: formatTime(first), last: formatTime(last) } : null,
    rejected: rejected.list,
    sources: {
      mapped: [...mapped].map(([schema, count]) => ({ schema, records: count })).sort((a, b) => b.records - a.records),
      unmapped: [...others.values()].sort((a, b) => b.records - a.records),
    },
  }
}

async function rejections(
  store: Store,
): Promise<{ readonly list: Rejection[]; readonly files: number; readonly records: number }> {
  const rows = await store.rows(
    'SELECT source, code, reason, position, records, count FROM rejection ORDER BY source, position, code',
  )
  const list = rows.map(([source, code, reason, position, records, count]) => ({
    file: text(source),
    code: text(code),
    reason: text(reason),
    position: position === null ? null : Number(position),
    records: records === null ? null : Number(records),
    count: Number(count),
  }))
  const readable = new Set((await store.rows('SELECT name FROM source WHERE records > 0')).map(([name]) => text(name)))
  const unread = new Set(
    list.filter(({ file, records }) => !readable.has(file) && records !== 0).map(({ file }) => file),
  )
  return {
    list,
    files: unread.size, // A gap in a log's numbers is told, but what was never in the file was not refused.
    records: list.reduce((sum, { code, records }) => sum + (code === 'evtx-gap' ? 0 : (records ?? 0)), 0),
  }
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
