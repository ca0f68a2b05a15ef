import { type CorrelationPlan, type Look, meets } from '../../sigma/correlation/index.js'

/** A group that did not match, at the time at which it came nearest. */
export interface NearestGroup {
  readonly group: readonly (string | null)[]
  readonly time: number
  readonly value: number | undefined
  readonly hits: number
  /** Names of the rules that had no hit in the window. */
  readonly missing: readonly string[]
}

/** Watches a correlation for the groups that come nearest to its condition without meeting it. */
export class NearestGroups {
  private kept: { readonly key: string; readonly far: number; readonly near: NearestGroup }[] = []

  constructor(
    private readonly plan: CorrelationPlan,
    private readonly most: number,
  ) {}

  readonly onLook = (look: Look): void => {
    if (look.holds) return
    const far = this.distance(look)
    const key = JSON.stringify(look.group.map((value) => value?.toLowerCase() ?? null))
    const known = this.kept.find((each) => each.key === key)
    if (known ? known.far <= far : this.kept.length === this.most && this.kept.at(-1)!.far <= far) return
    const { group, time, value, hits } = look
    const missing = this.plan.inputs.flatMap(({ name }, input) => (look.isThere(input) ? [] : [name]))
    const others = this.kept.filter((each) => each.key !== key)
    others.push({ key, far, near: { group, time, value, hits, missing } })
    this.kept = others.sort((a, b) => a.far - b.far || a.near.time - b.near.time).slice(0, this.most)
  }

  get groups(): readonly NearestGroup[] {
    return this.kept.map(({ near }) => near)
  }

  /** How much is missing: of a number, in parts of the bound that it does not meet; of a condition over rules, how many of them. */
  private distance({ value, isThere }: Look): number {
    const { condition, inputs } = this.plan
    if (condition.kind === 'expression') return inputs.filter((_, input) => !isThere(input)).length
    if (value === undefined) return Number.POSITIVE_INFINITY
    return condition.bounds
      .filter((bound) => !meets(value, bound))
      .reduce((far, bound) => far + Math.abs(bound.value - value) / Math.max(1, Math.abs(bound.value)), 0)
  }
}
