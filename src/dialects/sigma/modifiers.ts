import { closestName } from '../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { ANY_RUN, literalPattern, type Pattern, parsePattern, plainText, splitTexts, tidy } from './pattern.js'
import type { DetectionItem, Modifier, SigmaValue } from './syntax.js'

/** What an item asks of its field, its modifiers applied. */
export interface Predicate {
  readonly tests: readonly Test[]
  /** Whether each test must hold, or any. */
  readonly quantifier: 'any' | 'all'
  readonly negated: boolean
}

/** One value of an item. Texts fold case unless `cased`. */
export type Test =
  | { readonly kind: 'pattern'; readonly pattern: Pattern; readonly cased: boolean; readonly span: Span }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly span: Span }
  | { readonly kind: 'null'; readonly span: Span }
  | { readonly kind: 'exists'; readonly wanted: boolean; readonly span: Span }
  | {
      readonly kind: 'regex'
      readonly source: string
      readonly ignoreCase: boolean
      readonly multiLine: boolean
      readonly dotAll: boolean
      readonly span: Span
    }
  | { readonly kind: 'cidr'; readonly network: string; readonly span: Span }
  | {
      readonly kind: 'field'
      readonly name: string
      readonly how: 'equal' | 'prefix' | 'suffix' | 'contains'
      readonly cased: boolean
      readonly span: Span
    }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      /** A part of a time; undefined where the field's number is compared. */
      readonly part: TimePart | undefined
      readonly value: number
      readonly span: Span
    }
  /** Any of them: what `base64offset` makes of one value. */
  | { readonly kind: 'any'; readonly tests: readonly Test[]; readonly span: Span }

export type CompareOperator = 'equal' | 'less' | 'less-or-equal' | 'greater' | 'greater-or-equal'
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'

/** Applies an item's modifiers, left to right. Undefined, with a diagnostic, where they are unknown or do not go together. */
export function applyModifiers(item: DetectionItem, diagnostics: Diagnostic[]): Predicate | undefined {
  const unknown = item.modifiers.filter(({ name }) => !NAMES.has(name))
  for (const { name, span } of unknown)
    diagnostics.push(diagnose('unknown-modifier', span, { name, closest: closestName(name, [...NAMES]) }))
  if (unknown.length > 0) return undefined
  const names = new Set(item.modifiers.map(({ name }) => name))
  const steps = item.modifiers.filter(({ name }) => name !== 'all' && name !== 'neq')
  const tests: Test[] = []
  for (const value of item.values) {
    const test = new Chain(value, item).run(steps)
    if (test instanceof Refusal) {
      diagnostics.push(diagnose('modifier-does-not-apply', test.span, { modifier: test.modifier, reason: test.reason }))
      return undefined
    }
    tests.push(test)
  }
  return { tests, quantifier: names.has('all') ? 'all' : 'any', negated: names.has('neq') }
}

class Refusal {
  constructor(
    readonly modifier: string,
    readonly reason: string,
    readonly span: Span,
  ) {}
}

