import { cacheBudget } from './cache-budget.js'
import { Shape } from './shape.js'
import { BinXmlError, type Content, readTree, type Tree } from './tree.js'

/** A template definition: XML with places where a record's values go. */
export class Template {
  readonly content: readonly Content[]
  readonly slotCount: number
  /** By slot: 1 where the definition uses it. */
  readonly used: Uint8Array
  /** What records with this template outermost are made of. */
  readonly shape: Shape

  constructor(tree: Tree) {
    this.content = tree.content
    this.slotCount = tree.slotCount
    this.used = usedSlots(tree)
    this.shape = new Shape(this)
  }
}

/** A template as it was found in a chunk, to recognise it by in the next. */
class Definition {
  readonly template: Template
  private readonly runs: readonly Uint8Array[]
  private readonly names: readonly (Uint8Array | undefined)[]

  constructor(tree: Tree, bytes: Uint8Array, start: number) {
    this.template = new Template(tree)
    const runs: Uint8Array[] = []
    let at = start
    for (const site of tree.sites) {
      runs.push(bytes.slice(at, site.at))
      at = site.at + site.size
    }
    runs.push(bytes.slice(at, tree.end))
    this.runs = runs
    this.names = tree.sites.map(({ name }) => (name === undefined ? undefined : nameBytes(name)))
  }

  /**
   * Whether the definition at `start` is this one. The same definition is stored anew in each chunk, with other offsets and with or
   * without its names in place, so those are passed over and the names themselves compared.
   */
  matches(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    let at = start
    for (let index = 0; index < this.runs.length; index++) {
      const run = this.runs[index]!
      if (at + run.length > end) return false
      for (let offset = 0; offset < run.length; offset++) if (run[offset] !== bytes[at + offset]) return false
      at += run.length
      if (index === this.names.length) return true
      if (at + 4 > end) return false
      const name = this.names[index]
      if (name === undefined) {
        at += 4
        continue
      }
      const offset = view.getUint32(at, true)
      at += 4
      if (offset + 8 + name.length > bytes.length) return false
      if (view.getUint16(offset + 6, true) * 2 !== name.length) return false
      for (let index = 0; index < name.length; index++) if (name[index] !== bytes[offset + 8 + index]) return false
      if (offset === at) at += 10 + name.length
    }
    return true
  }
}

/**
 * The templates of a chunk by their offset, each read once; and behind it the templates of all chunks so far, so that a definition that
 * comes again is only compared.
 */
export class ChunkTemplates {
  private readonly byOffset = new Map<number, Template | BinXmlError>()

  /** Forgets the chunk before. */
  clear(): void {
    this.byOffset.clear()
  }

  /** The template whose definition is at `offset`. Throws `BinXmlError` where there is none. */
  at(bytes: Uint8Array, view: DataView, offset: number): Template {
    const known = this.byOffset.get(offset)
    if (known instanceof Template) return known
    if (known !== undefined) throw known
    try {
      const template = find(bytes, view, offset)
      this.byOffset.set(offset, template)
      return template
    } catch (error) {
      if (error instanceof BinXmlError) this.byOffset.set(offset, error)
      throw error
    }
  }
}

/** Bytes of a definition before its binary XML: the offset of another, a GUID, the size. */
export const DEFINITION_HEADER = 24

function find(bytes: Uint8Array, view: DataView, offset: number): Template {
  const start = offset + DEFINITION_HEADER
  if (start > bytes.length) throw new BinXmlError(`a template at offset ${offset} is outside of the chunk`, offset)
  const end = start + view.getUint32(offset + 20, true)
  if (end > bytes.length) throw new BinXmlError(`a template at offset ${offset} is longer than the chunk`, offset)
  const id = view.getUint32(offset + 4, true)
  const alike = known.get(id)
  if (alike !== undefined) for (const each of alike) if (each.matches(bytes, view, start, end)) return each.template
  const tree = readTree(bytes, view, start, end)
  if (!tree.content.some(({ kind }) => kind === 'element'))
    throw new BinXmlError(`there is no template at offset ${offset}`, offset)
  const definition = new Definition(tree, bytes, start)
  remember(id, definition, end - start)
  return definition.template
}

/** Templates of this thread by the first bytes of their GUID. */
const known = new Map<number, Definition[]>()

function remember(id: number, definition: Definition, size: number): void {
  if (cacheBudget.isSpent) {
    known.clear()
    cacheBudget.reset()
  }
  // The tree and the bytes to compare with.
  cacheBudget.spend(size * 4)
  const alike = known.get(id)
  if (alike === undefined) known.set(id, [definition])
  else {
    if (alike.length >= MAX_ALIKE) alike.shift()
    alike.push(definition)
  }
}

const MAX_ALIKE = 16

function usedSlots(tree: Tree): Uint8Array {
  const used = new Uint8Array(tree.slotCount)
  const visit = (content: readonly Content[]): void => {
    for (const item of content) {
      if (item.kind === 'slot') used[item.slot] = 1
      if (item.kind !== 'element') continue
      for (const { parts } of item.attributes) visit(parts)
      visit(item.content)
    }
  }
  visit(tree.content)
  return used
}

function nameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(name.length * 2)
  for (let index = 0; index < name.length; index++) {
    bytes[index * 2] = name.charCodeAt(index)
    bytes[index * 2 + 1] = name.charCodeAt(index) >> 8
  }
  return bytes
}
