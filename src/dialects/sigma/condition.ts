import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type Span, span } from '../../text/span.js'
import type { Condition } from './syntax.js'

/**
 * Reads a condition. `place` is the value's place in the file; `exact` says that the condition's characters stand there one by one, so
 * that diagnostics can point into it. `names` are the searches, which go before the words of the language.
 */
export function parseCondition(
  text: string,
  place: { readonly start: number; readonly span: Span; readonly exact: boolean },
  names: ReadonlySet<string>,
): { readonly condition: Condition | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const parser = new Parser(text, place, names)
  try {
    return { condition: parser.whole(), diagnostics: [] }
  } catch (error) {
    if (error instanceof Broken) return { condition: undefined, diagnostics: [error.diagnostic] }
    throw error
  }
}

class Broken extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message)
  }
}

interface Token {
  readonly kind: 'word' | '(' | ')' | '|' | 'end' | 'other'
  readonly text: string
  readonly start: number
}

const TOKEN = /\s*(?:([\p{L}\p{N}_*?.@:-]+)|([()|])|(\S))/uy
/** Parentheses and `not` within one another. */
const MOST_DEPTH = 200

class Parser {
  private readonly tokens: readonly Token[]
  private at = 0
  private depth = 0

  constructor(
    private readonly text: string,
    private readonly place: { readonly start: number; readonly span: Span; readonly exact: boolean },
    private readonly names: ReadonlySet<string>,
  ) {
    const tokens: Token[] = []
    TOKEN.lastIndex = 0
    for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
      const [, word, sign, other] = found
      const token = word ?? sign ?? other!
      const kind = word !== undefined ? 'word' : sign !== undefined ? (sign as '(' | ')' | '|') : 'other'
      tokens.push({ kind, text: token, start: TOKEN.lastIndex - token.length })
    }
    this.tokens = [...tokens, { kind: 'end', text: '', start: text.trimEnd().length }]
  }

  whole(): Condition {
    const condition = this.or()
    const { kind } = this.next
    // https://sigmahq.io/docs/basics/conditions.html: aggregations after a pipe gave way to correlations.
    if (kind === '|') this.fail('unsupported-form', 'an aggregation after `|` (correlation rules took its place)')
    if (kind !== 'end') this.expected('`and`, `or` or the end of the condition')
    return condition
  }

  private or(): Condition {
    return this.joined('or', () => this.joined('and', () => this.not()))
  }

  private joined(kind: 'and' | 'or', operand: () => Condition): Condition {
    const start = this.next.start
    const operands = [operand()]
    while (this.isWord(kind)) {
      this.at++
      operands.push(operand())
    }
    return operands.length === 1 ? operands[0]! : { kind, operands, span: this.spanFrom(start) }
  }

  private not(): Condition {
    const { start } = this.next
    if (!this.isWord('not')) return this.primary()
    this.at++
    this.deeper()
    const operand = this.not()
    this.depth--
    return { kind: 'not', operand, span: this.spanFrom(start) }
  }

  private primary(): Condition {
    const token = this.next
    if (token.kind === '(') {
      this.at++
      this.deeper()
      const inner = this.or()
      this.depth--
      if (this.next.kind !== ')') this.expected('`)`')
      this.at++
      return inner
    }
    if (token.kind !== 'word') return this.expected('the name of a search')
    const follower = this.tokens[this.at + 1]!
    if (follower.kind === 'word' && follower.text.toLowerCase() === 'of' && !this.names.has(token.text))
      return this.of(token)
    if (!this.names.has(token.text) && /^(?:and|or|of|not)$/i.test(token.text)) this.expected('the name of a search')
    this.at++
    return { kind: 'search', name: token.text, span: this.spanFrom(token.start) }
  }

  private of(quantity: Token): Condition {
    const word = quantity.text.toLowerCase()
    if (word !== '1' && word !== 'any' && word !== 'all') {
      if (/^\d+$/.test(word)) this.fail('unsupported-form', `\`${quantity.text} of\` (only 1, any and all are defined)`)
      this.expected('`1`, `any` or `all` before `of`')
    }
    this.at += 2
    const target = this.next
    if (target.kind !== 'word') this.expected('`them` or the name of searches after `of`')
    this.at++
    const isThem = target.text.toLowerCase() === 'them' && !this.names.has(target.text)
    return {
      kind: 'of',
      quantifier: word === 'all' ? 'all' : 'any',
      pattern: isThem ? undefined : target.text,
      span: this.spanFrom(quantity.start),
    }
  }

  private get next(): Token {
    return this.tokens[this.at]!
  }

  private isWord(word: string): boolean {
    return this.next.kind === 'word' && this.next.text.toLowerCase() === word && !this.names.has(this.next.text)
  }

  private deeper(): void {
    if (++this.depth > MOST_DEPTH) this.fail('unsupported-form', `a condition nested deeper than ${MOST_DEPTH}`)
  }

  private expected(expected: string): never {
    const { kind, text } = this.next
    const found = kind === 'end' ? 'the end of the condition' : `\`${text}\``
    throw new Broken(diagnose('syntax-error', this.nextSpan(), { found, expected }))
  }

  private fail(code: 'unsupported-form', what: string): never {
    throw new Broken(diagnose(code, this.nextSpan(), { language: 'Sigma', what }))
  }

  private nextSpan(): Span {
    const { start, text } = this.next
    return this.inFile(start, start + Math.max(1, text.length))
  }

  private spanFrom(start: number): Span {
    const last = this.tokens[this.at - 1]!
    return this.inFile(start, last.start + last.text.length)
  }

  private inFile(start: number, end: number): Span {
    const { exact, start: offset, span: whole } = this.place
    return exact ? span(offset + start, Math.min(offset + end, Math.max(whole.end, offset + start + 1))) : whole
  }
}
