import type { FieldLayout, TelemetryRecord } from '../telemetry/record.js'
import { parseTime } from '../telemetry/time.js'
import { ByteBuffer } from '../text/bytes.js'
import { EventBatch } from './batch.js'
import { MapIndex } from './map-index.js'
import type { EventModel } from './model.js'
import { activityOf, compilePlan, covers, type Operation, type Plan } from './plan.js'
import type { EventMap, SchemaMap } from './schema-map.js'
import { baseNameStart, commandRange, fingerprint, readInteger, registryPath } from './text-values.js'

/**
 * Turns telemetry records into events: one row in the batch of the record's class, its fields in the columns that the schema map
 * names, and all of them, under the vendor's names, in the column `fields`.
 */
export class EventWriter {
  /** One batch a class; whoever writes them out clears them. */
  readonly batches: readonly EventBatch[]
  /** Records that no schema map covers. */
  unmapped = 0
  private readonly envelopes = new Map<EventBatch, Envelope>()
  private readonly byName: ReadonlyMap<string, EventBatch>
  private readonly index: MapIndex
  private readonly plans = new WeakMap<FieldLayout, PlanEntry[]>()
  private readonly scratch = new ByteBuffer(4096)
  private readonly words = new Uint32Array(2)
  private readonly seeds = new Map<string, number>()
  private readonly identityWords = new Int32Array(9)
  private readonly identity = new Uint8Array(this.identityWords.buffer)

  constructor(model: EventModel, maps: readonly SchemaMap[]) {
    this.batches = model.classes.map((eventClass) => new EventBatch(eventClass))
    this.byName = new Map(this.batches.map((batch) => [batch.name, batch]))
    for (const batch of this.batches) this.envelopes.set(batch, envelopeOf(batch))
    this.index = new MapIndex(maps)
  }

  /** Adds the record as a row of its class. */
  write(record: TelemetryRecord, sourceId: number): void {
    const plan = this.planFor(record)
    const { batch } = plan
    const envelope = this.envelopes.get(batch)!
    const row = batch.rows
    if (plan.schema === '') this.unmapped++
    this.writeEnvelope(record, envelope, row, sourceId, plan)
    const start = envelope.fields.open()
    this.writeFields(record, plan, envelope.fields.data, row)
    const json = envelope.fields.data
    this.identify(record, json.bytes, start, json.length)
    envelope.uid.setWords(row, this.words[0]!, this.words[1]!)
    envelope.fields.commit(row, start)
    for (const { index, operation } of plan.fallbacks) {
      this.scratch.length = 0
      if (record.appendText(index, this.scratch)) this.apply(operation, row, this.scratch.bytes, 0, this.scratch.length)
    }
    batch.rows++
  }

  private writeEnvelope(record: TelemetryRecord, envelope: Envelope, row: number, sourceId: number, plan: Plan): void {
    const { time } = record
    if (Number.isFinite(time)) {
      envelope.time.setNumber(row, time)
      if (time < plan.batch.firstTime) plan.batch.firstTime = time
      if (time > plan.batch.lastTime) plan.batch.lastTime = time
      envelope.timeQuality.setString(row, record.timeWithoutZone ? 'assumed-utc' : 'utc')
    } else envelope.timeQuality.setString(row, 'missing')
    if (record.computer !== '') envelope.hostname.setString(row, record.computer)
    if (record.channel !== '') envelope.logName.setString(row, record.channel)
    if (record.provider !== '') envelope.logProvider.setString(row, record.provider)
    if (record.table !== '') envelope.logTable.setString(row, record.table)
    if (record.eventId >= 0) envelope.eventCode.setNumber(row, record.eventId)
    if (record.recordId >= 0) envelope.recordId.setNumber(row, record.recordId)
    if (plan.schema !== '') envelope.schema.setString(row, plan.schema)
    envelope.sourceId.setNumber(row, sourceId)
    envelope.position.setNumber(row, record.position)
    const activity = activityOf(plan, record)
    if (activity !== undefined) envelope.activity.setString(row, activity)
    for (const { column, value } of plan.constants) {
      if (column.kind === 'integer') column.setNumber(row, Number(value))
      else column.setString(row, String(value))
    }
  }

