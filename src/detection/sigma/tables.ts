import type { PhysicalSource, PhysicalTable } from '../../backends/duckdb/emit.js'
import { quoteIdentifier, quoteText } from '../../backends/duckdb/quote.js'
import { SEPARATOR, type SigmaColumn } from '../../dialects/sigma/index.js'
import { type EventClass, type EventColumn, loadModel } from '../../events/model.js'
import type { EventCondition, Reading, ResolvedEntry, ResolvedSource } from './sources.js'

type StoredColumn = PhysicalSource['columns'] extends ReadonlyMap<string, infer Column> ? Column : never

/** The events of a log source as a table of the store, with the columns that a rule reads. */
export function sigmaTable(source: ResolvedSource, columns: ReadonlyMap<string, SigmaColumn>): PhysicalTable {
  return { sources: sourceParts(source).map((part) => boundPart(part, columns, original)) }
}

/** The events of one class that are of a log source. */
export interface SourcePart {
  readonly entry: ResolvedEntry
  readonly eventClass: EventClass
  /** Undefined is any. */
  readonly activities: readonly string[] | undefined
}

export const sourceParts = (source: ResolvedSource): readonly SourcePart[] =>
  source.entries.flatMap((entry) =>
    eventClasses().flatMap((eventClass): SourcePart[] => {
      const shown = entry.events?.filter((each) => each.class === eventClass.name)
      if (shown?.length === 0) return []
      return [{ entry, eventClass, activities: shown?.flatMap((each) => each.activities) }]
    }),
  )

/** The part with many columns, for which a record's original fields are read once and not once a column. `from`: where its events lie. */
export function widePart(
  part: SourcePart,
  columns: ReadonlyMap<string, SigmaColumn>,
  from = quoteIdentifier(part.eventClass.name),
): PhysicalSource {
  const fields: string[] = []
  const places = new Map<string, number>()
  const bound = boundPart(part, columns, (field) => {
    if (!places.has(field)) places.set(field, fields.push(field))
    return `originals[${places.get(field)}]`
  })
  if (fields.length === 0) return { ...bound, from }
  const paths = fields.map((field) => quoteText(pointer(field))).join(', ')
  return {
    ...bound,
    from: `(SELECT *, json_extract_string("fields", [${paths}]) AS originals FROM ${from})`,
  }
}

function boundPart(
  { entry, eventClass, activities }: SourcePart,
  columns: ReadonlyMap<string, SigmaColumn>,
  originalOf: (field: string) => string,
): PhysicalSource {
  const fields = new FieldSql(entry, eventClass, originalOf)
  const bound = new Map<string, StoredColumn>([
    ['uid', { sql: '"uid"', form: 'plain' }],
    ['time', { sql: '"time"', form: 'timestamp' }],
  ])
  for (const [name, wanted] of columns) bound.set(name, fields.bind(wanted))
  const where = [...(activities ? [isAmong('activity', activities)] : []), ...entry.where.flatMap(conditions)]
  const from = quoteIdentifier(eventClass.name)
  return { from, where: where.length > 0 ? where.join(' AND ') : undefined, columns: bound }
}

/** Where an event comes from: all that says whether it is of a log source. */
export interface EventOrigin {
  readonly class: string
  readonly activity: string | null
  readonly channel: string | null
  readonly provider: string | null
  readonly code: number | null
}

/** Whether events of that origin are in the part: what `conditions` says in SQL. */
export function isOfPart({ entry, eventClass, activities }: SourcePart, origin: EventOrigin): boolean {
  if (origin.class !== eventClass.name) return false
  if (activities && !(origin.activity !== null && activities.includes(origin.activity))) return false
  return entry.where.every((where) => {
    const { channel, provider, code } = origin
    const among = (value: string | null, list: readonly string[]): boolean =>
      value !== null && list.some((each) => each.toLowerCase() === value.toLowerCase())
    const hasCode = (codes: readonly number[]): boolean => code !== null && codes.includes(code)
    if (where.channels && !among(channel, where.channels)) return false
    if (where.providers && !among(provider, where.providers)) return false
    if (where.codes && !hasCode(where.codes)) return false
    if (where.any_provider && provider === null) return false
    if (where.without_channels && among(channel, where.without_channels)) return false
    if (where.without_providers && among(provider, where.without_providers)) return false
    return !(where.without_codes && hasCode(where.without_codes))
  })
}

/** Whether a field is a whole number wherever the source's events lie. */
export function isWholeField(source: ResolvedSource, field: string): boolean {
  if (source.entries.length === 0) return false
  return source.entries.every((entry) => {
    const [first] = entry.readings(field)
    if (typeof first !== 'string') return false
    const own = eventClasses().filter(({ name }) => entry.events?.some((each) => each.class === name) ?? true)
    return own.every(({ columns }) => columns.some(({ name, type }) => name === first && type === 'integer'))
  })
}

