import { formatTime } from '../telemetry/time.js'
import { expectedText, statusOf } from './constraints.js'
import type { Case, Fact, Sighting } from './facts.js'
import { CONSTRAINTS, type ConstraintName, type Entry, type Policy, VERDICTS, type Verdict } from './policy.js'

/** What a policy makes of one instance of a tool on one host. */
export interface Judgement {
  readonly verdict: Verdict
  readonly tenant: Readonly<Record<string, string>> | null
  /** The entry that decided; null where none speaks of the tool. */
  readonly entry: string | null
  /** In a sentence. */
  readonly reason: string
  /** What is otherwise than the entry asks. */
  readonly deviations: readonly Deviation[]
  /** What the entry asks and no event shows. */
  readonly notShown: readonly ConstraintName[]
  readonly events: number
}

export interface Deviation {
  readonly constraint: ConstraintName
  readonly expected: string
  readonly seen: string
  readonly events: number
  readonly first: string | null
}

/** How one entry reads one instance: for each constraint what was met, what failed and what no event shows. */
export interface Reading {
  readonly entry: Entry
  readonly constraints: readonly ConstraintReading[]
}

export interface ConstraintReading {
  readonly name: ConstraintName
  readonly expected: string
  readonly met: number
  readonly notShown: number
  readonly failed: readonly Deviation[]
}

/** One judgement an instance; a sighting that shows no instance is judged once. */
export function judge(policy: Policy, sighting: Sighting): readonly Judgement[] {
  return casesOf(sighting).map((each) => judgeCase(policy, each))
}

/** How every entry that speaks of the tool reads each instance of the sighting: what `policy explain` shows. */
export function readings(
  policy: Policy,
  sighting: Sighting,
): readonly { readonly judgement: Judgement; readonly readings: readonly Reading[] }[] {
  const entries = [...policy.prohibited, ...policy.entries].filter(({ tools }) => tools.has(sighting.toolId))
  return casesOf(sighting).map((each) => ({
    judgement: judgeCase(policy, each),
    readings: entries.map((entry) => readingOf(entry, each, each.facts)),
  }))
}

/** The gravest of several. */
export function gravest(judgements: readonly Judgement[]): Judgement | undefined {
  return judgements.reduce<Judgement | undefined>(
    (most, each) => (most && rank(most.verdict) >= rank(each.verdict) ? most : each),
    undefined,
  )
}

const rank = (verdict: Verdict): number => VERDICTS.indexOf(verdict)

/** Facts that no instance can be shown for are held against each of them: two parties on one host must not cover for one another. */
function casesOf({ toolId, host, addresses, instances, facts }: Sighting): readonly Case[] {
  if (instances.length <= 1) return [{ toolId, host, addresses, tenant: instances[0] ?? null, facts }]
  return instances.map((tenant, index) => ({
    toolId,
    host,
    addresses,
    tenant,
    facts: facts.filter((fact) => fact.instances.length === 0 || fact.instances.includes(index)),
  }))
}

function judgeCase(policy: Policy, one: Case): Judgement {
  const events = one.facts.reduce((sum, fact) => sum + fact.events, 0)
  const base = { tenant: one.tenant, events, deviations: [], notShown: [] }
  for (const entry of policy.prohibited) {
    const facts = entry.tools.has(one.toolId) ? one.facts.filter((fact) => prohibitsFact(entry, one, fact)) : []
    if (facts.length === 0) continue
    const said = entry.comment === undefined ? '' : `: ${entry.comment}`
    return { ...base, verdict: 'prohibited', entry: entry.id, reason: `entry ${entry.id} prohibits it${said}` }
  }
  const named = policy.entries.filter(({ tools }) => tools.has(one.toolId))
  const entries = named.filter(({ confirmed }) => confirmed)
  if (entries.length === 0) {
    const waiting = named[0]
    const reason =
      waiting === undefined
        ? 'no entry of the policy names it'
        : `entry ${waiting.id} names it, but nobody has confirmed it`
    return { ...base, verdict: 'unknown', entry: waiting?.id ?? null, reason }
  }
  const judgements = [...chosenEntries(entries, one)].map(([entry, facts]) => judgeBy(entry, one, facts))
  return { ...gravest(judgements)!, events }
}

/** A prohibition takes what is shown: where one of its constraints is not shown, it does not apply. */
function prohibitsFact(entry: Entry, one: Case, fact: Fact): boolean {
  return CONSTRAINTS.every((name) => {
    if (entry[name] === undefined) return true
    const { status } = statusOf(name, entry, one, fact)
    return status === 'met'
  })
}

/** Strongest first: what a program did says more about whose it is than where its name stands. */
const STRENGTH = ['run', 'child', 'session', 'install', 'act', 'network', 'trace'] as const

/** Each fact goes to the entry that it fits best; what little is said of it is said by an entry that was chosen before, where one fits. */
function chosenEntries(entries: readonly Entry[], one: Case): ReadonlyMap<Entry, readonly Fact[]> {
  const chosen = new Map<Entry, Fact[]>()
  const facts = one.facts.toSorted((a, b) => STRENGTH.indexOf(a.what) - STRENGTH.indexOf(b.what))
  for (const fact of facts) {
    let best: Entry | undefined
    let least = Number.POSITIVE_INFINITY
    for (const entry of entries) {
      const cost = costOf(entry, one, fact) - (chosen.has(entry) ? 0.5 : 0)
      if (cost < least) [best, least] = [entry, cost]
    }
    const known = chosen.get(best!)
    if (known) known.push(fact)
    else chosen.set(best!, [fact])
  }
  if (chosen.size === 0) chosen.set(entries[0]!, [])
  return chosen
}

