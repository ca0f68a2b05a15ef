import { expect, test } from 'vitest'
import { timeAxis } from './time-axis.js'

const labels = (first: string, last: string): readonly string[] =>
  timeAxis(Date.parse(first), Date.parse(last)).ticks.map(({ label }) => label)

test.each([
  ['2026-03-01T06:00:00Z', '2026-03-01T06:00:50Z', ['06:00:00', '06:00:15', '06:00:30', '06:00:45']],
  ['2026-03-01T22:00:00Z', '2026-03-02T03:00:00Z', ['22:00', '23:00', '2 Mar', '01:00', '02:00', '03:00']],
  ['2026-03-01T00:00:00Z', '2026-03-06T00:00:00Z', ['1 Mar', '2 Mar', '3 Mar', '4 Mar', '5 Mar', '6 Mar']],
  ['2025-11-20T00:00:00Z', '2026-04-02T00:00:00Z', ['Dec 2025', 'Jan 2026', 'Feb 2026', 'Mar 2026', 'Apr 2026']],
  ['2019-06-01T00:00:00Z', '2026-03-02T00:00:00Z', ['2020', '2022', '2024', '2026']],
])('ticks from %s to %s are at round places', (first, last, expected) => {
  expect(labels(first, last)).toEqual(expected)
})

test('any stretch of time gets a few ticks, from a millisecond to thirty thousand years', () => {
  for (let length = 1; length < 1e15; length *= 3) {
    const { ticks, percent } = timeAxis(-length / 2, length / 2)
    expect(ticks.length).toBeLessThanOrEqual(9)
    for (const { time } of ticks) expect(percent(time)).toBeGreaterThanOrEqual(0)
  }
})

test('one moment is drawn in the middle of an hour', () => {
  const axis = timeAxis(0, 0)
  expect(axis.percent(0)).toBe(50)
  expect(axis.end - axis.start).toBe(3_600_000)
})
