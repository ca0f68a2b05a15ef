import { basename, extname } from 'node:path'
import { type Document, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar, type YAMLMap } from 'yaml'
import { parseSigma, type SigmaDocument } from '../../dialects/sigma/index.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { span } from '../../text/span.js'
import type { Rule, RuleFormat } from '../rules.js'
import { checkDefender, DEFENDER_SHAPE, defenderRule } from './defender.js'
import { fieldsOf } from './fields.js'
import { OWN_DEFAULTS, OWN_SHAPE, ownRule } from './own.js'
import { repairRule } from './repair.js'
import { scalarMap } from './scalar-text.js'
import { checkSentinel, SENTINEL_SHAPE, sentinelRule } from './sentinel.js'
import { checkShape, spanOf } from './shape.js'
import { relocate, type SourceMap } from './source-map.js'

/** A file of rules: what it says, and what is wrong with it. Spans are of the file's text as it stands on the disk. */
export interface RuleFile {
  readonly path: string
  readonly text: string
  /** Undefined where the file holds something else than rules. */
  readonly format: RuleFormat | undefined
  readonly rules: readonly FileRule[]
  /** What a Sigma file holds; its rules are run together and not one by one. */
  readonly documents: readonly SigmaDocument[]
  readonly diagnostics: readonly Diagnostic[]
}

export interface FileRule {
  readonly rule: Rule
  /** From a place in the rule's query to its place in the file. */
  readonly queryMap: SourceMap
  /** Where the query stands in the file, for whoever writes it back. */
  readonly queryNode: { readonly start: number; readonly end: number; readonly style: string }
}

/** Reads a rule file of any known product. Never throws: what is wrong is a diagnostic. */
export function parseRuleFile(path: string, source: string): RuleFile {
  if (['.kql', '.kusto', '.csl'].includes(extname(path).toLowerCase())) return plainQuery(path, source)
  const bom = source.startsWith('\uFEFF') ? 1 : 0
  const text = source.slice(bom)
  const file = parseText(path, text)
  if (bom === 0) return file
  const shift = (offset: number): number => offset + bom
  return {
    ...file,
    text: source,
    diagnostics: file.diagnostics.map((each) => relocate(each, shift)),
    rules: file.rules.map((each) => ({
      ...each,
      queryMap: (offset) => shift(each.queryMap(offset)),
      queryNode: { ...each.queryNode, start: shift(each.queryNode.start), end: shift(each.queryNode.end) },
    })),
  }
}

function parseText(path: string, text: string): RuleFile {
  if (looksLikeSigma(text)) return sigmaFile(path, text)
  const documents = parse(text)
  const errors = documents.flatMap((document) => document.errors)
  if (errors.length === 0) return fromDocuments(path, text, documents, text, (offset) => offset, [])
  const isJson = extname(path).toLowerCase() === '.json'
  // Logs lie beside rules, one JSON object a line.
  if (isJson && !text.includes('"query'))
    return { path, text, format: undefined, rules: [], documents: [], diagnostics: [] }
  if (isJson || !looksLikeRule(text)) return broken(path, text, errors[0]!)
  const repaired = repairRule(text, SENTINEL_SHAPE)
  if (!repaired.ok) return broken(path, text, errors[0]!, repaired.reason)
  const again = parse(repaired.text)
  const left = again.flatMap((document) => document.errors)[0]
  if (left) return broken(path, text, errors[0]!, 'the rest cannot be read either')
  return fromDocuments(path, text, again, repaired.text, repaired.map, repaired.notes)
}

/** A log source with a detection, or a correlation of rules, as keys of the document itself; told without reading it as YAML. */
const looksLikeSigma = (text: string): boolean =>
  ((/^detection\s*:/m.test(text) || /^filter\s*:/m.test(text)) && /^logsource\s*:/m.test(text)) ||
  /^correlation\s*:/m.test(text)

function sigmaFile(path: string, text: string): RuleFile {
  const { documents, diagnostics } = parseSigma(text)
  return { path, text, format: 'sigma', rules: [], documents, diagnostics }
}

const looksLikeRule = (text: string): boolean => /^query:/m.test(text)

function parse(text: string): Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(text, { uniqueKeys: true, logLevel: 'silent' })
    return Array.isArray(parsed) ? (parsed as Document.Parsed[]) : []
  } catch (error) {
    if (error instanceof RangeError) return []
    throw error
  }
}

interface YamlFault {
  readonly message: string
  readonly pos: readonly [number, number]
}

function broken(path: string, source: string, fault: YamlFault, reason?: string): RuleFile {
  const message = fault.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
  const why = reason === undefined ? message : `${message}; not repaired, because ${reason}`
  const place = span(fault.pos[0], Math.max(fault.pos[1], fault.pos[0]))
  const diagnostics = [diagnose('rule-not-read', place, { reason: why })]
  return { path, text: source, format: 'sentinel', rules: [], documents: [], diagnostics }
}

function fromDocuments(
  path: string,
  source: string,
  documents: readonly Document.Parsed[],
  text: string,
  map: SourceMap,
  notes: readonly Diagnostic[],
): RuleFile {
  const rules: FileRule[] = []
  if (documents.some(({ contents }) => isMap(contents) && isSigma(contents))) return sigmaFile(path, source)
  const diagnostics: Diagnostic[] = [...notes]
  let format: RuleFormat | undefined
  for (const document of documents) {
    for (const node of ruleNodes(document.contents)) {
      const kind = formatOf(node)
      if (kind === undefined) continue
      format ??= kind
      const found = fromNode(path, kind, node, document, text)
      diagnostics.push(...found.diagnostics.map((each) => relocate(each, map)))
      if (found.rule) rules.push({ ...found.rule, queryMap: (offset) => map(found.rule!.queryMap(offset)) })
    }
  }
  return { path, text: source, format, rules, documents: [], diagnostics }
}

