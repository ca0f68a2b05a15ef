import { allRules, type Rule } from '../../detection/rules.js'
import type { Finding, InventoryEntry } from '../report.js'
import { type ExclusionEffect, effectOf } from './exclusion-effect.js'

/** What may be said against a rule of ours that fired, and what it costs to quieten it. */
export interface RuleTuning {
  readonly rule: string
  readonly title: string
  /** How many findings a clean estate gives, and what makes them go away. */
  readonly noise: { readonly expected: string; readonly clears: string } | null
  readonly falsePositives: readonly string[]
  readonly blindSpots: readonly { readonly misses: string; readonly because: string }[]
  readonly exclusions: readonly {
    readonly id: string
    readonly about: string
    readonly opens: string
    /** What it would do to the findings that are there; null where that cannot be told. */
    readonly here: ExclusionEffect | null
  }[]
}

/** What is there, for what an exclusion would do to it. */
export interface Seen {
  readonly findings: readonly Finding[]
  readonly inventory: readonly InventoryEntry[]
}

/** Of the rules with these ids, those that are ours; what others say of themselves stands with their findings. */
export function tuningOf(ids: readonly string[], seen: Seen): readonly RuleTuning[] {
  rules ??= new Map(allRules().map((rule) => [rule.id, rule]))
  const known = made.get(seen.findings) ?? new Map<string, RuleTuning>()
  made.set(seen.findings, known)
  return ids.flatMap((id) => {
    const rule = rules!.get(id)
    if (!rule) return []
    const tuning = known.get(id) ?? tuningOfRule(rule, seen)
    known.set(id, tuning)
    return [tuning]
  })
}

const tuningOfRule = (rule: Rule, { findings, inventory }: Seen): RuleTuning => ({
  rule: rule.id,
  title: rule.title,
  noise: rule.noise ?? null,
  falsePositives: rule.false_positives,
  blindSpots: rule.blind_spots ?? [],
  exclusions: (rule.exclusions ?? []).map((exclusion) => ({
    id: exclusion.id,
    about: exclusion.about,
    opens: exclusion.opens,
    here: effectOf(rule, exclusion, findings, inventory),
  })),
})

let rules: ReadonlyMap<string, Rule> | undefined

/** The same rule fires in many incidents of a report. */
const made = new WeakMap<readonly Finding[], Map<string, RuleTuning>>()
