import type { FieldValue } from './record.js'
import { parseTime } from './time.js'
import { clearHeader, LayoutCache, ValuesRecord } from './values-record.js'

/**
 * Puts a record together field by field. A name that is taken gets a number, `X[1]`, so that no two values share a name; it does so
 * for event XML and for the JSON and CSV that carry event data inside a cell.
 */
export class EventBuilder {
  readonly record = new ValuesRecord()
  /** The event has a time in no known form; it is kept as a field. */
  timeUnreadable = false
  private names: string[] = []
  private values: FieldValue[] = []
  private readonly taken = new Map<string, number>()
  private readonly layouts = new LayoutCache()

  begin(position: number): void {
    clearHeader(this.record)
    this.record.position = position
    this.timeUnreadable = false
    this.names = []
    this.values = []
    this.taken.clear()
  }

  add(name: string, value: FieldValue): void {
    let unique = name
    let count = this.taken.get(name)
    if (count !== undefined) {
      do unique = `${name}[${count++}]`
      while (this.taken.has(unique))
      this.taken.set(name, count)
    }
    this.taken.set(unique, 1)
    this.names.push(unique)
    this.values.push(value)
  }

  /** Adds a field unless one of that name says the same or it says nothing itself. */
  addUnlessSaid(name: string, value: FieldValue): void {
    if (!this.taken.has(name)) this.add(name, value)
    else if (value !== null && value !== '' && String(this.values[this.names.indexOf(name)]) !== String(value))
      this.add(name, value)
  }

  /** Takes a member of `System` by its path below it, as `Provider.@Name`. */
  system(path: string, value: string): void {
    const { record } = this
    const target = SYSTEM_FIELDS[path.replace('@', '')]
    switch (target) {
      case undefined:
        if (!isNamespace(path)) this.add(`System.${path}`, value)
        return
      case 'provider':
      case 'channel':
      case 'computer':
        record[target] = value
        return
      case 'eventId':
        record.eventId = eventIdOf(value)
        return
      case 'recordId':
        record.recordId = /^\d+$/.test(value) ? Number(value) : -1
        return
      case 'time': {
        const time = parseTime(value)
        if (time === undefined) {
          this.timeUnreadable = true
          this.add('System.TimeCreated', value)
        } else {
          record.time = time.micros
          record.timeWithoutZone = !time.zoned
        }
        return
      }
      default:
        this.add(target, value)
    }
  }

  finish(): ValuesRecord {
    this.record.layout = this.layouts.find(this.names)
    this.record.values = this.values
    return this.record
  }
}

/** An event id without qualifiers (the upper half, where somebody wrote both as one number), or -1. */
export function eventIdOf(text: string): number {
  const id = text === '' ? Number.NaN : Number(text)
  if (!Number.isInteger(id) || id < 0) return -1
  return id > 0xffff ? id % 0x10000 : id
}

export const isNamespace = (path: string): boolean => /(^|\.)@xmlns(:|$)/.test(path)

/** Members of `System` by their path (attributes without their `@`, as some tools lose it) → part of the header, or field name. */
export const SYSTEM_FIELDS: Readonly<Record<string, string>> = {
  'Provider.Name': 'provider',
  'Provider.Guid': 'System.ProviderGuid',
  'Provider.EventSourceName': 'System.EventSourceName',
  EventID: 'eventId',
  'EventID.Value': 'eventId',
  'EventID.Qualifiers': 'System.Qualifiers',
  Version: 'System.Version',
  Level: 'System.Level',
  Task: 'System.Task',
  Opcode: 'System.Opcode',
  Keywords: 'System.Keywords',
  'TimeCreated.SystemTime': 'time',
  EventRecordID: 'recordId',
  'Correlation.ActivityID': 'System.ActivityID',
  'Correlation.RelatedActivityID': 'System.RelatedActivityID',
  'Execution.ProcessID': 'System.ProcessID',
  'Execution.ThreadID': 'System.ThreadID',
  'Execution.ProcessorID': 'System.ProcessorID',
  'Execution.SessionID': 'System.SessionID',
  'Execution.KernelTime': 'System.KernelTime',
  'Execution.UserTime': 'System.UserTime',
  'Execution.ProcessorTime': 'System.ProcessorTime',
  Channel: 'channel',
  Computer: 'computer',
  'Security.UserID': 'System.UserID',
}
