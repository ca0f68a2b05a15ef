import { type Diagnostic, renderDiagnostic } from '../text/diagnostic.js'
import { createPaint } from '../text/paint.js'
import { visible, visibleInPlace } from '../text/visible.js'

/** What is written to: a terminal with its width, or something that takes plain text. */
export interface Terminal {
  readonly isTerminal: boolean
  /** Columns; 80 where nobody says. */
  readonly width: number
  readonly colour: boolean
}

export interface OutputStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/**
 * What a stream can show. Without a stream (output to a file) it is plain text of 80 columns. `FORCE_COLOR` goes before `NO_COLOR`,
 * as in Node itself; `COLUMNS` is taken where the stream does not know its width.
 */
export function terminalOf(
  stream: OutputStream | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Terminal {
  if (stream === undefined) return { isTerminal: false, width: 80, colour: false }
  const isTerminal = stream.isTTY === true
  const columns = stream.columns ?? Number(environment.COLUMNS)
  return {
    isTerminal,
    width: Number.isInteger(columns) && columns > 0 ? columns : 80,
    colour: wantsColour(isTerminal, environment),
  }
}

function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: none, TERM: term } = environment
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (none !== undefined && none !== '') return false
  return isTerminal && term !== 'dumb'
}

/** A diagnostic for a terminal: safe to print whatever the source holds, its severity and its mark in colour. */
export function diagnosticText(
  diagnostic: Diagnostic,
  source: { readonly name: string; readonly text: string } | undefined,
  colour: boolean,
): string {
  const paint = createPaint(colour)
  const tint = { error: paint.boldRed, warning: paint.yellow, note: paint.cyan }[diagnostic.severity]
  const safe = {
    ...diagnostic,
    message: visible(diagnostic.message),
    help: diagnostic.help && visible(diagnostic.help),
  }
  const shown = source && { name: visible(source.name), text: visibleInPlace(source.text) }
  const [head, ...rest] = renderDiagnostic(safe, shown).split('\n')
  const label = `${diagnostic.severity}[${diagnostic.code}]`
  const place = rest.map((line) =>
    line.replace(/^([ \t]*)(\^+)/, (_, space: string, mark: string) => space + tint(mark)),
  )
  return [tint(label) + head!.slice(label.length), ...place].join('\n')
}
