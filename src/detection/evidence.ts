import { emitDuckdb, type PhysicalTable } from '../backends/duckdb/emit.js'
import { quoteIdentifier, quoteText } from '../backends/duckdb/quote.js'
import type { Store } from '../backends/duckdb/store.js'
import { NotEmitted } from '../backends/not-emitted.js'
import type { Assignment, Relation } from '../ir/relation.js'
import { and, reference, type Scalar } from '../ir/scalar.js'
import type { ScalarType } from '../ir/types.js'
import type { CompiledQuery } from './compile-query.js'
import { type Origin, originsOf } from './origins.js'
import type { EvidenceRule } from './rules.js'
import { prepare } from './run-query.js'

/** An event behind a match: its columns of the event model, and its class. */
export type EvidenceEvent = Readonly<Record<string, unknown>>

export type Columns = Readonly<Record<string, unknown>>

/** At most this many events are shown behind one match. */
const SHOWN = 5

/** Matches whose events are looked up in one query. */
const TOGETHER = 500

/** The events behind each row of a result, as the rule says they are found; in one query for many rows. */
export async function evidenceByRule(
  store: Store,
  rule: EvidenceRule,
  rows: readonly Columns[],
  from: number,
  to: number,
): Promise<EvidenceEvent[][]> {
  const found: EvidenceEvent[][] = rows.map(() => [])
  const sought = Object.entries(rule.match)
  const among = Object.entries(rule.among ?? {})
  const conditions = [
    `event.time BETWEEN make_timestamp(${from}) AND make_timestamp(${to})`,
    ...sought.map(([column], index) =>
      column === 'time'
        ? `epoch_us(event.time) = sought.m${index}`
        : `coalesce(CAST(event.${quoteIdentifier(column)} AS VARCHAR), '') = sought.m${index}`,
    ),
    ...(rule.range === undefined ? [] : ['epoch_us(event.time) BETWEEN sought.first AND sought.last']),
    ...among.map(
      ([column], index) => `list_contains(sought.a${index}, CAST(event.${quoteIdentifier(column)} AS VARCHAR))`,
    ),
  ]
  const names = [
    'row',
    ...sought.map((_, index) => `m${index}`),
    ...(rule.range === undefined ? [] : ['first', 'last']),
    ...among.map((_, index) => `a${index}`),
  ]
  for (let start = 0; start < rows.length; start += TOGETHER) {
    const values = rows.slice(start, start + TOGETHER).map((columns, index) => {
      const cells = [
        String(start + index),
        ...sought.map(([column, name]) =>
          column === 'time' ? String(microsOf(columns[name])) : quoteText(String(columns[name] ?? '')),
        ),
        ...(rule.range === undefined
          ? []
          : [String(microsOf(columns[rule.range.from])), String(microsOf(columns[rule.range.to]))]),
        ...among.map(([, name]) => {
          const list: unknown = columns[name]
          return `[${(Array.isArray(list) ? list : []).map((value) => quoteText(String(value))).join(', ')}]::VARCHAR[]`
        }),
      ]
      return `(${cells.join(', ')})`
    })
    const reader = await store.connection.runAndReadAll(
      `SELECT sought.row AS match_row, event.*, epoch_us(event.time) AS time_micros, source.name AS source_name
      FROM (VALUES ${values.join(', ')}) AS sought(${names.join(', ')})
      JOIN ${quoteIdentifier(rule.class)} AS event ON ${conditions.join(' AND ')}
      LEFT JOIN source ON source.id = event.source_id
      QUALIFY row_number() OVER (PARTITION BY sought.row ORDER BY event.time, event.uid) <= ${SHOWN}
      ORDER BY sought.row, event.time, event.uid`,
    )
    for (const event of reader.getRowObjects()) found[Number(event['match_row'])]!.push({ ...event, class: rule.class })
  }
  return found
}

/** Values of a row that are compared with events, at most; more would only cost time. */
const COMPARED = 12

/**
 * The events behind each row, traced through the query: those of its tables that pass its filters and show what the row shows. Undefined
 * where the query turns its tables into something that cannot be traced back.
 */
