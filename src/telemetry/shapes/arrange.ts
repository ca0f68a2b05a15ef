import { isNamespace, SYSTEM_FIELDS } from '../event-builder.js'
import type { FieldLayout } from '../record.js'
import { type Expansion, GENERIC_TIMES, SHAPES, type Shape, type TimeSource, WRAPPERS } from './shapes.js'
import { tableCatalog } from './tables.js'

/** A place for a value in records laid out alike: a member of a JSON object, a column of a CSV file. Its number is its slot. */
export interface Member {
  /** Keys from the outside in. */
  readonly path: readonly string[]
  readonly kind: 'value' | 'array' | 'object'
}

/** What becomes of each slot. It is worked out once for all records laid out alike. */
export interface Arrangement {
  readonly shape: string
  readonly layout: FieldLayout
  /** Slot of each field of the layout. */
  readonly slots: Int32Array
  /** Slots to take the header from; the first with a value wins. */
  readonly provider: readonly number[]
  readonly channel: readonly number[]
  readonly computer: readonly number[]
  readonly eventId: readonly number[]
  readonly recordId: readonly number[]
  readonly times: readonly TimeSlot[]
  readonly table: {
    /** Slot that names the table. */
    readonly slot: number | undefined
    /** Otherwise one of these, by the row's action type. */
    readonly candidates: readonly string[]
    readonly action: number | undefined
  }
  /** Slots that hold fields of their own; where there are any, the fields of the layout are only the rest. */
  readonly expansions: readonly { readonly slot: number; readonly name: string; readonly kind: Expansion }[]
}

export interface TimeSlot {
  readonly slot: number
  readonly utc: boolean
  readonly epoch: boolean
  readonly zoneFrom: { readonly local: number; readonly utc: number } | undefined
}

/** Finds out what records with these members are. Undefined where they are nothing known and have no time. */
export function arrange(members: readonly Member[]): Arrangement | undefined {
  for (const wrapper of WRAPPERS) {
    const plain = new View(members, wrapper, false)
    if (wrapper !== '' && !plain.reaches) continue
    const xml = new View(members, wrapper, true)
    for (const shape of SHAPES as readonly Shape[]) {
      const view = shape.xml ? xml : plain
      if (!shape.needs.every((need) => need.split('|').some((path) => view.has(path)))) continue
      if (shape.lacks?.some((path) => view.has(path))) continue
      return compose(view, shape, members, undefined)
    }
    const columns = plain.topLevel()
    const candidates = columns.some((name) => name === 'Timestamp' || name === 'TimeGenerated')
      ? tableCatalog().candidates(columns)
      : []
    // Of several tables only the row's action tells which.
    if (candidates.length === 1 || (candidates.length > 1 && plain.has('ActionType')))
      return compose(plain, TABLE, members, candidates)
  }
  const view = new View(members, '', false)
  const time = GENERIC_TIMES.filter((source) => view.has(source.path))
  return time.length === 0 ? undefined : compose(view, { name: 'generic', needs: [], time }, members, undefined)
}

/** The members of a record by path, below a wrapper where there is one. */
class View {
  /** Path of each slot, as fields are named. */
  readonly paths: readonly string[]
  readonly slots = new Map<string, number>()
  readonly reaches: boolean
  /** Keys of the wrapper. */
  readonly depth: number
  private readonly prefixes = new Set<string>()

  constructor(
    readonly members: readonly Member[],
    wrapper: string,
    xml: boolean,
  ) {
    const prefix = wrapper === '' ? '' : `${wrapper}.`
    this.depth = wrapper === '' ? 0 : wrapper.split('.').length
    let reaches = false
    this.paths = members.map(({ path, kind }, slot) => {
      const plain = path.join('.')
      const isBelow = plain.startsWith(prefix)
      reaches ||= isBelow && kind !== 'object'
      const full = xml ? withoutXmlMarks(path) : plain
      const name = isBelow ? full.slice(prefix.length) : full
      if (kind !== 'object') {
        if (!this.slots.has(name)) this.slots.set(name, slot)
        if (kind === 'array') this.prefixes.add(`${name}[]`)
        for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
          this.prefixes.add(name.slice(0, dot + 1))
      }
      return name
    })
    this.reaches = reaches
  }

  has(path: string): boolean {
    return path.endsWith('.') || path.endsWith('[]') ? this.prefixes.has(path) : this.slots.has(path)
  }

  /** Slots of the paths that are there. */
  find(paths: readonly string[] | undefined): number[] {
    return (paths ?? []).flatMap((path) => this.slots.get(path) ?? [])
  }

  topLevel(): string[] {
    return this.paths.filter((path) => path !== '' && !path.includes('.'))
  }
}

/** `System.Provider.#attributes.Name` → `System.Provider.@Name`; `EventID.#text` → `EventID`. */
function withoutXmlMarks(path: readonly string[]): string {
  const parts: string[] = []
  let isAttribute = false
  for (const key of path) {
    if (key === '#attributes' || key === '@attributes' || key === '$') isAttribute = true
    else if (key === '#text' || key === '_') continue
    else if (key.endsWith('_attributes') && key.length > 11) {
      parts.push(key.slice(0, -11))
      isAttribute = true
    } else {
      parts.push(isAttribute && !key.startsWith('@') ? `@${key}` : key)
      isAttribute = false
    }
  }
  return parts.join('.')
}

