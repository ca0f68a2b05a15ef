import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ingest } from '../../backends/duckdb/ingest.js'
import { Store } from '../../backends/duckdb/store.js'
import { parseSigma } from '../../dialects/sigma/index.js'
import { loadModel } from '../../events/model.js'
import { compileSigma, runSigma, type SigmaRun } from './compile.js'

let store: Store
let folder: string

const SYSMON = { provider: 'Microsoft-Windows-Sysmon', channel: 'Microsoft-Windows-Sysmon/Operational' }
const SECURITY = { provider: 'Microsoft-Windows-Security-Auditing', channel: 'Security' }

let record = 0
const event = (
  log: { readonly provider: string; readonly channel: string },
  id: number,
  data: Readonly<Record<string, unknown>>,
): string =>
  JSON.stringify({
    Event: {
      System: {
        Provider: { '#attributes': { Name: log.provider } },
        EventID: id,
        Level: 4,
        TimeCreated: { '#attributes': { SystemTime: '2025-10-22T20:29:25.275782Z' } },
        EventRecordID: ++record,
        Channel: log.channel,
        Computer: 'host-1',
      },
      EventData: data,
    },
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sigma-'))
  const lines = [
    // 1 to 4: processes
    event(SYSMON, 1, {
      UtcTime: '2025-10-22 20:29:25.272',
      ProcessId: 10,
      Image: 'C:\\Tools\\A.exe',
      CommandLine: 'a.exe -x "q" *',
      User: 'NT AUTHORITY\\SYSTEM',
      Company: '-',
      LogonId: '0x3e7',
      CurrentDirectory: '',
    }),
    event(SYSMON, 1, {
      UtcTime: '2025-10-22 05:00:00.000',
      ProcessId: 20,
      Image: 'C:\\Tools\\b.exe',
      CommandLine: 'C:\\Tools\\b.exe',
      ParentImage: 'C:\\Tools\\B.EXE',
      User: 'LAB\\bob',
      Hashes: 'SHA1=AB,IMPHASH=CD',
    }),
    event(SECURITY, 4688, {
      NewProcessId: '0x1e',
      NewProcessName: 'C:\\Tools\\c.exe',
      CommandLine: 'c.exe line1\nline2',
      SubjectUserName: 'eve',
      SubjectDomainName: 'LAB',
      SubjectLogonId: '0x3e7',
      TargetUserName: '-',
    }),
    event(SYSMON, 1, { ProcessId: 40, Image: 'C:\\Tools\\d.exe' }),
    // 5 and 6: connections
    event(SYSMON, 3, { Image: 'C:\\Tools\\a.exe', DestinationIp: '10.1.2.3', DestinationPort: 443, Initiated: true }),
    event(SYSMON, 3, { Image: 'C:\\Tools\\a.exe', DestinationIp: 'fe80::1', DestinationPort: 8443, Initiated: false }),
    // 7: values without a name
    event({ provider: 'Demo', channel: 'Application' }, 7, { Data: { '#text': ['first value', 'second'] } }),
    // 8: a registry value
    event(SYSMON, 13, { EventType: 'SetValue', TargetObject: 'HKLM\\Software\\X\\v', Details: 'DWORD (0x00000001)' }),
    // 9: a value padded with blanks, as Windows writes it
    event(SECURITY, 4624, { LogonType: 3, LogonProcessName: 'NtLmSsp ', TargetUserName: 'bob' }),
  ]
  writeFileSync(join(folder, 'events.jsonl'), lines.join('\n'))
  store = await Store.open(loadModel())
  await ingest(store, [folder], { threads: 0 })
})

afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

async function runOn(logsource: string, detection: string): Promise<SigmaRun> {
  const text = `title: t\nlogsource: { ${logsource} }\ndetection:\n${detection.replace(/^/gm, '  ')}\n`
  const { documents, diagnostics } = parseSigma(text)
  expect(diagnostics).toEqual([])
  const compiled = compileSigma(documents[0]!)
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  return runSigma(store, compiled)
}

/** Record numbers of the events that match. */
async function matches(logsource: string, detection: string): Promise<readonly number[]> {
  const { events } = await runOn(
    logsource,
    detection.includes('condition:') ? detection : `s: ${detection}\ncondition: s`,
  )
  const found: number[] = []
  for (const { name } of store.model.classes) {
    const uids = events.map(({ uid }) => uid).join(', ') || 'NULL'
    for (const [id] of await store.rows(`SELECT record_id FROM "${name}" WHERE uid IN (${uids})`))
      found.push(Number(id))
  }
  return found.sort((a, b) => a - b)
}

const PROCESS = 'category: process_creation, product: windows'

