import type { EventStore } from '../backends/event-store.js'
import { type Identification, identify, type Observation, type Tool } from '../detection/identity/index.js'
import { tenantOf } from '../detection/tenant/index.js'
import { formatTime } from '../telemetry/time.js'
import { addInstance, type Instance } from './instances.js'
import {
  factOf,
  isOpen,
  type JudgedWindow,
  type Judging,
  judgementOf,
  type SeenFact,
  type ShownProgram,
  shownProgram,
  stretchWithin,
} from './judging.js'
import { launchKind } from './launch.js'
import { type EventGroup, ObservedEvents, type Slot } from './observed-events.js'
import { CONFIDENCES, type Confidence, type InventoryEntry } from './report.js'

/**
 * Which tool on which host. Two steps, so that millions of events cost a few thousand looks into the catalogue: every distinct
 * observation is identified once, and the events of those that name a tool are then counted by host, in the database.
 */
/** A stretch of time and how finely it is told. */
export interface Stretches {
  /** Microseconds. */
  readonly first: number
  readonly width: number
}

export interface InventoryOptions {
  /** Built-in and administrators' tools too. */
  readonly allTools: boolean
  readonly stretches: Stretches | undefined
  /** Holds every sighting to a policy; without it everything is unknown. */
  readonly judging?: Judging | undefined
  /** Sees every observation that names a tool: what the stories of incidents are told from. */
  readonly observe?: (observation: NamedObservation) => void
}

/** An observation by the key that its events have in this store, and the tool that it names. */
export interface NamedObservation {
  readonly class: string
  readonly key: string
  readonly toolId: string
  /** The tool's own program acted; it started another. */
  readonly own: boolean
  readonly parent: boolean
}

export async function inventoryOf(store: EventStore, options: InventoryOptions): Promise<InventoryEntry[]> {
  const sightings = new Map<string, Sighting>()
  for (const { name } of store.model.classes) await lookAt(new ObservedEvents(store, name), options, sightings)
  return [...sightings.values()].map((sighting) => entryOf(sighting, options.judging)).sort(byWeight)
}

/** Columns that may say whose instance it is. */
const TENANT_PLACES = {
  process_cmd_line: 'command-line',
  process_file_name: 'file-name',
  process_file_path: 'path',
  service_cmd_line: 'command-line',
  service_name: 'service-name',
  job_cmd_line: 'command-line',
  product_name: 'product',
  log_provider: 'provider',
  query_hostname: 'host-name',
  dst_hostname: 'host-name',
  file_path: 'path',
  message: 'text',
} as const

/** Texts looked at for a tenant, a tool and host. */
const TENANT_TEXTS = 500

/** Names that differ only in case are one name; by lower case, how it is shown. */
type Spellings = Map<string, string>

function spell(spellings: Spellings, name: string): void {
  const key = name.toLowerCase()
  spellings.set(key, preferred(spellings.get(key) ?? name, name))
}

/** One of two spellings, whichever was met first. */
const preferred = (a: string, b: string): string => (a < b ? a : b)

interface Sighting {
  readonly tool: Tool
  host: string
  readonly users: Spellings
  first: number
  last: number
  events: number
  readonly launch: Map<string, { readonly how: string; parent: string; count: number }>
  readonly paths: Spellings
  /** Events by start of stretch. */
  readonly activity: Map<number, number>
  atWork: boolean
  confidence: Confidence
  readonly evidence: Map<string, { readonly kind: string; value: string; confidence: Confidence; count: number }>
  readonly instances: Instance[]
  readonly facts: SeenFact[]
  /** Which instances the events of an observation show: by class and slot. */
  readonly pieces: Map<string, Instance[]>
}

interface Named extends Slot {
  readonly found: Identification
  /** Where the program lies that the evidence is of. */
  readonly path: string
  readonly shown: ShownProgram
}

/** Paths shown for one tool on one host. */
const PATHS = 20

