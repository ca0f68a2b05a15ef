import { checkPatterns, foldConstants } from '../backends/reference/index.js'
import { type Discovered, lowerKql, parseKql } from '../dialects/kql/index.js'
import type { Query } from '../ir/relation.js'
import type { QuerySchema, Watchlists } from '../ir/schema.js'
import { UNIX_EPOCH } from '../ir/time.js'
import type { Diagnostic } from '../text/diagnostic.js'
import { savedFunctions } from './value-sets.js'

export interface LowerOptions {
  /** The clock of `now()` and `ago()`, in microseconds since 1970 UTC. */
  readonly asOf: number
  /** What the query may name. */
  readonly schema: QuerySchema
  /** What `_GetWatchlist` gives; it is refused without them. */
  readonly watchlists?: Watchlists | undefined
  /** Answers to what `LoweringRefused.needs` asked before. */
  readonly discovered?: Discovered | undefined
  /** Which result of a text that may give several, from 0. Without it such a text is refused. */
  readonly result?: number | undefined
}

export type LowerResult = LoweredQuery | LoweringRefused

export interface LoweredQuery {
  readonly ok: true
  readonly query: Query
  /** Notes and warnings: what the query asks for that local telemetry does not have. */
  readonly diagnostics: readonly Diagnostic[]
  /** A name for each result that the text gives. */
  readonly results: readonly string[]
}

export interface LoweringRefused {
  readonly ok: false
  readonly diagnostics: readonly Diagnostic[]
  /**
   * Some columns of the query are named by the data (`evaluate pivot(x)`, `bag_unpack`): the rows of this query, as texts, belong under
   * `key` in `LowerOptions.discovered`. `lowerQueryOver` does so.
   */
  readonly needs?: { readonly key: string; readonly query: Query }
}

const SAVED_NAME = /(?<![\p{L}\p{N}_])_\p{L}/u

/** KQL as the query model, for any engine. */
export function lowerQuery(text: string, options: LowerOptions): LowerResult {
  const { tree, diagnostics } = parseKql(text)
  if (!tree || diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics }
  const now = UNIX_EPOCH + BigInt(Math.trunc(options.asOf)) * 10n
  const discovered = options.discovered ?? new Map()
  const schema = {
    ...options.schema,
    // Their names begin with a line, so the catalogue is read only for queries that could ask it.
    ...(SAVED_NAME.test(text) && { functions: savedFunctions() }),
    ...(options.watchlists && { watchlists: options.watchlists }),
  }
  const lowered = lowerKql(tree, text, { schema, now, discovered, result: options.result })
  if (!lowered.ok) {
    const { needs } = lowered
    if (!needs) return { ok: false, diagnostics: lowered.diagnostics }
    return {
      ok: false,
      diagnostics: lowered.diagnostics,
      needs: { key: needs.key, query: foldConstants(needs.query) },
    }
  }
  const query = foldConstants(lowered.query)
  const bad = checkPatterns(query)
  if (bad.length > 0) return { ok: false, diagnostics: bad }
  return { ok: true, query, diagnostics: lowered.diagnostics, results: lowered.results }
}

/** As `lowerQuery`, asking the data for the column names that only it has. */
export async function lowerQueryOver(
  text: string,
  options: LowerOptions,
  ask: (query: Query) => Promise<readonly (readonly unknown[])[]>,
): Promise<LowerResult> {
  const discovered = new Map(options.discovered)
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const lowered = lowerQuery(text, { ...options, discovered })
    if (lowered.ok || !lowered.needs) return lowered
    const rows = await ask(lowered.needs.query)
    discovered.set(
      lowered.needs.key,
      rows.map((row) => row.map(String)),
    )
  }
  return lowerQuery(text, { ...options, discovered })
}

const MOST_ROUNDS = 20
