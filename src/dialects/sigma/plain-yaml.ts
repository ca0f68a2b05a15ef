import { span } from '../../text/span.js'
import type { Entry, Tree } from './tree.js'

/**
 * The documents of a file in the plain YAML that nearly all rules are written in: block maps and lists, values on one line, literal blocks.
 * Undefined where there is anything else in it, also where something is wrong: the whole of YAML is the library's, which takes ten
 * times as long. A test holds this to give what the library gives.
 */
export function readPlainYaml(text: string): readonly Tree[] | undefined {
  // Tabs, carriage returns, other line ends and what may not stand in a file at all.
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/.test(text)) return undefined
  try {
    return new Reader(text).documents()
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

class NotPlain extends Error {}

const notPlain = (): never => {
  throw new NotPlain()
}

interface Line {
  readonly start: number
  /** Behind the last character. */
  readonly end: number
  /** Of its first character that is no space. */
  readonly column: number
}

const MOST_DEPTH = 32

class Reader {
  private readonly lines: readonly Line[]
  private next = 0

  constructor(private readonly text: string) {
    const lines: Line[] = []
    for (let start = 0; start <= text.length; ) {
      const found = text.indexOf('\n', start)
      const end = found < 0 ? text.length : found
      let at = start
      while (at < end && text[at] === ' ') at++
      lines.push({ start, end, column: at - start })
      start = end + 1
    }
    this.lines = lines
  }

  documents(): readonly Tree[] {
    const documents: Tree[] = []
    let isFirst = true
    for (;;) {
      let line = this.content()
      if (!line) break
      if (this.isMarker(line)) {
        if (line.end - line.start > 3) notPlain()
        this.next++
        line = this.content()
        if (!line || this.isMarker(line)) notPlain()
      } else if (!isFirst) notPlain()
      if (line!.column !== 0) notPlain()
      documents.push(this.map(0, line!.start, 0))
      isFirst = false
    }
    return documents.length > 0 ? documents : notPlain()
  }

  private isMarker({ start, column }: Line): boolean {
    return column === 0 && this.text.startsWith('---', start)
  }

  /** The next line with something on it, comments aside. */
  private content(): Line | undefined {
    for (; this.next < this.lines.length; this.next++) {
      const line = this.lines[this.next]!
      const at = line.start + line.column
      if (at < line.end && this.text[at] !== '#') {
        const first = this.text[at]!
        if (line.column === 0 && (first === '%' || this.text.startsWith('...', at))) notPlain()
        return line
      }
    }
    return undefined
  }

  /** Keys in one column, the first of them at `start` on the next line. */
  private map(column: number, start: number, depth: number): Tree {
    if (depth > MOST_DEPTH) notPlain()
    const entries: Entry[] = []
    const keys = new Set<string>()
    for (let at = start; ; ) {
      const line = this.content()!
      const { key, keyEnd, end } = this.key(at, line.end)
      if (keys.has(key) || key === '<<') notPlain()
      keys.add(key)
      this.next++
      const value = this.value(this.skipSpaces(end, line.end), line, column, depth, true)
      entries.push({ key, keySpan: span(at, keyEnd), value })
      const following = this.content()
      if (!following || following.column < column || this.isMarker(following)) break
      at = following.start + following.column
      if (following.column > column) notPlain()
      if (this.isItem(at, following.end)) notPlain()
    }
    return { kind: 'map', entries, span: span(start, this.lines[this.next - 1]?.end ?? start) }
  }

  private list(column: number, start: number, depth: number): Tree {
    if (depth > MOST_DEPTH) notPlain()
    const items: Tree[] = []
    for (;;) {
      const line = this.content()
      if (!line || line.column < column || this.isMarker(line)) break
      const dash = line.start + line.column
      if (line.column > column) notPlain()
      // A list may stand in the column of its key, and the next key then ends it.
      if (!this.isItem(dash, line.end)) break
      const at = this.skipSpaces(dash + 1, line.end)
      if (at === line.end || this.text[at] === '#' || this.isItem(at, line.end)) notPlain()
      if (this.hasKey(at, line.end)) items.push(this.map(at - line.start, at, depth + 1))
      else {
        this.next++
        items.push(this.value(at, line, column, depth, false))
      }
    }
    return { kind: 'list', items, span: span(start, this.lines[this.next - 1]?.end ?? start) }
  }

  /** Looks no further than the line: a file without the text would be walked through again for every line. */
  private find(text: string, from: number, end: number): number {
    const found = this.text.slice(from, end).indexOf(text)
    return found < 0 ? -1 : from + found
  }

  private isItem(at: number, end: number): boolean {
    return this.text[at] === '-' && (at + 1 === end || this.text[at + 1] === ' ')
  }

  private skipSpaces(from: number, end: number): number {
    let at = from
    while (at < end && this.text[at] === ' ') at++
    return at
  }

  /** A key at `at`, and where the text behind its colon begins. */
  private key(at: number, end: number): { readonly key: string; readonly keyEnd: number; readonly end: number } {
    const first = this.text[at]!
    if (first === "'" || first === '"') {
      const { value, end: close } = this.quoted(at, end)
      const colon = this.skipSpaces(close, end)
      if (this.text[colon] !== ':' || (colon + 1 < end && this.text[colon + 1] !== ' ')) notPlain()
      return { key: value, keyEnd: close, end: colon + 1 }
    }
    const colon = this.colon(at, end)
    if (colon < 0 || !isPlainStart(first, this.text[at + 1])) notPlain()
    const key = this.text.slice(at, colon)
    if (key.endsWith(' ') || key.includes(' #')) notPlain()
    return { key, keyEnd: colon, end: colon + 1 }
  }

  /** The first colon that ends a key. */
  private colon(from: number, end: number): number {
    for (let at = this.find(':', from, end); at >= 0; at = this.find(':', at + 1, end))
      if (at + 1 === end || this.text[at + 1] === ' ') return at
    return -1
  }

  private hasKey(at: number, end: number): boolean {
    const first = this.text[at]
    if (first === "'" || first === '"') {
      const close = this.skipSpaces(this.quoted(at, end).end, end)
      return this.text[close] === ':'
    }
    const colon = this.colon(at, end)
    const comment = this.find(' #', at, end)
    return colon >= 0 && !(comment >= 0 && comment < colon)
  }

  private value(at: number, line: Line, column: number, depth: number, mayNest: boolean): Tree {
    if (at === line.end || this.text[at] === '#') return mayNest ? this.nested(column, depth) : notPlain()
    const first = this.text[at]!
    if (first === '|') return this.literal(at, line, column)
    if (first === "'" || first === '"') {
      const { value, end } = this.quoted(at, line.end)
      this.mustEnd(end, line)
      return { kind: 'scalar', value, source: value, span: span(at, end) }
    }
    if (!isPlainStart(first, this.text[at + 1])) notPlain()
    const comment = this.find(' #', at, line.end)
    let end = comment >= 0 ? comment : line.end
    while (this.text[end - 1] === ' ') end--
    const source = this.text.slice(at, end)
    if (source.includes(': ') || source.endsWith(':')) notPlain()
    // What is indented deeper on the next line goes on with the value.
    const following = this.content()
    if (following && following.column > column && !this.isMarker(following)) notPlain()
    return { kind: 'scalar', value: plainValue(source), source, span: span(at, end) }
  }

  private nested(column: number, depth: number): Tree {
    const line = this.content()
    if (!line || this.isMarker(line)) return notPlain()
    const at = line.start + line.column
    if (this.isItem(at, line.end) && line.column >= column) return this.list(line.column, at, depth + 1)
    return line.column > column ? this.map(line.column, at, depth + 1) : notPlain()
  }

  private mustEnd(at: number, line: Line): void {
    const end = this.skipSpaces(at, line.end)
    if (end < line.end && !(this.text[end] === '#' && end > at)) notPlain()
  }

  /** A quoted text that ends on its line. */
  private quoted(at: number, end: number): { readonly value: string; readonly end: number } {
    const quote = this.text[at]!
    let close = at + 1
    for (;;) {
      close = this.find(quote, close, end)
      if (close < 0) return notPlain()
      if (quote === '"' || this.text[close + 1] !== "'") break
      close += 2
    }
    const inside = this.text.slice(at + 1, close)
    if (quote === '"' && inside.includes('\\')) notPlain()
    return { value: quote === "'" ? inside.replaceAll("''", "'") : inside, end: close + 1 }
  }

  /** `|` and the lines below it. */
  private literal(at: number, line: Line, column: number): Tree {
    const header = /^\|(-?) *$/.exec(this.text.slice(at, line.end))
    if (!header) return notPlain()
    const lines: string[] = []
    let width = -1
    let end = this.next
    for (; end < this.lines.length; end++) {
      const { start, end: stop, column: own } = this.lines[end]!
      const isBlank = start + own === stop
      if (!isBlank && width < 0) width = own
      if (!isBlank && own < width) break
      if (isBlank && own > 0 && (width < 0 || own > width)) return notPlain()
      lines.push(this.text.slice(start + (width < 0 ? own : Math.min(width, stop - start)), stop))
    }
    if (width <= column || width < 0) return notPlain()
    while (lines[lines.length - 1] === '') lines.pop()
    this.next = end
    const value = lines.join('\n') + (header[1] === '-' ? '' : '\n')
    // A file that ends without a line break ends its block without one too.
    if (end === this.lines.length && !this.text.endsWith('\n')) return notPlain()
    const stop = end < this.lines.length ? this.lines[end]!.start : this.text.length
    return { kind: 'scalar', value, source: value, span: span(at, stop) }
  }
}

/** Whether a value without quotes may begin so, and is no value of another kind. */
function isPlainStart(first: string, second: string | undefined): boolean {
  if ('[]{}&*!|>%@`"\'#,'.includes(first)) return false
  return !'-?:'.includes(first) || (second !== undefined && second !== ' ' && second !== '\n')
}

/** https://yaml.org/spec/1.2.2/#1032-tag-resolution; numbers other than plain whole ones are left to the library. */
function plainValue(source: string): string | number | boolean | null {
  if (/^[-+.\d]/.test(source)) {
    if (/^[-+]?\d{1,15}$/.test(source)) return Number(source)
    return /^(?:[-+]?\d+|[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0[ox][\da-fA-F]+|[-+]?\.(?:inf|nan))$/i.test(
      source,
    )
      ? notPlain()
      : source
  }
  switch (source) {
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null
    case 'true':
    case 'True':
    case 'TRUE':
      return true
    case 'false':
    case 'False':
    case 'FALSE':
      return false
    default:
      return source
  }
}
