import { CUT, type JsonScanner } from './scanner.js'
import { membersOf, parseJsonTree } from './tree.js'

/** Where a wrapper's walk has come to. */
export type WrapperStep =
  /** `at` is behind the `[` of a list of records; with `columns`, of rows. */
  | { readonly kind: 'list'; readonly at: number; readonly columns: readonly string[] | undefined }
  /** `at` is behind the wrapper. */
  | { readonly kind: 'end'; readonly at: number }
  /** More bytes are needed; what stands before `at` is done with. */
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'broken'; readonly at: number }

/**
 * Walks through an object that wraps lists of records (`{"hits":{"hits":[`, `{"Results":[`, `{"tables":[{"columns":..,"rows":[`) and stops
 * at each list, so that the list can be read as it comes in. It is to be started at the object's `{`.
 */
export class WrapperWalk {
  /** The containers that the walk is in, with the keys that lead to them. */
  private readonly open: { readonly isArray: boolean; readonly keys: string }[] = []
  private columns: string[] | undefined

  constructor(private readonly scanner: JsonScanner) {}

  /** Goes on at `at`: the start, the place that the last step named, or behind the `]` of the list. */
  step(bytes: Buffer, at: number, to: number): WrapperStep {
    const { scanner, open } = this
    if (open.length === 0) {
      open.push({ isArray: false, keys: '' })
      at++
    }
    for (;;) {
      const safe = at
      at = scanner.blanks(bytes, at, to)
      if (at >= to) return { kind: 'cut', at: safe }
      const code = bytes[at]!
      if (code === COMMA) {
        at++
        continue
      }
      if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        at++
        open.pop()
        if (open.length === 0) return { kind: 'end', at }
        continue
      }
      const container = open.at(-1)!
      let { keys } = container
      if (!container.isArray) {
        if (code !== QUOTE) return { kind: 'broken', at }
        const end = scanner.value(bytes, at, to)
        if (end < 0) return end === CUT ? { kind: 'cut', at: safe } : { kind: 'broken', at }
        const key = bytes.toString('utf8', at + 1, end - 1)
        keys = keys === '' ? key : `${keys}.${key}`
        at = scanner.blanks(bytes, end, to)
        if (at < to && bytes[at] !== COLON) return { kind: 'broken', at }
        at = scanner.blanks(bytes, at + 1, to)
        if (at >= to) return { kind: 'cut', at: safe }
      }
      const isArray = bytes[at] === OPEN_BRACKET
      if (isArray && LISTS.has(keys)) {
        const first = scanner.blanks(bytes, at + 1, to)
        if (first >= to) return { kind: 'cut', at: safe }
        const columns = bytes[first] === OPEN_BRACKET ? this.columns : undefined
        if (columns !== undefined || bytes[first] === OPEN_BRACE || bytes[first] === CLOSE_BRACKET)
          return { kind: 'list', at: at + 1, columns }
      }
      if (LEADING.has(keys) && (isArray || bytes[at] === OPEN_BRACE)) {
        open.push({ isArray, keys })
        at++
        continue
      }
      const end = scanner.value(bytes, at, to)
      if (end < 0) return end === CUT ? { kind: 'cut', at: safe } : { kind: 'broken', at }
      if (COLUMNS.has(keys)) this.columns = columnNames(bytes.toString('utf8', at, end))
      at = end
    }
  }
}

function columnNames(text: string): string[] {
  const tree = parseJsonTree(text)
  if (tree?.kind !== 'array') return []
  return tree.elements.map((element, index) => {
    if (element.kind === 'value') return String(element.value)
    const [name] = NAMES.flatMap((key) => membersOf(element, key))
    return name?.kind === 'value' ? String(name.value) : `Column${index}`
  })
}

/** Lists of records, by the keys that lead to them. */
const LISTS = new Set([
  // Elasticsearch
  'hits.hits',
  'response.hits.hits',
  'rawResponse.hits.hits',
  // OData: Microsoft Graph and the Defender API
  'value',
  // Advanced hunting; Splunk
  'Results',
  'results',
  // Azure event hubs and storage
  'records',
  'Records',
  // Log Analytics and Kusto; Splunk's `json_rows`
  'tables.rows',
  'Tables.Rows',
  'rows',
])
const LEADING = new Set(
  [...LISTS].flatMap((keys) =>
    keys
      .split('.')
      .slice(0, -1)
      .map((_, index) =>
        keys
          .split('.')
          .slice(0, index + 1)
          .join('.'),
      ),
  ),
)
const COLUMNS = new Set(['tables.columns', 'Tables.Columns', 'columns', 'fields'])
const NAMES = ['name', 'Name', 'ColumnName']

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
