import { describe, expect, test } from 'vitest'
import type { Fact, Sighting } from './facts.js'
import { hostAmong, hostTerms } from './hosts.js'
import { gravest, judge } from './judge.js'
import { readPolicy } from './read-policy.js'

const policyOf = (entries: string, prohibited = '') => {
  const text = `policy: 1\nentries:\n${entries}\n${prohibited === '' ? '' : `prohibited:\n${prohibited}\n`}`
  const { policy, diagnostics } = readPolicy('policy.yaml', text, { readFile: () => '' })
  expect(diagnostics).toEqual([])
  return policy
}

const fact = (some: Partial<Fact> = {}): Fact => ({
  what: 'run',
  user: 'CORP\\anna',
  path: 'C:\\Program Files\\Tool\\tool.exe',
  signer: null,
  parent: 'services.exe',
  launch: 'service',
  inWindows: new Map(),
  instances: [],
  events: 1,
  first: 1e15,
  last: 1e15,
  ...some,
})

const sighting = (some: Partial<Sighting> = {}): Sighting => ({
  toolId: 'screenconnect',
  host: 'ws-1.corp.example',
  addresses: [],
  instances: [{ relay_host: 'support.us.example' }],
  facts: [fact()],
  ...some,
})

const OURS = '  - { id: ours, tool: screenconnect, tenant: { relay_host: support.us.example } }'

const verdict = (entries: string, one: Sighting, prohibited = '') => gravest(judge(policyOf(entries, prohibited), one))!

describe('a sighting', () => {
  test('that fits is approved', () => {
    expect(verdict(OURS, sighting())).toMatchObject({ verdict: 'approved', entry: 'ours' })
  })

  test('of another instance has the wrong tenant, and both are told', () => {
    const { verdict: found, reason } = verdict(OURS, sighting({ instances: [{ relay_host: 'relay.them.example' }] }))
    expect(found).toBe('wrong-tenant')
    expect(reason).toContain('support.us.example')
    expect(reason).toContain('relay.them.example')
  })

  test('of no instance that is shown is unknown', () => {
    expect(verdict(OURS, sighting({ instances: [] }))).toMatchObject({ verdict: 'unknown', notShown: ['tenant'] })
  })

  test('of a tool that no entry names is unknown', () => {
    expect(verdict(OURS, sighting({ toolId: 'anydesk' }))).toMatchObject({ verdict: 'unknown', entry: null })
  })

  test('is judged an instance at a time: a stranger beside our own is not covered by it', () => {
    const both = sighting({ instances: [{ relay_host: 'support.us.example' }, { relay_host: 'them.example' }] })
    expect(judge(policyOf(OURS), both).map((each) => each.verdict)).toEqual(['approved', 'wrong-tenant'])
  })

  test('after the end of its entry is expired, and before it is approved', () => {
    const ended = OURS.replace('tool:', 'expires: 2001-09-08, tool:')
    expect(verdict(ended, sighting()).verdict).toBe('expired')
    expect(verdict(ended, sighting({ facts: [fact({ first: 9e14, last: 9e14 })] })).verdict).toBe('approved')
  })

  test('is prohibited whatever approves it', () => {
    const no = '  - { id: no, tool: screenconnect, hosts: WS-* }'
    expect(verdict(OURS, sighting(), no)).toMatchObject({ verdict: 'prohibited', entry: 'no' })
    expect(verdict(OURS, sighting({ host: 'srv-1' }), no).verdict).toBe('approved')
  })

  test('an entry that nobody has confirmed approves nothing', () => {
    expect(verdict(OURS.replace('tool:', 'confirmed: false, tool:'), sighting()).verdict).toBe('unknown')
  })
})

