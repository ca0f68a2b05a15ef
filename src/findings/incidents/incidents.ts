import { createHash } from 'node:crypto'
import { bookkeepingTable, type EventStore } from '../../backends/event-store.js'
import { literal } from '../../ir/scalar.js'
import { isAmong, Steps } from '../../ir/steps.js'
import { VERDICTS } from '../../policy/index.js'
import { parseTime } from '../../telemetry/time.js'
import { instancesOf, tellingPart } from '../instances.js'
import type { NamedObservation } from '../inventory.js'
import { addressesOf } from '../judging.js'
import {
  type Chain,
  type Finding,
  type Incident,
  type InventoryEntry,
  LEVELS,
  type Level,
  type Severity,
  type StoryStep,
} from '../report.js'
import { broadened, type Scale } from '../severity.js'
import { gatherTraces } from './gather.js'
import { type Link, linksOf, stories } from './link.js'
import { tell } from './tell.js'
import type { Trace } from './trace.js'
import { processTrees } from './tree.js'

export interface IncidentOptions {
  readonly inventory: readonly InventoryEntry[]
  readonly findings: readonly Finding[]
  readonly scale: Scale
  /** Hosts that were read. */
  readonly hosts: number
  /** What named the tools of the inventory. */
  readonly observations: readonly NamedObservation[]
}

/** Chains whose events are looked up; those beyond have no story. */
const MOST_TOLD = 200
/** Chains that one incident holds, and steps that one chain does. */
const MOST_CHAINS = 100
const MOST_STEPS = 80

/**
 * One incident for what hangs together: the chain of a tool on a host from delivery to removal, joined with others by instance, program, logon
 * or address. What is approved and gave no finding of weight is none.
 */
export async function incidentsOf(
  store: EventStore,
  { inventory, findings, scale, hosts, observations }: IncidentOptions,
): Promise<readonly Incident[]> {
  const own = new Map<InventoryEntry, Finding[]>()
  for (const finding of findings) {
    const entry = scale.entryOf(finding)
    if (entry) own.set(entry, [...(own.get(entry) ?? []), finding])
  }
  const entries = inventory
    .filter(
      (entry) =>
        entry.verdict !== 'approved' ||
        (own.get(entry) ?? []).some(({ level }) => LEVELS.indexOf(level) >= LEVELS.indexOf('medium')),
    )
    .map((entry) => ({ entry, severity: gravestOf(scale.ofEntry(entry), own.get(entry) ?? []) }))
    .sort(
      (a, b) =>
        b.severity.score - a.severity.score ||
        compare(a.entry.firstSeen ?? '', b.entry.firstSeen ?? '') ||
        compare(a.entry.toolId + a.entry.host, b.entry.toolId + b.entry.host),
    )
  const told = entries.slice(0, MOST_TOLD).map(({ entry }) => entry)
  const subjects = told.map(({ toolId, host }) => ({ toolId, host }))
  const traces = await gatherTraces(store, subjects, observations)
  const sources = await sourceNames(store, traces)
  const perChain = told.map((): Trace[] => [])
  for (const trace of traces) perChain[trace.chain]!.push(trace)
  const linkable = entries.map(({ entry, severity }, at) => ({
    entry,
    quiet: severity.terms[0]?.of === 'sighting',
    traces: perChain[at] ?? [],
    first: micros(entry.firstSeen) ?? Number.NEGATIVE_INFINITY,
    last: micros(entry.lastSeen) ?? Number.POSITIVE_INFINITY,
  }))
  const links = await linksOf(store, linkable, await addressesOf(store))
  const fleet = fleetFacts(inventory, hosts)
  const brought = new Set(links.filter((link) => link.brought).map(({ to }) => to))
  const sourceName = (id: number): string => sources.get(id) ?? ''
  const chains = entries.map(({ entry }, at) =>
    broughtBy(brought.has(at), chainOf(entry, perChain[at] ?? [], own.get(entry) ?? [], scale, fleet, sourceName)),
  )
  const byFirst = new Map<number, Link[]>()
  for (const link of links) byFirst.set(link.from, [...(byFirst.get(link.from) ?? []).slice(-MOST_CHAINS), link])
  const incidents = stories(entries.length, links).map((positions) =>
    incidentOf(
      positions.map((at) => ({ chain: chains[at]!, severity: entries[at]!.severity })),
      positions.flatMap((at) => byFirst.get(at) ?? []),
      chains,
      positions.flatMap((at) => own.get(entries[at]!.entry) ?? []),
    ),
  )
  return incidents.sort(
    (a, b) =>
      LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) ||
      b.severity.score - a.severity.score ||
      compare(a.firstSeen ?? '', b.firstSeen ?? '') ||
      compare(a.id, b.id),
  )
}

