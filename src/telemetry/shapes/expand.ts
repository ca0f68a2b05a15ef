import type { EventBuilder } from '../event-builder.js'
import { type JsonTree, leaves, membersOf, parseJsonTree } from '../json/tree.js'
import { parseTime } from '../time.js'
import type { ValuesRecord } from '../values-record.js'
import { XmlEventParser } from '../xml/event.js'
import type { Arrangement } from './arrange.js'
import type { ValueCells } from './cells.js'
import { readHeader } from './header.js'
import type { Expansion } from './shapes.js'

/**
 * Puts together a record some of whose members hold fields of their own. Event data come first and keep their names; a column that
 * says the same as a field of that name is not said again. Returns false where there is a time and it is unreadable.
 */
export class Expander {
  private readonly xml = new XmlEventParser()

  constructor(private readonly builder: EventBuilder) {}

  expand(arrangement: Arrangement, cells: ValueCells, position: number): boolean {
    const { builder } = this
    builder.begin(position)
    const readable = readHeader(arrangement, cells, builder.record)
    for (const { slot, name, kind } of arrangement.expansions) {
      const text = cells.text(slot)
      if (text !== undefined && text !== '' && !this.expandCell(kind, name, text)) builder.add(name, cells.value(slot))
    }
    const { names } = arrangement.layout
    for (let index = 0; index < names.length; index++) {
      const slot = arrangement.slots[index]!
      if (slot >= 0) builder.addUnlessSaid(names[index]!, cells.value(slot))
    }
    return readable || !Number.isNaN(builder.record.time)
  }

  /** False where the text is not what was expected; then it is kept as it is. */
  private expandCell(kind: Expansion, name: string, text: string): boolean {
    const { builder } = this
    switch (kind) {
      case 'repeats':
        return addElements(builder, parseJsonTree(text), () => name)
      case 'data':
        return addElements(builder, parseJsonTree(text), (index) => `Data[${index}]`)
      case 'properties':
        return addElements(builder, parseJsonTree(text), (index) => `Data[${index}]`)
      case 'payload':
        return addPayload(builder, parseJsonTree(text))
      case 'event-data-json': {
        const tree = parseJsonTree(text)
        if (tree?.kind !== 'object') return this.expandCell('event-data-xml', name, text)
        addEventData(builder, tree)
        return true
      }
      case 'event-data-xml':
        return this.addEventDataXml(text)
      case 'raw-event':
        return this.addRawEvent(text)
      case 'message-lines':
        for (const match of text.matchAll(/^(\w+): (.*?)\r?$/gm)) builder.add(match[1]!, match[2]!)
        return false
    }
  }

  private addEventDataXml(text: string): boolean {
    const inner = text.trim()
    if (!inner.startsWith('<')) return false
    // `Event` wraps event data in a DataItem, or has its parameters bare; `SecurityEvent` has the element itself.
    const data = /<(?:EventData|UserData)\b[\s\S]*<\/(?:EventData|UserData)>/.exec(inner)?.[0]
    const xml = data ?? `<EventData>${inner.replace(/<(\/?)Param>/g, '<$1Data>')}</EventData>`
    return this.xml.parse(`<Event>${xml}</Event>`, this.builder) === undefined
  }

  private addRawEvent(text: string): boolean {
    const { builder } = this
    const start = text.indexOf('<Event')
    if (start >= 0 && start < 100) {
      const { record } = builder
      const before = { ...headerOf(record) }
      if (this.xml.parse(text.slice(start).trim(), builder) === undefined) return true
      Object.assign(record, before)
      return false
    }
    return addEventLines(builder, text)
  }
}

function headerOf(record: ValuesRecord): Partial<ValuesRecord> {
  const { provider, channel, computer, eventId, recordId, time, timeWithoutZone } = record
  return { provider, channel, computer, eventId, recordId, time, timeWithoutZone }
}

