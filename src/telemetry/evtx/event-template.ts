import { createHash } from 'node:crypto'
import type { ByteSink } from './byte-sink.js'
import { Token, Type } from './tokens.js'
import { type DataType, typeOfValue } from './write-values.js'

/** The event's own data: as `EventData` with named values, or as `UserData` with the provider's own element. */
export interface EventData {
  /** Name (empty for an unnamed `<Data>`), value, and its type where the value alone does not say it. Bytes named `Binary` are the element of that name. */
  readonly data?: readonly DataItem[]
  readonly userData?: { readonly element: string; readonly namespace?: string; readonly data: readonly DataItem[] }
}

export type DataItem = readonly [name: string, value: DataValue, type?: keyof typeof DATA_TYPES]

export type DataValue = string | number | bigint | boolean | null | Uint8Array | readonly string[]

/** Times as microseconds since 1970; GUIDs and SIDs as their text. */
export const DATA_TYPES = {
  string: Type.string,
  int8: Type.int8,
  uint8: Type.uint8,
  int16: Type.int16,
  uint16: Type.uint16,
  int32: Type.int32,
  uint32: Type.uint32,
  int64: Type.int64,
  uint64: Type.uint64,
  double: Type.real64,
  boolean: Type.bool,
  binary: Type.binary,
  guid: Type.guid,
  pointer: Type.sizeT,
  time: Type.fileTime,
  sid: Type.sid,
  hex32: Type.hexInt32,
  hex64: Type.hexInt64,
  strings: Type.string | Type.array,
} as const satisfies Readonly<Record<string, DataType>>

/** A template definition as it is written: `write` puts its element, and each name through `name`. */
export interface TemplateText {
  /** Tells it from other templates. */
  readonly key: string
  readonly guid: Uint8Array
  readonly write: (out: ByteSink, name: (name: string) => void) => void
}

/** The element that all events have, with substitutions in the order in which the writer fills them. */
export function eventTemplate(): TemplateText {
  return EVENT_TEMPLATE
}

/** The template of an event's data, and its values. Without data it is an empty `EventData`: libevtx passes over events that lack it. */
export function innerTemplate(event: EventData): {
  readonly template: TemplateText
  readonly values: readonly (readonly [DataType, unknown])[]
} {
  const items = event.userData?.data ?? event.data ?? []
  const values = items.map(
    ([, value, type]) => [type === undefined ? typeOfValue(value) : DATA_TYPES[type], value] as const,
  )
  const slots = items.map((_, index) => slot(index, values[index]![0] || Type.string))
  const element = event.userData === undefined ? eventData(items, slots) : userData(event.userData, slots)
  const key = JSON.stringify(element)
  let template = templates.get(key)
  if (template === undefined) {
    template = templateOf(element)
    if (templates.size >= MAX_TEMPLATES) templates.clear()
    templates.set(key, template)
  }
  return { template, values }
}

/** A substitution (without a value it takes its attribute or element away), a constant text, or an element. */
type Node = { readonly slot: number; readonly type: DataType } | { readonly text: string } | Element

interface Element {
  readonly name: string
  readonly attributes: readonly (readonly [string, Node])[]
  readonly content: readonly Node[]
}

const templates = new Map<string, TemplateText>()
const MAX_TEMPLATES = 1000

function eventData(items: readonly DataItem[], slots: readonly Node[]): Element {
  const content = items.map(([name, value], index): Element => {
    if (name === 'Binary' && value instanceof Uint8Array) return { name, attributes: [], content: [slots[index]!] }
    const attributes: readonly (readonly [string, Node])[] = name === '' ? [] : [['Name', { text: name }]]
    return { name: 'Data', attributes, content: [slots[index]!] }
  })
  return { name: 'EventData', attributes: [], content }
}

function userData({ element, namespace, data }: NonNullable<EventData['userData']>, slots: readonly Node[]): Element {
  const attributes: readonly (readonly [string, Node])[] =
    namespace === undefined ? [] : [['xmlns', { text: namespace }]]
  const content = data.map(([name], index): Element => ({ name, attributes: [], content: [slots[index]!] }))
  return { name: 'UserData', attributes: [], content: [{ name: element, attributes, content }] }
}

function templateOf(element: Element): TemplateText {
  const key = JSON.stringify(element)
  const guid = new Uint8Array(createHash('sha256').update(key).digest().subarray(0, 16))
  return { key, guid, write: (out, name) => writeElement(element, out, name) }
}

function writeElement({ name, attributes, content }: Element, out: ByteSink, putName: (name: string) => void): void {
  out.u8(attributes.length > 0 ? Token.openElement | Token.more : Token.openElement)
  out.u16(NO_DEPENDENCY)
  const size = out.hole(4)
  putName(name)
  if (attributes.length > 0) {
    const listSize = out.hole(4)
    for (const [index, [attribute, value]] of attributes.entries()) {
      out.u8(index < attributes.length - 1 ? Token.attribute | Token.more : Token.attribute)
      putName(attribute)
      writeNode(value, out, putName)
    }
    out.setU32(listSize, out.length - listSize - 4)
  }
  if (content.length === 0) out.u8(Token.closeEmpty)
  else {
    out.u8(Token.closeStart)
    for (const node of content) writeNode(node, out, putName)
    out.u8(Token.endElement)
  }
  out.setU32(size, out.length - size - 4)
}

function writeNode(node: Node, out: ByteSink, putName: (name: string) => void): void {
  if ('slot' in node) {
    out.u8(Token.optionalSubstitution)
    out.u16(node.slot)
    out.u8(node.type)
  } else if ('text' in node) {
    out.u8(Token.value)
    out.u8(Type.string)
    out.u16(node.text.length)
    out.utf16(node.text)
  } else writeElement(node, out, putName)
}

const NO_DEPENDENCY = 0xffff

const element = (name: string, content: readonly Node[], ...attributes: (readonly [string, Node])[]): Element => ({
  name,
  attributes,
  content,
})
const slot = (slot: number, type: DataType): Node => ({ slot, type })

const EVENT_TEMPLATE = templateOf(
  element(
    'Event',
    [
      element('System', [
        element('Provider', [], ['Name', slot(14, Type.string)], ['Guid', slot(15, Type.guid)]),
        element('EventID', [slot(3, Type.uint16)], ['Qualifiers', slot(4, Type.uint16)]),
        element('Version', [slot(12, Type.uint8)]),
        element('Level', [slot(0, Type.uint8)]),
        element('Task', [slot(1, Type.uint16)]),
        element('Opcode', [slot(2, Type.uint8)]),
        element('Keywords', [slot(5, Type.hexInt64)]),
        element('TimeCreated', [], ['SystemTime', slot(6, Type.fileTime)]),
        element('EventRecordID', [slot(11, Type.uint64)]),
        element('Correlation', [], ['ActivityID', slot(7, Type.guid)], ['RelatedActivityID', slot(8, Type.guid)]),
        element('Execution', [], ['ProcessID', slot(9, Type.uint32)], ['ThreadID', slot(10, Type.uint32)]),
        element('Channel', [slot(16, Type.string)]),
        element('Computer', [slot(17, Type.string)]),
        element('Security', [], ['UserID', slot(13, Type.sid)]),
      ]),
      slot(18, Type.binXml),
    ],
    ['xmlns', { text: 'http://schemas.microsoft.com/win/2004/08/events/event' }],
  ),
)
