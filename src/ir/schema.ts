import type { Column } from './types.js'
import type { Value } from './value.js'

/** What a query may name: tables with their columns as the vendor documents them. Names are found exactly, then without case. */
export interface QuerySchema {
  readonly tables: ReadonlyMap<string, QueryTable>
  /** Lists that an administrator keeps beside the events. */
  readonly watchlists?: Watchlists
  /** Functions that are kept beside the tables, as a workspace keeps them; by name. */
  readonly functions?: SavedFunctions
}

export type SavedFunctions = ReadonlyMap<string, SavedFunction>

export type SavedFunction =
  /** `name('set')` is an array of the set's values: what it stands for is the written-out list. */
  | { readonly kind: 'values'; readonly name: string; readonly sets: ReadonlyMap<string, readonly Value[]> }
  /** `name('set')` is a table. */
  | { readonly kind: 'rows'; readonly name: string; readonly sets: ReadonlyMap<string, Rows> }
  /** A function in the query's own language: `let name = (...) { ... };`. */
  | { readonly kind: 'query'; readonly name: string; readonly text: string }

export interface Rows {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Value[])[]
}

/** By name in lower case. */
export type Watchlists = ReadonlyMap<string, Watchlist>

export interface Watchlist {
  readonly name: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
}

export interface QueryTable {
  readonly name: string
  readonly columns: readonly Column[]
  /** Whether local telemetry can fill the table at all. */
  readonly filled: boolean
  /** Columns that no telemetry fills. */
  readonly unfilled?: ReadonlySet<string>
}

/** A table by name: exactly, or the only one that differs in case alone. */
export function findTable(schema: QuerySchema, name: string): QueryTable | undefined {
  const exact = schema.tables.get(name)
  if (exact) return exact
  const lower = name.toLowerCase()
  for (const table of schema.tables.values()) if (table.name.toLowerCase() === lower) return table
  return undefined
}

export const EMPTY_SCHEMA: QuerySchema = { tables: new Map() }
