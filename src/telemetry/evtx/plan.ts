import type { FieldLayout } from '../record.js'
import type { Expansion } from './shape.js'
import type { Template } from './template.js'
import { Type } from './tokens.js'
import { type Attribute, BinXmlError, type Element, type Part } from './tree.js'

/** What to read from the values of a record of one shape: its fields in order and its envelope. */
export interface Plan {
  readonly layout: FieldLayout
  /** By field: the slot that holds it or, below zero, the place in `texts` counted from -1 down. */
  readonly slots: Int32Array
  readonly texts: readonly Text[]
  readonly provider: Text
  readonly channel: Text
  readonly computer: Text
  readonly eventId: Text
  readonly recordId: Text
  readonly time: Text
  /** Roughly the bytes it takes. */
  readonly cost: number
}

/** A text made of constants and slots. */
export interface Text {
  /** The slot, where the text is one slot and nothing else; else -1. */
  readonly slot: number
  /** The whole text, where no slot is in it; else empty. */
  readonly constant: string
  /** Constants and slots in order, where it is more than one of them. */
  readonly parts: readonly (string | number)[]
}

/**
 * Works out the fields of records made of a template and what its substitutions expand to. Throws `BinXmlError` where
 * that would be more than a record can sensibly hold.
 */
export function buildPlan(template: Template, expansions: readonly Expansion[]): Plan {
  return new PlanBuilder(expansions).build(template)
}

/** An instance of a template within a record: its first slot. */
interface Frame {
  readonly base: number
}

interface Child {
  readonly element: Element
  readonly frame: Frame
}

/** A part of a text with its slot counted within the record. */
type Piece = string | number

class PlanBuilder {
  private readonly names: string[] = []
  private readonly taken = new Set<string>()
  /** How many elements of a path there have been. */
  private readonly paths = new Map<string, number>()
  private readonly slots: number[] = []
  private readonly texts: Text[] = []
  private readonly uses = new Map<number, number>()
  private readonly expansions = new Map<number, Expansion[]>()
  private readonly envelope = new Map<string, Text>()
  private unnamed = 0
  private nameLength = 0

  constructor(expansions: readonly Expansion[]) {
    for (const expansion of expansions) {
      const alike = this.expansions.get(expansion.slot)
      if (alike === undefined) this.expansions.set(expansion.slot, [expansion])
      else alike.push(expansion)
    }
  }

  build(template: Template): Plan {
    const root: Element = { kind: 'element', name: '', attributes: [], content: template.content }
    for (const { element, frame } of this.open(root, { base: 0 }).children) {
      if (element.name === 'Event') this.event(element, frame)
      else this.generic('', element, frame)
    }
    const envelope = (name: string): Text => this.envelope.get(name) ?? NOTHING
    return {
      layout: sharedLayout(this.names),
      slots: Int32Array.from(this.slots),
      texts: this.texts,
      provider: envelope('Provider.@Name'),
      channel: envelope('Channel'),
      computer: envelope('Computer'),
      eventId: envelope('EventID'),
      recordId: envelope('EventRecordID'),
      time: envelope('TimeCreated.@SystemTime'),
      cost: 500 + this.names.length * 100 + this.nameLength * 2,
    }
  }

  private event(event: Element, frame: Frame): void {
    const { children, pieces } = this.open(event, frame)
    this.attributes('', event.attributes, frame)
    for (const { element, frame } of children) {
      if (element.name === 'System') this.system(element, frame)
      else if (element.name === 'EventData') this.eventData(element, frame)
      else if (element.name === 'UserData') this.userData(element, frame)
      else this.generic('', element, frame)
    }
    if (!isBlank(pieces)) this.leaf(event.name, pieces)
  }

  private system(system: Element, frame: Frame): void {
    this.attributes('System', system.attributes, frame)
    for (const { element, frame: inner } of this.open(system, frame).children) {
      const { children, pieces } = this.open(element, inner)
      if (pieces.length > 0) this.systemText(element.name, element.name, pieces)
      for (const { name, parts } of element.attributes) {
        const path = `${element.name}.@${name}`
        if (!isNamespace(name)) this.systemText(path, SYSTEM_NAMES.get(path) ?? name, this.piecesOf(parts, inner))
      }
      for (const child of children) this.generic(`System.${element.name}`, child.element, child.frame)
    }
  }

