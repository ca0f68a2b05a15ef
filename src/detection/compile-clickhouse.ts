import { emitClickhouse, type PhysicalTable } from '../backends/clickhouse/emit.js'
import { NotEmitted } from '../backends/clickhouse/not-emitted.js'
import { type SplitQuery, splitQuery } from '../backends/clickhouse/split.js'
import { foldConstants } from '../backends/reference/fold.js'
import { lowerKql, parseKql } from '../dialects/kql/index.js'
import type { Query } from '../ir/relation.js'
import type { QuerySchema } from '../ir/schema.js'
import { UNIX_EPOCH } from '../ir/time.js'
import type { Column } from '../ir/types.js'
import { type Diagnostic, diagnose } from '../text/diagnostic.js'
import { savedFunctions } from './value-sets.js'

export interface ClickhouseQuery {
  readonly ok: true
  /** What ClickHouse is asked, and what is left to do with its answers; `runClickhouse` does both. */
  readonly split: SplitQuery
  readonly columns: readonly Column[]
  readonly query: Query
  /** Notes and warnings: what the query asks for that local telemetry does not have. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface ClickhouseTables {
  readonly schema: QuerySchema
  physical(name: string): PhysicalTable
}

export interface ClickhouseOptions {
  /** The clock of `now()` and `ago()`, in microseconds since 1970 UTC. */
  readonly asOf: number
  readonly tables: ClickhouseTables
  /** Answers a query for column names that only the data has (`evaluate pivot(x)`); without it such a query is refused. */
  readonly ask?: (sql: string) => Promise<readonly (readonly unknown[])[]>
}

/** KQL as SQL for ClickHouse. */
export async function compileForClickhouse(
  text: string,
  options: ClickhouseOptions,
): Promise<ClickhouseQuery | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }> {
  const { tree, diagnostics } = parseKql(text)
  if (!tree || diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics }
  const now = UNIX_EPOCH + BigInt(Math.trunc(options.asOf)) * 10n
  const discovered = new Map<string, readonly (readonly string[])[]>()
  const schema = { ...options.tables.schema, functions: savedFunctions() }
  const emit = (query: Query) => emitClickhouse(query, (name) => options.tables.physical(name))
  try {
    for (let round = 0; ; round++) {
      const lowered = lowerKql(tree, text, { schema, now, discovered })
      if (lowered.ok) {
        const query = foldConstants(lowered.query)
        const split = splitQuery(query, (name) => options.tables.physical(name))
        return { ok: true, split, columns: query.body.columns, query, diagnostics: lowered.diagnostics }
      }
      const { needs } = lowered
      if (!needs || !options.ask || round === MOST_ROUNDS) return { ok: false, diagnostics: lowered.diagnostics }
      const rows = await options.ask(emit(foldConstants(needs.query)).sql)
      discovered.set(
        needs.key,
        rows.map((row) => row.map(String)),
      )
    }
  } catch (error) {
    if (!(error instanceof NotEmitted)) throw error
    return {
      ok: false,
      diagnostics: [diagnose('unsupported-form', error.span, { language: 'ClickHouse', what: error.what })],
    }
  }
}

const MOST_ROUNDS = 20
