import type { Binding, Query, Relation } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { QuerySchema } from '../../ir/schema.js'
import type { Column } from '../../ir/types.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { DiagnosticCode, DiagnosticFacts } from '../../text/messages.js'
import type { Span } from '../../text/span.js'
import type { KqlNode } from './syntax.js'

export { closestName } from '../../text/closest-name.js'

/** What one lowering of one query works with. */
export interface Context {
  readonly schema: QuerySchema
  /** The source text, for the pieces of it that become data. */
  readonly source: string
  /** What `now()` gives, in ticks. */
  readonly now: bigint
  readonly notes: Diagnostic[]
  readonly bindings: Binding[]
  /** Columns that the query reads from a table whose documented schema lacks them: `Table.Column`. */
  readonly missingColumns: ReadonlySet<string>
  readonly options: Map<string, Scalar>
  /** What `NeedsData` asked for, by its key: rows of texts. */
  readonly discovered: ReadonlyMap<string, readonly (readonly string[])[]>
  /** Falls with every node lowered, so that functions that call functions cannot blow a short text up without end. */
  budget: number
  counter: number
}

export type Bound =
  | { readonly kind: 'scalar'; readonly value: Scalar }
  | { readonly kind: 'table'; readonly relation: Relation }
  | {
      readonly kind: 'function'
      readonly declaration: KqlNode
      readonly scope: Scope
      readonly name: string
      /** It is kept beside the tables: its text is not the query's, and what it says stands at the call. */
      readonly saved?: boolean
    }
  | { readonly kind: 'pattern'; readonly declaration: KqlNode; readonly scope: Scope; readonly name: string }

/** Names that `let` and parameters give, innermost first. */
export interface Scope {
  readonly names: Map<string, Bound>
  readonly parent: Scope | undefined
}

export const innerScope = (parent: Scope | undefined): Scope => ({ names: new Map(), parent })

export function findName(scope: Scope | undefined, name: string): Bound | undefined {
  for (let at = scope; at; at = at.parent) {
    const bound = at.names.get(name)
    if (bound) return bound
  }
  return undefined
}

export function* namesInScope(scope: Scope | undefined): Generator<[string, Bound]> {
  for (let at = scope; at; at = at.parent) yield* at.names
}

/** Ends a lowering with the diagnostic that says why. Caught in `lower.ts` and nowhere else. */
export class Refusal extends Error {
  constructor(
    readonly diagnostic: Diagnostic,
    /** A column that no input had, and the relation that was asked for it. */
    readonly missing?: { readonly name: string; readonly input: Relation },
  ) {
    super(diagnostic.message)
  }
}

/** Ends a lowering that cannot go on without asking the data. */
export class NeedsData extends Error {
  constructor(
    readonly key: string,
    readonly query: Query,
  ) {
    super('the columns depend on the data')
  }
}

export function refuse<Code extends DiagnosticCode>(code: Code, span: Span, facts: DiagnosticFacts<Code>): never {
  throw new Refusal(diagnose(code, span, facts))
}

export const refuseForm = (what: string, span: Span): never =>
  refuse('unsupported-form', span, { language: 'KQL', what })

export function note<Code extends DiagnosticCode>(
  context: Context,
  code: Code,
  span: Span | undefined,
  facts: DiagnosticFacts<Code>,
): void {
  const diagnostic = diagnose(code, span, facts)
  const known = context.notes.some((other) => other.code === code && other.message === diagnostic.message)
  if (!known) context.notes.push(diagnostic)
}

export function spend(context: Context, node: KqlNode): void {
  if (--context.budget < 0) refuseForm('a query that unfolds into this many expressions', node.span)
}

export const freshName = (context: Context, prefix: string): string => `$${prefix}${++context.counter}`

/** A name that no column has yet: `a`, `a1`, `a2` ... as Kusto counts. */
export function uniqueName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  let count = 1
  while (taken.has(`${name}${count}`)) count++
  return `${name}${count}`
}

export const columnNames = (columns: readonly Column[]): ReadonlySet<string> => new Set(columns.map(({ name }) => name))
