import { describe, expect, test } from 'vitest'
import { parseSigma } from '../../../dialects/sigma/index.js'
import { lintSigma } from './index.js'

const HEAD = `title: t
id: 0e95725d-7320-415d-80f7-004da920fc11
level: low
`
const SOURCE = 'logsource: { product: windows, category: process_creation }\n'
const DETECTION = "detection:\n  s: { Image|endswith: '\\a.exe' }\n  condition: s\n"
const RULE = HEAD + SOURCE + DETECTION

/** Each diagnostic as its code and the text that it points at. */
function found(...texts: readonly string[]): readonly string[] {
  const files = texts.map((text, index) => ({ path: `${index}.yml`, ...parseSigma(text) }))
  return lintSigma(files).flatMap((diagnostics, index) =>
    diagnostics.map(({ code, span }) => `${code} ${span ? texts[index]!.slice(span.start, span.end) : ''}`.trim()),
  )
}

const detection = (search: string, condition = 's'): string =>
  `${HEAD}${SOURCE}detection:\n  s: ${search}\n  condition: ${condition}\n`

test('a sound rule has nothing to be said of it', () => {
  expect(found(RULE)).toEqual([])
})

describe('the header', () => {
  test.each([
    ['an unknown level', RULE.replace('low', 'hgih'), ['sigma-schema hgih']],
    ['an unknown status', `${RULE}status: tested\n`, ['sigma-schema tested']],
    ['an old date', `${RULE}date: 2025/01/02\n`, ['sigma-schema 2025/01/02']],
    ['a day that there is not', `${RULE}date: 2025-02-30\n`, ['sigma-schema 2025-02-30']],
    ['dates the wrong way round', `${RULE}date: 2025-02-02\nmodified: 2025-02-01\n`, ['sigma-dates 2025-02-01']],
    ['an id that is none', RULE.replace(/id: .*/, 'id: abc'), ['sigma-schema abc']],
    ['one false positive as a text', `${RULE}falsepositives: none\n`, ['sigma-schema none']],
    ['no id and no level', `title: t\n${SOURCE}${DETECTION}`, ['sigma-without title', 'sigma-without title']],
    ['a slip in a key', `${RULE}refrences: [a]\n`, ['rule-unknown-key refrences']],
    ['a key of its own', `${RULE}owner: us\n`, []],
    [
      'tags that are known',
      `${RULE}tags: [attack.t1219.002, attack.stealth, cve.2025-1234, tlp.amber, our.team]\n`,
      [],
    ],
    ['a tag that is not', `${RULE}tags: [attack.t12190]\n`, ['sigma-tag attack.t12190']],
    ['an old spelling of a tactic', `${RULE}tags: [attack.defense_evasion]\n`, ['sigma-tag attack.defense_evasion']],
    ['a tag twice', `${RULE}tags: [attack.t1219, attack.t1219]\n`, ['sigma-tag attack.t1219']],
    ['a slip in a namespace', `${RULE}tags: [atack.t1219]\n`, ['sigma-tag atack.t1219']],
    [
      'a slip in a category',
      RULE.replace('process_creation', 'proces_creation'),
      ['log-source-not-read { product: windows, category: proces_creation }', 'sigma-log-source proces_creation'],
    ],
  ])('%s', (_name, text, expected) => {
    expect([...found(text)].sort()).toEqual([...expected].sort())
  })

  test('the closest name is offered', () => {
    const [[diagnostic] = []] = lintSigma([{ path: 'a', ...parseSigma(RULE.replace('low', 'hgih')) }])
    expect(diagnostic).toMatchObject({ help: 'closest match is `high`', severity: 'warning' })
  })

  test('an id that two rules have is told at the second', () => {
    expect(found(RULE, RULE.replace('title: t', 'title: u'))).toEqual([
      'sigma-twice 0e95725d-7320-415d-80f7-004da920fc11',
    ])
  })
})

