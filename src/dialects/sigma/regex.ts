/**
 * Why a regular expression does not run on a linear-time engine, or undefined where it does. Sigma asks for the part of PCRE that has
 * neither lookaround nor references back. https://github.com/google/re2/wiki/Syntax
 */
export function regexFault(source: string): string | undefined {
  let depth = 0
  /** Whether something stands before that can be repeated, and whether it is repeated already. */
  let atom: 'none' | 'atom' | 'repeated' = 'none'
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!
    if (character === '\\') {
      const fault = escapeFault(source, at)
      if (fault !== undefined) return fault
      // `\Q...\E` is literal.
      if (source[at + 1] === 'Q') {
        const end = source.indexOf('\\E', at + 2)
        at = end < 0 ? source.length : end + 1
      } else at++
      atom = 'atom'
    } else if (character === '[') {
      const end = classEnd(source, at)
      if (typeof end === 'string') return end
      at = end
      atom = 'atom'
    } else if (character === '(') {
      const fault = groupFault(source.slice(at, at + 4))
      if (fault !== undefined) return fault
      if (++depth > MOST_DEPTH) return `groups nested deeper than ${MOST_DEPTH}`
      const head = /^\(\?(?:[imsU-]*[:)]|P?<\w+>)/.exec(source.slice(at, at + 80))
      if (head?.[0].endsWith(')')) {
        depth--
        at += head[0].length - 1
      } else {
        at += head ? head[0].length - 1 : 0
        atom = 'none'
      }
    } else if (character === ')') {
      if (--depth < 0) return 'a `)` without its `(`'
      atom = 'atom'
    } else if (character === '|') atom = 'none'
    else {
      const repeat = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})/.exec(source.slice(at, at + 24))
      if (!repeat) {
        atom = 'atom'
        continue
      }
      if (atom === 'none') return `\`${repeat[0]}\` with nothing before it to repeat`
      if (atom === 'repeated' && repeat[0] !== '?')
        return repeat[0] === '+' ? 'a possessive repetition' : `\`${repeat[0]}\` behind a repetition`
      if (Number(repeat[1] ?? 0) > MOST_REPEATS || Number(repeat[2] || 0) > MOST_REPEATS)
        return `a repetition of more than ${MOST_REPEATS}`
      at += repeat[0].length - 1
      atom = 'repeated'
    }
  }
  return depth > 0 ? 'a `(` without its `)`' : undefined
}

const MOST_REPEATS = 1000
const MOST_DEPTH = 200

function groupFault(head: string): string | undefined {
  if (/^\(\?[=!]/.test(head)) return 'a lookahead'
  if (/^\(\?<[=!]/.test(head)) return 'a lookbehind'
  if (head.startsWith('(?>')) return 'an atomic group'
  if (/^\(\?[(#|&R0-9]/.test(head) || head.startsWith('(?P>') || head.startsWith('(?P='))
    return `the group \`${head.slice(0, 3)}\``
  return head.startsWith('(*') ? 'a control verb' : undefined
}

function escapeFault(source: string, at: number): string | undefined {
  const next = source[at + 1]
  if (next === undefined) return 'a backslash at the end'
  if (/[1-9]/.test(next)) return 'a reference back'
  if (next === 'k' || next === 'g') return 'a reference back'
  if (/[a-zA-Z]/.test(next) && !KNOWN_ESCAPES.includes(next)) return `\`\\${next}\``
  return undefined
}

const KNOWN_ESCAPES = 'aftnrvdDsSwWbBAzpPxQECQ'

/** Where a class ends, or what is wrong with it. */
function classEnd(source: string, open: number): number | string {
  let at = open + 1
  if (source[at] === '^') at++
  if (source[at] === ']') at++
  for (; at < source.length; at++) {
    if (source[at] === '\\') {
      if (/[1-9]/.test(source[at + 1] ?? '')) return 'an octal number in a class'
      const fault = escapeFault(source, at)
      if (fault !== undefined) return fault
      at++
    } else if (source[at] === ']') return at
    else if (source.startsWith('[:', at)) {
      const end = source.indexOf(':]', at)
      if (end > 0) at = end + 1
    }
  }
  return 'a `[` without its `]`'
}
