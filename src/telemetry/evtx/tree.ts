import { ByteBuffer } from '../../text/bytes.js'
import { fixedSize, Token, Type } from './tokens.js'
import { appendValue } from './values.js'

/** An element of a template definition, or of binary XML that stands in a record without a template. */
export interface Element {
  readonly kind: 'element'
  readonly name: string
  readonly attributes: readonly Attribute[]
  readonly content: readonly Content[]
}

export interface Attribute {
  readonly name: string
  readonly parts: readonly Part[]
}

export type Content = Element | Instruction | Part

/** What makes up a text: constant text, or the value of a substitution. */
export type Part = { readonly kind: 'text'; readonly text: string } | Slot

export interface Slot {
  readonly kind: 'slot'
  readonly slot: number
  /** The type the definition names; the value's own type is what counts. */
  readonly type: number
}

export interface Instruction {
  readonly kind: 'instruction'
  readonly target: string
  readonly text: string
}

/** Binary XML that cannot be read; the message is one sentence without a final stop, the offset is within the chunk. */
export class BinXmlError extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message)
  }
}

export interface Tree {
  readonly content: readonly Content[]
  /** One more than the highest substitution used. */
  readonly slotCount: number
  /** Where the bytes that were read end. */
  readonly end: number
  /** What in those bytes does not depend on where in a chunk they stand; see `Definition`. */
  readonly sites: readonly Site[]
}

/** A place whose bytes depend on where the definition stands: a reference to a name, or (without one) the size of what follows. */
export interface Site {
  readonly at: number
  /** Bytes of the site, with the name itself where it is stored in place. */
  readonly size: number
  readonly name: string | undefined
}

/**
 * Reads the binary XML in `bytes[start, end)`. `view` is over the same bytes, which are a whole chunk: names are found by their offset in
 * it. Throws `BinXmlError` where they are no such thing.
 */
export function readTree(bytes: Uint8Array, view: DataView, start: number, end: number): Tree {
  return new TreeReader(bytes, view, start, end).read()
}

/** The name stored at an offset of a chunk. */
export function readName(bytes: Uint8Array, view: DataView, offset: number): string {
  if (offset + 8 > bytes.length) throw new BinXmlError(`a name at offset ${offset} is outside of the chunk`, offset)
  const size = view.getUint16(offset + 6, true) * 2
  if (offset + 8 + size > bytes.length)
    throw new BinXmlError(`a name at offset ${offset} of ${size / 2} characters is longer than the chunk`, offset)
  return utf16Text(bytes, offset + 8, offset + 8 + size)
}

/** Short names and texts, of which there are many, cost less this way than through a TextDecoder. */
function utf16Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf16le')
}

class TreeReader {
  private at: number
  private slotCount = 0
  private depth = 0
  private readonly sites: Site[] = []
  /** Whether open elements have the two bytes of a dependency identifier; those in a value of a record do not. */
  private dependencies: boolean | undefined

  constructor(
    private readonly bytes: Uint8Array,
    private readonly view: DataView,
    start: number,
    private readonly end: number,
  ) {
    this.at = start
  }

  read(): Tree {
    const content = this.content()
    return { content, slotCount: this.slotCount, end: this.at, sites: this.sites }
  }

  /** Up to the end of the element or of the binary XML. */
  private content(): Content[] {
    const content: Content[] = []
    while (this.at < this.end) {
      const at = this.at
      const token = this.byte() & ~Token.more
      switch (token) {
        case Token.end:
          if (this.depth > 0) throw new BinXmlError('the binary XML ends within an element', at)
          return content
        case Token.endElement:
          if (this.depth === 0) throw new BinXmlError('the end of an element without its start', at)
          return content
        case Token.fragmentHeader:
          this.skip(3)
          break
        case Token.openElement:
          content.push(this.element((this.bytes[at]! & Token.more) !== 0))
          break
        case Token.piTarget:
          content.push(this.instruction())
          break
        default: {
          this.at = at
          const part = this.part()
          if (part === undefined)
            throw new BinXmlError(`0x${this.bytes[at]!.toString(16).padStart(2, '0')} is no token of binary XML`, at)
          content.push(part)
        }
      }
    }
    if (this.depth > 0) throw new BinXmlError('the binary XML ends within an element', this.at)
    return content
  }

