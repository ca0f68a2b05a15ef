import type { FieldLayout, TelemetryRecord } from '../telemetry/record.js'
import type { EventBatch } from './batch.js'
import type { Column, IntegerColumn, NameColumn, TextColumn } from './columns.js'
import type { Conversion, EventMap, FieldTarget, ValueMap } from './schema-map.js'

/**
 * What to do with the fields of one layout under one event map, worked out once and then run for every record laid out so.
 */
export interface Plan {
  readonly batch: EventBatch
  readonly schema: string
  readonly steps: readonly Step[]
  /** Targets that are filled only while they are empty, after everything else. */
  readonly fallbacks: readonly { readonly index: number; readonly operation: Operation }[]
  readonly activity: string | Choice | undefined
  readonly constants: readonly { readonly column: Column; readonly value: string | number }[]
  readonly conditions: readonly Condition[]
}

/** One field: its JSON member name, and where its text goes. */
export interface Step {
  readonly index: number
  /** `"name":"` in UTF-8. */
  readonly prefix: Uint8Array
  /** The text column that takes the value as it is, where there is one; the value is decoded straight into it. */
  readonly column: TextColumn | undefined
  readonly operations: readonly Operation[]
}

export interface Condition {
  readonly index: number
  /** Whole values, in lower case. */
  readonly values: ReadonlySet<string>
  /** Values with `*`: what stands between the stars, in lower case. */
  readonly patterns: readonly (readonly string[])[]
}

export interface Choice {
  readonly index: number
  readonly values: ReadonlyMap<string, string>
  readonly otherwise: string | undefined
}

export type Operation =
  | { readonly kind: 'text'; readonly column: TextColumn }
  | { readonly kind: 'name'; readonly column: NameColumn }
  | { readonly kind: 'integer'; readonly column: IntegerColumn }
  | { readonly kind: 'time'; readonly column: IntegerColumn }
  | { readonly kind: 'basename'; readonly column: TextColumn }
  | { readonly kind: 'guid'; readonly column: TextColumn }
  | { readonly kind: 'registry'; readonly part: 'path' | 'key' | 'value'; readonly column: TextColumn }
  | { readonly kind: 'json'; readonly member: string; readonly operation: Operation }
  | { readonly kind: 'command-path'; readonly column: TextColumn }
  | { readonly kind: 'command-name'; readonly column: TextColumn }
  | { readonly kind: 'account'; readonly name: TextColumn; readonly domain: TextColumn }
  | { readonly kind: 'hashes'; readonly columns: ReadonlyMap<string, TextColumn> }
  | {
      readonly kind: 'values'
      readonly values: ReadonlyMap<string, string>
      readonly otherwise: string | undefined
      readonly column: Column
    }
  | { readonly kind: 'extract'; readonly pattern: RegExp; readonly operation: Operation }

const ENCODER = new TextEncoder()
const HASHES = ['md5', 'sha1', 'sha256', 'imphash']

/** `map` is undefined for a record that no schema map covers: it is kept with its original fields alone. */
export function compilePlan(layout: FieldLayout, batch: EventBatch, schema: string, map: EventMap | undefined): Plan {
  const steps: Step[] = []
  const fallbacks: { index: number; operation: Operation }[] = []
  layout.names.forEach((name, index) => {
    const operations: Operation[] = []
    for (const target of targetsOf(map, name)) {
      const operation = operationFor(target, batch)
      if (operation === undefined) continue
      if (typeof target !== 'string' && 'fallback' in target) fallbacks.push({ index, operation })
      else operations.push(operation)
    }
    const direct = operations.find((operation) => operation.kind === 'text')
    steps.push({
      index,
      prefix: ENCODER.encode(`${JSON.stringify(name)}:"`),
      column: direct?.column,
      operations: operations.filter((operation) => operation !== direct),
    })
  })
  return {
    batch,
    schema,
    steps,
    fallbacks,
    activity: typeof map?.activity === 'object' ? choiceFor(map.activity, layout) : map?.activity,
    constants: Object.entries(map?.set ?? {})
      .filter(([name]) => batch.has(name))
      .map(([name, value]) => ({ column: batch.column(name), value })),
    conditions: Object.entries(map?.when ?? {}).map(([name, values]) => ({
      index: placeOf(layout, name),
      values: new Set(values.map((value) => value.toLowerCase())),
      patterns: values.filter((value) => value.includes('*')).map((value) => value.toLowerCase().split('*')),
    })),
  }
}

/** Whether the record is one that the plan's map speaks of. */
export function covers(plan: Plan, record: TelemetryRecord): boolean {
  return plan.conditions.every(({ index, values, patterns }) => {
    const text = (index < 0 ? '' : (record.text(index) ?? '')).toLowerCase()
    return values.has(text) || patterns.some((parts) => fits(parts, text))
  })
}