function gravestOf(sighting: Severity, findings: readonly Finding[]): Severity {
  return findings.reduce((most, { severity }) => (severity && severity.score > most.score ? severity : most), sighting)
}

interface FleetFacts {
  readonly hosts: number
  readonly tools: ReadonlyMap<
    string,
    { readonly hosts: number; readonly first: string | null; readonly instances: number }
  >
}

function fleetFacts(inventory: readonly InventoryEntry[], hosts: number): FleetFacts {
  const tools = new Map<string, { hosts: Set<string>; first: string | null; instances: Set<string> }>()
  for (const entry of inventory) {
    const known = tools.get(entry.toolId) ?? { hosts: new Set(), first: null, instances: new Set() }
    known.hosts.add(entry.host.toLowerCase())
    if (entry.firstSeen !== null && (known.first === null || entry.firstSeen < known.first))
      known.first = entry.firstSeen
    for (const instance of instancesOf(entry)) known.instances.add(JSON.stringify(tellingPart(instance)))
    tools.set(entry.toolId, known)
  }
  return {
    hosts,
    tools: new Map(
      [...tools].map(([tool, each]) => [
        tool,
        { hosts: each.hosts.size, first: each.first, instances: each.instances.size },
      ]),
    ),
  }
}

function chainOf(
  entry: InventoryEntry,
  traces: readonly Trace[],
  findings: readonly Finding[],
  scale: Scale,
  fleet: FleetFacts,
  sourceName: (id: number) => string,
): Chain {
  const { steps, delivery } = tell(traces, sourceName)
  const shown =
    steps.length <= MOST_STEPS ? steps : [...steps.slice(0, MOST_STEPS / 2), ...steps.slice(-MOST_STEPS / 2)]
  const tool = fleet.tools.get(entry.toolId)!
  const rules = new Map<string, { title: string; level: Level; count: number }>()
  for (const { rule, title, level } of findings) {
    const known = rules.get(rule) ?? { title, level, count: 0 }
    if (LEVELS.indexOf(level) > LEVELS.indexOf(known.level)) known.level = level
    known.count++
    rules.set(rule, known)
  }
  // What started the program that brought it may have run for days before.
  const own = steps.filter(({ trace }) => trace.because !== 'ancestor')
  const times = [entry.firstSeen, ...own.map(({ time }) => time)].filter((time) => time !== null).sort()
  return {
    id: chainId(entry),
    tool: entry.tool,
    toolId: entry.toolId,
    host: entry.host,
    verdict: entry.verdict,
    reason: entry.judgements?.[0]?.reason ?? null,
    tenant: entry.judgements?.[0]?.tenant ?? entry.tenant,
    ...(entry.otherTenants ? { otherTenants: entry.otherTenants } : {}),
    users: entry.users,
    firstSeen: times[0] ?? null,
    lastSeen: entry.lastSeen,
    prevalence: {
      firstInFleet: tool.first,
      hosts: fleet.hosts,
      hostsWithTool: tool.hosts,
      hostsWithInstance: scale.hostsWith(entry),
      instancesOfTool: tool.instances,
    },
    delivery,
    steps: shown.map(({ micros: _, trace: __, ...step }): StoryStep => step),
    moreSteps: steps.length - shown.length,
    processes: processTrees(entry.host.toLowerCase(), traces),
    findings: [...rules]
      .map(([rule, each]) => ({ rule, ...each }))
      .sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || compare(a.rule, b.rule)),
  }
}

/** What another remote access tool brought came neither by mail nor by a browser. */
const broughtBy = (tool: boolean, chain: Chain): Chain =>
  tool && chain.delivery ? { ...chain, delivery: { ...chain.delivery, how: 'another tool' } } : chain

/** The same wherever the tool is seen on the host, whatever else is known of it. */
const chainId = ({ toolId, host }: InventoryEntry): string =>
  `c-${createHash('sha256').update(`${toolId}\n${host.toLowerCase()}`).digest('hex').slice(0, 8)}`

