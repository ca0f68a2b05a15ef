/**
 * The only file that touches Microsoft's parser. `@kusto/language-service-next` is C# compiled to JavaScript: two scripts that put `Kusto` on
 * the global object. They are loaded on first use, because loading costs a quarter of a second.
 */
import { createRequire } from 'node:module'
import type { KqlNode } from './syntax.js'

interface SyntaxElement {
  readonly Kind: number
  readonly TextStart: number
  readonly End: number
  readonly ChildCount: number
  readonly Text?: string
  readonly SimpleName?: string
  readonly LiteralValue?: unknown
  readonly ValueText?: string
  GetChild(index: number): SyntaxElement | null
  GetName(index: number): string | null
}

interface KustoList<T> {
  readonly Count: number
  getItem(index: number): T
}

interface KustoDiagnostic {
  readonly Code: string
  readonly Message: string
  readonly Severity: string
  readonly Start: number
  readonly Length: number
}

interface KustoLanguage {
  readonly KustoCode: {
    Parse(text: string): { readonly Syntax: SyntaxElement; GetSyntaxDiagnostics(): KustoList<KustoDiagnostic> }
  }
  readonly Syntax: { readonly SyntaxKind: Readonly<Record<string, unknown>> }
}

export interface SyntaxMessage {
  readonly code: string
  readonly message: string
  readonly start: number
  readonly end: number
}

export interface SyntaxResult {
  readonly tree: KqlNode
  readonly messages: readonly SyntaxMessage[]
}

/** Parses with Microsoft's parser. Throws `RangeError` where the text nests deeper than the parser's stack. */
export function parseWithKusto(text: string): SyntaxResult {
  const { language, kinds } = load()
  const code = language.KustoCode.Parse(text)
  const found = code.GetSyntaxDiagnostics()
  const messages: SyntaxMessage[] = []
  for (let index = 0; index < found.Count; index++) {
    const { Code, Message, Start, Length } = found.getItem(index)
    messages.push({ code: Code, message: Message, start: Start, end: Start + Math.max(Length, 0) })
  }
  return { tree: convert(code.Syntax, kinds), messages }
}

let loaded: { language: KustoLanguage; kinds: ReadonlyMap<number, string> } | undefined

function load(): NonNullable<typeof loaded> {
  if (loaded) return loaded
  const require = createRequire(import.meta.url)
  require('@kusto/language-service-next/bridge.min.js')
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js')
  const language = (globalThis as unknown as { Kusto: { Language: KustoLanguage } }).Kusto.Language
  const kinds = new Map<number, string>()
  for (const [name, value] of Object.entries(language.Syntax.SyntaxKind)) {
    if (typeof value === 'number') kinds.set(value, name)
  }
  loaded = { language, kinds }
  return loaded
}

function convert(element: SyntaxElement, kinds: ReadonlyMap<number, string>): KqlNode {
  const kind = kinds.get(element.Kind) ?? `kind ${element.Kind}`
  const span = { start: element.TextStart, end: Math.max(element.End, element.TextStart) }
  if (kind === 'SeparatedElement') return convert(element.GetChild(0)!, kinds)
  const fields: Record<string, KqlNode> = {}
  const items: KqlNode[] = []
  for (let index = 0; index < element.ChildCount; index++) {
    const part = element.GetChild(index)
    if (!part) continue
    if (kind === 'List') {
      items.push(convert(part, kinds))
      continue
    }
    const name = element.GetName(index)
    if (name) fields[name] = convert(part, kinds)
  }
  return { kind, span, text: textOf(element, kind), fields, items }
}

function textOf(element: SyntaxElement, kind: string): string {
  if (kind === 'StringLiteralExpression' || kind === 'CompoundStringLiteralExpression')
    return String(element.LiteralValue ?? '')
  if (kind === 'StringLiteralToken') return element.ValueText ?? element.Text ?? ''
  if (element.ChildCount === 0 && kind !== 'List') return element.Text ?? ''
  return NAMES.has(kind) ? (element.SimpleName ?? '') : ''
}

const NAMES = new Set([
  'NameReference',
  'NameDeclaration',
  'TokenName',
  'BracketedName',
  'WildcardedName',
  'BracedName',
])

export interface AnalysisMessage extends SyntaxMessage {
  readonly severity: 'error' | 'warning' | 'note'
}

/** What the analysis knows: tables by name, with their columns. A few are quick; all of a product's take a second. */
export interface AnalysisSchema {
  readonly tables: ReadonlyMap<string, readonly { readonly name: string; readonly type: string }[]>
}

/** All of Microsoft's own diagnostics: syntax, names, types. Throws `RangeError` where the text nests deeper than the stack. */
export function analyzeWithKusto(text: string, schema: AnalysisSchema): readonly AnalysisMessage[] {
  const { language } = load()
  const { Symbols, GlobalState, KustoCode } = language as unknown as KustoAnalysis
  const tables = [...schema.tables].map(([name, columns]) => {
    const list = columns.map((column) => `['${column.name}']:${column.type}`).join(', ')
    return Symbols.TableSymbol.From(`(${list})`).WithName(name)
  })
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('local', tables))
  const found = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics()
  return Array.from({ length: found.Count }, (_, index) => {
    const { Code, Message, Severity, Start, Length } = found.getItem(index)
    const severity = Severity === 'Error' ? 'error' : Severity === 'Warning' ? 'warning' : 'note'
    return { code: Code, message: Message, severity, start: Start, end: Start + Math.max(Length, 0) }
  })
}

interface KustoAnalysis {
  readonly Symbols: {
    readonly TableSymbol: { From(schema: string): { WithName(name: string): unknown } }
    readonly DatabaseSymbol: { readonly ctor: new (name: string, members: readonly unknown[]) => unknown }
  }
  readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } }
  readonly KustoCode: {
    ParseAndAnalyze(text: string, globals: unknown): { GetDiagnostics(): KustoList<KustoDiagnostic> }
  }
}
