import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ingest } from '../backends/duckdb/ingest.js'
import { Store } from '../backends/duckdb/store.js'
import { readRuleFiles } from '../detection/rules/index.js'
import { givenSigma } from '../detection/sigma/run-rules.js'
import { loadModel } from '../events/model.js'
import { renderTable } from './render/table.js'
import type { Report } from './report.js'
import { reportOf } from './scan.js'

let folder: string
let report: Report

const MATCHING = `title: A tool with a flag
id: 11111111-1111-4111-8111-111111111111
status: test
level: high
author: Somebody
date: 2025-01-02
tags: [attack.t1219.002, attack.command-and-control, cve.2025-1]
references: [https://example.net/a]
falsepositives: [Administrators]
fields: [User]
logsource: { category: process_creation, product: windows }
detection:
  s: { Image|endswith: '\\a.exe', CommandLine|contains: '-x' }
  condition: s
`
const rule = (title: string, logsource: string, condition = 's'): string =>
  `title: ${title}\nlogsource: { ${logsource} }\ndetection:\n  s: { Image: x }\n  condition: ${condition}\n`

const process = (id: number, image: string, line: string): string =>
  JSON.stringify({
    Event: {
      System: {
        Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } },
        EventID: 1,
        TimeCreated: { '#attributes': { SystemTime: `2025-10-22T20:29:2${id}.000000Z` } },
        EventRecordID: id,
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        Computer: 'host-1',
      },
      EventData: { ProcessId: id, Image: image, CommandLine: line, User: 'LAB\\bob' },
    },
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sigma-scan-'))
  const [logs, rules] = [join(folder, 'logs'), join(folder, 'rules')]
  mkdirSync(logs)
  mkdirSync(rules)
  const lines = [
    process(1, 'C:\\t\\a.exe', 'a -x'),
    process(2, 'C:\\t\\a.exe', 'a'),
    process(3, 'C:\\t\\a.exe', 'a -X'),
  ]
  writeFileSync(join(logs, 'events.jsonl'), lines.join('\n'))
  writeFileSync(join(rules, 'matching.yml'), MATCHING)
  const others = [
    rule('Quiet', 'category: process_creation, product: windows'),
    rule('Elsewhere', 'category: dns_query, product: windows'),
    rule('Elsewhere too', 'category: dns_query, product: windows'),
    rule('Cloud', 'product: aws, service: cloudtrail'),
    rule('Refused', 'category: process_creation', '2 of them'),
  ]
  writeFileSync(join(rules, 'others.yml'), others.join('---\n'))
  writeFileSync(join(rules, 'events.json'), lines.join('\n'))
  const files = await readRuleFiles(rules)
  const store = await Store.open(loadModel())
  try {
    const read = await ingest(store, [logs], { threads: 0 })
    report = await reportOf(store, {
      read,
      asOf: undefined,
      since: undefined,
      until: undefined,
      rules: [],
      sigma: files.flatMap(givenSigma),
      allTools: false,
      seconds: () => 1,
    })
  } finally {
    await store.close()
  }
})

afterAll(() => rmSync(folder, { recursive: true }))

test('a finding for each event, with what the rule says and the values of the fields it names', () => {
  expect(report.findings.map(({ time }) => time)).toEqual([
    '2025-10-22T20:29:23.000000Z',
    '2025-10-22T20:29:21.000000Z',
  ])
  expect(report.findings[1]).toMatchObject({
    rule: '11111111-1111-4111-8111-111111111111',
    title: 'A tool with a flag',
    level: 'high',
    techniques: ['T1219.002'],
    host: 'host-1',
    columns: { User: 'LAB\\bob', Image: 'C:\\t\\a.exe', CommandLine: 'a -x' },
    events: [{ record: 1, id: 1 }],
    about: {
      status: 'test',
      author: 'Somebody',
      tags: ['attack.t1219.002', 'attack.command-and-control', 'cve.2025-1'],
      references: ['https://example.net/a'],
      falsePositives: ['Administrators'],
      logsource: 'product windows, category process_creation',
    },
  })
})

test('a rule without events of its log does not apply, and is not quiet', () => {
  expect(report.summary.rules.map(({ title, matches, outcome, note }) => [title, matches, outcome, note])).toEqual([
    ['A tool with a flag', 2, 'ran', null],
    ['Quiet', 0, 'ran', null],
    ['Elsewhere', 0, 'not-applicable', 'product windows, category dns_query'],
    ['Elsewhere too', 0, 'not-applicable', 'product windows, category dns_query'],
    ['Cloud', 0, 'not-applicable', 'product aws, service cloudtrail'],
    ['Refused', 0, 'refused', expect.stringContaining('2')],
  ])
})

test('a terminal is told of rules that did not run by what is missing', () => {
  const text = renderTable(report, { width: 200, colour: false })
  expect(text).toContain('2 rules ran, 1 matched.')
  expect(text).toContain(
    '3 rules do not apply: nothing that was read is a log of product windows, category dns_query (2), product aws, service cloudtrail (1).',
  )
})

test('rules are read from an archive', async () => {
  const path = join(folder, 'rule.yml.gz')
  writeFileSync(path, gzipSync(MATCHING))
  const files = await readRuleFiles(path)
  expect(files.flatMap(({ documents }) => documents.map(({ title }) => title))).toEqual(['A tool with a flag'])
})
