import { type EncodingReport, toUtf8 } from '../encoding.js'
import { encodingFault } from '../encoding-fault.js'
import { EventBuilder } from '../event-builder.js'
import { fault, type OpenSource, type ReadItem } from '../record.js'
import { type Arrangement, arrange } from '../shapes/arrange.js'
import { CellsRecord } from '../shapes/cells.js'
import { Expander } from '../shapes/expand.js'
import { readHeader } from '../shapes/header.js'
import { delimiterOf } from '../sniff.js'
import { type DateOrder, dateOrderShown } from '../time.js'
import { CsvCells } from './cells.js'
import { BROKEN, CsvScanner, CUT } from './scanner.js'

/**
 * Reads CSV whose header is that of a table or of event exports that are known: Defender advanced hunting and Log Analytics as their
 * portals write them, EvtxECmd, Splunk. Comma, semicolon, tab or bar; cells may be JSON and go over several lines. A row with another
 * number of cells than the header costs that row. Positions are lines from 1.
 */
export async function* readCsv(source: OpenSource): AsyncGenerator<Iterable<ReadItem>> {
  const report: EncodingReport = { encoding: '', invalid: 0 }
  const reader = new CsvReader()
  for await (const bytes of toUtf8(source.chunks, report)) {
    reader.feed(bytes)
    yield reader.items(false)
  }
  yield reader.items(true)
  yield encodingFault(report)
}

class CsvReader {
  private window: Buffer = Buffer.alloc(0)
  private at = 0
  /** The window is looked at again once it is this long; the first time there are to be enough rows to see how dates are written. */
  private enough = FIRST_LOOK
  private line = 1
  private table: Table | undefined
  private isUnknown = false

  feed(bytes: Uint8Array): void {
    const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.window = this.at === this.window.length ? block : Buffer.concat([this.window.subarray(this.at), block])
    this.at = 0
  }

  *items(isLast: boolean): Generator<ReadItem> {
    if (this.window.length < this.enough && !isLast) return
    this.enough = 0
    if (this.table === undefined && !this.isUnknown) yield* this.readHeader(isLast)
    if (this.table !== undefined) yield* this.rows(this.table, isLast)
    else this.at = this.window.length
  }

  private *readHeader(isLast: boolean): Generator<ReadItem> {
    const { window } = this
    const end = window.indexOf(10)
    const first = window.toString('utf8', 0, end < 0 ? window.length : end).replace(/\r$/, '')
    const delimiter = delimiterOf(first) ?? ','
    const scanner = new CsvScanner(delimiter.charCodeAt(0))
    const next = scanner.row(window, 0, window.length, isLast)
    if (next >= 0) {
      const cells = new CsvCells(scanner)
      cells.bytes = window
      const names = Array.from({ length: scanner.count }, (_, slot) => (cells.text(slot) ?? '').trim())
      this.table = tableOf(names, scanner, cells)
      this.at = next
      this.line += scanner.lines
    }
    if (this.table === undefined) {
      this.isUnknown = true
      yield fault('csv-unknown-table', 1, `columns are of no table that is known: ${first.slice(0, 100)}`, Number.NaN)
      return
    }
    yield* this.decideDates(this.table, isLast)
  }

  /** Looks through the first rows for a date whose day exceeds twelve. */
  private *decideDates(table: Table, isLast: boolean): Generator<ReadItem> {
    const { scanner, cells, arrangement } = table
    let isAmbiguous = false
    let isTwelveHours = false
    let order: DateOrder | undefined
    for (let at = this.at; order === undefined && at < this.window.length; ) {
      const next = scanner.row(this.window, at, this.window.length, isLast)
      if (next < 0) break
      at = next
      cells.bytes = this.window
      for (const { slot } of arrangement.times) {
        const text = slot < scanner.count ? cells.text(slot) : undefined
        const shown = text === undefined ? undefined : dateOrderShown(text)
        if (shown === undefined) continue
        if (/[ap]\.?m/i.test(text!)) isTwelveHours = true
        if (shown === 'either') isAmbiguous = true
        else order = shown
      }
    }
    cells.dateOrder = order ?? (isTwelveHours ? 'month-first' : 'day-first')
    if (order !== undefined || !isAmbiguous) return
    const message = `dates do not show whether the day or the month is first; read as ${cells.dateOrder}`
    yield fault('time-ambiguous', this.line, message, 0)
  }

  private *rows(table: Table, isLast: boolean): Generator<ReadItem> {
    const { window } = this
    const { scanner, cells, width } = table
    cells.bytes = window
    while (this.at < window.length) {
      const next = scanner.row(window, this.at, window.length, isLast)
      if (next === BROKEN) {
        yield fault('csv-syntax', this.line, 'expected the delimiter behind a closing quote', 1)
        this.nextLine(scanner.errorAt)
        continue
      }
      if (next === CUT) {
        const length = window.length - this.at
        if (!isLast && length <= LARGEST_ROW) {
          this.enough = length > FIRST_LOOK ? length * 2 : 0
          return
        }
        yield fault('csv-syntax', this.line, 'a quoted cell has no end', 1)
        this.nextLine(this.at)
        continue
      }
      const isBlank = scanner.count === 1 && scanner.starts[0] === scanner.ends[0]
      if (!isBlank) {
        if (scanner.count !== width)
          yield fault('csv-columns', this.line, `row has ${scanner.count} cells, expected ${width}`, 1)
        else yield* this.row(table)
      }
      this.line += scanner.lines
      this.at = next
    }
  }

  private *row({ arrangement, cells, record, builder, expander }: Table): Generator<ReadItem> {
    let readable: boolean
    if (arrangement.expansions.length > 0) {
      readable = expander.expand(arrangement, cells, this.line)
      yield builder.finish()
    } else {
      readable = readHeader(arrangement, cells, record)
      record.position = this.line
      record.arrange(arrangement)
      yield record
    }
    if (!readable) yield fault('time-unreadable', this.line, 'the time of the row is in no known form', 0)
  }

  private nextLine(from: number): void {
    const end = this.window.indexOf(10, from)
    const to = end < 0 ? this.window.length : end + 1
    for (let at = this.window.indexOf(10, this.at); at >= 0 && at < to; at = this.window.indexOf(10, at + 1))
      this.line++
    this.at = to
  }
}

interface Table {
  readonly arrangement: Arrangement
  readonly width: number
  readonly scanner: CsvScanner
  readonly cells: CsvCells
  readonly record: CellsRecord
  readonly builder: EventBuilder
  readonly expander: Expander
}

function tableOf(header: readonly string[], scanner: CsvScanner, cells: CsvCells): Table | undefined {
  // Log Analytics' portal puts the zone into the name of a time's column: `TimeGenerated [UTC]`.
  const columns = header.map((name) => /^(.+?) \[(.+)\]$/.exec(name))
  const names = header.map((name, slot) => columns[slot]?.[1] ?? name)
  const arranged = arrange(names.map((name) => ({ path: [name], kind: 'value' })))
  if (arranged === undefined || arranged.shape === 'generic') return undefined
  const times = arranged.times.map((time) => (columns[time.slot]?.[2] === 'UTC' ? { ...time, utc: true } : time))
  const builder = new EventBuilder()
  return {
    arrangement: { ...arranged, times },
    width: header.length,
    scanner,
    cells,
    record: new CellsRecord(cells),
    builder,
    expander: new Expander(builder),
  }
}

/** How many bytes of rows are looked through for the order of day and month. */
const FIRST_LOOK = 2 ** 20
const LARGEST_ROW = 16 * 2 ** 20
