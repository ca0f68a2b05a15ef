import type { DuckDBTimestampValue } from '@duckdb/node-api'
import { type EmittedColumn, emitDuckdb, type PhysicalTable } from '../../backends/duckdb/emit.js'
import { quoteText } from '../../backends/duckdb/quote.js'
import { readValue } from '../../backends/duckdb/read-value.js'
import type { Store } from '../../backends/duckdb/store.js'
import { NotEmitted, notEmittedDiagnostic } from '../../backends/not-emitted.js'
import {
  type FieldKind,
  type LogSource,
  type LoweredSigma,
  lowerSigma,
  type SigmaDocument,
} from '../../dialects/sigma/index.js'
import type { Query } from '../../ir/relation.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { prepare } from '../run-query.js'
import { type ResolvedSource, resolveLogSource } from './sources.js'
import { isWholeField, sigmaTable } from './tables.js'

export interface CompileSigmaOptions {
  /** Values of the `%name%` placeholders of `expand`. */
  readonly placeholders?: ReadonlyMap<string, readonly string[]>
  /** Fields whose values are given with each event, as texts. */
  readonly given?: readonly string[]
}

export type CompiledSigma =
  | {
      readonly ok: true
      /** Gives `uid` and `time` of each event that matches, then the given fields. */
      readonly sql: string
      readonly columns: readonly EmittedColumn[]
      readonly query: Query
      /** What the log source is in the store; without a source, the rule cannot apply. */
      readonly table: PhysicalTable
      /** Says so where no telemetry read here is such a log. */
      readonly diagnostics: readonly Diagnostic[]
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/** A Sigma rule as SQL for the store. */
export function compileSigma(document: SigmaDocument, options: CompileSigmaOptions = {}): CompiledSigma {
  const { source, lowered } = lowerForSource(document, options)
  if (!lowered.ok) return lowered
  const table = sigmaTable(source, lowered.columns)
  const unread =
    table.sources.length === 0 && document.kind !== 'correlation'
      ? [diagnose('log-source-not-read', document.logsource.span, { source: sourceWords(document.logsource) })]
      : []
  try {
    const { sql, columns } = emitDuckdb(lowered.query, () => table)
    const diagnostics = [...lowered.diagnostics, ...unread]
    return { ok: true, sql, columns, query: lowered.query, table, diagnostics }
  } catch (error) {
    if (!(error instanceof NotEmitted)) throw error
    const what = notEmittedDiagnostic(error, 'DuckDB')
    return { ok: false, diagnostics: [what] }
  }
}

/** A document as the query model has it, and what its log source is. */
export function lowerForSource(
  document: SigmaDocument,
  options: CompileSigmaOptions,
): { readonly source: ResolvedSource; readonly lowered: LoweredSigma } {
  const source: ResolvedSource =
    document.kind === 'correlation' ? { entries: [] } : resolveLogSource(document.logsource)
  const fieldKind = (field: string): FieldKind => {
    if (source.entries.some(({ lists }) => lists.has(field))) return 'list'
    return isWholeField(source, field) ? 'whole' : 'text'
  }
  const { placeholders = new Map(), given = [] } = options
  return { source, lowered: lowerSigma(document, { placeholders, fieldKind, given }) }
}

/** `product windows, service security` */
export const sourceWords = ({ product, category, service }: LogSource): string =>
  Object.entries({ product, category, service })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
    .join(', ')

export interface SigmaRun {
  /** Events that match, as `uid` and time. */
  readonly events: readonly { readonly uid: string; readonly time: string | null; readonly micros: bigint | null }[]
  /** False where the store holds no event of the rule's log source: the rule is then not quiet, it does not apply. */
  readonly applies: boolean
}

/** Runs a compiled rule over the store. */
export async function runSigma(store: Store, compiled: Extract<CompiledSigma, { ok: true }>): Promise<SigmaRun> {
  const { sql, columns, table } = compiled
  if (table.sources.length === 0) return { events: [], applies: false }
  prepare(store, sql)
  const rows = await store.rows(sql)
  const [, time] = columns
  const events = rows.map((row) => ({
    uid: String(row[0]),
    time: time ? (readValue(row[1], time) as string | null) : null,
    // A stored time stays one, because nothing is calculated with it.
    micros: row[1] === null || row[1] === undefined ? null : (row[1] as unknown as DuckDBTimestampValue).micros,
  }))
  return { events, applies: events.length > 0 || (await hasEvents(store, table)) }
}

/** Whether the store holds any event of a log source. */
export async function hasEvents(store: Store, { sources }: PhysicalTable): Promise<boolean> {
  const each = sources.map(
    ({ from, where }) =>
      `(SELECT ${quoteText(from)} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`} LIMIT 1)`,
  )
  return (await store.rows(each.join(' UNION ALL '))).length > 0
}