const TABLE: Shape = { ...(SHAPES.find((shape) => shape.name === 'table') as Shape) }

function compose(
  view: View,
  shape: Shape,
  members: readonly Member[],
  candidates: readonly string[] | undefined,
): Arrangement {
  const { columns } = shape
  const header = shape.xml ? systemSlots(view) : headerSlots(view, shape)
  const times = timeSlots(view, shape.time)
  const consumed = new Set<number>()
  // An event inside of a record has a header of its own.
  const isWrapped = Object.values(shape.expand ?? {}).includes('raw-event')
  if (!columns && !isWrapped) {
    for (const slots of [header.provider, header.channel, header.computer, header.eventId, header.recordId]) {
      if (slots[0] !== undefined) consumed.add(slots[0])
    }
  }
  if (shape.xml && times[0]) consumed.add(times[0].slot)

  const userData = userDataPrefix(view)
  const expansions: { slot: number; name: string; kind: Expansion }[] = []
  const fields: { name: string; slot: number }[] = []
  const names = new Set<string>()
  view.paths.forEach((path, slot) => {
    const { kind } = members[slot]!
    if (consumed.has(slot)) return
    let name: string
    if (columns) {
      const { below } = columns
      const isColumn = path.startsWith(below)
      name = isColumn ? path.slice(below.length) : path
      // What stands inside a column's JSON is part of the column.
      const depth = members[slot]!.path.length - view.depth
      if (isColumn ? depth > (below === '' ? 1 : 2) : kind === 'object') return
    } else {
      if (kind === 'object') return
      name = fieldName(path, shape, userData)
      if (isNamespace(name)) return
    }
    const expansion = shape.expand?.[path] ?? (shape.xml && kind === 'array' ? 'repeats' : undefined)
    if (expansion !== undefined && needsExpanding(expansion, kind)) expansions.push({ slot, name, kind: expansion })
    else fields.push({ name: unique(path === 'EventData.Data' && shape.xml ? 'Data[0]' : name, names), slot })
  })
  // JSON objects have no order, and some writers shuffle: an order of our own makes the same record the same wherever it is read.
  fields.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.slot - b.slot))
  return {
    shape: shape.name,
    layout: { names: fields.map(({ name }) => name) },
    slots: Int32Array.from(fields, ({ slot }) => slot),
    ...header,
    times,
    table: {
      slot: view.find(columns?.tableFrom)[0],
      candidates: candidates ?? (columns?.table ? [columns.table] : []),
      action: view.slots.get('ActionType'),
    },
    expansions,
  }
}

function fieldName(path: string, shape: Shape, userData: string): string {
  if (shape.xml) {
    if (path.startsWith('System.')) return SYSTEM_FIELDS[path.slice(7).replace('@', '')] ?? path
    if (path.startsWith(userData)) return path.slice(userData.length)
  }
  const prefix = shape.data?.find((data) => path.startsWith(data) && path[data.length] !== '@')
  return prefix === undefined ? (shape.names?.[path] ?? path) : path.slice(prefix.length)
}

function needsExpanding(expansion: Expansion, kind: Member['kind']): boolean {
  return expansion === 'repeats' || expansion === 'data' || expansion === 'properties'
    ? kind === 'array'
    : kind !== 'array'
}

function unique(name: string, taken: Set<string>): string {
  let free = name
  for (let count = 1; taken.has(free); count++) free = `${name}[${count}]`
  taken.add(free)
  return free
}

/** `UserData` holds one element that holds the data; its name says nothing. */
function userDataPrefix(view: View): string {
  const names = new Set(view.paths.filter((path) => path.startsWith('UserData.')).map((path) => path.split('.')[1]!))
  for (const name of names) if (name.startsWith('@')) names.delete(name)
  const [only] = names
  return names.size === 1 && view.has(`UserData.${only}.`) ? `UserData.${only}.` : 'UserData.'
}

type HeaderSlots = Pick<Arrangement, 'provider' | 'channel' | 'computer' | 'eventId' | 'recordId'>

function headerSlots(view: View, shape: Shape): HeaderSlots {
  return {
    provider: view.find(shape.provider),
    channel: view.find(shape.channel),
    computer: view.find(shape.computer),
    eventId: view.find(shape.eventId),
    recordId: view.find(shape.recordId),
  }
}

function systemSlots(view: View): HeaderSlots {
  return {
    provider: view.find(['System.Provider.@Name', 'System.Provider.Name']),
    channel: view.find(['System.Channel']),
    computer: view.find(['System.Computer']),
    eventId: view.find(['System.EventID', 'System.EventID.Value']),
    recordId: view.find(['System.EventRecordID']),
  }
}

function timeSlots(view: View, sources: readonly TimeSource[]): TimeSlot[] {
  return sources.flatMap((source) => {
    const slot = view.slots.get(source.path)
    if (slot === undefined) return []
    const local = view.slots.get(source.zoneFrom?.local ?? '')
    const utc = view.slots.get(source.zoneFrom?.utc ?? '')
    const zoneFrom = local === undefined || utc === undefined ? undefined : { local, utc }
    return [{ slot, utc: source.utc === true, epoch: source.epoch === true, zoneFrom }]
  })
}