async function lookAt(
  events: ObservedEvents,
  options: InventoryOptions,
  sightings: Map<string, Sighting>,
): Promise<void> {
  const { table } = events
  const named = await identifyAll(events, options)
  if (named.length === 0) return
  const windows = options.judging?.windows ?? []
  const groups = await events.groups(named, stretchWithin(windows))
  for (const { group, open } of byWindows(groups, windows)) {
    const { slot, host, userDomain, userName, parent, activity, first, last } = group
    const { found, path, shown } = named[slot]!
    const sighting = sightingOf(sightings, found.tool, host)
    if (path !== '') spell(sighting.paths, path)
    if (CONFIDENCES.indexOf(found.confidence) > CONFIDENCES.indexOf(sighting.confidence))
      sighting.confidence = found.confidence
    sighting.events += group.events
    if (first !== null) sighting.first = Math.min(sighting.first, first)
    if (last !== null) sighting.last = Math.max(sighting.last, last)
    const account = userDomain === '' ? userName : `${userDomain}\\${userName}`
    if (userName !== '') spell(sighting.users, account)
    sighting.atWork ||= found.state === 'at work'
    if (table === 'process' && activity === 'launch' && ownProcess(found)) addLaunch(sighting, parent, group.events)
    addEvidence(sighting, found, group.events)
    if (options.judging === undefined) continue
    const launch = parent === '' ? '' : launchKind(parent)
    const inWindows = new Map(windows.map(({ entry }, index) => [entry, open[index]!]))
    sighting.facts.push({
      observation: `${table} ${slot}`,
      fact: factOf({ ...group, found, shown, table, path, user: account, launch, inWindows }),
    })
  }
  if (options.stretches !== undefined) {
    const { first, width } = options.stretches
    for (const [slot, host, stretch, count] of await events.stretches(named, first, width)) {
      const { activity } = sightingOf(sightings, named[Number(slot)]!.found.tool, text(host))
      const start = first + Number(stretch) * width
      activity.set(start, (activity.get(start) ?? 0) + Number(count))
    }
  }
  await addTenants(events, named, sightings)
}

/** Groups that differ only in their stretch of time made one, where the same windows are open in them. */
function byWindows(
  groups: readonly EventGroup[],
  windows: readonly JudgedWindow[],
): Iterable<{ group: EventGroup; readonly open: readonly (boolean | null)[] }> {
  const found = new Map<string, { group: EventGroup; readonly open: readonly (boolean | null)[] }>()
  for (const group of groups) {
    const open = windows.map((window) => isOpen(window, group.stretch))
    const { slot, host, userDomain, userName, parent, activity } = group
    const key = JSON.stringify([slot, host, userDomain, userName, parent, activity, open])
    const known = found.get(key)
    if (known === undefined) found.set(key, { group, open })
    else
      known.group = {
        ...known.group,
        events: known.group.events + group.events,
        first: earlier(known.group.first, group.first),
        last: later(known.group.last, group.last),
      }
  }
  return found.values()
}

const earlier = (a: number | null, b: number | null): number | null => (a === null || (b !== null && b < a) ? b : a)
const later = (a: number | null, b: number | null): number | null => (a === null || (b !== null && b > a) ? b : a)

/** Identifies each distinct observation of a class; those that name a tool come back with the key that finds their events. */
async function identifyAll(events: ObservedEvents, options: InventoryOptions): Promise<Named[]> {
  const named: Named[] = []
  for await (const [key, values] of events.observations()) {
    const observation: Record<string, unknown> = { class: events.table }
    events.observed.forEach((column, index) => {
      observation[column] = values[index]
    })
    for (const found of identify(observation as unknown as Observation)) {
      if (!found.named || (found.tool.tier !== 'remote-access' && !options.allTools)) continue
      const shown = shownProgram(observation as unknown as Observation, found)
      named.push({ slot: named.length, key, found, path: pathOf(observation, found), shown })
      const { own, parent } = shown
      options.observe?.({ class: events.table, key, toolId: found.tool.id, own, parent })
    }
  }
  return named
}

/** Whether the evidence is of the process that started, and not of its parent or of what it touched. */
const ownProcess = (found: Identification): boolean =>
  found.evidence.some(({ of, confidence }) => of === 'process' && confidence !== 'low')

/** Path of the program that the strongest evidence is of. */
function pathOf(observation: Readonly<Record<string, unknown>>, found: Identification): string {
  const column = {
    process: 'process_file_path',
    module: 'module_file_path',
    service: 'service_file_path',
    file: 'file_path',
    target: 'target_process_file_path',
  }
  const of = found.evidence[0]?.of
  return of !== undefined && Object.hasOwn(column, of) ? text(observation[column[of as keyof typeof column]]) : ''
}

