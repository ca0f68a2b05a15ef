import { type EventStore, eventTable } from '../../backends/event-store.js'
import { loadCatalogue } from '../../detection/identity/index.js'
import { or, text } from '../../ir/scalar.js'
import { endsWith, firstText, isAmong, Steps } from '../../ir/steps.js'
import { instancesOf, tellingPart } from '../instances.js'
import type { InventoryEntry } from '../report.js'
import { lower } from './ask.js'
import { processKey, type Trace } from './trace.js'

/** Two chains that are one story, by their positions, and why. */
export interface Link {
  readonly from: number
  readonly to: number
  readonly why: string
  /** A program of the one brought the other. */
  readonly brought?: true
}

export interface Linkable {
  readonly entry: InventoryEntry
  /** Empty where the chain is not told. */
  readonly traces: readonly Trace[]
  /** Microseconds. */
  readonly first: number
  readonly last: number
  /** No rule found anything about it that weighs more than the sighting itself. */
  readonly quiet: boolean
}

/** A day after its last trace a host may still be where an intruder comes from. */
const AFTER = 86_400e6

/** What ties chains together: the same instance, a program that brought another, a logon from one host to the next, an address of their own. */
export async function linksOf(
  store: EventStore,
  chains: readonly Linkable[],
  addresses: ReadonlyMap<string, readonly string[]>,
): Promise<readonly Link[]> {
  return [
    ...byInstance(chains),
    ...byRollout(chains),
    ...byProgram(chains),
    ...byLogon(chains, addresses),
    ...(await byAddress(store, chains)),
  ]
}

function byInstance(chains: readonly Linkable[]): readonly Link[] {
  const firsts = new Map<string, number>()
  return chains.flatMap(({ entry }, at) =>
    instancesOf(entry).flatMap((instance) => {
      const telling = tellingPart(instance)
      const key = JSON.stringify([entry.toolId, telling])
      const before = firsts.get(key)
      if (before === undefined) firsts.set(key, at)
      if (before === undefined || before === at) return []
      const [name, value] = Object.entries(telling)[0]!
      return [{ from: before, to: at, why: `the same instance: ${name} ${value}` }]
    }),
  )
}

/** From so many hosts on, one program in one folder is a roll-out and not that many stories. */
const ROLLOUT = 10

/** The same programs in the same folders on many hosts, of no instance that is shown and with nothing else to say of any of them. */
function byRollout(chains: readonly Linkable[]): readonly Link[] {
  const alike = new Map<string, number[]>()
  for (const [at, { entry, quiet }] of chains.entries()) {
    if (!quiet || entry.tenant !== null || entry.state === 'trace' || entry.paths.length === 0) continue
    const folders = new Set(
      entry.paths.map((path) =>
        path
          .toLowerCase()
          .replace(/\\[^\\]*$/, '')
          .replace(/\d+/g, '#'),
      ),
    )
    if ([...folders].some((folder) => /^[a-z]:\\users\\/.test(folder))) continue
    const key = JSON.stringify([entry.toolId, entry.verdict, [...folders].sort()])
    const known = alike.get(key)
    if (known) known.push(at)
    else alike.set(key, [at])
  }
  return [...alike.values()].flatMap(([first, ...rest]) =>
    rest.length + 1 < ROLLOUT
      ? []
      : rest.map((to) => ({
          from: first!,
          to,
          why: `the same folder on ${rest.length + 1} hosts, and no instance shown`,
        })),
  )
}

/** One tool's program wrote or started the other's. */
function byProgram(chains: readonly Linkable[]): readonly Link[] {
  const byHost = new Map<string, number[]>()
  chains.forEach(({ entry, traces }, at) => {
    if (traces.length === 0) return
    const host = entry.host.toLowerCase()
    byHost.set(host, [...(byHost.get(host) ?? []), at])
  })
  const links: Link[] = []
  for (const [host, positions] of byHost)
    for (const from of positions) {
      const programs = new Set<string>()
      for (const { class: name, own, because, process } of chains[from]!.traces) {
        if (name !== 'process' || (!own && because !== 'child')) continue
        const key = processKey(host, process)
        if (key !== undefined) programs.add(key)
        if (own && process.path !== '') programs.add(process.path.toLowerCase())
      }
      for (const to of positions) {
        if (to === from) continue
        const found = chains[to]!.traces.find((trace) => {
          if (trace.class === 'file' && trace.activity === 'create' && !trace.own)
            return programs.has(processKey(host, trace.process) ?? '') || programs.has(trace.process.path.toLowerCase())
          return trace.class === 'process' && trace.own && programs.has(processKey(host, trace.parentProcess) ?? '')
        })
        if (found)
          links.push({
            from,
            to,
            brought: true,
            why: `${(found.class === 'file' ? found.process : found.parentProcess).name} of the one ${found.class === 'file' ? 'wrote' : 'started'} the other`,
          })
      }
    }
  return links
}

