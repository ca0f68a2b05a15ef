import { describe, expect, test } from 'vitest'
import { compileKql } from '../../detection/compile-query.js'
import { loadHunts } from '../../detection/hunts.js'
import { quoteKql } from '../../dialects/kql/quote.js'
import type { Finding, Incident, InventoryEntry } from '../report.js'
import { guideOfIncident, guideOfTool } from './guide.js'
import { code, markdownChunks, text } from './markdown.js'
import { loadResponse } from './response.js'
import { tuningOf } from './tuning.js'

/** What a log may hold, in a value that an intruder chooses. */
const HOSTILE =
  'a"); drop | <script>alert(1)</script> `` ``` [x](javascript:1) {hosts} \\ \u202egpj.exe\n# heading __x__:value'

const entry: InventoryEntry = {
  tool: 'Tool',
  toolId: 'anydesk',
  category: 'remote support',
  host: HOSTILE,
  users: [HOSTILE],
  firstSeen: '2026-02-05T10:00:00Z',
  lastSeen: '2026-02-05T11:00:00Z',
  events: 3,
  launch: [{ how: 'user', parent: HOSTILE, count: 1 }],
  paths: [`C:\\${HOSTILE}`, 'C:\\Temp\\update.exe'],
  state: 'at work',
  identity: { confidence: 'high', evidence: [{ kind: 'executable', value: HOSTILE, confidence: 'high', count: 1 }] },
  tenant: { relay_host: HOSTILE, server_key: 'sha256:12345678' },
  verdict: 'unknown',
}

const incident: Incident = {
  id: 'i-00000001',
  title: HOSTILE,
  level: 'high',
  severity: { score: 60, level: 'high', terms: [], arithmetic: '' },
  verdict: 'unknown',
  firstSeen: entry.firstSeen,
  lastSeen: entry.lastSeen,
  summary: HOSTILE,
  chains: [
    {
      id: 'c-00000001',
      tool: 'Tool',
      toolId: 'anydesk',
      host: HOSTILE,
      verdict: 'unknown',
      reason: HOSTILE,
      tenant: entry.tenant,
      users: [HOSTILE],
      firstSeen: entry.firstSeen,
      lastSeen: entry.lastSeen,
      prevalence: { firstInFleet: null, hosts: 3, hostsWithTool: 1, hostsWithInstance: 1, instancesOfTool: 1 },
      delivery: { how: 'mail', file: `C:\\${HOSTILE}.exe`, from: HOSTILE, by: [HOSTILE], account: HOSTILE, time: null },
      steps: [
        {
          stage: 'session',
          time: null,
          until: null,
          events: 1,
          what: HOSTILE,
          user: HOSTILE,
          source: null,
          position: null,
        },
      ],
      moreSteps: 0,
      processes: [{ name: HOSTILE, command: HOSTILE, user: null, time: null, tool: true, children: [] }],
      findings: [{ rule: 'b07-relay-stands-out', title: HOSTILE, level: 'high', count: 1 }],
    },
  ],
  moreChains: 0,
  links: [],
  techniques: ['T1219.002'],
  decision: null,
  reopened: null,
}

const guide = guideOfIncident(incident, { inventory: [entry], findings: [] })

describe('what content/response says', () => {
  const { questions, steps, close, roles, labels } = loadResponse()

  test('names hunts, roles and values that there are', () => {
    const hunts = loadHunts().map(({ id }) => id)
    for (const question of questions) {
      expect(hunts).toEqual(expect.arrayContaining([...question.hunts]))
      expect(Object.keys(labels)).toEqual(expect.arrayContaining([...question.values]))
    }
    for (const { does, decides } of [close, ...steps])
      expect(Object.keys(roles)).toEqual(expect.arrayContaining([does, decides]))
    const named = JSON.stringify([questions, steps, close]).matchAll(/\{([a-z_]+)\}/g)
    const known = [...Object.keys(guide.values), 'window', 'before', 'since', 'on_hosts']
    for (const [, name] of named) expect(known).toContain(name)
  })
})