async function addTenants(
  events: ObservedEvents,
  named: readonly Named[],
  sightings: Map<string, Sighting>,
): Promise<void> {
  const placed = Object.entries(TENANT_PLACES).filter(([column]) => events.has(column))
  const withTenant = named.filter(({ found }) => (found.tool.tenant?.length ?? 0) > 0)
  if (placed.length === 0 || withTenant.length === 0) return
  const rows = await events.texts(
    withTenant,
    placed.map(([column]) => column),
    TENANT_TEXTS,
  )
  for (const [slot, host, ...values] of rows) {
    const { found } = named[Number(slot)]!
    const sighting = sightingOf(sightings, found.tool, text(host))
    let piece: Instance = {}
    placed.forEach(([, place], index) => {
      const value = values[index]
      if (value !== null && value !== '') piece = { ...tenantOf(found.tool, place, text(value)), ...piece }
    })
    addInstance(sighting.instances, piece)
    if (Object.keys(piece).length === 0) continue
    const observation = `${events.table} ${Number(slot)}`
    const known = sighting.pieces.get(observation)
    if (known) known.push(piece)
    else sighting.pieces.set(observation, [piece])
  }
}

function sightingOf(sightings: Map<string, Sighting>, tool: Tool, host: string): Sighting {
  const key = `${tool.id} ${host.toLowerCase()}`
  let sighting = sightings.get(key)
  if (sighting !== undefined) sighting.host = preferred(sighting.host, host)
  if (sighting === undefined) {
    sighting = {
      tool,
      host,
      users: new Map(),
      first: Number.POSITIVE_INFINITY,
      last: Number.NEGATIVE_INFINITY,
      events: 0,
      launch: new Map(),
      paths: new Map(),
      activity: new Map(),
      atWork: false,
      confidence: 'low',
      evidence: new Map(),
      instances: [],
      facts: [],
      pieces: new Map(),
    }
    sightings.set(key, sighting)
  }
  return sighting
}

function addLaunch(sighting: Sighting, parent: string, count: number): void {
  const how = parent === '' ? 'unknown' : launchKind(parent)
  const key = `${how} ${parent.toLowerCase()}`
  const known = sighting.launch.get(key)
  if (known === undefined) sighting.launch.set(key, { how, parent, count })
  else {
    known.count += count
    known.parent = preferred(known.parent, parent)
  }
}

function addEvidence(sighting: Sighting, found: Identification, count: number): void {
  for (const { kind, value, of, confidence } of found.evidence) {
    const name = of === 'process' || of === 'network' || of === 'log' ? kind : `${of} ${kind}`
    const key = `${name} ${value.toLowerCase()}`
    const known = sighting.evidence.get(key)
    if (known === undefined) sighting.evidence.set(key, { kind: name, value, confidence, count })
    else {
      known.count += count
      known.value = preferred(known.value, value)
      if (CONFIDENCES.indexOf(confidence) > CONFIDENCES.indexOf(known.confidence)) known.confidence = confidence
    }
  }
}

function entryOf(sighting: Sighting, judging: Judging | undefined): InventoryEntry {
  const { tool } = sighting
  const evidence = [...sighting.evidence.values()].sort(
    (a, b) =>
      CONFIDENCES.indexOf(b.confidence) - CONFIDENCES.indexOf(a.confidence) ||
      b.count - a.count ||
      compare(a.kind, b.kind) ||
      compare(a.value, b.value),
  )
  const launch = [...sighting.launch.values()].sort(
    (a, b) => b.count - a.count || compare(a.how, b.how) || compare(a.parent, b.parent),
  )
  return {
    tool: tool.name,
    toolId: tool.id,
    category: tool.category,
    host: sighting.host,
    users: [...sighting.users.values()].sort(),
    firstSeen: Number.isFinite(sighting.first) ? formatTime(sighting.first) : null,
    lastSeen: Number.isFinite(sighting.last) ? formatTime(sighting.last) : null,
    events: sighting.events,
    activity: [...sighting.activity]
      .sort((a, b) => a[0] - b[0])
      .map(([time, events]) => ({ time: formatTime(time), events })),
    launch: launch.length > 0 ? launch : [{ how: 'unknown', parent: '', count: 0 }],
    paths: [...sighting.paths.values()].sort().slice(0, PATHS),
    state: sighting.atWork ? 'at work' : 'trace',
    identity: { confidence: sighting.confidence, evidence },
    tenant: sighting.instances[0] ?? null,
    ...(sighting.instances.length > 1 ? { otherTenants: sighting.instances.slice(1) } : {}),
    ...judgementOf(sighting, judging),
  }
}

/** At work before traces, surer before less sure, latest first. */
function byWeight(a: InventoryEntry, b: InventoryEntry): number {
  return (
    Number(b.state === 'at work') - Number(a.state === 'at work') ||
    CONFIDENCES.indexOf(b.identity.confidence) - CONFIDENCES.indexOf(a.identity.confidence) ||
    a.tool.localeCompare(b.tool, 'en') ||
    a.host.localeCompare(b.host, 'en')
  )
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