  private systemText(path: string, name: string, pieces: readonly Piece[]): void {
    if (ENVELOPE.has(path) && !this.envelope.has(path)) this.envelope.set(path, this.textOf(pieces))
    else this.leaf(`System.${name}`, pieces)
  }

  private eventData(data: Element, frame: Frame): void {
    this.attributes('', data.attributes, frame)
    const { children, pieces } = this.open(data, frame)
    for (const child of children) {
      const { element } = child
      if (element.name !== 'Data' && element.name !== 'ComplexData') this.generic('', element, child.frame)
      else this.data(element, child.frame)
    }
    if (!isBlank(pieces)) this.leaf('EventData', pieces)
  }

  /** `<Data Name="X">` is field X; without a constant name it is the next of `Data[0]`, `Data[1]` ... */
  private data(data: Element, frame: Frame): void {
    const { children, pieces } = this.open(data, frame)
    const given = data.attributes.find(({ name }) => name === 'Name')
    const name = given === undefined ? undefined : constantOf(this.piecesOf(given.parts, frame))
    const others = name === undefined ? data.attributes : data.attributes.filter((attribute) => attribute !== given)
    const path = name ? this.path(name) : `Data[${this.unnamed}]`
    if (children.length === 0 || !isBlank(pieces)) {
      if (name) this.leaf(path, pieces)
      else for (const piece of this.values(pieces)) this.field(`Data[${this.unnamed++}]`, piece)
    }
    this.attributes(path, others, frame)
    for (const child of children) this.generic(path, child.element, child.frame)
  }

  /** The one element that wraps the provider's own XML adds nothing to the names below it. */
  private userData(data: Element, frame: Frame): void {
    this.attributes('', data.attributes, frame)
    const { children, pieces } = this.open(data, frame)
    if (!isBlank(pieces)) this.leaf('UserData', pieces)
    const wrapper = children.length === 1 ? children[0] : undefined
    if (wrapper === undefined) {
      for (const child of children) this.generic('', child.element, child.frame)
      return
    }
    const inner = this.open(wrapper.element, wrapper.frame)
    this.attributes('', wrapper.element.attributes, wrapper.frame)
    if (!isBlank(inner.pieces)) this.leaf(wrapper.element.name, inner.pieces)
    for (const child of inner.children) this.generic('', child.element, child.frame)
  }

  /** Any other element: a field by its path, one for each attribute, and those below it. */
  private generic(prefix: string, element: Element, frame: Frame): void {
    const path = this.path(prefix === '' ? element.name : `${prefix}.${element.name}`)
    const { children, pieces } = this.open(element, frame)
    if (!isBlank(pieces) || (children.length === 0 && element.attributes.every(({ name }) => isNamespace(name))))
      this.leaf(path, pieces)
    this.attributes(path, element.attributes, frame)
    for (const child of children) this.generic(path, child.element, child.frame)
  }

  /** The second element of the same name below the same parent is `name[1]`. */
  private path(path: string): string {
    if (path.length > MAX_NAME_LENGTH) throw new BinXmlError('the names of the fields are too long', 0)
    const count = this.paths.get(path) ?? 0
    this.paths.set(path, count + 1)
    return count === 0 ? path : `${path}[${count}]`
  }

  private attributes(prefix: string, attributes: readonly Attribute[], frame: Frame): void {
    for (const { name, parts } of attributes) {
      if (isNamespace(name)) continue
      this.leaf(prefix === '' ? `@${name}` : `${prefix}.@${name}`, this.piecesOf(parts, frame))
    }
  }

  private leaf(name: string, pieces: readonly Piece[]): void {
    for (const piece of this.values(pieces)) this.field(name, piece)
  }

  /** The texts of an element: one, or as many as the array has values that is its only content. */
  private values(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
    const only = pieces.length === 1 ? pieces[0] : undefined
    const array = typeof only === 'number' ? this.expansions.get(only)?.[0] : undefined
    if (array === undefined || array.template !== undefined) return [pieces]
    return Array.from({ length: array.count }, (_, index) => [array.base + index])
  }

  private field(name: string, pieces: readonly Piece[]): void {
    if (this.names.length >= MAX_FIELDS) throw new BinXmlError(`the record has more than ${MAX_FIELDS} fields`, 0)
    let free = name
    for (let index = 1; this.taken.has(free); index++) free = `${name}[${index}]`
    this.nameLength += free.length
    if (this.nameLength > MAX_NAME_LENGTH) throw new BinXmlError('the names of the fields are too long', 0)
    this.taken.add(free)
    this.names.push(free)
    const text = this.textOf(pieces)
    if (text.slot < 0) this.texts.push(text)
    this.slots.push(text.slot < 0 ? -this.texts.length : text.slot)
  }

