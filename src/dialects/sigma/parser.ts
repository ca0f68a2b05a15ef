import { createRequire } from 'node:module'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type Span, span } from '../../text/span.js'
import { parseCondition } from './condition.js'
import { readPlainYaml } from './plain-yaml.js'
import type {
  ConditionText,
  Detection,
  DetectionItem,
  LogSource,
  Modifier,
  Plain,
  Search,
  SearchBody,
  SigmaDocument,
  SigmaHeader,
  SigmaValue,
} from './syntax.js'
import { type Entry, member, merge, plain, type Tree, treeOf } from './tree.js'

export interface ParsedSigma {
  readonly documents: readonly SigmaDocument[]
  readonly diagnostics: readonly Diagnostic[]
}

/** Longer files are refused: the largest public rule has 60 kB. */
const LONGEST_FILE = 4_000_000

/**
 * Reads a file of Sigma documents: rules, correlations and filters, several of them with `---` between, and collections of old with
 * `action: global`, `reset` and `repeat`. Never throws; a document that is none is left out, and a diagnostic says why.
 */
export function parseSigma(text: string): ParsedSigma {
  if (text.length > LONGEST_FILE) {
    const what = `a file of more than ${LONGEST_FILE} characters`
    return { documents: [], diagnostics: [diagnose('unsupported-form', span(0, 0), { language: 'Sigma', what })] }
  }
  const diagnostics: Diagnostic[] = []
  const trees = readTrees(text, diagnostics)
  const documents = collected(trees, diagnostics).flatMap((tree) => {
    const document = new DocumentReader(text, diagnostics).read(tree)
    return document ? [document] : []
  })
  return { documents, diagnostics }
}

/** The documents of a YAML text as trees; what could not be read is told. */
export function readTrees(text: string, diagnostics: Diagnostic[]): readonly Tree[] {
  return readPlainYaml(text) ?? readAnyYaml(text, diagnostics)
}

/** Every document by the YAML library. */
export function readAnyYaml(text: string, diagnostics: Diagnostic[]): readonly Tree[] {
  // Only who reads Sigma pays for loading the library.
  const { parseAllDocuments } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  let parsed: ReturnType<typeof parseAllDocuments>
  try {
    parsed = parseAllDocuments(text, { logLevel: 'silent', prettyErrors: false })
  } catch (error) {
    // The library nests as deep as the text does and runs out of stack on hostile ones.
    const reason = error instanceof Error ? error.message : String(error)
    diagnostics.push(diagnose('rule-not-read', span(0, 0), { reason }))
    return []
  }
  return [...parsed].flatMap((document) => {
    for (const error of document.errors)
      diagnostics.push(diagnose('rule-not-read', span(...error.pos), { reason: error.message }))
    if (document.errors.length > 0 || document.contents === null) return []
    const tree = treeOf(document)
    if (typeof tree !== 'string') return [tree]
    diagnostics.push(diagnose('unsupported-form', span(0, 0), { language: 'Sigma', what: tree }))
    return []
  })
}

/** One document that has been read as YAML. Undefined where it is no Sigma document. */
export function readSigmaTree(
  text: string,
  tree: Tree,
): { readonly document: SigmaDocument | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  return { document: new DocumentReader(text, diagnostics).read(tree), diagnostics }
}

/** Old collections: a global part is laid under every rule after it, and a repeated one over the rule before it. */
function collected(trees: readonly Tree[], diagnostics: Diagnostic[]): readonly Tree[] {
  const rules: Tree[] = []
  let common: Tree | undefined
  let previous: Tree | undefined
  for (const tree of trees) {
    const action = member(tree, 'action')
    if (!action || tree.kind !== 'map') {
      // Correlations and filters are younger than collections, and no part of them.
      const isRule = !member(tree, 'correlation') && !member(tree, 'filter')
      if (isRule) previous = common ? merge(common, tree) : tree
      rules.push(isRule ? previous! : tree)
      continue
    }
    const own: Tree = { ...tree, entries: tree.entries.filter(({ key }) => key !== 'action') }
    switch (String(plain(action.value))) {
      case 'global':
        common = common ? merge(common, own) : own
        break
      case 'reset':
        common = undefined
        break
      case 'repeat':
        previous = previous ? merge(previous, own) : own
        rules.push(previous)
        break
      default:
        diagnostics.push(
          diagnose('rule-wrong-value', action.value.span, {
            key: 'action',
            found: String(plain(action.value)),
            expected: '`global`, `reset` or `repeat`',
          }),
        )
    }
  }
  return rules
}