  /** Writes the record's fields as a flat JSON object to `json`, and each value to its columns. */
  private writeFields(record: TelemetryRecord, plan: Plan, json: ByteBuffer, row: number): void {
    const { scratch } = this
    json.reserve(2)
    json.bytes[json.length++] = OPEN_BRACE
    let first = true
    for (const step of plan.steps) {
      const column = step.column !== undefined && !step.column.presence.has(row) ? step.column : undefined
      const out = column === undefined ? scratch : column.data
      if (column === undefined) scratch.length = 0
      const start = column === undefined ? 0 : column.open()
      if (!record.appendText(step.index, out)) {
        if (column !== undefined) column.cancel(start)
        continue
      }
      const end = out.length
      writeMember(json, first, step.prefix, out.bytes, start, end)
      first = false
      const isEmpty = end === start || (end === start + 1 && out.bytes[start] === DASH)
      if (column !== undefined) {
        if (isEmpty) column.cancel(start)
        else column.commit(row, start)
      }
      if (isEmpty) continue
      for (const operation of step.operations) this.apply(operation, row, out.bytes, start, end)
    }
    json.reserve(1)
    json.bytes[json.length++] = CLOSE_BRACE
  }

  private apply(operation: Operation, row: number, bytes: Uint8Array, start: number, end: number): void {
    if (end === start || (end === start + 1 && bytes[start] === DASH)) return
    switch (operation.kind) {
      case 'text':
        setOnce(operation.column, row, bytes, start, end)
        return
      case 'name':
        if (!operation.column.presence.has(row))
          operation.column.setString(row, DECODER.decode(bytes.subarray(start, end)))
        return
      case 'integer': {
        const value = readInteger(bytes, start, end)
        if (value === undefined || operation.column.presence.has(row)) return
        if (typeof value === 'number') operation.column.setNumber(row, value)
        else operation.column.setWords(row, Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)))
        return
      }
      case 'time': {
        const time = parseTime(DECODER.decode(bytes.subarray(start, end)))
        if (time !== undefined && !operation.column.presence.has(row)) operation.column.setNumber(row, time.micros)
        return
      }
      case 'basename':
        setOnce(operation.column, row, bytes, baseNameStart(bytes, start, end), end)
        return
      case 'guid': {
        const text = DECODER.decode(bytes.subarray(start, end)).replace(/[{}]/g, '').toLowerCase()
        if (!operation.column.presence.has(row)) operation.column.setString(row, text)
        return
      }
      case 'registry': {
        if (operation.column.presence.has(row)) return
        const path = registryPath(DECODER.decode(bytes.subarray(start, end)))
        const cut = operation.part === 'path' ? path.length : path.lastIndexOf('\\')
        const part = operation.part === 'value' ? path.slice(cut + 1) : path.slice(0, Math.max(cut, 0))
        if (part !== '') operation.column.setString(row, part)
        return
      }
      case 'command-path': {
        const [from, to] = commandRange(bytes, start, end)
        setOnce(operation.column, row, bytes, from, to)
        return
      }
      case 'command-name': {
        const [from, to] = commandRange(bytes, start, end)
        setOnce(operation.column, row, bytes, baseNameStart(bytes, from, to), to)
        return
      }
      case 'account':
        splitAccount(operation.name, operation.domain, row, bytes, start, end)
        return
      case 'hashes':
        for (const part of DECODER.decode(bytes.subarray(start, end)).split(',')) {
          const equals = part.indexOf('=')
          const column = operation.columns.get(part.slice(0, equals).trim().toLowerCase())
          if (column !== undefined && !column.presence.has(row))
            column.setString(
              row,
              part
                .slice(equals + 1)
                .trim()
                .toLowerCase(),
            )
        }
        return
      case 'values': {
        const value =
          operation.values.get(DECODER.decode(bytes.subarray(start, end)).toLowerCase()) ?? operation.otherwise
        if (value === undefined || operation.column.presence.has(row)) return
        if (operation.column.kind === 'integer') operation.column.setNumber(row, Number(value))
        else operation.column.setString(row, value)
        return
      }
      case 'extract': {
        // Event text may be long and its patterns look at its beginning.
        const found = operation.pattern.exec(DECODER.decode(bytes.subarray(start, Math.min(end, start + 16384))))?.[1]
        if (found === undefined || found === '') return
        this.applyText(operation.operation, row, found)
        return
      }
      case 'json': {
        const member = jsonMember(DECODER.decode(bytes.subarray(start, end)), operation.member)
        if (member !== undefined) this.applyText(operation.operation, row, member)
      }
    }
  }

  private applyText(operation: Operation, row: number, text: string): void {
    const bytes = ENCODER.encode(text)
    this.apply(operation, row, bytes, 0, bytes.length)
  }

  private planFor(record: TelemetryRecord): Plan {
    const { layout, provider, eventId, channel, table } = record
    let entries = this.plans.get(layout)
    if (entries === undefined) {
      entries = []
      this.plans.set(layout, entries)
    }
    for (const entry of entries) {
      if (
        entry.eventId !== eventId ||
        entry.provider !== provider ||
        entry.channel !== channel ||
        entry.table !== table
      )
        continue
      return choose(entry.plans, record)
    }
    const found = this.index.find(record)
    const plans = (found === undefined ? [] : casesOf(found.map)).map((map) =>
      compilePlan(layout, this.batchFor(map, record), found!.schema, map),
    )
    plans.push(compilePlan(layout, this.byName.get('other')!, '', undefined))
    entries.push({ provider, eventId, channel, table, plans })
    return choose(plans, record)
  }

  private batchFor(map: EventMap, record: TelemetryRecord): EventBatch {
    const batch = this.byName.get(map.class)
    if (batch === undefined)
      throw new Error(`the schema map of ${record.provider || record.table} names an unknown class ${map.class}`)
    return batch
  }

  /**
   * The record's fingerprint (docs/decisions/0005): of where and when it was written and its number there, where it says all of that, and
   * else of its whole content.
   */
  private identify(record: TelemetryRecord, fields: Uint8Array, start: number, end: number): void {
    const { identity } = this
    const words = this.identityWords
    words[0] = this.hashOf(record.computer)
    words[1] = this.hashOf(record.channel)
    words[2] = this.hashOf(record.provider)
    words[3] = this.hashOf(record.table)
    words[4] = record.eventId
    words[5] = record.recordId
    words[6] = Math.floor(record.recordId / 4294967296)
    words[7] = record.time
    words[8] = Math.floor(record.time / 4294967296)
    if (record.recordId > 0 && record.computer !== '' && Number.isFinite(record.time) && !record.timeWithoutZone) {
      fingerprint(identity, 0, identity.length, 1, this.words)
      return
    }
    fingerprint(identity, 0, identity.length, 2, this.words)
    fingerprint(fields, start, end, this.words[0]! ^ this.words[1]!, this.words)
  }

  private hashOf(text: string): number {
    let hash = this.seeds.get(text)
    if (hash === undefined) {
      const bytes = ENCODER.encode(text)
      fingerprint(bytes, 0, bytes.length, 0, this.words)
      hash = this.words[0]! | 0
      if (this.seeds.size > 10_000) this.seeds.clear()
      this.seeds.set(text, hash)
    }
    return hash
  }
}

