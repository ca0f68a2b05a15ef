import type { IngestResult } from '../backends/duckdb/ingest.js'
import { Store } from '../backends/duckdb/store.js'
import type { EventStore } from '../backends/event-store.js'
import { clockOf, spanOf } from '../detection/clock.js'
import { identify, type Observation, type Subject } from '../detection/identity/index.js'
import { keepViews } from '../detection/keep-views.js'
import { loadRules, type Rule } from '../detection/rules.js'
import { type EvidenceEvent, runRule } from '../detection/run-rule.js'
import { type GivenSigma, runSigmaRules, type SigmaRuleRun } from '../detection/sigma/run-rules.js'
import { maskSecrets } from '../detection/tenant/index.js'
import type { Watchlists } from '../ir/schema.js'
import type { PolicyFile } from '../policy/index.js'
import { formatTime } from '../telemetry/time.js'
import { type DecisionRecord, withDecisions } from './decisions/decisions.js'
import { findingsOf, type Naming } from './findings.js'
import { incidentsOf } from './incidents/incidents.js'
import { inventoryOf, type NamedObservation, type Stretches } from './inventory.js'
import { judgingOf } from './judging.js'
import { type Finding, LEVELS, type Report, type Summary } from './report.js'
import { Scale } from './severity.js'
import { sigmaFindings, sigmaRuleLines } from './sigma-findings.js'
import { summarise } from './summary.js'
import { version } from './version.js'

export interface ReportOptions {
  /** What this run read; undefined for a report of a store as it stands. */
  readonly read: IngestResult | undefined
  /** Microseconds; the newest event without it. */
  readonly asOf: number | undefined
  readonly since: number | undefined
  readonly until: number | undefined
  /** What runs; our own rules without it. */
  readonly rules?: readonly Rule[]
  /** Sigma documents that run beside them. */
  readonly sigma?: readonly GivenSigma[] | undefined
  readonly watchlists?: Watchlists | undefined
  /** What `%name%` stands for in Sigma rules. */
  readonly placeholders?: ReadonlyMap<string, readonly string[]> | undefined
  /** What may be used by whom; without it everything is unknown. */
  readonly policy?: PolicyFile | undefined
  /** What analysts decided before, in order. */
  readonly decisions?: readonly DecisionRecord[]
  /** What an overlay changed about the rules. */
  readonly overlay?: Summary['overlay'] | undefined
  /** Built-in and administrators' tools in the inventory too. */
  readonly allTools: boolean
  /** Findings kept of one rule, whatever its kind. */
  readonly limit?: number | undefined
  readonly seconds: () => number
}

/** Rows of one rule that become findings; the number of all stands in the summary. */
const FINDINGS_PER_RULE = 10_000

/** The same for a Sigma rule: there are thousands of them, and each has a finding for every event. */
const FINDINGS_PER_SIGMA_RULE = 1_000

