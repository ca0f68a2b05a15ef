import { and, type Case, call, FALSE, literal, type MatchHow, not, or, type Scalar, text } from '../../ir/scalar.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { type FieldColumns, SEPARATOR } from './field-columns.js'
import type { FieldKind } from './lower.js'
import type { Test } from './modifiers.js'
import { readNetwork } from './network.js'
import { DASHES, type Part, type Pattern, patternSource, takesDash, tidy } from './pattern.js'
import { regexFault } from './regex.js'

export interface TestContext {
  /** Undefined where the whole event is meant. */
  readonly field: string | undefined
  readonly kind: FieldKind
  readonly fieldKind: (field: string) => FieldKind
  readonly columns: FieldColumns
  readonly diagnostics: Diagnostic[]
  readonly placeholder: (name: string) => readonly Pattern[] | undefined
}

/** Texts that one value may become by its placeholders and dashes. */
const MOST_EXPANSIONS = 10_000
/** A pattern with more dashes than this becomes one regular expression. */
const MOST_DASHES = 2

/** Any or all of the tests. Never null: what an event does not have passes no test, and its negation holds. */
export function lowerTests(
  tests: readonly Test[],
  quantifier: 'any' | 'all',
  context: TestContext,
  span: Span,
): Scalar {
  if (quantifier === 'all') {
    const each = tests.map((test) => lowerAny([test], context, span))
    return and(each, span)
  }
  return lowerAny(tests, context, span)
}

type PatternTest = Extract<Test, { kind: 'pattern' }>

function lowerAny(tests: readonly Test[], context: TestContext, span: Span): Scalar {
  const whole = wholeNumbers(tests, context)
  if (whole) {
    const values = whole.map((value) => literal('long', value))
    const subject = view(context, 'whole')
    return { kind: 'member', type: 'bool', subject, values, case: 'sensitive', span }
  }
  const patterns: PatternTest[] = []
  const others: Scalar[] = []
  for (const test of tests) {
    if (test.kind === 'pattern') patterns.push(...expand(test, context))
    else if (test.kind === 'number')
      patterns.push({ kind: 'pattern', pattern: [{ kind: 'text', text: test.text }], cased: false, span: test.span })
    else others.push(lowerOther(test, context))
  }
  return or([...lowerPatterns(patterns, context, span), ...others], span)
}

/** The values, where the field holds whole numbers and nothing else is asked for. */
function wholeNumbers(tests: readonly Test[], { kind }: TestContext): readonly bigint[] | undefined {
  if (kind !== 'whole') return undefined
  const values: bigint[] = []
  for (const test of tests) {
    const [only, ...more] = test.kind === 'pattern' ? test.pattern : []
    const written =
      test.kind === 'number' ? test.text : only?.kind === 'text' && more.length === 0 ? only.text : undefined
    if (written === undefined || !/^(?:0|-?[1-9]\d{0,17})$/.test(written)) return undefined
    values.push(BigInt(written))
  }
  return values
}

function view(
  { field, kind, columns }: TestContext,
  wanted: 'text' | 'written' | 'present' | 'whole' | 'list',
): Scalar {
  return columns.view(field, kind === 'list' && wanted !== 'present' ? 'list' : wanted)
}

/** The test's patterns with placeholders filled in and few dashes written out. */
function expand(test: PatternTest, context: TestContext): readonly PatternTest[] {
  let patterns: readonly Pattern[] = [[]]
  const dashes = test.pattern.filter(({ kind }) => kind === 'dash').length
  for (const part of test.pattern) {
    const choices = choicesOf(part, dashes <= MOST_DASHES, test, context)
    if (choices === undefined) return []
    patterns = patterns.flatMap((before) => choices.map((choice) => [...before, ...choice]))
    if (patterns.length > MOST_EXPANSIONS) {
      const what = `a value that stands for more than ${MOST_EXPANSIONS} texts`
      context.diagnostics.push(diagnose('unsupported-form', test.span, { language: 'Sigma', what }))
      return []
    }
  }
  return patterns.map((pattern) => ({ ...test, pattern: tidy(pattern) }))
}

function choicesOf(
  part: Part,
  writeDashes: boolean,
  { span }: PatternTest,
  { placeholder, diagnostics }: TestContext,
): readonly Pattern[] | undefined {
  if (part.kind === 'dash' && writeDashes) return DASHES.map((dash) => [{ kind: 'text', text: dash }])
  if (part.kind !== 'placeholder') return [[part]]
  const values = placeholder(part.name)
  if (!values) diagnostics.push(diagnose('placeholder-without-values', span, { name: part.name }))
  return values
}

/** How a pattern can be looked for, and what for. */
interface Shape {
  readonly how: MatchHow | 'equal' | 'regex' | 'present'
  readonly needle: string
}