interface PlanEntry {
  readonly provider: string
  readonly channel: string
  readonly table: string
  readonly eventId: number
  /** In the order of preference; the last takes what no map covers. */
  readonly plans: readonly Plan[]
}

/** The cases of an event, in order, and then the event itself. */
function casesOf(map: EventMap): readonly EventMap[] {
  const cases = map.cases ?? []
  return [
    ...cases.map((part) => ({ ...part, set: { ...map.set, ...part.set }, fields: { ...map.fields, ...part.fields } })),
    map,
  ]
}

function choose(plans: readonly Plan[], record: TelemetryRecord): Plan {
  if (plans.length <= 2 && plans[0]!.conditions.length === 0) return plans[0]!
  const own = plans.length - 2
  for (let index = 0; index < plans.length; index++) {
    const plan = plans[index]!
    if (covers(plan, record) && (index >= own || activityOf(plan, record) !== undefined)) return plan
  }
  return plans[plans.length - 1]!
}

/** A member of a JSON object as text; undefined where the text is no such object. */
function jsonMember(text: string, member: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, member)) return undefined
    const value = (parsed as Record<string, unknown>)[member]
    return value === null || value === undefined
      ? undefined
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value)
  } catch {
    return undefined
  }
}

function envelopeOf(batch: EventBatch) {
  return {
    uid: batch.integer('uid'),
    time: batch.integer('time'),
    timeQuality: batch.names('time_quality'),
    activity: batch.names('activity'),
    hostname: batch.names('device_hostname'),
    logName: batch.names('log_name'),
    logProvider: batch.names('log_provider'),
    logTable: batch.names('log_table'),
    eventCode: batch.integer('event_code'),
    recordId: batch.integer('record_id'),
    schema: batch.names('schema'),
    sourceId: batch.integer('source_id'),
    position: batch.integer('position'),
    fields: batch.text('fields'),
  }
}

