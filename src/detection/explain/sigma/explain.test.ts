import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ingest } from '../../../backends/duckdb/ingest.js'
import { Store } from '../../../backends/duckdb/store.js'
import { collect, parseSigma } from '../../../dialects/sigma/index.js'
import { loadModel } from '../../../events/model.js'
import { buildCorrelation } from '../../sigma/correlation/build.js'
import { runCorrelation } from '../../sigma/correlation/run.js'
import { NearestGroups } from './correlation.js'
import { judgeFields } from './given-event.js'
import { type JudgedPiece, RuleJudge } from './judge.js'
import { closestOf, likeness } from './likeness.js'

let store: Store
let folder: string
let record = 0

const start = (second: number, data: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    Event: {
      System: {
        Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } },
        EventID: 1,
        TimeCreated: { '#attributes': { SystemTime: `2025-10-22T10:00:0${second}.000000Z` } },
        EventRecordID: ++record,
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        Computer: 'host-1',
      },
      EventData: data,
    },
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-explain-sigma-'))
  const lines = [
    start(1, { Image: 'C:\\t\\certutil.exe', CommandLine: 'certutil -x', User: 'LAB\\ann' }),
    start(2, { Image: 'C:\\t\\bitsadmin.exe', CommandLine: 'bitsadmin /transfer', User: 'LAB\\ann' }),
    start(3, { Image: 'C:\\t\\notepad.exe', User: 'LAB\\bob' }),
  ]
  writeFileSync(join(folder, 'events.jsonl'), lines.join('\n'))
  store = await Store.open(loadModel())
  await ingest(store, [folder], { threads: 0 })
})

afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const RULE = `title: t
name: t
logsource: { category: process_creation, product: windows }
detection:
  tool: { Image|endswith: ['\\bitsadmin.exe', '\\curl.exe'] }
  flag: { CommandLine|contains: [' /transfer', ' /create'] }
  known: { User: 'LAB\\eve' }
  condition: all of tool and flag and not known
`

function judgeOf(text: string): RuleJudge {
  const [document] = parseSigma(text).documents
  if (document?.kind !== 'rule') throw new Error('no rule')
  return new RuleJudge(store, document, new Map())
}

const drawn = (piece: JudgedPiece, depth = 0): string =>
  [
    `${' '.repeat(depth)}${piece.holds} ${piece.label}${piece.found ? ` [${piece.found.value}]` : ''}${piece.closest ? ` ~ ${piece.closest}` : ''}`,
    ...piece.parts.filter(({ kind, holds }) => kind !== 'value' || holds).map((part) => drawn(part, depth + 1)),
  ].join('\n')

describe('a rule and an event', () => {
  test('which searches hold, and which value matched', async () => {
    const [event] = await judgeOf(RULE).events('2', 1)
    expect(drawn(event!.verdict)).toBe(
      [
        'true all of tool and flag and not known',
        ' true all of tool',
        '  true tool',
        "   true Image|endswith: '\\bitsadmin.exe', '\\curl.exe' [C:\\t\\bitsadmin.exe]",
        "    true '\\bitsadmin.exe'",
        ' true flag',
        "  true CommandLine|contains: ' /transfer', ' /create' [bitsadmin /transfer]",
        "   true ' /transfer'",
        ' true not known',
        '  false known',
        "   false User: 'LAB\\eve' [LAB\\ann] ~ LAB\\eve",
      ].join('\n'),
    )
  })

  test('what the event does not have', async () => {
    const [event] = await judgeOf(RULE).events('3', 1)
    expect(event?.verdict.parts[1]?.parts[0]?.found).toEqual({ field: 'CommandLine', value: null })
  })

  test('an event that is given by its fields, as the store says it', async () => {
    const event = { Image: 'C:\\t\\bitsadmin.exe', CommandLine: 'bitsadmin /transfer', User: 'LAB\\ann' }
    const [document] = parseSigma(RULE).documents
    const [stored] = await judgeOf(RULE).events('2', 1)
    if (document?.kind !== 'rule') throw new Error('no rule')
    expect(judgeFields(document, new Map(), event)).toEqual(stored?.verdict)
    expect(judgeFields(document, new Map(), { EventData: event }).holds).toBe(false)
  })

  test('an event that there is not', async () => {
    expect(await judgeOf(RULE).events('77', 1)).toEqual([])
  })
})

describe('the nearest event', () => {
  test('is the one of which most holds, and says what does not', async () => {
    const nearest = await judgeOf(RULE.replace("'\\bitsadmin.exe'", "'\\bitsadmn.exe'")).nearest()
    expect([nearest?.record, nearest?.held, nearest?.of, nearest?.alike]).toEqual(['2', 2, 3, 1])
    expect(nearest?.failed.map(({ label, closest }) => [label, closest])).toEqual([
      ["Image|endswith: '\\bitsadmn.exe', '\\curl.exe'", '\\bitsadmn.exe'],
    ])
  })

  test('of several is the one whose values are most alike', async () => {
    const rule = `${RULE.slice(0, RULE.indexOf('detection'))}detection: { s: { Image|endswith: '\\notepda.exe' }, condition: s }\n`
    const nearest = await judgeOf(rule).nearest()
    expect([nearest?.record, nearest?.held, nearest?.alike]).toEqual(['3', 0, 3])
  })

  test('of alternatives is that of the nearest one', async () => {
    const nearest = await judgeOf(
      RULE.replace('all of tool and flag and not known', 'known or (flag and known)'),
    ).nearest()
    expect([nearest?.held, nearest?.of]).toEqual([1, 2])
  })

  test('there is none without events of the log', async () => {
    expect(await judgeOf(RULE.replace('process_creation', 'dns_query')).nearest()).toBe(undefined)
  })
})

test('groups that came nearest to a count', async () => {
  const all = `${RULE.slice(0, RULE.indexOf('detection'))}detection: { s: { Image: '*' }, condition: s }\n`
  const counting =
    'title: c\ncorrelation: { type: event_count, rules: [t], group-by: [User], timespan: 1m, condition: { gte: 3 } }\n'
  const [, member] = collect(parseSigma(`${all}---\n${counting}`).documents)
  if (member?.kind !== 'correlation' || !member.resolved) throw new Error('no correlation')
  const nearest = new NearestGroups(buildCorrelation(member.resolved).plan, 2)
  const run = await runCorrelation(store, member.resolved, { limit: 1, onLook: nearest.onLook })
  expect(run.matches).toEqual([])
  expect(nearest.groups.map(({ group, value }) => [group[0], value])).toEqual([
    ['LAB\\ann', 2],
    ['LAB\\bob', 1],
  ])
})

test('likeness is the share of a value that stands in one piece', () => {
  expect(likeness('C:\\t\\BITSADMIN.exe', '*\\bitsadmin.exe')).toBe(1)
  expect(likeness('', 'a')).toBe(0)
  expect(closestOf('abc', [])).toBe(undefined)
})
