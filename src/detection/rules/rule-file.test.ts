import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { positionAt } from '../../text/span.js'
import { parseRuleFile, type RuleFile } from './rule-file.js'
import { writeQuery } from './write-rule.js'

const ANALYTIC = `id: 0d7b5b7e-0000-4000-8000-000000000001
name: Remote tool from a download folder # ours
description: |
  One line.
  Another.
severity: Medium
requiredDataConnectors:
  - connectorId: MicrosoftThreatProtection
    dataTypes:
      - DeviceProcessEvents
queryFrequency: 1h
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 3
tactics:
  - CommandAndControl
relevantTechniques:
  - T1219
query: |

  DeviceProcessEvents
  | where FolderPath has "Downloads"

  | project DeviceName, FileName
entityMappings:
  - entityType: Host
    fieldMappings:
      - identifier: HostName
        columnName: DeviceName
  - entityType: Account
    fieldMappings:
      - identifier: Name
        columnName: Who
kind: Scheduled
version: 1.0.2
`

const codes = (file: RuleFile): string[] => file.diagnostics.map(({ code }) => code)
/** The file's text under a stretch of the query. */
function behind(file: RuleFile, words: string): string {
  const { rule, queryMap } = file.rules[0]!
  const at = rule.query.indexOf(words)
  return file.text.slice(queryMap(at), queryMap(at + words.length - 1) + 1)
}