class DocumentReader {
  constructor(
    private readonly text: string,
    private readonly diagnostics: Diagnostic[],
  ) {}

  read(tree: Tree): SigmaDocument | undefined {
    if (tree.kind !== 'map') {
      this.diagnostics.push(diagnose('rule-not-read', tree.span, { reason: 'the document is no map of keys' }))
      return undefined
    }
    const title = this.string(tree, 'title')
    if (title === undefined) this.missing('title', tree.span)
    const header: SigmaHeader = {
      span: tree.span,
      title: title ?? '',
      id: this.string(tree, 'id'),
      name: this.string(tree, 'name'),
      description: this.string(tree, 'description'),
      status: this.string(tree, 'status'),
      level: this.string(tree, 'level'),
      author: this.string(tree, 'author'),
      date: this.string(tree, 'date'),
      modified: this.string(tree, 'modified'),
      tags: this.strings(tree, 'tags'),
      references: this.strings(tree, 'references'),
      falsepositives: this.strings(tree, 'falsepositives'),
      fields: this.strings(tree, 'fields'),
      raw: plain(tree) as Readonly<Record<string, Plain>>,
      tree,
    }
    const correlation = member(tree, 'correlation')
    if (correlation) return this.correlation(header, correlation)
    const filter = member(tree, 'filter')
    const logsource = this.logsource(tree)
    if (filter) return this.filter(header, filter, logsource)
    const detection = this.detection(member(tree, 'detection'), tree.span)
    return logsource && detection ? { kind: 'rule', ...header, logsource, detection } : undefined
  }

  private correlation(header: SigmaHeader, { value, keySpan }: Entry): SigmaDocument | undefined {
    if (!this.isMap(value, 'correlation')) return undefined
    const type = this.string(value, 'type')
    if (type === undefined) this.missing('type', keySpan)
    // The specification's text has it within, its schema beside the correlation.
    const generate = member(value, 'generate') ?? member(header.tree, 'generate')
    return {
      kind: 'correlation',
      ...header,
      correlation: value,
      type: type ?? '',
      rules: this.strings(value, 'rules'),
      groupBy: this.strings(value, 'group-by'),
      generate: plain(generate?.value ?? NOTHING) === true,
      correlationSpan: value.span,
    }
  }

  private filter(header: SigmaHeader, entry: Entry, logsource: LogSource | undefined): SigmaDocument | undefined {
    if (!this.isMap(entry.value, 'filter')) return undefined
    const rules = member(entry.value, 'rules')
    const body: Tree = { ...entry.value, entries: entry.value.entries.filter(({ key }) => key !== 'rules') }
    const detection = this.detection({ ...entry, value: body }, entry.keySpan)
    if (!logsource || !detection) return undefined
    const isAny = rules !== undefined && String(plain(rules.value)).toLowerCase() === 'any'
    return {
      kind: 'filter',
      ...header,
      logsource,
      rules: isAny ? 'any' : this.strings(entry.value, 'rules'),
      detection,
      filterSpan: entry.value.span,
    }
  }

  private logsource(tree: Tree): LogSource | undefined {
    const entry = member(tree, 'logsource')
    if (!entry) {
      this.missing('logsource', tree.span)
      return undefined
    }
    const { value } = entry
    if (!this.isMap(value, 'logsource')) return undefined
    const [category, product, service] = ['category', 'product', 'service'].map((key) => this.string(value, key))
    if (category === undefined && product === undefined && service === undefined) {
      this.missing('category`, `product` or `service', entry.keySpan)
      return undefined
    }
    return { category, product, service, definition: this.string(value, 'definition'), span: value.span }
  }