export async function evidenceByTracing(
  store: Store,
  compiled: CompiledQuery,
  rows: readonly Columns[],
  tables: (name: string) => PhysicalTable,
): Promise<EvidenceEvent[][] | undefined> {
  const origins = originsOf(compiled.query)
  // Of several tables, one that shares nothing with the row would give any of its events.
  const telling = origins.filter((origin) => keysOf(origin, compiled).length > 0)
  const used = telling.length > 0 ? telling : origins.length === 1 ? origins : []
  if (used.length === 0) return undefined
  const found: EvidenceEvent[][] = rows.map(() => [])
  for (const origin of used) {
    for (let start = 0; start < rows.length; start += TOGETHER) {
      const some = await eventsOf(store, compiled, origin, rows.slice(start, start + TOGETHER), tables)
      if (some === undefined) return undefined
      for (const [index, events] of some.entries()) found[start + index]!.push(...events)
    }
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

function keysOf(origin: Origin, compiled: CompiledQuery): readonly Key[] {
  const keys = compiled.columns.flatMap(({ name, type }): Key[] => {
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

const IDENTITY = [
  ['$class', 'string'],
  ['$uid', 'long'],
] as const

async function eventsOf(
  store: Store,
  compiled: CompiledQuery,
  origin: Origin,
  rows: readonly Columns[],
  tables: (name: string) => PhysicalTable,
): Promise<EvidenceEvent[][] | undefined> {
  const keys = keysOf(origin, compiled)
  const { table, conditions } = origin
  const source: Relation = {
    ...table,
    columns: [...table.columns, ...IDENTITY.map(([name, type]) => ({ name, type }))],
  }
  const input: Relation =
    conditions.length === 0
      ? source
      : { kind: 'filter', input: source, condition: and(conditions), columns: source.columns, span: undefined }
  const assignments: Assignment[] = [
    ...keys.map(({ value }, index) => ({ name: `k${index}`, value })),
    ...IDENTITY.map(([name, type]) => ({ name, value: reference(name, type) })),
  ]
  const columns = assignments.map(({ name, value }) => ({ name, type: value.type }))
  const body: Relation = { kind: 'project', input, assignments, columns, span: undefined }
  let emitted: ReturnType<typeof emitDuckdb>
  try {
    emitted = emitDuckdb({ bindings: compiled.query.bindings, body }, (name) => withIdentity(tables(name)))
  } catch (error) {
    if (error instanceof NotEmitted) return undefined
    throw error
  }
  prepare(store, emitted.sql)
  const sql = keys.map((_, index) => comparable(`found.k${index}`, emitted.columns[index]!))
  const on = keys.map(({ how }, index) => {
    const mine = `sought.k${index}`
    if (how === 'from') return `${sql[index]} >= ${mine}`
    if (how === 'to') return `${sql[index]} <= ${mine}`
    return how === 'among' ? `list_contains(${mine}, ${sql[index]})` : `${sql[index]} = ${mine}`
  })
  const values = rows.map(
    (row, index) => `(${[String(index), ...keys.map((key) => soughtValue(key, row))].join(', ')})`,
  )
  const names = ['row', ...keys.map((_, index) => `k${index}`)]
  const hits = await store.rows(
    `SELECT sought.row, found."$class", found."$uid" FROM (VALUES ${values.join(', ')}) AS sought(${names.join(', ')})
    JOIN (${emitted.sql}) AS found ON ${['TRUE', ...on].join(' AND ')}
    QUALIFY row_number() OVER (PARTITION BY sought.row ORDER BY found."$uid") <= ${SHOWN}`,
  )
  const wanted = hits.map(([row, name, uid]) => ({ row: Number(row), class: String(name), uid: String(uid) }))
  const events = await eventsByUid(store, wanted)
  return rows.map((_, index) =>
    wanted
      .filter(({ row }) => row === index)
      .flatMap(({ uid }): EvidenceEvent[] => {
        const event = events.get(uid)
        return event ? [event] : []
      }),
  )
}

/** The table with the class and the number of each event beside the vendor's columns. */
function withIdentity(table: PhysicalTable): PhysicalTable {
  return {
    sources: table.sources.map((source) => ({
      ...source,
      columns: new Map([
        ...source.columns,
        ['$class', { sql: quoteText(source.from), form: 'plain' as const }],
        ['$uid', { sql: 'uid', form: 'plain' as const }],
      ]),
    })),
  }
}

const EPOCH_TICKS = '621355968000000000'

/** A column as it is compared: a time in microseconds, everything else as text; nothing is the empty text. */
function comparable(sql: string, { type, form }: { readonly type: ScalarType; readonly form: string }): string {
  if (type === 'datetime') return form === 'timestamp' ? `epoch_us(${sql})` : `((${sql} - ${EPOCH_TICKS}) // 10)`
  return `coalesce(CAST(${sql} AS VARCHAR), '')`
}

function soughtValue({ column, value, how }: Key, row: Columns): string {
  const cell = row[column]
  if (how === 'among')
    return `[${(Array.isArray(cell) ? (cell as unknown[]) : []).map((each) => quoteText(String(each))).join(', ')}]::VARCHAR[]`
  if (value.type === 'datetime') return cell === null ? 'NULL::BIGINT' : String(microsOf(cell))
  return quoteText(String(cell ?? ''))
}

async function eventsByUid(
  store: Store,
  wanted: readonly { readonly class: string; readonly uid: string }[],
): Promise<ReadonlyMap<string, EvidenceEvent>> {
  const found = new Map<string, EvidenceEvent>()
  for (const { name } of store.model.classes) {
    const from = quoteIdentifier(name)
    const uids = [...new Set(wanted.filter((each) => each.class === from).map(({ uid }) => uid))]
    if (uids.length === 0) continue
    const reader = await store.connection.runAndReadAll(
      `SELECT event.*, epoch_us(event.time) AS time_micros, source.name AS source_name FROM ${from} AS event
      LEFT JOIN source ON source.id = event.source_id WHERE event.uid IN (${uids.join(', ')})`,
    )
    for (const event of reader.getRowObjects()) found.set(String(event['uid']), { ...event, class: name })
  }
  return found
}

/** Microseconds of a time as the result shows it. */
function microsOf(value: unknown): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/.exec(String(value))
  if (match === null) return 0
  return Date.parse(`${match[1]}Z`) * 1000 + Number((match[2] ?? '').padEnd(6, '0').slice(0, 6))
}