  private element(hasAttributes: boolean): Element {
    if (++this.depth > MAX_DEPTH) throw new BinXmlError(`elements are nested deeper than ${MAX_DEPTH}`, this.at)
    this.dependencies ??= this.hasDependencies()
    if (this.dependencies) this.skip(2)
    this.size()
    const name = this.name()
    const attributes: Attribute[] = []
    if (hasAttributes) {
      this.size()
      while ((this.peek() & ~Token.more) === Token.attribute) {
        this.at++
        attributes.push({ name: this.name(), parts: this.parts() })
      }
    }
    const at = this.at
    const close = this.byte()
    let content: Content[] = []
    if (close === Token.closeStart) content = this.content()
    else if (close !== Token.closeEmpty) throw new BinXmlError('a start tag has no end', at)
    this.depth--
    return { kind: 'element', name, attributes, content }
  }

  /**
   * Told by the name offset that must follow: with a dependency identifier it is at 6, without at 4. The identifier is 0xffff where
   * there is none, and a size is never that large.
   */
  private hasDependencies(): boolean {
    const { at } = this
    if (at + 10 > this.end) return false
    if (this.view.getUint16(at, true) === 0xffff) return true
    return !this.isName(this.view.getUint32(at + 4, true))
  }

  private isName(offset: number): boolean {
    if (offset + 10 > this.bytes.length) return false
    const after = offset + 8 + this.view.getUint16(offset + 6, true) * 2
    return after + 2 <= this.bytes.length && this.view.getUint16(after, true) === 0
  }

  private parts(): Part[] {
    const parts: Part[] = []
    for (;;) {
      const part = this.part()
      if (part === undefined) return parts
      parts.push(part)
    }
  }

  /** A piece of text, or undefined where none follows. */
  private part(): Part | undefined {
    switch (this.peek() & ~Token.more) {
      case Token.value:
        this.at++
        return { kind: 'text', text: this.value() }
      case Token.cdata:
        this.at++
        return { kind: 'text', text: this.text() }
      case Token.charRef:
        this.at++
        return { kind: 'text', text: String.fromCharCode(this.u16()) }
      case Token.entityRef: {
        this.at++
        const name = this.name()
        return { kind: 'text', text: ENTITIES.get(name) ?? `&${name};` }
      }
      case Token.substitution:
      case Token.optionalSubstitution: {
        this.at++
        const slot = this.u16()
        const type = this.byte()
        // Each value has four bytes of description, so a chunk cannot hold more.
        if (slot >= MAX_SLOTS) throw new BinXmlError(`a substitution has the number ${slot}`, this.at - 3)
        if (slot >= this.slotCount) this.slotCount = slot + 1
        return { kind: 'slot', slot, type }
      }
      default:
        return undefined
    }
  }

  private instruction(): Instruction {
    const target = this.name()
    if (this.peek() !== Token.piData) return { kind: 'instruction', target, text: '' }
    this.at++
    return { kind: 'instruction', target, text: this.text() }
  }

  private value(): string {
    const at = this.at
    const type = this.byte()
    if (type === Type.null) return ''
    if (type === Type.string || type === Type.evtXml) return this.text()
    let size = fixedSize(type)
    if (type === Type.sid && this.at + 8 <= this.end) size = 8 + this.bytes[this.at + 1]! * 4
    if (size === 0) throw new BinXmlError(`a constant of type 0x${type.toString(16)} has no known size`, at)
    const start = this.at
    this.skip(size)
    SCRATCH.length = 0
    appendValue(type, this.bytes, this.view, start, size, SCRATCH)
    return SCRATCH.toString()
  }

  private text(): string {
    const size = this.u16() * 2
    const start = this.at
    this.skip(size)
    return utf16Text(this.bytes, start, this.at)
  }

  private name(): string {
    const at = this.at
    const offset = this.u32()
    const name = readName(this.bytes, this.view, offset)
    // A name that is used for the first time stands where it is used.
    if (offset === this.at) this.skip(10 + this.view.getUint16(offset + 6, true) * 2)
    this.sites.push({ at, size: this.at - at, name })
    return name
  }

  private size(): void {
    this.sites.push({ at: this.at, size: 4, name: undefined })
    this.skip(4)
  }

  private skip(count: number): void {
    this.at += count
    if (this.at > this.end) throw new BinXmlError('the binary XML ends within a token', this.end)
  }

  private peek(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1
  }

  private byte(): number {
    this.skip(1)
    return this.bytes[this.at - 1]!
  }

  private u16(): number {
    this.skip(2)
    return this.view.getUint16(this.at - 2, true)
  }

  private u32(): number {
    this.skip(4)
    return this.view.getUint32(this.at - 4, true)
  }
}

const MAX_DEPTH = 100
const MAX_SLOTS = 16384
const SCRATCH = new ByteBuffer(256)
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])
