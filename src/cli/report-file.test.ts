import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fleetReport, hostileReport } from '../../test/fixtures/report.js'
import { render } from '../findings/render/index.js'
import { incidentsIn, isReport, reportAt } from './report-file.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe.each(['json', 'ndjson'] as const)('a report as %s', (format) => {
  test.each([fleetReport(), hostileReport()])('is known, and gives inventory and incidents', (report) => {
    const path = file(`report.${format}`, [...render(report, format)].join(''))
    expect(isReport(path)).toBe(true)
    const known = reportAt(path)
    expect(known.incidents.map(({ id }) => id)).toEqual(report.incidents.map(({ id }) => id))
    expect(known.inventory).toHaveLength(report.inventory.length)
  })
})

test('logs, folders and nothing are no reports', () => {
  expect(isReport(file('a.json', '{"Timestamp": "2026-01-01"}'))).toBe(false)
  expect(isReport(folder)).toBe(false)
  expect(isReport(join(folder, 'none'))).toBe(false)
})

test.each([
  ['cut', '{"latchkey": {', /cannot be read as JSON/],
  ['other lines', '{"kind":"finding"}\n', /no inventory/],
  ['a number', '5', /no inventory/],
  ['no incidents', '{"inventory": [], "incidents": [{"id": "i-1"}]}', /no incidents/],
])('%s is refused by name', (name, text, why) => {
  expect(() => reportAt(file(`${name}.json`, text))).toThrow(why)
})

test('a verdict or level of another version is refused', () => {
  const [incident] = fleetReport().incidents
  expect(incidentsIn(JSON.stringify({ incidents: [incident] }))).toHaveLength(1)
  for (const wrong of [{ verdict: 'constructor' }, { level: 'grave' }, { chains: [null] }])
    expect(incidentsIn(JSON.stringify({ incidents: [{ ...incident, ...wrong }] }))).toBeUndefined()
})
