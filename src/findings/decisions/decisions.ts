import { VERDICTS, type Verdict } from '../../policy/index.js'
import { instancesOf, tellingPart } from '../instances.js'
import type { Chain, Decision, Incident } from '../report.js'

/** What an analyst makes of an incident: `benign` is a false alarm, `expected` is true and allowed, `undecided` takes a decision back. */
export const DECISION_VERDICTS = ['benign', 'expected', 'malicious', 'undecided'] as const

/** A line of the file of decisions. It says what was decided about, so that something new is not covered by it. */
export interface DecisionRecord extends Decision {
  readonly format: 1
  readonly incident: string
  readonly title: string
  readonly chains: readonly DecidedChain[]
  readonly moreChains: number
}

interface DecidedChain {
  readonly id: string
  readonly tool: string
  readonly host: string
  readonly verdict: Verdict
  /** Instances that were shown, by what tells them apart. */
  readonly instances: readonly string[]
  /** Rules that had fired, and how often. */
  readonly rules: Readonly<Record<string, number>>
}

export function recordOf(incident: Incident, decision: Decision): DecisionRecord {
  const { id, title, chains, moreChains } = incident
  return { format: 1, incident: id, title, ...decision, chains: chains.map(decidedChain), moreChains }
}

const decidedChain = (chain: Chain): DecidedChain => ({
  id: chain.id,
  tool: chain.tool,
  host: chain.host,
  verdict: chain.verdict,
  instances: instancesOf(chain).map((instance) => JSON.stringify(tellingPart(instance)).toLowerCase()),
  rules: Object.fromEntries(chain.findings.map(({ rule, count }) => [rule, count])),
})

/** The lines of a file of decisions, in order; those that cannot be read come back by their number. */
export function readDecisions(text: string): {
  readonly records: readonly DecisionRecord[]
  readonly unread: readonly number[]
} {
  const records: DecisionRecord[] = []
  const unread: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const record = parseRecord(line)
    if (record) records.push(record)
    else unread.push(index + 1)
  }
  return { records, unread }
}

function parseRecord(line: string): DecisionRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  const record = value as Partial<DecisionRecord> | null
  const isText = (each: unknown): boolean => typeof each === 'string'
  const sound =
    record?.format === 1 &&
    [record.incident, record.title, record.note, record.at].every(isText) &&
    (record.by === null || isText(record.by)) &&
    DECISION_VERDICTS.includes(record.verdict!) &&
    typeof record.moreChains === 'number' &&
    !Number.isNaN(Date.parse(record.at!)) &&
    Array.isArray(record.chains) &&
    record.chains.every(
      (chain) =>
        [chain?.id, chain?.tool, chain?.host].every(isText) &&
        VERDICTS.includes(chain.verdict) &&
        Array.isArray(chain.instances) &&
        chain.instances.every(isText) &&
        typeof chain.rules === 'object' &&
        chain.rules !== null &&
        Object.values(chain.rules).every((count) => typeof count === 'number'),
    )
  return sound ? (record as DecisionRecord) : undefined
}

/**
 * Incidents with what was decided about them before. The latest decision about a chain counts; it holds as long as nothing new has come:
 * another tool or host, another instance, a graver verdict, a rule that had not fired. Decided incidents come last.
 */
export function withDecisions(incidents: readonly Incident[], records: readonly DecisionRecord[]): readonly Incident[] {
  if (records.length === 0) return incidents
  const latest = new Map<string, { readonly record: DecisionRecord; readonly chain: DecidedChain }>()
  for (const record of records) for (const chain of record.chains) latest.set(chain.id, { record, chain })
  const decided = incidents.map((incident) => apply(incident, latest))
  return decided.toSorted((a, b) => Number(a.decision !== null) - Number(b.decision !== null))
}

