/**
 * Checks what people edit in `content/`: each file against the JSON Schema of its folder, then what a schema cannot say (names that
 * must exist elsewhere). Prints what was read and every fault with its file; ends with exit code 1 where there is a fault.
 *
 * A new folder is a new row of FOLDERS, and a function for its own checks where it needs one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import { parseDocument } from 'yaml'
import { loadContent } from '../src/content/load.js'
import type { LogSourceFile, Reading } from '../src/detection/sigma/sources.js'
import { type EventModel, loadModel } from '../src/events/model.js'
import type { Conversion, EventMap, FieldMaps, FieldTarget, SchemaMap, TableMap } from '../src/events/schema-map.js'

interface ContentFile {
  readonly path: string
  readonly content: unknown
}

interface Folder {
  readonly name: string
  /** File of `content/published`. */
  readonly schema: string
  /** What the schema cannot say. It sees only files that the schema accepts. */
  readonly check?: (files: readonly ContentFile[], report: Report) => void
}

type Report = (path: string, fault: string) => void

const FOLDERS: readonly Folder[] = [
  { name: 'model', schema: 'event-model.schema.json', check: checkModel },
  { name: 'schemas', schema: 'schema-map.schema.json', check: checkSchemaMaps },
  { name: 'tools', schema: 'tool.schema.json' },
  { name: 'identity', schema: 'identity.schema.json' },
  { name: 'launch', schema: 'launch.schema.json' },
  { name: 'rules', schema: 'rule.schema.json' },
  { name: 'lint', schema: 'lint.schema.json' },
  { name: 'hunts', schema: 'hunt.schema.json' },
  { name: 'response', schema: 'response.schema.json' },
  { name: 'attack', schema: 'attack.schema.json' },
  { name: 'severity', schema: 'severity.schema.json' },
  { name: 'scenarios', schema: 'scenario.schema.json' },
  { name: 'programs', schema: 'programs.schema.json' },
  { name: 'value-sets', schema: 'value-sets.schema.json', check: checkValueSets },
  { name: 'functions', schema: 'functions.schema.json' },
  { name: 'forms', schema: 'forms.schema.json' },
  { name: 'logsources', schema: 'log-source.schema.json', check: checkLogSources },
]

function main(): void {
  const ajv = new Ajv({ allErrors: true, strictTypes: false, formats: { regex: isRegex } })
  let all = 0
  for (const { name, schema, check } of FOLDERS) {
    let faults = 0
    const report: Report = (path, fault) => {
      faults++
      console.error(`${path}: ${fault}`)
    }
    const files = readFiles(`content/${name}`, report)
    const validate = ajv.compile(JSON.parse(readFileSync(`content/published/${schema}`, 'utf8')))
    const sound = files.filter(({ path, content }) => {
      if (validate(content)) return true
      for (const error of deepest(validate.errors ?? [])) report(path, describe(error))
      return false
    })
    check?.(sound, report)
    console.log(`content/${name}: ${files.length} files, ${faults} faults`)
    all += faults
  }
  process.exitCode = all > 0 ? 1 : 0
}

function readFiles(directory: string, report: Report): readonly ContentFile[] {
  if (!existsSync(directory)) return []
  const files: ContentFile[] = []
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.yaml')) continue
    const path = `${directory}/${name}`
    const document = parseDocument(readFileSync(path, 'utf8'))
    for (const error of document.errors) report(path, error.message)
    if (document.errors.length === 0) files.push({ path, content: document.toJS() as unknown })
  }
  return files
}

/** Of the many faults that `anyOf` reports, those furthest inside the file, once each. */
function deepest(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const depth = (error: ErrorObject): number => error.instancePath.split('/').length
  const most = Math.max(...errors.map(depth))
  const seen = new Set<string>()
  return errors.filter((error) => {
    if (depth(error) < most || error.keyword === 'anyOf') return errors.length === 1
    const words = describe(error)
    return !seen.has(words) && seen.add(words)
  })
}

