import { type Column, IntegerColumn, NameColumn, TextColumn } from './columns.js'
import type { ColumnType, EventClass } from './model.js'

/**
 * Columns that are filled from a record's envelope or from the map itself. Their values are JavaScript strings already and repeat from
 * row to row, so they are kept once each.
 */
const ENVELOPE = new Set([
  'time_quality',
  'activity',
  'device_hostname',
  'device_uid',
  'log_name',
  'log_provider',
  'log_table',
  'action_type',
  'schema',
  'direction',
  'protocol',
])

/** Events of one class, as columns, until they are written out. */
export class EventBatch {
  readonly name: string
  readonly columns: ReadonlyMap<string, Column>
  private readonly types: ReadonlyMap<string, ColumnType>
  rows = 0
  /** Microseconds; the times of the rows that have one. */
  firstTime = Number.POSITIVE_INFINITY
  lastTime = Number.NEGATIVE_INFINITY

  constructor(eventClass: EventClass) {
    this.name = eventClass.name
    this.types = new Map(eventClass.columns.map(({ name, type }) => [name, type]))
    this.columns = new Map(eventClass.columns.map(({ name, type }) => [name, emptyColumn(name, type)]))
  }

  has(name: string): boolean {
    return this.columns.has(name)
  }

  typeOf(name: string): ColumnType {
    const type = this.types.get(name)
    if (type === undefined) throw new Error(`class ${this.name} has no column ${name}`)
    return type
  }

  column(name: string): Column {
    const column = this.columns.get(name)
    if (column === undefined) throw new Error(`class ${this.name} has no column ${name}`)
    return column
  }

  text(name: string): TextColumn {
    const column = this.column(name)
    if (column.kind !== 'text') throw new Error(`column ${name} of class ${this.name} does not hold free text`)
    return column
  }

  /** A column that holds names; the plain ones of the envelope. */
  names(name: string): NameColumn {
    const column = this.column(name)
    if (column.kind !== 'name') throw new Error(`column ${name} of class ${this.name} does not hold names`)
    return column
  }

  integer(name: string): IntegerColumn {
    const column = this.column(name)
    if (column.kind !== 'integer') throw new Error(`column ${name} of class ${this.name} does not hold numbers`)
    return column
  }

  /** Whether two rows have the same fingerprint: the same record, added twice. */
  hasRepeats(): boolean {
    const { words } = this.integer('uid')
    const mask = 2 ** Math.ceil(Math.log2(Math.max(2, this.rows) * 2)) - 1
    const slots = new Uint32Array(mask + 1)
    for (let row = 0; row < this.rows; row++) {
      const low = words[row * 2]!
      const high = words[row * 2 + 1]!
      let slot = (low ^ (high >>> 7)) & mask
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const other = slots[slot]! - 1
        if (words[other * 2] === low && words[other * 2 + 1] === high) return true
      }
      slots[slot] = row + 1
    }
    return false
  }

  /** Bytes held, about. */
  get size(): number {
    let size = 0
    for (const column of this.columns.values()) size += column.kind === 'text' ? column.data.length : column.count * 8
    return size
  }

  clear(): void {
    for (const column of this.columns.values()) column.clear()
    this.rows = 0
    this.firstTime = Number.POSITIVE_INFINITY
    this.lastTime = Number.NEGATIVE_INFINITY
  }
}

function emptyColumn(name: string, type: ColumnType): Column {
  switch (type) {
    case 'integer':
    case 'timestamp':
      return new IntegerColumn()
    case 'text':
    case 'json':
      return new TextColumn()
    case 'name':
      return ENVELOPE.has(name) ? new NameColumn() : new TextColumn()
  }
}
