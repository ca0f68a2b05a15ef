import type { EventModel } from '../events/model.js'
import type { Query, TableSource } from '../ir/relation.js'
import type { QuerySchema } from '../ir/schema.js'
import { type Column, column } from '../ir/types.js'

/**
 * Events that can be asked, in whichever engine they lie. Whoever asks writes a query of the model, over the vendors' tables
 * (`schema`) or over the classes themselves (`eventTable`), and never SQL, so that every engine gives the same answer.
 */
export interface EventStore {
  readonly model: EventModel
  readonly engine: 'DuckDB' | 'ClickHouse'
  /** The vendors' tables. */
  readonly schema: QuerySchema
  /**
   * Rows of a query as plain data: datetimes as ISO text, timespans as Kusto writes them, dynamics as JSON values, whole numbers as
   * numbers where they are exact and as text beyond 2^53. Throws `NotEmitted` for what the engine cannot say.
   */
  ask(query: Query, view?: View): Promise<readonly PlainRow[]>
  /** As `ask`, some rows at a time, for results that need not fit in memory. */
  batches(query: Query): AsyncIterable<readonly PlainRow[]>
  /**
   * Makes `name` a table as the vendor's table `of` is, with those of its rows whose `$uid` the query gives, for as long as the store is
   * open: for a part of a table that many queries begin with. False where the engine keeps none, and the queries ask for themselves.
   */
  keepPart?(name: string, of: string, uids: Query): Promise<boolean>
  /** Leaves out events before `since` and from `until` on, in microseconds, for whatever is asked from now on. */
  narrow(since: number | undefined, until: number | undefined): Promise<void>
  close(): Promise<void>
}

export type PlainRow = readonly unknown[]

/** The events as they were at a time. Microseconds. */
export interface View {
  /** Events after this; undefined is from the beginning. */
  readonly after: number | undefined
  /** Events up to and with this. */
  readonly upTo: number
  /** Events without a time too. */
  readonly untimed: boolean
}

/** How the model's types read in a query. */
export const STORED_TYPES = {
  text: 'string',
  name: 'string',
  json: 'string',
  integer: 'long',
  timestamp: 'datetime',
} as const

/** A class of the event model as a table of a query: its columns under their own names, missing text as the empty text. */
export function eventTable(model: EventModel, name: string): TableSource {
  const eventClass = model.classes.find((each) => each.name === name)
  if (!eventClass) throw new Error(`no class ${name}`)
  const columns = eventClass.columns.map((each) => column(each.name, STORED_TYPES[each.type]))
  return { kind: 'table', name: eventTableName(name), columns, span: undefined }
}

/** No vendor's table has a space in its name. */
export const eventTableName = (name: string): string => `event ${name}`

/** What was read, as a table of a query; every store keeps these. */
export function bookkeepingTable(name: keyof typeof BOOKKEEPING): TableSource {
  const columns: Column[] = Object.entries(BOOKKEEPING[name]).map(([each, type]) => column(each, STORED_TYPES[type]))
  return { kind: 'table', name: bookkeepingTableName(name), columns, span: undefined }
}

export const bookkeepingTableName = (name: string): string => `read ${name}`

export const BOOKKEEPING = {
  source: { id: 'integer', name: 'text', size: 'integer', format: 'text', records: 'integer', unmapped: 'integer' },
  read_file: { id: 'integer', path: 'text', size: 'integer', sha256: 'text' },
  rejection: {
    source: 'text',
    code: 'text',
    reason: 'text',
    position: 'integer',
    records: 'integer',
    count: 'integer',
  },
} as const

/** Columns that every vendor's table has beside the documented ones, for finding the events behind its rows. */
export const CLASS_COLUMN = column('$class', 'string')
export const UID_COLUMN = column('$uid', 'long')
export const TIME_COLUMN = column('$time', 'datetime')