/** Whether `text` is `parts` in their order, with anything between them. */
function fits(parts: readonly string[], text: string): boolean {
  const last = parts[parts.length - 1]!
  if (!text.startsWith(parts[0]!) || !text.endsWith(last)) return false
  let from = parts[0]!.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return from + last.length <= text.length
}

/** What happened, in the words of the record's class; undefined where the map has no word for it. */
export function activityOf(plan: Plan, record: TelemetryRecord): string | undefined {
  const { activity } = plan
  if (typeof activity !== 'object') return activity
  const value = activity.index < 0 ? undefined : record.text(activity.index)
  return (value === undefined ? undefined : activity.values.get(value.toLowerCase())) ?? activity.otherwise
}

/** Place of a field in the layout, or -1. */
function placeOf(layout: FieldLayout, name: string): number {
  const place = layout.names.indexOf(name)
  return place >= 0 ? place : layout.names.indexOf(otherName(name))
}

/** Winlogbeat and NXLog say `param1` for the first value without a name, which others call `Data[0]`. */
function otherName(name: string): string {
  const [, data, param] = /^(?:Data\[(\d+)\]|param(\d+))$/.exec(name) ?? []
  if (data !== undefined) return `param${Number(data) + 1}`
  return param === undefined ? name : `Data[${Number(param) - 1}]`
}

function targetsOf(map: EventMap | undefined, name: string): readonly FieldTarget[] {
  const fields = map?.fields ?? {}
  const target = [name, otherName(name)].filter((key) => Object.hasOwn(fields, key)).map((key) => fields[key])[0]
  if (target === undefined) return []
  return Array.isArray(target) ? (target as readonly FieldTarget[]) : [target as FieldTarget]
}

/**
 * Undefined where the class has no such column: a case of a table inherits the table's fields, of which its own class may lack some.
 * That a map's own targets exist is checked with the content.
 */
function operationFor(target: FieldTarget, batch: EventBatch): Operation | undefined {
  if (typeof target === 'string')
    return batch.has(target) ? plainOperation(batch.column(target), batch.typeOf(target) === 'timestamp') : undefined
  if ('fallback' in target) return operationFor(target.fallback, batch)
  if ('account' in target) {
    const [name, domain] = [`${target.account}_name`, `${target.account}_domain`]
    return batch.has(name) && batch.has(domain)
      ? { kind: 'account', name: batch.text(name), domain: batch.text(domain) }
      : undefined
  }
  if ('hashes' in target) {
    const found = HASHES.map((hash) => [hash, `${target.hashes}_${hash}`] as const).filter(([, name]) =>
      batch.has(name),
    )
    return { kind: 'hashes', columns: new Map(found.map(([hash, name]) => [hash, batch.text(name)])) }
  }
  if ('extract' in target || 'json' in target) {
    const operation = operationFor(target.to, batch)
    if (operation === undefined) return undefined
    return 'extract' in target
      ? { kind: 'extract', pattern: new RegExp(target.extract, 'iu'), operation }
      : { kind: 'json', member: target.json, operation }
  }
  if ('values' in target) return valuesOperation(target, batch)
  const [kind, name] = Object.entries(target)[0] as [keyof typeof TEXT_CONVERSIONS, string]
  return batch.has(name) ? { ...TEXT_CONVERSIONS[kind], column: batch.text(name) } : undefined
}

/** Conversions that make one text from one text. */
const TEXT_CONVERSIONS = {
  basename: { kind: 'basename' },
  guid: { kind: 'guid' },
  'command-path': { kind: 'command-path' },
  'command-name': { kind: 'command-name' },
  'registry-path': { kind: 'registry', part: 'path' },
  'registry-key': { kind: 'registry', part: 'key' },
  'registry-value': { kind: 'registry', part: 'value' },
} as const

function valuesOperation(
  target: Extract<Conversion, ValueMap & { to: string }>,
  batch: EventBatch,
): Operation | undefined {
  if (!batch.has(target.to)) return undefined
  return {
    kind: 'values',
    values: lowerKeys(target.values),
    otherwise: target.otherwise,
    column: batch.column(target.to),
  }
}

function plainOperation(column: Column, isTime: boolean): Operation {
  switch (column.kind) {
    case 'text':
      return { kind: 'text', column }
    case 'name':
      return { kind: 'name', column }
    case 'integer':
      return { kind: isTime ? 'time' : 'integer', column }
  }
}

function choiceFor(map: ValueMap, layout: FieldLayout): Choice {
  return {
    index: map.field === undefined ? -1 : placeOf(layout, map.field),
    values: lowerKeys(map.values),
    otherwise: map.otherwise,
  }
}

function lowerKeys(values: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]))
}
