import type { Store } from '../../backends/duckdb/store.js'
import type { SigmaDocument } from '../../dialects/sigma/index.js'
import type { Diagnostic } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { type CompileSigmaOptions, compileSigma, runSigma } from './compile.js'

/** A document as a scan was given it. */
export interface GivenSigma {
  readonly file: string
  readonly document: SigmaDocument
  /** What of the document could not be read; it is then refused, because what is left of it would mean something else. */
  readonly faults?: readonly Diagnostic[]
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
  /** Events that match in all. */
  readonly total: number
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

/** Runs Sigma documents over the store, each in the order given. */
export async function runSigmaRules(
  store: Store,
  given: readonly GivenSigma[],
  options: RunSigmaOptions,
): Promise<readonly SigmaRuleRun[]> {
  const runs: SigmaRuleRun[] = []
  for (const each of given) runs.push(await runOne(store, each, options))
  return runs
}

async function runOne(store: Store, given: GivenSigma, options: RunSigmaOptions): Promise<SigmaRuleRun> {
  const without = { given, events: [], total: 0 }
  const refused = (faults: readonly Diagnostic[]): SigmaRuleRun => ({
    ...without,
    outcome: 'refused',
    reason: faults.map(({ message }) => message).join('; '),
  })
  if (given.faults) return refused(given.faults)
  const compiled = compileSigma(given.document, options)
  if (!compiled.ok) return refused(compiled.diagnostics)
  const { events, applies } = await runSigma(store, compiled)
  if (!applies) return { ...without, outcome: 'not-applicable', reason: missingWords(given.document) }
  const sorted = [...events].sort((a, b) => compare(a.time ?? '\uffff', b.time ?? '\uffff') || compare(a.uid, b.uid))
  return { given, outcome: 'ran', reason: undefined, events: sorted.slice(0, options.limit), total: events.length }
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

function missingWords(document: SigmaDocument): string {
  if (document.kind === 'correlation') return 'events of its rules'
  const { product, category, service } = document.logsource
  return Object.entries({ product, category, service })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
    .join(', ')
}