/** A value on its way through the modifiers. */
type State =
  | Test
  /** Bytes that only a Base64 modifier can make text of. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly by: string; readonly span: Span }
  | { readonly kind: 'time-part'; readonly part: TimePart; readonly value: number; readonly span: Span }
  | { readonly kind: 'bool'; readonly value: boolean; readonly span: Span }

const COMPARISONS: Readonly<Record<string, CompareOperator>> = {
  lt: 'less',
  lte: 'less-or-equal',
  gt: 'greater',
  gte: 'greater-or-equal',
}
const TIME_PARTS: ReadonlySet<string> = new Set(['minute', 'hour', 'day', 'week', 'month', 'year'])
const REGEX_FLAGS: Readonly<Record<string, 'ignoreCase' | 'multiLine' | 'dotAll'>> = {
  i: 'ignoreCase',
  ignorecase: 'ignoreCase',
  m: 'multiLine',
  multiline: 'multiLine',
  s: 'dotAll',
  dotall: 'dotAll',
}
const NAMES: ReadonlySet<string> = new Set([
  ...['all', 'neq', 'contains', 'startswith', 'endswith', 'windash', 'cased', 're', 'cidr', 'exists', 'fieldref'],
  ...['base64', 'base64offset', 'utf16', 'utf16le', 'utf16be', 'wide', 'expand'],
  ...Object.keys(COMPARISONS),
  ...TIME_PARTS,
  ...Object.keys(REGEX_FLAGS),
])

class Chain {
  private state: State
  private applied = 0

  constructor(
    private readonly source: SigmaValue,
    private readonly item: DetectionItem,
  ) {
    const { value, span } = source
    if (value === null) this.state = { kind: 'null', span }
    else if (typeof value === 'number') this.state = { kind: 'number', value, text: numberText(source), span }
    else if (typeof value === 'boolean') this.state = { kind: 'bool', value, span }
    else this.state = { kind: 'pattern', pattern: parsePattern(value), cased: false, span }
  }

  run(steps: readonly Modifier[]): Test | Refusal {
    for (const step of steps) {
      const next = this.apply(step)
      if (next instanceof Refusal) return next
      this.state = next
      this.applied++
    }
    const { state } = this
    const last = steps[steps.length - 1]
    switch (state.kind) {
      case 'bytes':
        return new Refusal(state.by, 'its bytes are no text: `base64` or `base64offset` must follow', last!.span)
      case 'bool':
        return { kind: 'pattern', pattern: literalPattern(String(state.value)), cased: false, span: state.span }
      case 'time-part':
        return { ...state, kind: 'compare', operator: 'equal' }
      default:
        return state
    }
  }

  private apply({ name, span }: Modifier): State | Refusal {
    const refuse = (reason: string): Refusal => new Refusal(name, reason, span)
    const { state } = this
    if (state.kind === 'any') return this.each(state, { name, span })
    const flag = REGEX_FLAGS[name]
    if (flag !== undefined)
      return state.kind === 'regex' ? { ...state, [flag]: true } : refuse('it is a flag of `re` and follows it')
    const operator = COMPARISONS[name]
    if (operator !== undefined) {
      if (state.kind === 'number')
        return { kind: 'compare', operator, part: undefined, value: state.value, span: state.span }
      if (state.kind === 'time-part') return { ...state, kind: 'compare', operator }
      return refuse(`the value \`${this.shown}\` is no number`)
    }
    if (TIME_PARTS.has(name)) {
      if (state.kind !== 'number' || !Number.isInteger(state.value))
        return refuse(`the value \`${this.shown}\` is no whole number`)
      return { kind: 'time-part', part: name as TimePart, value: state.value, span: state.span }
    }
    switch (name) {
      case 'contains':
      case 'startswith':
      case 'endswith':
        return this.bound(name) ?? refuse(`it needs a text, and the value is ${this.kindWords}`)
      case 'exists':
        if (this.item.field === undefined) return refuse('it asks for a field, and there is none')
        if (this.applied > 0 || this.item.modifiers.length > 1) return refuse('it stands alone')
        return state.kind === 'bool'
          ? { kind: 'exists', wanted: state.value, span: state.span }
          : refuse(`the value \`${this.shown}\` is neither true nor false`)
      case 'base64':
      case 'base64offset':
        return this.base64(name) ?? refuse(`it needs a text without wildcards, and the value is ${this.kindWords}`)
    }
    const text = asText(state)
    if (text === undefined) return refuse(`it needs a text, and the value is ${this.kindWords}`)
    switch (name) {
      case 'cased':
        return { ...text, cased: true }
      case 're':
        if (this.applied > 0) return refuse('it comes first')
        return {
          kind: 'regex',
          source: this.source.source,
          ignoreCase: false,
          multiLine: false,
          dotAll: false,
          span: text.span,
        }
      case 'cidr':
        if (this.applied > 0) return refuse('it comes first')
        return { kind: 'cidr', network: this.source.source, span: text.span }
      case 'windash':
        // A dash before a word and behind something that is no word: those within names stay.
        return { ...text, pattern: splitTexts(text.pattern, WINDASH, () => ({ kind: 'dash' })) }
      case 'expand':
        return {
          ...text,
          pattern: splitTexts(text.pattern, /%(\w+)%/g, ([, placeholder]) => ({
            kind: 'placeholder',
            name: placeholder!,
          })),
        }
      case 'fieldref': {
        const field = plainText(text.pattern)
        if (field === undefined || field === '') return refuse('the name of a field has no wildcards')
        return { kind: 'field', name: field, how: 'equal', cased: text.cased, span: text.span }
      }
      case 'wide':
      case 'utf16le':
      case 'utf16be':
      case 'utf16': {
        const plain = plainText(text.pattern)
        if (plain === undefined) return refuse('a text with wildcards has no bytes')
        return { kind: 'bytes', bytes: utf16(plain, name), by: name, span: text.span }
      }
    }
    throw new Error(`modifier ${name} without a meaning`)
  }

  private each(state: Extract<State, { kind: 'any' }>, step: Modifier): State | Refusal {
    const tests: Test[] = []
    for (const test of state.tests) {
      this.state = test
      const next = this.apply(step)
      if (next instanceof Refusal) return next
      if (next.kind === 'bytes' || next.kind === 'bool' || next.kind === 'time-part')
        return new Refusal(step.name, 'it does not follow `base64offset`', step.span)
      tests.push(next)
    }
    return { ...state, tests }
  }

  private bound(name: 'contains' | 'startswith' | 'endswith'): State | undefined {
    const { state } = this
    const [open, close] = [name !== 'startswith', name !== 'endswith']
    if (state.kind === 'regex') {
      if (name === 'contains') return state
      return { ...state, source: name === 'startswith' ? `^(?:${state.source})` : `(?:${state.source})$` }
    }
    if (state.kind === 'field')
      return { ...state, how: name === 'contains' ? 'contains' : name === 'startswith' ? 'prefix' : 'suffix' }
    const text = asText(state)
    if (!text) return undefined
    return { ...text, pattern: tidy([...(open ? [ANY_RUN] : []), ...text.pattern, ...(close ? [ANY_RUN] : [])]) }
  }

  private base64(name: 'base64' | 'base64offset'): State | undefined {
    const { state } = this
    const text = asText(state)
    const plain = text && plainText(text.pattern)
    const bytes = state.kind === 'bytes' ? state.bytes : plain === undefined ? undefined : Buffer.from(plain, 'utf8')
    if (!bytes) return undefined
    const { span } = state
    const test = (encoded: string): Test => ({
      kind: 'pattern',
      pattern: literalPattern(encoded),
      cased: false,
      span,
    })
    if (name === 'base64') return test(bytes.toString('base64'))
    // Of the text's three places within Base64's groups of three, the characters that no neighbour has a part in.
    const tests = [0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset, ' '), bytes]).toString('base64')
      const cut = [0, 3, 2][(bytes.length + offset) % 3]!
      return test(encoded.slice([0, 2, 3][offset], encoded.length - cut))
    })
    return { kind: 'any', tests, span }
  }

  private get shown(): string {
    return this.source.source.slice(0, 60)
  }

  private get kindWords(): string {
    switch (this.state.kind) {
      case 'null':
        return 'null'
      case 'bytes':
        return `the bytes that \`${this.state.by}\` made`
      case 'regex':
        return 'a regular expression'
      default:
        return `\`${this.shown}\``
    }
  }
}

/** https://docs.python.org/3/library/re.html: a word is letters, digits and `_` of any script. */
const WINDASH = /(?<![\p{L}\p{N}_])[-/](?=[\p{L}\p{N}_])/gu

type Text = Extract<Test, { kind: 'pattern' }>

/** Numbers and truth values are taken as they are written where a modifier works on texts. */
function asText(state: State): Text | undefined {
  switch (state.kind) {
    case 'pattern':
      return state
    case 'number':
      return { kind: 'pattern', pattern: literalPattern(state.text), cased: false, span: state.span }
    case 'bool':
      return { kind: 'pattern', pattern: literalPattern(String(state.value)), cased: false, span: state.span }
    default:
      return undefined
  }
}

/** A number as a log writes it: hexadecimal and the like in decimal, everything else as it stands. */
function numberText({ value, source }: SigmaValue): string {
  return /^[-+]?\d+(?:\.\d+)?$/.test(source) ? source.replace(/^\+/, '') : String(value)
}

function utf16(text: string, how: string): Buffer {
  const little = Buffer.from(text, 'utf16le')
  if (how === 'utf16be') return little.swap16()
  return how === 'utf16' ? Buffer.concat([Buffer.from([0xff, 0xfe]), little]) : little
}
