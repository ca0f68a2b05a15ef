import { expect, test } from 'vitest'
import { emptyReport, fleetReport, hostileReport } from '../../test/fixtures/report.js'
import { widthOf } from '../text/fit.js'
import { stackTable } from './render/stack-table.js'
import type { Finding, Report } from './report.js'
import { stackBy } from './stack.js'

const [base] = fleetReport().findings
const event = base!.events[0]!

const report = (findings: readonly Partial<Finding>[]): Report => ({
  ...fleetReport(),
  findings: findings.map((finding) => ({ ...base!, ...finding })),
})

const stacked = (given: Report, ...fields: string[]) => {
  const result = stackBy(given, fields)
  if (!result.ok) throw new Error(`unknown ${result.unknown}`)
  return result.stacks
}

test('the rarest value comes first, with when and where', () => {
  const given = report([
    { host: 'a', events: [{ ...event, time: '2026-03-01T06:00:00Z', fields: { Image: 'x' } }] },
    { host: 'b', events: [{ ...event, time: '2026-03-03T06:00:00Z', fields: { Image: 'x' } }] },
    { host: 'A', rule: 'r', events: [{ ...event, time: '2026-03-02T06:00:00Z', fields: { image: 'y' } }] },
  ])
  expect(stacked(given, 'IMAGE')).toEqual([
    {
      values: ['y'],
      findings: 1,
      events: 1,
      hosts: 1,
      rules: 1,
      firstSeen: '2026-03-02T06:00:00Z',
      lastSeen: '2026-03-02T06:00:00Z',
    },
    {
      values: ['x'],
      findings: 2,
      events: 2,
      hosts: 2,
      rules: 1,
      firstSeen: '2026-03-01T06:00:00Z',
      lastSeen: '2026-03-03T06:00:00Z',
    },
  ])
})

test('a finding with several events counts once for each value', () => {
  const events = ['x', 'x', 'y'].map((Image) => ({ ...event, fields: { Image } }))
  expect(
    stacked(report([{ events }]), 'Image').map(({ values, findings, events: seen }) => [values, findings, seen]),
  ).toEqual([
    [['y'], 1, 1],
    [['x'], 1, 2],
  ])
})

test('fields together are counted together, and what is missing is counted as nothing', () => {
  const given = report([
    { host: 'a', techniques: ['T1', 'T2'], events: [] },
    { host: 'a', techniques: [], events: [] },
  ])
  expect(stacked(given, 'host', 'technique').map(({ values }) => values)).toEqual([
    ['a', ''],
    ['a', 'T1'],
    ['a', 'T2'],
  ])
})

test('columns of the rule serve where the event has no such field', () => {
  const given = report([{ columns: { Answer: 42n }, events: [{ ...event, fields: {} }] }])
  expect(stacked(given, 'answer')[0]!.values).toEqual(['42'])
})

test('a field that nothing has is refused with the nearest name', () => {
  const given = report([{ events: [{ ...event, fields: { CommandLine: 'x' } }] }])
  expect(stackBy(given, ['ComandLine'])).toMatchObject({ ok: false, unknown: 'ComandLine', closest: 'CommandLine' })
  expect(stackBy(given, ['host', '__proto__'])).toMatchObject({ ok: false, unknown: '__proto__' })
})

test('nothing found has no stacks, and hostile texts are values', () => {
  expect(stacked(emptyReport(), 'any field')).toEqual([])
  expect(stacked(hostileReport(), 'title').length).toBeGreaterThan(10)
})

test('no line of stacks is wider than the terminal, and none can drive it', () => {
  const stacks = [...stacked(hostileReport(), 'title'), ...stacked(hostileReport(), 'host')]
  for (const width of [60, 80, 140])
    for (const line of [...stackTable(stacks, ['a field'], { width, colour: false })].join('').split('\n')) {
      expect(widthOf(line), line).toBeLessThanOrEqual(width)
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
})