let classes: readonly EventClass[] | undefined

function eventClasses(): readonly EventClass[] {
  classes ??= loadModel().classes
  return classes
}

const isAmong = (column: string, values: readonly string[]): string =>
  `${quoteIdentifier(column)} IN (${values.map(quoteText).join(', ')})`

const isAmongFolded = (column: string, values: readonly string[]): string =>
  `lower(${quoteIdentifier(column)}) IN (${values.map((value) => quoteText(value.toLowerCase())).join(', ')})`

const isCode = (codes: readonly number[]): string => `"event_code" IN (${codes.map(Number).join(', ')})`

function conditions(where: EventCondition): readonly string[] {
  return [
    ...(where.channels ? [isAmongFolded('log_name', where.channels)] : []),
    ...(where.providers ? [isAmongFolded('log_provider', where.providers)] : []),
    ...(where.codes ? [isCode(where.codes)] : []),
    ...(where.any_provider ? ['"log_provider" IS NOT NULL'] : []),
    ...(where.without_channels ? [`(${isAmongFolded('log_name', where.without_channels)}) IS NOT TRUE`] : []),
    ...(where.without_providers ? [`(${isAmongFolded('log_provider', where.without_providers)}) IS NOT TRUE`] : []),
    ...(where.without_codes ? [`(${isCode(where.without_codes)}) IS NOT TRUE`] : []),
  ]
}

/** SQL of the fields of one class's events. */
class FieldSql {
  private readonly types: ReadonlyMap<string, EventColumn['type']>

  constructor(
    private readonly entry: ResolvedEntry,
    { columns }: EventClass,
    private readonly original: (field: string) => string,
  ) {
    this.types = new Map(columns.map(({ name, type }) => [name, type]))
  }

  bind({ field, view }: SigmaColumn): StoredColumn {
    if (field === undefined)
      return view === 'list' ? { sql: EVERY_VALUE, form: 'nullable-text' } : { sql: 'TRUE', form: 'plain' }
    const list = this.entry.lists.get(field)
    switch (view) {
      case 'list':
        return { sql: listSql(list ?? [field]), form: 'nullable-text' }
      case 'present':
        return { sql: `(${list ? listSql(list) : this.written(field)} IS NOT NULL)`, form: 'plain' }
      case 'text':
        return { sql: this.text(field), form: 'nullable-text' }
      case 'written':
        return { sql: this.written(field), form: 'nullable-text' }
      case 'whole':
        return { sql: this.whole(field), form: 'plain' }
      case 'number':
        return { sql: `TRY_CAST(${this.text(field)} AS DOUBLE)`, form: 'plain' }
      case 'time':
        return { sql: `TRY_CAST(${this.text(field)} AS TIMESTAMP)`, form: 'timestamp' }
    }
  }

  private text(field: string): string {
    const readings = this.readings(field)
    const isStored = this.storesText(field)
    return firstOf(isStored ? readings : [this.original(field), ...readings])
  }

  /** As `text`, with what the model's columns leave out: the empty text, and the dash that stands for one. */
  private written(field: string): string {
    const readings = this.readings(field)
    return firstOf(this.storesText(field) ? [...readings, this.original(field)] : [this.original(field), ...readings])
  }

  private whole(field: string): string {
    const [first] = this.entry.readings(field)
    return typeof first === 'string' && this.types.has(first) ? quoteIdentifier(first) : 'NULL::BIGINT'
  }

  /** Whether the first reading gives the field as it was written, so that the original need not be looked at. */
  private storesText(field: string): boolean {
    const [first] = this.entry.readings(field)
    if (first === undefined) return false
    if (typeof first !== 'string') return 'original' in first
    const type = this.types.get(first)
    return type === 'text' || type === 'name' || ENVELOPE.has(first)
  }

  private readings(field: string): readonly string[] {
    return this.entry.readings(field).flatMap((reading) => this.reading(reading) ?? [])
  }

