import { storeTables } from '../../backends/duckdb/tables.js'
import { loadContent } from '../../content/load.js'
import { analyzeWithKusto } from '../../dialects/kql/adapter.js'
import type { KqlNode } from '../../dialects/kql/index.js'
import type { SavedFunction } from '../../ir/schema.js'
import { closestName } from '../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type Span, span } from '../../text/span.js'
import { savedFunctions } from '../value-sets.js'

/** Microsoft's own diagnostics, with the tables that the query can mean. */
export function lintOfficial(text: string): Diagnostic[] {
  const words = new Set((declarations(text) + text).match(/\w+/g)?.map((word) => word.toLowerCase()))
  const tables = new Map(
    [...storeTables().schema.tables]
      .filter(([name]) => words.has(name.toLowerCase()))
      .map(([name, { columns }]) => [name, columns]),
  )
  const declared = declarations(text)
  let messages: ReturnType<typeof analyzeWithKusto>
  try {
    messages = analyzeWithKusto(declared + text, { tables })
  } catch (error) {
    // Deeper than the analysis can follow; the parser has told so by now.
    if (error instanceof RangeError) return []
    throw error
  }
  return messages.flatMap(({ code, message, severity, ...place }): Diagnostic[] => {
    const [start, end] = [place.start - declared.length, place.end - declared.length]
    if (start < 0) return []
    const name = text.slice(start, end)
    if (code === 'KS211' && (name.startsWith('_') || SERVICE_FUNCTIONS.has(name))) return []
    if (severity !== 'error') return [diagnose('kusto-warning', span(start, end), { code, message })]
    const columns = [...tables.values()].flatMap((list) => list.map((column) => column.name))
    const closest = code === 'KS142' ? closestName(name, columns) : undefined
    return [diagnose('kusto-diagnostic', span(start, end), { code, message, closest })]
  })
}

/** The saved functions that the text names, and those that they name, as it would have to declare them. */
function declarations(text: string): string {
  const wanted = new Map<string, string>()
  const waiting = [text]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const saved of savedFunctions().values()) {
      if (!at.includes(saved.name)) continue
      const declared = declarationOf(saved)
      // What is named by another function goes before it, wherever it stood.
      wanted.delete(saved.name)
      wanted.set(saved.name, declared)
      if (saved.kind === 'query' && at !== saved.text) waiting.push(saved.text)
    }
  }
  return [...wanted.values()].reverse().join('')
}

function declarationOf(saved: SavedFunction): string {
  switch (saved.kind) {
    case 'values':
      return `let ${saved.name} = (set: string) { dynamic([""]) };\n`
    case 'rows': {
      const columns = [...saved.sets.values()][0]?.columns ?? []
      const list = columns.map(({ name, type }) => `${name}: ${type}`).join(', ')
      return `let ${saved.name} = (set: string) { datatable(${list})[] };\n`
    }
    case 'query':
      return `${saved.text}\n`
  }
}

/** Functions that the services add to the language. */
const SERVICE_FUNCTIONS: ReadonlySet<string> = new Set([
  'FileProfile',
  'DeviceFromIP',
  'AssignedIPAddresses',
  'SeenBy',
  'DeviceFromIPAddress',
])

interface RetiredTables {
  readonly kind: 'retired-tables'
  readonly tables: Readonly<Record<string, string>>
}

/** What the tree alone shows: definitions that nothing uses, tables that are no longer filled. */
export function lintTree(tree: KqlNode): Diagnostic[] {
  const uses = new Map<string, number>()
  const names: { name: string; span: Span }[] = []
  const found: Diagnostic[] = []
  const retired = loadContent<RetiredTables>('lint').find(({ kind }) => kind === 'retired-tables')?.tables ?? {}
  visit(tree, (node) => {
    if (node.kind === 'NameReference') {
      uses.set(node.text, (uses.get(node.text) ?? 0) + 1)
      const instead = Object.hasOwn(retired, node.text) ? retired[node.text] : undefined
      if (instead !== undefined) found.push(diagnose('retired-table', node.span, { table: node.text, instead }))
    }
    const declared = node.kind === 'LetStatement' ? node.fields.Name : undefined
    if (declared) names.push({ name: declared.text, span: declared.span })
  })
  const unused = names.filter(({ name }) => !uses.has(name))
  return [...found, ...unused.map(({ name, span: place }) => diagnose('unused-let', place, { name }))]
}

function visit(root: KqlNode, each: (node: KqlNode) => void): void {
  const waiting: KqlNode[] = [root]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    each(at)
    waiting.push(...at.items, ...Object.values(at.fields))
  }
}
