import type { LogSource, SigmaFilter } from '../../dialects/sigma/index.js'
import type { Diagnostic } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import type { Rule } from '../rules.js'

/** What is changed about rules that others keep: `content/published/overlay.schema.json` says what a file may say. */
export interface Overlay {
  readonly path: string
  readonly text: string
  readonly entries: readonly OverlayEntry[]
  /** With an error among them the overlay is not used. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface OverlayEntry {
  readonly id: string
  readonly span: Span
  /** A rule is meant where each selector that is given means it. */
  readonly rules: readonly string[] | undefined
  readonly tags: readonly string[] | undefined
  readonly logsource: LogSource | undefined
  readonly disable: boolean
  readonly level: Rule['level'] | undefined
  readonly status: string | undefined
  readonly filter: SigmaFilter | undefined
  readonly falsepositives: readonly string[]
  readonly notes: string | undefined
  readonly owner: string | undefined
  /** The last day on which it holds. */
  readonly expires: string | undefined
}
