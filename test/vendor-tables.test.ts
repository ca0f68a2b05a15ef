import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingest } from '../src/backends/duckdb/ingest.js'
import { Store } from '../src/backends/duckdb/store.js'
import { UID_COLUMN } from '../src/backends/event-store.js'
import { compileKql } from '../src/detection/compile-query.js'
import { lowerQuery } from '../src/detection/lower-query.js'
import { runQuery } from '../src/detection/run-query.js'
import { loadModel } from '../src/events/model.js'
import { reference } from '../src/ir/scalar.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tables-'))
let store: Store

const event = (channel: string, provider: string, id: number, data: Record<string, string>) =>
  JSON.stringify({
    '@timestamp': '2026-06-01T10:00:00.000Z',
    winlog: {
      channel,
      provider_name: provider,
      event_id: String(id),
      record_id: id,
      computer_name: 'host',
      event_data: data,
    },
  })

beforeAll(async () => {
  const lines = [
    event('System', 'Service Control Manager', 7045, {
      ServiceName: 'A Service',
      ImagePath: '"C:\\Program Files\\A\\a.exe" --run',
      StartType: 'auto start',
    }),
    event('Microsoft-Windows-Sysmon/Operational', 'Microsoft-Windows-Sysmon', 22, {
      Image: 'C:\\Program Files\\A\\a.exe',
      QueryName: 'a.example',
      QueryResults: '203.0.113.9;',
    }),
    event('Security', 'Microsoft-Windows-Security-Auditing', 4688, { NewProcessName: 'C:\\Windows\\System32\\b.exe' }),
  ]
  writeFileSync(join(folder, 'events.ndjson'), `${lines.join('\n')}\n`)
  store = await Store.open(loadModel(), { memoryLimit: '256MB' })
  await ingest(store, [join(folder, 'events.ndjson')], { threads: 0 })
})

afterAll(async () => {
  await store?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function rows(text: string): Promise<readonly (readonly unknown[])[]> {
  const compiled = compileKql(text, { asOf: Date.UTC(2026, 5, 2) * 1000 })
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]!.message)
  return await runQuery(store, compiled)
}

describe('events of other origins in vendors’ tables', () => {
  it('have the action and the additional fields that DeviceEvents would show', async () => {
    expect(
      await rows(
        'DeviceEvents | project ActionType, FileName, Service = tostring(AdditionalFields.ServiceName), Name = tostring(AdditionalFields.DnsQueryString) | sort by ActionType asc',
      ),
    ).toEqual([
      ['DnsQueryResponse', '', '', 'a.example'],
      ['ServiceInstalled', 'a.exe', 'A Service', ''],
    ])
  })

  it('are in the tables of whole logs, whatever happened in them', async () => {
    expect(await rows('SecurityEvent | project EventID, NewProcessName')).toEqual([
      [4688, 'C:\\Windows\\System32\\b.exe'],
    ])
    expect(await rows('WindowsEvent | summarize count() by Provider | sort by Provider asc')).toHaveLength(3)
    expect(
      await rows('WindowsEvent | where EventID == 7045 | project tostring(EventData.ServiceName), Channel'),
    ).toEqual([['A Service', 'System']])
    expect(await rows('Event | where EventID == 22 | project Source, EventLog')).toEqual([
      ['Microsoft-Windows-Sysmon', 'Microsoft-Windows-Sysmon/Operational'],
    ])
  })
})

describe('a part of a table that is kept', () => {
  it('gives what the table gives, whichever classes its rows are of', async () => {
    const lowered = lowerQuery('DeviceEvents | where ActionType == "ServiceInstalled"', {
      asOf: 0,
      schema: store.schema,
    })
    if (!lowered.ok || lowered.query.body.kind !== 'filter') throw new Error('no filter')
    const { body } = lowered.query
    const source = { ...body.input, columns: [...body.input.columns, UID_COLUMN] }
    const value = reference(UID_COLUMN.name, UID_COLUMN.type)
    const assignments = [{ name: UID_COLUMN.name, value }]
    const input = { ...body, input: source, columns: source.columns }
    const uids = { kind: 'project', input, assignments, columns: [UID_COLUMN], span: undefined } as const
    expect(await store.keepPart('_Installed', 'DeviceEvents', { bindings: [], body: uids })).toBe(true)
    const kept = lowerQuery('_Installed | project FileName, tostring(AdditionalFields.ServiceName)', {
      asOf: 0,
      schema: store.schema,
    })
    expect(kept.ok && (await store.ask(kept.query))).toEqual([['a.exe', 'A Service']])
    expect(await store.keepPart('_Nothing', 'NoTable', { bindings: [], body: uids })).toBe(false)
  })
})