function incidentOf(
  parts: readonly { readonly chain: Chain; readonly severity: Severity }[],
  links: readonly Link[],
  chains: readonly Chain[],
  findings: readonly Finding[],
): Incident {
  const ordered = parts
    .map(({ chain }) => chain)
    .sort((a, b) => compare(a.firstSeen ?? '~', b.firstSeen ?? '~') || compare(a.id, b.id))
  const gravest = parts.reduce(
    (most, { severity }) => (severity.score > most.score ? severity : most),
    parts[0]!.severity,
  )
  const tools = [...new Set(ordered.map(({ tool }) => tool))]
  const severity = broadened(gravest, tools.length)
  const stated = findings.reduce<Level>(
    (most, { level }) => (LEVELS.indexOf(level) > LEVELS.indexOf(most) ? level : most),
    severity.level,
  )
  const times = ordered.map(({ lastSeen }) => lastSeen).filter((time) => time !== null)
  const told = new Set(ordered.slice(0, MOST_CHAINS).map(({ id }) => id))
  const unique = new Map(
    links
      .map(({ from, to, why }) => ({ from: chains[from]!.id, to: chains[to]!.id, why }))
      .filter(({ from, to }) => told.has(from) && told.has(to))
      .map((link) => [JSON.stringify(link), link]),
  )
  return {
    id: `i-${ordered[0]!.id.slice(2)}`,
    title: titleOf(ordered, tools),
    level: stated,
    severity,
    verdict: VERDICTS.findLast((verdict) => ordered.some((chain) => chain.verdict === verdict)) ?? 'unknown',
    firstSeen: ordered[0]!.firstSeen,
    lastSeen: times.sort().at(-1) ?? null,
    summary: summaryOf(ordered),
    chains: ordered.slice(0, MOST_CHAINS),
    moreChains: Math.max(0, ordered.length - MOST_CHAINS),
    links: [...unique.values()],
    techniques: [...new Set(findings.flatMap(({ techniques }) => techniques))].sort(),
    decision: null,
    reopened: null,
  }
}

function titleOf(chains: readonly Chain[], tools: readonly string[]): string {
  const hosts = new Set(chains.map(({ host }) => host.toLowerCase()))
  const named = tools.length > 3 ? `${tools.slice(0, 3).join(', ')} and ${tools.length - 3} more` : list(tools)
  return `${named} on ${hosts.size === 1 ? shortHost(chains[0]!.host) : `${hosts.size} hosts`}`
}

/** Chains that the summary tells. */
const MOST_IN_SUMMARY = 6

function summaryOf(chains: readonly Chain[]): string {
  const told = chains
    .slice(0, MOST_IN_SUMMARY)
    .map((chain, index) => `${index === 0 ? '' : 'then '}${chainSentence(chain)}`)
  const rest = chains.length - told.length
  return `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`
}

function chainSentence({ tool, host, tenant, delivery, steps }: Chain): string {
  const [fact] = Object.entries(tenant === null ? {} : tellingPart(tenant))
  const instance = fact ? ` (${fact[0]} ${fact[1]})` : ''
  const removed = steps.some(({ stage }) => stage === 'removal') ? ', later removed' : ''
  return `${tool}${instance} on ${shortHost(host)}${delivery ? `, ${deliveryWords(delivery)}` : ', how it came is not shown'}${removed}`
}

/** How it came, as a part of a sentence. */
export function deliveryWords({ how, file, from, by, account }: NonNullable<Chain['delivery']>): string {
  const name = file.slice(Math.max(file.lastIndexOf('\\'), file.lastIndexOf('/')) + 1)
  const way = {
    mail: 'by mail',
    browser: 'by a browser',
    'software distribution': 'by software distribution',
    'over the network': 'over the network',
    'another tool': 'by another remote access tool',
    script: 'by a script',
    local: 'from the host itself',
  }[how]
  const programs = by.length > 0 ? ` (${by.join(' → ')})` : ''
  return `${way}${programs}${name === '' ? '' : ` as ${name}`}${from ? ` from ${from}` : ''}${account ? `, after ${account} logged on` : ''}`
}

const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

const shortHost = (host: string): string =>
  host === '' ? 'a host without a name' : /^[\d.:]+$/.test(host) ? host : host.split('.')[0]!

async function sourceNames(store: EventStore, traces: readonly Trace[]): Promise<ReadonlyMap<number, string>> {
  const ids = [...new Set(traces.flatMap(({ sourceId }) => sourceId ?? []))]
  if (ids.length === 0) return new Map()
  const sources = Steps.from(bookkeepingTable('source'))
  const wanted = isAmong(
    sources.column('id'),
    ids.map((id) => literal('long', BigInt(id))),
  )
  const rows = await store.ask(sources.filter(wanted).project(['id', 'name']).query())
  return new Map(rows.map(([id, name]) => [Number(id), String(name)]))
}

const micros = (time: string | null): number | undefined => (time === null ? undefined : parseTime(time)?.micros)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
