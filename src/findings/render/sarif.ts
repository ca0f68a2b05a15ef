import { pathToFileURL } from 'node:url'
import type { Diagnostic } from '../../text/diagnostic.js'
import { positionAt } from '../../text/span.js'
import { visibleJson } from '../../text/visible.js'
import { version } from '../version.js'

/** A text that was checked, with what was found; spans are of the text. */
export interface CheckedText {
  readonly name: string
  readonly text: string
  readonly diagnostics: readonly Diagnostic[]
}

/** Diagnostics as SARIF 2.1.0, as code hosts and editors read it, a result a piece. https://docs.oasis-open.org/sarif/sarif/v2.1.0 */
export function* sarifChunks(checked: readonly CheckedText[]): Iterable<string> {
  const codes = [...new Set(checked.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)))].sort()
  const head = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'latchkey', version, rules: codes.map((id) => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: [],
      },
    ],
  }
  const [before, after] = JSON.stringify(head).split(/(?<="results":\[)(?=\])/)
  yield `${before}\n`
  let first = true
  for (const source of checked)
    for (const diagnostic of source.diagnostics) {
      yield `${first ? '' : ',\n'}${visibleJson(JSON.stringify(result(source, diagnostic, codes)))}`
      first = false
    }
  yield `\n${after}\n`
}

function result(source: CheckedText, diagnostic: Diagnostic, codes: readonly string[]): unknown {
  const { code, severity, message, help, span } = diagnostic
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: help === undefined ? message : `${message}. ${help}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(source.name) },
          ...(span === undefined ? {} : { region: region(source.text, span.start, span.end) }),
        },
      },
    ],
  }
}

/** A name as a reference that a viewer resolves against its own folder, or as an address where it begins at a root. */
const uriOf = (name: string): string =>
  /^(?:[/\\]|[a-z]:)/i.test(name) ? pathToFileURL(name).href : name.split(/[\\/]/).map(encodePart).join('/')

// Half a surrogate pair has no UTF-8, and a colon in the first part would make a scheme of it.
const encodePart = (part: string): string => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd'))

function region(text: string, start: number, end: number): unknown {
  const [from, to] = [positionAt(text, start), positionAt(text, Math.max(start, end))]
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column }
}
