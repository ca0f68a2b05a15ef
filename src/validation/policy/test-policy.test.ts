import { expect, test } from 'vitest'
import { readPolicy } from '../../policy/index.js'
import { testPolicy } from './test-policy.js'

const resultsOf = async (entry: string) => {
  const { policy, diagnostics } = readPolicy('policy.yaml', `policy: 1\nentries:\n  - ${entry}`, { readFile: () => '' })
  expect(diagnostics).toEqual([])
  return testPolicy(policy)
}

test('an entry that names the instance hides no attack, a stranger’s copy nor a story', async () => {
  const results = await resultsOf(
    '{ id: ours, tool: screenconnect, tenant: { relay_host: support.us.example }, hosts: [WS-*], windows: { from: "07:00", to: "18:00" } }',
  )
  const verdicts = Object.fromEntries(results.map(({ story, verdict }) => [story, verdict]))
  expect(results.filter(({ hidden }) => hidden)).toEqual([])
  expect(verdicts).toMatchObject({
    'intrusion-invoice': 'wrong-tenant',
    'other tenant': 'wrong-tenant',
    'stranger’s copy': 'unknown',
    renamed: 'unknown',
  })
  expect(Object.values(verdicts)).not.toContain('not recognised')
})

test('an entry for a name alone hides everything, and says so', async () => {
  const results = await resultsOf('{ id: anyones, tool: anydesk }')
  expect(results.map(({ story }) => story)).toEqual(
    expect.arrayContaining(['intrusion-invoice', 'shadow-anydesk-portable', 'other folder']),
  )
  const seen = results.filter(({ hidden }) => !hidden)
  expect(seen.map(({ verdict }) => verdict)).toEqual(['not played'])
  expect(results[0]!.reason).toContain('the name alone')
})

test('a signer is no obstacle to the maker’s own copy; folder, account and hours are to what leaves them', async () => {
  const results = await resultsOf(
    "{ id: ours, tool: anydesk, confirmed: false, signers: ['AnyDesk*'], paths: ['C:\\Program Files (x86)\\AnyDesk\\*'], hosts: [10.9.0.0/24], users: [HELP\\desk-*], windows: { days: Mon-Fri, from: '08:00', to: '16:00' } }",
  )
  const hidden = results.filter((each) => each.hidden).map(({ story }) => story)
  expect(hidden).toContain('stranger’s copy')
  for (const story of ['other folder', 'other user', 'outside hours']) expect(hidden).not.toContain(story)
})

test('an entry that prohibits is no hole', async () => {
  const { policy } = readPolicy('policy.yaml', 'policy: 1\nprohibited:\n  - { id: no, tool: anydesk }', {
    readFile: () => '',
  })
  expect(await testPolicy(policy)).toEqual([])
})

test('an attack that cannot be played is told as that, and not as one that was seen', async () => {
  const results = await resultsOf('{ id: ours, tool: dameware, paths: ["C:\\\\Program Files\\\\DW\\\\*"] }')
  expect(results.filter(({ verdict }) => verdict === 'not played')).toEqual([
    expect.objectContaining({ story: 'other tenant', hidden: false, reason: expect.stringContaining('no argument') }),
  ])
})