  private detection(entry: Entry | undefined, outer: Span): Detection | undefined {
    if (!entry) {
      this.missing('detection', outer)
      return undefined
    }
    const { value } = entry
    if (!this.isMap(value, 'detection')) return undefined
    const searches = value.entries
      .filter(({ key }) => key !== 'condition' && key !== 'timeframe')
      .map((each): Search => ({ name: each.key, span: each.keySpan, body: this.body(each.value) }))
    if (searches.length === 0) this.missing('a search', entry.keySpan)
    const condition = member(value, 'condition')
    if (!condition) {
      this.missing('condition', entry.keySpan)
      return undefined
    }
    const timeframe = member(value, 'timeframe')
    if (timeframe)
      this.diagnostics.push(
        diagnose('unsupported-form', timeframe.keySpan, {
          language: 'Sigma',
          what: '`timeframe` (correlation rules took its place)',
        }),
      )
    const names = new Set(searches.map(({ name }) => name))
    const texts = condition.value.kind === 'list' ? condition.value.items : [condition.value]
    if (texts.length === 0) this.missing('condition', condition.keySpan)
    return { searches, conditions: texts.flatMap((each) => this.condition(each, names)) }
  }

  private condition(tree: Tree, names: ReadonlySet<string>): readonly ConditionText[] {
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
      this.wrong('condition', tree, 'a text')
      return []
    }
    const { value } = tree
    const start = this.text.indexOf(value, tree.span.start)
    const exact = start >= tree.span.start && start + value.length <= tree.span.end
    const place = { start, span: tree.span, exact }
    const { condition, diagnostics } = parseCondition(value, place, names)
    this.diagnostics.push(...diagnostics)
    return [{ text: value, span: tree.span, condition }]
  }

  private body(tree: Tree): SearchBody {
    switch (tree.kind) {
      case 'map':
        return { kind: 'map', items: tree.entries.map((entry) => this.item(entry)), span: tree.span }
      case 'list':
        return { kind: 'list', items: tree.items.map((each) => this.body(each)), span: tree.span }
      case 'scalar':
        return { kind: 'keyword', value: tree, span: tree.span }
    }
  }

  private item({ key, keySpan, value }: Entry): DetectionItem {
    const [field, ...words] = key.split('|')
    let at = keySpan.start + this.text.slice(keySpan.start, keySpan.end).indexOf('|') + 1
    const modifiers = words.map((name): Modifier => {
      const place = span(at, at + name.length)
      at += name.length + 1
      return { name, span: this.text.slice(place.start, place.end) === name ? place : keySpan }
    })
    const values = (value.kind === 'list' ? value.items : [value]).flatMap((each): readonly SigmaValue[] => {
      if (each.kind === 'scalar') return [each]
      this.wrong(key, each, 'a value or a list of values')
      return []
    })
    if (value.kind === 'list' && value.items.length === 0) this.wrong(key, value, 'at least one value')
    return { field: field === '' ? undefined : field, modifiers, values, span: keySpan }
  }

  private isMap(tree: Tree, key: string): tree is Extract<Tree, { kind: 'map' }> {
    if (tree.kind === 'map') return true
    this.wrong(key, tree, 'a map of keys')
    return false
  }

  private string(tree: Tree, key: string): string | undefined {
    const entry = member(tree, key)
    if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return undefined
    if (entry.value.kind === 'scalar') return entry.value.source
    this.wrong(key, entry.value, 'one value')
    return undefined
  }

  private strings(tree: Tree, key: string): readonly string[] {
    const entry = member(tree, key)
    if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return []
    const { value } = entry
    if (value.kind === 'scalar') return [value.source]
    const texts = value.kind === 'list' ? value.items : []
    if (value.kind === 'map' || texts.some(({ kind }) => kind !== 'scalar')) this.wrong(key, value, 'a list of texts')
    return texts.flatMap((each) => (each.kind === 'scalar' ? [each.source] : []))
  }

  private missing(key: string, at: Span): void {
    this.diagnostics.push(diagnose('rule-missing-key', span(at.start, Math.min(at.end, at.start + 40)), { key }))
  }

  private wrong(key: string, found: Tree, expected: string): void {
    const words = found.kind === 'scalar' ? found.source : found.kind === 'list' ? 'a list' : 'a map'
    this.diagnostics.push(diagnose('rule-wrong-value', found.span, { key, found: words.slice(0, 60), expected }))
  }
}

const NOTHING: Tree = { kind: 'scalar', value: null, source: '', span: span(0, 0) }
