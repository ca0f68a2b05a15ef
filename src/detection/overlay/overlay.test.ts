import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseRuleFile } from '../rules/index.js'
import { loadRules } from '../rules.js'
import { compileSigma } from '../sigma/compile.js'
import { applyOverlay } from './apply-overlay.js'
import { readOverlay } from './read-overlay.js'

const schema = new Ajv2020({ strict: true, strictRequired: false }).compile(
  JSON.parse(readFileSync(new URL('../../../content/published/overlay.schema.json', import.meta.url), 'utf8')),
)

const entry = (lines: string): string => `overlay: 1\nentries:\n  - id: e\n${lines.replace(/^/gm, '    ')}\n`

const SOUND = [
  'overlay: 1\nentries: []',
  entry('rules: abc\ndisable: true'),
  entry('tags: [attack.t1219]\nlogsource: { product: windows }\nlevel: low\nstatus: test\nnotes: ours\nowner: me'),
  entry("rules: [a, 'B*']\nfilter: { known: { User|startswith: adm_ }, condition: not known }\nexpires: '2026-12-31'"),
  entry('rules: a\nfalsepositives: [backup]\nfilter: { s: { User|expand: "%x%" }, condition: not 1 of s* }'),
]

const PAGE = readFileSync(new URL('../../../docs/overlay.md', import.meta.url), 'utf8')
SOUND.push(PAGE.slice(PAGE.indexOf('```yaml\n') + 8, PAGE.indexOf('\n```\n')))

/** And what the diagnostics point at. */
const BROKEN: readonly (readonly [text: string, points: string])[] = [
  ['entries: []', 'entries'],
  ['overlay: 2\nentries: []', '2'],
  ['overlay: 1\nentries: {}', 'entries'],
  ['overlay: 1\nentrys: []\nentries: []', 'entrys'],
  ['overlay: 1\nentries: [{ rules: a, disable: true }]', '{ rules: a, disable: true }'],
  [entry('rules: a\nlevel: hihg'), 'hihg'],
  [entry('rules: a\ndisabled: true'), 'disabled'],
  [entry('rules: []\ndisable: true'), 'rules'],
  [entry('rules: a\nfilter: { s: { a: b } }'), 'filter'],
  [entry("rules: a\ndisable: true\nexpires: '31.12.2026'"), "'31.12.2026'"],
]

const BEYOND_SCHEMA: readonly (readonly [text: string, points: string])[] = [
  [entry('disable: true'), 'e'],
  [entry('rules: a\nowner: me'), 'e'],
  [entry("rules: a\ndisable: true\nexpires: '2026-02-30'"), "'2026-02-30'"],
  [entry('rules: a\nfilter: { s: { a|endwith: b }, condition: not s }'), 'endwith'],
  [entry('rules: a\nfilter: { s: { a: b }, condition: not t }'), 't'],
  [`${entry('rules: a\ndisable: true')}  - { id: e, rules: b, disable: true }`, 'e'],
]

describe('an overlay', () => {
  test.each(SOUND)('is read, as its schema says: %s', (text) => {
    expect(readOverlay('o.yaml', text).diagnostics).toEqual([])
    expect(schema(parse(text)), JSON.stringify(schema.errors)).toBe(true)
  })

  test.each(BROKEN)('is refused with a place, as its schema says: %s', (text, points) => {
    const spans = readOverlay('o.yaml', text).diagnostics.map(({ span }) => span && text.slice(span.start, span.end))
    expect(spans.join('\n')).toContain(points)
    expect(schema(parse(text))).toBe(false)
  })

  test.each(BEYOND_SCHEMA)('is refused for what no schema can say: %s', (text, points) => {
    const { diagnostics } = readOverlay('o.yaml', text)
    expect(diagnostics.map(({ span }) => span && text.slice(span.start, span.end))).toEqual([points])
    expect(schema(parse(text)), JSON.stringify(schema.errors)).toBe(true)
  })

  test.each(['', 'a: [', '- x', 'overlay: 1\nentries: []\n---\na: b'])('that is none is refused: %s', (text) => {
    expect(readOverlay('o.yaml', text).diagnostics.length).toBeGreaterThan(0)
  })
})

