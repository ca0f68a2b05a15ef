import type { Store } from '../../backends/duckdb/store.js'
import {
  type CorrelationMember,
  collect,
  type FilterMember,
  type RuleMember,
  type SigmaDocument,
} from '../../dialects/sigma/index.js'
import { formatTime } from '../../telemetry/time.js'
import type { Diagnostic } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { type CompileSigmaOptions, compileSigma } from './compile.js'
import type { CorrelationMatch } from './correlation/index.js'
import { runCorrelation } from './correlation/run.js'
import { type RuleResult, runTogether } from './together/index.js'

/** A document as a scan was given it. */
export interface GivenSigma {
  readonly file: string
  readonly document: SigmaDocument
  /** What of the document could not be read; it is then refused, because what is left of it would mean something else. */
  readonly faults?: readonly Diagnostic[]
  /** It was not chosen, or is disabled, and is here only for the correlations that name it. */
  readonly forOthers?: boolean
  /** What an overlay changed about it, in sentences. */
  readonly notes?: readonly string[]
}

/** The documents of a file, each with its own faults. */
export function givenSigma({ path, documents, diagnostics }: GivenFile): readonly GivenSigma[] {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  return documents.map((document) => {
    const within = (at: Span): boolean => at.start >= document.span.start && at.start <= document.span.end
    const faults = errors.filter(({ span }) => span === undefined || documents.length === 1 || within(span))
    return { file: path, document, ...(faults.length > 0 ? { faults } : {}) }
  })
}

interface GivenFile {
  readonly path: string
  readonly documents: readonly SigmaDocument[]
  readonly diagnostics: readonly Diagnostic[]
}

/** What became of one rule of a set. */
export interface SigmaRuleRun {
  readonly given: GivenSigma
  /** `not-applicable`: no event of what was read is of the rule's log source, so its silence says nothing. */
  readonly outcome: 'ran' | 'not-applicable' | 'refused'
  /** What is missing, or why it was refused; undefined where the rule ran. */
  readonly reason: string | undefined
  /** Events that match, oldest first, those without a time last; at most as many as were asked for. */
  readonly events: readonly SigmaEvent[]
  /** Events that match in all; of a correlation, its matches. */
  readonly total: number
  /** Of a correlation. Its events are those of its matches. */
  readonly correlated?: { readonly groupBy: readonly string[]; readonly matches: readonly CorrelationMatch[] }
  /** What a reader of the result should know: what narrows the rule, what was left out. */
  readonly notes: readonly string[]
}

export interface SigmaEvent {
  readonly uid: string
  /** As the store writes it; null where the event has no time. */
  readonly time: string | null
}

export interface RunSigmaOptions extends CompileSigmaOptions {
  /** Events kept a rule. */
  readonly limit: number
}

/**
 * Runs Sigma documents over the store, in the order given: filters narrow the rules they name, and rules that only correlations want are
 * told of and give no events.
 */
export async function runSigmaRules(
  store: Store,
  given: readonly GivenSigma[],
  options: RunSigmaOptions,
): Promise<readonly SigmaRuleRun[]> {
  const checked = given.map((each) => withFilterFaults(each, options))
  const broken = checked.flatMap(({ document, faults }) => (faults ? [document] : []))
  const members = collect(
    given.map(({ document }) => document),
    new Set(broken),
  )
  const runs = new Map<number, SigmaRuleRun>()
  const hits = new Map<object, number>()
  // Correlations first: they count the hits of the rules that are not reported on their own.
  for (const [index, member] of members.entries()) {
    if (member.kind !== 'correlation' || given[index]!.forOthers) continue
    if (member.resolved && !member.isReported) {
      runs.set(index, onlyForOthers(given[index]!, ''))
      continue
    }
    const { run, counted } = await runCorrelated(store, given[index]!, member, options)
    for (const [document, count] of counted) hits.set(document, count)
    runs.set(index, run)
  }
  const reported = members.flatMap((member, index) =>
    member.kind === 'rule' && member.isReported && !checked[index]!.faults && !checked[index]!.forOthers
      ? [{ index, rule: member.rule }]
      : [],
  )
  const results = await runTogether(
    store,
    reported.map(({ rule }) => rule),
    options,
  )
  const byIndex = new Map(reported.map(({ index }, place) => [index, results[place]!]))
  const narrowing = new Set(members.flatMap((member) => (member.kind === 'rule' ? member.filters : [])))
  for (const [index, member] of members.entries()) {
    const each = checked[index]!
    if (each.forOthers) continue
    if (member.kind === 'rule') runs.set(index, ruleRun(each, member, byIndex.get(index), hits))
    else if (member.kind === 'filter') {
      const run = filterRun(each, member, narrowing.has(member.document))
      if (run) runs.set(index, run)
    }
  }
  return given.flatMap(({ notes = [] }, index) => {
    const run = runs.get(index)
    return run ? [{ ...run, notes: [...notes, ...run.notes] }] : []
  })
}

