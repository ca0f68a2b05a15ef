import { type EventStore, eventTable } from '../backends/event-store.js'
import { spanOf } from '../detection/clock.js'
import type { Identification, Observation } from '../detection/identity/index.js'
import { and, call, not, or, type Scalar, text } from '../ir/scalar.js'
import { isAmong, isNotEqual, Steps, startsWith } from '../ir/steps.js'
import {
  type Fact,
  gravest,
  type Judgement,
  judge,
  type Policy,
  type Sighting,
  VERDICTS,
  type Verdict,
} from '../policy/index.js'
import { type Interval, intervalsOf } from '../policy/windows.js'
import { type Instance, isOf } from './instances.js'

/** Holds what an inventory sees to a policy. */
export interface Judging {
  readonly policy: Policy
  readonly windows: readonly JudgedWindow[]
  /** Addresses that hosts were seen with, by the host's name in lower case; empty where the policy names no network. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** Sees every sighting as it is judged. */
  readonly observe?: (sighting: Sighting) => void
}

/** The hours of one entry, in order and without overlaps. */
export interface JudgedWindow {
  readonly entry: string
  readonly hours: readonly Interval[]
}

/** A fact, and the observation (class and slot) whose events show it. */
export interface SeenFact {
  readonly observation: string
  readonly fact: Omit<Fact, 'instances'>
}

/** What the policy asks of time and place, as far as the events are concerned. */
export async function judgingOf(store: EventStore, policy: Policy): Promise<Judging> {
  const span = await spanOf(store)
  const windows = policy.entries.flatMap(({ id, windows }): JudgedWindow[] =>
    windows === undefined || span === undefined
      ? []
      : [{ entry: id, hours: intervalsOf(windows, span.first, span.last) }],
  )
  const asksNetworks = [...policy.entries, ...policy.prohibited].some(({ hosts }) =>
    hosts?.some(({ networks }) => networks !== undefined),
  )
  return { policy, windows, addresses: asksNetworks ? await addressesOf(store) : new Map() }
}

/** The widest stretch of time, in microseconds, within which no window opens or closes; undefined without windows. */
export function stretchWithin(windows: readonly JudgedWindow[]): number | undefined {
  const edges = windows.flatMap(({ hours }) => hours.flatMap(({ start, end }) => [start, end]))
  return windows.length === 0 ? undefined : edges.reduce(greatestDivisor, DAY)
}

const DAY = 86_400_000_000

function greatestDivisor(a: number, b: number): number {
  let [left, right] = [Math.abs(a), Math.abs(b)]
  while (right !== 0) [left, right] = [right, left % right]
  return left
}

/** Whether a window is open at a time; null where there is no time. */
export function isOpen({ hours }: JudgedWindow, time: number | null): boolean | null {
  if (time === null) return null
  let [low, high] = [0, hours.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (hours[middle]!.start <= time) low = middle + 1
    else high = middle
  }
  return low > 0 && time < hours[low - 1]!.end
}

/** The addresses that hosts connected from, by the host's name in small letters. */
export async function addressesOf(store: EventStore): Promise<ReadonlyMap<string, readonly string[]>> {
  const events = Steps.from(eventTable(store.model, 'network'))
  const column = (name: string): Scalar => events.column(name)
  const is = (name: string, values: readonly string[]): Scalar =>
    isAmong(
      column(name),
      values.map((each) => text(each)),
    )
  const rows = await store.ask(
    events
      .filter(and([is('activity', ['connect']), is('direction', ['', 'outbound'])]))
      .filter(not(or([is('src_ip', NOWHERE), startsWith(column('src_ip'), text('127.'))])))
      .filter(isNotEqual(column('device_hostname'), text('')))
      .aggregate({ host: call('tolower', 'string', [column('device_hostname')]), address: column('src_ip') })
      .sort(['host', 'address'])
      .query(),
  )
  const found = new Map<string, string[]>()
  for (const [host, address] of rows) found.set(String(host), [...(found.get(String(host)) ?? []), String(address)])
  return found
}

/** Addresses that say nothing of where a host is. */
const NOWHERE = ['', '-', '::1', '::', '0.0.0.0']