describe('the detection', () => {
  test.each([
    ['a modifier that there is not', detection('{ Image|endwith: a }'), ['unknown-modifier endwith']],
    ['a search that there is not', detection('{ Image: "*a" }', 's and t'), ['unknown-search t']],
    [
      'a search that nothing names',
      `${detection("{ Image: '*a' }").replace('  condition', "  t: { Image: '*b' }\n  condition")}`,
      ['search-not-used t'],
    ],
    ['a condition that never holds', detection("{ Image: '*a' }", 's and not s'), ['constant-condition s and not s']],
    ['a condition that always holds', detection("{ Image: '*a' }", 'not s or s'), ['constant-condition not s or s']],
    ['a name where a path is', detection('{ Image: cmd.exe }'), ['needle-never-matches cmd.exe']],
    [
      'a star that is no wildcard',
      detection("{ Image: 'C:\\\\Users\\*\\a.exe' }"),
      ["needle-never-matches 'C:\\\\Users\\*\\a.exe'"],
    ],
    ['a star that is one', detection("{ Image: 'C:\\\\Users\\\\*\\a.exe' }"), []],
    ['a text where numbers are', detection('{ EventID: 46a5 }'), ['needle-never-matches 46a5']],
    [
      'a backslash in double quotes',
      detection('{ CommandLine|contains: "C:\\temp" }'),
      ['control-character "C:\\temp"'],
    ],
    ['all of what cannot be together', detection('{ CommandLine|all: [a, b] }'), ['modifier-in-vain all']],
    ['all of what can', detection('{ CommandLine|contains|all: [a, b] }'), []],
    ['base64offset alone', detection('{ CommandLine|base64offset: abc }'), ['modifier-in-vain base64offset']],
    ['windash without a dash', detection('{ CommandLine|contains|windash: abc }'), ['modifier-in-vain windash']],
    ['a value twice', detection('{ CommandLine: [abc, ABC] }'), ['value-twice ABC']],
    ['a slip in a field', detection('{ ComandLine: abc }'), ['sigma-field ComandLine']],
    ['a field that is like no other', detection('{ Elsewhere: abc }'), []],
    ['an expression that cannot run', detection("{ CommandLine|re: '(?=a)' }"), ["bad-regular-expression '(?=a)'"]],
    ['a placeholder', detection("{ CommandLine|expand: '%x%' }"), ["placeholder-without-values '%x%'"]],
  ])('%s', (_name, text, expected) => {
    expect(found(text)).toEqual(expected)
  })

  test('a placeholder is a fault only where values are given', () => {
    const file = { path: 'a', ...parseSigma(detection("{ CommandLine|expand: '%x%' }")) }
    const severities = (placeholders?: ReadonlyMap<string, readonly string[]>) =>
      lintSigma([file], { placeholders }).flatMap((each) => each.map(({ severity }) => severity))
    expect([severities(), severities(new Map()), severities(new Map([['x', ['y']]]))]).toEqual([
      ['note'],
      ['error'],
      [],
    ])
  })
})

describe('correlations and filters', () => {
  const named = RULE.replace('title: t', 'title: t\nname: a')
  const correlation = (body: string): string =>
    `${named}---\ntitle: c\nid: 0e95725d-7320-415d-80f7-004da920fc12\ncorrelation: { type: event_count, rules: [a], group-by: [User], timespan: 5m, ${body} }\n`

  test.each([
    ['sound', 'condition: { gte: 3 }', []],
    ['that never match', 'condition: { lt: 1 }', ['correlation-never condition']],
    ['whose bounds cannot both hold', 'condition: { gt: 5, lt: 3 }', ['correlation-never condition']],
    ['that match at once', 'condition: { lte: 3 }', ['correlation-at-once condition']],
    ['with a rule that there is not', 'condition: { gte: 3 }, generate: true, x: y', ['unsupported-form x']],
    ['with an alias of no use', 'condition: { gte: 3 }, aliases: { who: { a: User } }', ['alias-not-used who']],
    [
      'with an alias for another rule',
      'condition: { gte: 3 }, aliases: { User: { a: U, b: V } }',
      ['alias-without-rule b'],
    ],
    ['with an alias that lacks a rule', 'condition: { gte: 3 }, aliases: { User: {} }', ['alias-lacks-rule User']],
  ])('%s', (_name, body, expected) => {
    expect(found(correlation(body))).toEqual(expected)
  })

  test('a filter that keeps what it should leave out, and one for no rule', () => {
    const filter = `title: f\n${SOURCE}filter:\n  rules: [a, gone]\n  selection: { User: x }\n  condition: selection\n`
    const rules = 'rules: [a, gone]\n  selection: { User: x }\n  condition: selection\n'
    expect(found(`${named}---\n${filter}`)).toEqual([`filter-without-rule ${rules}`.trim(), 'filter-keeps selection'])
    expect(found(`${named}---\n${filter.replace(', gone', '').replace('condition: ', 'condition: not ')}`)).toEqual([])
  })
})
