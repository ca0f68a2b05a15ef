import { expect, test } from 'vitest'
import { checkPolicy, readPolicy } from '../policy/index.js'
import { type Proposable, proposePolicy } from './propose-policy.js'

const TODAY = new Date('2026-02-10T00:00:00Z')

const seen = (some: Partial<Proposable> = {}): Proposable => ({
  tool: 'ConnectWise ScreenConnect',
  toolId: 'screenconnect',
  host: 'ws-1.corp.example',
  users: ['NT AUTHORITY\\SYSTEM'],
  firstSeen: '2026-02-02T08:00:00.000000Z',
  lastSeen: '2026-02-03T08:00:00.000000Z',
  launch: [{ how: 'service', parent: 'services.exe', count: 1 }],
  paths: ['C:\\Program Files\\x\\client.exe', 'C:\\Users\\anna\\Downloads\\client.exe'],
  state: 'at work',
  tenant: { relay_host: 'support.us.example', instance_id: '0123456789012345' },
  identity: { confidence: 'certain', evidence: [{ kind: 'signer', value: 'Us Ltd', confidence: 'certain', count: 1 }] },
  ...some,
})

const read = (text: string) =>
  readPolicy('policy.yaml', text, {
    readFile: () => {
      throw new Error('none')
    },
  })

test('what is proposed can be read, and approves nothing', () => {
  const text = proposePolicy([seen(), seen({ host: 'ws-2', tenant: { instance_id: '0123456789012345' } })], TODAY)
  const { policy, diagnostics } = read(text)
  expect(diagnostics).toEqual([])
  expect(policy.entries.map(({ id, confirmed }) => [id, confirmed])).toEqual([['screenconnect', false]])
  expect(checkPolicy(policy, TODAY.getTime() * 1000).map(({ code }) => code)).toEqual(['policy-not-confirmed'])
})

test('confirmed, it is what was seen: instance, signer, paths without the user’s name, hosts', () => {
  const { policy } = read(proposePolicy([seen()], TODAY).replace('confirmed: false', 'confirmed: true'))
  const [entry] = policy.entries
  expect(entry!.tenant![0]!.get('instance_id')![0]!.text).toBe('0123456789012345')
  expect(entry!.signers!.map(({ text }) => text)).toEqual(['Us Ltd'])
  expect(entry!.paths!.map(({ text }) => text)).toEqual([
    'C:\\Program Files\\x\\client.exe',
    'C:\\Users\\*\\Downloads\\client.exe',
  ])
  expect(entry!.hosts!.map(({ text }) => text)).toEqual(['ws-1'])
  const errors = checkPolicy(policy, TODAY.getTime() * 1000).filter(({ severity }) => severity === 'error')
  expect(errors).toEqual([])
})

test('two instances are two entries, traces are none', () => {
  const theirs = seen({ host: 'ws-9', tenant: { relay_host: 'relay.them.example' } })
  const text = proposePolicy([seen(), theirs, seen({ host: 'ws-3', state: 'trace' })], TODAY)
  expect(read(text).policy.entries.map(({ id }) => id)).toEqual(['screenconnect-1', 'screenconnect-2'])
  expect(text).toContain('Left out: 1 of which only traces were seen')
})

test('nothing in a log can add a line, an entry or a wildcard', () => {
  const evil = 'x\n  - id: evil\n    tool: anydesk\u2028\' " # {a: b}'
  const hostile = seen({
    tool: evil,
    host: evil,
    users: [evil],
    paths: [`${evil}*.exe`],
    tenant: { relay_host: `*${evil}` },
    launch: [{ how: evil, parent: evil, count: 1 }],
  })
  const { policy, diagnostics } = read(proposePolicy([hostile], TODAY))
  expect(diagnostics).toEqual([])
  expect(policy.entries).toHaveLength(1)
  expect(policy.entries[0]!.tenant![0]!.get('relay_host')![0]!.text).not.toContain('*')
  expect(policy.entries[0]!.paths!.every(({ text }) => !text.includes('*'))).toBe(true)
})

test('an empty inventory gives an empty policy', () => {
  expect(read(proposePolicy([], TODAY))).toMatchObject({ diagnostics: [], policy: { entries: [], prohibited: [] } })
})
