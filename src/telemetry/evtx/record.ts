import { ByteBuffer } from '../../text/bytes.js'
import type { FieldLayout, FieldValue, TelemetryRecord } from '../record.js'
import { parseTime } from '../time.js'
import type { Plan, Text } from './plan.js'
import { Shape } from './shape.js'
import { SharedText } from './shared-text.js'
import { ChunkTemplates, DEFINITION_HEADER, Template } from './template.js'
import { fixedSize, Token, Type } from './tokens.js'
import { BinXmlError, readTree } from './tree.js'
import { appendUtf16 } from './utf16.js'
import { appendValue, arrayCount, fileTimeMicros, systemTimeMicros, textEnd, typedValue } from './values.js'

/** The cursor over the records of a chunk: where the values of the present record are, and how to read them. */
export class EvtxRecord implements TelemetryRecord {
  readonly kind = 'record'
  readonly table = ''
  readonly timeWithoutZone = false
  position = 0
  provider = ''
  channel = ''
  computer = ''
  eventId = -1
  recordId = -1
  time = Number.NaN
  layout: FieldLayout = NO_FIELDS

  private bytes: Uint8Array = new Uint8Array(0)
  private view: DataView = new DataView(new ArrayBuffer(0))
  private readonly templates = new ChunkTemplates()
  private plan!: Plan
  private shape!: Shape
  /** By slot: where the value is, and its size (16 bits) and type (8 bits). */
  private offsets = new Int32Array(256)
  private kinds = new Int32Array(256)
  private slotCount = 0
  private depth = 0
  private readonly providers = new SharedText()
  private readonly channels = new SharedText()
  private readonly computers = new SharedText()
  private readonly scratch = new ByteBuffer(4096)

  /** Turns to another chunk. */
  open(bytes: Uint8Array, view: DataView): void {
    this.bytes = bytes
    this.view = view
    this.templates.clear()
  }

  /**
   * Moves to the record at `[start, end)` of the chunk, its 24-byte header and size included. Throws `BinXmlError` where its content
   * is damaged.
   */
  read(start: number, end: number, position: number): void {
    const { view } = this
    this.position = position
    this.slotCount = 0
    this.depth = 0
    this.content(start + 24, end)
    const plan = this.shape.plan
    this.plan = plan
    this.layout = plan.layout
    this.provider = this.shared(plan.provider, this.providers)
    this.channel = this.shared(plan.channel, this.channels)
    this.computer = this.shared(plan.computer, this.computers)
    this.eventId = this.number(plan.eventId)
    const recordId = this.number(plan.recordId)
    this.recordId =
      recordId > 0 ? recordId : view.getUint32(start + 12, true) * 0x100000000 + view.getUint32(start + 8, true)
    const time = this.instant(plan.time)
    // Where a sector was never written, the event's own time is zero.
    this.time = !(time > FIRST_TIME)
      ? fileTimeMicros(view.getUint32(start + 16, true), view.getUint32(start + 20, true))
      : time
  }

  value(index: number): FieldValue {
    const slot = this.plan.slots[index]
    if (slot === undefined) return null
    if (slot < 0) {
      const text = this.plan.texts[-1 - slot]!
      return text.parts.length === 0 ? text.constant : (this.text(index) ?? null)
    }
    const kind = this.kinds[slot]!
    if (kind >>> 16 === Type.string) return this.text(index) ?? null
    return typedValue(kind >>> 16, this.bytes, this.view, this.offsets[slot]!, kind & 0xffff)
  }

  text(index: number): string | undefined {
    const { scratch } = this
    scratch.length = 0
    return this.appendText(index, scratch) ? scratch.toString() : undefined
  }

  appendText(index: number, out: ByteBuffer): boolean {
    const slot = this.plan.slots[index]!
    if (slot < 0) return this.appendParts(this.plan.texts[-1 - slot]!, out)
    const kind = this.kinds[slot]!
    if (kind >>> 16 === Type.string) {
      appendUtf16(this.bytes, this.offsets[slot]!, kind & 0xffff, out)
      return true
    }
    return appendValue(kind >>> 16, this.bytes, this.view, this.offsets[slot]!, kind & 0xffff, out)
  }