  private reading(reading: Reading): string | undefined {
    if (typeof reading === 'string') return this.column(reading)
    if ('original' in reading) return this.original(reading.original)
    if ('account' in reading) {
      const [name, domain] = [this.column(`${reading.account}_name`), this.column(`${reading.account}_domain`)]
      return name && domain ? `coalesce(${domain} || '\\', '') || ${name}` : name
    }
    if ('hashes' in reading) {
      const known = ['md5', 'sha1', 'sha256', 'imphash'].flatMap((hash) => {
        const column = this.column(`${reading.hashes}_${hash}`)
        return column ? [`${quoteText(`${hash.toUpperCase()}=`)} || ${column}`] : []
      })
      return known.length > 0 ? `nullif(concat_ws(',', ${known.join(', ')}), '')` : undefined
    }
    if ('guid' in reading) return this.made(reading.guid, (sql) => `'{' || upper(${sql}) || '}'`)
    if ('hexadecimal' in reading)
      return this.made(reading.hexadecimal, () => `'0x' || lower(to_hex(${quoteIdentifier(reading.hexadecimal)}))`)
    if ('words' in reading) {
      const whens = Object.entries(reading.words).map(
        ([ours, theirs]) => `WHEN ${quoteText(ours)} THEN ${quoteText(theirs)}`,
      )
      return this.made(reading.of, (sql) => `CASE ${sql} ${whens.join(' ')} ELSE ${sql} END`)
    }
    if ('registry_key' in reading) return this.registryKey(reading)
    return this.registryData(reading)
  }

  private registryKey(reading: Extract<Reading, { readonly registry_key: string }>): string | undefined {
    const [key, value] = [this.column(reading.registry_key), this.column(reading.value)]
    if (!key || !value) return undefined
    const short = ROOTS.reduce((sql, [root, cut]) => `replace(${sql}, ${quoteText(root)}, ${quoteText(cut)})`, key)
    const path = `${short} || coalesce('\\' || ${value}, '')`
    return reading.activity === undefined
      ? path
      : `CASE WHEN "activity" = ${quoteText(reading.activity)} THEN ${path} END`
  }

  /** As Sysmon writes the data of a value. */
  private registryData(reading: Extract<Reading, { readonly registry_data: string }>): string | undefined {
    const [data, type] = [this.column(reading.registry_data), this.column(reading.type)]
    if (!data || !type) return data
    const hexadecimal = `lower(to_hex(TRY_CAST(${data} AS UBIGINT)))`
    const padded = (digits: number): string => `lpad(${hexadecimal}, ${digits}, '0')`
    return `coalesce(CASE lower(${type})
      WHEN 'dword' THEN 'DWORD (0x' || ${padded(8)} || ')'
      WHEN 'qword' THEN 'QWORD (0x' || left(${padded(16)}, 8) || '-0x' || right(${padded(16)}, 8) || ')'
      WHEN 'binary' THEN 'Binary Data' END, ${data})`
  }

  private made(column: string, make: (sql: string) => string): string | undefined {
    const sql = this.column(column)
    return sql === undefined ? undefined : make(sql)
  }

  /** A column's text; undefined where the class has no such column. */
  private column(name: string): string | undefined {
    const type = this.types.get(name)
    if (type === undefined) return undefined
    return type === 'text' || type === 'name' ? quoteIdentifier(name) : `CAST(${quoteIdentifier(name)} AS VARCHAR)`
  }
}

/** Numbers of a record's envelope are no fields of its content. */
const ENVELOPE: ReadonlySet<string> = new Set(['event_code', 'record_id', 'time'])

const ROOTS = [
  ['HKEY_LOCAL_MACHINE', 'HKLM'],
  ['HKEY_USERS', 'HKU'],
  ['HKEY_CURRENT_USER', 'HKCU'],
  ['HKEY_CLASSES_ROOT', 'HKCR'],
] as const

const firstOf = (readings: readonly string[]): string =>
  readings.length === 1 ? readings[0]! : `coalesce(${readings.join(', ')})`

const pointer = (field: string): string => `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`

const original = (field: string): string => `json_extract_string("fields", ${quoteText(pointer(field))})`

const SEPARATED = `chr(${SEPARATOR.charCodeAt(0)})`

const separated = (list: string): string =>
  `(${SEPARATED} || nullif(array_to_string(${list}, ${SEPARATED}), '') || ${SEPARATED})`

/** Every value of the fields with one of the names; a name that ends in `[` is the beginning of many. */
function listSql(names: readonly string[]): string {
  const tests = names.map((name) =>
    name.endsWith('[') ? `starts_with(k, ${quoteText(name)})` : `k = ${quoteText(name)}`,
  )
  const value = `json_extract_string("fields", '/' || replace(replace(k, '~', '~0'), '/', '~1'))`
  return separated(
    `list_transform(list_filter(json_keys("fields"), lambda k: ${tests.join(' OR ')}), lambda k: ${value})`,
  )
}

const EVERY_VALUE = separated(
  `list_concat(json_extract_string("fields", '$.*'), ["log_provider", "log_name", "device_hostname", CAST("event_code" AS VARCHAR)])`,
)
