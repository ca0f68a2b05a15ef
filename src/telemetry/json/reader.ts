import { type EncodingReport, toUtf8 } from '../encoding.js'
import { encodingFault } from '../encoding-fault.js'
import { EventBuilder } from '../event-builder.js'
import { fault, type OpenSource, type ReadFault, type ReadItem } from '../record.js'
import { CellsRecord } from '../shapes/cells.js'
import { Expander } from '../shapes/expand.js'
import { readHeader } from '../shapes/header.js'
import { JsonCells } from './cells.js'
import { PathTable, ROOT } from './paths.js'
import { type Plan, PlanTable } from './plans.js'
import { BROKEN, CUT, JsonScanner } from './scanner.js'
import { WrapperWalk } from './wrapper.js'

/**
 * Reads JSON however records are strung together in it: lines, an array, objects one after another on as many lines as they like, or a
 * list inside an object that an export wraps around it. A record that is not JSON costs that record. Positions are lines from 1, or in a
 * list the element's index from 0.
 */
export async function* readJson(source: OpenSource): AsyncGenerator<Iterable<ReadItem>> {
  const report: EncodingReport = { encoding: '', invalid: 0 }
  const reader = new JsonReader()
  for await (const bytes of toUtf8(source.chunks, report)) {
    reader.feed(bytes)
    yield reader.items(false)
  }
  yield reader.items(true)
  yield encodingFault(report)
}

/** A list that the reader is in. */
interface List {
  index: number
  /** Paths of the columns where the elements are rows. */
  readonly columns: Int32Array | undefined
  /** The object around it. */
  readonly wrapper: WrapperWalk | undefined
}

class JsonReader {
  private window: Buffer = Buffer.alloc(0)
  private at = 0
  private end = 0
  /** The window is looked at again once it is this long. */
  private enough = 0
  private line = 1
  private list: List | undefined
  private wrapper: WrapperWalk | undefined
  /** Whether the next object may be a wrapper: the first one, and those after one. */
  private mayWrap = true
  /** What starts the next record, while a broken one is passed over. */
  private mark: Buffer | undefined

  /** What is to be said about the record beside it. */
  private note: ReadFault | undefined

  private readonly paths = new PathTable()
  private readonly scanner = new JsonScanner(this.paths)
  private readonly plans = new PlanTable(this.scanner, this.paths)
  private readonly cells = new JsonCells(this.scanner)
  private readonly record = new CellsRecord(this.cells)
  private readonly builder = new EventBuilder()
  private readonly expander = new Expander(this.builder)

  feed(bytes: Uint8Array): void {
    const left = this.end - this.at
    if (left === 0) {
      this.window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      this.at = 0
      this.end = bytes.length
      return
    }
    const needed = left + bytes.length
    if (this.at > 0 || needed > this.window.length) {
      // A value longer than many blocks is moved a few times and not once a block.
      const window = Buffer.allocUnsafe(left > BLOCK ? needed * 2 : needed)
      this.window.copy(window, 0, this.at, this.end)
      this.window = window
      this.at = 0
    }
    this.window.set(bytes, left)
    this.end = needed
  }

  *items(isLast: boolean): Generator<ReadItem> {
    if (this.end - this.at < this.enough && !isLast) return
    this.enough = 0
    this.cells.bytes = this.window
    for (;;) {
      if (this.mark !== undefined && !this.findMark(isLast)) break
      const before = this.at
      this.scanner.lines = 0
      this.at = this.scanner.blanks(this.window, this.at, this.end)
      this.line += this.scanner.lines
      if (this.at >= this.end) break
      const item = this.next(isLast)
      if (item === MORE) {
        if (isLast) {
          yield fault('json-syntax', this.position(), 'the text ends within a value', 1)
          this.at = this.end
        } else if (this.end - this.at > LARGEST_VALUE) {
          yield fault('too-large', this.position(), `value is longer than ${LARGEST_VALUE} bytes`, 1)
          this.resynchronise(this.at)
          continue
        } else this.enough = this.end - this.at > BLOCK ? Math.min((this.end - this.at) * 2, LARGEST_VALUE + 1) : 0
        break
      }
      if (item !== undefined) yield item
      if (this.note !== undefined) yield this.note
      this.note = undefined
      if (this.at === before && this.mark === undefined && item === undefined)
        throw new Error('the JSON reader stands still')
    }
  }

