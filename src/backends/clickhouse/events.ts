import type { EventModel } from '../../events/model.js'
import type { Query } from '../../ir/relation.js'
import type { QuerySchema } from '../../ir/schema.js'
import type { EventStore, PlainRow, View } from '../event-store.js'
import { tablesWhere, tablesWithin, type VendorTables } from '../vendor-tables.js'
import { clickhouseTables, instant } from './bind-tables.js'
import type { ClickhouseConnection } from './connect.js'
import type { Form } from './emit-scalar.js'
import { plainValue, readValue } from './read-value.js'
import { runClickhouse } from './run.js'
import { splitQuery } from './split.js'
import { isPrepared } from './store.js'

/** The events of a ClickHouse database, as queries ask them. Reading adds to them through `ClickhouseStore`. */
export class ClickhouseEvents implements EventStore {
  readonly engine = 'ClickHouse'
  private tables: VendorTables<Form>

  constructor(
    private readonly connection: ClickhouseConnection,
    readonly model: EventModel,
    private readonly database: string,
  ) {
    this.tables = clickhouseTables(database)
  }

  /** Whether the database has the tables. */
  isPrepared(): Promise<boolean> {
    return isPrepared(this.connection, this.database)
  }

  get schema(): QuerySchema {
    return this.tables.schema
  }

  async ask(query: Query, view?: View): Promise<readonly PlainRow[]> {
    const tables = view === undefined ? this.tables : tablesWithin(this.tables, view, { instant })
    const { columns, rows } = await runClickhouse(
      this.connection,
      splitQuery(query, (name) => tables.physical(name)),
    )
    return rows.map((row) => columns.map(({ type }, index) => plainValue(row[index]!, type)))
  }

  async *batches(query: Query): AsyncGenerator<readonly PlainRow[]> {
    const split = splitQuery(query, (name) => this.tables.physical(name))
    const [piece] = split.pieces
    // What is left to do here needs all rows.
    if (piece === undefined || split.local !== undefined) {
      yield await this.ask(query)
      return
    }
    const { columns, sql } = piece
    for await (const rows of this.connection.batches(sql))
      yield rows.map((row) => columns.map(({ type }, index) => plainValue(readValue(row[index], type), type)))
  }

  async narrow(since: number | undefined, until: number | undefined): Promise<void> {
    if (since !== undefined) this.tables = tablesWhere(this.tables, `(time >= ${instant(since)})`)
    if (until !== undefined) this.tables = tablesWhere(this.tables, `(time < ${instant(until)})`)
  }

  async close(): Promise<void> {
    await this.connection.close()
  }
}
