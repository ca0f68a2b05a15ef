/**
 * The only file that speaks to Microsoft's parser, which is loaded on first use, because loading costs a quarter of a second.
 */
import { type KustoScript, runKustoScripts } from './kusto-scripts.js'
import type { KqlNode } from './syntax.js'

interface SyntaxElement {
  readonly Kind: number
  readonly ChildCount: number
  /** The text before a token that means nothing; what has none is no token. */
  readonly Trivia?: string
  readonly Text?: string
  readonly SimpleName?: string
  readonly LiteralValue?: unknown
  readonly ValueText?: string
  GetChild(index: number): SyntaxElement | null
  GetName(index: number): string | null
}

interface KustoList<T> {
  /** Absent where the list is empty. */
  readonly Count?: number
  getItem(index: number): T
}

interface KustoDiagnostic {
  readonly Code: string
  readonly Message: string
  readonly Severity: string
  readonly Start: number
  readonly Length: number
}

interface KustoRoot extends SyntaxElement {
  GetContainedSyntaxDiagnostics(): KustoList<KustoDiagnostic>
}

interface KustoLanguage {
  readonly KustoCode: {
    GetKind(text: string): string
    Parse(text: string): { readonly Syntax: KustoRoot }
  }
  readonly ParseOptions: { readonly Default: { WithAlwaysProduceEndTokens(value: boolean): unknown } }
  readonly Parsing: { readonly QueryParser: { ParseQuery$1(text: string, options: unknown): KustoRoot } }
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
  const root = parseRoot(language, text)
  // First, because it fails at once where the tree is too deep; gathering the messages of such a tree takes the square of its depth.
  const tree = convert(root, kinds)
  const messages = itemsOf(root.GetContainedSyntaxDiagnostics()).map(({ Code, Message, Start, Length }) => ({
    code: Code,
    message: Message,
    start: Start,
    end: Start + Math.max(Length, 0),
  }))
  return { tree, messages }
}

/** As `KustoCode.Parse` does, but without its grammar, which only completion uses and which takes nearly a second to make. */
function parseRoot({ KustoCode, ParseOptions, Parsing }: KustoLanguage, text: string): KustoRoot {
  if (KustoCode.GetKind(text) === 'Command') return KustoCode.Parse(text).Syntax
  return Parsing.QueryParser.ParseQuery$1(text, ParseOptions.Default.WithAlwaysProduceEndTokens(true))
}

const itemsOf = <T>(list: KustoList<T>): readonly T[] =>
  Array.from({ length: list.Count ?? 0 }, (_, index) => list.getItem(index))

let loaded:
  | {
      readonly language: KustoLanguage
      readonly kinds: ReadonlyMap<number, string>
      readonly scripts: readonly KustoScript[]
    }
  | undefined

/** The parser's scripts as they have been compiled so far. */
export const usedScripts = (): readonly KustoScript[] => load().scripts

function load(): NonNullable<typeof loaded> {
  if (loaded) return loaded
  const scripts = runKustoScripts()
  const language = (globalThis as unknown as { Kusto: { Language: KustoLanguage } }).Kusto.Language
  const kinds = new Map<number, string>()
  for (const [name, value] of Object.entries(language.Syntax.SyntaxKind)) {
    if (typeof value === 'number') kinds.set(value, name)
  }
  loaded = { language, kinds, scripts }
  return loaded
}

/** Where the walk through the text is. The parser's own positions are found from the root at each asking: a long chain would take their square. */
interface Cursor {
  at: number
}

function convert(element: SyntaxElement, kinds: ReadonlyMap<number, string>, cursor: Cursor = { at: 0 }): KqlNode {
  const kind = kinds.get(element.Kind) ?? `kind ${element.Kind}`
  if (element.Trivia !== undefined) {
    const start = cursor.at + element.Trivia.length
    cursor.at = start + (element.Text ?? '').length
    return { kind, span: { start, end: cursor.at }, text: textOf(element, kind), fields: {}, items: [] }
  }
  const fields: Record<string, KqlNode> = {}
  const items: KqlNode[] = []
  let start: number | undefined
  let separated: KqlNode | undefined
  for (let index = 0; index < element.ChildCount; index++) {
    const part = element.GetChild(index)
    if (!part) continue
    const child = convert(part, kinds, cursor)
    // An empty list stands nowhere.
    if (part.Trivia !== undefined || part.ChildCount > 0) start ??= child.span.start
    const name = element.GetName(index)
    if (kind === 'SeparatedElement') separated ??= child
    else if (kind === 'List') items.push(child)
    else if (name) fields[name] = child
  }
  if (separated) return separated
  const span = { start: start ?? cursor.at, end: cursor.at }
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
  return itemsOf(found).map(({ Code, Message, Severity, Start, Length }) => {
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
