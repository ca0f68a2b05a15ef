import { Ajv } from 'ajv'
import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { LAYER_SCHEMA } from '../../../test/fixtures/navigator-layer.js'
import { DETECTION_FINDING_SCHEMA } from '../../../test/fixtures/ocsf-detection-finding.js'
import { emptyReport, fleetReport, HOSTILE, hostileReport } from '../../../test/fixtures/report.js'
import type { Finding, FindingEvent, Report } from '../report.js'
import { type Format, render } from './index.js'

const whole = (report: Report, format: Format): string => [...render(report, format)].join('')
const lines = (report: Report, format: Format): Record<string, unknown>[] =>
  whole(report, format)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const REPORTS = [
  ['a fleet', fleetReport()],
  ['hostile texts', hostileReport()],
  ['nothing', emptyReport()],
] as const

const oneFinding = (finding: Partial<Finding>): Report => {
  const base = fleetReport()
  return { ...base, findings: [{ ...base.findings[0]!, ...finding }] }
}

const event = (given: Partial<FindingEvent>): FindingEvent => ({ ...fleetReport().findings[0]!.events[0]!, ...given })

const eventRows = ({ findings }: Report): number =>
  findings.reduce((sum, { events }) => sum + Math.max(1, events.length), 0)

test.each(REPORTS)('every export of %s is the same each time', (_, report) => {
  for (const format of ['hayabusa-csv', 'timesketch', 'navigator', 'ocsf'] as const)
    expect(whole(report, format)).toBe(whole(report, format))
})

test.each(REPORTS)('the Hayabusa timeline of %s has its standard columns and a row for every event', (_, report) => {
  const rows = parse(whole(report, 'hayabusa-csv'), { record_delimiter: '\r\n' }) as string[][]
  expect(rows[0]).toEqual(
    'Timestamp RuleTitle Level Computer Channel EventID RecordID Details ExtraFieldInfo RuleID'.split(' '),
  )
  expect(rows.slice(1)).toHaveLength(eventRows(report))
  const times = rows.slice(1).map(([time]) => time!)
  expect(times.filter((time) => time !== '')).toEqual(times.filter((time) => time !== '').toSorted())
  for (const time of times) expect(time).toMatch(/^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+00:00)?$/)
  for (const cell of rows.flat()) expect(cell).not.toMatch(/^\s*[=+\-@]/)
})

test('a value of the Hayabusa timeline cannot look like another field', () => {
  const report = oneFinding({
    columns: { CommandLine: 'a ¦ User: SYSTEM' },
    events: [
      event({
        fields: { CommandLine: 'a', ProcessId: 7, 'System.Version': 5 },
        id: 1,
        record: 42,
        time: '2026-03-01T06:12:09.5Z',
      }),
    ],
  })
  const [row] = parse(whole(report, 'hayabusa-csv'), { columns: true }) as Record<string, string>[]
  expect(row).toMatchObject({
    Timestamp: '2026-03-01 06:12:09.500 +00:00',
    EventID: '1',
    RecordID: '42',
    Details: 'CommandLine: a <U+00A6> User: SYSTEM',
    ExtraFieldInfo: 'ProcessId: 7',
  })
})

