import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SaxesParser } from 'saxes'
import { afterAll, describe, expect, test } from 'vitest'
import { HOSTILE } from '../../test/fixtures/report.js'
import type { TestOutcome } from '../detection/rule-tests/outcome.js'
import { junitChunks } from '../findings/render/junit.js'
import { testTable } from '../findings/render/test-outcomes.js'
import { widthOf } from '../text/fit.js'
import { testRules } from './test-rules.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-rules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0

/** Files of a repository of their own; the rules among them are tested. */
async function tested(files: Readonly<Record<string, string>>, options = {}) {
  const root = join(folder, `repository-${++count}`)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const out = join(root, 'out.json')
  const code = await testRules([join(root, 'rules')], { format: 'json', out, memory: '256MB', quiet: true, ...options })
  const { tests } = JSON.parse(readFileSync(out, 'utf8')) as { readonly tests: readonly TestOutcome[] }
  return {
    code,
    tests: tests.map(({ title, outcome, expected, found, reason }) => ({ title, outcome, expected, found, reason })),
  }
}

const rule = (title: string, needle: string, more = ''): string => `title: ${title}
id: 00000000-0000-4000-8000-00000000000${title.length % 10}
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: ${needle}
    condition: selection
${more}`

const info = (...tests: readonly string[]): string => `id: 1
rule_metadata:
    - id: 00000000-0000-4000-8000-000000000001
regression_tests_info:
${tests.map((each) => `    - name: Positive\n      type: evtx\n${each}`).join('')}`

const log = (...images: readonly string[]): string =>
  images
    .map((Image, index) =>
      JSON.stringify({
        Event: {
          System: {
            Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } },
            EventID: 1,
            TimeCreated: { '#attributes': { SystemTime: `2026-03-01T06:12:0${index}.000000Z` } },
            EventRecordID: 7 + index,
            Channel: 'Microsoft-Windows-Sysmon/Operational',
            Computer: 'h1',
          },
          EventData: { Image, CommandLine: Image },
        },
      }),
    )
    .join('\n')

const NAMED = 'regression_tests_path: regression_data/a/info.yml\n'
const AT = (path: string, expected?: number): string =>
  `      path: ${path}\n${expected === undefined ? '' : `      match_count: ${expected}\n`}`

describe('latchkey test', () => {
  test('finds the data of a rule as SigmaHQ lays it out, and counts', async () => {
    const { code, tests } = await tested({
      'rules/windows/a.yml': rule('A', '\\a.exe', NAMED),
      'rules/windows/b.yml': rule('BB', '\\b.exe', 'regression_tests_path: regression_data/b/info.yml\n'),
      'rules/windows/c.yml': rule('CCC', '\\c.exe'),
      'regression_data/a/info.yml': info(AT('regression_data/a/log.json', 2), AT('regression_data/a/log.json')),
      'regression_data/b/info.yml': info(AT('regression_data/a/log.json', 1)),
      'regression_data/a/log.json': log('C:\\a.exe', 'C:\\A.EXE', 'C:\\other.exe'),
    })
    expect(code).toBe(1)
    expect(tests).toEqual([
      { title: 'A', outcome: 'passed', expected: 2, found: 2, reason: null },
      { title: 'A', outcome: 'passed', expected: 'any', found: 2, reason: null },
      { title: 'BB', outcome: 'failed', expected: 1, found: 0, reason: 'expected 1 match, found none' },
      { title: 'CCC', outcome: 'skipped', expected: null, found: null, reason: 'no test data' },
    ])
  })

  test('a list beside the rule serves, and its logs beside it', async () => {
    const files = {
      'rules/a/rule.yml': rule('A', '\\a.exe', NAMED),
      'rules/a/info.yml': info(AT('regression_data/somewhere/log.evtx', 1)),
      'rules/a/log.json': log('C:\\a.exe'),
    }
    expect(await tested(files)).toMatchObject({ code: 0, tests: [{ outcome: 'passed', found: 1 }] })
  })

  test('no match asked for is a test too', async () => {
    const files = {
      'rules/a/rule.yml': rule('A', '\\a.exe', NAMED),
      'regression_data/a/info.yml': info(AT('regression_data/a/log.json', 0)),
      'regression_data/a/log.json': log('C:\\b.exe'),
    }
    expect(await tested(files)).toMatchObject({ code: 0, tests: [{ outcome: 'passed', expected: 0, found: 0 }] })
  })

  test.each([
    ['a log that is not there', info(AT('regression_data/a/none.evtx')), /none\.evtx is neither below/],
    ['a log outside', info(AT('../../../../../../../../../../etc/hostname')), /leads out of the folder/],
    ['an absolute log', info(AT('/etc/hostname')), /leads out of the folder/],
    ['a log without events', info(AT('regression_data/a/text.json')), /nothing in the log can be read/],
    [
      'a log of another source',
      info(AT('regression_data/a/other.json')),
      /no event of the rule’s log source \(product windows, category process_creation\)/,
    ],
    ['a count that is none', info('      path: regression_data/a/log.json\n      match_count: many\n'), /match_count/],
    ['a list without tests', 'id: 1\n', /has no list regression_tests_info/],
    ['a list that is no YAML', '"', /cannot be read/],
  ])('%s is a failure with its reason', async (_, list, reason) => {
    const { code, tests } = await tested({
      'rules/a.yml': rule('A', '\\a.exe', NAMED),
      'regression_data/a/info.yml': list,
      'regression_data/a/log.json': log('C:\\a.exe'),
      'regression_data/a/text.json': 'not a log',
      'regression_data/a/other.json': log('C:\\a.exe').replace('"EventID":1', '"EventID":22'),
    })
    expect(code).toBe(1)
    expect(tests).toMatchObject([{ outcome: 'failed', reason: expect.stringMatching(reason) as string }])
  })

  test('a correlation is tested with the rules that it names, wherever they stand', async () => {
    const correlation = (count: number): string => `title: Often
correlation:
    type: event_count
    rules:
        - 00000000-0000-4000-8000-000000000001
    group-by:
        - Computer
    timespan: 5m
    condition:
        gte: ${count}
regression_tests_path: regression_data/a/info.yml
`
    const files = {
      'rules/a.yml': rule('A', '\\a.exe'),
      'rules/twice.yml': correlation(2),
      'rules/thrice.yml': correlation(3),
      'regression_data/a/info.yml': info(AT('regression_data/a/log.json', 1)),
      'regression_data/a/log.json': log('C:\\a.exe', 'C:\\a.exe'),
    }
    expect((await tested(files)).tests.map(({ outcome, found }) => [outcome, found])).toEqual([
      ['skipped', null],
      ['failed', 0],
      ['passed', 1],
    ])
  })

  test('a rule that cannot be read or run fails, and the others go on', async () => {
    const { tests } = await tested({
      'rules/a.yml': rule('A', '\\a.exe', NAMED).replace('condition: selection', 'condition: nothing'),
      'rules/b.yml': rule('BB', '\\a.exe', NAMED),
      'regression_data/a/info.yml': info(AT('regression_data/a/log.json', 1)),
      'regression_data/a/log.json': log('C:\\a.exe'),
    })
    expect(tests).toMatchObject([
      { title: 'A', outcome: 'failed', reason: expect.stringMatching(/^refused: .*nothing/) as string },
      { title: 'BB', outcome: 'passed' },
    ])
  })

  test('a filter chooses, and one that finds nothing is a mistake', async () => {
    const files = { 'rules/a.yml': rule('A', '\\a.exe'), 'rules/b.yml': rule('BB', '\\b.exe') }
    expect(await tested(files, { filter: 'b.yml' })).toMatchObject({ code: 2, tests: [{ title: 'BB' }] })
    await expect(tested(files, { filter: 'ccc' })).rejects.toThrow('no rule has that')
  })

  test('a path that is not there is a mistake', async () => {
    await expect(testRules(['no/such.yml'], { memory: '256MB' })).rejects.toThrow('no/such.yml is no file')
  })

  test('runs the signals of our own rules', async () => {
    const out = join(folder, 'own.json')
    const code = await testRules(['content/rules'], { format: 'json', out, memory: '256MB' })
    const { tests, summary } = JSON.parse(readFileSync(out, 'utf8')) as {
      readonly tests: readonly TestOutcome[]
      readonly summary: { readonly passed: number; readonly failed: number }
    }
    expect(code).toBe(summary.failed > 0 ? 1 : 0)
    expect(summary.passed).toBeGreaterThan(0)
    for (const { outcome, reason } of tests) expect(reason === null).toBe(outcome === 'passed')
  })
})