  /** Reads what starts at `at`. Undefined where it is only punctuation. */
  private next(isLast: boolean): ReadItem | typeof MORE | undefined {
    const { window, list } = this
    const code = window[this.at]!
    if (this.wrapper !== undefined) return this.walk(this.wrapper)
    // A record separator stands before each value of a JSON text sequence (RFC 7464).
    if (code === COMMA || code === RECORD_SEPARATOR) {
      this.at++
      return undefined
    }
    if (list !== undefined && code === CLOSE_BRACKET) {
      this.at++
      this.wrapper = list.wrapper
      this.list = undefined
      return undefined
    }
    if (code === OPEN_BRACE && list?.columns === undefined) {
      if (list === undefined && this.mayWrap) {
        const step = this.probe(isLast)
        if (step !== 'record') return step
      }
      return this.object()
    }
    if (code === OPEN_BRACKET && list?.columns !== undefined) return this.row(list.columns)
    if (code === OPEN_BRACKET && list === undefined) {
      this.at++
      this.list = { index: 0, columns: undefined, wrapper: undefined }
      return undefined
    }
    return this.other(isLast)
  }

  private object(): ReadItem | typeof MORE | undefined {
    const end = this.scanner.object(this.window, this.at, this.end)
    if (end === CUT) return MORE
    if (end === BROKEN) return this.broken()
    return this.take(end, this.plans.find())
  }

  private row(columns: Int32Array): ReadItem | typeof MORE | undefined {
    const end = this.scanner.row(this.window, this.at, this.end, columns)
    if (end === CUT) return MORE
    if (end === BROKEN) return this.broken()
    if (this.scanner.count === columns.length) return this.take(end, this.plans.find())
    const message = `row has ${this.scanner.count} values, expected ${columns.length}`
    return this.pass(end, fault('json-no-event', this.position(), message, 1))
  }

  /** Makes a record of what was scanned. */
  private take(end: number, plan: Plan): ReadItem {
    const position = this.position()
    const { arrangement } = plan
    const { record, cells } = this
    if (arrangement === undefined)
      return this.pass(end, fault('json-no-event', position, 'object is no telemetry that is known and has no time', 1))
    cells.places = plan.places
    let item: ReadItem = record
    let readable: boolean
    if (arrangement.expansions.length > 0) {
      readable = this.expander.expand(arrangement, cells, position)
      item = this.builder.finish()
    } else {
      readable = readHeader(arrangement, cells, record)
      record.position = position
      record.arrange(arrangement)
    }
    if (!readable) this.note = fault('time-unreadable', position, 'the time of the record is in no known form', 0)
    return this.pass(end, item)
  }

  /** A value that is no record: text, a number, garbage. */
  private other(isLast: boolean): ReadItem | typeof MORE | undefined {
    const { window, scanner } = this
    if (window[this.at] === 0xef && window[this.at + 1] === 0xbb && window[this.at + 2] === 0xbf) {
      // Files with a mark each that were put together.
      this.at += 3
      return undefined
    }
    scanner.lines = 0
    const end = scanner.value(window, this.at, this.end)
    if (end === CUT && !isLast) return MORE
    if (end >= 0) return this.pass(end, fault('json-not-object', this.position(), 'expected an object', 1))
    if (end === CUT) {
      const item = fault('json-syntax', this.position(), 'expected an object', 1)
      this.at = this.end
      return item
    }
    return this.broken()
  }

  /** Looks whether the object that starts here wraps a list of records, and goes in if it does. */
  private probe(isLast: boolean): ReadItem | typeof MORE | undefined | 'record' {
    const walk = new WrapperWalk(this.scanner)
    const step = walk.step(this.window, this.at, this.end)
    if (step.kind === 'cut' && !isLast && this.end - this.at < LONGEST_PREAMBLE) return MORE
    this.mayWrap = step.kind === 'list'
    if (step.kind !== 'list') return 'record'
    this.enter(step.at, step.columns, walk)
    return undefined
  }

