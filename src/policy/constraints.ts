import { matchesGlob } from '../detection/identity/glob.js'
import { formatTime } from '../telemetry/time.js'
import type { Case, Fact } from './facts.js'
import { hostAmong } from './hosts.js'
import type { ConstraintName, Entry, Pattern } from './policy.js'

/** How a fact stands to a constraint. `not shown` is never taken for met; `nothing to ask`: events of this kind cannot show it. */
export type Status = 'met' | 'failed' | 'not shown' | 'nothing to ask'

/** Holds one fact to one constraint; the value is what was seen. */
export function statusOf(
  name: ConstraintName,
  entry: Entry,
  one: Case,
  fact: Fact,
): { readonly status: Status; readonly value: string } {
  switch (name) {
    case 'tenant':
      return tenantStatus(entry, one.tenant)
    case 'hosts': {
      if (entry.hosts === undefined) return NOTHING
      const among = hostAmong(entry.hosts, one.host, one.addresses)
      return {
        status: among === 'yes' ? 'met' : among === 'no' ? 'failed' : 'not shown',
        value: one.host || 'a host without a name',
      }
    }
    case 'signers':
      return of(entry.signers, fact.what === 'run' ? fact.signer : (fact.signer ?? undefined))
    case 'paths':
      return ofPath(
        entry.paths,
        fact.what === 'run' ? fact.path : fact.what === 'trace' ? undefined : (fact.path ?? undefined),
      )
    case 'users':
      return ofUser(entry.users, fact.what === 'run' || fact.what === 'child' ? fact.user : ownAct(fact, fact.user))
    case 'parents':
      return of(entry.parents, fact.what === 'run' ? fact.parent : undefined)
    case 'launch':
      return of(entry.launch, fact.what === 'run' ? fact.launch : undefined)
    case 'windows': {
      const inside = isUse(fact) ? fact.inWindows.get(entry.id) : undefined
      if (entry.windows === undefined || inside === undefined) return NOTHING
      const value = fact.first === null ? '' : `${formatTime(fact.first).slice(0, 16).replace('T', ' ')} UTC`
      return { status: inside === null ? 'not shown' : inside ? 'met' : 'failed', value }
    }
    case 'expires': {
      if (entry.expires === undefined) return NOTHING
      if (fact.last === null) return { status: 'not shown', value: '' }
      return { status: fact.last < entry.expires ? 'met' : 'failed', value: formatTime(fact.last) }
    }
  }
}

const NOTHING = { status: 'nothing to ask', value: '' } as const

/** What the tool's own program shows beside its start; nothing of what others did with it. */
const ownAct = <T>({ what }: Fact, value: T | null): T | undefined =>
  what === 'act' ? (value ?? undefined) : undefined

/** Whether somebody used the tool: an agent that runs as a service and keeps its connection is no use of it. */
const isUse = ({ what, launch }: Fact): boolean =>
  what === 'child' || what === 'session' || (what === 'run' && launch !== 'service')

/** `undefined`: the events are none that could show it. */
function of(
  patterns: readonly Pattern[] | undefined,
  value: string | null | undefined,
): { readonly status: Status; readonly value: string } {
  if (patterns === undefined || value === undefined) return NOTHING
  if (value === null) return { status: 'not shown', value: '' }
  return { status: fits(patterns, value) ? 'met' : 'failed', value }
}

/** A path that goes up again is not where it begins. */
function ofPath(patterns: readonly Pattern[] | undefined, value: string | null | undefined): ReturnType<typeof of> {
  if (patterns && value && /(^|[\\/])\.\.([\\/]|$)/.test(value)) return { status: 'failed', value }
  return of(patterns, value)
}

/** An account may be named with its domain or without. */
function ofUser(patterns: readonly Pattern[] | undefined, value: string | null | undefined): ReturnType<typeof of> {
  const found = of(patterns, value)
  if (found.status !== 'failed' || !value) return found
  const short = value.slice(value.lastIndexOf('\\') + 1)
  const plain = patterns!.filter(({ glob }) => !glob.includes('\\'))
  return fits(plain, short) ? { status: 'met', value } : found
}

const fits = (patterns: readonly Pattern[], value: string): boolean => {
  const lower = value.toLowerCase()
  return patterns.some(({ glob }) => matchesGlob(glob, lower))
}

function tenantStatus(
  entry: Entry,
  tenant: Readonly<Record<string, string>> | null,
): { readonly status: Status; readonly value: string } {
  if (entry.tenant === undefined) return NOTHING
  let best: Status = 'failed'
  const named = new Set<string>()
  for (const terms of entry.tenant) {
    let failed = false
    let unseen = false
    for (const [name, patterns] of terms) {
      const value = tenant !== null && Object.hasOwn(tenant, name) ? tenant[name] : undefined
      named.add(name)
      if (value === undefined) unseen = true
      else if (!fits(patterns, value)) failed = true
    }
    const status: Status = failed ? 'failed' : unseen ? 'not shown' : 'met'
    if (status === 'met') best = 'met'
    else if (status === 'not shown' && best === 'failed') best = 'not shown'
  }
  // An alternative of which nothing is shown is no excuse for the one that is shown and is another.
  if (best === 'not shown' && tenant !== null && contradicted(entry, tenant)) best = 'failed'
  const told = Object.entries(tenant ?? {}).filter(([name]) => named.has(name))
  return { status: best, value: told.map(([name, value]) => `${name} ${value}`).join(', ') || 'not shown' }
}

/** Whether a fact that any alternative names is shown with a value that no alternative allows. */
function contradicted(entry: Entry, tenant: Readonly<Record<string, string>>): boolean {
  const allowed = new Map<string, Pattern[]>()
  for (const terms of entry.tenant ?? [])
    for (const [name, patterns] of terms) allowed.set(name, [...(allowed.get(name) ?? []), ...patterns])
  return [...allowed].some(([name, patterns]) => Object.hasOwn(tenant, name) && !fits(patterns, tenant[name]!))
}

/** What an entry asks of a constraint, as the file says it. */
export function expectedText(entry: Entry, name: ConstraintName): string {
  switch (name) {
    case 'tenant':
      return (entry.tenant ?? [])
        .map((terms) => [...terms].map(([fact, patterns]) => `${fact} ${texts(patterns)}`).join(' and '))
        .join(', or ')
    case 'hosts':
    case 'windows':
      return texts(entry[name] ?? [])
    case 'expires':
      return entry.expires === undefined ? '' : formatTime(entry.expires)
    default:
      return texts(entry[name] ?? [])
  }
}

const texts = (items: readonly { readonly text: string }[]): string => items.map(({ text }) => text).join(' or ')
