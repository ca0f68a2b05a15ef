import { afterAll, beforeAll, expect, test } from 'vitest'
import { fleetReport } from '../../../test/fixtures/report.js'
import { Store } from '../../backends/duckdb/store.js'
import { loadModel } from '../../events/model.js'
import type { Finding, InventoryEntry } from '../report.js'
import { Scale } from '../severity.js'
import { incidentsOf } from './incidents.js'

let store: Store
beforeAll(async () => {
  store = await Store.open(loadModel(), { memoryLimit: '256MB' })
})
afterAll(async () => store?.close())

const [sample] = fleetReport().inventory
const { judgements: _, otherTenants: __, ...bare } = sample!
const entry = (host: string, some: Partial<InventoryEntry> = {}): InventoryEntry => ({
  ...bare,
  tool: 'T',
  toolId: 't',
  host,
  tenant: null,
  verdict: 'unknown',
  state: 'at work',
  paths: ['C:\\Program Files\\T 1.2\\t.exe'],
  ...some,
})

const incidents = async (inventory: readonly InventoryEntry[], findings: readonly Finding[] = []) => {
  const scale = new Scale(inventory, { hosts: 100, asOf: Date.UTC(2026, 2, 14) * 1000, hasPolicy: true })
  return incidentsOf(store, {
    inventory,
    findings: findings.map((each) => scale.weigh(each, {})),
    scale,
    hosts: 100,
    observations: [],
  })
}

const hosts = (count: number) => Array.from({ length: count }, (_, index) => `H${index}`)

test('one program in one folder on many hosts is one incident, on a few hosts each is its own', async () => {
  const many = await incidents(
    hosts(12).map((host, index) => entry(host, { paths: [`C:\\Program Files\\T 1.${index}\\t.exe`] })),
  )
  expect(many.map(({ chains }) => chains.length)).toEqual([12])
  expect(many[0]!.links[0]!.why).toContain('on 12 hosts')
  expect(await incidents(hosts(9).map((host) => entry(host)))).toHaveLength(9)
})

test('what a rule found, what lies with a user, and what has an instance of its own stay apart from a roll-out', async () => {
  const { severity: ___, ...finding } = fleetReport().findings[0]!
  const odd = [
    entry('ODD-1', { paths: ['C:\\Users\\a\\Downloads\\t.exe'] }),
    entry('ODD-2', { tenant: { relay_host: 'them.example' } }),
    entry('ODD-3'),
  ]
  const found = { ...finding, tool: 'T', host: 'ODD-3', level: 'high' as const, time: '2026-03-13T00:00:00Z' }
  const all = await incidents([...hosts(20).map((host) => entry(host)), ...odd], [found])
  expect(all.map(({ chains }) => chains.length).sort()).toEqual([1, 1, 1, 20])
  expect(all[0]!.chains[0]!.host).toBe('ODD-3')
})

test('what is approved is no incident, unless a rule found something that weighs', async () => {
  expect(await incidents([entry('A', { verdict: 'approved' })])).toEqual([])
})
