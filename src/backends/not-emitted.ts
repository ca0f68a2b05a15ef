import { type Diagnostic, diagnose } from '../text/diagnostic.js'
import type { Span } from '../text/span.js'

/** A part of the query that an engine's SQL has no words for. */
export class NotEmitted extends Error {
  constructor(
    readonly what: string,
    readonly span: Span | undefined,
  ) {
    super(what)
  }
}

export const notEmittedDiagnostic = ({ what, span }: NotEmitted, engine: string): Diagnostic =>
  diagnose('unsupported-form', span, { language: engine, what })

/** A part of the query runs here, and would need more rows than fit. */
export class TooManyRows extends Error {
  override readonly name = 'TooManyRows'
  constructor(what: string, most: number) {
    super(
      `ClickHouse has no words for ${what}, which runs here instead, over more than ${most.toLocaleString('en')} rows: filter before it, by time or by text`,
    )
  }
}
