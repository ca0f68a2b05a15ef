import { loadContent } from '../../content/load.js'
import type { LogSource } from '../../dialects/sigma/index.js'
import type { FieldTarget, SchemaMap } from '../../events/schema-map.js'

/** A file of `content/logsources`: what Sigma's log sources are among the events, and how their fields are read. */
export interface LogSourceFile {
  readonly product?: string
  readonly sources: readonly string[]
  /** Fields that every log of the product has. */
  readonly envelope: FieldReadings
  /** Fields of several values: the names, and beginnings of names that end in `[`, which hold them. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
  readonly logs: readonly LogEntry[]
}

export interface LogEntry {
  readonly category?: string
  readonly service?: string
  /** Events of the model; every class without it. */
  readonly events?: readonly { readonly class: string; readonly activities: readonly string[] }[]
  readonly where?: EventCondition
  /** Events of schema maps whose field names the rules use. */
  readonly names?: Readonly<Record<string, readonly number[]>>
  /** Fields that the schema maps do not tell, or tell otherwise. */
  readonly fields?: FieldReadings
}

/** All of these hold. Texts are compared without case. */
export interface EventCondition {
  readonly channels?: readonly string[]
  readonly providers?: readonly string[]
  readonly codes?: readonly number[]
  readonly any_provider?: boolean
  readonly without_channels?: readonly string[]
  readonly without_providers?: readonly string[]
  readonly without_codes?: readonly number[]
}

export type FieldReadings = Readonly<Record<string, Reading | readonly Reading[]>>

/** Where a field's value is; of several readings the first that has one. */
export type Reading =
  /** A column of the model. */
  | string
  /** A field of the record under another name. */
  | { readonly original: string }
  /** `DOMAIN\name` */
  | { readonly account: string }
  /** `MD5=...,SHA256=...` */
  | { readonly hashes: string }
  /** `{GUID}` */
  | { readonly guid: string }
  /** `0x3e7` */
  | { readonly hexadecimal: string }
  /** Our word → theirs. */
  | { readonly words: Readonly<Record<string, string>>; readonly of: string }
  /** `HKLM\...\value`, where the event's activity is this one if any is said. */
  | { readonly registry_key: string; readonly value: string; readonly activity?: string }
  /** `DWORD (0x00000001)` of a number with a type. */
  | { readonly registry_data: string; readonly type: string }

/** What a rule's log source is here: each entry with the readings of its fields. */
export interface ResolvedSource {
  readonly entries: readonly ResolvedEntry[]
}

export interface ResolvedEntry {
  readonly events: LogEntry['events']
  readonly where: readonly EventCondition[]
  readonly lists: ReadonlyMap<string, readonly string[]>
  /** Names of fields that are known to be there. */
  readonly fields: readonly string[]
  /** No readings: the original field of that name. */
  readonly readings: (field: string) => readonly Reading[]
}

/** The events that a log source means; no entries where no telemetry is such a log. */
export function resolveLogSource(source: LogSource): ResolvedSource {
  const key = JSON.stringify([source.product, source.category, source.service])
  const known = resolved.get(key)
  if (known) return known
  const found = resolve(source)
  if (resolved.size < MOST_KEPT) resolved.set(key, found)
  return found
}

/** Thousands of rules have some hundred log sources. */
const resolved = new Map<string, ResolvedSource>()
const MOST_KEPT = 1000

function resolve(source: LogSource): ResolvedSource {
  const { category, service } = source
  const candidates = logSourceFiles().filter(
    ({ product }) => same(product, source.product) || source.product === undefined,
  )
  const general = logSourceFiles().filter(({ product }) => product === undefined)
  for (const files of [candidates, general]) {
    const exact = files.flatMap((file) =>
      file.logs
        .filter((log) => same(log.category, category) && same(log.service, service))
        .map((log) => entryOf(file, log, [])),
    )
    if (exact.length > 0) return { entries: exact }
  }
  if (category === undefined || service === undefined) return { entries: [] }
  // A category within one service: the category's events, as far as they stand in the service's log.
  const both = candidates.flatMap((file) => {
    const within = file.logs.find((log) => log.category === undefined && same(log.service, service))
    const logs = file.logs.filter((log) => log.service === undefined && same(log.category, category))
    return within ? logs.map((log) => entryOf(file, log, within.where ? [within.where] : [])) : []
  })
  return { entries: both }
}

const same = (left: string | undefined, right: string | undefined): boolean =>
  left?.toLowerCase() === right?.toLowerCase()

function entryOf(file: LogSourceFile, log: LogEntry, where: readonly EventCondition[]): ResolvedEntry {
  const named = namedReadings(log.names ?? {})
  return {
    events: log.events,
    where: log.where ? [log.where, ...where] : where,
    lists: new Map(Object.entries(file.lists ?? {})),
    // Events that nobody named may have any field.
    fields:
      named.size === 0 ? [] : [...Object.keys({ ...log.fields, ...file.envelope, ...file.lists }), ...named.keys()],
    readings: (field) => listOf(own(log.fields, field) ?? named.get(field) ?? own(file.envelope, field) ?? []),
  }
}

const own = (readings: FieldReadings | undefined, field: string): Reading | readonly Reading[] | undefined =>
  readings !== undefined && Object.hasOwn(readings, field) ? readings[field] : undefined

const listOf = (readings: Reading | readonly Reading[]): readonly Reading[] =>
  Array.isArray(readings) ? (readings as readonly Reading[]) : [readings as Reading]

/** The fields of the named events of schema maps; where two events differ, the first is taken. */
function namedReadings(names: Readonly<Record<string, readonly number[]>>): ReadonlyMap<string, readonly Reading[]> {
  const readings = new Map<string, readonly Reading[]>()
  for (const [schema, codes] of Object.entries(names)) {
    const map = schemaMaps().find((each) => each.schema === schema)
    if (!map) throw new Error(`content/logsources names the schema ${schema}, which there is not`)
    const events = codes.map((code) => map.events?.[String(code)]?.fields ?? {})
    for (const fields of [...events, map.common ?? {}]) {
      for (const [field, targets] of Object.entries(fields)) {
        const list = (Array.isArray(targets) ? targets : [targets]) as readonly FieldTarget[]
        if (!readings.has(field)) readings.set(field, list.slice(0, 1).flatMap(readingOf))
      }
    }
  }
  return readings
}

function readingOf(target: FieldTarget): readonly Reading[] {
  if (typeof target === 'string') return [target]
  if ('account' in target || 'hashes' in target || 'guid' in target) return [target]
  if ('fallback' in target) return [target.fallback]
  if ('values' in target) {
    const words: Record<string, string> = {}
    for (const [theirs, ours] of Object.entries(target.values)) words[ours] ??= theirs
    return [{ words, of: target.to }]
  }
  // What was cut out of the field does not give the field back.
  return []
}

let files: readonly LogSourceFile[] | undefined
let maps: readonly SchemaMap[] | undefined

export function logSourceFiles(): readonly LogSourceFile[] {
  files ??= loadContent<LogSourceFile>('logsources')
  return files
}

function schemaMaps(): readonly SchemaMap[] {
  maps ??= loadContent<SchemaMap>('schemas')
  return maps
}
