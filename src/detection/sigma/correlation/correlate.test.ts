import { describe, expect, it } from 'vitest'
import { compareRandom } from '../../../../test/fixtures/compare-correlations.js'
import { dice } from '../../../../test/fixtures/dice.js'
import { ExactSum } from './exact-sum.js'
import { type Bound, type CorrelationPlan, correlate, type Hit, type Measure } from './index.js'
import { SortedNumbers } from './sorted-numbers.js'

const plan = (measure: Measure, timespan: number, bounds: readonly Bound[], rules = 1): CorrelationPlan => ({
  groupBy: ['user'],
  valueFields: measure.kind === 'events' || measure.kind.startsWith('rules') ? [] : ['value'],
  carried: [],
  timespan,
  measure,
  condition: { kind: 'bounds', bounds },
  inputs: Array.from({ length: rules }, (_, stream) => ({ kind: 'stream', stream, name: `rule ${stream}` })),
})

/** `3a 5b:7`: user a at 3, user b with the value 7 at 5. */
let uid = 0n
const hits = (text: string): readonly Hit[] =>
  text.split(' ').flatMap((word) => {
    const [, time, user, value] = /^(\d+)([^:]*)(?::(.*))?$/.exec(word) ?? []
    return time === undefined ? [] : [{ uid: ++uid, time: Number(time), values: [user ?? null, value ?? null] }]
  })

const found = (correlation: CorrelationPlan, ...streams: readonly string[]): readonly string[] =>
  correlate(correlation, streams.map(hits)).matches.map(
    ({ group, from, time, last, value, hits }) => `${group[0]} ${from}-${time}-${last} ${value} of ${hits}`,
  )

describe('a window', () => {
  const three = plan({ kind: 'events' }, 10, [{ operator: 'gte', value: 3 }])

  it('holds what is exactly a timespan apart', () => {
    expect(found(three, '0a 5a 10a')).toEqual(['a 0-10-10 3 of 3'])
    expect(found(three, '0a 5a 11a')).toEqual([])
  })

  it('does not end at hours or days', () => {
    expect(found(three, '8a 9a 11a')).toEqual(['a 8-11-11 3 of 3'])
  })

  it('is the same for events that came late', () => {
    expect(found(three, '10a 0a 5a')).toEqual(['a 0-10-10 3 of 3'])
  })

  it('is looked at once for events of one time', () => {
    const two = plan({ kind: 'events' }, 10, [{ operator: 'eq', value: 2 }])
    expect(found(two, '5a 5a 5a')).toEqual([])
  })

  it('goes on as one match while the condition is met', () => {
    expect(found(three, '0a 1a 2a 3a 9a 30a')).toEqual(['a 0-2-9 3 of 5'])
    expect(found(three, '0a 1a 2a 20a 21a 22a')).toEqual(['a 0-2-2 3 of 3', 'a 20-22-22 3 of 3'])
  })

  it('that shares no hit with the one before is another match', () => {
    const one = plan({ kind: 'events' }, 10, [{ operator: 'gte', value: 1 }])
    expect(found(one, '0a 10a 21a')).toEqual(['a 0-0-10 1 of 2', 'a 21-21-21 1 of 1'])
  })

  it('takes a range', () => {
    const range = plan({ kind: 'events' }, 10, [
      { operator: 'gte', value: 2 },
      { operator: 'lt', value: 4 },
    ])
    expect(found(range, '0a 1a 2a 3a 4a')).toEqual(['a 0-1-2 2 of 3'])
  })
})

describe('groups', () => {
  const two = plan({ kind: 'events' }, 10, [{ operator: 'gte', value: 2 }])

  it('are told apart, but not by the case of letters', () => {
    expect(found(two, '0Ann 1bob 2ANN')).toEqual(['Ann 0-2-2 2 of 2'])
  })

  it('without any value are left out and counted', () => {
    const { matches, leftOut } = correlate(two, [hits('0 1- 2a')])
    expect([matches.length, leftOut.groupless]).toEqual([0, 2])
  })

  it('that lack one value of several are of one group', () => {
    const both: CorrelationPlan = { ...two, groupBy: ['user', 'host'] }
    const lacking = hits('0a 1a 2a:h')
    expect(correlate(both, [lacking]).matches.map(({ group }) => group)).toEqual([['a', null]])
  })

  it('events without a time are counted', () => {
    expect(correlate(two, [[{ uid: 1n, time: null, values: ['a'] }]]).leftOut.timeless).toBe(1)
  })
})