test.each(REPORTS)('Timesketch lines of %s have what it requires, and are flat', (_, report) => {
  const rows = lines(report, 'timesketch')
  expect(rows).toHaveLength(eventRows(report))
  for (const row of rows) {
    expect(row.message).toBeTypeOf('string')
    expect(row.datetime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
    expect(row.timestamp).toBe(Date.parse(String(row.datetime)) * 1000 + Number(String(row.datetime).slice(23, 26)))
    expect(row.timestamp_desc).toBeTypeOf('string')
    for (const [name, value] of Object.entries(row)) {
      expect(name).not.toContain('.')
      if (name === 'tag') expect(value).toBeInstanceOf(Array)
      else expect(typeof value === 'string' || typeof value === 'number', name).toBe(true)
    }
  }
})

test('a field of a log does not overwrite what Timesketch needs', () => {
  const fields = {
    message: 'mine',
    datetime: 'never',
    winlog: { 'event.id': 4 },
    ['__proto__']: 'kept',
    tag: 'x',
    _id: 'y',
  }
  const [row] = lines(
    oneFinding({ columns: {}, events: [event({ fields: JSON.parse(JSON.stringify(fields)) })] }),
    'timesketch',
  )
  expect(row!.message).not.toBe('mine')
  expect(row).toMatchObject({
    field_message: 'mine',
    field_datetime: 'never',
    field_tag: 'x',
    field_id: 'y',
    winlog_event_id: '4',
  })
})

test('what is no time is no time in any export', () => {
  const report = oneFinding({ time: 'yesterday', events: [event({ time: null })] })
  expect(whole(report, 'hayabusa-csv').split('\r\n')[1]).toMatch(/^,/)
  expect(lines(report, 'timesketch')[0]!.timestamp_desc).toBe('time of the scan; the event has none')
  expect(lines(report, 'ocsf')[0]!.time).toBe(Date.parse(report.summary.asOf.time.replace(/\d{3}Z$/, 'Z')))
})

const ajv = new Ajv({ allErrors: true, strictRequired: false })
const errorsOf = (schema: object, value: unknown): unknown => {
  const validate = ajv.compile(schema)
  return validate(value) ? [] : validate.errors
}

test.each(REPORTS)('the Navigator layer of %s is one of version 4.5', (_, report) => {
  expect(errorsOf(LAYER_SCHEMA, JSON.parse(whole(report, 'navigator')))).toEqual([])
})

test('the Navigator layer counts findings by technique and says which have none', () => {
  const [first] = fleetReport().findings
  const findings = [
    { ...first!, level: 'low', title: 'A', techniques: ['T1219', 'T1219.002', 'T1219'] },
    { ...first!, level: 'high', title: 'B', techniques: ['t1219'] },
    { ...first!, level: 'high', title: 'C', techniques: ['S0002', 'T12'] },
  ] as const
  const layer = JSON.parse(whole({ ...fleetReport(), findings }, 'navigator')) as {
    readonly description: string
    readonly techniques: readonly Record<string, unknown>[]
    readonly gradient: { readonly maxValue: number }
  }
  expect(layer.techniques).toMatchObject([
    { techniqueID: 'T1219', score: 2, color: '#c2410c', comment: 'A: 1\nB: 1', showSubtechniques: true },
    { techniqueID: 'T1219.002', score: 1, color: '#2f6f9f', showSubtechniques: false },
  ])
  expect(layer.gradient.maxValue).toBe(2)
  expect(layer.description).toContain('1 finding of rules that name no technique is not in it')
})

test.each(REPORTS)('findings of %s are OCSF Detection Findings', (_, report) => {
  const rows = lines(report, 'ocsf')
  expect(rows).toHaveLength(report.findings.length)
  for (const row of rows) expect(errorsOf(DETECTION_FINDING_SCHEMA, row)).toEqual([])
})

test('an OCSF finding names techniques and sub-techniques, times in milliseconds, and itself', () => {
  const report = oneFinding({
    techniques: ['T1219.002', 'T1059', 'not one'],
    events: [event({ time: '2026-03-01T06:12:09.123456Z' }), event({ time: '2026-03-01T06:13:00.000000Z' })],
  })
  const [row] = lines(report, 'ocsf')
  expect(row).toMatchObject({
    start_time: 1_772_345_529_123,
    end_time: 1_772_345_580_000,
    finding_info: {
      attacks: [{ technique: { uid: 'T1219' }, sub_technique: { uid: 'T1219.002' } }, { technique: { uid: 'T1059' } }],
      related_events_count: 2,
    },
  })
  expect(row).not.toHaveProperty('count')
  const other = oneFinding({ techniques: [], host: HOSTILE[0] })
  const uid = (line: Record<string, unknown>): unknown => (line.finding_info as { readonly uid: string }).uid
  expect(uid(lines(other, 'ocsf')[0]!)).not.toBe(uid(row!))
})

test('what a Sigma rule says of itself is in every export', () => {
  const about = {
    file: 'rules/a.yml',
    id: 'ca8d2a9c-0d5a-4f5e-9c8e-000000000000',
    status: 'test',
    level: 'high',
    description: 'What it looks for',
    author: null,
    date: null,
    modified: null,
    tags: ['attack.command_and_control', 'attack.stealth', 'attack.t1219.002', 'attack.s0154', 'cve.2021-44228'],
    references: [],
    falsePositives: ['Administrators'],
    logsource: 'product windows',
  }
  const repeats = { count: 3, first: '2026-03-01T06:12:09Z', last: '2026-03-01T06:13:00Z' }
  const report = oneFinding({ about, repeats, rule: 'by-name', techniques: ['T1219.002'] })
  const [row] = parse(whole(report, 'hayabusa-csv'), { columns: true }) as Record<string, string>[]
  expect(row!.RuleID).toBe(about.id)
  expect(lines(report, 'timesketch')[0]).toMatchObject({
    rule_status: 'test',
    rule_file: 'rules/a.yml',
    tag: expect.arrayContaining(about.tags) as unknown,
  })
  const rows = parse(whole(report, 'csv'), { columns: true }) as Record<string, string>[]
  expect(rows.at(-1)).toMatchObject({
    repeats: '3',
    status: 'test',
    false_positives: 'Administrators',
    rule_file: about.file,
  })
  const [finding] = lines(report, 'ocsf')
  expect(errorsOf(DETECTION_FINDING_SCHEMA, finding)).toEqual([])
  expect(finding).toMatchObject({
    count: 3,
    metadata: { labels: about.tags },
    finding_info: {
      desc: 'What it looks for',
      analytic: { uid: about.id },
      attacks: [
        { technique: { uid: 'T1219' }, sub_technique: { uid: 'T1219.002' } },
        { tactic: { name: 'Command and Control' } },
        { tactic: { name: 'Stealth' } },
      ],
    },
    unmapped: { rule: { falsePositives: ['Administrators'] } },
  })
})
