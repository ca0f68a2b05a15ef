/** A Windows event before it is written as EVTX or as JSON: what its XML would say. */
export interface WindowsRecord {
  readonly provider: Provider
  readonly channel: string
  readonly eventId: number
  /** High half of the event id, for providers of the old kind. */
  readonly qualifiers?: number
  readonly version: number
  readonly level: number
  readonly task: number
  readonly opcode: number
  /** Hexadecimal, with 0x. */
  readonly keywords: string
  /** Microseconds since 1970-01-01 UTC. */
  readonly time: number
  readonly computer: string
  readonly processId: number
  readonly threadId: number
  readonly userSid?: string
  /** EventData in order; a name that is empty is an unnamed `<Data>`. */
  readonly data: readonly DataField[]
  /** The data stand in `<UserData><EventXML xmlns="Event_NS">`. */
  readonly inUserData?: boolean
  /** `<Binary>` after the data, hexadecimal. */
  readonly binary?: string
}

export interface Provider {
  readonly name: string
  readonly guid?: string
  readonly eventSourceName?: string
}

export type DataType = 'string' | 'uint32' | 'uint64' | 'hex32' | 'hex64' | 'boolean' | 'guid' | 'sid'

export interface DataField {
  readonly name: string
  readonly value: string
  readonly type: DataType
}

/** Data fields from a table: `Name` → text, or [text, type]. */
export function fields(
  table: Readonly<Record<string, string | number | readonly [string | number, DataType]>>,
): DataField[] {
  return Object.entries(table).map(([name, given]) => {
    if (typeof given === 'object') return { name, value: String(given[0]), type: given[1] }
    return { name, value: String(given), type: typeof given === 'number' ? 'uint32' : 'string' }
  })
}

/** Unnamed `<Data>` elements, as providers of the old kind write them. */
export function texts(...values: readonly string[]): DataField[] {
  return values.map((value) => ({ name: '', value, type: 'string' }))
}

/** `2026-02-05 10:13:41.207`, as Sysmon writes times. */
export function utcText(micros: number): string {
  return new Date(micros / 1000).toISOString().replace('T', ' ').slice(0, 23)
}

/** `2026-02-05T10:13:41.2071230Z`. */
export function isoText(micros: number): string {
  return `${new Date(micros / 1000).toISOString().slice(0, 19)}.${String(micros % 1e6).padStart(6, '0')}0Z`
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`
}