/** The tool's own program, as an observation shows it. */
export interface ShownProgram {
  /** The tool's program acted, and was not acted upon. */
  readonly own: boolean
  /** It started another program. */
  readonly parent: boolean
  readonly path: string | null
  readonly signer: string | null
}

export function shownProgram(observation: Observation, found: Identification): ShownProgram {
  const of = (subject: string): boolean =>
    found.evidence.some((evidence) => evidence.of === subject && evidence.confidence !== 'low')
  const own = of('process') || (of('module') && found.state === 'at work')
  const signer = observation.process_file_signer || (of('module') ? observation.module_file_signer : null)
  const status = observation.process_file_signature_status || observation.module_file_signature_status
  const broken = /^(invalid|unsigned|error|bad|notsigned|hashmismatch|untrusted|false)/i.test(status ?? '')
  return {
    own,
    parent: of('parent'),
    path: own ? observation.process_file_path || null : null,
    signer: own && signer ? (broken ? `${signer} (the signature does not hold)` : signer) : null,
  }
}

/** One group of alike events as the policy looks at it. */
export function factOf(seen: {
  readonly found: Identification
  readonly shown: ShownProgram
  readonly table: string
  readonly path: string
  readonly user: string
  readonly activity: string
  readonly parent: string
  readonly launch: string
  readonly events: number
  readonly first: number | null
  readonly last: number | null
  readonly inWindows: ReadonlyMap<string, boolean | null>
}): Omit<Fact, 'instances'> {
  const { shown, user, parent, launch, events, first, last, inWindows } = seen
  const what = whatOf(seen)
  return {
    what,
    user: user === '' ? null : user,
    path: shown.path ?? (what === 'install' && seen.path !== '' ? seen.path : null),
    signer: shown.signer,
    parent: parent === '' ? null : parent,
    launch: launch === '' ? null : launch,
    events,
    first,
    last,
    inWindows,
  }
}

function whatOf({
  found,
  shown,
  table,
  activity,
}: {
  readonly found: Identification
  readonly shown: ShownProgram
  readonly table: string
  readonly activity: string
}): Fact['what'] {
  if (table === 'process') {
    if (activity === 'launch' && shown.own) return 'run'
    if (activity === 'launch' && shown.parent) return 'child'
    return shown.own ? 'act' : 'trace'
  }
  if (table === 'app_log') return activity === 'message' || activity === 'crash' ? 'act' : 'session'
  if (table === 'installer' || (table === 'service' && activity === 'install')) return 'install'
  if (shown.own) return 'act'
  if (found.state === 'trace') return 'trace'
  return table === 'network' || table === 'dns' ? 'network' : 'act'
}

/** What the policy makes of a sighting; `unknown` where there is none. */
export function judgementOf(
  sighting: {
    readonly tool: { readonly id: string }
    readonly host: string
    readonly instances: readonly Instance[]
    readonly facts: readonly SeenFact[]
    readonly pieces: ReadonlyMap<string, readonly Instance[]>
  },
  judging: Judging | undefined,
): { readonly verdict: Verdict; readonly judgements?: readonly Judgement[] } {
  if (judging === undefined) return { verdict: 'unknown' }
  const { tool, host, instances, facts, pieces } = sighting
  const seen: Sighting = {
    toolId: tool.id,
    host,
    addresses: judging.addresses.get(host.toLowerCase()) ?? [],
    instances,
    facts: facts.map(({ observation, fact }) => ({
      ...fact,
      instances: shownInstances(instances, pieces.get(observation)),
    })),
  }
  judging.observe?.(seen)
  const judgements = judge(judging.policy, seen).toSorted(
    (a, b) => VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict),
  )
  return { verdict: gravest(judgements)?.verdict ?? 'unknown', judgements }
}

function shownInstances(instances: readonly Instance[], pieces: readonly Instance[] | undefined): readonly number[] {
  const found = new Set<number>()
  for (const piece of pieces ?? [])
    for (const [index, instance] of instances.entries()) if (isOf(piece, instance)) found.add(index)
  return [...found]
}