  private appendParts(text: Text, out: ByteBuffer): boolean {
    const { parts } = text
    if (parts.length === 0) {
      out.appendString(text.constant)
      return true
    }
    let found = false
    for (const part of parts) {
      if (typeof part !== 'number') {
        out.appendString(part)
        found = true
      } else if (this.appendSlot(part, out)) found = true
    }
    return found
  }

  private appendSlot(slot: number, out: ByteBuffer): boolean {
    const kind = this.kinds[slot]!
    return appendValue(kind >>> 16, this.bytes, this.view, this.offsets[slot]!, kind & 0xffff, out)
  }

  /** The binary XML of the record itself. */
  private content(start: number, end: number): void {
    const { bytes } = this
    let at = start
    if (bytes[at] === Token.fragmentHeader) at += 4
    if (at < end && bytes[at] === Token.templateInstance) {
      this.instance(at, end, -1)
      return
    }
    const tree = readTree(bytes, this.view, start, end)
    if (tree.content.length === 0) throw new BinXmlError('the record is empty', start)
    const template = new Template(tree)
    this.reserve(template.slotCount)
    this.shape = new Shape(template)
  }

  /**
   * Reads the template instance at `start`, as the record's own (slot -1) or as the value of a slot. Its values become the next
   * slots. Returns where it ends.
   */
  private instance(start: number, end: number, slot: number): number {
    const { bytes, view } = this
    if (start + 10 > end) throw new BinXmlError('a template instance is cut', start)
    const definition = view.getUint32(start + 6, true)
    let at = start + 10
    const template = this.templates.at(bytes, view, definition)
    if (definition === at) at += DEFINITION_HEADER + view.getUint32(at + 20, true)
    if (at + 4 > end) throw new BinXmlError('a template instance is cut', start)
    const count = view.getUint32(at, true)
    at += 4
    let from = at + count * 4
    if (from > end) throw new BinXmlError(`a template instance has ${count} values`, start)
    const base = this.reserve(template.slotCount)
    const { offsets, kinds } = this
    const { used } = template
    const known = Math.min(count, template.slotCount)
    let expands = false
    for (let index = 0; index < known; index++, at += 4) {
      const kind = view.getUint32(at, true) & 0xffffff
      kinds[base + index] = kind
      offsets[base + index] = from
      from += kind & 0xffff
      if (kind >= EXPANDING && used[index] === 1) expands = true
    }
    for (let index = known; index < count; index++, at += 4) from += view.getUint16(at, true)
    if (from > end) throw new BinXmlError('the values of a template instance are longer than the record', start)
    this.shape = slot < 0 ? template.shape : this.shape.expand(slot, base, template)
    if (expands) {
      for (let index = 0; index < known; index++)
        if (kinds[base + index]! >= EXPANDING && used[index] === 1) this.expand(base + index)
    }
    return from
  }

  private expand(slot: number): void {
    const kind = this.kinds[slot]!
    const type = kind >>> 16
    const size = kind & 0xffff
    const at = this.offsets[slot]!
    if (type === Type.binXml) this.nested(slot, at, at + size)
    else if ((type & Type.array) !== 0) this.array(slot, type & 0x7f, at, at + size)
  }

  /** Binary XML as a value: template instances, or elements without a template. */
  private nested(slot: number, start: number, end: number): void {
    if (++this.depth > MAX_DEPTH) throw new BinXmlError(`binary XML is nested deeper than ${MAX_DEPTH}`, start)
    const { bytes, view } = this
    let at = start
    while (at < end) {
      if (bytes[at] === Token.end) break
      if (bytes[at] === Token.fragmentHeader) at += 4
      else if (bytes[at] === Token.templateInstance) at = this.instance(at, end, slot)
      else {
        const tree = readTree(bytes, view, at, end)
        const template = new Template(tree)
        const base = this.reserve(template.slotCount)
        // Nothing like it may come again, so it is not kept.
        const expansion = { slot, base, template, count: 0 }
        this.shape = new Shape(this.shape.template, [...this.shape.expansions, expansion])
        at = tree.end
      }
    }
    this.depth--
  }

