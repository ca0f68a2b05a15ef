import { describe, expect, test } from 'vitest'
import { fleetIncidents } from '../../../test/fixtures/report.js'
import type { Chain, Decision, Incident } from '../report.js'
import { readDecisions, recordOf, ruleRatios, wilson, withDecisions } from './decisions.js'

const [sample] = fleetIncidents()
const incident: Incident = { ...sample!, decision: null, reopened: null, moreChains: 0 }
const [chain] = incident.chains
const other = (some: Partial<Chain>): Incident => ({ ...incident, chains: [{ ...chain!, ...some }] })
const say = (verdict: Decision['verdict'], at = '2026-03-01T00:00:00.000Z'): Decision => ({
  verdict,
  note: 'why',
  by: null,
  at,
})
const decided = recordOf(incident, say('benign'))

describe('a decision', () => {
  test('holds for the same incident, and decided ones come last', () => {
    const rest = { ...other({ id: 'c-ffffffff', host: 'ELSE' }), id: 'i-ffffffff' }
    const [first, last] = withDecisions([incident, rest], [decided])
    expect([first!.id, first!.decision]).toEqual(['i-ffffffff', null])
    expect(last).toMatchObject({ decision: { verdict: 'benign', note: 'why' }, reopened: null })
  })

  test('is known by its chain, whatever the incident is called now', () => {
    expect(withDecisions([{ ...incident, id: 'i-00000000' }], [decided])[0]!.decision).not.toBeNull()
  })

  test.each([
    [
      'another tool or host',
      { ...incident, chains: [chain!, { ...chain!, id: 'c-1', host: 'B' }] },
      /on B was not decided/,
    ],
    ['another instance', other({ tenant: { relay_host: 'them.example' } }), /another instance/],
    ['a graver verdict', other({ verdict: 'prohibited' }), /is prohibited now/],
    [
      'a rule that had not fired',
      other({ findings: [{ rule: 'new', title: '', level: 'low', count: 1 }] }),
      /rule new/,
    ],
    ['more hosts than are told', { ...incident, moreChains: 3 }, /3 more tools/],
  ] as const)('does not cover %s', (_, changed, reason) => {
    const [found] = withDecisions([changed], [decided])
    expect(found!.decision).toBeNull()
    expect(found!.reopened).toMatch(reason)
  })

  test('is taken back by a later one, and the later one counts', () => {
    const later = (verdict: Decision['verdict']) => recordOf(incident, say(verdict, '2026-03-02T00:00:00.000Z'))
    expect(withDecisions([incident], [decided, later('undecided')])[0]).toEqual(incident)
    expect(withDecisions([incident], [decided, later('malicious')])[0]!.decision!.verdict).toBe('malicious')
  })

  test('is read back from its line', () => {
    const line = JSON.stringify(decided)
    expect(readDecisions(`${line}\n`)).toEqual({ records: [decided], unread: [] })
    const broken = [
      line.slice(0, 40),
      '{}',
      'null',
      '[]',
      JSON.stringify({ ...decided, verdict: 'fine' }),
      '{"chains":[null]}',
    ]
    expect(readDecisions([...broken, line].join('\n'))).toEqual({ records: [decided], unread: [1, 2, 3, 4, 5, 6] })
  })
})

test('the ratio of a rule counts incidents by their latest decision', () => {
  const of = (id: string, verdict: Decision['verdict']) => recordOf({ ...incident, id }, say(verdict))
  const records = [
    of('a', 'malicious'),
    of('a', 'benign'),
    of('b', 'benign'),
    of('c', 'expected'),
    of('d', 'undecided'),
  ]
  expect(ruleRatios(records)).toEqual([
    { rule: 'rmm-script-host', benign: 2, expected: 1, malicious: 0, falsePositives: 0.667, low: 0.208, high: 0.939 },
  ])
})

test('few cases leave a wide interval', () => {
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
  expect(wilson(1, 1).low).toBeLessThan(0.25)
  expect(wilson(90, 100)).toEqual({ low: 0.826, high: 0.945 })
})
