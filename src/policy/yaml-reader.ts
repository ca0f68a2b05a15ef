import { type Document, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml'
import { closestName } from '../text/closest-name.js'
import { type Diagnostic, diagnose } from '../text/diagnostic.js'
import { type Span, span } from '../text/span.js'

/** A value of the file with its place. */
export interface Text {
  readonly text: string
  readonly span: Span
}

export type Fields = ReadonlyMap<string, { readonly node: unknown; readonly key: Span }>

/**
 * Takes values out of a YAML tree by what they must be. What is something else becomes a diagnostic and is left out. A name that is not
 * known is an error, because a constraint that is misspelt must not fall away in silence.
 */
export class YamlReader {
  readonly diagnostics: Diagnostic[] = []

  constructor(private readonly document: Document) {}

  /** The names and values of a mapping; undefined where it is none. */
  fields(node: unknown, name: string, known: readonly string[] | undefined): Fields | undefined {
    const found = this.resolve(node)
    if (!isMap(found)) {
      this.wrong(node, name, 'names with values')
      return undefined
    }
    const fields = new Map<string, { node: unknown; key: Span }>()
    for (const pair of found.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : ''
      const place = spanOf(pair.key)
      if (known && !known.includes(key))
        this.diagnostics.push(diagnose('policy-unknown-key', place, { key, closest: closestName(key, known), known }))
      else if (fields.has(key)) this.diagnostics.push(diagnose('policy-twice', place, { what: key }))
      else fields.set(key, { node: this.resolve(pair.value), key: place })
    }
    return fields
  }

  items(node: unknown, name: string): readonly unknown[] {
    const found = this.resolve(node)
    if (isSeq(found)) return found.items.map((item) => this.resolve(item))
    this.wrong(node, name, 'a list')
    return []
  }

  text(node: unknown, name: string, expected = 'a text'): Text | undefined {
    const found = this.resolve(node)
    if (isScalar(found) && found.value !== null && typeof found.value !== 'object') {
      // As it is written: 0123 and 1e3 stay what they are.
      const text = (found.source ?? String(found.value)).trim()
      if (text !== '' && text.length <= 1000) return { text, span: spanOf(found) }
    }
    this.wrong(node, name, expected)
    return undefined
  }

  /** One text, or a list of them. */
  texts(node: unknown, name: string): readonly Text[] {
    const found = this.resolve(node)
    const items = isSeq(found) ? found.items : [node]
    if (items.length === 0) this.wrong(node, name, 'at least one text')
    return items.flatMap((item) => this.text(item, name) ?? [])
  }

  flag(node: unknown, name: string): boolean | undefined {
    const found = this.resolve(node)
    if (isScalar(found) && typeof found.value === 'boolean') return found.value
    this.wrong(node, name, '`true` or `false`')
    return undefined
  }

  wrong(node: unknown, key: string, expected: string): void {
    const found = this.resolve(node)
    const text = isScalar(found) && found.value !== null ? String(found.value) : kindOf(found)
    this.diagnostics.push(diagnose('policy-wrong-value', spanOf(node), { key, found: text.slice(0, 80), expected }))
  }

  resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node
  }
}

export const spanOf = (node: unknown): Span => {
  const [start = 0, end = 0] = (node as Node | null | undefined)?.range ?? []
  return span(start, end)
}

const kindOf = (node: unknown): string => (isSeq(node) ? 'a list' : isMap(node) ? 'names with values' : 'nothing')
