import { type EncodingReport, toUtf8 } from '../encoding.js'
import { encodingFault } from '../encoding-fault.js'
import { EventBuilder } from '../event-builder.js'
import { fault, type OpenSource, type ReadItem } from '../record.js'
import { XmlEventParser } from './event.js'

/**
 * Reads Windows event XML: one event, `<Events>`, or events one after another, as wevtutil and the Event Viewer write them. Each event
 * is cut out of the text and read by itself, so a broken one costs itself only. Positions are lines from 1.
 */
export async function* readXml(source: OpenSource): AsyncGenerator<Iterable<ReadItem>> {
  const report: EncodingReport = { encoding: '', invalid: 0 }
  const reader = new XmlReader()
  for await (const bytes of toUtf8(source.chunks, report)) {
    reader.feed(bytes)
    yield reader.items(false)
  }
  yield reader.items(true)
  yield encodingFault(report)
}

class XmlReader {
  private window: Buffer = Buffer.alloc(0)
  private line = 1
  private seen = false
  /** The window is looked at again once it is this long. */
  private enough = 0
  private readonly builder = new EventBuilder()
  private readonly parser = new XmlEventParser()

  feed(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.window = this.window.length === 0 ? chunk : Buffer.concat([this.window, chunk])
  }

  *items(isLast: boolean): Generator<ReadItem> {
    if (this.window.length < this.enough && !isLast) return
    this.enough = 0
    const { window } = this
    let at = 0
    for (;;) {
      const start = nextStart(window, at)
      if (start < 0) {
        // What may be the beginning of a tag is kept.
        const keep = isLast ? 0 : Math.min(TAG_MOST, window.length - at)
        at = this.passTo(at, window.length - keep)
        break
      }
      at = this.passTo(at, start)
      this.seen = true
      const next = nextStart(window, at + 1)
      const end = eventEnd(window, at, next < 0 ? window.length : next)
      if (end < 0 && next < 0) {
        if (window.length - at > LARGEST_EVENT) {
          yield fault('too-large', this.line, `event is longer than ${LARGEST_EVENT} bytes`, 1)
          at = this.passTo(at, at + 1)
          continue
        }
        if (!isLast) {
          this.enough = (window.length - at) * 2
          break
        }
        yield fault('xml-syntax', this.line, 'the event has no end', 1)
        at = window.length
        break
      }
      if (end < 0) {
        yield fault('xml-syntax', this.line, 'the event has no end before the next begins', 1)
        at = this.passTo(at, next)
        continue
      }
      yield this.event(window.toString('utf8', at, end))
      if (this.builder.timeUnreadable)
        yield fault('time-unreadable', this.line, 'the time of the event is in no known form', 0)
      at = this.passTo(at, end)
    }
    this.window = window.subarray(at)
    if (isLast && !this.seen) yield fault('xml-not-event', 1, 'is XML but holds no Windows event', 0)
  }

  private event(text: string): ReadItem {
    this.builder.begin(this.line)
    const wrong = this.parser.parse(text, this.builder)
    return wrong === undefined ? this.builder.finish() : fault('xml-syntax', this.line, wrong, 1)
  }

  /** Counts the lines between two places. */
  private passTo(from: number, to: number): number {
    for (let at = this.window.indexOf(10, from); at >= 0 && at < to; at = this.window.indexOf(10, at + 1)) this.line++
    return to
  }
}

/** Where the next `<Event`, with a namespace prefix or without, starts. */
function nextStart(window: Buffer, from: number): number {
  for (let at = window.indexOf('Event', from); at >= 0; at = window.indexOf('Event', at + 5)) {
    const after = window[at + 5]
    if (after !== BLANK && after !== GREATER && after !== SLASH && after !== 10 && after !== 13 && after !== 9) continue
    const open = tagStart(window, at)
    if (open >= from && window[open + 1] !== SLASH) return open
  }
  return -1
}

/** Where the event that starts at `from` ends, behind its end tag. An end tag inside of CDATA is none. */
function eventEnd(whole: Buffer, from: number, to: number): number {
  const window = whole.subarray(0, to)
  let counted = from
  let isText = false
  for (let at = window.indexOf('Event>', from); at >= 0; at = window.indexOf('Event>', at + 6)) {
    const open = tagStart(window, at)
    if (open < from || window[open + 1] !== SLASH) continue
    for (;;) {
      const mark = window.indexOf(isText ? ']]>' : '<![CDATA[', counted)
      if (mark < 0 || mark > open) break
      counted = mark + 3
      isText = !isText
    }
    if (!isText) return at + 6
  }
  return -1
}

/** The `<` or `</` of the tag whose local name stands at `at`, or -1. */
function tagStart(window: Buffer, at: number): number {
  let open = at - 1
  if (window[open] === COLON) {
    open--
    while (open >= 0 && at - open < PREFIX_MOST && isNameByte(window[open]!)) open--
  }
  if (window[open] === SLASH) open--
  return window[open] === LESS ? open : -1
}

const isNameByte = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  ((code | 32) >= 97 && (code | 32) <= 122) ||
  code === 45 ||
  code === 46 ||
  code === 95 ||
  code > 127

const BLANK = 32
const SLASH = 47
const COLON = 58
const LESS = 60
const GREATER = 62
const PREFIX_MOST = 32
const TAG_MOST = PREFIX_MOST + 8
/** An event log refuses events of more than 64 kB; a rendered message adds to that. */
const LARGEST_EVENT = 16 * 2 ** 20