function describe({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath || '/'} ${message ?? 'is wrong'} ${JSON.stringify(params)}`
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text, 'iu')
    return true
  } catch {
    return false
  }
}

function checkModel(files: readonly ContentFile[], report: Report): void {
  const classes = files.map(({ path, content }) => ({ path, ...(content as ClassFile) }))
  const base = classes.find((file) => file.class === 'event')
  if (!base) report('content/model', 'no class `event`, whose columns every class has')
  for (const { path, class: name, columns, activities } of classes) {
    if (!path.endsWith(`/${name}.yaml`)) report(path, `the class is called ${name}`)
    if (name === 'event') continue
    if (!activities) report(path, 'no activities')
    for (const column of Object.keys(columns))
      if (base && column in base.columns) report(path, `${column} is a column of event.yaml`)
  }
}

interface ClassFile {
  readonly class: string
  readonly activities?: readonly string[]
  readonly columns: Readonly<Record<string, unknown>>
}

function checkSchemaMaps(files: readonly ContentFile[], report: Report): void {
  const checker = new MapChecker(loadModel(), report)
  const tables = new Map<string, string>()
  for (const { path, content } of files) {
    const map = content as SchemaMap
    if (!path.endsWith(`/${map.schema}.yaml`)) report(path, `the schema is called ${map.schema}`)
    for (const name of Object.keys(map.tables ?? {})) {
      const other = tables.get(name.toLowerCase())
      if (other) report(path, `table ${name} is also in ${other}`)
      tables.set(name.toLowerCase(), path)
    }
    checker.check(path, map)
  }
}

/** Holds the maps to the event model: classes, activities, columns and what each conversion fills. */
class MapChecker {
  private readonly classes: ReadonlyMap<
    string,
    { readonly activities: ReadonlySet<string>; readonly types: ReadonlyMap<string, string> }
  >

  constructor(
    model: EventModel,
    private readonly report: Report,
  ) {
    this.classes = new Map(
      model.classes.map(({ name, activities, columns }) => [
        name,
        { activities: new Set(activities), types: new Map(columns.map((column) => [column.name, column.type])) },
      ]),
    )
  }

  check(path: string, map: SchemaMap): void {
    for (const [name, event] of Object.entries(map.events ?? {})) {
      this.checkEvent(path, `event ${name}`, event)
      this.checkFields(path, `common of event ${name}`, event.class, map.common)
    }
    for (const [name, table] of Object.entries(map.tables ?? {})) {
      this.checkEvent(path, `table ${name}`, table)
      this.checkTable(path, name, table)
    }
  }

  private checkEvent(path: string, place: string, event: EventMap): void {
    const found = this.classes.get(event.class)
    if (!found) {
      this.report(path, `${place}: the model has no class ${event.class}`)
      return
    }
    const { activity } = event
    const activities =
      typeof activity === 'string'
        ? [activity]
        : [...Object.values(activity.values), ...(activity.otherwise === undefined ? [] : [activity.otherwise])]
    for (const name of activities)
      if (!found.activities.has(name)) this.report(path, `${place}: ${event.class} has no activity ${name}`)
    for (const column of Object.keys(event.set ?? {}))
      if (!found.types.has(column)) this.report(path, `${place}: ${event.class} has no column ${column}`)
    this.checkFields(path, place, event.class, event.fields)
    for (const [index, part] of (event.cases ?? []).entries())
      this.checkEvent(path, `${place}, case ${index + 1}`, part)
  }

  private checkFields(path: string, place: string, className: string, fields: FieldMaps | undefined): void {
    const types = this.classes.get(className)?.types
    if (!types) return
    for (const [field, targets] of Object.entries(fields ?? {})) {
      for (const target of Array.isArray(targets) ? (targets as readonly FieldTarget[]) : [targets as FieldTarget]) {
        const { columns, textOnly } = filledBy(target)
        const known = columns.filter((column) => types.has(column))
        if (known.length < (isHashes(target) ? 1 : columns.length))
          this.report(
            path,
            `${place}, ${field}: ${className} has no column ${columns.filter((column) => !types.has(column)).join(', ')}`,
          )
        for (const column of known) {
          const type = types.get(column)
          if (textOnly && type !== 'text' && type !== 'name')
            this.report(path, `${place}, ${field}: ${column} is ${type}, not text`)
        }
      }
    }
  }

  private checkTable(path: string, name: string, table: TableMap): void {
    for (const map of [table, ...(table.cases ?? [])]) {
      for (const field of Object.keys(map.fields ?? {}))
        if (!(field in table.columns)) this.report(path, `table ${name} has no column ${field}`)
      for (const field of [
        ...Object.keys(map.when ?? {}),
        ...(typeof map.activity === 'object' && map.activity.field ? [map.activity.field] : []),
      ])
        if (!(field in table.columns)) this.report(path, `table ${name} has no column ${field}`)
    }
    for (const { class: className, activities } of table.shows) {
      if (className === '*') continue
      const found = this.classes.get(className)
      if (!found) this.report(path, `table ${name} shows ${className}, which the model does not have`)
      for (const activity of activities)
        if (found && !found.activities.has(activity))
          this.report(path, `table ${name} shows ${className} ${activity}, which the model does not have`)
    }
    for (const column of Object.keys(table.filter ?? {}))
      if (![...this.classes.values()].every(({ types }) => types.has(column)))
        this.report(path, `table ${name}: ${column} is not a column of every class`)
  }
}

/** Holds the log sources to the event model and the schema maps. */
function checkLogSources(files: readonly ContentFile[], report: Report): void {
  const classes = new Map(loadModel().classes.map((each) => [each.name, each]))
  const columns = new Set([...classes.values()].flatMap((each) => each.columns.map(({ name }) => name)))
  const maps = new Map(loadContent<SchemaMap>('schemas').map((map) => [map.schema, map]))
  for (const { path, content } of files) {
    const { envelope, logs } = content as LogSourceFile
    const seen = new Set<string>()
    const checkReadings = (place: string, fields: LogSourceFile['envelope'] | undefined): void => {
      for (const [field, readings] of Object.entries(fields ?? {}))
        for (const reading of Array.isArray(readings) ? (readings as readonly Reading[]) : [readings as Reading])
          for (const column of columnsOfReading(reading))
            if (!columns.has(column)) report(path, `${place}, ${field}: the model has no column ${column}`)
    }
    checkReadings('envelope', envelope)
    for (const log of logs) {
      const place = `category ${log.category ?? 'none'}, service ${log.service ?? 'none'}`
      if (seen.has(place)) report(path, `${place} stands there twice`)
      seen.add(place)
      checkReadings(place, log.fields)
      for (const { class: name, activities } of log.events ?? [])
        for (const activity of activities)
          if (!classes.get(name)?.activities.includes(activity)) report(path, `${place}: no ${name} ${activity}`)
      for (const [schema, codes] of Object.entries(log.names ?? {}))
        for (const code of codes)
          if (!maps.get(schema)?.events?.[String(code)]) report(path, `${place}: ${schema} has no event ${code}`)
    }
  }
}

function columnsOfReading(reading: Reading): readonly string[] {
  if (typeof reading === 'string') return [reading]
  if ('original' in reading) return []
  if ('account' in reading) return [`${reading.account}_name`]
  if ('hashes' in reading) return [`${reading.hashes}_sha256`]
  if ('guid' in reading) return [reading.guid]
  if ('hexadecimal' in reading) return [reading.hexadecimal]
  if ('words' in reading) return [reading.of]
  if ('registry_key' in reading) return [reading.registry_key, reading.value]
  return [reading.registry_data, reading.type]
}

function isHashes(target: FieldTarget): boolean {
  return typeof target === 'object' && 'hashes' in target
}

/** The columns that a target fills, and whether they must be text. */
function filledBy(target: FieldTarget): { readonly columns: readonly string[]; readonly textOnly: boolean } {
  if (typeof target === 'string') return { columns: [target], textOnly: false }
  if ('fallback' in target) return { columns: [target.fallback], textOnly: false }
  if ('account' in target) return { columns: [`${target.account}_name`, `${target.account}_domain`], textOnly: true }
  if ('hashes' in target)
    return { columns: ['md5', 'sha1', 'sha256', 'imphash'].map((hash) => `${target.hashes}_${hash}`), textOnly: true }
  if ('to' in target) return { columns: [target.to], textOnly: false }
  return {
    columns: [Object.values(target as Exclude<Conversion, { readonly to: string }>)[0] as string],
    textOnly: true,
  }
}

main()

/** Every tool that a set names is in the catalogue, and no id stands twice. */
function checkValueSets(files: readonly ContentFile[], report: Report): void {
  const seen = new Set<string>()
  for (const { path, content } of files) {
    const { sets, groups = [] } = content as {
      sets: { id: string; values: (string | { tool: string })[] }[]
      groups?: { id: string; tools: string[] }[]
    }
    for (const { id } of [...sets, ...groups]) {
      if (seen.has(id)) report(path, `the id \`${id}\` stands twice`)
      seen.add(id)
    }
    const tools = [
      ...sets.flatMap(({ values }) => values.flatMap((each) => (typeof each === 'string' ? [] : [each.tool]))),
      ...groups.flatMap((group) => group.tools),
    ]
    for (const tool of new Set(tools))
      if (!existsSync(`content/tools/${tool}.yaml`)) report(path, `no tool \`${tool}\` in content/tools`)
  }
}
