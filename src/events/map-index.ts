import type { TelemetryRecord } from '../telemetry/record.js'
import type { EventMap, SchemaMap } from './schema-map.js'

export interface FoundMap {
  readonly schema: string
  readonly map: EventMap
}

/** Finds the event map for a record: by provider (and channel) and event id, or by the table a row was exported from. */
export class MapIndex {
  private readonly byProvider = new Map<string, SchemaMap[]>()
  private readonly byPrefix: { readonly prefix: string; readonly map: SchemaMap }[] = []
  private readonly byChannel = new Map<string, SchemaMap[]>()
  private readonly byTable = new Map<string, FoundMap>()

  constructor(maps: readonly SchemaMap[]) {
    for (const map of maps) {
      for (const provider of map.providers ?? []) {
        const name = provider.toLowerCase()
        if (name.endsWith('*')) this.byPrefix.push({ prefix: name.slice(0, -1), map })
        else add(this.byProvider, name, map)
      }
      if (map.providers === undefined)
        for (const channel of map.channels ?? []) add(this.byChannel, channel.toLowerCase(), map)
      for (const [table, tableMap] of Object.entries(map.tables ?? {})) {
        this.byTable.set(table.toLowerCase(), { schema: map.schema, map: withCommon(tableMap, map) })
      }
    }
  }

  /** The map that covers the record; undefined where none does. */
  find(record: Pick<TelemetryRecord, 'provider' | 'channel' | 'eventId' | 'table'>): FoundMap | undefined {
    if (record.eventId < 0) return this.byTable.get(record.table.toLowerCase())
    const provider = record.provider.toLowerCase()
    const channel = record.channel.toLowerCase()
    const candidates = [
      ...(this.byProvider.get(provider) ?? []),
      ...this.byPrefix.filter(({ prefix }) => provider.startsWith(prefix)).map(({ map }) => map),
      ...(this.byChannel.get(channel) ?? []),
    ]
    for (const map of candidates) {
      if (
        map.providers !== undefined &&
        map.channels !== undefined &&
        !map.channels.some((name) => name.toLowerCase() === channel)
      )
        continue
      const event = map.events?.[String(record.eventId)] ?? map.events?.['*']
      if (event !== undefined) return { schema: map.schema, map: withCommon(event, map) }
    }
    return undefined
  }
}

function withCommon<Map extends EventMap>(event: Map, map: SchemaMap): Map {
  return map.common === undefined ? event : { ...event, fields: { ...map.common, ...event.fields } }
}

function add(index: Map<string, SchemaMap[]>, key: string, map: SchemaMap): void {
  const list = index.get(key)
  if (list === undefined) index.set(key, [map])
  else list.push(map)
}
