import type { PhysicalTable } from '../backends/clickhouse/emit.js'
import { runClickhouse } from '../backends/clickhouse/run.js'
import { type SplitQuery, splitQuery } from '../backends/clickhouse/split.js'
import { NotEmitted, notEmittedDiagnostic } from '../backends/not-emitted.js'
import type { Query } from '../ir/relation.js'
import type { QuerySchema, Watchlists } from '../ir/schema.js'
import type { Column } from '../ir/types.js'
import type { Diagnostic } from '../text/diagnostic.js'
import { lowerQuery, lowerQueryOver } from './lower-query.js'

export interface ClickhouseQuery {
  readonly ok: true
  /** What ClickHouse is asked, and what is left to do with its answers; `runClickhouse` does both. */
  readonly split: SplitQuery
  readonly columns: readonly Column[]
  readonly query: Query
  /** Notes and warnings: what the query asks for that local telemetry does not have. */
  readonly diagnostics: readonly Diagnostic[]
  /** A name for each result that the text gives. */
  readonly results: readonly string[]
}

export interface ClickhouseTables {
  readonly schema: QuerySchema
  physical(name: string): PhysicalTable
}

export interface ClickhouseOptions {
  /** The clock of `now()` and `ago()`, in microseconds since 1970 UTC. */
  readonly asOf: number
  readonly tables: ClickhouseTables
  /** What `_GetWatchlist` gives; it is refused without them. */
  readonly watchlists?: Watchlists | undefined
  /** Which result of a text that may give several, from 0. Without it such a text is refused. */
  readonly result?: number | undefined
  /** Answers a query for column names that only the data has (`evaluate pivot(x)`); without it such a query is refused. */
  readonly ask?: (sql: string) => Promise<readonly (readonly unknown[])[]>
}

/** KQL as SQL for ClickHouse. */
export async function compileForClickhouse(
  text: string,
  { tables, ask, ...options }: ClickhouseOptions,
): Promise<ClickhouseQuery | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }> {
  const physical = (name: string): PhysicalTable => tables.physical(name)
  const given = { ...options, schema: tables.schema }
  try {
    const lowered =
      ask === undefined
        ? lowerQuery(text, given)
        : await lowerQueryOver(text, given, (query) => rowsOf(query, physical, ask))
    if (!lowered.ok) return { ok: false, diagnostics: lowered.diagnostics }
    const { query, diagnostics, results } = lowered
    return { ok: true, split: splitQuery(query, physical), columns: query.body.columns, query, diagnostics, results }
  } catch (error) {
    if (!(error instanceof NotEmitted)) throw error
    const what = notEmittedDiagnostic(error, 'ClickHouse')
    return { ok: false, diagnostics: [what] }
  }
}

/** The rows of a question to the data, part of which may have to be answered here. */
async function rowsOf(
  query: Query,
  physical: (name: string) => PhysicalTable,
  ask: NonNullable<ClickhouseOptions['ask']>,
): Promise<readonly (readonly unknown[])[]> {
  const { rows } = await runClickhouse({ query: ask }, splitQuery(query, physical))
  return rows
}
