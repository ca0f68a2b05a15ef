import { quoteIdentifier } from '../backends/duckdb/quote.js'
import type { Store } from '../backends/duckdb/store.js'
import { spanOf } from '../detection/clock.js'
import type { Identification, Observation } from '../detection/identity/index.js'
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
import { intervalsOf } from '../policy/windows.js'
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

/** The hours of one entry, as a table of the database. */
export interface JudgedWindow {
  readonly entry: string
  readonly table: string
}

/** A fact, and the observation (class and slot) whose events show it. */
export interface SeenFact {
  readonly observation: string
  readonly fact: Omit<Fact, 'instances'>
}

/** Puts what the policy asks of time and place where the database can answer it. */
export async function judgingOf(store: Store, policy: Policy): Promise<Judging> {
  const span = await spanOf(store)
  const windows: JudgedWindow[] = []
  for (const [index, entry] of policy.entries.entries()) {
    if (entry.windows === undefined || span === undefined) continue
    const table = `hours_${index}`
    await store.connection.run(
      `CREATE OR REPLACE TEMP TABLE ${quoteIdentifier(table)} (opens TIMESTAMP, closes TIMESTAMP)`,
    )
    const rows = intervalsOf(entry.windows, span.first, span.last).map(
      ({ start, end }) => `(make_timestamp(${start}), make_timestamp(${end}))`,
    )
    for (let at = 0; at < rows.length; at += 1000)
      await store.connection.run(`INSERT INTO ${quoteIdentifier(table)} VALUES ${rows.slice(at, at + 1000).join(', ')}`)
    windows.push({ entry: entry.id, table })
  }
  const asksNetworks = [...policy.entries, ...policy.prohibited].some(({ hosts }) =>
    hosts?.some(({ networks }) => networks !== undefined),
  )
  return { policy, windows, addresses: asksNetworks ? await addressesOf(store) : new Map() }
}

/** The addresses that hosts connected from. */
async function addressesOf(store: Store): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await store.rows(
    `SELECT lower(device_hostname), list(DISTINCT src_ip) FROM network
    WHERE device_hostname IS NOT NULL AND src_ip IS NOT NULL AND activity = 'connect' AND coalesce(direction, 'outbound') = 'outbound'
      AND NOT starts_with(src_ip, '127.') AND src_ip NOT IN ('::1', '0.0.0.0', '::', '-', '') GROUP BY 1`,
  )
  return new Map(rows.map(([host, found]) => [String(host), listOf(found)]))
}

function listOf(value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value : ((value as { items?: unknown[] } | null)?.items ?? [])
  return items.map(String).sort()
}

/** Columns of a query over `event`, one a window: whether the event lies in it. */
export const windowFlags = (windows: readonly JudgedWindow[]): string =>
  windows
    .map(
      ({ table }) =>
        `, CASE WHEN event.time IS NULL THEN NULL ELSE coalesce(event.time < ${quoteIdentifier(table)}.closes, false) END`,
    )
    .join('')

export const windowJoins = (windows: readonly JudgedWindow[]): string =>
  windows
    .map(({ table }) => ` ASOF LEFT JOIN ${quoteIdentifier(table)} ON event.time >= ${quoteIdentifier(table)}.opens`)
    .join('')

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
