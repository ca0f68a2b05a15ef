import type { Value } from '../../../ir/value.js'
import { isArray } from '../../../ir/value.js'
import { matches } from '../term.js'
import { dynamicText, textOf } from './convert.js'
import { type Functions, strict } from './function.js'
import { compilePattern, type Found, quotePattern, replaceAll } from './pattern.js'

const points = (value: Value): string[] => [...String(value)]
const long = (value: number): bigint => BigInt(value)

function substring(value: Value, start: Value, length: Value | undefined): string {
  const letters = points(value)
  let from = Number(start)
  if (from < 0) from = Math.max(0, letters.length + from)
  const end = length === undefined ? letters.length : from + Math.max(0, Number(length))
  return letters.slice(from, end).join('')
}

function indexOf(text: string, find: string, start = 0, length = -1, occurrence = 1): number | null {
  const letters = [...text]
  const from = start < 0 ? Math.max(0, letters.length + start) : start
  if (occurrence < 1) return null
  const within = length < 0 ? letters.slice(from) : letters.slice(from, from + length)
  const joined = within.join('')
  let at = -1
  for (let count = 0; count < occurrence; count++) {
    at = joined.indexOf(find, at + 1)
    if (at < 0) return -1
  }
  return from + [...joined.slice(0, at)].length
}

function countOf(text: string, find: string, kind: string): number {
  if (kind === 'regex') return compilePattern(find).findAll(text).length
  if (find === '') return 0
  let count = 0
  for (let at = text.indexOf(find); at >= 0; at = text.indexOf(find, at + 1)) count++
  return count
}

/** Kusto's replacement text: `$1`, `\1`, `$0`. */
const replacement =
  (by: string) =>
  ({ groups }: Found): string =>
    by.replace(
      /\\(\d)|\$(\d)|\$\{(\d)\}/g,
      (_all, a?: string, b?: string, c?: string) => groups[Number(a ?? b ?? c)] ?? '',
    )

function trim(pattern: string, text: string, start: boolean, end: boolean): string {
  // A pattern that stands alone must be sound; inside of others a stray bracket could make it so.
  compilePattern(pattern)
  const cut = start ? text.slice(compilePattern(`^(?:${pattern})`).find(text)?.end ?? 0) : text
  return end ? cut.slice(0, compilePattern(`(?:${pattern})$`).find(cut)?.start ?? cut.length) : cut
}

/** All matches: the groups of each, or the match itself where there is one group or none. */
function extractAll(pattern: string, groups: Value, text: string): Value {
  const wanted = isArray(groups) ? groups : undefined
  const compiled = compilePattern(pattern)
  const found = compiled.findAll(text).map(({ groups: match }): Value => {
    const named = (name: string): Value => match[compiled.groupNumber(name) ?? -1] ?? null
    const all: Value[] = wanted
      ? wanted.map((group) => (typeof group === 'string' ? named(group) : (match[Number(group)] ?? '')))
      : match.length > 1
        ? match.slice(1).map((group) => group ?? '')
        : [match[0]!]
    return all.length === 1 ? all[0]! : all
  })
  return found.length ? found : null
}

function translate(from: string, to: string, text: string): string {
  const [search, by] = [[...from], [...to]]
  const last = by[by.length - 1]
  return [...text]
    .map((letter) => {
      const at = search.indexOf(letter)
      if (at < 0) return letter
      return by[at] ?? last ?? ''
    })
    .join('')
}

/** One lookup after the other; what has been put in is not looked at again. */
function replaceStrings(text: string, finds: Value, by: Value): string {
  let pieces: { readonly text: string; readonly done: boolean }[] = [{ text, done: false }]
  const lookups = isArray(finds) ? finds : [finds]
  lookups.forEach((find, index) => {
    const put = isArray(by) ? by[index] : by
    if (typeof find !== 'string' || find === '') return
    const replacement = { text: typeof put === 'string' ? put : find, done: true }
    pieces = pieces.flatMap((piece) =>
      piece.done
        ? [piece]
        : piece.text.split(find).flatMap((part, at) => [...(at > 0 ? [replacement] : []), { text: part, done: false }]),
    )
  })
  return pieces.map((piece) => piece.text).join('')
}

