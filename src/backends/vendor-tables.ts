import type { ColumnType, EventClass, EventColumn } from '../events/model.js'
import type { EventMap, FieldMaps, FieldTarget, SchemaMap, TableMap, ValueMap } from '../events/schema-map.js'
import type { QuerySchema, QueryTable } from '../ir/schema.js'
import { type Column, column, type ScalarType } from '../ir/types.js'
import {
  BOOKKEEPING,
  bookkeepingTableName,
  CLASS_COLUMN,
  eventTableName,
  STORED_TYPES,
  TIME_COLUMN,
  UID_COLUMN,
  type View,
} from './event-store.js'

/** The vendors' tables over an engine's event tables: what a query may name, and where each column lies. */
export interface VendorTables<Form extends string> {
  readonly schema: QuerySchema
  physical(name: string): BoundTable<Form>
}

/** Where a table lies. Several sources are read one after the other; none is an empty table. */
export interface BoundTable<Form extends string> {
  readonly sources: readonly {
    /** What stands after FROM. */
    readonly from: string
    readonly where: string | undefined
    readonly columns: ReadonlyMap<string, BoundColumn<Form>>
  }[]
}

export interface BoundColumn<Form extends string> {
  readonly sql: string
  readonly form: Form
}

/** What engines say differently where a vendor's column is made of columns of the event model. */
export interface EngineWords<Form extends string> {
  readonly quoteText: (text: string) => string
  readonly table: (name: string) => string
  /** What stands after FROM for a table that says what was read. */
  readonly bookkeeping: (name: string) => string
  /** A stored time by its microseconds since 1970. */
  readonly instant: (micros: number) => string
  /** An original field of the record as text; what is missing is as the engine has missing texts. */
  readonly original: (vendor: string) => string
  readonly textOfColumn: (name: string) => string
  /** The column's text in small letters. */
  readonly lowered: (name: string) => string
  readonly isPresent: (name: string, type: ColumnType) => string
  /** A JSON object's text, from names and texts. */
  readonly jsonObject: (members: readonly (readonly [name: string, sql: string])[]) => string
  /** The first text that is not missing. */
  readonly firstText: (texts: readonly BoundColumn<Form>[]) => string
  /** How a value of a type lies that an expression gives. */
  readonly plainForm: (type: ScalarType) => Form
  readonly inPlainForm: (column: BoundColumn<Form>) => string
  readonly fromColumn: (name: string, stored: ColumnType, type: ScalarType) => BoundColumn<Form>
  /** A text that may be missing, as a value of the type. */
  readonly fromText: (sql: string, type: ScalarType) => BoundColumn<Form>
}

/** `content/tables`: tables of a product that local telemetry does not fill, by column and type. */
export interface DocumentedTables {
  readonly product: string
  /** `Name:type Name:type ...` */
  readonly tables: Readonly<Record<string, string>>
}

/** Binds the tables of every schema map to the event model, in the words of an engine. */
export function bindTables<Form extends string>(
  maps: readonly SchemaMap[],
  classes: readonly EventClass[],
  documented: readonly DocumentedTables[],
  words: EngineWords<Form>,
): VendorTables<Form> {
  const byClass = new Map(classes.map((each) => [each.name, each]))
  const tables = new Map<string, QueryTable>()
  const bindings = new Map<string, () => BoundTable<Form>>()
  for (const { tables: known } of documented) {
    for (const [name, columns] of Object.entries(known)) tables.set(name, documentedTable(name, columns))
  }
  for (const map of maps) {
    for (const [name, table] of Object.entries(map.tables ?? {})) {
      const columns = Object.entries(table.columns).map(([each, type]) => column(each, kustoType(type)))
      tables.set(name, { name, columns, filled: true })
      bindings.set(name, () => bindTable(name, table, map.common ?? {}, byClass, words))
    }
  }
  for (const { name, columns } of classes)
    bindings.set(eventTableName(name), () => bindStored(words.table(name), columns, words))
  for (const [name, columns] of Object.entries(BOOKKEEPING)) {
    const stored = Object.entries(columns).map(([each, type]) => ({ name: each, type }))
    bindings.set(bookkeepingTableName(name), () => bindStored(words.bookkeeping(name), stored, words))
  }
  const made = new Map<string, BoundTable<Form>>()
  return {
    schema: { tables },
    physical(name) {
      const known = made.get(name)
      if (known) return known
      const bound = bindings.get(name)?.() ?? { sources: [] }
      made.set(name, bound)
      return bound
    },
  }
}