function shapeOf(pattern: Pattern): Shape {
  const texts = pattern.flatMap((part) => (part.kind === 'text' ? [part.text] : []))
  const kinds = pattern.map(({ kind }) => kind).join(' ')
  const [needle = ''] = texts
  switch (kinds) {
    case '':
    case 'text':
      return { how: 'equal', needle }
    case 'any-run':
      return { how: 'present', needle }
    case 'any-run text':
      return { how: 'suffix', needle }
    case 'text any-run':
      return { how: 'prefix', needle }
    case 'any-run text any-run':
      return { how: 'contains', needle }
  }
  const plain = pattern.every(({ kind }) => kind !== 'dash') && texts.every((each) => !/[*?]/.test(each))
  if (!plain) return { how: 'regex', needle: patternSource(pattern) }
  const signs = { 'any-run': '*', 'any-one': '?', dash: '', placeholder: '' }
  return {
    how: 'wildcard',
    needle: pattern.map((part) => (part.kind === 'text' ? part.text : signs[part.kind])).join(''),
  }
}

/** Alike tests become one node with many needles. */
function lowerPatterns(tests: readonly PatternTest[], context: TestContext, span: Span): readonly Scalar[] {
  const groups = new Map<
    string,
    { readonly subject: Scalar; readonly shape: Shape; readonly letters: Case; readonly needles: string[] }
  >()
  const singles: Scalar[] = []
  for (const { pattern, cased, span: at } of tests) {
    const letters: Case = cased ? 'sensitive' : 'insensitive'
    if (context.kind === 'list') {
      const shape = listShape(pattern, context.field === undefined)
      group(groups, view(context, 'list'), shape, letters)
      continue
    }
    if (pattern.length === 0) {
      // The empty text is a value; what is absent is none.
      const values = [text('')]
      const empty: Scalar = {
        kind: 'member',
        type: 'bool',
        subject: view(context, 'written'),
        values,
        case: letters,
        span: at,
      }
      singles.push(and([view(context, 'present'), empty], at))
      continue
    }
    const shape = shapeOf(pattern)
    // Logs write `-` for nothing, and the model's columns leave that out.
    const subject = view(context, takesDash(pattern) ? 'written' : 'text')
    if (shape.how === 'present') singles.push(view(context, 'present'))
    else if (shape.how === 'regex')
      singles.push(regex(subject, shape.needle, 'whole', { ignoreCase: !cased, dotAll: true, multiLine: false }, at))
    else group(groups, subject, shape, letters)
  }
  for (const { subject, shape, letters, needles } of groups.values()) {
    const values = needles.map((needle) => text(needle))
    if (shape.how === 'equal') singles.push({ kind: 'member', type: 'bool', subject, values, case: letters, span })
    else if (shape.how === 'regex')
      for (const needle of needles)
        singles.push(
          regex(
            subject,
            needle,
            'none',
            { ignoreCase: letters === 'insensitive', dotAll: true, multiLine: false },
            span,
          ),
        )
    else if (shape.how !== 'present')
      singles.push({
        kind: 'match',
        type: 'bool',
        how: shape.how,
        subject,
        needles: values,
        quantifier: 'any',
        case: letters,
        span,
      })
  }
  return singles.length > 0 ? singles : [FALSE]
}

function group(
  groups: Map<
    string,
    { readonly subject: Scalar; readonly shape: Shape; readonly letters: Case; readonly needles: string[] }
  >,
  subject: Scalar,
  shape: Shape,
  letters: Case,
): void {
  const key = `${shape.how} ${letters} ${subject.kind === 'column' ? subject.name : ''}`
  const found = groups.get(key)
  if (found) found.needles.push(shape.needle)
  else groups.set(key, { subject, shape, letters, needles: [shape.needle] })
}

/** A value among several that stand between separators. A word that is looked for in the whole event may lie anywhere in a value. */
function listShape(pattern: Pattern, anywhere: boolean): Shape {
  const run = pattern[0]?.kind === 'any-run'
  const last = pattern.length > 1 && pattern[pattern.length - 1]!.kind === 'any-run'
  const open = anywhere || run ? '' : SEPARATOR
  const close = anywhere || last || (run && pattern.length === 1) ? '' : SEPARATOR
  const inner = pattern.slice(run ? 1 : 0, last ? -1 : undefined)
  if (inner.every(({ kind }) => kind === 'text')) {
    const needle = `${open}${inner.map((part) => (part.kind === 'text' ? part.text : '')).join('')}${close}`
    // A value of any kind: there is one where there is a separator.
    return {
      how: 'contains',
      needle: needle === '' ? SEPARATOR : needle,
    }
  }
  const one = `[^${SEPARATOR}]`
  return { how: 'regex', needle: `${open}${patternSource(inner, `${one}*`, one)}${close}` }
}

