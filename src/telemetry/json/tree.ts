import type { FieldValue } from '../record.js'
import { PathTable } from './paths.js'
import { JsonScanner } from './scanner.js'
import { compactJson, unescapeJson } from './text.js'

/** A JSON value that keeps what a JavaScript object would lose: the order of members, members of the same key, all digits of a number. */
export type JsonTree =
  | { readonly kind: 'value'; readonly value: FieldValue }
  | { readonly kind: 'array'; readonly elements: readonly JsonTree[]; readonly text: string }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, JsonTree])[]; readonly text: string }

const scanner = new JsonScanner(new PathTable())

/** Reads JSON text; undefined where it is not JSON. For small values: it makes an object of every one. */
export function parseJsonTree(text: string): JsonTree | undefined {
  // A blank behind a number lets the scanner see its end.
  const bytes = Buffer.from(`${text} `)
  const start = scanner.blanks(bytes, 0, bytes.length)
  const end = scanner.value(bytes, start, bytes.length)
  if (end < 0 || scanner.blanks(bytes, end, bytes.length) !== bytes.length) return undefined
  return new TreeReader(bytes, start).value()
}

/** Every leaf with its path; arrays are leaves, as JSON text. */
export function* leaves(tree: JsonTree, path = ''): Generator<readonly [string, FieldValue]> {
  if (tree.kind === 'value') yield [path, tree.value]
  else if (tree.kind === 'array') yield [path, tree.text]
  else for (const [key, member] of tree.members) yield* leaves(member, path === '' ? key : `${path}.${key}`)
}

/** The members of that key, in order. */
export function membersOf(tree: JsonTree | undefined, key: string): JsonTree[] {
  return tree?.kind === 'object' ? tree.members.flatMap(([name, member]) => (name === key ? [member] : [])) : []
}

export function numberOf(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(text) ? value : BigInt(text)
}

/** Reads text that the scanner has found right, so nothing is checked again; its depth is bounded by the scanner. */
class TreeReader {
  constructor(
    private readonly bytes: Buffer,
    private at: number,
  ) {}

  value(): JsonTree {
    const start = this.skip()
    const code = this.bytes[start]
    if (code === QUOTE) return { kind: 'value', value: this.string() }
    if (code === OPEN_BRACE) {
      const members: [string, JsonTree][] = []
      this.at++
      while (this.step(CLOSE_BRACE)) {
        const key = this.string()
        this.skip()
        this.at++
        members.push([key, this.value()])
      }
      return { kind: 'object', members, text: compactJson(this.bytes, start, this.at) }
    }
    if (code === OPEN_BRACKET) {
      const elements: JsonTree[] = []
      this.at++
      while (this.step(CLOSE_BRACKET)) elements.push(this.value())
      return { kind: 'array', elements, text: compactJson(this.bytes, start, this.at) }
    }
    while (!ENDS.has(this.bytes[this.at]!)) this.at++
    return { kind: 'value', value: scalarOf(this.bytes.toString('latin1', start, this.at)) }
  }

  /** Steps over a comma or the closing bracket; false behind the latter. */
  private step(closer: number): boolean {
    if (this.bytes[this.skip()] === COMMA) this.at++
    if (this.bytes[this.skip()] !== closer) return true
    this.at++
    return false
  }

  private string(): string {
    const start = this.skip() + 1
    this.at = start
    while (this.bytes[this.at] !== QUOTE) this.at += this.bytes[this.at] === BACKSLASH ? 2 : 1
    return unescapeJson(this.bytes, start, this.at++)
  }

  private skip(): number {
    this.at = scanner.blanks(this.bytes, this.at, this.bytes.length)
    return this.at
  }
}

function scalarOf(text: string): FieldValue {
  if (text === 'true') return true
  if (text === 'false') return false
  return text === 'null' ? null : numberOf(text)
}

const QUOTE = 34
const COMMA = 44
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const ENDS = new Set([COMMA, CLOSE_BRACE, CLOSE_BRACKET, 32, 9, 10, 13])