function apply(
  incident: Incident,
  latest: ReadonlyMap<string, { readonly record: DecisionRecord; readonly chain: DecidedChain }>,
): Incident {
  const known = incident.chains.flatMap(({ id }) => latest.get(id) ?? [])
  const standing = known.filter(({ record }) => record.verdict !== 'undecided')
  if (standing.length === 0) return incident
  const { record } = standing.reduce((newest, each) => (each.record.at > newest.record.at ? each : newest))
  const news = newsOf(incident, latest, record)
  const { verdict, note, by, at } = record
  return news === undefined
    ? { ...incident, decision: { verdict, note, by, at } }
    : { ...incident, reopened: `${news}; decided ${verdict} ${at.slice(0, 10)} before that: ${note}` }
}

/** What has come since; undefined where nothing has. */
function newsOf(
  incident: Incident,
  latest: ReadonlyMap<string, { readonly record: DecisionRecord; readonly chain: DecidedChain }>,
  record: DecisionRecord,
): string | undefined {
  for (const chain of incident.chains) {
    const before = latest.get(chain.id)
    const where = `${chain.tool} on ${chain.host}`
    if (!before || before.record.verdict === 'undecided') return `${where} was not decided about`
    if (before.record.verdict !== record.verdict) return `${where} was decided ${before.record.verdict}`
    if (VERDICTS.indexOf(chain.verdict) > VERDICTS.indexOf(before.chain.verdict))
      return `${where} is ${chain.verdict} now and was ${before.chain.verdict}`
    const { instances, rules } = decidedChain(chain)
    const instance = instances.find((each) => !before.chain.instances.includes(each))
    if (instance !== undefined) return `${where} shows another instance: ${instance}`
    const rule = Object.keys(rules).find((each) => !Object.hasOwn(before.chain.rules, each))
    if (rule !== undefined) return `rule ${rule} fired on ${chain.host}`
  }
  return incident.moreChains > record.moreChains
    ? `${incident.moreChains - record.moreChains} more tools on hosts belong to it`
    : undefined
}

/** How often what a rule found was a false alarm. */
export interface RuleRatio {
  readonly rule: string
  /** Decided incidents that the rule fired in. */
  readonly benign: number
  readonly expected: number
  readonly malicious: number
  /** Part that was benign, with the interval that 95 of 100 such samples would cover (Wilson). */
  readonly falsePositives: number
  readonly low: number
  readonly high: number
}

/** The ratio of every rule that fired in a decided incident, the worst first. The latest decision about an incident counts. */
export function ruleRatios(records: readonly DecisionRecord[]): readonly RuleRatio[] {
  const latest = new Map(records.map((record) => [record.incident, record]))
  const counts = new Map<string, { benign: number; expected: number; malicious: number }>()
  for (const { verdict, chains } of latest.values()) {
    if (verdict === 'undecided') continue
    for (const rule of new Set(chains.flatMap(({ rules }) => Object.keys(rules)))) {
      const count = counts.get(rule) ?? { benign: 0, expected: 0, malicious: 0 }
      count[verdict]++
      counts.set(rule, count)
    }
  }
  return [...counts]
    .map(([rule, count]) => {
      const all = count.benign + count.expected + count.malicious
      return { rule, ...count, falsePositives: round(count.benign / all), ...wilson(count.benign, all) }
    })
    .sort((a, b) => b.falsePositives - a.falsePositives || b.benign - a.benign || (a.rule < b.rule ? -1 : 1))
}

/** Wilson's score interval at 95 %. */
export function wilson(hits: number, all: number): { readonly low: number; readonly high: number } {
  if (all === 0) return { low: 0, high: 1 }
  const z = 1.96
  const part = hits / all
  const scale = 1 + (z * z) / all
  const middle = part + (z * z) / (2 * all)
  const spread = z * Math.sqrt((part * (1 - part)) / all + (z * z) / (4 * all * all))
  return { low: round(Math.max(0, (middle - spread) / scale)), high: round(Math.min(1, (middle + spread) / scale)) }
}

const round = (value: number): number => Math.round(value * 1000) / 1000