describe('a Sentinel rule', () => {
  const file = parseRuleFile('rule.yaml', ANALYTIC)

  it('gives what a scan needs', () => {
    expect(codes(file)).toEqual([])
    expect(file.rules[0]?.rule).toMatchObject({
      title: 'Remote tool from a download folder',
      level: 'medium',
      techniques: ['T1219'],
      period: '1d',
      given: {
        windowed: true,
        trigger: { operator: 'more than', threshold: 3 },
        hostColumns: ['DeviceName'],
        userColumns: ['Who'],
      },
    })
  })

  it.each(['DeviceProcessEvents\n', '| where FolderPath', '| project DeviceName'])('knows where %j stands', (words) => {
    expect(behind(file, words)).toBe(words)
  })

  it.each([
    ['CRLF', ANALYTIC.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${ANALYTIC}`],
    ['a folded head', ANALYTIC.replace('query: |', 'query: |-')],
  ])('keeps places with %s', (_, text) => {
    const other = parseRuleFile('rule.yaml', text)
    expect(behind(other, '| where FolderPath')).toBe('| where FolderPath')
    expect(behind(other, 'project')).toBe('project')
  })

  it('is written back byte for byte, and an edit changes the query alone', () => {
    for (const text of [ANALYTIC, ANALYTIC.replaceAll('\n', '\r\n')]) {
      const read = parseRuleFile('rule.yaml', text)
      const [rule] = read.rules
      expect(writeQuery(read, rule!, rule!.rule.query)).toBe(text)
      const edited = writeQuery(read, rule!, 'T\n\n| count\n')
      expect(parseRuleFile('rule.yaml', edited).rules[0]?.rule.query).toBe('T\n\n| count\n')
      const [before, after] = text.split(/query: \|.*(?=entityMappings)/s) as [string, string]
      expect(edited.startsWith(before)).toBe(true)
      expect(edited.endsWith(after)).toBe(true)
    }
  })

  it.each([
    ['severity: Medium', 'severity: Mediun', 'rule-wrong-value', 'Mediun'],
    ['triggerOperator: gt', 'triggerOperator: more', 'rule-wrong-value', 'more'],
    ['queryPeriod: 1d', 'queryPeriod: soon', 'rule-wrong-value', 'soon'],
    ['  - T1219', '  - T12190', 'rule-wrong-value', 'T12190'],
    ['version: 1.0.2', 'versoin: 1.0.2', 'rule-unknown-key', 'versoin'],
    ['queryFrequency: 1h\n', '', 'rule-missing-key', undefined],
    ['queryFrequency: 1h', 'queryFrequency: 2d', 'rule-leaves-gaps', '1d'],
  ])('%s as %s is told', (from, to, code, at) => {
    const wrong = parseRuleFile('rule.yaml', ANALYTIC.replace(from, to))
    expect(codes(wrong)).toEqual([code])
    const { span } = wrong.diagnostics[0]!
    if (at !== undefined) expect(wrong.text.slice(span!.start, span!.end)).toBe(at)
  })
})

describe('a Defender custom detection', () => {
  const JSON_RULE = JSON.stringify(
    {
      value: [
        {
          id: '7506',
          displayName: 'Shell from a viewer',
          isEnabled: true,
          queryCondition: { queryText: 'DeviceProcessEvents\n| where FileName =~ "cmd.exe"\n| take 5' },
          schedule: { period: '12H' },
          detectionAction: {
            alertTemplate: {
              title: 'Shell',
              severity: 'high',
              category: 'Execution',
              mitreTechniques: ['T1059.003'],
              impactedAssets: [
                { '@odata.type': '#microsoft.graph.security.impactedDeviceAsset', identifier: 'deviceName' },
              ],
            },
          },
        },
      ],
    },
    null,
    '\t',
  )
  const file = parseRuleFile('rules.json', JSON_RULE)

  it('is read as Microsoft Graph gives it', () => {
    expect(codes(file)).toEqual([])
    expect(file.rules[0]?.rule).toMatchObject({
      title: 'Shell from a viewer',
      level: 'high',
      period: '48h',
      techniques: ['T1059.003'],
      given: { format: 'defender', hostColumns: ['DeviceName'] },
    })
    expect(behind(file, 'where FileName')).toBe('where FileName')
    expect(behind(file, 'take')).toBe('take')
  })

  it('is written back as it was, and with another query', () => {
    const [rule] = file.rules
    expect(writeQuery(file, rule!, rule!.rule.query)).toBe(JSON_RULE)
    const edited = writeQuery(file, rule!, 'T | where x == "\\\\y"')
    expect((JSON.parse(edited) as { value: { queryCondition: unknown }[] }).value[0]!.queryCondition).toEqual({
      queryText: 'T | where x == "\\\\y"',
    })
  })
})

test('a query file may name itself in its first comments', () => {
  const file = parseRuleFile(
    'a/shell.kql',
    '// title: A shell\n// techniques: T1059, T1219.002\n// level: high\nT | count\n// title: no\n',
  )
  expect(file.rules[0]?.rule).toMatchObject({
    id: 'shell',
    title: 'A shell',
    level: 'high',
    techniques: ['T1059', 'T1219.002'],
  })
})

const FLAT = `id: x
name: Tool: started
description: |
A text without indentation.

  And more.
requiredDataConnectors:
- connectorId: A
dataTypes:
- One
- Two
- connectorId: B
tactics:
- CommandAndControl
query: |
let a = 1;
T
| where x == a
entityMappings:
- entityType: Host
fieldMappings:
- identifier: HostName
columnName: DeviceName
- identifier: NetBiosName
columnName: Name
- entityType: Account
customDetails:
Tool: FileName
`

describe('broken indentation', () => {
  it('is put back where the names say how', () => {
    const file = parseRuleFile('flat.yaml', FLAT)
    expect(file.diagnostics.map(({ message }) => message)).toEqual([
      'repaired: quotes around `name`',
      'repaired: 2 lines indented under `description`',
      'repaired: 5 lines moved under `requiredDataConnectors`',
      'repaired: 1 line moved under `tactics`',
      'repaired: 3 lines indented under `query`',
      'repaired: 7 lines moved under `entityMappings`',
      'repaired: 1 line moved under `customDetails`',
    ])
    expect(file.rules[0]?.rule).toMatchObject({
      title: 'Tool: started',
      query: 'let a = 1;\nT\n| where x == a\n',
      given: { hostColumns: ['DeviceName', 'Name'] },
    })
    expect(behind(file, 'where x')).toBe('where x')
  })

  it('is put back where a list item’s second name stands under its dash', () => {
    const file = parseRuleFile(
      'x.yaml',
      'name: x\nrequiredDataConnectors:\n    - connectorId: A\n    dataTypes:\n        - One\nquery: T\n',
    )
    expect(codes(file)).toEqual(['rule-repaired'])
    expect(file.rules).toHaveLength(1)
  })

  it.each([
    ['words before the first name', `A page about it.\n${FLAT}`, 'begins with a line under no known name', 1],
    ['a name that comes twice', FLAT.replace('let a = 1;', 'tactics:'), '`tactics` begins a line twice', 15],
    ['a line that fits nowhere', FLAT.replace('dataTypes:', 'and so on'), 'cannot be told', 9],
  ])('is refused with %s', (_, text, reason) => {
    const file = parseRuleFile('x.yaml', text)
    expect(file.rules).toEqual([])
    expect(codes(file)).toEqual(['rule-not-read'])
    expect(file.diagnostics[0]?.message).toContain(reason)
  })

  it('is not written over', () => {
    const file = parseRuleFile('flat.yaml', FLAT)
    expect(() => writeQuery(file, file.rules[0]!, 'T')).toThrow('repaired')
  })
})

test('a rule of our own form needs no more than its query', () => {
  const file = parseRuleFile('x.yaml', 'language: kql\nquery: T\ntests:\n  - name: a\n')
  expect(file.rules[0]?.rule).toMatchObject({ title: 'a rule without a title', query: 'T', tests: [] })
})

test.each([
  ['nested lists', `query: x\nname: ${'['.repeat(5000)}`],
  ['aliases of aliases', 'name: x\na: &a [1]\nb: &b [*a,*a]\nquery: *b\n'],
  [
    'a bomb of aliases',
    `name: x\nquery: T\na0: &a0 [1,1]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join('\n')}\n`,
  ],
  ['our own form with tests that are none', 'language: kql\nquery: T\ntests: yes\n'],
  ['our own form with a list for a text', 'language: kql\nquery: T\nwhy: [a]\n'],
  ['a key twice', 'name: x\nname: y\nquery: T\n'],
  ['a number for a query', 'name: x\ntactics: [a]\nquery: 5\n'],
  ['nothing', ''],
  ['binary', '\u0000\u0001\ufffd'],
])('%s is no rule and no crash', (_, text) => {
  expect(parseRuleFile('x.yaml', text).rules).toEqual([])
})

const SEED = new URL('../../../../shared/seeds/004_7829d90fd3bb3c52.txt', import.meta.url)

test.skipIf(!existsSync(SEED))('the flattened rule of seed 004 is repaired (skipped without ../shared)', () => {
  const page = readFileSync(SEED, 'utf8')
  const file = parseRuleFile('seed.yaml', page.slice(page.indexOf('id: 6e98'), page.indexOf('| Sentinel Table')))
  expect(file.rules[0]?.rule.techniques).toEqual(['T1219'])
  const { span } = file.diagnostics.find(({ message }) => message === 'repaired: 10 lines indented under `query`')!
  expect(positionAt(file.text, span!.start)).toEqual({ line: 12, column: 1 })
  expect(parseRuleFile('page.yaml', page).rules).toEqual([])
})
