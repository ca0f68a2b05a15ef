import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingest } from '../src/backends/duckdb/ingest.js'
import { Store } from '../src/backends/duckdb/store.js'
import { loadHunts } from '../src/detection/hunts.js'
import { lowerQuery } from '../src/detection/lower-query.js'
import { loadModel } from '../src/events/model.js'
import { inventoryOf } from '../src/findings/inventory.js'
import { judgingOf } from '../src/findings/judging.js'
import { guidesOf } from '../src/findings/playbook/index.js'
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

  it('tells the intrusion as one incident, in order, with tenant and delivery, and the shadow tools each as its own', () => {
    const told = report.incidents.map(({ chains }) =>
      chains.map(({ toolId, host }) => `${toolId} on ${host.split('.')[0]}`),
    )
    const intrusion = [
      'screenconnect on ht-ws-101',
      'anydesk on ht-ws-101',
      'anydesk on ht-fs-01',
      'rustdesk on ht-app-02',
      'netsupport on ht-ws-104',
    ]
    expect(told).toContainEqual(intrusion)
    expect(told).toContainEqual(['anydesk on ht-ws-103'])
    expect(told).toContainEqual(['chrome-remote-desktop on ht-lt-106'])
    const incident = report.incidents.find(({ chains }) => chains[0]!.host.startsWith('ht-ws-101'))!
    expect(incident.level).toBe('critical')
    const [first, , server, hidden, desk] = incident.chains
    expect(first!.tenant).toMatchObject({ relay_host: 'relay.invoice-review.example' })
    expect(first!.delivery).toMatchObject({
      how: 'mail',
      file: 'C:\\Users\\ingrid.solberg\\Downloads\\Invoice_4471_review.pdf.msi',
      from: 'https://files.invoice-review.example/r/Invoice_4471_review.pdf.msi',
    })
    expect(server!.delivery).toMatchObject({ how: 'over the network', account: 'adm.fjeld from 10.20.1.101' })
    expect(hidden!.delivery).toMatchObject({ from: 'https://files.invoice-review.example/a/h.bin' })
    expect(desk!.delivery).toMatchObject({ how: 'script' })
    expect([...new Set(first!.steps.map(({ stage }) => stage))]).toEqual([
      'delivery',
      'installation',
      'persistence',
      'execution',
      'session',
      'activity',
      'removal',
    ])
    for (const { chains } of report.incidents)
      for (const { steps } of chains) {
        const times = steps.map(({ time }) => time!)
        expect(times).toEqual(times.toSorted())
      }
    const started = JSON.stringify(first!.processes)
    for (const program of ['OUTLOOK.EXE', 'cmd.exe', 'whoami.exe', 'net1.exe']) expect(started).toContain(program)
  })

  it.each([
    ['rare-tools', 'Tool', ['AnyDesk', 'NetSupport Manager', 'RustDesk', 'TeamViewer'], ['ConnectWise ScreenConnect']],
    ['rare-tenants', 'Tenant', ['relay.invoice-review.example'], []],
    ['outside-usual-path', 'Folder', ['c:\\programdata', 'c:\\users\\*\\downloads'], []],
    ['two-vendors-in-a-day', 'SecondTool', ['Splashtop'], ['NetSupport Manager']],
    ['tools-by-device', 'Tool', ['Atera', 'Chrome Remote Desktop'], []],
  ] as const)('the hunt %s finds what the stories bring', async (id, column, shown, hidden) => {
    const hunt = loadHunts().find((each) => each.id === id)!
    const lowered = lowerQuery(hunt.query, { asOf: 0, schema: store.schema })
    expect(lowered.diagnostics).toEqual([])
    if (!lowered.ok) return
    const at = lowered.query.body.columns.findIndex(({ name }) => name === column)
    const values = (await store.ask(lowered.query)).map((row) => row[at])
    expect(values).toEqual(expect.arrayContaining([...shown]))
    for (const each of hidden) expect(values).not.toContain(each)
  })

  it('answers what its playbooks ask: every query runs, and those of the intrusion find it', async () => {
    const found = new Map<string, number>()
    for (const guide of guidesOf(report))
      for (const { id, queries } of guide.questions)
        for (const { about, defender } of queries) {
          if (!defender.ok) continue
          const lowered = lowerQuery(defender.kql, { asOf: 0, schema: store.schema })
          expect(lowered.diagnostics, about).toEqual([])
          if (!lowered.ok) continue
          const rows = await store.ask(lowered.query)
          if (guide.incident === report.incidents[0]!.id) found.set(id, (found.get(id) ?? 0) + rows.length)
        }
    expect([...found].filter(([, rows]) => rows === 0)).toEqual([])
    expect(found.size).toBe(8)
  })

  it('gives incidents the same ids again', async () => {
    const again = await reportOf(store, {
      read: undefined,
      asOf: undefined,
      since: undefined,
      until: undefined,
      allTools: false,
      seconds: () => 0,
    })
    expect(again.incidents).toEqual(report.incidents)
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
