import type { IngestResult } from '../backends/duckdb/ingest.js'
import { bookkeepingTable, type EventStore, type PlainRow } from '../backends/event-store.js'
import { everyEvent } from '../detection/clock.js'
import type { Relation } from '../ir/relation.js'
import { call, literal, text as literalText, reference, type Scalar } from '../ir/scalar.js'
import {
  count,
  countDistinct,
  greatest,
  isEqual,
  isGreater,
  isNotEqual,
  least,
  Steps,
  sum,
  unixMicros,
} from '../ir/steps.js'
import { formatTime } from '../telemetry/time.js'
import type { Rejection, Summary } from './report.js'

/** The part of the summary that the store knows: what was read and what is in it. */
export type StoredSummary = Omit<Summary, 'asOf' | 'policy' | 'rules' | 'seconds'>

/** Reads what the store holds. `run` is what this run did; a report of a store alone has none and counts what the store says of itself. */
export async function summarise(store: EventStore, run: IngestResult | undefined): Promise<StoredSummary> {
  const groups = await kindsOfEvent(store)
  const hosts = await hostsIn(store)
  const [records, unmapped] = await totals(bookkeepingTable('source'), ['records', 'unmapped'], store)
  const [bytes, files] = await totals(bookkeepingTable('read_file'), ['size'], store)
  const rejected = await rejections(store)
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
  for (const [count, channel, provider, id, table, schema, from, to, missing, assumedUtc] of groups) {
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
      table: text(table) || null,
      count: 0,
    }
    const key = JSON.stringify([event.channel, event.provider, event.id, event.table])
    const known = events.get(key) ?? event
    known.count += amount
    events.set(key, known)
    if (text(schema) !== '') mapped.set(text(schema), (mapped.get(text(schema)) ?? 0) + amount)
    else {
      const source = { channel: event.channel || (event.table ?? ''), provider: event.provider, records: 0 }
      const sourceKey = JSON.stringify([source.channel, source.provider])
      const known = others.get(sourceKey) ?? source
      known.records += amount
      others.set(sourceKey, known)
    }
  }
  const read = records!
  return {
    files: {
      read: run?.files.read ?? files!,
      rejected: rejected.files,
      duplicate: run?.files.duplicate ?? 0,
      bytes: run?.files.bytes ?? bytes!,
    },
    records: {
      read,
      stored,
      duplicate: Math.max(0, read - stored),
      rejected: rejected.records,
      unmapped: unmapped!,
      withoutTime,
      timeAssumedUtc: assumed,
    },
    events: [...events.values()].sort((a, b) => b.count - a.count),
    hosts,
    timeRange: first <= last ? { first: formatTime(first), last: formatTime(last) } : null,
    rejected: rejected.list,
    sources: {
      mapped: [...mapped].map(([schema, count]) => ({ schema, records: count })).sort((a, b) => b.records - a.records),
      unmapped: [...others.values()].sort((a, b) => b.records - a.records),
    },
  }
}

const KIND = ['log_name', 'log_provider', 'event_code', 'log_table', 'schema'] as const

/** How many events there are of each kind, the most first, with their times and how good those are. */
async function kindsOfEvent(store: EventStore): Promise<readonly PlainRow[]> {
  const events = everyEvent(store, [...KIND, 'time', 'time_quality'])
  const time = events.column('time')
  const quality = (word: string): Scalar => isEqual(events.column('time_quality'), literalText(word))
  const kinds = events.aggregate(Object.fromEntries(KIND.map((name) => [name, events.column(name)])), {
    events: count(),
    first: least(time),
    last: greatest(time),
    missing: count(quality('missing')),
    assumed: count(quality('assumed-utc')),
  })
  const shown = kinds.project({
    events: kinds.column('events'),
    ...Object.fromEntries(KIND.map((name) => [name, kinds.column(name)])),
    first: unixMicros(kinds.column('first')),
    last: unixMicros(kinds.column('last')),
    missing: kinds.column('missing'),
    assumed: kinds.column('assumed'),
  })
  const rows = await store.ask(shown.query())
  return [...rows].sort((a, b) => Number(b[0]) - Number(a[0]) || compareKinds(a, b))
}

function compareKinds(a: PlainRow, b: PlainRow): number {
  const at = KIND.findIndex((_, index) => a[index + 1] !== b[index + 1]) + 1
  const [left, right] = [a[at] ?? Number.POSITIVE_INFINITY, b[at] ?? Number.POSITIVE_INFINITY]
  return at === 0 ? 0 : left < right ? -1 : 1
}

async function hostsIn(store: EventStore): Promise<number> {
  const events = everyEvent(store, ['device_hostname']).filter(
    isNotEqual(reference('device_hostname', 'string'), literalText('')),
  )
  const hosts = events.aggregate(
    {},
    {
      hosts: countDistinct(call('tolower', 'string', [events.column('device_hostname')])),
    },
  )
  const [[found] = []] = await store.ask(hosts.query())
  return Number(found)
}

/** Sums of columns, and after them the number of rows. */
async function totals(table: Relation, columns: readonly string[], store: EventStore): Promise<readonly number[]> {
  const rows = Steps.from(table)
  const sums = columns.map((name) => [name, sum(rows.column(name))] as const)
  const [found = []] = await store.ask(rows.aggregate({}, { ...Object.fromEntries(sums), rows: count() }).query())
  return found.map(Number)
}

async function rejections(
  store: EventStore,
): Promise<{ readonly list: Rejection[]; readonly files: number; readonly records: number }> {
  const rejected = Steps.from(bookkeepingTable('rejection')).sort(['source', 'position', 'code'])
  const rows = await store.ask(rejected.query())
  const list = rows.map(([source, code, reason, position, records, count]) => ({
    file: text(source),
    code: text(code),
    reason: text(reason),
    position: position === null ? null : Number(position),
    records: records === null ? null : Number(records),
    count: Number(count),
  }))
  const sources = Steps.from(bookkeepingTable('source'))
  const filled = sources.filter(isGreater(sources.column('records'), literal('long', 0n))).project(['name'])
  const readable = new Set((await store.ask(filled.query())).map(([name]) => text(name)))
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
