import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingest } from '../backends/duckdb/ingest.js'
import { Store } from '../backends/duckdb/store.js'
import { loadModel } from '../events/model.js'
import { findingsOf } from '../findings/findings.js'
import { parseRuleFile } from './rules/index.js'
import type { Rule } from './rules.js'
import { runRule } from './run-rule.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-rules-'))
let store: Store

// Day of June, host, program, account, number.
const STARTS = [
  [1, 'a', 'tool.exe', 'kim', 11],
  [1, 'a', 'tool.exe', 'kim', 12],
  [1, 'b', 'tool.exe', 'lee', 13],
  [5, 'a', 'other.exe', 'kim', 14],
  [9, 'b', 'tool.exe', 'lee', 15],
] as const

beforeAll(async () => {
  const rows = STARTS.map(
    ([day, host, name, account, report], index) =>
      `2026-06-0${day}T10:0${index}:00Z,id-${host},${host},${report},ProcessCreated,${name},C:\\Apps\\${name},${name} /x,${account}`,
  )
  const head = 'Timestamp,DeviceId,DeviceName,ReportId,ActionType,FileName,FolderPath,ProcessCommandLine,AccountName'
  writeFileSync(join(folder, 'DeviceProcessEvents.csv'), `${[head, ...rows].join('\r\n')}\r\n`)
  store = await Store.open(loadModel(), { memoryLimit: '256MB' })
  await ingest(store, [join(folder, 'DeviceProcessEvents.csv')], { threads: 0 })
})

afterAll(async () => {
  await store?.close()
  rmSync(folder, { recursive: true, force: true })
})

const AS_OF = Date.UTC(2026, 5, 9, 12) * 1000
const NEWEST = { asOf: AS_OF, replay: true, limit: 100 }

const ruleOf = (query: string, more = ''): Rule =>
  parseRuleFile('rule.yaml', `name: A rule\nquery: |\n  ${query.replaceAll('\n', '\n  ')}\n${more}`).rules[0]!.rule

const SCHEDULED = (period: string, operator: string, threshold: number): string =>
  `kind: Scheduled\nseverity: Low\nqueryFrequency: 1d\nqueryPeriod: ${period}\ntriggerOperator: ${operator}\ntriggerThreshold: ${threshold}\n`

/** Numbers of the events behind each row, in order. */
async function behind(rule: Rule): Promise<number[][]> {
  const { matches, refused } = await runRule(store, rule, NEWEST)
  expect(refused).toBeUndefined()
  return matches.map(({ events }) => events.map((event) => Number(event['record_id'])).sort())
}

describe('the events behind a row', () => {
  it.each([
    ['a row that is shown whole', 'DeviceProcessEvents | where FileName == "other.exe"', [[14]]],
    [
      'renamed and computed columns',
      'DeviceProcessEvents | where DeviceName == "b" | extend Upper = toupper(FileName) | project When = Timestamp, Upper\n| where Upper == "TOOL.EXE"',
      [[13], [15]],
    ],
    [
      'a summary by host, with its stretch of time',
      'DeviceProcessEvents | where FileName == "tool.exe" | summarize First = min(Timestamp), Last = max(Timestamp) by DeviceName\n| sort by DeviceName asc',
      [
        [11, 12],
        [13, 15],
      ],
    ],
    [
      'a summary with a list of numbers',
      'DeviceProcessEvents | summarize Reports = make_set(ReportId) by AccountName | sort by AccountName desc | take 1',
      [[13, 15]],
    ],
    ['a count', 'DeviceProcessEvents | where AccountName == "lee" | count', [[13, 15]]],
    [
      'the newest of each',
      'DeviceProcessEvents | summarize arg_max(Timestamp, FileName) by DeviceName | sort by DeviceName asc',
      [[14], [15]],
    ],
    [
      'a join of a table with itself',
      'DeviceProcessEvents | where FileName == "other.exe"\n| join kind=inner (DeviceProcessEvents | where FileName == "tool.exe" | project DeviceName, ToolReport = ReportId) on DeviceName\n| project ReportId, ToolReport | sort by ToolReport asc',
      [
        [11, 14],
        [12, 14],
      ],
    ],
    ['rows that no table gave', 'print x = 1', [[]]],
  ])('of %s', async (_, query, expected) => {
    expect(await behind(ruleOf(query))).toEqual(expected)
  })

  it('that cannot be traced are said to be none', async () => {
    const run = await runRule(store, ruleOf('print x = 1'), NEWEST)
    expect(run.notes).toEqual(['the events behind its rows cannot be traced through its query'])
  })
})

describe('a schedule', () => {
  it('is replayed at the period, each run with its own window', async () => {
    const rule = ruleOf('DeviceProcessEvents | summarize Count = count() by DeviceName', SCHEDULED('2d', 'gt', 0))
    const { matches } = await runRule(store, rule, NEWEST)
    expect(matches.map(({ columns }) => [columns['DeviceName'], columns['Count']]).sort()).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['b', 1],
    ])
  })

  it('is read from the query where nobody says it', async () => {
    const run = await runRule(store, ruleOf('DeviceProcessEvents | where Timestamp > ago(1d)'), NEWEST)
    expect([run.runs, run.total]).toEqual([3, 5])
  })

  it.each([
    ['gt', 2, 1, 3],
    ['gt', 3, 0, 0],
    ['eq', 1, 2, 2],
    ['ne', 1, 1, 3],
    ['lt', 2, 1, 1],
  ])('with trigger %s %i alerts %i times with %i rows', async (operator, threshold, alerts, rows) => {
    const rule = ruleOf('DeviceProcessEvents | where isnotempty(FileName)', SCHEDULED('1d', operator, threshold))
    const { matches } = await runRule(store, rule, NEWEST)
    expect(matches).toHaveLength(rows)
    expect(new Set(matches.map(({ asOf }) => asOf)).size).toBe(alerts)
  })

  it('that asks for fewer rows alerts on none', async () => {
    const rule = ruleOf('DeviceProcessEvents | where FileName == "never"', SCHEDULED('1d', 'lt', 1))
    const { matches } = await runRule(store, rule, NEWEST)
    expect(matches).toEqual([{ columns: {}, asOf: AS_OF, events: [] }])
  })
})

it('the finding has the level, the host and the account that the rule says', async () => {
  const rule = ruleOf(
    'DeviceProcessEvents | where FileName == "other.exe" | project Box = DeviceName, Who = AccountName, FileName',
    'severity: High\nentityMappings:\n- entityType: Host\n  fieldMappings:\n  - {identifier: HostName, columnName: Box}\n- entityType: Account\n  fieldMappings:\n  - {identifier: Name, columnName: Who}\nalertDetailsOverride:\n  alertDisplayNameFormat: "{{FileName}} on {{Box}}"\n',
  )
  const none = { tool: null, isRemoteAccess: false, reason: 'no tool' }
  const [finding] = findingsOf(
    await runRule(store, rule, NEWEST),
    () => none,
    (text) => text,
  )
  expect(finding).toMatchObject({ level: 'high', host: 'a', user: 'kim', why: 'other.exe on a', title: 'A rule' })
})
