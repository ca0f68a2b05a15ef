import { expect, test } from 'vitest'
import type { TimeWindow } from './policy.js'
import { intervalsOf, readClock, readDays } from './windows.js'

const window = (days: string, from: string, to: string, timeZone: string): TimeWindow => ({
  text: '',
  days: new Set(readDays(days)),
  from: readClock(from)!,
  to: readClock(to)!,
  timeZone,
})

/** Starts and ends as minutes UTC. */
const told = (windows: readonly TimeWindow[], first: string, last: string): readonly string[] =>
  intervalsOf(windows, Date.parse(first) * 1000, Date.parse(last) * 1000)
    .map(({ start, end }) => [start, end].map((micros) => new Date(micros / 1000).toISOString().slice(0, 16)))
    .filter(([start, end]) => end! > first && start! < last)
    .map((pair) => pair.join(' '))

test('hours follow the clocks on the wall through the change to summer time', () => {
  expect(told([window('Fri-Mon', '07:00', '18:00', 'Europe/Oslo')], '2026-03-27T00:00', '2026-03-31T00:00')).toEqual([
    '2026-03-27T06:00 2026-03-27T17:00',
    '2026-03-28T06:00 2026-03-28T17:00',
    '2026-03-29T05:00 2026-03-29T16:00',
    '2026-03-30T05:00 2026-03-30T16:00',
  ])
})

test('a night belongs to the day on which it begins, and nights that touch are one', () => {
  expect(told([window('Fri', '22:00', '06:00', 'UTC')], '2026-02-06T00:00', '2026-02-09T00:00')).toEqual([
    '2026-02-06T22:00 2026-02-07T06:00',
  ])
  expect(told([window('Sat-Sun', '00:00', '24:00', 'UTC')], '2026-02-06T00:00', '2026-02-10T00:00')).toEqual([
    '2026-02-07T00:00 2026-02-09T00:00',
  ])
})

test('a night in which the clocks are put back is an hour longer', () => {
  expect(told([window('Sat', '22:00', '06:00', 'Europe/Oslo')], '2026-10-24T00:00', '2026-10-26T00:00')).toEqual([
    '2026-10-24T20:00 2026-10-25T05:00',
  ])
})

test('zones with odd offsets', () => {
  expect(told([window('Mon', '09:00', '17:00', 'Asia/Kathmandu')], '2026-02-02T00:00', '2026-02-03T00:00')).toEqual([
    '2026-02-02T03:15 2026-02-02T11:15',
  ])
})

test.each(['', 'Mo', 'Mon-', 'Mon-Fry', '1-5', 'Mon Fri'])('%j are no days', (text) => {
  expect(readDays(text)).toBeUndefined()
})

test.each(['7', '7:0', '24:01', '07:60', '-1:00', '07:00:00'])('%j is no time of day', (text) => {
  expect(readClock(text)).toBeUndefined()
})