describe('process creation, whoever recorded it', () => {
  test.each([
    ['text folds case', `{ Image: 'c:\\tools\\a.EXE' }`, [1]],
    ['cased text does not', `{ Image|cased: 'c:\\tools\\a.EXE' }`, []],
    ['one rule reads Sysmon and 4688', `{ Image|startswith: 'C:\\Tools\\' }`, [1, 2, 3, 4]],
    ['an escaped wildcard is itself', `{ CommandLine|endswith: ' \\*' }`, [1]],
    ['wildcards within', `{ CommandLine: 'a.exe*"q"*' }`, [1]],
    ['one character, a line break too', `{ CommandLine: 'c.exe line1?line2' }`, [3]],
    ['windash', `{ CommandLine|contains|windash: ' /x' }`, [1]],
    ['all of a list', `{ CommandLine|contains|all: ['A.EXE', '-x'] }`, [1]],
    ['what is absent equals nothing', `{ CommandLine: '' }`, []],
    ['an empty text', `{ CurrentDirectory: '' }`, [1]],
    ['null is what is absent', `{ CommandLine: null }`, [4]],
    ['a value that is there, whatever it is', `{ CommandLine: '*' }`, [1, 2, 3]],
    ['exists', `{ ParentImage|exists: true }`, [2]],
    ['exists not', `{ ParentImage|exists: false }`, [1, 3, 4]],
    ['an empty text exists', `{ CurrentDirectory|exists: true }`, [1]],
    ['a dash is a value', `{ Company: '-' }`, [1]],
    ['a dash exists', `{ Company|exists: true }`, [1]],
    ['other than', `{ CommandLine|contains|neq: ['a.exe', 'c.exe'] }`, [2, 4]],
    ['a regular expression tells case apart', `{ Image|re: 'tools.[AB]\\.exe' }`, []],
    ['and does not with its flag', `{ Image|re|i: 'tools.[AB]\\.exe' }`, [1, 2]],
    ['a regular expression that takes nothing needs the field', `{ CommandLine|re: '.*' }`, [1, 2, 3]],
    ['the dot stops at lines', `{ CommandLine|re: 'line1.line2' }`, []],
    ['and does not with its flag too', `{ CommandLine|re|s: 'line1.line2' }`, [3]],
    ['another field', `{ Image|fieldref: ParentImage }`, [2]],
    ['the beginning of another field', `{ CommandLine|fieldref|startswith: Image }`, [2]],
    ['an account of two columns', `{ User: 'lab\\eve' }`, [3]],
    ['an account as written', `{ User|contains: 'AUTHORI' }`, [1]],
    ['whole numbers', `{ ProcessId: [10, 30] }`, [1, 3]],
    ['more than', `{ ProcessId|gt: 10 }`, [2, 3, 4]],
    ['a logon number as written', `{ LogonId: '0x3e7' }`, [1, 3]],
    ['an hour', `{ UtcTime|hour: 5 }`, [2]],
    ['an hour or later', `{ UtcTime|hour|gte: 20 }`, [1]],
    ['hashes', `{ Hashes|contains: 'IMPHASH=cd' }`, [2]],
    ['envelope', `{ EventID: 4688, Computer: HOST-1 }`, [3]],
    ['a list of maps', `[{ Image|endswith: a.exe, ProcessId: 20 }, { ProcessId: 40 }]`, [4]],
    ['keywords in any field', `['tools\\b.exe', 'LAB']`, [2, 3]],
    ['keywords that must all be there', `{ '|all': ['eve', 'line2'] }`, [3]],
    ['no name of a field is a keyword', `['CommandLine']`, []],
  ])('%s', async (_name, detection, expected) => {
    expect(await matches(PROCESS, detection)).toEqual(expected)
  })

  test('what is absent passes the negation of any test', async () => {
    for (const test of [
      `CommandLine|contains: x`,
      `CommandLine|re: x`,
      `CommandLine: 'x*y'`,
      `ParentImage|gt: 1`,
      `CommandLine|cidr: 10.0.0.0/8`,
      `CommandLine|cidr: 'fe80::/10'`,
      `Image|fieldref: CommandLine`,
      `CommandLine|hour: 3`,
    ])
      expect([test, await matches(PROCESS, `s: { ${test} }\ncondition: not s`)]).toEqual([
        test,
        expect.arrayContaining([4]),
      ])
  })
})

test.each([
  [
    'an IPv4 network',
    'category: network_connection, product: windows',
    `{ DestinationIp|cidr: [10.0.0.0/8, 192.168.0.0/16] }`,
    [5],
  ],
  ['an IPv6 network', 'category: network_connection, product: windows', `{ DestinationIp|cidr: 'fe80::/10' }`, [6]],
  [
    'a truth value',
    'category: network_connection, product: windows',
    `{ Initiated: 'true', DestinationPort: 443 }`,
    [5],
  ],
  ['any value without a name', 'product: windows, service: application', `{ Data: second }`, [7]],
  ['the beginning of one', 'product: windows, service: application', `{ Data|startswith: first }`, [7]],
  ['not across two', 'product: windows, service: application', `{ Data: 'first*second' }`, []],
  [
    'raw names in a channel',
    'product: windows, service: security',
    `{ NewProcessName|endswith: c.exe, EventID: 4688 }`,
    [3],
  ],
  ['a padded value', 'product: windows, service: security', `{ LogonProcessName: ntlmssp, LogonType: 3 }`, [9]],
  [
    'a registry value',
    'category: registry_set, product: windows',
    `{ TargetObject: 'HKLM\\Software\\X\\v', Details: 'DWORD (0x00000001)', EventType: SetValue }`,
    [8],
  ],
  [
    'a category within a service',
    'category: process_creation, product: windows, service: security',
    `{ Image: '*' }`,
    [3],
  ],
])('%s', async (_name, logsource, detection, expected) => {
  expect(await matches(logsource, detection)).toEqual(expected)
})

test('a rule without events of its log source does not apply', async () => {
  expect(await runOn('category: dns_query, product: windows', 's: { QueryName: x }\ncondition: s')).toEqual({
    events: [],
    applies: false,
  })
  expect(await runOn(PROCESS, 's: { Image: x }\ncondition: s')).toEqual({ events: [], applies: true })
})

test('a log source that nothing reads is named', () => {
  const { documents } = parseSigma(
    'title: t\nlogsource: { product: aws, service: cloudtrail }\ndetection: { s: { a: b }, condition: s }',
  )
  const compiled = compileSigma(documents[0]!)
  expect(compiled.ok && compiled.diagnostics.map(({ message }) => message)).toEqual([
    'no telemetry read here is a log of product aws, service cloudtrail; the rule does not apply',
  ])
})
