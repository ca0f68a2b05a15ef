import { describe, expect, test } from 'vitest'
import type { Scalar } from '../../ir/scalar.js'
import { parseCondition } from './condition.js'
import { lowerSigma } from './lower.js'
import { applyModifiers, type Test } from './modifiers.js'
import { readNetwork } from './network.js'
import { parseSigma } from './parser.js'
import { parsePattern, patternSource, takesDash } from './pattern.js'
import { regexFault } from './regex.js'
import type { Condition, SigmaRule } from './syntax.js'

const rule = (detection: string): string =>
  `title: t\nlogsource: { product: windows }\ndetection:\n${detection.replace(/^/gm, '  ')}\n`

const conditionOf = (text: string, names: readonly string[] = []): Condition | undefined =>
  parseCondition(text, { start: 0, span: { start: 0, end: text.length }, exact: true }, new Set(names)).condition

function show(condition: Condition | undefined): string {
  switch (condition?.kind) {
    case undefined:
      return 'none'
    case 'and':
    case 'or':
      return `(${condition.operands.map(show).join(` ${condition.kind} `)})`
    case 'not':
      return `not ${show(condition.operand)}`
    case 'search':
      return condition.name
    case 'of':
      return `${condition.quantifier}:${condition.pattern ?? 'them'}`
  }
}

/** The tests that an item's value becomes, or the words of what refuses it. */
function testsOf(key: string, value: string): readonly Test[] | string {
  const { documents } = parseSigma(rule(`s:\n  '${key}': ${value}\ncondition: s`))
  const body = (documents[0] as SigmaRule).detection.searches[0]!.body
  const diagnostics: Parameters<typeof applyModifiers>[1] = []
  const predicate = body.kind === 'map' ? applyModifiers(body.items[0]!, diagnostics) : undefined
  return predicate?.tests ?? diagnostics.map(({ message }) => message).join('; ')
}

const sources = (tests: readonly Test[] | string): unknown =>
  typeof tests === 'string'
    ? tests
    : tests.map(function source(test): unknown {
        if (test.kind === 'any') return test.tests.map(source)
        return test.kind === 'pattern' ? patternSource(test.pattern) : test.kind
      })

function lowered(detection: string, placeholders: ReadonlyMap<string, readonly string[]> = new Map()) {
  const { documents, diagnostics } = parseSigma(rule(detection))
  expect(diagnostics).toEqual([])
  return lowerSigma(documents[0]!, { placeholders, fieldKind: (field) => (field === 'EventID' ? 'whole' : 'text') })
}

function conditionIn(result: ReturnType<typeof lowered>): Scalar {
  const { body } = result.ok ? result.query : { body: undefined }
  if (body?.kind !== 'project' || body.input.kind !== 'filter') throw new Error('no filter')
  return body.input.condition
}

describe('conditions', () => {
  test('bind not before and, and and before or', () => {
    expect(show(conditionOf('a or not b and c or (d or e) and f'))).toBe('(a or (not b and c) or ((d or e) and f))')
  })
  test('take searches by quantity', () => {
    expect(show(conditionOf('1 of sel_* and not ALL OF them or any of x'))).toBe(
      '((any:sel_* and not all:them) or any:x)',
    )
  })
  test('prefer a search to a word of the language', () => {
    expect(show(conditionOf('all and them', ['all', 'them']))).toBe('(all and them)')
  })
  test.each(['', 'a b', 'a and', '(a', 'a)', '2 of them', 'a | count() > 5', '1 of', 'a & b', 'and'])(
    'refuse %j',
    (text) => {
      expect(show(conditionOf(text))).toBe('none')
    },
  )
  test('end where they are nested without end', () => {
    expect(show(conditionOf(`${'('.repeat(100_000)}a`))).toBe('none')
    expect(show(conditionOf(`${'not '.repeat(100_000)}a`))).toBe('none')
  })
  test('name an aggregation, and where it stands', () => {
    const text = rule('s: { a: b }\ncondition: s | count() > 5')
    const [diagnostic] = parseSigma(text).diagnostics
    expect(diagnostic?.message).toContain('aggregation')
    expect(text.slice(diagnostic!.span!.start, diagnostic!.span!.end)).toBe('|')
  })
})

