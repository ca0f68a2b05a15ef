import type { NeutralEvent } from './events.js'
import { type Performance, play } from './play.js'
import { Random } from './random.js'
import { loadScenarios, type Scenario } from './scenario.js'
import { type Directory, type Host, loadPrograms, World } from './world.js'

/** How a machine's events are collected. */
export interface Collection {
  readonly form: 'evtx' | 'winlogbeat' | 'elasticsearch' | 'defender'
  /** Only these channels. */
  readonly only?: readonly string[]
  /** Whether 4688 has command lines. */
  readonly commandLines?: boolean
  /** One archive instead of a folder. */
  readonly packed?: 'zip'
  /** The largest log ends after this part of its bytes. */
  readonly cut?: number
  /** One line is broken. */
  readonly malformed?: boolean
}

export interface Fleet {
  readonly hosts: ReadonlyMap<string, Host>
  readonly collection: ReadonlyMap<string, Collection>
  readonly performances: readonly Performance[]
  readonly events: readonly NeutralEvent[]
}

/** Plays everything that a plan says and gives the events of all machines in order of time. */
export function playFleet(plan: FleetPlan): Fleet {
  const scenarios = new Map(loadScenarios().map((scenario) => [scenario.id, scenario]))
  const programs = loadPrograms()
  const start = Date.parse(plan.start) * 1000
  const directory = {
    netbios: plan.company.netbios,
    domain: plan.company.directory,
    sid: plan.company.sid,
    users: plan.users,
    admins: plan.admins,
  }
  const hosts = new Map(Object.entries(plan.hosts).map(([name, host]) => [name, hostOf(name, host, directory)]))
  const world = new World(hosts, programs, directory, start)
  const scenario = (id: string) => {
    const found = scenarios.get(id)
    if (!found) throw new Error(`no scenario \`${id}\``)
    return found
  }
  const stories = plan.stories.map((story): Performance => {
    const cast = Object.entries(story.hosts).map(([part, name]) => [part, hostNamed(hosts, name)] as const)
    return {
      scenario: scenario(story.scenario),
      cast: { hosts: Object.fromEntries(cast), users: story.users ?? {} },
      start: Date.parse(story.at) * 1000,
    }
  })
  const routine = plan.life.flatMap((life) => daily(life, scenario(life.scenario), [...hosts.values()], plan, start))
  const performances = [...routine, ...stories]
  const collection = new Map(Object.entries(plan.hosts).map(([name, host]) => [name, host as Collection]))
  return { hosts, collection, performances, events: play(world, performances) }
}

/** Machines, their people, what each machine logs, and which stories are played when. */
export interface FleetPlan {
  readonly company: {
    readonly netbios: string
    readonly domain: string
    readonly directory: string
    readonly sid: string
  }
  readonly users: Readonly<Record<string, number>>
  /** Accounts that are administrators. */
  readonly admins: readonly string[]
  readonly start: string
  readonly days: number
  readonly hosts: Readonly<
    Record<string, { readonly ip: string; readonly role: Host['role']; readonly owner?: string } & Collection>
  >
  readonly life: readonly Life[]
  readonly stories: readonly {
    readonly scenario: string
    readonly at: string
    readonly hosts: Readonly<Record<string, string>>
    readonly users?: Readonly<Record<string, string>>
  }[]
}

interface Life {
  readonly scenario: string
  readonly desks?: boolean
  readonly servers?: boolean
  /** Days from 0; every day where left out. */
  readonly days?: readonly number[]
  /** At least, at most. */
  readonly times: readonly [number, number]
  /** Hours of the day. */
  readonly between: readonly [number, number]
}

function daily(life: Life, scenario: Scenario, hosts: readonly Host[], plan: FleetPlan, start: number): Performance[] {
  const performances: Performance[] = []
  const desks = hosts.filter((host) => host.role === 'workstation')
  for (const host of hosts) {
    if (host.role === 'workstation' ? !life.desks : !life.servers) continue
    for (let day = 0; day < plan.days; day++) {
      if (life.days && !life.days.includes(day)) continue
      const random = new Random(`${life.scenario} ${host.name} ${day}`)
      const times = random.between(...life.times)
      for (let time = 0; time < times; time++) {
        const [from, to] = life.between
        const length = ((to - from) * 3600) / times
        const second = from * 3600 + (time + random.next()) * length
        const desk = host.role === 'workstation' ? host : random.pick(desks)
        const cast = { desk: host.role === 'workstation' || !('server' in scenario.hosts) ? host : desk, server: host }
        performances.push({
          scenario,
          cast: { hosts: cast, users: { owner: desk.owner ?? 'system' } },
          start: start + Math.floor(day * 86_400 + second) * 1e6,
        })
      }
    }
  }
  return performances
}

function hostNamed(hosts: ReadonlyMap<string, Host>, name: string): Host {
  const host = hosts.get(name)
  if (!host) throw new Error(`no host \`${name}\` in the fleet`)
  return host
}

/** A machine that nothing has happened on yet. */
export function hostOf(
  name: string,
  { ip, role, owner }: Pick<Host, 'ip' | 'role'> & { readonly owner?: string | undefined },
  { domain, netbios }: Pick<Directory, 'domain' | 'netbios'>,
): Host {
  return {
    name,
    fqdn: `${name.toLowerCase()}.${domain}`,
    ip,
    role,
    os: role === 'workstation' ? 'Windows 11 Pro' : 'Windows Server 2025 Standard',
    build: '26100.1882',
    netbios,
    owner,
    random: new Random(`host ${name}`),
    standing: new Map(),
    sessions: new Map(),
    pids: new Set([4]),
  }
}
