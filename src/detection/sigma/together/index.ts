import type { Store } from '../../../backends/duckdb/store.js'
import type { SigmaRule } from '../../../dialects/sigma/index.js'
import type { Query } from '../../../ir/relation.js'
import type { Scalar } from '../../../ir/scalar.js'
import { formatTime } from '../../../telemetry/time.js'
import type { Diagnostic } from '../../../text/diagnostic.js'
import { type CompileSigmaOptions, compileSigma, lowerForSource, runSigma } from '../compile.js'
import type { ResolvedSource } from '../sources.js'
import { type EventOrigin, isOfPart, sourceParts } from '../tables.js'
import { Engine } from './ask-engine.js'
import { NotTogether, Predicates } from './predicates.js'
import { NO_TIME } from './read-part.js'
import { runSource } from './run-source.js'

export interface TogetherOptions extends CompileSigmaOptions {
  /** Events kept a rule. */
  readonly limit: number
}

/** What a rule gave. */
export type RuleResult =
  | {
      readonly ok: true
      /** False where the store holds no event of the rule's log source. */
      readonly applies: boolean
      /** Oldest first, those without a time last; at most as many as were asked for. */
      readonly events: readonly { readonly uid: string; readonly time: string | null }[]
      readonly total: number
      /** Whether the rule ran as a query of its own, because it could not be taken apart. */
      readonly alone: boolean
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/**
 * Runs rules over the store, those of one log source in one pass over its events (README.md says how). The answer is the one that each
 * rule gives as a query of its own.
 */
export async function runTogether(
  store: Store,
  rules: readonly SigmaRule[],
  options: TogetherOptions,
): Promise<readonly RuleResult[]> {
  const results = new Array<RuleResult | undefined>(rules.length)
  const origins = await originsOf(store)
  const engine = await Engine.open(store)
  try {
    const sources = new Map<ResolvedSource, number[]>()
    const conditions = new Map<number, { readonly query: Query; readonly columns: Columns }>()
    for (const [index, rule] of rules.entries()) {
      const { source, lowered } = lowerForSource(rule, options)
      if (!lowered.ok) {
        results[index] = lowered
        continue
      }
      conditions.set(index, lowered)
      const others = sources.get(source)
      if (others) others.push(index)
      else sources.set(source, [index])
    }
    for (const [source, members] of sources) {
      const parts = sourceParts(source).filter((part) => origins.some((origin) => isOfPart(part, origin)))
      const group = new Group(options.limit)
      const alone: number[] = []
      for (const index of members)
        if (parts.length === 0) results[index] = { ok: true, applies: false, events: [], total: 0, alone: false }
        else if (!group.add(index, conditions.get(index)!)) alone.push(index)
      if (parts.length === 0) continue
      await runSource(store, engine, parts, group.predicates, group.roots, (root, uid, time) =>
        group.matched(root, uid, time),
      )
      for (const [index, result] of group.results()) results[index] = result
      for (const index of alone) results[index] = await runAlone(store, rules[index]!, options)
    }
  } finally {
    engine.close()
  }
  return results as readonly RuleResult[]
}

type Columns = Parameters<Predicates['add']>[1]

/** The rules of one log source, and what they matched. Rules with one condition share its matches. */
class Group {
  readonly predicates = new Predicates()
  private readonly found = new Map<number, Found>()
  private readonly rules = new Map<number, number>()

  constructor(private readonly limit: number) {}

  get roots(): readonly number[] {
    return [...this.found.keys()]
  }

  /** False where the rule cannot be taken apart. */
  add(rule: number, { query, columns }: { readonly query: Query; readonly columns: Columns }): boolean {
    try {
      const root = this.predicates.add(conditionOf(query), columns)
      this.rules.set(rule, root)
      if (!this.found.has(root)) this.found.set(root, new Found(this.limit))
      return true
    } catch (error) {
      if (error instanceof NotTogether) return false
      throw error
    }
  }

  matched(root: number, uid: bigint, time: bigint): void {
    this.found.get(root)!.add(uid, time)
  }

  *results(): Iterable<readonly [rule: number, result: RuleResult]> {
    for (const [rule, root] of this.rules) {
      const found = this.found.get(root)!
      yield [rule, { ok: true, applies: true, events: found.events(), total: found.total, alone: false }]
    }
  }
}

/** The earliest events of many. */
class Found {
  total = 0
  private kept: { readonly uid: bigint; readonly time: bigint }[] = []

  constructor(private readonly limit: number) {}

  add(uid: bigint, time: bigint): void {
    this.total++
    // What has no time stands behind all that has.
    this.kept.push({ uid, time: time === NO_TIME ? LAST : time })
    if (this.kept.length >= this.limit * 2 + 1000) this.cut()
  }

  events(): readonly { readonly uid: string; readonly time: string | null }[] {
    this.cut()
    return this.kept.map(({ uid, time }) => ({
      uid: String(uid),
      time: time === LAST ? null : formatTime(Number(time)),
    }))
  }

  private cut(): void {
    this.kept.sort((a, b) => compare(a.time, b.time) || compare(a.uid, b.uid))
    this.kept.length = Math.min(this.kept.length, this.limit)
  }
}

const LAST = 2n ** 63n - 1n

const compare = (left: bigint, right: bigint): number => (left < right ? -1 : left > right ? 1 : 0)

/** A lowered rule is a filter over its events, with what it gives of them. */
function conditionOf({ body }: Query): Scalar {
  if (body.kind !== 'project' || body.input.kind !== 'filter' || body.input.input.kind !== 'table')
    throw new Error('a lowered Sigma rule that is no filter over a table')
  return body.input.condition
}

async function runAlone(store: Store, rule: SigmaRule, options: TogetherOptions): Promise<RuleResult> {
  const compiled = compileSigma(rule, options)
  if (!compiled.ok) return compiled
  const { events, applies } = await runSigma(store, compiled)
  const found = new Found(options.limit)
  for (const { uid, micros } of events) found.add(BigInt(uid), micros === null ? NO_TIME : BigInt(micros))
  return { ok: true, applies, events: found.events(), total: found.total, alone: true }
}

/** Where the store's events come from: some hundred rows, whatever there is of events. */
async function originsOf(store: Store): Promise<readonly EventOrigin[]> {
  const each = store.model.classes.map(
    ({ name }) => `SELECT DISTINCT '${name}', activity, log_name, log_provider, event_code FROM "${name}"`,
  )
  const rows = await store.rows(each.join(' UNION ALL '))
  const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))
  return rows.map(([name, activity, channel, provider, code]) => ({
    class: String(name),
    activity: text(activity),
    channel: text(channel),
    provider: text(provider),
    code: code === null || code === undefined ? null : Number(code),
  }))
}
