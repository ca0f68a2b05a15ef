import { type PathTable, ROOT } from './paths.js'

/** What a member of an object is. */
export const STRING = 1
export const ESCAPED = 2
export const NUMBER = 3
export const TRUE = 4
export const FALSE = 5
export const NULL = 6
export const ARRAY = 7
export const OBJECT = 8

/** The value goes on past the bytes at hand. */
export const CUT = -1
/** The value is not JSON; `errorAt` and `expected` say where and why. */
export const BROKEN = -2

/**
 * Checks one JSON value and notes where the members of an object stand, without making a JavaScript value of any of them: most are
 * copied as bytes and many are never looked at. Numbers keep all their digits, and keys can be anything.
 *
 * Members of objects inside are members too, under their path; arrays are one member each.
 */
export class JsonScanner {
  /** Members of the object scanned last: path, kind, and where the value stands (a string's without its quotes). */
  ids = new Int32Array(256)
  kinds = new Uint8Array(256)
  starts = new Int32Array(256)
  ends = new Int32Array(256)
  count = 0
  /** Line ends passed over between tokens. */
  lines = 0
  errorAt = 0
  expected = ''

  private escaped = false
  private readonly parents = new Int32Array(DEEPEST)
  private readonly openings = new Int32Array(DEEPEST)
  private readonly closers = new Uint8Array(DEEPEST)

  constructor(readonly paths: PathTable) {}

  /** Scans the object that starts at `from`. Returns where it ends, `CUT` or `BROKEN`. */
  object(bytes: Uint8Array, from: number, to: number): number {
    this.count = 0
    this.lines = 0
    const { parents, openings, paths } = this
    let parent = ROOT
    let depth = 0
    let at = from + 1
    let first = true
    for (;;) {
      at = this.blanks(bytes, at, to)
      if (at >= to) return CUT
      let code = bytes[at]!
      if (code === QUOTE) {
        const keyStart = at + 1
        const keyEnd = this.string(bytes, keyStart, to)
        if (keyEnd < 0) return keyEnd
        at = this.blanks(bytes, keyEnd + 1, to)
        if (at >= to) return CUT
        if (bytes[at] !== COLON) return this.broken(at, '`:`')
        at = this.blanks(bytes, at + 1, to)
        if (at >= to) return CUT
        code = bytes[at]!
        const path = paths.child(parent, bytes, keyStart, keyEnd)
        if (code === QUOTE) {
          const end = this.string(bytes, at + 1, to)
          if (end < 0) return end
          this.add(path, this.escaped ? ESCAPED : STRING, at + 1, end)
          at = end + 1
        } else if (code === OPEN_BRACE) {
          if (depth + 1 >= DEEPEST) return this.broken(at, `at most ${DEEPEST} levels`)
          openings[depth] = this.count
          this.add(path, OBJECT, at, at)
          parents[depth++] = parent
          parent = path
          first = true
          at++
          continue
        } else {
          const end = this.value(bytes, at, to)
          if (end < 0) return end
          this.add(path, KIND_BY_FIRST[code]!, at, end)
          at = end
        }
      } else if (code === CLOSE_BRACE && first) {
        at++
        if (depth === 0) return at
        parent = parents[--depth]!
        this.ends[openings[depth]!] = at
      } else return this.broken(at, first ? 'a key or `}`' : 'a key')

      for (;;) {
        at = this.blanks(bytes, at, to)
        if (at >= to) return CUT
        code = bytes[at]!
        if (code === COMMA) break
        if (code !== CLOSE_BRACE) return this.broken(at, '`,` or `}`')
        at++
        if (depth === 0) return at
        parent = parents[--depth]!
        this.ends[openings[depth]!] = at
      }
      at++
      first = false
    }
  }

  /** Scans the array that starts at `from` as a row: its elements are members, under the paths of `columns`. */
  row(bytes: Uint8Array, from: number, to: number, columns: Int32Array): number {
    this.count = 0
    this.lines = 0
    let at = this.blanks(bytes, from + 1, to)
    if (at < to && bytes[at] === CLOSE_BRACKET) return at + 1
    for (let index = 0; ; index++) {
      if (at >= to) return CUT
      const code = bytes[at]!
      const end = this.value(bytes, at, to)
      if (end < 0) return end
      const isString = code === QUOTE
      // Whatever stands in a cell stays in it.
      const kind = isString ? (this.escaped ? ESCAPED : STRING) : code === OPEN_BRACE ? ARRAY : KIND_BY_FIRST[code]!
      this.add(columns[index] ?? ROOT, kind, isString ? at + 1 : at, isString ? end - 1 : end)
      at = this.blanks(bytes, end, to)
      if (at >= to) return CUT
      if (bytes[at] === CLOSE_BRACKET) return at + 1
      if (bytes[at] !== COMMA) return this.broken(at, '`,` or `]`')
      at = this.blanks(bytes, at + 1, to)
    }
  }

  /** Passes over the value that starts at `from`. Returns where it ends, `CUT` or `BROKEN`. */
  value(bytes: Uint8Array, from: number, to: number): number {
    if (from >= to) return CUT
    const { closers } = this
    let depth = 0
    let at = from
    for (;;) {
      if (at >= to) return CUT
      const code = bytes[at]!
      let end: number
      if (code === QUOTE) {
        end = this.string(bytes, at + 1, to)
        if (end < 0) return end
        at = end + 1
      } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (depth >= DEEPEST) return this.broken(at, `at most ${DEEPEST} levels`)
        const closer = code + 2
        at = this.blanks(bytes, at + 1, to)
        if (at >= to) return CUT
        if (bytes[at] === closer) at++
        else {
          closers[depth++] = closer
          if (closer === CLOSE_BRACE) {
            at = this.key(bytes, at, to)
            if (at < 0) return at
          }
          continue
        }
      } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
        end = this.number(bytes, at, to)
        if (end < 0) return end
        at = end
      } else {
        const word = WORDS[code]
        if (word === undefined) return this.broken(at, 'a value')
        for (let index = 0; index < word.length; index++) {
          if (at + index >= to) return CUT
          if (bytes[at + index] !== word[index]) return this.broken(at, 'a value')
        }
        at += word.length
      }

