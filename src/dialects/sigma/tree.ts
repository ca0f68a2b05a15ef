import { type Document, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml'
import { type Span, span } from '../../text/span.js'
import type { Plain } from './syntax.js'

/** A YAML document as plain nodes with their places, its aliases followed. */
export type Tree =
  | { readonly kind: 'map'; readonly entries: readonly Entry[]; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Tree[]; readonly span: Span }
  | {
      readonly kind: 'scalar'
      readonly value: string | number | boolean | null
      readonly source: string
      readonly span: Span
    }

export interface Entry {
  readonly key: string
  readonly keySpan: Span
  readonly value: Tree
}

/** Nodes of a document, those that aliases repeat counted each time. */
const MOST_NODES = 200_000
const MOST_DEPTH = 64

/** The document's tree; a text where it is too large or too deep to follow. */
export function treeOf(document: Document): Tree | string {
  let left = MOST_NODES
  let fault: string | undefined
  const empty = (at: Span): Tree => ({ kind: 'scalar', value: null, source: '', span: at })
  const follow = (node: Node | null, depth: number, outer: Span): Tree => {
    const range = node?.range
    const at = range ? span(range[0], range[1]) : outer
    if (fault !== undefined) return empty(at)
    if (--left < 0) fault = `a document with more than ${MOST_NODES} values`
    if (depth > MOST_DEPTH) fault = `a document nested deeper than ${MOST_DEPTH}`
    if (isAlias(node)) return follow(node.resolve(document) ?? null, depth + 1, at)
    if (isMap(node)) {
      const entries = node.items.flatMap((pair): readonly Entry[] => {
        const key = follow(pair.key as Node | null, depth + 1, at)
        const value = follow(pair.value as Node | null, depth + 1, key.span)
        // `<<: *base` brings another map's entries.
        if (key.kind === 'scalar' && key.source === '<<' && value.kind === 'map') return value.entries
        return [{ key: key.kind === 'scalar' ? (key.source ?? '') : '', keySpan: key.span, value }]
      })
      return { kind: 'map', entries, span: at }
    }
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((each) => follow(each as Node | null, depth + 1, at)), span: at }
    if (isScalar(node)) {
      const { value } = node
      const plain =
        typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
          ? value
          : String(value)
      const written = typeof plain === 'string' ? plain : (node.source ?? String(plain ?? ''))
      return { kind: 'scalar', value: plain, source: written, span: at }
    }
    return empty(at)
  }
  const tree = follow(document.contents as Node | null, 0, span(0, 0))
  return fault ?? tree
}

/** `over` laid over `base`: maps are joined key by key, anything else is replaced. */
export function merge(base: Tree, over: Tree): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over
  const entries = new Map(base.entries.map((entry) => [entry.key, entry]))
  for (const entry of over.entries) {
    const below = entries.get(entry.key)
    entries.set(entry.key, below ? { ...entry, value: merge(below.value, entry.value) } : entry)
  }
  return { kind: 'map', entries: [...entries.values()], span: over.span }
}

export const member = (tree: Tree, key: string): Entry | undefined =>
  tree.kind === 'map' ? tree.entries.find((entry) => entry.key === key) : undefined

export function plain(tree: Tree): Plain {
  switch (tree.kind) {
    case 'scalar':
      return tree.value
    case 'list':
      return tree.items.map(plain)
    case 'map':
      return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]))
  }
}

/** The value at a path, and its place; where it is missing, the place of what should hold it. */
export function placeAt(tree: Tree, path: readonly string[]): { readonly node: Tree | undefined; readonly span: Span } {
  let node: Tree | undefined = tree
  let span: Span = tree.kind === 'map' && tree.entries[0] ? tree.entries[0].keySpan : tree.span
  for (const step of path) {
    if (node?.kind === 'list') {
      node = node.items[Number(step)]
      if (node) span = node.span
      continue
    }
    const entry = node && member(node, step)
    if (!entry) return { node: undefined, span }
    node = entry.value
    span = entry.value.kind === 'scalar' && entry.value.source !== '' ? entry.value.span : entry.keySpan
  }
  return { node, span }
}