  private textOf(pieces: readonly Piece[]): Text {
    for (const piece of pieces) {
      if (typeof piece === 'string') continue
      // A long value that is used over and over would make a small log into a large text.
      const uses = (this.uses.get(piece) ?? 0) + 1
      if (uses > MAX_USES) throw new BinXmlError(`a value is used more than ${MAX_USES} times`, 0)
      this.uses.set(piece, uses)
    }
    if (pieces.length === 1 && typeof pieces[0] === 'number') return { slot: pieces[0], constant: '', parts: NO_PARTS }
    const constant = constantOf(pieces)
    if (constant !== undefined) return { slot: -1, constant, parts: NO_PARTS }
    return { slot: -1, constant: '', parts: pieces }
  }

  private piecesOf(parts: readonly Part[], frame: Frame): Piece[] {
    const pieces: Piece[] = []
    for (const part of parts) {
      if (part.kind === 'slot') pieces.push(frame.base + part.slot)
      else if (typeof pieces.at(-1) === 'string') pieces.push(`${pieces.pop()}${part.text}`)
      else pieces.push(part.text)
    }
    return pieces
  }

  /** The elements and the text within an element, with substituted binary XML in its place. */
  private open(element: Element, frame: Frame): { children: Child[]; pieces: Piece[] } {
    const children: Child[] = []
    const parts: Part[] = []
    for (const item of element.content) {
      if (item.kind === 'element') children.push({ element: item, frame })
      else if (item.kind === 'instruction')
        children.push({ element: instructionElement(item.target, item.text), frame })
      else if (item.kind === 'text') parts.push(item)
      else {
        const nested = this.expansions.get(frame.base + item.slot)?.filter(({ template }) => template !== undefined)
        if (nested === undefined || nested.length === 0) {
          if (item.type !== Type.binXml) parts.push(item)
          continue
        }
        for (const { template, base } of nested) {
          const root: Element = { kind: 'element', name: '', attributes: [], content: template!.content }
          const inner = this.open(root, { base })
          children.push(...inner.children)
        }
      }
    }
    return { children, pieces: this.piecesOf(parts, frame) }
  }
}

function instructionElement(target: string, text: string): Element {
  return { kind: 'element', name: `?${target}`, attributes: [], content: [{ kind: 'text', text }] }
}

/** Declarations of namespaces are no content. */
function isNamespace(attribute: string): boolean {
  return attribute === 'xmlns' || attribute.startsWith('xmlns:')
}

function constantOf(pieces: readonly Piece[]): string | undefined {
  if (pieces.length === 0) return ''
  return pieces.length === 1 && typeof pieces[0] === 'string' ? pieces[0] : undefined
}

function isBlank(pieces: readonly Piece[]): boolean {
  const constant = constantOf(pieces)
  return constant !== undefined && constant.trim() === ''
}

/** Layouts of this thread by their names: records of different templates that have the same fields share one. */
const layouts = new Map<string, FieldLayout>()
let layoutLength = 0

function sharedLayout(names: readonly string[]): FieldLayout {
  const key = names.join('\0')
  const known = layouts.get(key)
  if (known !== undefined) return known
  if (layoutLength > MAX_LAYOUT_LENGTH) {
    layouts.clear()
    layoutLength = 0
  }
  layoutLength += key.length
  const layout = { names }
  layouts.set(key, layout)
  return layout
}

const MAX_FIELDS = 8192
const MAX_USES = 16
/** Of all names of a record together, in characters. */
const MAX_NAME_LENGTH = 2 ** 18
const MAX_LAYOUT_LENGTH = 2 ** 22

const NO_PARTS: readonly Piece[] = []
const NOTHING: Text = { slot: -1, constant: '', parts: NO_PARTS }

/** Parts of `System` that have a place of their own in every record. */
const ENVELOPE = new Set([
  'Provider.@Name',
  'Channel',
  'Computer',
  'EventID',
  'EventRecordID',
  'TimeCreated.@SystemTime',
])

/** Attributes whose name alone would not say whose they are. */
const SYSTEM_NAMES: ReadonlyMap<string, string> = new Map([
  ['Provider.@Guid', 'ProviderGuid'],
  ['Provider.@Name', 'ProviderName'],
])
