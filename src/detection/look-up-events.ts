import {
  bookkeepingTable,
  CLASS_COLUMN,
  type EventStore,
  eventTable,
  TIME_COLUMN,
  UID_COLUMN,
  type View,
} from '../backends/event-store.js'
import type { Query } from '../ir/relation.js'
import { and, literal, or, type Scalar } from '../ir/scalar.js'
import { atMicros, isAmong, isAtLeast, isAtMost, isMissing, Steps, unixMicros } from '../ir/steps.js'

/**
 * An event behind a match: its columns of the event model, its class, `time_micros` and `source_name`. What is missing is null.
 */
export type EvidenceEvent = Readonly<Record<string, unknown>>

/** Column with the number of the row that an event was found for. */
export const ROW = '$row'

export interface LookUpOptions {
  /** How many rows events were sought for. */
  readonly rows: number
  /** The most events of one row, the first in the order of these columns. */
  readonly each: number
  readonly order: readonly string[]
  readonly bindings?: Query['bindings']
  readonly view?: View
}

/** The events that a query found: it gives `ROW` and the columns that tell an event. For each row its first events, whole. */
export async function lookUpEvents(store: EventStore, hits: Steps, options: LookUpOptions): Promise<EvidenceEvent[][]> {
  const first = hits.firstOfEach(ROW, options.order, options.each).sort([ROW, ...options.order])
  const shown = first.project({
    row: first.column(ROW),
    class: first.column(CLASS_COLUMN.name),
    uid: first.column(UID_COLUMN.name),
    time: unixMicros(first.column(TIME_COLUMN.name)),
  })
  const wanted = (await store.ask(shown.query(options.bindings), options.view)).map(
    ([row, name, uid, time]): Hit => ({
      row: Number(row),
      class: String(name),
      uid: String(uid),
      micros: time === null ? null : Number(time),
    }),
  )
  const events = await wholeEvents(store, wanted)
  const found = Array.from({ length: options.rows }, (): EvidenceEvent[] => [])
  for (const hit of wanted) {
    const event = events.get(hit.uid)
    if (event) found[hit.row]!.push(event)
  }
  return found
}

interface Hit {
  readonly row: number
  readonly class: string
  readonly uid: string
  readonly micros: number | null
}

async function wholeEvents(store: EventStore, hits: readonly Hit[]): Promise<ReadonlyMap<string, EvidenceEvent>> {
  const found = new Map<string, Record<string, unknown>>()
  for (const { name } of store.model.classes) {
    const own = hits.filter((hit) => hit.class === name)
    if (own.length === 0) continue
    const micros = new Map(own.map((hit) => [hit.uid, hit.micros]))
    const events = Steps.from(eventTable(store.model, name))
    const uids = [...micros.keys()].map((uid) => literal('long', BigInt(uid)))
    const wanted = events.filter(and([within(events.column('time'), own), isAmong(events.column('uid'), uids)]))
    for (const row of await store.ask(wanted.query())) {
      const event: Record<string, unknown> = { class: name }
      for (const [index, { name: key }] of events.columns.entries()) event[key] = row[index] === '' ? null : row[index]
      const uid = String(event.uid)
      event.time_micros = micros.get(uid) ?? null
      found.set(uid, event)
    }
  }
  await nameSources(store, [...found.values()])
  return found
}

/** The stretch of time that events lie in: engines sort by time, and not by what tells events apart. */
function within(time: Scalar, hits: readonly Hit[]): Scalar {
  const known = hits.flatMap(({ micros }) => (micros === null ? [] : [micros]))
  if (known.length === 0) return isMissing(time)
  const between = and([
    isAtLeast(time, atMicros(known.reduce((a, b) => Math.min(a, b)))),
    isAtMost(time, atMicros(known.reduce((a, b) => Math.max(a, b)))),
  ])
  return known.length === hits.length ? between : or([between, isMissing(time)])
}

async function nameSources(store: EventStore, events: readonly Record<string, unknown>[]): Promise<void> {
  const ids = [...new Set(events.map((event) => String(event.source_id)))].filter((id) => /^-?\d+$/.test(id))
  if (ids.length === 0) return
  const sources = Steps.from(bookkeepingTable('source'))
  const wanted = sources.filter(
    isAmong(
      sources.column('id'),
      ids.map((id) => literal('long', BigInt(id))),
    ),
  )
  const rows = await store.ask(wanted.project(['id', 'name']).query())
  const names = new Map(rows.map(([id, name]) => [String(id), name]))
  for (const event of events) event.source_name = names.get(String(event.source_id)) ?? null
}
