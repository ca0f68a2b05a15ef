import { quoteIdentifier } from '../backends/duckdb/quote.js'
import type { Store } from '../backends/duckdb/store.js'

/** Leaves out events before `since` and from `until` on, for whatever asks the store from now on. */
export async function narrow(store: Store, since: number | undefined, until: number | undefined): Promise<void> {
  if (since === undefined && until === undefined) return
  const conditions = [
    since === undefined ? '' : `time >= make_timestamp(${since})`,
    until === undefined ? '' : `time < make_timestamp(${until})`,
  ]
  const [[database] = []] = await store.rows('SELECT current_database()')
  for (const { name } of store.model.classes) {
    const table = `${quoteIdentifier(String(database))}.main.${quoteIdentifier(name)}`
    await store.connection.run(
      `CREATE OR REPLACE TEMP VIEW ${quoteIdentifier(name)} AS SELECT * FROM ${table} WHERE ${conditions.filter(Boolean).join(' AND ')}`,
    )
  }
}

/** The newest event. A time later than a day from now is a broken clock and is passed over; without any event the wall clock serves. */
export async function clockOf(
  store: Store,
  given: number | undefined,
): Promise<{ readonly micros: number; readonly from: 'option' | 'newest event' | 'wall clock' }> {
  if (given !== undefined) return { micros: given, from: 'option' }
  const latest = (Date.now() + 86_400_000) * 1000
  const [[newest] = []] = await store.rows(
    `SELECT max(epoch_us(time)) FROM (${everyEvent(store, 'time')}) WHERE time <= make_timestamp(${latest})`,
  )
  return newest === null || newest === undefined
    ? { micros: Date.now() * 1000, from: 'wall clock' }
    : { micros: Number(newest), from: 'newest event' }
}

/** One relation over every class: the columns that all of them have. */
export function everyEvent(store: Store, columns: string): string {
  return store.model.classes.map(({ name }) => `SELECT ${columns} FROM "${name}"`).join(' UNION ALL ')
}
