import { expect, test } from 'vitest'
import { fleetReport } from '../../../test/fixtures/report.js'
import { withShortHosts } from './short-hosts.js'

const report = fleetReport()
const [entry] = report.inventory
const hostsOf = (hosts: readonly string[]) =>
  withShortHosts({ ...report, findings: [], inventory: hosts.map((host) => ({ ...entry!, host })) }).inventory.map(
    ({ host }) => host,
  )

test('hosts are shown by their first label', () => {
  expect(hostsOf(['a-1.corp.example', 'a-2.corp.example', 'plain', ''])).toEqual(['a-1', 'a-2', 'plain', ''])
})

test('hosts that share a label, and addresses, keep their whole name', () => {
  expect(hostsOf(['a.x.example', 'a.y.example', 'A.X.example', '192.0.2.7', '2001:db8::1'])).toEqual([
    'a.x.example',
    'a.y.example',
    'A.X.example',
    '192.0.2.7',
    '2001:db8::1',
  ])
})
