import {
  CLASS_COLUMN,
  type EventStore,
  eventTable,
  TIME_COLUMN,
  UID_COLUMN,
  type View,
} from '../backends/event-store.js'
import { NotEmitted } from '../backends/not-emitted.js'
import type { Query } from '../ir/relation.js'
import { and, literal, reference, type Scalar } from '../ir/scalar.js'
import { asText, atMicros, isAmong, isAtLeast, isAtMost, Steps } from '../ir/steps.js'
import { parseDatetime } from '../ir/time.js'
import { type Column, column, type ScalarType } from '../ir/types.js'
import type { Value } from '../ir/value.js'
import { type EvidenceEvent, lookUpEvents, ROW } from './look-up-events.js'
import { type Origin, originsOf } from './origins.js'
import type { EvidenceRule } from './rules.js'

export type { EvidenceEvent } from './look-up-events.js'

export type Columns = Readonly<Record<string, unknown>>

/** At most this many events are shown behind one match. */
const SHOWN = 5

/** Matches whose events are looked up in one query. */
const TOGETHER = 500

/** The events behind each row of a result, as the rule says they are found; in one query for many rows. */
export async function evidenceByRule(
  store: EventStore,
  rule: EvidenceRule,
  rows: readonly Columns[],
  from: number,
  to: number,
): Promise<EvidenceEvent[][]> {
  const found: EvidenceEvent[][] = rows.map(() => [])
  for (let start = 0; start < rows.length; start += TOGETHER) {
    const some = await eventsByRule(store, rule, rows.slice(start, start + TOGETHER), from, to)
    for (const [index, events] of some.entries()) found[start + index]!.push(...events)
  }
  return found
}

async function eventsByRule(
  store: EventStore,
  rule: EvidenceRule,
  rows: readonly Columns[],
  from: number,
  to: number,
): Promise<EvidenceEvent[][]> {
  const all = Steps.from(eventTable(store.model, rule.class))
  const time = all.column('time')
  const matched = Object.entries(rule.match).map(([stored, shown], index) => {
    const value = stored === 'time' ? time : asText(all.column(stored))
    return { sought: column(`$sought${index}`, value.type), own: `$own${index}`, value, shown }
  })
  const range = rule.range && [
    { sought: column('$first', 'datetime'), shown: rule.range.from },
    { sought: column('$last', 'datetime'), shown: rule.range.to },
  ]
  const among = Object.entries(rule.among ?? {}).map(([stored, shown], index) => ({
    sought: column(`$list${index}`, 'dynamic'),
    stored,
    shown,
  }))
  const keys = [...matched, ...(range ?? []), ...among]
  const sought = soughtRows(
    keys.map((key) => key.sought),
    rows,
    keys.map(({ shown }) => shown),
  )
  const events = all
    .filter(and([isAtLeast(time, atMicros(from)), isAtMost(time, atMicros(to))]))
    .extend(Object.fromEntries(matched.map(({ own, value }) => [own, value])))
  const met = sought.join(events, Object.fromEntries(matched.map((key) => [key.sought.name, key.own])))
  const conditions = [
    ...(range
      ? [isAtLeast(met.column('time'), met.column('$first')), isAtMost(met.column('time'), met.column('$last'))]
      : []),
    ...among.map((key) => isAmong(asText(met.column(key.stored)), [met.column(key.sought.name)])),
  ]
  const behind = conditions.length === 0 ? met : met.filter(and(conditions))
  const hits = behind.project({
    [ROW]: behind.column(ROW),
    [CLASS_COLUMN.name]: literal('string', rule.class),
    [UID_COLUMN.name]: behind.column('uid'),
    [TIME_COLUMN.name]: behind.column('time'),
  })
  return lookUpEvents(store, hits, { rows: rows.length, each: SHOWN, order: [TIME_COLUMN.name, UID_COLUMN.name] })
}

/** Values of a row that are compared with events, at most; more would only cost time. */
const COMPARED = 12

/**
 * The events behind each row, traced through the query: those of its tables that pass its filters and show what the row shows. Undefined
 * where the query turns its tables into something that cannot be traced back.
 */
export async function evidenceByTracing(
  store: EventStore,
  query: Query,
  rows: readonly Columns[],
  view: View,
): Promise<EvidenceEvent[][] | undefined> {
  const origins = originsOf(query)
  // Of several tables, one that shares nothing with the row would give any of its events.
  const telling = origins.filter((origin) => keysOf(origin, query).length > 0)
  const used = telling.length > 0 ? telling : origins.length === 1 ? origins : []
  if (used.length === 0) return undefined
  const found: EvidenceEvent[][] = rows.map(() => [])
  try {
    for (const origin of used)
      for (let start = 0; start < rows.length; start += TOGETHER) {
        const some = await eventsOf(store, query, origin, rows.slice(start, start + TOGETHER), view)
        for (const [index, events] of some.entries()) found[start + index]!.push(...events)
      }
  } catch (error) {
    if (error instanceof NotEmitted) return undefined
    throw error
  }
  return found.map((events) => events.slice(0, SHOWN))
}