describe('each constraint', () => {
  const CASES: readonly (readonly [string, Partial<Fact>, Partial<Fact>, string])[] = [
    ['paths: ["C:\\\\Program Files\\\\*"]', {}, { path: 'C:\\Users\\a\\tool.exe' }, 'paths'],
    ['users: ["CORP\\\\anna"]', {}, { user: 'CORP\\berit' }, 'users'],
    ['users: [anna]', {}, { user: 'CORP\\annabel' }, 'users'],
    ['signers: ["Maker*"]', { signer: 'Maker Ltd' }, { signer: 'Fake Ltd' }, 'signers'],
    ['parents: [services.exe]', {}, { parent: 'cmd.exe' }, 'parents'],
    ['launch: [service]', {}, { launch: 'shell' }, 'launch'],
    [
      'windows: { days: Mon-Fri }',
      { launch: 'user', inWindows: new Map([['ours', true]]) },
      { launch: 'user', inWindows: new Map([['ours', false]]) },
      'windows',
    ],
  ]
  test.each(CASES)('%s', (constraint, good, bad, name) => {
    const entry = OURS.replace('tool:', `${constraint}, tool:`)
    expect(verdict(entry, sighting({ facts: [fact(good)] })).verdict).toBe('approved')
    const deviating = verdict(entry, sighting({ facts: [fact(good), fact({ ...bad, events: 3 })] }))
    expect(deviating.verdict).toBe('approved-but-deviating')
    expect(deviating.deviations).toMatchObject([{ constraint: name, events: 3 }])
  })

  test.each([
    ['signers: [Maker]', 'signers', { signer: null }],
    ['users: [anna]', 'users', { user: null }],
    ['paths: ["C:\\\\*"]', 'paths', { path: null }],
    ['parents: [a.exe]', 'parents', { parent: null }],
  ] as const)('that nothing shows is not met: %s', (constraint, name, shown) => {
    const entry = OURS.replace('tool:', `${constraint}, tool:`)
    const facts = [fact(shown), fact({ what: 'network', path: null, user: null })]
    expect(verdict(entry, sighting({ facts }))).toMatchObject({ verdict: 'unknown', notShown: [name] })
    const accepted = entry.replace('tool:', `accept-not-shown: ${name}, tool:`)
    const { verdict: found, reason } = verdict(accepted, sighting({ facts }))
    expect(found).toBe('approved')
    expect(reason).toContain(`accepted: ${name}`)
  })

  test('a trace shows neither where the tool runs nor for whom', () => {
    const entry = OURS.replace('tool:', 'paths: ["C:\\\\Program Files\\\\*"], users: [anna], tool:')
    const facts = [fact({ what: 'trace', path: 'C:\\x\\tool.exe' })]
    expect(verdict(entry, sighting({ facts }))).toMatchObject({ verdict: 'unknown', notShown: ['paths', 'users'] })
  })

  test('a path that climbs out of its folder does not fit', () => {
    const entry = OURS.replace('tool:', 'paths: ["C:\\\\Program Files\\\\*"], tool:')
    const facts = [fact({ path: 'C:\\Program Files\\..\\Users\\a\\tool.exe' })]
    expect(verdict(entry, sighting({ facts })).verdict).toBe('approved-but-deviating')
  })

  test('hours ask nothing of an agent that nobody used', () => {
    const entry = OURS.replace('tool:', 'windows: { from: "07:00" }, tool:')
    const facts = [fact({ launch: 'service', inWindows: new Map([['ours', false]]) })]
    expect(verdict(entry, sighting({ facts })).verdict).toBe('approved')
  })

  test('an alternative that is not shown does not excuse one that is shown and is another', () => {
    const entry = '  - { id: e, tool: screenconnect, tenant: [{ relay_host: a.example }, { instance_id: aa }] }'
    const of = (instance: Record<string, string>) => verdict(entry, sighting({ instances: [instance] })).verdict
    expect(of({ instance_id: 'AA' })).toBe('approved')
    expect(of({ relay_host: 'them.example' })).toBe('wrong-tenant')
    expect(of({ mesh_id: 'x' })).toBe('unknown')
  })
})

test('two entries cover one sighting together, each what it allows', () => {
  const entries = [
    OURS.replace('id: ours', 'id: day').replace('tool:', 'users: [anna], tool:'),
    OURS.replace('id: ours', 'id: admin').replace('tool:', 'users: [root], tool:'),
  ].join('\n')
  const both = [fact(), fact({ user: 'CORP\\root' }), fact({ what: 'network', user: null, path: null })]
  expect(verdict(entries, sighting({ facts: both })).verdict).toBe('approved')
  const third = [...both, fact({ user: 'CORP\\eve' })]
  expect(verdict(entries, sighting({ facts: third })).verdict).toBe('approved-but-deviating')
})

describe('hosts', () => {
  test.each([
    ['WS-1', 'ws-1.corp.example', [], 'yes'],
    ['WS-1.other.example', 'ws-1.corp.example', [], 'no'],
    ['ws-*', 'WS-77', [], 'yes'],
    ['*.corp.example', 'ws-1.corp.example', [], 'yes'],
    ['10.1.0.0/16', 'ws-1', ['10.1.2.3'], 'yes'],
    ['10.1.0.0/16', 'ws-1', ['10.2.2.3'], 'no'],
    ['10.1.0.0/16', 'ws-1', [], 'not shown'],
    ['fd00::/8', 'ws-1', ['fd12::1'], 'yes'],
    ['10.1.2.3', '10.1.2.3', [], 'yes'],
    ['ws-1', '', [], 'not shown'],
  ] as const)('%s for %s with %j: %s', (pattern, host, addresses, expected) => {
    expect(hostAmong([hostTerms('', [pattern])], host, addresses)).toBe(expected)
  })
})