/** A table of the store itself. */
function bindStored<Form extends string>(
  from: string,
  columns: readonly EventColumn[],
  words: EngineWords<Form>,
): BoundTable<Form> {
  const bound = columns.map(({ name, type }) => [name, words.fromColumn(name, type, STORED_TYPES[type])] as const)
  return { sources: [{ from, where: undefined, columns: new Map(bound) }] }
}

/** The tables with the events of a view alone. */
export function tablesWithin<Form extends string>(
  tables: VendorTables<Form>,
  { after, upTo, untimed }: View,
  { instant }: Pick<EngineWords<Form>, 'instant'>,
): VendorTables<Form> {
  const known = `time <= ${instant(upTo)}${after === undefined ? '' : ` AND time > ${instant(after)}`}`
  return tablesWhere(tables, untimed ? `(time IS NULL OR (${known}))` : `(${known})`)
}

/** The tables with the events that a condition over the stored columns holds for; what was read stays as it is. */
export function tablesWhere<Form extends string>(tables: VendorTables<Form>, condition: string): VendorTables<Form> {
  const narrowed = (where: string | undefined): string =>
    where === undefined ? condition : `(${where}) AND ${condition}`
  return {
    schema: tables.schema,
    physical: (name) => {
      const table = tables.physical(name)
      if (BOOKKEEPING_NAMES.has(name)) return table
      return { sources: table.sources.map((source) => ({ ...source, where: narrowed(source.where) })) }
    },
  }
}

const BOOKKEEPING_NAMES: ReadonlySet<string> = new Set(Object.keys(BOOKKEEPING).map(bookkeepingTableName))

/** A product has thousands of columns; a table's are read when it is asked for. */
function documentedTable(name: string, source: string): QueryTable {
  let columns: readonly Column[] | undefined
  return {
    name,
    filled: false,
    get columns() {
      columns ??= source.split(/\s+/).map((each) => {
        const [columnName, type] = each.split(':') as [string, string]
        return column(columnName, kustoType(type))
      })
      return columns
    },
  }
}

const KUSTO_TYPES: Readonly<Record<string, ScalarType>> = {
  bool: 'bool',
  boolean: 'bool',
  int: 'int',
  long: 'long',
  real: 'real',
  double: 'real',
  decimal: 'decimal',
  datetime: 'datetime',
  timespan: 'timespan',
  guid: 'guid',
  string: 'string',
  dynamic: 'dynamic',
}

const kustoType = (type: string): ScalarType => KUSTO_TYPES[type.toLowerCase()] ?? 'string'

/** One way that events of a class are written in the table. */
interface Variant {
  /** Activities it holds for; undefined is every other. */
  readonly activities: readonly string[] | undefined
  readonly fields: FieldMaps
}

function bindTable<Form extends string>(
  name: string,
  table: TableMap,
  common: FieldMaps,
  classes: ReadonlyMap<string, EventClass>,
  words: EngineWords<Form>,
): BoundTable<Form> {
  const own = [table, ...(table.cases ?? [])]
  const shown = table.shows.flatMap(({ class: each, activities }) =>
    (each === '*' ? [...classes.keys()] : [each]).map((one) => ({ class: one, activities })),
  )
  const names = new Set([...own.map((each) => each.class), ...shown.map((each) => each.class)])
  const sources = [...names].flatMap((className): BoundTable<Form>['sources'][number][] => {
    const eventClass = classes.get(className)
    if (!eventClass) return []
    const shows = shown.filter((each) => each.class === className)
    // A table of whole logs shows a class whatever happened.
    const activities = shows.some((each) => each.activities.length === 0)
      ? ('any' as const)
      : shows.flatMap((each) => each.activities)
    const variants = variantsOf(table, common, className)
    const actions = valueMapOf(table, className)
    const types = new Map(eventClass.columns.map((each) => [each.name, each.type]))
    const columns = new Map<string, BoundColumn<Form>>()
    for (const [vendor, type] of Object.entries(table.columns))
      columns.set(vendor, bindColumn(name, vendor, kustoType(type), actions, variants, types, words))
    columns.set(CLASS_COLUMN.name, { sql: words.quoteText(className), form: words.plainForm('long') })
    columns.set(UID_COLUMN.name, words.fromColumn('uid', 'integer', 'long'))
    columns.set(TIME_COLUMN.name, words.fromColumn('time', 'timestamp', 'datetime'))
    const holdsOwn = own.some((each) => each.class === className)
    return [
      {
        from: words.table(className),
        where: condition(name, table, className, activities, holdsOwn, types, words),
        columns,
      },
    ]
  })
  return { sources }
}

