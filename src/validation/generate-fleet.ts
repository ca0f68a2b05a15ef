import type { NeutralEvent } from './events.js'
import { type Collection, type FleetPlan, playFleet } from './fleet.js'
import { Random } from './random.js'
import { loadScenarios, type Scenario } from './scenario.js'

export interface GeneratedFleetOptions {
  readonly hosts: number
  readonly days: number
  /** The same seed gives the same fleet. */
  readonly seed: string
  /** The first day, `2026-02-02`. */
  readonly firstDay: string
  /** `full`: everything that a sensor sees of a working day, some 190 records a host and day; `light`: a tenth of it, as where logs are filtered at their source. */
  readonly density: 'full' | 'light'
}

/** Machines that are played together: so many are in memory at a time. */
export interface FleetPart {
  readonly name: string
  readonly hosts: number
  readonly events: readonly NeutralEvent[]
  readonly collections: ReadonlyMap<string, Collection>
  /** What happens in it besides everyday life: the story and the machines it is played on. */
  readonly stories: readonly {
    readonly scenario: string
    readonly kind: Scenario['kind']
    readonly hosts: readonly string[]
  }[]
}

const TOGETHER = 40

/** How often a story is met: machines of a thousand on which it is played, once in the whole time. */
const STORIES: readonly { readonly scenario: string; readonly perThousand: number; readonly on: 'desk' | 'server' }[] =
  [
    { scenario: 'sanctioned-screenconnect', perThousand: 600, on: 'desk' },
    { scenario: 'sanctioned-teamviewer-quicksupport', perThousand: 8, on: 'desk' },
    { scenario: 'sanctioned-ninjaone', perThousand: 700, on: 'server' },
    { scenario: 'sanctioned-remote-desktop-plus', perThousand: 4, on: 'desk' },
    { scenario: 'benign-autodesk', perThousand: 10, on: 'desk' },
    { scenario: 'benign-administration', perThousand: 30, on: 'desk' },
    { scenario: 'shadow-anydesk-portable', perThousand: 2, on: 'desk' },
    { scenario: 'shadow-chrome-remote-desktop', perThousand: 1, on: 'desk' },
    { scenario: 'intrusion-foreign-relay', perThousand: 0.4, on: 'desk' },
    { scenario: 'intrusion-renamed-agent', perThousand: 0.4, on: 'desk' },
    { scenario: 'intrusion-help-by-telephone', perThousand: 0.4, on: 'desk' },
    { scenario: 'intrusion-unpacked-kit', perThousand: 0.4, on: 'desk' },
  ]

const LIGHT: FleetPlan['life'] = [
  { scenario: 'benign-office', desks: true, times: [0, 1], between: [7.4, 12.5] },
  { scenario: 'benign-browsing', desks: true, times: [0, 1], between: [7.5, 14.8] },
  { scenario: 'benign-maintenance', days: [2], desks: true, servers: true, times: [0, 1], between: [10.5, 13.5] },
  { scenario: 'benign-servers', servers: true, times: [1, 1], between: [0.5, 1.2] },
]

const LIFE: FleetPlan['life'] = [
  { scenario: 'benign-workday', desks: true, times: [1, 1], between: [6.3, 7.1] },
  { scenario: 'benign-office', desks: true, times: [1, 2], between: [7.4, 12.5] },
  { scenario: 'benign-browsing', desks: true, times: [1, 2], between: [7.5, 14.8] },
  { scenario: 'benign-updates', days: [1, 4], desks: true, servers: true, times: [1, 1], between: [8, 14] },
  { scenario: 'benign-search', desks: true, times: [1, 2], between: [7.3, 14.9] },
  { scenario: 'benign-maintenance', desks: true, servers: true, times: [1, 1], between: [10.5, 13.5] },
  { scenario: 'benign-servers', servers: true, times: [1, 1], between: [0.5, 1.2] },
]

/**
 * A company's machines with their everyday life, the tools it allows, some that it does not, and a few intrusions, part by part, so that
 * memory does not grow with the fleet.
 */
export function* generateFleet({ hosts, days, seed, firstDay, density }: GeneratedFleetOptions): Generator<FleetPart> {
  const scenarios = new Map(loadScenarios().map((scenario) => [scenario.id, scenario]))
  const start = Date.parse(`${firstDay}T00:00:00Z`)
  for (let first = 0; first < hosts; first += TOGETHER) {
    const size = Math.min(TOGETHER, hosts - first)
    const number = String(first).padStart(5, '0')
    const random = new Random(`${seed} ${number}`)
    const servers = Math.max(1, Math.round(size / 20))
    const names = Array.from(
      { length: size },
      (_, index) => `HT-${index < servers ? 'SV' : 'WS'}-${String(first + index).padStart(5, '0')}`,
    )
    const desks = names.slice(servers)
    const users = Object.fromEntries(desks.map((name, index) => [`user.${name.slice(6)}`, 2000 + index]))
    const owner = (name: string): string => `user.${name.slice(6)}`
    const stories = STORIES.flatMap(({ scenario: id, perThousand, on }) => {
      const scenario = scenarios.get(id)!
      return (on === 'desk' ? desks : names.slice(0, servers)).flatMap((name) => {
        if (random.next() * 1000 >= perThousand) return []
        const cast = Object.fromEntries(
          Object.keys(scenario.hosts).map((part) => [part, part === 'server' && on === 'desk' ? names[0]! : name]),
        )
        const parts = Object.fromEntries(
          Object.keys(scenario.users).map((part) => [
            part,
            /admin|helper/.test(part) ? 'adm.fjeld' : desks.includes(name) ? owner(name) : 'adm.fjeld',
          ]),
        )
        // Within the first days, so that a story of some days ends before the logs do.
        const latest = scenario.kind === 'sanctioned' || days < 4 ? 1 : days - 4
        const at = start + random.between(0, latest) * 86_400_000 + random.between(8 * 3600, 13 * 3600) * 1000
        return [{ scenario: id, at: new Date(at).toISOString(), hosts: cast, users: parts }]
      })
    })
    const plan: FleetPlan = {
      company: {
        netbios: 'HALDEN',
        domain: 'haldentimber.example',
        directory: 'corp.haldentimber.example',
        sid: 'S-1-5-21-1839274610-2750183946-3461927508',
      },
      users: { ...users, 'adm.fjeld': 1900 },
      admins: ['adm.fjeld'],
      start: `${firstDay}T00:00:00Z`,
      days,
      hosts: Object.fromEntries(
        names.map((name, index) => [
          name,
          {
            ip: `10.${40 + Math.floor((first + index) / 62_500)}.${Math.floor((first + index) / 250) % 250}.${1 + ((first + index) % 250)}`,
            role: index < servers ? ('server' as const) : ('workstation' as const),
            form: 'winlogbeat' as const,
            ...(index < servers ? {} : { owner: owner(name) }),
          },
        ]),
      ),
      life: density === 'full' ? LIFE : LIGHT,
      stories,
    }
    const { events, collection } = playFleet(plan)
    yield {
      name: `part-${number}`,
      hosts: size,
      events,
      collections: collection,
      stories: stories.map(({ scenario, hosts: cast }) => ({
        scenario,
        kind: scenarios.get(scenario)!.kind,
        hosts: [...new Set(Object.values(cast))],
      })),
    }
  }
}