describe('measures', () => {
  const by = (measure: Measure, operator: Bound['operator'], value: number) => plan(measure, 10, [{ operator, value }])

  it('an event that two rules match is one event', () => {
    const same: Hit = { uid: 1n, time: 0, values: ['a'] }
    const two = plan({ kind: 'events' }, 10, [{ operator: 'gte', value: 2 }], 2)
    expect(correlate(two, [[same], [same]]).matches).toEqual([])
    expect(correlate({ ...two, measure: { kind: 'rules' } }, [[same], [same]]).matches).toHaveLength(1)
  })

  it('different values, not by the case of letters', () => {
    expect(found(by({ kind: 'values' }, 'gte', 2), '0a:x 1a:X 2a:y 3a:-')).toEqual(['a 0-2-2 2 of 3'])
  })

  it('sums what are numbers', () => {
    const { matches, leftOut } = correlate(by({ kind: 'sum' }, 'gt', 10), [hits('0a:5 1a:x 2a: 3a:5.5 4a:0x10')])
    expect(matches.map(({ value }) => value)).toEqual([10.5])
    expect([leftOut.numberless, leftOut.valueless]).toEqual([2, 1])
  })

  it('averages and percentiles', () => {
    expect(found(by({ kind: 'average' }, 'gte', 3), '0a:1 1a:5')).toEqual(['a 0-1-1 3 of 2'])
    expect(found(by({ kind: 'percentile', rank: 50 }, 'gte', 2.5), '0a:1 1a:2 2a:3 3a:40')).toEqual([
      'a 0-3-3 2.5 of 4',
    ])
  })

  it('rules in any order, and in order', () => {
    const all: readonly Bound[] = [{ operator: 'gte', value: 2 }]
    expect(found(plan({ kind: 'rules' }, 10, all, 2), '5a', '3a')).toEqual(['a 3-5-5 2 of 2'])
    expect(found(plan({ kind: 'rules-in-order' }, 10, all, 2), '5a', '3a')).toEqual([])
    expect(found(plan({ kind: 'rules-in-order' }, 10, all, 2), '3a', '5a')).toEqual(['a 3-5-5 2 of 2'])
    expect(found(plan({ kind: 'rules-in-order' }, 10, all, 2), '5a', '5a')).toEqual(['a 5-5-5 2 of 2'])
    expect(found(plan({ kind: 'rules-in-order' }, 10, all, 2), '0a 9a', '12a')).toEqual(['a 9-12-12 2 of 2'])
  })
})

describe('a correlation of correlations', () => {
  const failed = plan({ kind: 'events' }, 10, [{ operator: 'gte', value: 3 }])
  const chain = (measure: Measure, value: number, groupBy = ['user'], pick = [0]): CorrelationPlan => ({
    ...plan(measure, 20, [{ operator: 'gte', value }]),
    groupBy,
    inputs: [
      { kind: 'correlation', plan: failed, name: 'failed', pick },
      { kind: 'stream', stream: 1, name: 'success' },
    ],
  })
  const inner = (correlation: CorrelationPlan): CorrelationPlan => ({
    ...correlation,
    inputs: correlation.inputs.map((each) =>
      each.kind === 'correlation' ? { ...each, plan: { ...each.plan, inputs: [failed.inputs[0]!] } } : each,
    ),
  })

  it('sees a match below for as long as it goes on', () => {
    const long = Array.from({ length: 30 }, (_, index) => `${index * 5}a`).join(' ')
    expect(found(inner(chain({ kind: 'rules-in-order' }, 2)), long, '160a')).toEqual(['a 140-160-160 2 of 2'])
    expect(found(inner(chain({ kind: 'rules-in-order' }, 2)), long, '166a')).toEqual([])
  })

  it('counts a match below once', () => {
    const counting: CorrelationPlan = {
      ...plan({ kind: 'events' }, 100, [{ operator: 'gte', value: 2 }]),
      inputs: [{ kind: 'correlation', plan: failed, name: 'failed', pick: [0] }],
    }
    expect(found(counting, '0a 1a 2a 3a 4a')).toEqual([])
    expect(found(counting, '0a 1a 2a 30a 31a 32a')).toEqual(['a 2-32-32 2 of 2'])
  })

  it('has the events of those below behind it', () => {
    const [match] = correlate(inner(chain({ kind: 'rules-in-order' }, 2)), [hits('0a 1a 2a'), hits('4a')]).matches
    expect(match?.events.map(({ time, rule }) => `${time} ${rule}`)).toEqual([
      '0 rule 0',
      '1 rule 0',
      '2 rule 0',
      '4 success',
    ])
  })

  it('groups by what the events below say, where the correlation below does not group by it', () => {
    const below: CorrelationPlan = { ...failed, carried: ['account'] }
    const above: CorrelationPlan = {
      ...chain({ kind: 'rules' }, 2),
      groupBy: ['account'],
      inputs: [
        { kind: 'correlation', plan: below, name: 'failed', pick: [1] },
        { kind: 'stream', stream: 1, name: 'success' },
      ],
    }
    const { matches } = correlate(above, [hits('0host:ann 1host:bob 2host:eve'), hits('5BOB')])
    expect(matches.map(({ group, events }) => [group[0], events.length])).toEqual([['bob', 4]])
  })
})

it('sums leave no trace of what has gone', () => {
  const sum = new ExactSum()
  for (const number of [1e16, 0.1, -3.7, 1e16, 2.5]) sum.add(number)
  for (const number of [1e16, 1e16, -3.7]) sum.subtract(number)
  expect(sum.value).toBe(2.6)
})

it('numbers in order, thousands of them', () => {
  const roll = dice(7)
  const numbers = new SortedNumbers()
  const plain: number[] = []
  for (let step = 0; step < 5000; step++) {
    if (plain.length > 0 && roll(3) === 0) numbers.remove(plain.splice(roll(plain.length), 1)[0]!)
    else {
      const number = roll(300) / 4
      numbers.add(number)
      plain.push(number)
    }
  }
  plain.sort((a, b) => a - b)
  expect(plain.map((_, place) => numbers.at(place))).toEqual(plain)
})

it('says what looking at every window says', () => {
  let met = 0
  for (let seed = 1; seed <= 1500; seed++) {
    const { found, expected } = compareRandom(seed)
    expect({ seed, found }).toEqual({ seed, found: expected })
    if (found.length > 0) met++
  }
  expect(met).toBeGreaterThan(500)
})

it('a stream of very many hits of one time does not break it', () => {
  const many = Array.from({ length: 60_000 }, (_, index): Hit => ({ uid: BigInt(index), time: 5, values: ['a'] }))
  const [match] = correlate(plan({ kind: 'events' }, 10, [{ operator: 'gte', value: 10 }]), [many]).matches
  expect([match?.hits, match?.events.length]).toEqual([60_000, 1000])
})