/** Which events of a class the table shows: those exported from it, and those of other schemas that `shows` names. */
function condition(
  name: string,
  table: TableMap,
  className: string,
  activities: readonly string[] | 'any',
  holdsOwn: boolean,
  types: ReadonlyMap<string, ColumnType>,
  { quoteText, isPresent, lowered }: Pick<EngineWords<string>, 'quoteText' | 'isPresent' | 'lowered'>,
): string {
  const isOwn = `log_table = ${quoteText(name)}`
  if (activities.length === 0) return isOwn
  const shows = activities === 'any' ? [] : [`activity IN (${activities.map(quoteText).join(', ')})`]
  const filters = Object.entries(table.filter ?? {}).map(([each, values]) => {
    if (!types.has(each)) return 'FALSE'
    if (values.length === 0) return isPresent(each, types.get(each)!)
    return `${lowered(each)} IN (${values.map((value) => quoteText(String(value).toLowerCase())).join(', ')})`
  })
  const all = [...shows, ...filters].join(' AND ') || 'TRUE'
  const covered = ownActivities(table, className)
  const needless =
    !holdsOwn || (filters.length === 0 && (activities === 'any' || covered?.every((each) => activities.includes(each))))
  return needless ? all : `((${all}) OR ${isOwn})`
}

/** The activities that the table's own rows of a class can have; undefined where they cannot be listed. */
function ownActivities(table: TableMap, className: string): readonly string[] | undefined {
  const found: string[] = []
  for (const each of [table, ...(table.cases ?? [])]) {
    if (each.class !== className) continue
    if (typeof each.activity === 'string') found.push(each.activity)
    else
      found.push(
        ...Object.values(each.activity.values),
        ...(each.activity.otherwise === undefined ? [] : [each.activity.otherwise]),
      )
  }
  return found.length ? found : undefined
}

function variantsOf(table: TableMap, common: FieldMaps, className: string): Variant[] {
  const base = { ...common, ...table.fields }
  const cases = (table.cases ?? []).filter((each) => each.class === className)
  const variants = cases.map(
    (each): Variant => ({ activities: activitiesOf(each), fields: { ...base, ...each.fields } }),
  )
  // Where the class is a case's alone, its first case says how other schemas' events are read.
  const fallback = table.class === className || cases.length === 0 ? base : variants[0]!.fields
  return [...variants, { activities: undefined, fields: fallback }]
}

const activitiesOf = ({ activity }: EventMap): readonly string[] =>
  typeof activity === 'string'
    ? [activity]
    : [
        ...new Set([
          ...Object.values(activity.values),
          ...(activity.otherwise === undefined ? [] : [activity.otherwise]),
        ]),
      ]

function bindColumn<Form extends string>(
  table: string,
  vendor: string,
  type: ScalarType,
  actions: ValueMap | undefined,
  variants: readonly Variant[],
  types: ReadonlyMap<string, ColumnType>,
  words: EngineWords<Form>,
): BoundColumn<Form> {
  const { quoteText, plainForm } = words
  if (vendor === 'Type' && type === 'string') return { sql: quoteText(table), form: plainForm('datetime') }
  const last = variants[variants.length - 1]!
  const standard = readField(vendor, last.fields[vendor], type, types, words)
  if (actions?.field === vendor && type === 'string') {
    return {
      sql: words.firstText([standard, { sql: activityText(actions, words), form: plainForm('string') }]),
      form: plainForm('string'),
    }
  }
  const branches = new Map<string, string[]>()
  const taken = new Set<string>()
  for (const { activities, fields } of variants.slice(0, -1)) {
    const other = readField(vendor, fields[vendor], type, types, words)
    const fresh = (activities ?? []).filter((each) => !taken.has(each))
    for (const each of fresh) taken.add(each)
    if (fresh.length === 0 || other.sql === standard.sql) continue
    const sql = words.inPlainForm(other)
    branches.set(sql, [...(branches.get(sql) ?? []), ...fresh])
  }
  if (branches.size === 0) return standard
  const whens = [...branches].map(
    ([sql, activities]) => `WHEN activity IN (${activities.map(quoteText).join(', ')}) THEN ${sql}`,
  )
  return { sql: `(CASE ${whens.join(' ')} ELSE ${words.inPlainForm(standard)} END)`, form: plainForm(type) }
}

