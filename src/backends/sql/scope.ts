import type { Scalar } from '../../ir/scalar.js'
import type { ScalarType } from '../../ir/types.js'

/**
 * How a column lies in the rows below. `timestamp` is the engine's own time of microseconds, `nullable-text` a text whose NULL means the
 * empty text; both are brought to the type's own form only where that is needed, so that filters meet the stored column.
 */
export type Form = 'plain' | 'timestamp' | 'nullable-text'

export interface ScopeColumn {
  readonly sql: string
  readonly type: ScalarType
  readonly form: Form
}

export interface ScalarScope {
  readonly columns: ReadonlyMap<string, ScopeColumn>
  readonly relation: RelationSql
}

/** SQL of a relation's first column, and of its first value. */
export interface RelationSql {
  firstValue(scalar: Extract<Scalar, { kind: 'scalar-of' }>): string
  /** `SELECT column AS v FROM ...` */
  firstColumn(scalar: Extract<Scalar, { kind: 'member-of-relation' }>): string
}

export function columnOf(name: string, scope: ScalarScope): ScopeColumn {
  const found = scope.columns.get(name)
  if (!found) throw new Error(`no column ${name} among ${[...scope.columns.keys()].slice(0, 20).join(', ')}`)
  return found
}

/** Where a table of the schema lies in the store. Several sources are read one after the other; none is an empty table. */
export interface PhysicalTable {
  readonly sources: readonly PhysicalSource[]
}

export interface PhysicalSource {
  /** What stands after FROM. */
  readonly from: string
  readonly where: string | undefined
  readonly columns: ReadonlyMap<string, { readonly sql: string; readonly form: Form }>
}
