import { type DiagnosticCode, type DiagnosticFacts, MESSAGES } from './messages.js'
import { positionAt, type Span } from './span.js'

export type Severity = 'error' | 'warning' | 'note'

/**
 * What a user, a rule or a log can cause, as a value. What only our own mistake can cause is a thrown `Error`.
 * The words are in `messages.ts`; a code is for ever.
 */
export interface Diagnostic<Code extends DiagnosticCode = DiagnosticCode> {
  readonly code: Code
  readonly severity: Severity
  readonly span: Span | undefined
  readonly message: string
  /** What might help, shown beside the marked text. */
  readonly help: string | undefined
}

/** Makes a diagnostic from a code, the smallest text that is wrong, and the facts the words need. */
export function diagnose<Code extends DiagnosticCode>(
  code: Code,
  span: Span | undefined,
  facts: DiagnosticFacts<Code>,
): Diagnostic<Code> {
  const words = MESSAGES[code] as unknown as {
    severity: Severity
    message: (facts: DiagnosticFacts<Code>) => string
    help?: (facts: DiagnosticFacts<Code>) => string | undefined
  }
  return { code, severity: words.severity, span, message: words.message(facts), help: words.help?.(facts) }
}

/** The text a person reads: code and message, the place, the line with its mark. */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  source?: { readonly name: string; readonly text: string },
): string {
  const head = `${diagnostic.severity}[${diagnostic.code}]: ${diagnostic.message}`
  const { span, help } = diagnostic
  if (!source || !span) return help ? `${head}\n  help: ${help}` : head
  const { line, column } = positionAt(source.text, span.start)
  const text = source.text.split(/\r\n|\n|\r/)[line - 1] ?? ''
  const margin = `${line} | `
  const before = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const width = Math.max(1, Math.min(span.end - span.start, text.length - column + 1))
  const mark = `${' '.repeat(margin.length)}${before}${'^'.repeat(width)}${help ? ` ${help}` : ''}`
  return `${head}\n  ${source.name}:${line}:${column}\n${margin}${text}\n${mark}`
}
