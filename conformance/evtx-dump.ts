/**
 * What `evtx_dump` prints as JSON, named and written as our EVTX reader names and writes it. This is all the normalisation that the
 * comparison allows itself:
 * - names: as src/telemetry/evtx/README.md says, worked out from the JSON
 * - nothing, null and the empty text are the same: JSON from XML cannot tell them apart
 * - a Boolean that is neither 0 nor 1 is true, where `evtx_dump` prints the number
 * - a whole number in floating point has no `.0`
 * - GUIDs without braces and in upper case: versions of `evtx_dump` differ
 * - times with six digits after the second; where the event's own time was never written, it is not compared
 * - a number above 2^53 is compared digit by digit
 * - in the JSON twins, which an older version wrote, blanks at the ends of a text are gone
 */
export interface DumpedEvent {
  readonly Event: Json
}

type Json = { readonly [name: string]: JsonValue }
type JsonValue = string | number | boolean | null | Json | readonly JsonValue[]

/** Reads one event, its large numbers as text. */
export function parseDumped(text: string): DumpedEvent {
  try {
    return JSON.parse(text.replace(/(?<=[^\\]": ?)(-?\d{16,})(?=[,}\]\n])/g, '"$1"')) as DumpedEvent
  } catch {
    return JSON.parse(text) as DumpedEvent
  }
}

/** Whether a field as we read it is what was expected; both normalised. */
export function isSame(name: string, found: string, expected: string): boolean {
  if (found === expected) return true
  if (found === 'true' && /^\d+$/.test(expected) && expected !== '0') return true
  if (name === 'time') return expected.startsWith('1601-01-01T00:00:00.000000') || expected === ''
  return name === 'recordId' && (expected === '' || expected === '0')
}

export function expectedFields(event: DumpedEvent): Map<string, string> {
  const fields = new Fields()
  for (const [name, value] of Object.entries(event.Event)) {
    if (name === '#attributes') fields.attributes('', value)
    else if (name === 'System') system(value as Json, fields)
    else if (name === 'EventData') eventData(value, fields)
    else if (name === 'UserData') userData(value, fields)
    else fields.element(name, value)
  }
  return fields.values
}

export function normalise(value: string | number | bigint | boolean | null): string {
  const text = value === null ? '' : String(value)
  const guid = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i.exec(text)
  if (guid) return guid[1]!.toUpperCase()
  const time = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(text)
  if (time) return `${time[1]}${(time[2] ?? '.').padEnd(7, '0').slice(0, 7)}Z`
  return /^-?\d+\.0$/.test(text) ? text.slice(0, -2) : text
}

function system(value: Json, fields: Fields): void {
  for (const [element, content] of Object.entries(value)) {
    const name = ENVELOPE[element]
    const text = isObject(content) ? content['#text'] : content
    if (name !== undefined) fields.add(name, text)
    else if (text !== undefined && text !== null) fields.add(`System.${element}`, text)
    if (!isObject(content)) continue
    for (const [attribute, value] of Object.entries((content['#attributes'] ?? {}) as Json)) {
      const path = `${element}.${attribute}`
      fields.add(ENVELOPE[path] ?? (path === 'Provider.Guid' ? 'System.ProviderGuid' : `System.${attribute}`), value)
    }
  }
}

const ENVELOPE: Readonly<Record<string, string>> = {
  EventID: 'eventId',
  EventRecordID: 'recordId',
  Channel: 'channel',
  Computer: 'computer',
  'Provider.Name': 'provider',
  'TimeCreated.SystemTime': 'time',
}

function eventData(value: JsonValue, fields: Fields): void {
  if (!isObject(value)) {
    fields.add('EventData', value)
    return
  }
  for (const [name, content] of Object.entries(value)) {
    if (name === '#attributes') fields.attributes('', content)
    else if (name === '#text') fields.add('EventData', content)
    else if (name === 'Data') unnamedData(content, fields)
    else if (/^ComplexData(_\d+)?$/.test(name))
      fields.add(complexName(content), isObject(content) ? content['#text'] : null)
    else fields.element(repeated(name, value), content)
  }
}

/** `evtx_dump` calls the second element of a name `name_1`. */
function repeated(name: string, siblings: Json): string {
  const match = /^(.+)_(\d+)$/.exec(name)
  return match && match[1]! in siblings ? `${match[1]}[${match[2]}]` : name
}

function complexName(content: JsonValue): string {
  const attributes = isObject(content) ? content['#attributes'] : undefined
  return isObject(attributes) ? String(attributes.Name) : 'ComplexData'
}

function unnamedData(value: JsonValue, fields: Fields): void {
  const texts = isObject(value) ? value['#text'] : value
  for (const [index, text] of (Array.isArray(texts) ? texts : [texts ?? null]).entries())
    fields.add(`Data[${index}]`, text as JsonValue)
}

function userData(value: JsonValue, fields: Fields): void {
  if (!isObject(value)) {
    fields.add('UserData', value)
    return
  }
  const entries = Object.entries(value).filter(([name]) => name !== '#attributes')
  const only = entries.length === 1 ? entries[0]! : undefined
  if (only === undefined || !isObject(only[1])) {
    for (const [name, content] of entries) fields.element(name, content)
    return
  }
  for (const [name, content] of Object.entries(only[1])) {
    if (name === '#attributes') fields.attributes('', content)
    else if (name === '#text') fields.add(only[0], content)
    else fields.element(repeated(name, only[1]), content)
  }
}

class Fields {
  readonly values = new Map<string, string>()

  add(name: string, value: JsonValue | undefined): void {
    if (Array.isArray(value)) {
      for (const item of value) this.add(name, item as JsonValue)
      return
    }
    let free = name
    for (let index = 1; this.values.has(free); index++) free = `${name}[${index}]`
    this.values.set(free, normalise(isObject(value) ? null : ((value ?? null) as string | number | boolean | null)))
  }

  element(path: string, value: JsonValue): void {
    if (Array.isArray(value)) {
      for (const item of value) this.element(path, item as JsonValue)
      return
    }
    if (!isObject(value)) {
      this.add(path, value)
      return
    }
    for (const [name, content] of Object.entries(value)) {
      if (name === '#attributes') this.attributes(path, content)
      else if (name === '#text') this.add(path, content)
      else this.element(`${path}.${repeated(name, value)}`, content)
    }
  }

  attributes(path: string, value: JsonValue): void {
    for (const [name, content] of Object.entries(value as Json))
      if (name !== 'xmlns' && !name.startsWith('xmlns:'))
        this.add(path === '' ? `@${name}` : `${path}.@${name}`, content)
  }
}

function isObject(value: JsonValue | undefined): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
