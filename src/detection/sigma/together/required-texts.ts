import { foldText } from './fold.js'

/**
 * Texts, folded, of which at least one stands in every text that the expression matches; undefined where none can be told. What
 * `regexFault` refuses does not come here.
 */
export function requiredTexts(source: string): readonly string[] | undefined {
  const found = new Reader(source).alternatives()
  return found?.every((text) => text.length >= SHORTEST) && found.length <= MOST ? found : undefined
}

const SHORTEST = 2
const MOST = 64

type Required = readonly string[] | undefined

/** One thing that may be repeated: a character, or something that has required texts of its own, or neither. */
type Atom = { readonly character: string } | { readonly required: Required }

class Reader {
  private at = 0

  constructor(private readonly source: string) {}

  alternatives(): Required {
    const all = new Set<string>()
    let known = true
    for (;;) {
      const required = this.sequence()
      if (required) for (const text of required) all.add(text)
      else known = false
      if (this.source[this.at] !== '|') break
      this.at++
    }
    return known ? [...all] : undefined
  }

  private sequence(): Required {
    let best: Required
    let run = ''
    const offer = (required: Required): void => {
      if (required && (!best || worth(required) > worth(best))) best = required
    }
    const close = (): void => {
      if (run !== '') offer([foldText(run)])
      run = ''
    }
    while (this.at < this.source.length && this.source[this.at] !== '|' && this.source[this.at] !== ')') {
      const atom = this.atom()
      const least = this.repeated()
      if ('character' in atom && least === undefined) run += atom.character
      else if ('character' in atom) {
        if (least! > 0) run += atom.character
        close()
      } else {
        close()
        if (least !== 0) offer(atom.required)
      }
    }
    close()
    return best
  }

  /** How often at least what stands before is repeated; undefined where it stands once. */
  private repeated(): number | undefined {
    const found = /^(?:([*?])|(\+)|\{(\d+)(?:,\d*)?\})\??/.exec(this.source.slice(this.at, this.at + 24))
    if (!found) return undefined
    this.at += found[0].length
    return found[1] ? 0 : found[2] ? 1 : Number(found[3])
  }

  private atom(): Atom {
    const character = this.source[this.at]!
    switch (character) {
      case '(':
        return { required: this.group() }
      case '[':
        this.skipClass()
        return UNKNOWN
      case '.':
      case '^':
      case '$':
        this.at++
        return UNKNOWN
      case '\\':
        return this.escape()
      default: {
        const whole = String.fromCodePoint(this.source.codePointAt(this.at)!)
        this.at += whole.length
        return { character: whole }
      }
    }
  }

  private escape(): Atom {
    const next = this.source[this.at + 1] ?? ''
    if (next === 'Q') {
      const end = this.source.indexOf('\\E', this.at)
      const text = this.source.slice(this.at + 2, end < 0 ? undefined : end)
      this.at = end < 0 ? this.source.length : end + 2
      return { required: text === '' ? undefined : [foldText(text)] }
    }
    this.at += 2
    if (/[^a-zA-Z0-9]/.test(next)) return { character: next }
    // `\x41`, `\x{41}`, `\pL`, `\p{Greek}`, `\012`: what they stand for is not looked at.
    const rest = this.source.slice(this.at, this.at + 80)
    const longer =
      next === 'x'
        ? /^(?:\{[^}]*\}|[0-9a-fA-F]{0,2})/.exec(rest)
        : next === 'p' || next === 'P'
          ? /^(?:\{[^}]*\}|.)/.exec(rest)
          : /[0-9]/.test(next)
            ? /^[0-9]{0,2}/.exec(rest)
            : null
    this.at += longer?.[0].length ?? 0
    return UNKNOWN
  }

  private group(): Required {
    const head = /^\((?:\?(?:[imsU-]*[:)]|P?<\w+>))?/.exec(this.source.slice(this.at, this.at + 80))!
    this.at += head[0].length
    // `(?i)` alone: flags for what follows.
    if (head[0].endsWith(')')) return undefined
    const inside = this.alternatives()
    this.at++
    return inside
  }

  private skipClass(): void {
    let at = this.at + 1
    if (this.source[at] === '^') at++
    if (this.source[at] === ']') at++
    for (; at < this.source.length && this.source[at] !== ']'; at++) {
      if (this.source[at] === '\\') at++
      else if (this.source.startsWith('[:', at)) {
        const end = this.source.indexOf(':]', at)
        if (end > 0) at = end + 1
      }
    }
    this.at = at + 1
  }
}

const UNKNOWN: Atom = { required: undefined }

/** Long texts are rare, and few of them rarer than many. */
const worth = (texts: readonly string[]): number => Math.min(...texts.map(({ length }) => length)) - texts.length / 100