type Envelope = ReturnType<typeof envelopeOf>

interface TextTarget {
  readonly presence: { has(row: number): boolean }
  setBytes(row: number, bytes: Uint8Array, from: number, to: number): void
}

function setOnce(column: TextTarget, row: number, bytes: Uint8Array, from: number, to: number): void {
  if (to > from && !column.presence.has(row)) column.setBytes(row, bytes, from, to)
}

function splitAccount(
  name: TextTarget,
  domain: TextTarget,
  row: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  for (let index = start; index < end; index++) {
    if (bytes[index] === BACKSLASH) {
      setOnce(domain, row, bytes, start, index)
      setOnce(name, row, bytes, index + 1, end)
      return
    }
    if (bytes[index] === AT) {
      setOnce(name, row, bytes, start, index)
      setOnce(domain, row, bytes, index + 1, end)
      return
    }
  }
  setOnce(name, row, bytes, start, end)
}

/** Appends `"name":"text"` with the text escaped as JSON asks. */
function writeMember(
  json: ByteBuffer,
  first: boolean,
  prefix: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  json.reserve(prefix.length + (end - start) * 6 + 2)
  const out = json.bytes
  let at = json.length
  if (!first) out[at++] = COMMA
  for (let index = 0; index < prefix.length; index++) out[at++] = prefix[index]!
  for (let index = start; index < end; index++) {
    const byte = source[index]!
    if (byte > 31 && byte !== QUOTE && byte !== BACKSLASH) {
      out[at++] = byte
      continue
    }
    out[at++] = BACKSLASH
    const letter = ESCAPES[byte]!
    if (letter !== 0) out[at++] = letter
    else {
      out[at++] = 117
      out[at++] = 48
      out[at++] = 48
      out[at++] = 48 + (byte >> 4)
      const low = byte & 15
      out[at++] = low < 10 ? 48 + low : 87 + low
    }
  }
  out[at++] = QUOTE
  json.length = at
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const COMMA = 44
const QUOTE = 34
const BACKSLASH = 92
const DASH = 45
const AT = 64
/** The letter after the backslash for the bytes that JSON has a short escape for. */
const ESCAPES = Uint8Array.from(
  { length: 256 },
  (_, byte) => ({ 8: 98, 9: 116, 10: 110, 12: 102, 13: 114, 34: 34, 92: 92 })[byte] ?? 0,
)
