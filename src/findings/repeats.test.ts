import { expect, test } from 'vitest'
import { fleetReport } from '../../test/fixtures/report.js'
import { withoutRepeats } from './repeats.js'
import type { Finding } from './report.js'

const [base] = fleetReport().findings

const at = (minute: number, given: Partial<Finding> = {}): Finding => {
  const time = `2026-03-01T06:${String(minute).padStart(2, '0')}:00.000000Z`
  const event = { ...base!.events[0]!, time, record: minute }
  return { ...base!, time, columns: { Image: 'a.exe', UtcTime: time }, events: [event], ...given }
}

const MINUTES = 60e6
const told = (findings: readonly Finding[]): unknown =>
  findings.map(({ time, repeats, events }) => [
    time!.slice(14, 16),
    repeats?.count ?? 1,
    events.map(({ record }) => record),
  ])

test('repeats within the window of the first are one, with all their events', () => {
  const findings = withoutRepeats([at(30), at(0), at(10), at(11), at(5)], 10 * MINUTES)
  expect(told(findings)).toEqual([
    ['00', 3, [0, 5, 10]],
    ['11', 1, [11]],
    ['30', 1, [30]],
  ])
  expect(findings[0]!.repeats).toEqual({
    count: 3,
    first: '2026-03-01T06:00:00.000000Z',
    last: '2026-03-01T06:10:00.000000Z',
  })
})

test.each([
  ['host', { host: 'another' }],
  ['user', { user: 'another' }],
  ['rule', { rule: 'another' }],
  ['level', { level: 'low' as const }],
  ['column', { columns: { Image: 'b.exe' } }],
])('another %s is no repeat', (_, other) => {
  expect(withoutRepeats([at(0), at(1, other)], 10 * MINUTES)).toHaveLength(2)
})

test('what has no time repeats nothing', () => {
  expect(
    withoutRepeats([at(0, { time: null }), at(0, { time: null }), at(0, { time: 'never' })], 10 * MINUTES),
  ).toHaveLength(3)
})

test('nothing is lost however many there are', () => {
  const many = Array.from({ length: 60 }, (_, minute) => at(minute, { host: `h${minute % 7}` }))
  const events = withoutRepeats(many, 20 * MINUTES).flatMap((finding) => finding.events)
  expect(events.map(({ record }) => record).toSorted((a, b) => a! - b!)).toEqual(many.map((_, minute) => minute))
})