function regex(
  subject: Scalar,
  source: string,
  anchored: 'whole' | 'none',
  flags: { readonly ignoreCase: boolean; readonly dotAll: boolean; readonly multiLine: boolean },
  span: Span,
): Scalar {
  return { kind: 'regex', type: 'bool', subject, pattern: text(source), dialect: 'pcre', anchored, flags, span }
}

function lowerOther(test: Exclude<Test, { kind: 'pattern' | 'number' }>, context: TestContext): Scalar {
  const { columns, field, diagnostics } = context
  const refuse = (what: string): Scalar => {
    diagnostics.push(diagnose('unsupported-form', test.span, { language: 'Sigma', what }))
    return FALSE
  }
  if (field === undefined && test.kind !== 'any' && test.kind !== 'regex')
    return refuse(`${WORDS[test.kind]} without a field`)
  const present = (): Scalar => view(context, 'present')
  switch (test.kind) {
    case 'null':
      return not(present(), test.span)
    case 'exists':
      return test.wanted ? present() : not(present(), test.span)
    case 'any':
      return lowerAny(test.tests, context, test.span)
    case 'regex': {
      const { source, ignoreCase, dotAll, multiLine, span } = test
      const fault = regexFault(source)
      if (fault !== undefined) {
        diagnostics.push(diagnose('bad-regular-expression', span, { reason: fault }))
        return FALSE
      }
      const flags = { ignoreCase, dotAll, multiLine }
      if (context.kind === 'list') {
        if (!staysWithin(source))
          return refuse('a regular expression over several values that may run from one into the next')
        return regex(view(context, 'list'), source, 'none', flags, span)
      }
      return and([present(), regex(view(context, 'written'), source, 'none', flags, span)], span)
    }
    case 'cidr': {
      const network = readNetwork(test.network)
      if (typeof network === 'string') {
        diagnostics.push(
          diagnose('rule-wrong-value', test.span, {
            key: field ?? 'cidr',
            found: test.network,
            expected: `a network, and ${network}`,
          }),
        )
        return FALSE
      }
      if (context.kind === 'list') return refuse('a network over several values')
      const subject = view(context, 'text')
      if (network.kind === 'ipv4')
        return regex(
          subject,
          network.pattern,
          'whole',
          { ignoreCase: false, dotAll: false, multiLine: false },
          test.span,
        )
      // What is no address gives null.
      const within = call('ipv6_is_in_range', 'bool', [subject, text(network.network)], test.span)
      const colon: Scalar = {
        kind: 'match',
        type: 'bool',
        how: 'contains',
        subject,
        needles: [text(':')],
        quantifier: 'any',
        case: 'sensitive',
        span: test.span,
      }
      return and([colon, call('coalesce', 'bool', [within, FALSE], test.span)], test.span)
    }
    case 'field': {
      if (context.kind === 'list' || context.fieldKind(test.name) === 'list')
        return refuse('`fieldref` over several values')
      const letters: Case = test.cased ? 'sensitive' : 'insensitive'
      const [left, right] = [columns.view(field, 'written'), columns.view(test.name, 'written')]
      const { span } = test
      const found: Scalar =
        test.how === 'equal'
          ? { kind: 'compare', type: 'bool', operator: 'equal', left, right, case: letters, nulls: 'total', span }
          : {
              kind: 'match',
              type: 'bool',
              how: test.how,
              subject: left,
              needles: [right],
              quantifier: 'any',
              case: letters,
              span,
            }
      return and([present(), columns.view(test.name, 'present'), found], span)
    }
    case 'compare': {
      if (context.kind === 'list') return refuse('a comparison over several values')
      const { part, operator, value, span } = test
      const left =
        part === undefined
          ? columns.view(field, 'number')
          : call('datetime_part', 'long', [text(part === 'week' ? 'week_of_year' : part), columns.view(field, 'time')])
      const right = part === undefined ? literal('real', value) : literal('long', BigInt(value))
      const compared: Scalar = {
        kind: 'compare',
        type: 'bool',
        operator,
        left,
        right,
        case: 'sensitive',
        nulls: 'unknown',
        span,
      }
      return and([call('is_not_null', 'bool', [left], span), compared], span)
    }
  }
}

const WORDS = {
  null: '`null`',
  exists: '`exists`',
  cidr: '`cidr`',
  field: '`fieldref`',
  compare: 'a comparison',
} as const

/** Whether what the expression matches cannot hold a separator: it has no `.`, no anchor and no class of what is not. */
const staysWithin = (source: string): boolean => !/\[\^|\\[DSWPbBAz]|[.^$]/.test(source.replace(/\\[.^$\\]/g, ''))
