import type { NeutralEvent } from './events.js'
import { hostOf } from './fleet.js'
import { play } from './play.js'
import type { Scenario } from './scenario.js'
import { type Directory, type Host, loadPrograms, World } from './world.js'

export interface ReplayOptions {
  /** When the story begins, in microseconds. */
  readonly start: number
  /** Names of the hosts begin with it; two replays that go into one store need different ones. */
  readonly prefix?: string
}

/**
 * Plays one scenario on machines of its own: a host a part, named after it, and an account a user. The accounts of parts whose words
 * speak of an administrator are administrators.
 */
export function replay(scenario: Scenario, { start, prefix = 'host' }: ReplayOptions): readonly NeutralEvent[] {
  const users = Object.keys(scenario.users)
  const directory: Directory = {
    netbios: 'EXAMPLE',
    domain: 'corp.example',
    sid: 'S-1-5-21-1004336348-1177238915-682003330',
    users: Object.fromEntries(users.map((part, index) => [part, 1200 + index])),
    admins: users.filter((part) => /admin/i.test(scenario.users[part]!)),
  }
  const hosts = Object.entries(scenario.hosts).map(([part, words], index): [string, Host] => {
    const role = /domain controller/i.test(words)
      ? 'domain-controller'
      : /server/i.test(words)
        ? 'server'
        : 'workstation'
    const owner = role === 'workstation' ? users[0] : undefined
    const name = `${prefix}-${part}`.toUpperCase()
    return [part, hostOf(name, { ip: `10.30.0.${11 + index}`, role, owner }, directory)]
  })
  const world = new World(new Map(hosts.map(([, host]) => [host.name, host])), loadPrograms(), directory, start)
  const cast = { hosts: Object.fromEntries(hosts), users: Object.fromEntries(users.map((part) => [part, part])) }
  return play(world, [{ scenario, cast, start }])
}
