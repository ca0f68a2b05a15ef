import { describe, expect, it } from 'vitest'
import { dateOrderShown, epochTime, formatTime, parseTime } from './time.js'

const at = (iso: string, rest = 0): number => Date.parse(iso) * 1000 + rest

describe('parseTime', () => {
  it.each([
    ['2026-11-21T07:04:11.1234567Z', at('2026-11-21T07:04:11.123Z', 456), true],
    ['2026-11-21 07:04:11', at('2026-11-21T07:04:11Z'), false],
    ['2026-11-21 07:04:11.5 UTC', at('2026-11-21T07:04:11.500Z'), true],
    ['2026-11-21T07:04:11+02:00', at('2026-11-21T05:04:11Z'), true],
    ['2026-11-21T07:04:11.000-0530', at('2026-11-21T12:34:11Z'), true],
    ['20261121T070411Z', at('2026-11-21T07:04:11Z'), true],
    ['2026/1/2 3:04', at('2026-01-02T03:04:00Z'), false],
    ['2026-11-21', at('2026-11-21T00:00:00Z'), false],
    ['/Date(1596268006123)/', 1596268006123000, true],
    ['Nov 21, 2026 7:04:11 AM', at('2026-11-21T07:04:11Z'), false],
    ['Nov 21, 2026 12:04:11.250\u202fAM', at('2026-11-21T00:04:11.250Z'), false],
    ['21 Nov 2026 07:04:11', at('2026-11-21T07:04:11Z'), false],
    ['21.11.2026 07:04:11', at('2026-11-21T07:04:11Z'), false],
    ['1.2.2026, 07:04:11,123', at('2026-02-01T07:04:11.123Z'), false],
    ['11/21/2026 7:04:11.123 PM', at('2026-11-21T19:04:11.123Z'), false],
    ['21/11/2026 07:04', at('2026-11-21T07:04:00Z'), false],
    ['1601-01-01T00:00:00Z', at('1601-01-01T00:00:00Z'), true],
    ['2024-02-29T12:00:00Z', at('2024-02-29T12:00:00Z'), true],
  ])('reads %s', (text, micros, zoned) => {
    expect(parseTime(text)).toEqual({ micros, zoned })
  })

  it.each([
    '',
    'yesterday',
    '2026-13-01T00:00:00Z',
    '2023-02-29',
    '2026-11-21T24:00:00Z',
    '2026-11-21T07:60:00Z',
    '2026-11-21T07:04:11Zulu',
    '2026-11-21T07:04:11 +99:00',
    '1/2/2026 07:04',
    '13:04 PM 2026',
    '11/21/2026 13:04 PM',
    '1234567890123456789012345',
    '99999-01-01',
  ])('refuses %j', (text) => {
    expect(parseTime(text)).toBeUndefined()
  })

  it('takes the order of day and month from the caller where the numbers do not show it', () => {
    expect(parseTime('1/2/2026', 'month-first')?.micros).toBe(at('2026-01-02T00:00:00Z'))
    expect(parseTime('1/2/2026', 'day-first')?.micros).toBe(at('2026-02-01T00:00:00Z'))
    expect(parseTime('2/2/2026')?.micros).toBe(at('2026-02-02T00:00:00Z'))
  })

  it('agrees with the calendar on every day of four centuries', () => {
    for (let day = Date.UTC(1900, 0, 1); day < Date.UTC(2300, 0, 1); day += 86_400_000) {
      const text = new Date(day).toISOString()
      if (parseTime(text)?.micros !== day * 1000) expect(text).toBe('read right')
    }
  })
})

it('a number above twelve shows the order of day and month', () => {
  expect(dateOrderShown('21/11/2026')).toBe('day-first')
  expect(dateOrderShown('11/21/2026 7:04')).toBe('month-first')
  expect(dateOrderShown('1/2/2026')).toBe('either')
  expect(dateOrderShown('2026-01-02')).toBeUndefined()
})

it('an epoch number is told apart by its size', () => {
  const expected = at('2020-04-30T00:06:39Z')
  expect(epochTime(expected / 1e6)?.micros).toBe(expected)
  expect(epochTime(expected / 1e3)?.micros).toBe(expected)
  expect(epochTime(expected)?.micros).toBe(expected)
  expect(epochTime(7)).toBeUndefined()
  expect(epochTime(Number.NaN)).toBeUndefined()
})

it('a formatted time reads back as itself', () => {
  for (const micros of [0, 1, -1, 1596268006123456]) expect(parseTime(formatTime(micros))?.micros).toBe(micros)
})
