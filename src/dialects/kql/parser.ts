import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { span } from '../../text/span.js'
import { parseWithKusto } from './adapter.js'
import type { KqlNode } from './syntax.js'

export interface ParsedKql {
  /** The whole text's tree, however broken the text; undefined only where it is too large or too deep to read. */
  readonly tree: KqlNode | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** The longest query that is read. The longest in public rule sets has some 60,000 characters. */
export const LONGEST_QUERY = 2_000_000

/** Deeper nesting costs Microsoft's parser seconds and then its stack. */
const MOST_NESTING = 200

/** Reads KQL with Microsoft's own parser; its syntax diagnostics come back under the code `kusto-diagnostic`. */
export function parseKql(text: string): ParsedKql {
  if (text.length > LONGEST_QUERY) {
    return refused(text, `a query of ${text.length} characters (the limit is ${LONGEST_QUERY})`)
  }
  if (deepestNesting(text) > MOST_NESTING || SIGNS.test(text))
    return refused(text, `nesting deeper than ${MOST_NESTING} levels`)
  try {
    const { tree, messages } = parseWithKusto(text)
    const diagnostics = messages.map(({ code, message, start, end }) =>
      diagnose('kusto-diagnostic', span(start, end), { code, message }),
    )
    return { tree, diagnostics }
  } catch (error) {
    if (error instanceof RangeError) return refused(text, 'nesting this deep')
    throw error
  }
}

function refused(text: string, what: string): ParsedKql {
  const diagnostic = diagnose('unsupported-form', span(0, Math.min(text.length, 80)), { language: 'KQL', what })
  return { tree: undefined, diagnostics: [diagnostic] }
}

/** Signs before a value nest without brackets. */
const SIGNS = /[-+](?:\s*[-+]){200}/

/** How deep brackets nest, outside of literals and comments. */
function deepestNesting(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [found] of text.matchAll(NESTING)) {
    if (found.length > 1) continue
    if (')]}'.includes(found)) depth--
    else deepest = Math.max(deepest, ++depth)
  }
  return deepest
}

const NESTING = /\/\/[^\n]*|@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[([{)\]}]/g
