import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { span } from '../../text/span.js'
import type { MapShape, Shape } from './shape.js'
import { type Insertion, type SourceMap, withInsertions } from './source-map.js'

export type Repaired =
  | { readonly ok: true; readonly text: string; readonly map: SourceMap; readonly notes: readonly Diagnostic[] }
  | { readonly ok: false; readonly reason: string; readonly at: number }

/**
 * Puts back the indentation that a rule file has lost. Everything hangs on the names that a rule of this product may say: a known name at
 * the start of a line begins a new entry, what stands below it belongs to it, and lists and maps are indented as the product nests
 * them. A line that could stand in two places, or in none, is not guessed at: the file is refused.
 */
export function repairRule(source: string, shape: MapShape): Repaired {
  const lines = linesOf(source)
  const entries: Entry[] = []
  const seen = new Map<string, number>()
  for (const line of lines) {
    const key = topLevelKey(line, shape)
    if (key !== undefined) {
      if (seen.has(key)) return refuse(`\`${key}\` begins a line twice`, line.start)
      seen.set(key, line.start)
      entries.push({ key, head: line, body: [], shape: shape.keys[key]! })
    } else if (entries.length > 0) entries[entries.length - 1]!.body.push(line)
    else if (!isBlank(line) && !/^(---|#)/.test(line.text))
      return refuse('it begins with a line under no known name', line.start)
  }
  if (entries.length === 0) return refuse('it has no known name at the start of a line', 0)
  const insertions: Insertion[] = []
  const notes: Diagnostic[] = []
  for (const entry of entries) {
    const result = repairEntry(entry)
    if (!Array.isArray(result)) return result
    if (result.length === 0) continue
    insertions.push(...result)
    const place = span(entry.head.start, entry.head.start + entry.key.length)
    notes.push(diagnose('rule-repaired', place, { what: describe(entry, result) }))
  }
  if (notes.length === 0) return refuse('its indentation is not what is wrong', 0)
  return { ok: true, ...withInsertions(source, insertions), notes }
}

interface Line {
  readonly start: number
  /** Without its line end. */
  readonly text: string
}

interface Entry {
  readonly key: string
  readonly head: Line
  readonly body: Line[]
  readonly shape: Shape
}

const refuse = (reason: string, at: number): Extract<Repaired, { ok: false }> => ({ ok: false, reason, at })

function linesOf(source: string): Line[] {
  const lines: Line[] = []
  for (const match of source.matchAll(/([^\n]*)(\n|$)/g)) {
    if (match[0] === '') break
    lines.push({ start: match.index, text: match[1]!.replace(/\r$/, '') })
  }
  return lines
}

const isBlank = ({ text }: Line): boolean => text.trim() === ''
const indentOf = ({ text }: Line): number => /^ */.exec(text)![0].length

function topLevelKey({ text }: Line, shape: MapShape): string | undefined {
  const key = /^([A-Za-z-]+):(?=\s|$)/.exec(text)?.[1]
  return key !== undefined && Object.hasOwn(shape.keys, key) ? key : undefined
}

const inlineValue = (entry: Entry): string => entry.head.text.slice(entry.key.length + 1).trim()

function repairEntry(entry: Entry): Insertion[] | Extract<Repaired, { ok: false }> {
  const value = inlineValue(entry)
  if (/^[|>][-+\d]*\s*(#.*)?$/.test(value)) return indentBlock(entry)
  if (value !== '' && !value.startsWith('#')) return quoteValue(entry, value)
  return nest(entry)
}

/** Two spaces before each line of a block of text, where a line of it has none or begins with a tab. */
function indentBlock(entry: Entry): Insertion[] {
  const body = withoutBlankEnd(entry.body)
  const filled = body.filter((line) => !isBlank(line))
  const first = filled[0]
  // The first line sets how far the block is indented; a later line that is indented less would end it.
  if (first === undefined || filled.every((line) => indentOf(line) >= Math.max(1, indentOf(first)))) return []
  const least = Math.min(...filled.map(indentOf))
  if (least > 0 && !filled.some(({ text }) => text.trimStart().startsWith('\t'))) {
    // The block is indented, its first line further than the rest: a number after the `|` would say so; two more columns do not.
    const mark = entry.head.start + entry.head.text.search(/[|>]/) + 1
    return /[|>]\d/.test(entry.head.text) ? [] : [{ at: mark, text: String(least) }]
  }
  return filled.map(({ start }) => ({ at: start, text: '  ' }))
}

function withoutBlankEnd(body: readonly Line[]): Line[] {
  const kept = [...body]
  while (kept.length > 0 && isBlank(kept[kept.length - 1]!)) kept.pop()
  return kept
}

/** Quotes around a one-line text in which a colon or a hash would begin something else. */
function quoteValue(entry: Entry, value: string): Insertion[] | Extract<Repaired, { ok: false }> {
  if (entry.shape.kind !== 'text' || /^["'[{&*!]/.test(value)) return []
  const stray = entry.body.find((line) => !isBlank(line) && indentOf(line) === 0)
  if (stray) return refuse(`a line after \`${entry.key}\` stands under no known name`, stray.start)
  if (!/:(\s|$)|\s#|^[%@`]/.test(value) || entry.body.some((line) => !isBlank(line))) return []
  const at = entry.head.start + entry.head.text.indexOf(value)
  return [{ at, text: `'${value.replaceAll("'", "''")}'`, instead: value.length }]
}

interface Level {
  readonly shape: Shape
  readonly indent: number
  /** Names that the map at this level has by now. */
  readonly used: Set<string>
}

/** Indents the lines of a list or a map as its shape nests them. */
function nest(entry: Entry): Insertion[] | Extract<Repaired, { ok: false }> {
  const insertions: Insertion[] = []
  let stack: Level[] = [{ shape: entry.shape, indent: 2, used: new Set() }]
  for (const line of entry.body) {
    if (isBlank(line)) continue
    const text = line.text.trim()
    if (text.startsWith('#')) continue
    const placed = place(text, stack)
    if (placed === undefined) return refuse(`where this belongs under \`${entry.key}\` cannot be told`, line.start)
    stack = placed.stack
    const have = /^\s*/.exec(line.text)![0].length
    if (have !== placed.indent || line.text.startsWith('\t'))
      insertions.push({ at: line.start, text: ' '.repeat(placed.indent), instead: have })
  }
  return insertions
}

/** The level a line belongs to: the innermost that can take it. */
function place(
  text: string,
  stack: readonly Level[],
): { readonly indent: number; readonly stack: Level[] } | undefined {
  const dashed = /^-(\s+|$)/.exec(text)
  const content = dashed ? text.slice(dashed[0].length) : text
  const key = /^['"]?([@\w.-]+)['"]?:(?=\s|$)/.exec(content)?.[1]
  for (let depth = stack.length - 1; depth >= 0; depth--) {
    const level = stack[depth]!
    if (dashed && level.shape.kind === 'list') {
      const { of } = level.shape
      if (of.kind === 'map') {
        if (key === undefined || !takes(of, key)) continue
        const item: Level = { shape: of, indent: level.indent + 2, used: new Set([key]) }
        return {
          indent: level.indent,
          stack: [...stack.slice(0, depth + 1), item, ...below(of, key, item.indent, content)],
        }
      }
      // `- name: value` is an item of a list of maps where one around it has that name.
      const ofMaps = key !== undefined && stack.slice(0, depth).some(({ shape }) => isListOf(shape, key))
      if (of.kind === 'text' && !ofMaps) return { indent: level.indent, stack: stack.slice(0, depth + 1) }
    }
    if (!dashed && key !== undefined && level.shape.kind === 'map' && takes(level.shape, key) && !level.used.has(key)) {
      level.used.add(key)
      return {
        indent: level.indent,
        stack: [...stack.slice(0, depth + 1), ...below(level.shape, key, level.indent, content)],
      }
    }
  }
  return undefined
}

const isListOf = (shape: Shape, key: string): boolean =>
  shape.kind === 'list' && shape.of.kind === 'map' && takes(shape.of, key)

const takes = (shape: MapShape, key: string): boolean => Object.hasOwn(shape.keys, key) || shape.others !== undefined

/** The level that opens under a name whose value stands on the lines below it. */
function below(shape: MapShape, key: string, indent: number, content: string): Level[] {
  const inner = shape.keys[key] ?? shape.others
  const opens = /:\s*(#.*)?$/.test(content)
  return inner && opens && (inner.kind === 'list' || inner.kind === 'map')
    ? [{ shape: inner, indent: indent + 2, used: new Set() }]
    : []
}

function describe({ key, shape }: Entry, insertions: readonly Insertion[]): string {
  if (insertions.some(({ text }) => text.startsWith("'"))) return `quotes around \`${key}\``
  if (insertions.some(({ text }) => /^\d/.test(text))) return `the indentation of \`${key}\` said`
  const count = insertions.length
  const verb = shape.kind === 'list' || shape.kind === 'map' ? 'moved' : 'indented'
  return `${count} ${count === 1 ? 'line' : 'lines'} ${verb} under \`${key}\``
}
