import type { Query, Relation } from '../../ir/relation.js'
import type { QuerySchema } from '../../ir/schema.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { lowerLet } from './lower-let.js'
import { type Environment, lowerConstant } from './lower-scalar.js'
import { lowerPatternStatement } from './pattern.js'
import { lowerResults, type Result } from './results.js'
import { savedScope } from './saved-functions.js'
import { type Context, innerScope, NeedsData, Refusal, refuseForm } from './scope.js'
import { child, field, items, type KqlNode } from './syntax.js'

export interface LowerOptions {
  readonly schema: QuerySchema
  /** What `now()` gives, in ticks. */
  readonly now: bigint
  /** Answers to what earlier lowerings of this text asked the data. */
  readonly discovered?: Discovered
  /** Which result of a text that may give several, from 0. Without it such a text is refused. */
  readonly result?: number | undefined
}

/** Rows of texts, by the key of the question. */
export type Discovered = ReadonlyMap<string, readonly (readonly string[])[]>

export type LoweredKql =
  | {
      readonly ok: true
      readonly query: Query
      readonly diagnostics: readonly Diagnostic[]
      /** A name for each result that the text gives, in order: `fork`, `facet` and several queries in one text give more than one. */
      readonly results: readonly string[]
    }
  | {
      readonly ok: false
      readonly diagnostics: readonly Diagnostic[]
      /** The names of some columns are in the data: run this and lower again with the rows under the key. */
      readonly needs?: { readonly key: string; readonly query: Query }
    }

/** The most expressions that one query may unfold into. */
const BUDGET = 400_000
const MOST_MISSING = 60

/**
 * The tree of one query as the query model. What cannot be said is refused at the smallest text that says it. A column that a documented
 * table lacks is added to it, empty, with a warning: rules in the field name columns of other product versions.
 */
export function lowerKql(tree: KqlNode, source: string, options: LowerOptions): LoweredKql {
  const missingColumns = new Set<string>()
  for (;;) {
    const context: Context = {
      schema: options.schema,
      source,
      now: options.now,
      notes: [],
      bindings: [],
      missingColumns,
      options: new Map(),
      discovered: options.discovered ?? new Map(),
      budget: BUDGET,
      counter: 0,
    }
    try {
      const results = lowerStatements(tree, context)
      const [, second] = results
      if (second && options.result === undefined)
        return { ok: false, diagnostics: [severalResults(second.relation.span ?? tree.span)] }
      const wanted = results[options.result ?? 0]
      if (!wanted) throw new Error(`no result ${options.result}`)
      const names = results.map(({ name }, index) => name ?? `result ${index + 1}`)
      const query = { bindings: context.bindings, body: wanted.relation }
      return { ok: true, query, diagnostics: context.notes, results: names }
    } catch (error) {
      if (error instanceof RangeError) return { ok: false, diagnostics: [deep(tree)] }
      if (error instanceof NeedsData) {
        const what = diagnose('unsupported-form', undefined, {
          language: 'KQL',
          what: 'a column name that only the data has',
        })
        return { ok: false, diagnostics: [what], needs: { key: error.key, query: error.query } }
      }
      if (!(error instanceof Refusal)) throw error
      const table = error.missing && tableThatCouldHave(error.missing.input, context)
      const key = table && `${table}\u0000${error.missing!.name}`
      if (!key || missingColumns.has(key) || missingColumns.size >= MOST_MISSING) {
        return { ok: false, diagnostics: [error.diagnostic, ...context.notes] }
      }
      missingColumns.add(key)
    }
  }
}

const deep = (tree: KqlNode): Diagnostic => form('nesting this deep', tree.span)
const severalResults = (span: Span): Diagnostic => form('more than one result here', span)
const form = (what: string, span: Span): Diagnostic => diagnose('unsupported-form', span, { language: 'KQL', what })

/** The table whose rows reach this relation with all their columns, so that a column added to it would be seen here. */
function tableThatCouldHave(input: Relation, context: Context): string | undefined {
  switch (input.kind) {
    case 'table':
      return input.name
    case 'filter':
    case 'extend':
    case 'sort':
    case 'take':
    case 'window':
    case 'unnest':
    case 'partition':
    case 'apply':
      return tableThatCouldHave(input.input, context)
    case 'project':
      // A projection that keeps every column (`project-reorder`, `project-away`) lets a new one through.
      return input.assignments.length >= input.input.columns.length - 3
        ? tableThatCouldHave(input.input, context)
        : undefined
    case 'join':
      return tableThatCouldHave(input.left, context) ?? tableThatCouldHave(input.right, context)
    case 'union':
      return tableThatCouldHave(input.inputs[0]!, context)
    case 'bound': {
      const binding = context.bindings.find(({ name }) => name === input.name)
      return binding && tableThatCouldHave(binding.relation, context)
    }
    case 'rows':
    case 'range':
    case 'items':
    case 'aggregate':
    case 'sequence':
    case 'row-operator':
      return undefined
  }
}

function lowerStatements(tree: KqlNode, context: Context): readonly Result[] {
  const env: Environment = { context, scope: innerScope(savedScope(context)), columns: [] }
  const results: Result[] = []
  for (const statement of items(tree, 'Statements')) {
    switch (statement.kind) {
      case 'LetStatement':
        lowerLet(statement, env)
        break
      case 'PatternStatement':
        lowerPatternStatement(statement, env)
        break
      case 'SetOptionStatement': {
        const value = field(statement, 'ValueClause')
        if (value) context.options.set(child(statement, 'Name').text, lowerConstant(child(value, 'Expression'), env))
        break
      }
      case 'ExpressionStatement':
        results.push(...lowerResults(child(statement, 'Expression'), env))
        break
      default:
        return refuseForm(`\`${statement.kind.replace(/Statement$/, '').toLowerCase()}\``, statement.span)
    }
  }
  return results.length > 0 ? results : refuseForm('a text without a query', tree.span)
}