  /** An array becomes one slot a value; a very long one stays together. */
  private array(slot: number, element: number, start: number, end: number): void {
    const count = arrayCount(element, this.bytes, start, end - start)
    if (count === 0 || count > MAX_ARRAY) return
    const base = this.reserve(count)
    const each = fixedSize(element)
    let at = start
    for (let index = base; index < base + count; index++) {
      const stop = each > 0 ? Math.min(at + each, end) : textEnd(element, this.bytes, at, end)
      this.offsets[index] = at
      this.kinds[index] = (element << 16) | (stop - at)
      at = each > 0 ? stop : stop + (element === Type.string ? 2 : 1)
    }
    this.shape = this.shape.expand(slot, base, count)
  }

  /** Takes the next `count` slots, all of them without a value. */
  private reserve(count: number): number {
    const base = this.slotCount
    const needed = base + count
    if (needed > MAX_SLOTS) throw new BinXmlError(`the record has more than ${MAX_SLOTS} values`, 0)
    if (needed > this.kinds.length) {
      const size = Math.max(needed, this.kinds.length * 2)
      const [kinds, offsets] = [new Int32Array(size), new Int32Array(size)]
      kinds.set(this.kinds)
      offsets.set(this.offsets)
      this.kinds = kinds
      this.offsets = offsets
    }
    const { kinds } = this
    for (let index = base; index < needed; index++) kinds[index] = 0
    this.slotCount = needed
    return base
  }

  private shared(text: Text, texts: SharedText): string {
    const { slot } = text
    if (slot < 0) return text.parts.length === 0 ? text.constant : this.join(text)
    const kind = this.kinds[slot]!
    if (kind >>> 16 === Type.string) return texts.read(this.bytes, this.offsets[slot]!, kind & 0xffff)
    return this.join(text)
  }

  /** A whole number of zero or more, or -1. */
  private number(text: Text): number {
    const { slot } = text
    if (slot >= 0) {
      const kind = this.kinds[slot]!
      const at = this.offsets[slot]!
      if (kind === UINT16) return this.view.getUint16(at, true)
      if (kind === UINT32) return this.view.getUint32(at, true)
      if (kind === UINT64) return this.view.getUint32(at + 4, true) * 0x100000000 + this.view.getUint32(at, true)
    }
    const digits = this.join(text)
    return /^\d{1,15}$/.test(digits) ? Number(digits) : -1
  }

  private instant(text: Text): number {
    const { slot, constant } = text
    if (slot >= 0) {
      const kind = this.kinds[slot]!
      const at = this.offsets[slot]!
      if (kind === FILE_TIME) return fileTimeMicros(this.view.getUint32(at, true), this.view.getUint32(at + 4, true))
      if (kind === SYSTEM_TIME) return systemTimeMicros(this.view, at)
      if (kind === 0) return Number.NaN
    } else if (constant === '' && text.parts.length === 0) return Number.NaN
    return parseTime(this.join(text))?.micros ?? Number.NaN
  }

  private join(text: Text): string {
    const { scratch } = this
    scratch.length = 0
    if (text.slot >= 0) this.appendSlot(text.slot, scratch)
    else this.appendParts(text, scratch)
    return scratch.toString()
  }
}

const NO_FIELDS: FieldLayout = { names: [] }
/** Types from here on may stand for more than one text. */
const EXPANDING = Type.binXml << 16
const UINT16 = (Type.uint16 << 16) | 2
const UINT32 = (Type.uint32 << 16) | 4
const UINT64 = (Type.uint64 << 16) | 8
const FILE_TIME = (Type.fileTime << 16) | 8
const SYSTEM_TIME = (Type.systemTime << 16) | 16
/** 1601, as microseconds since 1970. */
const FIRST_TIME = -11_644_473_600e6
const MAX_DEPTH = 16
const MAX_SLOTS = 65536
const MAX_ARRAY = 256
