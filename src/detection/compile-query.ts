import { type EmittedColumn, emitDuckdb, type PhysicalTable } from '../backends/duckdb/emit.js'
import { readValue } from '../backends/duckdb/read-value.js'
import { storeTables } from '../backends/duckdb/tables.js'
import { NotEmitted, notEmittedDiagnostic } from '../backends/not-emitted.js'
import type { Discovered } from '../dialects/kql/index.js'
import type { Query } from '../ir/relation.js'
import type { QuerySchema, Watchlists } from '../ir/schema.js'
import type { Diagnostic } from '../text/diagnostic.js'
import { lowerQuery } from './lower-query.js'

export interface CompileOptions {
  /** The clock of `now()` and `ago()`, in microseconds since 1970 UTC. */
  readonly asOf: number
  /** Another set of tables than the vendors' tables over the event model. */
  readonly tables?: { readonly schema: QuerySchema; physical(name: string): PhysicalTable }
  /** What `_GetWatchlist` gives; it is refused without them. */
  readonly watchlists?: Watchlists | undefined
  /** Answers to what `Refused.needs` asked before. */
  readonly discovered?: Discovered
  /** Which result of a text that may give several (`fork`, several queries), from 0. Without it such a text is refused. */
  readonly result?: number | undefined
}

export interface CompiledQuery {
  readonly ok: true
  readonly sql: string
  readonly params: readonly never[]
  readonly columns: readonly EmittedColumn[]
  /** The query as the query model. */
  readonly query: Query
  /** Notes and warnings: what the query asks for that local telemetry does not have. */
  readonly diagnostics: readonly Diagnostic[]
  /** A name for each result that the text gives. */
  readonly results: readonly string[]
  /**
   * A cell of DuckDB's result as plain data: datetimes as ISO text, timespans as Kusto writes them, dynamics as JSON values, whole
   * numbers as numbers where they are exact and as text beyond 2^53.
   */
  readonly read: (cell: unknown, column: EmittedColumn | EmittedColumn['type']) => unknown
}

export interface RefusedQuery {
  readonly ok: false
  readonly diagnostics: readonly Diagnostic[]
  /**
   * Some columns of the query are named by the data (`evaluate pivot(x)`, `bag_unpack`): the rows of this query, as texts, belong under
   * `key` in `CompileOptions.discovered`. `compileKqlOver` does so.
   */
  readonly needs?: { readonly key: string; readonly query: Query; readonly sql: string }
}

export type CompileResult = CompiledQuery | RefusedQuery

/** KQL as SQL for the store. The connection that runs it needs `registerFunctions` once (backends/duckdb/call-function.ts). */
export function compileKql(text: string, options: CompileOptions): CompileResult {
  const tables = options.tables ?? storeTables()
  const lowered = lowerQuery(text, { ...options, schema: tables.schema })
  try {
    if (!lowered.ok) {
      const { diagnostics, needs } = lowered
      if (!needs) return { ok: false, diagnostics }
      const { sql } = emitDuckdb(needs.query, (name) => tables.physical(name))
      return { ok: false, diagnostics, needs: { ...needs, sql } }
    }
    const { query, diagnostics, results } = lowered
    const { sql, columns } = emitDuckdb(query, (name) => tables.physical(name))
    return { ok: true, sql, params: [], columns, query, diagnostics, results, read: readValue }
  } catch (error) {
    if (error instanceof NotEmitted) {
      const what = notEmittedDiagnostic(error, 'DuckDB')
      return { ok: false, diagnostics: [what] }
    }
    throw error
  }
}

/** As `compileKql`, asking the data for the column names that only it has. */
export async function compileKqlOver(
  text: string,
  options: CompileOptions,
  ask: (needs: NonNullable<RefusedQuery['needs']>) => Promise<readonly (readonly unknown[])[]>,
): Promise<CompileResult> {
  const discovered = new Map(options.discovered)
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const compiled = compileKql(text, { ...options, discovered })
    if (compiled.ok || !compiled.needs) return compiled
    const rows = await ask(compiled.needs)
    discovered.set(
      compiled.needs.key,
      rows.map((row) => row.map(String)),
    )
  }
  return compileKql(text, { ...options, discovered })
}

const MOST_ROUNDS = 20
