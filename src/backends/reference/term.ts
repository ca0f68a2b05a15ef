import type { Match } from '../../ir/scalar.js'
import { isLike } from '../../text/wildcard.js'

const IS_TERM = /^[\p{L}\p{N}]$/u

/** Whether the needle lies in the text in the given way; by hand, letter by letter. */
export function matches(
  how: Match['how'],
  text: string,
  needle: string,
  letters: 'sensitive' | 'insensitive',
): boolean {
  const [within, find] = letters === 'insensitive' ? [text.toLowerCase(), needle.toLowerCase()] : [text, needle]
  switch (how) {
    case 'contains':
      return within.includes(find)
    case 'prefix':
      return within.startsWith(find)
    case 'suffix':
      return within.endsWith(find)
    case 'wildcard':
      return isLike([...within], [...find])
    case 'term':
    case 'term-prefix':
    case 'term-suffix':
      return hasTerm([...within], [...find], how !== 'term-suffix', how !== 'term-prefix')
  }
}

function hasTerm(text: readonly string[], needle: readonly string[], left: boolean, right: boolean): boolean {
  if (needle.length === 0) return true
  for (let start = 0; start + needle.length <= text.length; start++) {
    if (!needle.every((letter, index) => text[start + index] === letter)) continue
    const [before, after] = [text[start - 1], text[start + needle.length]]
    const leftOpen = left && before !== undefined && IS_TERM.test(needle[0]!) && IS_TERM.test(before)
    const rightOpen = right && after !== undefined && IS_TERM.test(needle[needle.length - 1]!) && IS_TERM.test(after)
    if (!leftOpen && !rightOpen) return true
  }
  return false
}