const sigma = (title: string, more = ''): string =>
  `title: ${title}\nlevel: high\nstatus: stable\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image: x\n    condition: s\n${more}`

const FILES = [
  parseRuleFile('rules/a.yml', sigma('A', 'id: 0e95725d-7320-415d-80f7-004da920fc11\ntags: [attack.t1219.002]\n')),
  parseRuleFile('rules/b.yml', sigma('B')),
]
const NOW = Date.UTC(2026, 5, 15)

function laid(text: string, now = NOW) {
  const overlay = readOverlay('o.yaml', text)
  expect(overlay.diagnostics).toEqual([])
  const own = loadRules().slice(0, 1)
  const result = applyOverlay(overlay, own, FILES, now)
  const [a, b] = result.files.flatMap(({ documents }) => documents)
  return { ...result, a: a!, b: b! }
}

describe('over rules', () => {
  test('levels, statuses and false positives are changed, and said', () => {
    const { a, b, notes, entries } = laid(
      entry(
        'tags: T1219.002\nlogsource: { product: windows }\nlevel: low\nstatus: test\nfalsepositives: backup\nnotes: seen at night\nowner: ann',
      ),
    )
    expect([a.level, a.status, a.falsepositives]).toEqual(['low', 'test', ['backup']])
    expect([b.level, notes.get(b)]).toEqual(['high', undefined])
    expect(notes.get(a)).toEqual([
      'overlay e (ann): level high → low',
      'overlay e (ann): status stable → test',
      'overlay e (ann): seen at night',
    ])
    expect(entries).toMatchObject([{ state: 'applied', rules: 1, titles: ['A'], owner: 'ann' }])
  })

  test('rules are disabled by id, title or path, ours too', () => {
    const ids = ['0E95725D-7320-415D-80F7-004DA920FC11', 'b.yml', loadRules()[0]!.id]
    const { a, b, own, disabled } = laid(entry(`rules: ${JSON.stringify(ids)}\ndisable: true`))
    expect([disabled.has(a), disabled.has(b), own.length]).toEqual([true, true, 0])
  })

  test('searches narrow a rule', () => {
    const { a, notes } = laid(entry('rules: A\nfilter: { known: { User: x }, condition: not known }'))
    const compiled = compileSigma(a)
    expect(compiled.ok && compiled.sql).toContain('user')
    expect(notes.get(a)).toEqual(['overlay e: narrowed'])
  })

  test('searches that a log cannot be asked do not take the rule down', () => {
    const { a, diagnostics } = laid(entry('rules: A\nfilter: { s: { Data|gt: 5 }, condition: not s }'))
    expect([compileSigma(a).ok, diagnostics.map(({ code }) => code)]).toEqual([true, ['overlay-filter']])
  })

  test('every selector must mean a rule', () => {
    const { entries } = laid(entry('tags: attack.t1219\nlogsource: { product: linux }\ndisable: true'))
    expect(entries).toMatchObject([{ state: 'unused', rules: 0 }])
  })

  test('an entry holds to the end of its last day', () => {
    const text = entry("rules: A\nlevel: low\nexpires: '2026-06-15'")
    expect(laid(text, Date.UTC(2026, 5, 15, 23, 59)).a.level).toBe('low')
    const { a, diagnostics } = laid(text, Date.UTC(2026, 5, 16))
    expect([a.level, diagnostics.map(({ code }) => code)]).toEqual(['high', ['overlay-ended']])
  })

  test('a later entry wins', () => {
    expect(laid(`${entry('rules: A\nlevel: low')}  - { id: f, rules: A, level: critical }`).a.level).toBe('critical')
  })
})
