import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { emptyReport, fleetReport, HOSTILE, hostileReport, largeReport } from '../../../test/fixtures/report.js'
import type { Report } from '../report.js'
import { FORMATS, render } from './index.js'

const whole = (report: Report, format: (typeof FORMATS)[number]): string => [...render(report, format)].join('')
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part)))

test.each([
  ['a fleet', fleetReport()],
  ['hostile texts', hostileReport()],
  ['nothing', emptyReport()],
])('JSON of %s is the report itself', (_, report) => {
  expect(JSON.parse(whole(report, 'json'))).toEqual(plain(report))
})

test('NDJSON has one kind a line and loses nothing', () => {
  const report = hostileReport()
  const lines = whole(report, 'ndjson').trimEnd().split('\n')
  const rows = lines.map((line) => JSON.parse(line) as { readonly kind: string })
  expect(rows.map(({ kind }) => kind)).toEqual([
    'summary',
    ...report.inventory.map(() => 'inventory'),
    ...report.incidents.map(() => 'incident'),
    ...report.findings.map(() => 'finding'),
  ])
  expect(rows[1]).toEqual({ kind: 'inventory', ...(plain(report.inventory[0]) as object) })
})

test('no format lets a control character through', () => {
  for (const format of FORMATS)
    expect(whole(hostileReport(), format).replace(/[\r\n]/g, ''), format).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
})

test('integers beyond what JSON holds keep their digits', () => {
  const report = fleetReport()
  const finding = { ...report.findings[0]!, columns: { small: 7n, large: 18_446_744_073_709_551_615n } }
  const printed = JSON.parse(whole({ ...report, findings: [finding] }, 'json')) as Report
  expect(printed.findings[0]!.columns).toEqual({ small: 7, large: '18446744073709551615' })
})

test('CSV has a row for every entry and finding, all of the same width', () => {
  for (const report of [fleetReport(), hostileReport(), largeReport(50)]) {
    const rows = parse(whole(report, 'csv'), { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[]
    expect(rows.filter(({ kind }) => kind === 'inventory')).toHaveLength(report.inventory.length)
    expect(rows.filter(({ kind }) => kind === 'finding')).toHaveLength(report.findings.length)
  }
})

test('no CSV cell is a formula', () => {
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '＝1']
  const base = fleetReport()
  const inventory = [...HOSTILE, ...formulas].map((host) => ({ ...base.inventory[0]!, host, tool: host }))
  const rows = parse(whole({ ...base, inventory, incidents: [], findings: [] }, 'csv'), {
    record_delimiter: '\r\n',
  }) as string[][]
  for (const cell of rows.flat()) expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]/)
  expect(rows.at(-7)![3]).toBe("'=1+1")
})