describe('documents', () => {
  test('of several rules are read each, and global parts go under them until a reset', () => {
    const text = [
      'action: global\ntitle: shared\nlevel: high\nlogsource: { product: windows }',
      'detection: { s: { a: 1 }, condition: s }',
      'action: repeat\ntitle: again\ndetection: { s: { a: 2 } }',
      'action: reset',
      'title: alone\nlogsource: { product: linux }\ndetection: { s: { a: 3 }, condition: s }',
    ].join('\n---\n')
    const { documents, diagnostics } = parseSigma(text)
    expect(diagnostics).toEqual([])
    expect(documents.map(({ title, level }) => [title, level])).toEqual([
      ['shared', 'high'],
      ['again', 'high'],
      ['alone', undefined],
    ])
  })
  test('of old collections leave correlations and filters alone', () => {
    const text = [
      'action: global\ntitle: shared\nid: x\nlogsource: { product: windows }',
      'name: a\ndetection: { s: { a: 1 }, condition: s }',
      'title: c\ncorrelation: { type: event_count, rules: [a], timespan: 1m, condition: { gte: 2 } }',
      'action: repeat\nname: b',
    ].join('\n---\n')
    expect(parseSigma(text).documents.map(({ title, id, name }) => [title, id, name])).toEqual([
      ['shared', 'x', 'a'],
      ['c', undefined, undefined],
      ['shared', 'x', 'b'],
    ])
  })
  test('keep every field', () => {
    const [document] = parseSigma(`${rule('s: { a: 1 }\ncondition: s')}custom: { x: [1, null, true] }\n`).documents
    expect(document?.raw.custom).toEqual({ x: [1, null, true] })
  })
  test('that are correlations and filters are read, and refused by name when lowered', () => {
    const correlation = `title: c\ncorrelation: { type: event_count, rules: [a], group-by: [u], timespan: 5m, condition: { gte: 3 } }`
    const filter = `title: f\nlogsource: { product: windows }\nfilter: { rules: any, s: { u: x }, condition: not s }`
    const { documents, diagnostics } = parseSigma(`${correlation}\n---\n${filter}`)
    expect(diagnostics).toEqual([])
    expect(documents.map(({ kind }) => kind)).toEqual(['correlation', 'filter'])
    const messages = documents.map((each) => {
      const result = lowerSigma(each, { placeholders: new Map(), fieldKind: () => 'text' })
      return result.ok ? 'lowered' : result.diagnostics[0]!.message
    })
    expect(messages[0]).toContain('correlation of type event_count')
    expect(messages[1]).toContain('filter document')
  })
  test.each([
    ['nothing', ''],
    ['no map', '- a\n- b'],
    ['broken YAML', 'title: [a'],
    ['no detection', 'title: t\nlogsource: { product: windows }'],
    ['no log source', 'title: t\ndetection: { s: { a: 1 }, condition: s }'],
    ['a field with a map', rule('s: { a: { b: c } }\ncondition: s')],
    ['nesting without end', `title: ${'['.repeat(50_000)}`],
    [
      'aliases that grow',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((n, i) => `${n}: &${n} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`)
        .join('\n')}`,
    ],
    ['binary', '\u0000\u0001\uD800title'],
  ])('with %s are no rules, and say so or are empty', (name, text) => {
    const { documents, diagnostics } = parseSigma(text)
    expect(name === 'nothing' ? diagnostics.length === 0 : diagnostics.length > 0).toBe(true)
    expect(documents.filter((each) => each.kind === 'rule' && name !== 'a field with a map')).toEqual([])
  })
})

describe('values', () => {
  test.each([
    ['a*b?c', 'a.*b.c'],
    [String.raw`\*`, String.raw`\*`],
    [String.raw`\\*`, String.raw`\\.*`],
    [String.raw`\\\*`, String.raw`\\\*`],
    [String.raw`C:\Windows\cmd.exe`, String.raw`C:\\Windows\\cmd\.exe`],
    [String.raw`end\ `.trim(), String.raw`end\\`],
  ])('%s is the pattern %s', (value, pattern) => {
    expect(patternSource(parsePattern(value))).toBe(pattern)
  })
  test('that may be a dash are told', () => {
    expect(['-', '*', '?', '*-*', '?*'].filter((each) => !takesDash(parsePattern(each)))).toEqual([])
    expect(['', 'a', '--', '??', '-?', '*a*'].filter((each) => takesDash(parsePattern(each)))).toEqual([])
  })
  test.each([
    ['a|contains', '"x"', ['.*x.*']],
    ['a|startswith', '"x*"', ['x.*']],
    ['a|endswith|contains', '"x"', ['.*x.*']],
    ['a|contains', '5', ['.*5.*']],
    ['a', 'true', ['true']],
    ['a|base64', '"foobar"', ['Zm9vYmFy']],
    ['a|base64offset|contains', '"foobar"', [['.*Zm9vYmFy.*', '.*Zvb2Jhc.*', '.*mb29iYX.*']]],
    ['a|wide|base64', '"foo"', ['ZgBvAG8A']],
    ['a|utf16be|base64', '"foo"', ['AGYAbwBv']],
    ['a|utf16|base64', '"foo"', [String.raw`\/\/5mAG8AbwA=`]],
    ['a|windash|contains', '"-a /b x-y"', [String.raw`.*[\-/–—―]a [\-/–—―]b x\-y.*`]],
  ])('%s: %s', (key, value, expected) => {
    expect(sources(testsOf(key, value))).toEqual(expected)
  })
  test.each([
    ['a|endwith', '"x"', 'unknown modifier `endwith`'],
    ['a|wide', '"x"', '`wide` does not apply'],
    ['a|base64', '"x*"', '`base64` does not apply'],
    ['a|contains|re', '"x"', '`re` does not apply'],
    ['a|i', '"x"', '`i` does not apply'],
    ['a|lt', '"x"', '`lt` does not apply'],
    ['a|exists', '"x"', '`exists` does not apply'],
    ['a|contains|exists', 'true', '`exists` does not apply'],
    ['a|contains', 'null', '`contains` does not apply'],
    ['a|fieldref', '"x*"', '`fieldref` does not apply'],
    ['a|hour', '1.5', '`hour` does not apply'],
  ])('%s: %s is refused', (key, value, message) => {
    expect(testsOf(key, value)).toContain(message)
  })
})

describe('regular expressions', () => {
  test.each(['^a.*b$', 'a{2,3}?', '(?i)x|(?P<n>y)', '[^]a-z]+', String.raw`\d+\.\x41[\]\-]`, 'a{', '(?:a|b)*'])(
    '%s runs',
    (source) => {
      expect(regexFault(source)).toBeUndefined()
    },
  )
  test.each([
    '(?=a)',
    '(?<!a)',
    String.raw`(a)\1`,
    'a++',
    '(?>a)',
    '*a',
    '(a',
    'a)',
    '[a',
    'a{2000}',
    'a\\',
    String.raw`\Z`,
  ])('%s is refused', (source) => {
    expect(regexFault(source)).toBeTypeOf('string')
  })
})

describe('networks', () => {
  test.each([
    ['10.0.0.0/8', ['10.0.0.0', '10.255.1.2'], ['11.0.0.0', '110.0.0.1', '10.0.0.256', '10.0.0']],
    ['172.16.0.0/12', ['172.16.0.1', '172.31.255.255'], ['172.15.0.1', '172.32.0.0']],
    ['192.168.1.128/25', ['192.168.1.128', '192.168.1.255'], ['192.168.1.127', '192.168.2.200']],
    ['1.2.3.4', ['1.2.3.4'], ['1.2.3.5']],
    ['0.0.0.0/0', ['8.8.8.8'], ['x']],
  ])('%s', (text, inside, outside) => {
    const network = readNetwork(text)
    if (typeof network === 'string' || network.kind !== 'ipv4') throw new Error('no IPv4 network')
    const pattern = new RegExp(`^${network.pattern}$`)
    expect(inside.filter((each) => !pattern.test(each))).toEqual([])
    expect(outside.filter((each) => pattern.test(each))).toEqual([])
  })
  test.each(['10.0.0.1/8', '10.0.0.0/33', '10.0.0', 'fe80::1/10', 'x::/8', '1::2::3/4', 'fe80::/129', 'a/b/c'])(
    '%s is none',
    (text) => {
      expect(readNetwork(text)).toBeTypeOf('string')
    },
  )
  test('IPv6', () => {
    expect(readNetwork('fe80::/10')).toEqual({ kind: 'ipv6', network: 'fe80::/10' })
    expect(readNetwork('::ffff:10.0.0.0/104')).toEqual({ kind: 'ipv6', network: '::ffff:10.0.0.0/104' })
  })
})

describe('lowering', () => {
  test('puts alike values of a list into one node', () => {
    const condition = conditionIn(lowered(`s: { a|endswith: ['\\x.exe', '\\y.exe'] }\ncondition: s`))
    expect(condition).toMatchObject({ kind: 'match', how: 'suffix', quantifier: 'any', case: 'insensitive' })
  })
  test('compares whole numbers as such where the field holds nothing else', () => {
    expect(conditionIn(lowered(`s: { EventID: [1, '2'] }\ncondition: s`))).toMatchObject({
      kind: 'member',
      subject: { type: 'long' },
    })
    expect(conditionIn(lowered(`s: { EventID|contains: 1 }\ncondition: s`))).toMatchObject({ kind: 'match' })
  })
  test('looks at the value as written where it may be a dash', () => {
    expect(conditionIn(lowered(`s: { a: '-' }\ncondition: s`))).toMatchObject({ subject: { name: 'a (written)' } })
    expect(conditionIn(lowered(`s: { a: 'x' }\ncondition: s`))).toMatchObject({ subject: { name: 'a' } })
  })
  test('refuses searches that there are not, with the place', () => {
    const result = lowered(`s: { a: b }\ncondition: s and 1 of filter_*`)
    expect(result.diagnostics.map(({ code }) => code)).toEqual(['unknown-search'])
  })
  test('leaves searches that begin with an underscore out of them', () => {
    expect(conditionIn(lowered(`s: { a: b }\n_t: { a|re: c }\ncondition: 1 of them`))).toMatchObject({ kind: 'member' })
  })
  test('fills placeholders in, and refuses those without values by name', () => {
    const text = `s: { a|expand: '%admins%' }\ncondition: s`
    expect(conditionIn(lowered(text, new Map([['admins', ['x', 'y']]])))).toMatchObject({
      kind: 'member',
      values: [{ value: 'x' }, { value: 'y' }],
    })
    expect(lowered(text).diagnostics[0]?.message).toContain('%admins%')
  })
})