/** The report of what a store holds. */
export async function reportOf(store: EventStore, options: ReportOptions): Promise<Report> {
  const stored = await summarise(store, options.read)
  await store.narrow(options.since, options.until)
  const asOf = await clockOf(store, options.asOf)
  const { policy } = options
  const observations: NamedObservation[] = []
  const inventory = await inventoryOf(store, {
    allTools: options.allTools,
    stretches: await stretchesOf(store),
    judging: policy && (await judgingOf(store, policy.policy)),
    observe: (observation) => observations.push(observation),
  })
  const scale = new Scale(inventory, { hosts: stored.hosts, asOf: asOf.micros, hasPolicy: policy !== undefined })
  const findings: Finding[] = []
  const rules: Summary['rules'][number][] = []
  const queries = options.rules ?? loadRules()
  await keepViews(store, queries)
  for (const rule of queries) {
    const run = await runRule(store, rule, {
      asOf: asOf.micros,
      replay: options.asOf === undefined,
      limit: options.limit ?? FINDINGS_PER_RULE,
      watchlists: options.watchlists,
    })
    for (const finding of findingsOf(run, nameTool, maskSecrets)) findings.push(scale.weigh(finding, rule))
    const cut = run.total > run.matches.length ? `${run.total} rows; the first ${run.matches.length} are shown` : null
    rules.push({
      id: rule.id,
      title: rule.title,
      matches: run.total,
      note: run.refused ?? ([cut, ...run.notes].filter((note) => note !== null).join('; ') || null),
    })
  }
  if (options.sigma !== undefined && options.sigma.length > 0) {
    const { sigma, placeholders } = options
    const limit = options.limit ?? FINDINGS_PER_SIGMA_RULE
    const isEmbedded = store instanceof Store
    const runs = isEmbedded
      ? await runSigmaRules(store, sigma, { limit, ...(placeholders ? { placeholders } : {}) })
      : notRun(sigma, `Sigma rules run over logs and stores of this machine, and not on ${store.engine} yet`)
    rules.push(...sigmaRuleLines(runs))
    if (isEmbedded)
      for (const finding of await sigmaFindings(store, runs, nameTool, maskSecrets)) findings.push(finding)
  }
  findings.sort(gravestFirst)
  const incidents = await incidentsOf(store, { inventory, findings, scale, hosts: stored.hosts, observations })
  return {
    latchkey: { version, format: 1 },
    summary: {
      ...stored,
      asOf: { time: formatTime(asOf.micros), from: asOf.from },
      policy: policy === undefined ? null : policySummary(policy),
      ...(options.overlay ? { overlay: options.overlay } : {}),
      rules,
      seconds: Math.round(options.seconds() * 1000) / 1000,
    },
    inventory,
    incidents: withDecisions(incidents, options.decisions ?? []),
    findings,
  }
}

const notRun = (sigma: readonly GivenSigma[], reason: string): readonly SigmaRuleRun[] =>
  sigma.map((given) => ({ given, outcome: 'refused', reason, events: [], total: 0, notes: [] }))

function policySummary({ path, policy }: PolicyFile): NonNullable<Summary['policy']> {
  return {
    file: path,
    name: policy.name,
    entries: policy.entries.length,
    prohibited: policy.prohibited.length,
    unconfirmed: policy.entries.filter(({ confirmed }) => !confirmed).length,
  }
}

/** Rules that gave more than the report keeps of them. Only a Sigma rule has an outcome. */
export const cutRules = ({ rules }: Summary, limit: number | undefined): Summary['rules'] =>
  rules.filter(
    ({ matches, outcome }) =>
      matches > (limit ?? (outcome === undefined ? FINDINGS_PER_RULE : FINDINGS_PER_SIGMA_RULE)),
  )

/** The order of findings in a report: the gravest first, of those the newest. */
export const gravestFirst = (a: Finding, b: Finding): number =>
  LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) ||
  (b.time ?? '').localeCompare(a.time ?? '') ||
  a.rule.localeCompare(b.rule)

/** Stretches that a timeline is drawn in. */
const STRETCHES = 96

async function stretchesOf(store: EventStore): Promise<Stretches | undefined> {
  const span = await spanOf(store)
  return span && { first: span.first, width: Math.max(60e6, Math.ceil((span.last - span.first + 1) / STRETCHES)) }
}

/** What evidence may be of for a match to name a tool: the program that acted first, then what it did it to or for. */
const TELLING: readonly Subject[] = ['process', 'service', 'package', 'parent', 'log', 'file', 'network']

/** What the events behind a match name. */
function nameTool(events: readonly EvidenceEvent[]): Naming {
  let best = TELLING.length
  let found: string | undefined
  let other: string | undefined
  for (const event of events) {
    for (const { tool, named, evidence } of identify({ class: 'process', ...event } as unknown as Observation)) {
      const rank = TELLING.findIndex((subject) =>
        evidence.some(({ of, confidence }) => of === subject && confidence !== 'low'),
      )
      if (!named || rank < 0) continue
      if (tool.tier !== 'remote-access') {
        if (rank === 0) other ??= tool.name
      } else if (rank < best) {
        best = rank
        found = tool.name
      }
    }
    if (best === 0) break
  }
  if (found !== undefined && (best === 0 || other === undefined))
    return { tool: found, isRemoteAccess: true, reason: '' }
  if (other !== undefined)
    return {
      tool: other,
      isRemoteAccess: false,
      reason: `${other} is not counted as a remote access tool, so the level is informational`,
    }
  return {
    tool: null,
    isRemoteAccess: false,
    reason: 'nothing but the name points at a remote access tool, so the level is informational',
  }
}