/** A filter that cannot be lowered narrows nothing, and takes no rule down with it. */
function withFilterFaults(given: GivenSigma, options: RunSigmaOptions): GivenSigma {
  const { document, faults } = given
  if (document.kind !== 'filter' || faults) return given
  const compiled = compileSigma({ ...document, kind: 'rule' }, options)
  return compiled.ok ? given : { ...given, faults: compiled.diagnostics }
}

const nothing = { events: [], total: 0, notes: [] } as const

function refused(given: GivenSigma, faults: readonly Diagnostic[]): SigmaRuleRun {
  return { given, ...nothing, outcome: 'refused', reason: faults.map(({ message }) => message).join('; ') }
}

/** A filter is no rule, and is told of only where it does not do all that it says. */
function filterRun(given: GivenSigma, { diagnostics }: FilterMember, narrows: boolean): SigmaRuleRun | undefined {
  const faults = [...(given.faults ?? []), ...diagnostics]
  if (faults.length === 0) return undefined
  if (!narrows) return refused(given, faults)
  return { given, ...nothing, outcome: 'ran', reason: undefined, notes: faults.map(({ message }) => message) }
}

function onlyForOthers(given: GivenSigma, counted: string): SigmaRuleRun {
  const notes = [`${counted}looked at only by the correlations that name it`]
  return { given, ...nothing, outcome: 'ran', reason: undefined, notes }
}

function ruleRun(
  given: GivenSigma,
  { filters }: RuleMember,
  result: RuleResult | undefined,
  hits: ReadonlyMap<object, number>,
): SigmaRuleRun {
  if (given.faults) return refused(given, given.faults)
  if (!result) {
    const count = hits.get(given.document)
    if (count === undefined)
      return { given, ...nothing, outcome: 'not-applicable', reason: missingWords(given.document) }
    return onlyForOthers(given, `${count.toLocaleString('en')} ${count === 1 ? 'hit' : 'hits'}, `)
  }
  if (!result.ok) return refused(given, result.diagnostics)
  const notes = filters.map(({ title }) => `narrowed by the filter “${title}”`)
  const { applies, events, total } = result
  if (!applies) return { given, ...nothing, notes, outcome: 'not-applicable', reason: missingWords(given.document) }
  return { given, outcome: 'ran', reason: undefined, events, total, notes }
}

async function runCorrelated(
  store: Store,
  given: GivenSigma,
  { resolved, diagnostics }: CorrelationMember,
  options: RunSigmaOptions,
): Promise<{ readonly run: SigmaRuleRun; readonly counted: ReadonlyMap<object, number> }> {
  const counted = new Map<object, number>()
  if (given.faults || !resolved) return { run: refused(given, given.faults ?? diagnostics), counted }
  const { outcome, reason, matches, total, notes, hits } = await runCorrelation(store, resolved, options)
  const uids = new Map(matches.flatMap(({ events }) => events.slice(0, SHOWN)).map(({ uid, time }) => [uid, time]))
  const events = [...uids].map(([uid, time]) => ({ uid: String(uid), time: formatTime(time) }))
  const run = { given, outcome, reason, events, total, notes, correlated: { groupBy: resolved.spec.groupBy, matches } }
  return { run, counted: hits }
}

/** Events behind one match of a correlation that are looked up. */
export const SHOWN = 20

function missingWords(document: SigmaDocument): string {
  if (document.kind === 'correlation') return 'events of its rules'
  const { product, category, service } = document.logsource
  return Object.entries({ product, category, service })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
    .join(', ')
}