/** How the table names what happened to a class: as its own events are read, or as the cases of the class are. */
function valueMapOf(table: TableMap, className: string): ValueMap | undefined {
  const maps = [table, ...(table.cases ?? [])].flatMap(({ class: each, activity }) =>
    each === className && typeof activity !== 'string' ? [activity] : [],
  )
  const [first] = maps
  if (!first) return typeof table.activity === 'string' ? undefined : table.activity
  return {
    ...first,
    values: Object.assign({}, ...maps.filter(({ field }) => field === first.field).map(({ values }) => values)),
  }
}

/** The vendor's first word for each activity; of an activity without one, the first of all. */
function activityText({ values }: ValueMap, { quoteText }: Pick<EngineWords<string>, 'quoteText'>): string {
  const firsts = new Map<string, string>()
  for (const [word, activity] of Object.entries(values)) if (!firsts.has(activity)) firsts.set(activity, word)
  const whens = [...firsts].map(([activity, word]) => `WHEN ${quoteText(activity)} THEN ${quoteText(word)}`)
  return `CASE activity ${whens.join(' ')} ELSE ${quoteText(Object.keys(values)[0] ?? '')} END`
}

/** A vendor's column from the columns of a class, or from the record's original fields. */
function readField<Form extends string>(
  vendor: string,
  targets: FieldMaps[string] | undefined,
  type: ScalarType,
  types: ReadonlyMap<string, ColumnType>,
  words: EngineWords<Form>,
): BoundColumn<Form> {
  const list: readonly FieldTarget[] =
    targets === undefined ? [] : Array.isArray(targets) ? (targets as readonly FieldTarget[]) : [targets as FieldTarget]
  const [first] = list
  if (typeof first === 'string' && types.has(first)) return words.fromColumn(first, types.get(first)!, type)
  const derived =
    type === 'dynamic'
      ? objectOf(list, types, words)
      : first === undefined || typeof first === 'string'
        ? undefined
        : readBack(first, types, words)
  const original = words.original(vendor)
  if (derived === undefined) return words.fromText(original, type)
  const form = words.plainForm('string')
  return words.fromText(
    words.firstText([
      { sql: original, form },
      { sql: derived, form },
    ]),
    type,
  )
}

/** Text of a vendor's JSON object as far as our columns tell its members. */
function objectOf(
  targets: readonly FieldTarget[],
  types: ReadonlyMap<string, ColumnType>,
  { textOfColumn, jsonObject }: Pick<EngineWords<string>, 'textOfColumn' | 'jsonObject'>,
): string | undefined {
  const members = targets.flatMap((target): [string, string][] =>
    typeof target === 'object' && 'json' in target && types.has(target.to)
      ? [[target.json, textOfColumn(target.to)]]
      : [],
  )
  return members.length === 0 ? undefined : jsonObject(members)
}

/** Text of a vendor's field as far as our column tells it. */
function readBack(
  target: Exclude<FieldTarget, string>,
  types: ReadonlyMap<string, ColumnType>,
  { quoteText, textOfColumn, isPresent }: Pick<EngineWords<string>, 'quoteText' | 'textOfColumn' | 'isPresent'>,
): string | undefined {
  const textOf = (name: string): string | undefined => (types.has(name) ? textOfColumn(name) : undefined)
  if ('values' in target) {
    const sql = textOf(target.to)
    if (sql === undefined) return undefined
    const firsts = new Map<string, string>()
    for (const [theirs, ours] of Object.entries(target.values))
      if (!firsts.has(String(ours))) firsts.set(String(ours), theirs)
    return `CASE ${sql} ${[...firsts].map(([ours, theirs]) => `WHEN ${quoteText(ours)} THEN ${quoteText(theirs)}`).join(' ')} ELSE ${sql} END`
  }
  if ('account' in target) {
    const [name, domain] = [textOf(`${target.account}_name`), textOf(`${target.account}_domain`)]
    if (name === undefined) return undefined
    const known = isPresent(`${target.account}_domain`, 'name')
    return domain === undefined
      ? name
      : `(CASE WHEN ${known} THEN ${domain} || ${quoteText('\\')} ELSE '' END || ${name})`
  }
  if ('fallback' in target) return textOf(target.fallback)
  if ('basename' in target) return textOf(target.basename)
  if ('guid' in target) return textOf(target.guid)
  if ('registry-path' in target) return textOf(target['registry-path'])
  if ('registry-key' in target) return textOf(target['registry-key'])
  if ('registry-value' in target) return textOf(target['registry-value'])
  return undefined
}