describe('the queries of a guide', () => {
  const filled = guide.questions.flatMap(({ queries }) => queries)

  test('compile, whatever the values hold', () => {
    expect(filled.length).toBeGreaterThan(8)
    for (const { about, defender } of filled) {
      expect(defender, about).toMatchObject({ ok: true })
      if (defender.ok) expect(compileKql(defender.kql, { asOf: 0 }), about).toMatchObject({ ok: true, diagnostics: [] })
    }
  })

  test('are written for Sentinel by its name of the time', () => {
    for (const { sentinel } of filled)
      if (sentinel.ok) expect(sentinel.kql.replace(/"[^"]*"/g, '')).not.toMatch(/\bTimestamp\b/)
  })

  test('that need what no event shows are not asked', () => {
    const queries = guideOfTool('anydesk')!.questions.flatMap((question) => question.queries)
    expect(queries.filter(({ defender }) => !defender.ok).map(({ defender }) => defender)).toContainEqual({
      ok: false,
      missing: ['Instance'],
    })
    for (const { defender } of queries)
      if (defender.ok) expect(compileKql(defender.kql, { asOf: 0 })).toMatchObject({ ok: true, diagnostics: [] })
  })

  test('never hold a fingerprint of a secret', () => {
    expect(JSON.stringify(filled)).not.toContain('sha256:')
  })
})

test('a quoted text is one literal that means the text', () => {
  for (const value of [HOSTILE, '', '"', '\\', '\\"', 'ä\u0000\u{e0041}', 'C:\\x\\']) {
    const compiled = compileKql(`print x = ${quoteKql(value)} == ${quoteKql(value)}, n = strlen(${quoteKql(value)})`, {
      asOf: 0,
    })
    expect(compiled, value).toMatchObject({ ok: true, diagnostics: [] })
  }
})

describe('as Markdown', () => {
  const page = [...markdownChunks(guide, { queriesFor: 'defender' })].join('')

  test('hostile text starts no heading, link, HTML or code block', () => {
    expect(page).not.toMatch(/^# heading/m)
    expect(page).not.toMatch(/\u202e/)
    // Outside of code, every angle bracket and square bracket is escaped.
    const outside = page.replace(/^(`{3,})kql\n[\s\S]*?\n\1$/gm, '').replace(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
    expect(outside).not.toMatch(/(?<!\\)[<[]/)
    expect(page.match(/^# /gm)).toHaveLength(1)
  })

  test('code keeps backticks inside, and text escapes them', () => {
    expect(code('a``b')).toBe('```a``b```')
    expect(code('`')).toBe('`` ` ``')
    expect(text('*a* <b> http://x')).toBe('\\*a\\* \\<b\\> http:\\/\\/x')
  })
})

describe('an exclusion', () => {
  const approved: InventoryEntry = { ...entry, host: 'a', verdict: 'approved' }
  const rule = 'seed-001-remote-access-tools'
  const finding = (host: string, parent: string): Finding => ({
    rule,
    title: '',
    level: 'medium',
    techniques: [],
    tool: 'Tool',
    host,
    user: null,
    time: null,
    columns: { Timestamp: '2026-02-04T10:00:00Z', InitiatingProcessFileName: parent, IsService: false },
    why: '',
    events: [],
  })

  test('says what it would hide here, of tools that are approved and of others', () => {
    const findings = [finding('a', 'services.exe'), finding('b', 'SVCHOST.EXE'), finding('b', 'explorer.exe')]
    const [tuning] = tuningOf([rule], { findings, inventory: [approved] })
    expect(tuning!.exclusions.find(({ id }) => id === 'managed-service')!.here).toEqual({
      of: 3,
      hides: 2,
      approved: 1,
    })
    expect(tuning!.exclusions.find(({ id }) => id === 'helpdesk-hours')!.here).toEqual({ of: 3, hides: 3, approved: 1 })
    expect(tuning!.exclusions.find(({ id }) => id === 'deployment')!.here).toEqual({ of: 3, hides: 0, approved: 0 })
  })

  test('of a rule that found nothing says nothing', () => {
    const [tuning] = tuningOf([rule], { findings: [], inventory: [] })
    expect(tuning!.exclusions.map(({ here }) => here)).toEqual(tuning!.exclusions.map(() => null))
  })
})
