import { expect, test } from 'vitest'
import { cleanReport, emptyReport, fleetReport, hostileReport, largeReport } from '../../../test/fixtures/report.js'
import { widthOf } from '../../text/fit.js'
import type { Report } from '../report.js'
import { renderTable } from './table.js'

const plain = (report: Report, width = 80): string => renderTable(report, { width, colour: false })

test.each([
  ['a fleet', fleetReport()],
  ['hostile texts', hostileReport()],
  ['a large fleet', largeReport(400)],
  ['a clean fleet', cleanReport()],
  ['nothing', emptyReport()],
])('no line of %s is wider than the terminal', (_, report) => {
  for (const width of [40, 57, 60, 75, 80, 100, 140, 200])
    for (const line of renderTable(report, { width, colour: true }).split('\n'))
      expect(widthOf(line), line).toBeLessThanOrEqual(width)
})

test('the first screen names every tool, its hosts, since when, whether it is allowed, how, how sure and whose', () => {
  const screen = plain(fleetReport()).split('\n').slice(0, 44).join('\n')
  for (const { tool } of fleetReport().inventory) expect(screen).toContain(tool)
  expect(screen).toMatch(/NLX-DC-01 +2026-03-09 15:06 {2}wrong tenant {2}script \+2 {3}certain/)
  expect(screen).toContain('instance: 203.0.113.58:443, licensee XMLCTL')
  expect(screen).toMatch(/NLX-WKS-01 .*trace only {2}low/)
})

test('without a policy nothing is allowed, and the screen says how to start one', () => {
  const report = fleetReport()
  const inventory = report.inventory.map((entry) => ({ ...entry, verdict: 'unknown' as const }))
  const text = plain({ ...report, summary: { ...report.summary, policy: null }, inventory })
  expect(text.split('\n').slice(0, 8).join(' ')).toContain('latchkey policy init')
  expect(text).not.toMatch(/NLX-.* approved/)
})

test('the gravest comes first', () => {
  const text = plain(fleetReport())
  const places = ['\ncritical\n', '\nhigh\n', '\nmedium\n', '\nlow\n', '\ninformational\n'].map((level) =>
    text.indexOf(level),
  )
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})

test('what is cut is counted', () => {
  const text = plain(largeReport(400))
  expect(text).toContain('TeamViewer                                     400 hosts, since 2026-03-01 06:12')
  expect(text).toMatch(/and 392 more: NLX-/)
})

test('of many rules every one is told or counted', () => {
  const [finding] = fleetReport().findings
  const findings = Array.from({ length: 100 }, (_, rule) =>
    Array.from({ length: rule < 90 ? 1 : rule }, () => ({
      ...finding!,
      level: 'high' as const,
      rule: `r${rule}`,
      title: `Rule ${String(rule).padStart(2, '0')}!`,
    })),
  ).flat()
  const text = plain({ ...fleetReport(), findings })
  const told = new Set(text.match(/Rule \d\d!/g)).size
  const [, rules, counted] = /and (\d+) more rules with (\d+) findings/.exec(text)!
  expect(told + Number(rules)).toBe(100)
  expect(text).toMatch(/^ +1 {2}Rule 06! /m)
  expect(text).toMatch(/^ +99 {2}Rule 99! /m)
  const frequent = 97 + 98 + 99
  expect(Number(counted)).toBe(findings.length - frequent - (told - 3))
})

test('every rejection says why, where and how many records it cost', () => {
  const text = plain(fleetReport())
  expect(text).toContain('csv-columns: 34 times, 34 records lost')
  expect(text).toContain('    row has 41 cells, the header has 38 (at 2,048)')
  expect(text).toContain('archive-encrypted: 1 time, an unknown number of records lost')
  expect(text).toContain('no schema map covers the source: 61,802 records')
})

test('no tool found says what was looked at', () => {
  expect(plain(cleanReport(), 400)).toContain(
    'No remote access tool found in 4,204,331 records of 14 hosts, from 2026-03-01 05:58 to 2026-03-14 22:41 UTC. Sources that could show one: sysmon (2,604,118 records), windows-security (1,401,300 records)',
  )
})

test('sources that show nothing are not called a clean result', () => {
  const report = cleanReport()
  const sources = { ...report.summary.sources, mapped: [] }
  const text = plain({ ...report, summary: { ...report.summary, sources } }, 400)
  expect(text).toContain('No record came from a source that could show one')
  expect(plain(emptyReport())).toContain('Nothing was looked at: no file was found.')
})

test('a log cannot drive the terminal', () => {
  const text = plain(hostileReport())
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
  expect(text).toContain('<U+001B>[2J')
  expect(text).toContain('invoice<U+202E>xe.fdp.exe')
})

test('colour is codes around the same text', () => {
  const coloured = renderTable(fleetReport(), { width: 80, colour: true })
  expect(coloured).toContain('\u001b[')
  expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(plain(fleetReport()))
})
