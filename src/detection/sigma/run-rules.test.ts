import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ingest } from '../../backends/duckdb/ingest.js'
import { Store } from '../../backends/duckdb/store.js'
import { parseSigma } from '../../dialects/sigma/index.js'
import { loadModel } from '../../events/model.js'
import { givenSigma, runSigmaRules, type SigmaRuleRun } from './run-rules.js'

let store: Store
let folder: string
let record = 0

/** A log-on of Windows: 4625 failed, 4624 did not. */
const logOn = (code: number, time: string, user: string, address: string): string =>
  JSON.stringify({
    Event: {
      System: {
        Provider: { '#attributes': { Name: 'Microsoft-Windows-Security-Auditing' } },
        EventID: code,
        TimeCreated: { '#attributes': { SystemTime: `2025-10-22T${time}Z` } },
        EventRecordID: ++record,
        Channel: 'Security',
        Computer: 'host-1',
      },
      EventData: { TargetUserName: user, IpAddress: address, LogonType: 3 },
    },
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sigma-rules-'))
  const lines = [
    // Late, and with letters of another case.
    logOn(4625, '10:10:00.000000', 'BOB', '10.0.0.1'),
    logOn(4625, '10:00:00.000000', 'bob', '10.0.0.1'),
    logOn(4625, '10:05:00.000000', 'bob', '10.0.0.2'),
    logOn(4624, '10:12:00.000000', 'bob', '10.0.0.1'),
    logOn(4625, '10:00:00.000000', 'eve', '-'),
    logOn(4625, '10:05:00.000000', 'eve', '-'),
    logOn(4625, '10:10:00.000001', 'eve', '-'),
  ]
  writeFileSync(join(folder, 'events.jsonl'), lines.join('\n'))
  store = await Store.open(loadModel())
  await ingest(store, [folder], { threads: 0 })
})

afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const rule = (name: string, code: number, source = 'product: windows, service: security'): string =>
  `title: ${name}\nname: ${name}\nlogsource: { ${source} }\ndetection: { s: { EventID: ${code} }, condition: s }\n`

const correlation = (name: string, body: string): string => `title: ${name}\nname: ${name}\ncorrelation: { ${body} }\n`

const FAILED = rule('failed', 4625)
const MANY = correlation(
  'many',
  'type: event_count, rules: [failed], group-by: [TargetUserName], timespan: 10m, condition: { gte: 3 }',
)

async function run(...documents: readonly string[]): Promise<readonly SigmaRuleRun[]> {
  const given = givenSigma({ path: 'rules.yml', ...parseSigma(documents.join('---\n')) })
  return runSigmaRules(store, given, { limit: 100 })
}

const found = (runs: readonly SigmaRuleRun[]) =>
  runs.map(({ given, outcome, total, correlated, reason }) => [
    given.document.title,
    reason ?? outcome,
    correlated?.matches.map(({ group, value }) => [...group, value].join(' ')) ?? total,
  ])

test('a correlation counts the events of a rule, which is not reported itself', async () => {
  const runs = await run(FAILED, MANY)
  expect(found(runs)).toEqual([
    ['failed', 'ran', 0],
    ['many', 'ran', ['bob 3']],
  ])
  expect(runs[0]?.notes).toEqual(['6 hits, looked at only by the correlations that name it'])
  expect(runs[1]?.events.map(({ time }) => time)).toEqual([
    '2025-10-22T10:00:00.000000Z',
    '2025-10-22T10:05:00.000000Z',
    '2025-10-22T10:10:00.000000Z',
  ])
})

test('a correlation of a correlation and a rule', async () => {
  const success = rule('success', 4624)
  const chain = correlation(
    'in',
    'type: temporal_ordered, rules: [many, success], group-by: [TargetUserName], timespan: 5m',
  )
  const runs = await run(chain, FAILED, MANY, success)
  expect(found(runs)[0]).toEqual(['in', 'ran', ['bob 2']])
  expect(runs[0]?.events).toHaveLength(4)
  expect(found(runs).map(([title]) => title)).toEqual(['in', 'failed', 'many', 'success'])
})