export const TEXTS: Functions = {
  strlen: ([value]) => long(points(value!).length),
  string_size: ([value]) => long(Buffer.byteLength(String(value))),
  tolower: ([value]) => String(value).toLowerCase(),
  toupper: ([value]) => String(value).toUpperCase(),
  strcat: (args) => args.join(''),
  strcat_delim: ([delimiter, ...rest]) => rest.join(String(delimiter)),
  strrep: strict(([value, count, delimiter]) =>
    Array(Math.max(0, Math.min(1024, Number(count))))
      .fill(value)
      .join(String(delimiter ?? '')),
  ),
  reverse: ([value]) => points(value!).reverse().join(''),
  substring: ([value, start, length]) => (start === null || length === null ? '' : substring(value!, start!, length)),
  indexof: strict(([text, find, start, length, occurrence]) => {
    const at = indexOf(String(text), String(find), Number(start ?? 0n), Number(length ?? -1n), Number(occurrence ?? 1n))
    return at === null ? null : long(at)
  }),
  indexof_regex: strict(([text, pattern, start, length, occurrence]) => {
    const letters = points(text!)
    const from = Number(start ?? 0n)
    if (from < 0) return null
    const limit = Number(length ?? -1n)
    const within = (limit < 0 ? letters.slice(from) : letters.slice(from, from + limit)).join('')
    const match = compilePattern(String(pattern)).findAll(within)[Number(occurrence ?? 1n) - 1]
    return match ? long(from + [...within.slice(0, match.start)].length) : -1n
  }),
  countof: ([text, find, kind]) => long(countOf(String(text), String(find), String(kind ?? 'normal'))),
  split: ([text, delimiter, index]) => {
    const pieces = delimiter === '' ? [String(text)] : String(text).split(String(delimiter))
    if (index === undefined || index === null) return pieces
    const piece = pieces[Number(index)]
    return piece === undefined ? [] : [piece]
  },
  replace_string: ([text, find, by]) => (find === '' ? text! : String(text).split(String(find)).join(String(by))),
  replace_strings: ([text, finds, by]) => replaceStrings(String(text), finds!, by!),
  replace_regex: ([text, pattern, by]) =>
    replaceAll(compilePattern(String(pattern)), String(text), replacement(String(by))),
  trim: ([pattern, text]) => trim(String(pattern), String(text), true, true),
  trim_start: ([pattern, text]) => trim(String(pattern), String(text), true, false),
  trim_end: ([pattern, text]) => trim(String(pattern), String(text), false, true),
  extract: ([pattern, group, text]) => {
    const match = compilePattern(String(pattern)).find(String(text))
    return match?.groups[Number(group)] ?? ''
  },
  extract_all: (args) =>
    args.length === 3
      ? extractAll(String(args[0]), args[1]!, String(args[2]))
      : extractAll(String(args[0]), null, String(args[1])),
  captures: ([text, pattern]) => {
    const match = compilePattern(String(pattern)).find(String(text))
    return match ? match.groups.slice(1).map((group) => group ?? '') : null
  },
  parse_pairs: ([text, pairs, keys, quotes, escapeWith, greedy]) =>
    parsePairs(
      String(text),
      String(pairs),
      String(keys),
      String(quotes),
      String(escapeWith),
      greedy === 'true' || greedy === 'True',
    ),
  parse_pairs_regex: ([text, pattern]) =>
    new Map(
      compilePattern(String(pattern))
        .findAll(String(text))
        .map(({ groups }): [string, Value] => [groups[1] ?? '', groups[2] ?? '']),
    ),
  regex_quote: ([text]) => quotePattern(String(text)),
  isascii: ([value]) => /^[\x00-\x7f]*$/.test(String(value)),
  isutf8: ([value]) => !/[\ud800-\udfff]/.test(String(value).replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')),
  has_any_index: ([text, lookups]) =>
    BigInt(
      (isArray(lookups!) ? lookups : [lookups!]).findIndex((each) =>
        matches('term', String(text), dynamicText(each), 'insensitive'),
      ),
    ),
  strcmp: ([left, right]) => (left === right ? 0n : String(left) < String(right) ? -1n : 1n),
  translate: ([from, to, text]) => translate(String(from), String(to), String(text)),
  unicode_codepoints_from_string: ([text]) => points(text!).map((letter) => long(letter.codePointAt(0)!)),
  unicode_codepoints_to_string: (args) =>
    args
      .flatMap((value) => (isArray(value!) ? value : [value!]))
      .map((point) => String.fromCodePoint(Number(point)))
      .join(''),
  hash_many_text: (args, types) => args.map((value, index) => textOf(value, types[index]!)).join(''),
}

/** `a=1; b="x;y"`: keys with their values, quotes taken off. */
function parsePairs(
  text: string,
  pairDelimiters: string,
  keyDelimiters: string,
  quotes: string,
  escapeWith: string,
  greedy: boolean,
): Value {
  const found = new Map<string, Value>()
  const pairEnds = [...(pairDelimiters || ' ,;')]
  const keyEnds = [...(keyDelimiters || '=:')]
  const [open, close] = quotes.length === 2 ? [quotes[0]!, quotes[1]!] : [quotes, quotes]
  let at = 0
  while (at < text.length) {
    while (at < text.length && pairEnds.includes(text[at]!)) at++
    const quotedEnd = open && text[at] === open ? text.indexOf(close, at + 1) : -1
    let keyEnd = quotedEnd < 0 ? at : quotedEnd + 1
    while (keyEnd < text.length && !keyEnds.includes(text[keyEnd]!) && (greedy || !pairEnds.includes(text[keyEnd]!)))
      keyEnd++
    if (keyEnd >= text.length) break
    if (!keyEnds.includes(text[keyEnd]!)) {
      at = keyEnd + 1
      continue
    }
    const key = unquote(text.slice(at, keyEnd).trim(), open, close)
    let valueAt = keyEnd + 1
    const next = /^ *(.)/s.exec(text.slice(valueAt))
    if (next && (!pairEnds.includes(' ') || (open && next[1] === open))) valueAt += next[0].length - 1
    let value = ''
    if (open && text[valueAt] === open) {
      valueAt++
      while (valueAt < text.length && text[valueAt] !== close) {
        if (escapeWith && text[valueAt] === escapeWith) valueAt++
        value += text[valueAt++] ?? ''
      }
      valueAt++
    } else {
      let end = valueAt
      while (end < text.length && !pairEnds.includes(text[end]!)) end++
      if (greedy) end = greedyEnd(text, valueAt, end, pairEnds, keyEnds)
      value = text.slice(valueAt, end).trim()
      valueAt = end
    }
    found.set(key, value)
    at = Math.max(valueAt, at + 1)
  }
  return found
}

/** In greedy mode a value reaches to the last delimiter before the next key. */
function greedyEnd(
  text: string,
  from: number,
  first: number,
  pairEnds: readonly string[],
  keyEnds: readonly string[],
): number {
  const end = first
  while (end < text.length) {
    const next = [...text.slice(end + 1)].findIndex((letter) => keyEnds.includes(letter))
    if (next < 0) return text.length
    const between = text.slice(end + 1, end + 1 + next)
    const last = Math.max(...pairEnds.map((each) => between.lastIndexOf(each)))
    return last < 0 ? end : end + 1 + last
  }
  void from
  return end
}

const unquote = (text: string, open: string, close: string): string =>
  open && text.startsWith(open) && text.endsWith(close) && text.length > 1 ? text.slice(1, -1) : text
