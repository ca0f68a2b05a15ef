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
