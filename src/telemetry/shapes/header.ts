import { eventIdOf } from '../event-builder.js'
import { type DateOrder, epochTime, parseTime, type Time } from '../time.js'
import { clearHeader, type RecordHeader } from '../values-record.js'
import type { Arrangement, TimeSlot } from './arrange.js'
import type { ValueCells } from './cells.js'
import { tableCatalog } from './tables.js'

/** Fills the header from the slots that the arrangement says. Returns false where there is a time and it is unreadable. */
export function readHeader(arrangement: Arrangement, cells: ValueCells, header: RecordHeader): boolean {
  clearHeader(header)
  header.provider = nameOf(arrangement.provider, cells)
  header.channel = nameOf(arrangement.channel, cells)
  header.computer = nameOf(arrangement.computer, cells)
  header.table = tableOf(arrangement, cells)
  for (const slot of arrangement.eventId) {
    header.eventId = eventIdOf(cells.name(slot) ?? '')
    if (header.eventId >= 0) break
  }
  for (const slot of arrangement.recordId) {
    const text = cells.text(slot)
    const number = text === undefined || text === '' ? Number.NaN : Number(text)
    if (!Number.isInteger(number) || number < 0) continue
    header.recordId = number
    break
  }
  return readTime(arrangement.times, cells, header)
}

function nameOf(slots: readonly number[], cells: ValueCells): string {
  for (const slot of slots) {
    const name = cells.name(slot)
    if (name !== undefined && name !== '') return name
  }
  return ''
}

function tableOf({ table }: Arrangement, cells: ValueCells): string {
  if (table.slot !== undefined) {
    const name = cells.name(table.slot)
    // The streaming API puts the product before the table: `AdvancedHunting-DeviceProcessEvents`.
    const plain = name?.replace('AdvancedHunting-', '')
    if (plain) return tableCatalog().spelling(plain) ?? plain
  }
  const { candidates } = table
  if (candidates.length < 2) return candidates[0] ?? ''
  return tableCatalog().choose(candidates, table.action === undefined ? undefined : cells.name(table.action))
}

/** Takes the first time with a zone, else the first without. */
function readTime(slots: readonly TimeSlot[], cells: ValueCells, header: RecordHeader): boolean {
  let unreadable = false
  for (const source of slots) {
    const text = cells.text(source.slot)
    if (text === undefined || text === '') continue
    const time = timeOf(text, source, cells.dateOrder)
    if (time === undefined) {
      unreadable = true
      continue
    }
    const shift = time.zoned ? 0 : zoneShift(source, cells)
    if (shift !== undefined) {
      header.time = time.micros + shift
      header.timeWithoutZone = false
      return true
    }
    if (Number.isNaN(header.time)) {
      header.time = time.micros
      header.timeWithoutZone = true
    }
  }
  return !unreadable || !Number.isNaN(header.time)
}

function timeOf(text: string, source: TimeSlot, order: DateOrder | undefined): Time | undefined {
  if (source.epoch && /^\d+(\.\d+)?(E\d+)?$/i.test(text)) return epochTime(Number(text))
  const time = parseTime(text, order)
  return time !== undefined && source.utc ? { micros: time.micros, zoned: true } : time
}

/**
 * How far a local time is from UTC, from two writings of one other moment. Zones are whole quarters of an hour; where the two are
 * further than two minutes from one they are not of the same moment and say nothing.
 */
function zoneShift(source: TimeSlot, cells: ValueCells): number | undefined {
  if (source.zoneFrom === undefined) return undefined
  const local = parseTime(cells.text(source.zoneFrom.local) ?? '')
  const utc = parseTime(cells.text(source.zoneFrom.utc) ?? '')
  if (local === undefined || local.zoned || utc === undefined || !utc.zoned) return undefined
  const difference = utc.micros - local.micros
  const shift = Math.round(difference / QUARTER_HOUR) * QUARTER_HOUR
  return Math.abs(difference - shift) <= TWO_MINUTES && Math.abs(shift) <= 15 * 4 * QUARTER_HOUR ? shift : undefined
}

const QUARTER_HOUR = 900e6
const TWO_MINUTES = 120e6
