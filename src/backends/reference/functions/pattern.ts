/**
 * Regular expressions as the databases run them (RE2), on JavaScript's engine: the judge in tests and the fallback for functions that SQL
 * lacks. What JavaScript says differently is translated; what RE2 does not have is refused, so that both refuse alike.
 */
export class BadPattern extends Error {}

const compiled = new Map<string, RegExp>()

export function compilePattern(source: string, flags = ''): RegExp {
  const key = `${flags}/${source}`
  const known = compiled.get(key)
  if (known) {
    known.lastIndex = 0
    return known
  }
  const made = translate(source, flags)
  if (compiled.size > 500) compiled.clear()
  compiled.set(key, made)
  return made
}

function translate(source: string, flags: string): RegExp {
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(source.replace(/\\\\/g, ''))) {
    throw new BadPattern('lookaround and back references are not in RE2')
  }
  let body = source
  const letters = new Set(flags)
  for (let found = /^\(\?([imsU]+)\)/.exec(body); found; found = /^\(\?([imsU]+)\)/.exec(body)) {
    for (const letter of found[1]!) letters.add(letter)
    body = body.slice(found[0].length)
  }
  if (letters.has('U')) {
    letters.delete('U')
    body = body.replace(
      /(\\.|\[(?:\\.|[^\]])*\])|([*+?}])(\?)?(?![?*+])/g,
      (all, skip: string | undefined, quantifier: string, lazy: string | undefined) => {
        if (skip) return skip
        return quantifier === '?' && all === '?' ? '??' : lazy ? quantifier : `${quantifier}?`
      },
    )
  }
  body = body
    .replace(/\(\?P</g, '(?<')
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
    .replace(/\\[pP]([LNPSZCM])(?![{])/g, (all, letter: string) => `${all.slice(0, 2)}{${letter}}`)
    .replace(/\\Q(.*?)(?:\\E|$)/gs, (_all, text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .replace(/\[:(alpha|digit|alnum|upper|lower|space|punct|xdigit|word):\]/g, (_all, name: string) => POSIX[name]!)
  if (/\(\?[imsU]*-?[imsU]+[):]/.test(body)) body = spellOutCase(body, letters.has('i'))
  letters.add('u')
  letters.add('g')
  try {
    return new RegExp(body, [...letters].join(''))
  } catch {
    try {
      // The strict mode of `u` refuses escapes that RE2 takes, as `\-` and `\_`.
      return new RegExp(
        body
          .replace(/\\([^\w\s^$\\.*+?()[\]{}|/-])/g, '$1')
          .replace(/\\([_%@&=!#<>:;"'`~, ])/g, '$1')
          .replace(/(\[[^\]]*?)\\-/g, '$1\\-')
          .replace(/\\-(?![^[]*\])/g, '-'),
        [...letters].join(''),
      )
    } catch (error) {
      try {
        letters.delete('u')
        return new RegExp(body, [...letters].join(''))
      } catch {
        throw new BadPattern(error instanceof Error ? error.message : String(error))
      }
    }
  }
}

/**
 * Flags in the middle of a pattern, which JavaScript lacks: letters under `i` become classes of both cases. `s` in the middle is not
 * followed, nor `m` or `U`.
 */
function spellOutCase(source: string, startsFolded: boolean): string {
  const folded = [startsFolded]
  let out = ''
  let inClass = false
  for (let at = 0; at < source.length; at++) {
    const rest = source.slice(at)
    const flags = inClass ? null : /^\(\?([imsU]*)(?:-([imsU]+))?([):])/.exec(rest)
    if (flags) {
      const now = flags[1]!.includes('i') || (folded[folded.length - 1]! && !flags[2]?.includes('i'))
      if (flags[3] === ':') {
        folded.push(now)
        out += '(?:'
      } else folded[folded.length - 1] = now
      at += flags[0].length - 1
      continue
    }
    const letter = source[at]!
    if (letter === '\\') {
      const escaped = /^\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|x[0-9a-fA-F]{2}|.)/s.exec(rest)![0]
      out += escaped
      at += escaped.length - 1
      continue
    }
    if (inClass) inClass = letter !== ']'
    else if (letter === '[') inClass = true
    else if (letter === '(') folded.push(folded[folded.length - 1]!)
    else if (letter === ')' && folded.length > 1) folded.pop()
    const both = `${letter.toLowerCase()}${letter.toUpperCase()}`
    const isLetter = folded[folded.length - 1] && both.length === 2 && both[0] !== both[1]
    const range = inClass && isLetter ? /^([a-zA-Z])-([a-zA-Z])/.exec(rest) : null
    if (range) {
      out += `${range[1]!.toLowerCase()}-${range[2]!.toLowerCase()}${range[1]!.toUpperCase()}-${range[2]!.toUpperCase()}`
      at += 2
    } else out += isLetter ? (inClass ? both : `[${both}]`) : letter
  }
  return out
}

const POSIX: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9a-fA-F',
  word: '\\w',
}

export const quotePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