/** The maps of a file that may be rules: the file itself, the items of a list, what Microsoft Graph wraps in `value`. */
function ruleNodes(contents: Node | null): readonly YAMLMap[] {
  if (isSeq(contents)) return contents.items.filter((item) => isMap(item))
  if (!isMap(contents)) return []
  const value = contents.get('value', true) as unknown
  return isSeq(value) ? value.items.filter((item) => isMap(item)) : [contents]
}

const isSigma = (node: YAMLMap): boolean =>
  node.has('correlation') || (node.has('logsource') && (node.has('detection') || node.has('filter')))

function formatOf(node: YAMLMap): RuleFormat | undefined {
  if (node.has('queryCondition') || node.has('detectionAction')) return 'defender'
  if (node.has('language') && node.has('query')) return 'latchkey'
  return node.has('query') && (node.has('name') || node.has('displayName') || node.has('tactics'))
    ? 'sentinel'
    : undefined
}

const QUERY_AT: Readonly<Record<Exclude<RuleFormat, 'kql' | 'sigma'>, readonly string[]>> = {
  sentinel: ['query'],
  latchkey: ['query'],
  defender: ['queryCondition', 'queryText'],
}

function fromNode(
  path: string,
  format: RuleFormat,
  node: YAMLMap,
  document: Document.Parsed,
  text: string,
): { readonly rule?: FileRule; readonly diagnostics: readonly Diagnostic[] } {
  const at = format === 'kql' || format === 'sigma' ? [] : QUERY_AT[format]
  const scalar = node.getIn(at, true) as unknown
  if (!isScalar(scalar) || typeof scalar.value !== 'string' || scalar.value.trim() === '')
    return { diagnostics: [diagnose('rule-missing-key', spanOf(node), { key: at.join('.') })] }
  const query = scalar.value
  const data = dataOf(node, document)
  if (data === undefined)
    return {
      diagnostics: [
        diagnose('rule-not-read', spanOf(node.items[0]?.key), { reason: 'its aliases unfold without end' }),
      ],
    }
  const fields = fieldsOf(data)
  const diagnostics: Diagnostic[] = []
  let rule: Rule | undefined
  switch (format) {
    case 'sentinel':
      diagnostics.push(...checkShape(node, SENTINEL_SHAPE, 'rule'))
      diagnostics.push(...checkSentinel(document, fields))
      rule = sentinelRule(fields, path, query)
      break
    case 'defender':
      diagnostics.push(...checkShape(node, DEFENDER_SHAPE, 'rule'))
      diagnostics.push(...checkDefender(fields, spanOf(node.items[0]?.key)))
      rule = defenderRule(fields, path, query)
      break
    default:
      diagnostics.push(...checkShape(node, OWN_SHAPE, 'rule'))
      rule = ownRule(data, query, diagnostics)
  }
  if (rule === undefined) return { diagnostics }
  const [start = 0, end = 0] = scalar.range ?? []
  return {
    rule: {
      rule,
      queryMap: scalarMap(text, scalar as Scalar, blockIndent(text, start)),
      queryNode: { start, end, style: scalar.type ?? 'PLAIN' },
    },
    diagnostics,
  }
}

/** A node as plain data; undefined where its aliases would make it too large. */
function dataOf(node: YAMLMap, document: Document.Parsed): unknown {
  try {
    return node.toJS(document, { maxAliasCount: 100 })
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof RangeError) return undefined
    throw error
  }
}

/** How far a literal block is indented: as its first line with text is, or as the number in its header says. */
function blockIndent(text: string, start: number): number {
  const header = /^[|>][-+]?(\d)?/.exec(text.slice(start, start + 4))
  if (!header) return 0
  const body = text.slice(text.indexOf('\n', start) + 1)
  const parent = /^ */.exec(text.slice(text.lastIndexOf('\n', start) + 1))![0].length
  if (header[1]) return parent + Number(header[1])
  return /^(?:[ \t]*\r?\n)*( *)/.exec(body)![1]!.length
}

/** `rule.kql`: the query alone, with comments at its head that name it: `// title: ...`, `// level: high`, `// techniques: T1219`. */
function plainQuery(path: string, source: string): RuleFile {
  const query = source.replace(/^\uFEFF/, ' ')
  const said = new Map<string, string>()
  for (const line of query.split('\n')) {
    const found = /^\s*\/\/\s*(?:(\w+):\s*(.*\S))?/.exec(line)
    if (!found && line.trim() !== '') break
    if (found?.[1] && found[2]) said.set(found[1].toLowerCase(), found[2])
  }
  const level = LEVELS.find((each) => each === said.get('level')?.toLowerCase())
  const title = said.get('title') ?? basename(path, extname(path))
  const rule: Rule = {
    ...OWN_DEFAULTS,
    id: said.get('id') ?? basename(path, extname(path)),
    title,
    level: level ?? 'medium',
    techniques: said.get('techniques')?.match(/T\d{4}(\.\d{3})?/g) ?? [],
    source: path,
    about: said.get('description') ?? '',
    query,
    given: { file: path, format: 'kql', windowed: false, hostColumns: [], userColumns: [] },
  }
  const queryNode = { start: 0, end: source.length, style: 'FILE' }
  return {
    path,
    text: source,
    format: 'kql',
    rules: [{ rule, queryMap: (offset) => offset, queryNode }],
    documents: [],
    diagnostics: [],
  }
}

const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const
