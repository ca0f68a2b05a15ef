import { allRules } from '../../detection/rules.js'

/** What may be said against a rule of ours that fired, and what it costs to quieten it. */
export interface RuleTuning {
  readonly rule: string
  readonly title: string
  /** How many findings a clean estate gives, and what makes them go away. */
  readonly noise: { readonly expected: string; readonly clears: string } | null
  readonly falsePositives: readonly string[]
  readonly blindSpots: readonly { readonly misses: string; readonly because: string }[]
  readonly exclusions: readonly { readonly id: string; readonly about: string; readonly opens: string }[]
}

/** Of the rules with these ids, those that are ours; what others say of themselves stands with their findings. */
export function tuningOf(ids: readonly string[]): readonly RuleTuning[] {
  rules ??= new Map(
    allRules().map(({ id, title, noise, false_positives, blind_spots, exclusions }) => [
      id,
      {
        rule: id,
        title,
        noise: noise ?? null,
        falsePositives: false_positives,
        blindSpots: blind_spots ?? [],
        exclusions: (exclusions ?? []).map(({ id: exclusion, about, opens }) => ({ id: exclusion, about, opens })),
      },
    ]),
  )
  return ids.flatMap((id) => rules!.get(id) ?? [])
}

let rules: ReadonlyMap<string, RuleTuning> | undefined
