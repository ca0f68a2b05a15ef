import { expect, test } from 'vitest'
import { fleetReport } from '../../test/fixtures/report.js'
import type { Finding, InventoryEntry, Level, Verdict } from './report.js'
import { broadened, Scale } from './severity.js'

const [sample] = fleetReport().inventory
const { severity: _, ...unweighed } = fleetReport().findings[0]!
const entry = (host: string, verdict: Verdict = 'unknown'): InventoryEntry => ({
  ...sample!,
  tool: 'T',
  toolId: 't',
  host,
  verdict,
  tenant: null,
})
const finding = (level: Level, some: Partial<Finding> = {}): Finding => ({
  ...unweighed,
  level,
  tool: 'T',
  host: 'A',
  time: '2026-03-10T00:00:00.000000Z',
  ...some,
})
const AS_OF = Date.UTC(2026, 2, 14) * 1000
const scale = (inventory: readonly InventoryEntry[], hosts = 20) =>
  new Scale(inventory, { hosts, asOf: AS_OF, hasPolicy: true })

test.each(['critical', 'high', 'medium', 'low', 'informational'] as const)(
  'without a word of the policy, on a few hosts, this week, a rule’s level is its level: %s',
  (level) => {
    const weighed = scale([entry('A'), entry('B')]).weigh(finding(level), {})
    expect(weighed.level).toBe(level)
    expect(weighed.severity!.arithmetic).toMatch(/ × .* = \d/)
  },
)

test.each([
  ['wrong-tenant', 'high', 'critical'],
  ['prohibited', 'medium', 'high'],
  ['approved', 'high', 'low'],
  ['approved', 'medium', 'informational'],
  ['expired', 'medium', 'medium'],
] as const)('%s makes of %s: %s', (verdict, level, expected) => {
  expect(scale([entry('A', verdict), entry('B', verdict)]).weigh(finding(level), {}).level).toBe(expected)
})

test('what is no ordinary use keeps its weight though the tool is approved', () => {
  const weighed = scale([entry('A', 'approved'), entry('B')]).weigh(finding('high'), { stands_alone: true })
  expect(weighed.level).toBe('high')
})

test('the sum is the product of the terms that are shown', () => {
  const { severity } = scale([entry('A', 'wrong-tenant')]).weigh(finding('low', { time: '2026-03-13T20:00:00Z' }), {
    behaviour: 'B06',
  })
  const product = severity!.terms.reduce((all, { factor }) => all * factor, 1)
  expect(severity!.score).toBeCloseTo(product, 1)
  expect(severity!.terms.map(({ of }) => of)).toEqual(['behaviour', 'verdict', 'prevalence', 'recency'])
  for (const { factor, says } of severity!.terms) expect(severity!.arithmetic).toContain(`${factor} (${says})`)
})

test('what is old weighs less, and what half the fleet has too', () => {
  const old = scale([entry('A'), entry('B')]).weigh(finding('medium', { time: '2025-01-01T00:00:00Z' }), {})
  expect(old.level).toBe('medium')
  expect(old.severity!.score).toBe(30)
  const common = Array.from({ length: 12 }, (_, index) => entry(`H${index}`))
  expect(scale([...common, entry('A')]).weigh(finding('medium'), {}).severity!.score).toBe(32)
})

test('a rule of the user’s means what it says, and so does a match that names no tool', () => {
  const given = { given: {} as never }
  expect(scale([entry('A', 'approved')]).weigh(finding('high'), given)).toEqual(finding('high'))
  expect(scale([]).weigh(finding('informational', { tool: null }), {}).severity).toBeUndefined()
})

test('several tools in one story weigh more than one', () => {
  const one = scale([entry('A'), entry('B')]).ofEntry(entry('A'))
  expect(broadened(one, 1).score).toBe(one.score)
  expect(broadened(one, 2).score).toBeGreaterThan(one.score)
  expect(broadened(one, 9).score).toBeGreaterThan(broadened(one, 2).score)
})
