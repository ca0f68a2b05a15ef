/** A text value in parts: literal text between what stands for other text. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** `*` and `?` */
  | { readonly kind: 'any-run' | 'any-one' }
  /** `%name%`, after `expand`. */
  | { readonly kind: 'placeholder'; readonly name: string }
  /** A dash or what Windows programs take for one, after `windash`. */
  | { readonly kind: 'dash' }

export type Pattern = readonly Part[]

export const ANY_RUN: Part = { kind: 'any-run' }

/** What `windash` puts for a dash: hyphen, slash, en dash, em dash, horizontal bar. */
export const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'] as const

/**
 * `*` is any run of characters and `?` any one. A backslash takes their meaning from them, and from a backslash before them; anywhere else
 * it is a plain backslash. https://sigmahq.io/docs/basics/rules.html, "Escaping"
 */
export function parsePattern(value: string): Pattern {
  const parts: Part[] = []
  let text = ''
  const close = (): void => {
    if (text !== '') parts.push({ kind: 'text', text })
    text = ''
  }
  for (let at = 0; at < value.length; at++) {
    const character = value[at]!
    const next = value[at + 1]
    if (character === '\\' && (next === '\\' || next === '*' || next === '?')) {
      text += next
      at++
    } else if (character === '*' || character === '?') {
      close()
      parts.push({ kind: character === '*' ? 'any-run' : 'any-one' })
    } else text += character
  }
  close()
  return parts
}

export const literalPattern = (text: string): Pattern => (text === '' ? [] : [{ kind: 'text', text }])

/** The text of a pattern without wildcards; undefined where it has any. */
export function plainText(pattern: Pattern): string | undefined {
  let text = ''
  for (const part of pattern) {
    if (part.kind !== 'text') return undefined
    text += part.text
  }
  return text
}

/** Takes texts in the pattern apart where `find` matches. */
export function splitTexts(pattern: Pattern, find: RegExp, make: (found: RegExpExecArray) => Part): Pattern {
  return pattern.flatMap((part): readonly Part[] => {
    if (part.kind !== 'text') return [part]
    const parts: Part[] = []
    let from = 0
    for (const found of part.text.matchAll(find)) {
      parts.push(...literalPattern(part.text.slice(from, found.index)), make(found))
      from = found.index + found[0].length
    }
    return [...parts, ...literalPattern(part.text.slice(from))]
  })
}

/** Neighbouring texts joined and runs of `*` made one. */
export function tidy(pattern: Pattern): Pattern {
  const parts: Part[] = []
  for (const part of pattern) {
    const last = parts[parts.length - 1]
    if (part.kind === 'text' && last?.kind === 'text')
      parts[parts.length - 1] = { kind: 'text', text: last.text + part.text }
    else if (part.kind !== 'any-run' || last?.kind !== 'any-run') parts.push(part)
  }
  return parts
}

/** The pattern as a regular expression, without anchors. `run` and `one` are what the wildcards become. */
export const patternSource = (pattern: Pattern, run = '.*', one = '.'): string =>
  pattern.map((part) => partSource(part, run, one)).join('')

function partSource(part: Part, run: string, one: string): string {
  switch (part.kind) {
    case 'text':
      return part.text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    case 'any-run':
      return run
    case 'any-one':
      return one
    case 'dash':
      return `[${DASHES.join('').replace('-', '\\-')}]`
    case 'placeholder':
      throw new Error('a placeholder in a pattern that is matched')
  }
}

/** Whether the pattern matches a dash alone. */
export function takesDash(pattern: Pattern): boolean {
  let least = 0
  for (const part of pattern) {
    if (part.kind === 'text' && part.text !== '-') return false
    if (part.kind !== 'any-run') least++
  }
  return least === 1 || (least === 0 && pattern.length > 0)
}
