import type { Span } from '../../text/span.js'
import type { Tree } from './tree.js'

/** Sigma documents in Sigma's own words. https://github.com/SigmaHQ/sigma-specification, version 2.1 */
export type SigmaDocument = SigmaRule | SigmaCorrelation | SigmaFilter

/** What every kind of document says about itself. */
export interface SigmaHeader {
  readonly span: Span
  readonly title: string
  readonly id: string | undefined
  readonly name: string | undefined
  readonly description: string | undefined
  readonly status: string | undefined
  readonly level: string | undefined
  readonly author: string | undefined
  readonly date: string | undefined
  readonly modified: string | undefined
  readonly tags: readonly string[]
  readonly references: readonly string[]
  readonly falsepositives: readonly string[]
  /** Names of fields that an analyst wants to see. */
  readonly fields: readonly string[]
  /** The whole document as plain data, unknown keys included. */
  readonly raw: Readonly<Record<string, Plain>>
  /** The same with its places in the file. */
  readonly tree: Tree
}

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

export interface SigmaRule extends SigmaHeader {
  readonly kind: 'rule'
  readonly logsource: LogSource
  readonly detection: Detection
}

export interface LogSource {
  readonly category: string | undefined
  readonly product: string | undefined
  readonly service: string | undefined
  readonly definition: string | undefined
  readonly span: Span
}

export interface Detection {
  readonly searches: readonly Search[]
  /** Several are several queries: the rule fires where any of them does. */
  readonly conditions: readonly ConditionText[]
}

export interface ConditionText {
  readonly text: string
  /** Of the whole value in the file. */
  readonly span: Span
  /** Undefined where the text is no condition; a diagnostic says why. */
  readonly condition: Condition | undefined
}

/** A named part of `detection`. */
export interface Search {
  readonly name: string
  readonly span: Span
  readonly body: SearchBody
}

export type SearchBody =
  /** Any of them. */
  | { readonly kind: 'list'; readonly items: readonly SearchBody[]; readonly span: Span }
  /** All of them. */
  | { readonly kind: 'map'; readonly items: readonly DetectionItem[]; readonly span: Span }
  /** A value without a field, which is looked for in the whole event. */
  | { readonly kind: 'keyword'; readonly value: SigmaValue; readonly span: Span }

/** `field|modifier|modifier: values` */
export interface DetectionItem {
  /** Undefined where the key has no field: the values are keywords. */
  readonly field: string | undefined
  readonly modifiers: readonly Modifier[]
  readonly values: readonly SigmaValue[]
  /** Of the key. */
  readonly span: Span
}

export interface Modifier {
  readonly name: string
  readonly span: Span
}

export interface SigmaValue {
  readonly value: string | number | boolean | null
  /** A number as the file writes it. */
  readonly source: string
  readonly span: Span
}

/** `not` binds before `and`, `and` before `or`. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Condition[]; readonly span: Span }
  | { readonly kind: 'not'; readonly operand: Condition; readonly span: Span }
  | { readonly kind: 'search'; readonly name: string; readonly span: Span }
  /** `1 of selection_*`, `all of them` */
  | {
      readonly kind: 'of'
      readonly quantifier: 'any' | 'all'
      /** A name with `*`; undefined is `them`. */
      readonly pattern: string | undefined
      readonly span: Span
    }

export interface SigmaCorrelation extends SigmaHeader {
  readonly kind: 'correlation'
  /** As the file has it; `readCorrelation` makes sense of it. */
  readonly correlation: Tree
  readonly type: string
  /** Ids and names of other documents. */
  readonly rules: readonly string[]
  readonly groupBy: readonly string[]
  /** Whether the rules that it names are reported on their own too. */
  readonly generate: boolean
  readonly correlationSpan: Span
}

export interface SigmaFilter extends SigmaHeader {
  readonly kind: 'filter'
  readonly logsource: LogSource
  /** Ids or names of the rules that it narrows; `any` is every rule of the log source. */
  readonly rules: readonly string[] | 'any'
  readonly detection: Detection
  readonly filterSpan: Span
}