      for (;;) {
        if (depth === 0) return at
        at = this.blanks(bytes, at, to)
        if (at >= to) return CUT
        const closer = closers[depth - 1]!
        if (bytes[at] === COMMA) {
          at = this.blanks(bytes, at + 1, to)
          if (closer === CLOSE_BRACE) {
            at = this.key(bytes, at, to)
            if (at < 0) return at
          }
          break
        }
        if (bytes[at] !== closer) return this.broken(at, closer === CLOSE_BRACE ? '`,` or `}`' : '`,` or `]`')
        at++
        depth--
      }
    }
  }

  /** First place from `at` that holds no blank; counts line ends. */
  blanks(bytes: Uint8Array, at: number, to: number): number {
    while (at < to) {
      const code = bytes[at]!
      if (code > SPACE || (code !== SPACE && code !== 10 && code !== 13 && code !== 9)) return at
      if (code === 10) this.lines++
      at++
    }
    return at
  }

  /** A key, its colon and the blanks around them. Returns where the value starts. */
  private key(bytes: Uint8Array, from: number, to: number): number {
    if (from >= to) return CUT
    if (bytes[from] !== QUOTE) return this.broken(from, 'a key')
    const end = this.string(bytes, from + 1, to)
    if (end < 0) return end
    const at = this.blanks(bytes, end + 1, to)
    if (at >= to) return CUT
    if (bytes[at] !== COLON) return this.broken(at, '`:`')
    return this.blanks(bytes, at + 1, to)
  }

  /** Where the closing quote of a string stands whose content starts at `at`. */
  private string(bytes: Uint8Array, at: number, to: number): number {
    this.escaped = false
    for (; at < to; at++) {
      const code = bytes[at]!
      if (code > BACKSLASH) continue
      if (code === QUOTE) return at
      if (code === BACKSLASH) {
        this.escaped = true
        if (++at >= to) return CUT
        if (bytes[at] === LETTER_U) {
          for (let digit = 0; digit < 4; digit++) {
            if (++at >= to) return CUT
            if (!isHexDigit(bytes[at]!)) return this.broken(at, 'four hexadecimal digits')
          }
        } else if (!ESCAPABLE.has(bytes[at]!)) return this.broken(at, 'an escape sequence')
      } else if (code < SPACE) return this.broken(at, 'the end of the string')
    }
    return CUT
  }

  private number(bytes: Uint8Array, at: number, to: number): number {
    if (bytes[at] === MINUS) at++
    const start = at
    at = digits(bytes, at, to)
    if (at >= to) return CUT
    if (at === start || (bytes[start] === ZERO && at > start + 1)) return this.broken(start, 'a number')
    if (bytes[at] === DOT) {
      const fraction = ++at
      at = digits(bytes, at, to)
      if (at >= to) return CUT
      if (at === fraction) return this.broken(at, 'a digit')
    }
    if ((bytes[at]! | 32) === LETTER_E) {
      at++
      if (bytes[at] === MINUS || bytes[at] === PLUS) at++
      const exponent = at
      at = digits(bytes, at, to)
      if (at >= to) return CUT
      if (at === exponent) return this.broken(at, 'a digit')
    }
    return at
  }

  private add(id: number, kind: number, start: number, end: number): void {
    const index = this.count++
    if (index === this.ids.length) this.grow()
    this.ids[index] = id * 4 + (kind >= ARRAY ? kind - ARRAY + 1 : 0)
    this.kinds[index] = kind
    this.starts[index] = start
    this.ends[index] = end
  }

  private grow(): void {
    const length = this.ids.length * 2
    const { ids, kinds, starts, ends } = this
    this.ids = new Int32Array(length)
    this.kinds = new Uint8Array(length)
    this.starts = new Int32Array(length)
    this.ends = new Int32Array(length)
    this.ids.set(ids)
    this.kinds.set(kinds)
    this.starts.set(starts)
    this.ends.set(ends)
  }

  private broken(at: number, expected: string): number {
    this.errorAt = at
    this.expected = expected
    return BROKEN
  }
}

function digits(bytes: Uint8Array, at: number, to: number): number {
  while (at < to && bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
  return at
}

const isHexDigit = (code: number): boolean =>
  (code >= ZERO && code <= NINE) || ((code | 32) >= 97 && (code | 32) <= 102)

/** Nesting beyond this is an attack and not a log. */
const DEEPEST = 256

const SPACE = 32
const QUOTE = 34
const PLUS = 43
const COMMA = 44
const MINUS = 45
const DOT = 46
const ZERO = 48
const NINE = 57
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const LETTER_E = 101
const LETTER_U = 117
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

const ESCAPABLE = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)))

const WORDS: Readonly<Record<number, Uint8Array>> = {
  116: Buffer.from('true'),
  102: Buffer.from('false'),
  110: Buffer.from('null'),
}

/** The kind of a value that is no string and no object, by its first byte. */
const KIND_BY_FIRST = new Uint8Array(256).fill(NUMBER)
KIND_BY_FIRST[116] = TRUE
KIND_BY_FIRST[102] = FALSE
KIND_BY_FIRST[110] = NULL
KIND_BY_FIRST[OPEN_BRACKET] = ARRAY
