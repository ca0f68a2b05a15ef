import type { Case, MatchHow } from '../ir/scalar.js'

/** Letters and digits make a term; everything else, the underscore included, bounds it. */
const LEFT = '(?:^|[^\\p{L}\\p{N}])'
const RIGHT = '(?:$|[^\\p{L}\\p{N}])'
const TERM_CHARACTER = /[\p{L}\p{N}]/u

/** The literal text as a regular expression. */
export const regexEscape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** Flags in front: `.` takes every character, and letters fold where case does not count. */
export const regexPrefix = (letters: Case): string => (letters === 'insensitive' ? '(?is)' : '(?s)')

/**
 * One regular expression for any of the needles. A needle is bounded on a side only where its own edge is a letter or a digit, so the
 * needles are grouped by the bounds they need: four alternations at the most, however many needles there are.
 */
export function needlePattern(how: Exclude<MatchHow, 'wildcard'>, needles: readonly string[]): string {
  const groups = new Map<string, string[]>()
  for (const needle of new Set(needles)) {
    const characters = [...needle]
    const left = bounded(how, 'left') && TERM_CHARACTER.test(characters[0]!) ? LEFT : how === 'prefix' ? '^' : ''
    const right =
      bounded(how, 'right') && TERM_CHARACTER.test(characters[characters.length - 1]!)
        ? RIGHT
        : how === 'suffix'
          ? '$'
          : ''
    const key = `${left}\u0000${right}`
    groups.set(key, [...(groups.get(key) ?? []), regexEscape(needle)])
  }
  const parts = [...groups].map(([key, texts]) => {
    const [left, right] = key.split('\u0000') as [string, string]
    return `${left}(?:${texts.join('|')})${right}`
  })
  return parts.length === 1 ? parts[0]! : parts.map((part) => `(?:${part})`).join('|')
}

const bounded = (how: MatchHow, side: 'left' | 'right'): boolean =>
  how === 'term' || (how === 'term-prefix' && side === 'left') || (how === 'term-suffix' && side === 'right')

/** `*` and `?` as a regular expression over the whole text. */
export const wildcardPattern = (pattern: string): string =>
  `^${pattern
    .split(/([*?])/)
    .map((piece) => (piece === '*' ? '.*' : piece === '?' ? '.' : regexEscape(piece)))
    .join('')}$`
