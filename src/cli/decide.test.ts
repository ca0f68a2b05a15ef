import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fleetIncidents } from '../../test/fixtures/report.js'
import { decide, exportDecisions } from './decide.js'
import { decisionsAt, keepIncidents, knownIncidents } from './decisions-file.js'

let folder: string
let store: string
const said: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-decide-'))
  store = join(folder, 'case.duckdb')
  said.length = 0
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const [incident] = fleetIncidents()
const DECISION = { verdict: 'expected', note: 'agreed by telephone', by: 'kari' } as const

test('a decision is a line beside the store, and the next one another', () => {
  keepIncidents(store, [incident!])
  expect(decide(incident!.id, { ...DECISION, store })).toBe(0)
  expect(decide(incident!.id, { ...DECISION, verdict: 'malicious', store })).toBe(0)
  const lines = readFileSync(`${store}.decisions.jsonl`, 'utf8').trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  expect(decisionsAt(`${store}.decisions.jsonl`).map(({ verdict }) => verdict)).toEqual(['expected', 'malicious'])
})

test('a line that was cut is told, left out, and ended before the next', () => {
  keepIncidents(store, [incident!])
  writeFileSync(`${store}.decisions.jsonl`, '{"format":1,"inc')
  decide(incident!.id, { ...DECISION, store })
  said.length = 0
  expect(decisionsAt(`${store}.decisions.jsonl`)).toHaveLength(1)
  expect(said.join('')).toContain('line 1 cannot be read')
})

test.each([
  ['i-unknown', { store: true }, /no incident i-unknown/],
  [incident!.id, {}, /where are the decisions/],
  [incident!.id, { decisions: true }, /which incidents/],
] as const)('%s with %j is refused', (id, given, reason) => {
  keepIncidents(store, [incident!])
  const options = {
    ...('store' in given ? { store } : {}),
    ...('decisions' in given ? { decisions: join(folder, 'd.jsonl') } : {}),
  }
  expect(() => decide(id, { ...DECISION, ...options })).toThrow(reason)
})

test('an empty note is refused, and so is a report that is none', () => {
  keepIncidents(store, [incident!])
  expect(() => decide(incident!.id, { ...DECISION, note: ' ', store })).toThrow(/--note is empty/)
  for (const text of [
    '',
    '{}',
    '[]',
    '{"incidents":[{}]}',
    '{"incidents":[{"id":"i-1","chains":[null]}]}',
    '{"kind":"incident"}',
  ]) {
    const report = join(folder, 'report.json')
    writeFileSync(report, text)
    expect(() => knownIncidents(undefined, report), text).toThrow(/no incidents|cannot/)
  }
})

test('the export has every decision and the ratio of every rule', async () => {
  keepIncidents(store, [incident!])
  decide(incident!.id, { ...DECISION, store })
  const out = join(folder, 'out.json')
  await exportDecisions({ store, out, format: 'json' })
  const { decisions, rules } = JSON.parse(readFileSync(out, 'utf8')) as { decisions: unknown[]; rules: unknown[] }
  expect(decisions).toHaveLength(1)
  expect(rules).toMatchObject([{ rule: 'rmm-script-host', expected: 1, falsePositives: 0 }])
})