  /** Goes on through a wrapper behind one of its lists. */
  private walk(wrapper: WrapperWalk): ReadItem | typeof MORE | undefined {
    const step = wrapper.step(this.window, this.at, this.end)
    switch (step.kind) {
      case 'list':
        this.enter(step.at, step.columns, wrapper)
        return undefined
      case 'end':
        this.wrapper = undefined
        this.countTo(step.at)
        return undefined
      case 'cut':
        this.countTo(step.at)
        return MORE
      case 'broken':
        this.wrapper = undefined
        this.scanner.errorAt = step.at
        this.scanner.expected = 'the rest of the export'
        return this.broken()
    }
  }

  private enter(at: number, columns: readonly string[] | undefined, wrapper: WrapperWalk): void {
    this.countTo(at)
    this.wrapper = undefined
    const ids = columns?.map((name) => {
      const key = Buffer.from(JSON.stringify(name).slice(1, -1))
      return this.paths.child(ROOT, key, 0, key.length)
    })
    this.list = { index: 0, columns: ids && Int32Array.from(ids), wrapper }
  }

  private broken(): ReadItem {
    const { errorAt, expected } = this.scanner
    const found = this.window[errorAt]!
    const shown =
      found < 32
        ? found === 10 || found === 13
          ? 'the end of the line'
          : `byte ${found}`
        : `\`${String.fromCharCode(found)}\``
    const item = fault('json-syntax', this.position(), `expected ${expected}, found ${shown}`, 1)
    this.resynchronise(errorAt)
    return item
  }

  /**
   * Decides where the next record may start: on a line of its own, indented as this one is, or behind the next `},`. What is passed over
   * is lost with the broken record.
   */
  private resynchronise(errorAt: number): void {
    const { window, at } = this
    let start = at
    while (start > 0 && (window[start - 1] === 32 || window[start - 1] === 9)) start--
    const startsLine = this.list === undefined || window[start - 1] === 10
    if (this.list) this.list.index++
    if (startsLine) {
      this.mark = window[at] === OPEN_BRACE ? Buffer.concat([NEW_LINE, window.subarray(start, at + 1)]) : NEW_LINE
      this.countTo(at + 1)
    } else {
      this.mark = BETWEEN
      this.countTo(Math.max(errorAt, at + 1))
    }
  }

  /** Passes over everything before the mark. False where it is not in sight. */
  private findMark(isLast: boolean): boolean {
    const mark = this.mark!
    const window = this.window.subarray(0, this.end)
    for (let found = window.indexOf(mark, this.at); found >= 0; found = window.indexOf(mark, found + 1)) {
      const next = this.scanner.blanks(window, found + mark.length, this.end)
      if (mark === BETWEEN && next < this.end && window[next] !== OPEN_BRACE) continue
      if (mark === BETWEEN && next >= this.end) {
        this.countTo(found)
        return false
      }
      this.countTo(mark === BETWEEN ? next : found)
      this.mark = undefined
      return true
    }
    this.countTo(Math.max(this.at, isLast ? this.end : this.end - mark.length + 1))
    return false
  }

  private countTo(to: number): void {
    for (let at = this.window.indexOf(10, this.at); at >= 0 && at < to; at = this.window.indexOf(10, at + 1))
      this.line++
    this.at = to
  }

  private pass<T>(end: number, item: T): T {
    this.at = end
    this.line += this.scanner.lines
    if (this.list) this.list.index++
    // Rows know their columns by the numbers that pruning would forget.
    if (this.list?.columns === undefined) this.plans.prune()
    return item
  }

  private position(): number {
    return this.list?.index ?? this.line
  }
}

/** More bytes are needed. */
const MORE = Symbol('more')

const BLOCK = 2 ** 18
const LARGEST_VALUE = 64 * 2 ** 20
/** What an export says before its list of records. */
const LONGEST_PREAMBLE = 2 ** 20

const RECORD_SEPARATOR = 30
const COMMA = 44
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const NEW_LINE = Buffer.from('\n')
/** Between two elements of a list, where a `{` follows. */
const BETWEEN = Buffer.from('},')
