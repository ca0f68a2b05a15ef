import { schemaFaults } from '../../content/schema.js'
import {
  type LogSource,
  lowerSigma,
  member,
  placeAt,
  plain,
  readSigmaTree,
  readTrees,
  type SigmaFilter,
  type Tree,
} from '../../dialects/sigma/index.js'
import { closestName } from '../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { span } from '../../text/span.js'
import { AnyValues } from '../sigma/placeholders.js'
import type { Overlay, OverlayEntry } from './overlay.js'

/** Reads an overlay. Never throws; what is wrong with it becomes diagnostics with their places. */
export function readOverlay(path: string, text: string): Overlay {
  const diagnostics: Diagnostic[] = []
  const [tree, ...more] = readTrees(text, diagnostics)
  if (!tree) {
    if (diagnostics.length === 0) diagnostics.push(diagnose('overlay-not-read', undefined, { reason: 'it is empty' }))
    return { path, text, entries: [], diagnostics }
  }
  if (more.length > 0)
    diagnostics.push(diagnose('overlay-not-read', more[0]!.span, { reason: 'it has several documents' }))
  diagnostics.push(...schemaDiagnostics(tree))
  if (diagnostics.length > 0) return { path, text, entries: [], diagnostics }
  const list = member(tree, 'entries')!.value
  const entries = (list.kind === 'list' ? list.items : []).map((entry) => readEntry(text, entry, diagnostics))
  for (const [index, { id, span: place }] of entries.entries())
    if (entries.findIndex((each) => each.id === id) < index) diagnostics.push(diagnose('overlay-twice', place, { id }))
  return { path, text, entries, diagnostics }
}

const SELECTORS = ['rules', 'tags', 'logsource']
const CHANGES = ['disable', 'level', 'status', 'filter', 'falsepositives', 'notes']
const KEYS = [...SELECTORS, ...CHANGES, 'id', 'owner', 'expires']

function schemaDiagnostics(tree: Tree): readonly Diagnostic[] {
  return schemaFaults('overlay', plain(tree)).map(({ path, keyword, expected }) => {
    const { node, span: place } = placeAt(tree, path)
    const key = path.join('.') || 'the file'
    if (keyword === 'required')
      return diagnose('overlay-wrong', place, { key, found: undefined, expected: 'it to be there' })
    if (keyword === 'additionalProperties') {
      const known = path[0] === 'entries' ? KEYS : ['overlay', 'name', 'entries']
      const closest = closestName(expected[0] ?? '', known)
      const at = node?.kind === 'map' ? (member(node, expected[0] ?? '')?.keySpan ?? place) : place
      return diagnose('overlay-wrong', at, {
        key: expected[0] ?? key,
        found: undefined,
        expected: `one of ${known.join(', ')}`,
        closest,
      })
    }
    const found = node?.kind === 'scalar' ? node.source : node?.kind === 'list' ? 'a list' : node ? 'a map' : undefined
    const closest = keyword === 'enum' && found !== undefined ? closestName(found, expected) : undefined
    return diagnose('overlay-wrong', place, { key, found, expected: wordsOf(keyword, expected), closest })
  })
}

function wordsOf(keyword: string, expected: readonly string[]): string {
  if (keyword === 'pattern') return 'a day as 2026-12-31'
  if (keyword === 'const' || keyword === 'enum') return `one of ${expected.join(', ')}`
  if (keyword === 'type') return expected.map((type) => TYPES[type] ?? type).join(' or ')
  return 'at least one value'
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'a map',
  boolean: '`true` or `false`',
}

/** Of an entry that the schema allows. */
function readEntry(text: string, tree: Tree, diagnostics: Diagnostic[]): OverlayEntry {
  const value = plain(tree) as unknown as EntryData
  const head = member(tree, 'id')?.value.span ?? tree.span
  if (SELECTORS.every((key) => value[key as keyof EntryData] === undefined))
    diagnostics.push(
      diagnose('overlay-wrong', head, { key: value.id, found: undefined, expected: `one of ${SELECTORS.join(', ')}` }),
    )
  if (CHANGES.every((key) => value[key as keyof EntryData] === undefined))
    diagnostics.push(
      diagnose('overlay-wrong', head, { key: value.id, found: undefined, expected: `one of ${CHANGES.join(', ')}` }),
    )
  const expires = member(tree, 'expires')?.value
  if (value.expires !== undefined && Number.isNaN(endOf(value.expires)))
    diagnostics.push(
      diagnose('overlay-wrong', expires?.span ?? head, {
        key: 'expires',
        found: value.expires,
        expected: 'a day of the calendar',
      }),
    )
  return {
    id: value.id,
    span: head,
    rules: listOf(value.rules),
    tags: listOf(value.tags),
    logsource: value.logsource && logSource(value.logsource, head),
    disable: value.disable === true,
    level: value.level,
    status: value.status,
    filter: readFilter(text, tree, value.id, diagnostics),
    falsepositives: listOf(value.falsepositives) ?? [],
    notes: value.notes,
    owner: value.owner,
    expires: value.expires,
  }
}

interface EntryData {
  readonly id: string
  readonly rules?: string | readonly string[]
  readonly tags?: string | readonly string[]
  readonly logsource?: Partial<Record<'category' | 'product' | 'service', string>>
  readonly disable?: boolean
  readonly level?: OverlayEntry['level']
  readonly status?: string
  readonly filter?: unknown
  readonly falsepositives?: string | readonly string[]
  readonly notes?: string
  readonly owner?: string
  readonly expires?: string
}

/** Milliseconds at which a day ends; not a number where there is no such day. */
export function endOf(day: string): number {
  const begin = Date.parse(`${day}T00:00:00Z`)
  return new Date(begin || 0).toISOString().startsWith(day) ? begin + 86_400_000 : Number.NaN
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] | undefined =>
  value === undefined ? undefined : typeof value === 'string' ? [value] : value

const logSource = (
  { category, product, service }: NonNullable<EntryData['logsource']>,
  place: LogSource['span'],
): LogSource => ({
  category,
  product,
  service,
  definition: undefined,
  span: place,
})

/** The entry’s filter as a filter document, its places those of the overlay. */
function readFilter(text: string, entry: Tree, id: string, diagnostics: Diagnostic[]): SigmaFilter | undefined {
  const filter = member(entry, 'filter')
  if (filter?.value.kind !== 'map') return undefined
  const key = (name: string, value: Tree) => ({ key: name, keySpan: filter.keySpan, value })
  const scalar = (value: string): Tree => ({ kind: 'scalar', value, source: value, span: filter.keySpan })
  const any = { ...filter.value, entries: [key('rules', scalar('any')), ...filter.value.entries] }
  const source: Tree = { kind: 'map', entries: [key('product', scalar('any'))], span: filter.keySpan }
  const document: Tree = {
    kind: 'map',
    entries: [key('title', scalar(`overlay ${id}`)), key('logsource', source), key('filter', any)],
    span: span(filter.keySpan.start, filter.value.span.end),
  }
  const read = readSigmaTree(text, document)
  diagnostics.push(...read.diagnostics)
  if (read.document?.kind !== 'filter') return undefined
  if (read.diagnostics.length > 0) return undefined
  const lowered = lowerSigma(
    { ...read.document, kind: 'rule' },
    { placeholders: new AnyValues(), fieldKind: () => 'text' },
  )
  if (!lowered.ok) diagnostics.push(...lowered.diagnostics)
  return read.document
}