/** Somebody logged on from the host of one chain just before the other came. */
function byLogon(chains: readonly Linkable[], addresses: ReadonlyMap<string, readonly string[]>): readonly Link[] {
  const hosts = new Map<string, string>()
  for (const { entry } of chains) {
    const host = entry.host.toLowerCase()
    hosts.set(host, host).set(host.split('.')[0]!, host)
    for (const address of addresses.get(host) ?? []) hosts.set(address, host)
  }
  return chains.flatMap(({ entry }, to) => {
    const links: Link[] = []
    for (const trace of chains[to]!.traces) {
      if (trace.class !== 'logon') continue
      const host = hosts.get(trace.extra.toLowerCase()) ?? hosts.get(trace.extra.toLowerCase().split('.')[0]!)
      if (host === undefined || host === entry.host.toLowerCase()) continue
      const time = trace.last ?? trace.first
      const from = chains.findIndex(
        (each) =>
          each.entry.host.toLowerCase() === host &&
          each.entry.state === 'at work' &&
          time !== null &&
          each.first <= time &&
          time <= each.last + AFTER,
      )
      if (from >= 0 && !links.some((each) => each.from === from))
        links.push({ from, to, why: `${trace.object} logged on from there just before it came` })
    }
    return links
  })
}

/** Both spoke to an address that no host without such a story spoke to. */
async function byAddress(store: EventStore, chains: readonly Linkable[]): Promise<readonly Link[]> {
  const vendors = new Set(
    loadCatalogue().tools.flatMap(({ domains }) => (domains ?? []).map(({ value }) => registrable(value))),
  )
  const seen = new Map<string, Set<number>>()
  chains.forEach(({ traces }, at) => {
    for (const name of traces.flatMap(addressesOf)) {
      const domain = registrable(name)
      if (domain === undefined || vendors.has(domain)) continue
      seen.set(domain, (seen.get(domain) ?? new Set()).add(at))
    }
  })
  const shared = [...seen].filter(([, positions]) => positions.size > 1)
  if (shared.length === 0) return []
  const talkers = await hostsThatSpokeTo(
    store,
    shared.map(([domain]) => domain),
  )
  return shared.flatMap(([domain, positions]) => {
    const own = new Set([...positions].map((at) => chains[at]!.entry.host.toLowerCase()))
    if ((talkers.get(domain) ?? 0) > own.size) return []
    const [first, ...rest] = [...positions]
    return rest.map((to) => ({ from: first!, to, why: `both spoke to ${domain}, and no other host did` }))
  })
}

/** Hosts on the network that the chain's own events name. */
function addressesOf(trace: Trace): readonly string[] {
  if (trace.class === 'network' || trace.class === 'dns')
    return trace.because === 'connection' || trace.own ? [trace.object] : []
  if (trace.class !== 'file' && trace.class !== 'process' && trace.class !== 'app_log') return []
  const text =
    trace.class === 'file'
      ? `${trace.detail} ${trace.extra}`
      : trace.class === 'process'
        ? trace.process.command
        : trace.object
  return [...text.matchAll(/https?:\/\/([\w.-]+)/gi)].map(([, host]) => host!)
}

/** Second levels below which a country gives out names. */
const COUNTRY_SECOND = /^(co|com|net|org|gov|ac|edu|or|ne|go|gob|mil|nom|asn|id)$/

/** The part of a name that somebody registers: the last two labels, or three below a country's second level. Undefined for addresses and bare names. */
export function registrable(name: string): string | undefined {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.')
  if (labels.length < 2 || /^[\d.:]+$/.test(name) || labels.some((label) => label === '')) return undefined
  const country = labels.at(-1)!.length === 2 && COUNTRY_SECOND.test(labels.at(-2)!)
  if (country && labels.length < 3) return undefined
  return labels.slice(country ? -3 : -2).join('.')
}

/** How many hosts looked a domain up, or connected to it. */
async function hostsThatSpokeTo(store: EventStore, domains: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const asked = domains.slice(0, 500)
  const spoken = (name: string, columns: readonly string[]): Steps => {
    const events = Steps.from(eventTable(store.model, name))
    return events.project({
      host: lower(events.column('device_hostname')),
      name: lower(firstText(columns.map((each) => events.column(each)))),
    })
  }
  const all = Steps.union([spoken('dns', ['query_hostname']), spoken('network', ['dst_hostname', 'url'])])
  const name = all.column('name')
  const isAsked = or([
    isAmong(
      name,
      asked.map((domain) => text(domain)),
    ),
    endsWith(name, ...asked.map((domain) => text(`.${domain}`))),
  ])
  const hosts = new Map(asked.map((domain) => [domain, new Set<string>()]))
  for (const [host, found] of await store.ask(all.filter(isAsked).distinct(['host', 'name']).query())) {
    if (host === '') continue
    const labels = String(found).split('.')
    for (let at = 0; at < labels.length; at++) hosts.get(labels.slice(at).join('.'))?.add(String(host))
  }
  return new Map([...hosts].map(([domain, { size }]) => [domain, size]))
}

/** Positions by story: chains that links join, directly or by others. */
export function stories(count: number, links: readonly Link[]): readonly (readonly number[])[] {
  const parents = Array.from({ length: count }, (_, index) => index)
  const root = (at: number): number => {
    let up = at
    while (parents[up] !== up) up = parents[up]!
    parents[at] = up
    return up
  }
  for (const { from, to } of links) parents[root(to)] = root(from)
  const groups = new Map<number, number[]>()
  for (let at = 0; at < count; at++) groups.set(root(at), [...(groups.get(root(at)) ?? []), at])
  return [...groups.values()]
}