const outcome = (given: Partial<TestOutcome>): TestOutcome => ({
  file: 'rules/a.yml',
  rule: 'id',
  title: 'Title',
  name: 'Positive',
  data: 'log.evtx',
  outcome: 'passed',
  expected: 1,
  found: 1,
  reason: null,
  seconds: 0.25,
  ...given,
})
const KINDS = ['passed', 'failed', 'skipped'] as const
const HOSTILE_OUTCOMES = HOSTILE.map((text, index) =>
  outcome({ title: text, name: text, file: text, data: text, reason: text, outcome: KINDS[index % 3]! }),
)

describe('JUnit', () => {
  const elements = (text: string): { readonly name: string; readonly attributes: Record<string, string> }[] => {
    const found: { name: string; attributes: Record<string, string> }[] = []
    const parser = new SaxesParser()
    parser.on('opentag', ({ name, attributes }) => found.push({ name, attributes: { ...attributes } }))
    parser.on('error', (error) => {
      throw error
    })
    parser.write(text).close()
    return found
  }

  test('has a suite a file, with totals, and a case a test', () => {
    const found = elements(
      [
        ...junitChunks([
          outcome({}),
          outcome({ outcome: 'failed', reason: 'expected 1 match, found none' }),
          outcome({ file: 'rules/b.yml', name: null, outcome: 'skipped', reason: 'no test data' }),
        ]),
      ].join(''),
    )
    expect(found.map(({ name }) => name)).toEqual(
      'testsuites testsuite testcase testcase failure testsuite testcase skipped'.split(' '),
    )
    expect(found[0]!.attributes).toMatchObject({ tests: '3', failures: '1', errors: '0', skipped: '1', time: '0.750' })
    expect(found[1]!.attributes).toMatchObject({ name: 'rules/a.yml', tests: '2', failures: '1', skipped: '0' })
    expect(found[4]!.attributes).toEqual({ message: 'expected 1 match, found none' })
  })

  test('holds whatever a rule is called', () => {
    const found = elements([...junitChunks(HOSTILE_OUTCOMES)].join(''))
    expect(found.filter(({ name }) => name === 'testcase')).toHaveLength(HOSTILE.length)
    expect(elements([...junitChunks([])].join('')).map(({ name }) => name)).toEqual(['testsuites'])
  })
})

test('no line of the table is wider than the terminal, and none can drive it', () => {
  for (const width of [40, 80, 120])
    for (const line of [...testTable(HOSTILE_OUTCOMES, 1, { width, colour: false })].join('').split('\n')) {
      expect(widthOf(line), line).toBeLessThanOrEqual(width)
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
})