/** How far a fact is from what an entry asks: another tenant weighs more than all the rest, an end more than other constraints. */
function costOf(entry: Entry, one: Case, fact: Fact): number {
  let cost = 0
  for (const name of CONSTRAINTS) {
    const { status } = statusOf(name, entry, one, fact)
    if (status === 'failed') cost += name === 'tenant' ? 10_000 : name === 'expires' ? 100 : 10
    if (status === 'not shown') cost += 1
  }
  return cost
}

function judgeBy(entry: Entry, one: Case, facts: readonly Fact[]): Judgement {
  const { constraints } = readingOf(entry, one, facts)
  const deviations = constraints.flatMap(({ failed }) => failed)
  // An agent that nobody used asks nothing of the hours; whatever else no event shows is not met.
  const notShown = constraints
    .filter(
      ({ name, met, failed, notShown: unseen }) =>
        met === 0 && failed.length === 0 && name !== 'expires' && (name !== 'windows' || unseen > 0),
    )
    .map(({ name }) => name)
  const missing = notShown.filter((name) => !entry.acceptNotShown.has(name))
  const base = { tenant: one.tenant, entry: entry.id, deviations, notShown, events: 0 }
  const failed = (name: ConstraintName): Deviation | undefined =>
    deviations.find(({ constraint }) => constraint === name)
  const end = failed('expires')
  const ended = end ? `; it also ended ${end.expected}` : ''
  const others = deviations.filter(({ constraint }) => constraint !== 'tenant' && constraint !== 'expires')
  const tenant = failed('tenant')
  if (tenant)
    return {
      ...base,
      verdict: 'wrong-tenant',
      reason: `it is ${tenant.seen}; entry ${entry.id} approves ${tenant.expected}`,
    }
  if (others.length > 0)
    return {
      ...base,
      verdict: 'approved-but-deviating',
      reason: `entry ${entry.id} approves it, but ${others.map(deviationText).join('; ')}${ended}`,
    }
  if (end)
    return { ...base, verdict: 'expired', reason: `entry ${entry.id} ended ${end.expected}; last seen ${end.seen}` }
  if (missing.length > 0)
    return {
      ...base,
      verdict: 'unknown',
      reason: `entry ${entry.id} would approve it; not shown by any event: ${missing.join(', ')}`,
    }
  const met = constraints.filter(({ name, met: times }) => times > 0 && name !== 'expires').map(({ name }) => name)
  const blind = notShown.length === 0 ? '' : `; not shown, and accepted: ${notShown.join(', ')}`
  const grounds = met.some((name) => name === 'tenant' || name === 'signers' || name === 'paths')
    ? met.join(', ')
    : `${met.length > 0 ? `${met.join(', ')}, and ` : ''}the name alone`
  return { ...base, verdict: 'approved', reason: `entry ${entry.id} approves it by ${grounds}${blind}` }
}

export const deviationText = ({ constraint, expected, seen, events }: Deviation): string =>
  `${WORDS[constraint]} ${seen} (${events} ${events === 1 ? 'event' : 'events'}, expected ${expected})`

const WORDS: Readonly<Record<ConstraintName, string>> = {
  tenant: 'tenant',
  hosts: 'host',
  signers: 'signer',
  paths: 'path',
  users: 'user',
  parents: 'started by',
  launch: 'launched by a',
  windows: 'outside its hours:',
  expires: 'last seen',
}

function readingOf(entry: Entry, one: Case, facts: readonly Fact[]): Reading {
  const constraints = CONSTRAINTS.filter((name) => entry[name] !== undefined).map((name): ConstraintReading => {
    const seen = new Map<string, { value: string; events: number; first: number }>()
    let met = 0
    let notShown = facts.length === 0 ? 1 : 0
    for (const fact of facts) {
      const { status, value } = statusOf(name, entry, one, fact)
      if (status === 'met') met += fact.events
      if (status === 'not shown') notShown += fact.events
      if (status !== 'failed') continue
      // Of times after the end, the latest says all.
      const key = name === 'expires' ? '' : value
      const known = seen.get(key) ?? { value, events: 0, first: Number.POSITIVE_INFINITY }
      if (value > known.value) known.value = value
      known.events += fact.events
      known.first = Math.min(known.first, fact.first ?? Number.POSITIVE_INFINITY)
      seen.set(key, known)
    }
    const expected = expectedText(entry, name)
    const failed = [...seen]
      .sort((a, b) => b[1].events - a[1].events)
      .slice(0, MOST_DEVIATIONS)
      .map(([, { value, events, first }]) => ({
        constraint: name,
        expected,
        seen: value,
        events,
        first: Number.isFinite(first) ? formatTime(first) : null,
      }))
    return { name, expected, met, notShown, failed }
  })
  return { entry, constraints }
}

/** Values told of one constraint. */
const MOST_DEVIATIONS = 5