test('values that are counted, and events without one', async () => {
  const sources = correlation(
    'sources',
    'type: value_count, rules: failed, group-by: TargetUserName, timespan: 1h, condition: { field: IpAddress, gte: 2 }',
  )
  const runs = await run(FAILED, sources)
  expect(found(runs)[1]).toEqual(['sources', 'ran', ['bob 2']])
  expect(runs[1]?.notes).toEqual(['3 events left out: without IpAddress'])
})

test('aliases give one name to fields of several', async () => {
  const aliased = correlation(
    'aliased',
    'type: temporal, rules: [failed, success], group-by: [who], timespan: 1h, aliases: { who: { failed: TargetUserName, success: TargetUserName } }',
  )
  expect(found(await run(FAILED, rule('success', 4624), aliased))[2]).toEqual(['aliased', 'ran', ['bob 2']])
})

test('a filter narrows a rule, for correlations too', async () => {
  const filter =
    'title: known\nlogsource: { product: windows }\nfilter: { rules: [failed], s: { IpAddress: 10.0.0.2 }, condition: not s }\n'
  const runs = await run(`${FAILED}level: low\n`, filter)
  expect(found(runs)).toEqual([['failed', 'ran', 5]])
  expect(runs[0]?.notes).toEqual(['narrowed by the filter “known”'])
  expect(found(await run(FAILED, MANY, filter))[1]).toEqual(['many', 'ran', []])
})

test('a filter that cannot run is refused, and its rules run', async () => {
  const filter =
    'title: broken\nlogsource: { product: windows }\nfilter: { rules: [failed], s: { IpAddress|hash: x }, condition: not s }\n'
  expect(found(await run(FAILED, filter))).toEqual([
    ['failed', 'ran', 6],
    ['broken', 'unknown modifier `hash`', 0],
  ])
})

test('a correlation that cannot run is refused, and its rules are reported', async () => {
  expect(found(await run(FAILED, MANY.replace('[failed]', '[failed, gone]')))).toEqual([
    ['failed', 'ran', 6],
    ['many', 'no rule here has the id or name `gone`', 0],
  ])
})

test('a correlation without the logs of its rules does not apply', async () => {
  const elsewhere = rule('elsewhere', 1, 'product: windows, category: dns_query')
  const both = 'type: temporal, rules: [failed, elsewhere], group-by: [TargetUserName], timespan: 10m'
  expect(found(await run(FAILED, elsewhere, correlation('both', both)))[2]).toEqual([
    'both',
    'product windows, category dns_query',
    [],
  ])
  const either = await run(FAILED, elsewhere, correlation('either', `${both}, condition: failed or elsewhere`))
  expect(either[2]?.notes).toEqual(['nothing that was read is a log of product windows, category dns_query'])
})

test('fields with hostile names are only names', async () => {
  const hostile = MANY.replace('[TargetUserName]', `["x') OR 1=1 --", TargetUserName]`)
  expect(found(await run(FAILED, hostile))[1]).toEqual(['many', 'ran', [' bob 3']])
})

test('a rule that is here for a correlation alone is not told of', async () => {
  const given = givenSigma({ path: 'rules.yml', ...parseSigma([FAILED, MANY].join('---\n')) })
  const runs = await runSigmaRules(store, [{ ...given[0]!, forOthers: true }, given[1]!], { limit: 100 })
  expect(found(runs)).toEqual([['many', 'ran', ['bob 3']]])
})

test('a filter for a rule that is not here is told of', async () => {
  const filter =
    'title: known\nlogsource: { product: windows }\nfilter: { rules: [gone], s: { IpAddress: x }, condition: not s }\n'
  expect(found(await run(FAILED, filter))[1]).toEqual([
    'known',
    'the filter names `gone`, and no rule here has that id or name',
    0,
  ])
})