/** A value of the row and of the event: equal, at least, at most, or one of a list. */
interface Key {
  readonly column: string
  readonly value: Scalar
  readonly how: 'equal' | 'from' | 'to' | 'among'
}

const COMPARABLE: ReadonlySet<ScalarType> = new Set(['string', 'long', 'int', 'bool', 'datetime', 'guid'])

function keysOf(origin: Origin, query: Query): readonly Key[] {
  const keys = query.body.columns.flatMap(({ name, type }): Key[] => {
    const equal = origin.columns.get(name)
    if (equal && COMPARABLE.has(type) && equal.kind !== 'literal') return [{ column: name, value: equal, how: 'equal' }]
    const [least, greatest, list] = [origin.least.get(name), origin.greatest.get(name), origin.lists.get(name)]
    if (least?.type === 'datetime') return [{ column: name, value: least, how: 'from' }]
    if (greatest?.type === 'datetime') return [{ column: name, value: greatest, how: 'to' }]
    return list && COMPARABLE.has(list.type) && list.type !== 'datetime'
      ? [{ column: name, value: list, how: 'among' }]
      : []
  })
  // A column of the table itself costs least to compare.
  return [...keys]
    .sort((a, b) => Number(a.value.kind !== 'column') - Number(b.value.kind !== 'column'))
    .slice(0, COMPARED)
}

const IDENTITY = [CLASS_COLUMN, UID_COLUMN, TIME_COLUMN] as const

async function eventsOf(
  store: EventStore,
  query: Query,
  origin: Origin,
  rows: readonly Columns[],
  view: View,
): Promise<EvidenceEvent[][]> {
  const keys = keysOf(origin, query).map((key, index) => ({
    ...key,
    own: `$own${index}`,
    sought: column(`$sought${index}`, key.how === 'among' ? 'dynamic' : key.value.type),
  }))
  const { table, conditions } = origin
  const source = Steps.from({ ...table, columns: [...table.columns, ...IDENTITY] })
  const passing = conditions.length === 0 ? source : source.filter(and(conditions))
  const own = passing.project({
    ...Object.fromEntries(keys.map((key) => [key.own, key.value])),
    ...Object.fromEntries(IDENTITY.map(({ name, type }) => [name, reference(name, type)])),
  })
  const sought = soughtRows(
    keys.map((key) => key.sought),
    rows,
    keys.map((key) => key.column),
  )
  const equal = keys.filter(({ how }) => how === 'equal')
  const met = sought.join(own, Object.fromEntries(equal.map((key) => [key.sought.name, key.own])))
  const rest = keys.flatMap((key) => {
    const [mine, theirs] = [met.column(key.own), met.column(key.sought.name)]
    if (key.how === 'equal') return []
    if (key.how === 'among') return [isAmong(asText(mine), [theirs])]
    return [key.how === 'from' ? isAtLeast(mine, theirs) : isAtMost(mine, theirs)]
  })
  const behind = rest.length === 0 ? met : met.filter(and(rest))
  const hits = behind.project([ROW, ...IDENTITY.map(({ name }) => name)])
  const { bindings } = query
  return lookUpEvents(store, hits, { rows: rows.length, each: SHOWN, order: [UID_COLUMN.name], bindings, view })
}

/** The rows' values as a relation to join with events. */
function soughtRows(columns: readonly Column[], rows: readonly Columns[], shown: readonly string[]): Steps {
  return Steps.rows(
    [column(ROW, 'long'), ...columns],
    rows.map((row, index) => [
      BigInt(index),
      ...columns.map(({ type }, at): Value => soughtValue(row[shown[at]!], type)),
    ]),
  )
}

/** A cell of a result as a value again. */
function soughtValue(cell: unknown, type: ScalarType): Value {
  if (type === 'dynamic') return (Array.isArray(cell) ? (cell as readonly unknown[]) : []).map(String)
  if (cell === null || cell === undefined) return type === 'string' ? '' : null
  switch (type) {
    case 'datetime':
      return parseDatetime(String(cell)) ?? null
    case 'int':
    case 'long':
      return BigInt(cell as number | string)
    case 'bool':
      return cell === true
    case 'string':
    case 'guid':
      return String(cell)
    case 'real':
    case 'decimal':
      return Number(cell)
    case 'timespan':
      return null
  }
}