/** Elements of an array under a name each; objects with `@Name` and `#text` (or `Name`, `Value`) under their own. */
function addElements(builder: EventBuilder, tree: JsonTree | undefined, nameOf: (index: number) => string): boolean {
  if (tree?.kind !== 'array') return false
  let index = 0
  for (const element of tree.elements) {
    const named = textOf(element, NAME_KEYS)
    const name = named === undefined || named === '' ? nameOf(index++) : named
    if (element.kind === 'object') addObject(builder, name, element)
    else builder.add(name, element.kind === 'value' ? element.value : element.text)
  }
  return true
}

function addObject(builder: EventBuilder, name: string, element: JsonTree & { kind: 'object' }): void {
  let said = false
  for (const [path, value] of leaves(element)) {
    const last = path.replace(/^(#attributes|\$)\./, '@')
    if (NAME_KEYS.includes(last)) continue
    said = true
    builder.add(TEXT_KEYS.includes(last) ? name : `${name}.${last}`, value)
  }
  if (!said) builder.add(name, '')
}

function textOf(tree: JsonTree, keys: readonly string[]): string | undefined {
  if (tree.kind !== 'object') return undefined
  for (const [path, value] of leaves(tree)) {
    if (keys.includes(path.replace(/^(#attributes|\$)\./, '@')) && typeof value === 'string') return value
  }
  return undefined
}

const NAME_KEYS = ['@Name', 'Name']
const TEXT_KEYS = ['#text', 'Value', '_', '#value']

/** EvtxECmd's payload: the event's data as `xml2json` writes it. */
function addPayload(builder: EventBuilder, tree: JsonTree | undefined): boolean {
  if (tree?.kind !== 'object') return false
  const [eventData] = membersOf(tree, 'EventData')
  const [userData] = membersOf(tree, 'UserData')
  if (eventData?.kind === 'object') addEventData(builder, eventData)
  else if (userData?.kind === 'object') {
    const [only, ...more] = userData.members
    addEventData(builder, only !== undefined && more.length === 0 && only[1].kind === 'object' ? only[1] : userData)
  } else return false
  return true
}

function addEventData(builder: EventBuilder, data: JsonTree): void {
  if (data.kind !== 'object') return
  for (const [key, member] of data.members) {
    if (key === 'Data' && member.kind === 'array') addElements(builder, member, (index) => `Data[${index}]`)
    else if (key === 'Data' && member.kind === 'object') {
      const name = textOf(member, NAME_KEYS)
      addObject(builder, name ?? 'Data[0]', member)
    } else if (key === 'Data' && member.kind === 'value') builder.add('Data[0]', member.value)
    else if (!key.startsWith('@xmlns')) for (const [path, value] of leaves(member, key)) builder.add(path, value)
  }
}

/**
 * Splunk's classic event log text: a line with the time, `Name=Value` lines, the last of which is `Message=` and goes on to the end.
 * https://docs.splunk.com/Documentation/Splunk/latest/Data/MonitorWindowseventlogdata
 */
function addEventLines(builder: EventBuilder, text: string): boolean {
  const { record } = builder
  if (!/^EventCode=\d+\s*$/m.test(text)) return false
  const messageAt = text.search(/^Message=/m)
  const head = messageAt < 0 ? text : text.slice(0, messageAt)
  for (const line of head.split(/\r?\n/)) {
    const equals = line.indexOf('=')
    const name = equals < 0 ? '' : line.slice(0, equals)
    const value = line.slice(equals + 1)
    if (name === '') {
      const time = parseTime(line, 'month-first')
      if (time === undefined && line !== '') builder.add('_raw', line)
      else if (time !== undefined && Number.isNaN(record.time)) {
        record.time = time.micros
        record.timeWithoutZone = !time.zoned
      }
    } else if (name === 'EventCode') record.eventId = Number(value) % 0x10000
    else if (name === 'SourceName') record.provider = value
    else if (name === 'LogName') record.channel = value
    else if (name === 'ComputerName') record.computer = value
    else if (name === 'RecordNumber') record.recordId = Number(value)
    else builder.add(name, value)
  }
  if (messageAt >= 0) builder.add('Message', text.slice(messageAt + 8))
  return true
}
