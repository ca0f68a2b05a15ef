import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClickhouseEvents } from '../src/backends/clickhouse/events.js'
import { connectServer } from '../src/backends/clickhouse/server.js'
import { ingest, Store } from '../src/backends/duckdb/index.js'
import { policyAt } from '../src/cli/policy-file.js'
import { loadModel } from '../src/events/model.js'
import type { Report } from '../src/findings/report.js'
import { reportOf } from '../src/findings/scan.js'
import { type LocalServer, startClickhouse } from './fixtures/clickhouse-server.js'

// The built program against ClickHouse's engine over HTTP: the sample fleet gives the report that it gives here.
const MAIN = new URL('../dist/cli/main.js', import.meta.url).pathname
const SAMPLE = new URL('../samples/fleet', import.meta.url).pathname
const POLICY = new URL('../samples/policy.yaml', import.meta.url).pathname
const started = existsSync(MAIN) && existsSync(SAMPLE) ? await startClickhouse() : { missing: 'no build or no samples' }
const reason = 'missing' in started ? started.missing : undefined

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function latchkey(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

describe.skipIf(reason !== undefined)(`the program on ClickHouse${reason === undefined ? '' : ` (${reason})`}`, () => {
  const server = started as LocalServer
  const on = (): readonly string[] => ['--clickhouse', server?.url]

  const model = loadModel()
  let here: Store
  beforeAll(async () => {
    here = await Store.open(model)
    await ingest(here, [SAMPLE], { threads: 0 })
    expect(await latchkey('store', 'init', ...on())).toMatchObject({ code: 0 })
    const { code, stderr } = await latchkey('store', 'ingest', ...on(), SAMPLE, '--quiet')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  }, 400_000)
  afterAll(async () => {
    await here?.close()
    await server?.close()
  })

  const comparable = ({ summary, ...report }: Report): unknown => ({ ...report, summary: { ...summary, seconds: 0 } })
  const options = { read: undefined, asOf: undefined, since: undefined, until: undefined, allTools: false }

  it('reports the sample fleet as the embedded engine does', async () => {
    const expected = await reportOf(here, { ...options, seconds: () => 0 })
    expect(expected.findings.length).toBeGreaterThan(0)
    const { code, stdout, stderr } = await latchkey('scan', ...on(), '--quiet', '--format', 'json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const report = JSON.parse(stdout) as Report
    expect(comparable(report)).toEqual(comparable(JSON.parse(JSON.stringify(expected)) as Report))
  }, 400_000)

  it('holds sightings to a policy, within a stretch of time, as the embedded engine does', async () => {
    const there = new ClickhouseEvents(connectServer(server.url), model, 'latchkey')
    const narrow = {
      ...options,
      since: Date.parse('2026-02-03') * 1000,
      until: Date.parse('2026-02-05T12:00:00Z') * 1000,
      allTools: true,
      policy: policyAt(POLICY),
      rules: [],
      seconds: () => 0,
    }
    const found = await reportOf(there, narrow)
    expect(found.inventory.length).toBeGreaterThan(0)
    expect(comparable(found)).toEqual(comparable(await reportOf(here, narrow)))
    await there.close()
  }, 400_000)

  it('answers a query with its clock at the newest event, and says why there are no rows', async () => {
    const query =
      'DeviceProcessEvents | where Timestamp > ago(1d) | summarize Count = count() by DeviceName | order by DeviceName asc'
    const here = await latchkey('query', query, SAMPLE, '--quiet')
    const there = await latchkey('query', query, ...on(), '--quiet')
    expect(there.stdout).toBe(here.stdout)
    expect(there.stdout).not.toBe('')
    const none = await latchkey('query', 'DeviceProcessEvents | where FileName == "nobody.exe"', ...on())
    expect(none).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('of which none matches') })
  }, 400_000)

  it('says what is missing: tables, a place for paths, a server', async () => {
    expect(await latchkey('scan', ...on(), '--database', "it's not there")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('latchkey store init makes them'),
    })
    expect(await latchkey('scan', ...on(), SAMPLE)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('latchkey store ingest'),
    })
    expect(await latchkey('scan', '--clickhouse', 'http://127.0.0.1:1')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('cannot reach ClickHouse at 127.0.0.1:1'),
    })
  }, 400_000)
})
