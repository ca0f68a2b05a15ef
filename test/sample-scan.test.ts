import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingest } from '../src/backends/duckdb/ingest.js'
import { Store } from '../src/backends/duckdb/store.js'
import { loadModel } from '../src/events/model.js'
import { inventoryOf } from '../src/findings/inventory.js'
import { judgingOf } from '../src/findings/judging.js'
import type { Report } from '../src/findings/report.js'
import { reportOf } from '../src/findings/scan.js'
import { readPolicy } from '../src/policy/index.js'

interface Expected {
  readonly listed: readonly { readonly tool: string; readonly host: string }[]
  readonly allowed: readonly { readonly tool: string; readonly host: string }[]
  readonly files: Readonly<Record<string, { readonly records: number; readonly damaged?: true }>>
  readonly rules: readonly string[]
  readonly secrets: readonly string[]
}

const expected = JSON.parse(readFileSync('samples/expected.json', 'utf8')) as Expected
const pair = ({ tool, host }: { readonly tool: string; readonly host: string }) => `${tool} on ${host}`

describe('a scan of the sample', () => {
  let store: Store
  let report: Report

  beforeAll(async () => {
    store = await Store.open(loadModel(), { memoryLimit: '512MB' })
    const read = await ingest(store, ['samples/fleet'], { threads: 0 })
    report = await reportOf(store, {
      read,
      asOf: undefined,
      since: undefined,
      until: undefined,
      allTools: false,
      seconds: () => 0,
    })
  })
  afterAll(async () => store?.close())

  it('lists every tool that the stories bring, and nothing else', () => {
    const listed = report.inventory.map(({ toolId, host }) => pair({ tool: toolId, host }))
    const wanted = expected.listed.map(pair)
    const allowed = new Set([...wanted, ...expected.allowed.map(pair)])
    expect(wanted.filter((one) => !listed.includes(one))).toEqual([])
    expect(listed.filter((one) => !allowed.has(one))).toEqual([])
  })

  it('tells the two instances of one product apart', () => {
    const relays = report.inventory
      .filter((entry) => entry.toolId === 'screenconnect')
      .map((entry) => [entry.host.split('.')[0], entry.tenant?.relay_host])
    expect(Object.fromEntries(relays)).toEqual({
      'ht-ws-101': 'relay.invoice-review.example',
      'ht-ws-102': 'support.haldentimber.example',
      'ht-ws-107': 'support.haldentimber.example',
      'ht-ws-108': 'support.haldentimber.example',
    })
  })

  it('finds something with every seed rule', () => {
    const fired = new Set(report.findings.map((finding) => finding.rule))
    expect(expected.rules.filter((rule) => !fired.has(rule))).toEqual([])
  })

  it('is held to the company’s policy: its own tools are approved, and nothing that the intruder brought', async () => {
    const policy = readPolicy('samples/policy.yaml', readFileSync('samples/policy.yaml', 'utf8'), {
      readFile: () => '',
    })
    expect(policy.diagnostics).toEqual([])
    const judging = await judgingOf(store, policy.policy)
    const inventory = await inventoryOf(store, { allTools: false, stretches: undefined, judging })
    const verdicts = inventory.map(({ toolId, host, verdict }) => `${verdict}: ${toolId} on ${host.split('.')[0]}`)
    expect(verdicts.sort()).toEqual([
      'approved: atera on ht-app-02',
      'approved: ninjaone on ht-fs-01',
      'approved: screenconnect on ht-ws-102',
      'approved: screenconnect on ht-ws-107',
      'approved: screenconnect on ht-ws-108',
      'approved: splashtop on ht-app-02',
      'approved: teamviewer on ht-ws-102',
      'prohibited: chrome-remote-desktop on ht-lt-106',
      'unknown: anydesk on ht-fs-01',
      'unknown: anydesk on ht-ws-101',
      'unknown: anydesk on ht-ws-103',
      'unknown: netsupport on ht-ws-104',
      'unknown: rustdesk on ht-app-02',
      'wrong-tenant: screenconnect on ht-ws-101',
    ])
    const events = inventory.map(
      ({ judgements, events: all }) => judgements!.reduce((sum, each) => sum + each.events, 0) === all,
    )
    expect(events).not.toContain(false)
  })

  it('shows no password', () => {
    const text = JSON.stringify(report)
    expect(expected.secrets.filter((secret) => text.includes(secret))).toEqual([])
  })

  it('accounts for every record', () => {
    const records = Object.values(expected.files).reduce((sum, file) => sum + file.records, 0)
    const { read, rejected } = report.summary.records
    // The broken line is not among the records of its file.
    expect(read + rejected).toBe(records + 1)
    expect([...new Set(report.summary.rejected.map((one) => one.code))].sort()).toEqual(['evtx-cut', 'json-syntax'])
  })
})
