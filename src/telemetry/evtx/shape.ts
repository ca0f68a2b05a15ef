import { cacheBudget } from './cache-budget.js'
import { buildPlan, type Plan } from './plan.js'
import type { Template } from './template.js'
import { BinXmlError } from './tree.js'

/** A substitution that became more than one text: binary XML with slots of its own, or the values of an array. */
export interface Expansion {
  readonly slot: number
  /** The first of its own slots. */
  readonly base: number
  readonly template: Template | undefined
  /** Number of values of an array. */
  readonly count: number
}

/**
 * What a record is made of: its template, the templates of the binary XML among its values, the lengths of its arrays. Records of
 * the same shape have the same fields, so what follows from the shape is worked out once.
 */
export class Shape {
  private cached: Plan | undefined
  private lastSlot = -1
  private lastKey: Template | number = -1
  private last: Shape | undefined
  private readonly children = new Map<number, Map<Template | number, Shape>>()

  constructor(
    readonly template: Template,
    readonly expansions: readonly Expansion[] = [],
  ) {}

  get plan(): Plan {
    if (this.cached === undefined) {
      this.cached = buildPlan(this.template, this.expansions)
      cacheBudget.spend(this.cached.cost)
    }
    return this.cached
  }

  /** This shape with one substitution more expanded. `key` is the nested template or the length of the array. */
  expand(slot: number, base: number, key: Template | number): Shape {
    if (slot === this.lastSlot && key === this.lastKey) return this.last!
    let bySlot = this.children.get(slot)
    if (bySlot === undefined) {
      bySlot = new Map()
      this.children.set(slot, bySlot)
    }
    let shape = bySlot.get(key)
    if (shape === undefined) {
      if (this.expansions.length >= MAX_EXPANSIONS)
        throw new BinXmlError(`more than ${MAX_EXPANSIONS} values are arrays or binary XML`, 0)
      const template = typeof key === 'number' ? undefined : key
      const expansion = { slot, base, template, count: typeof key === 'number' ? key : 0 }
      shape = new Shape(this.template, [...this.expansions, expansion])
      if (bySlot.size >= MAX_CHILDREN) bySlot.clear()
      cacheBudget.spend(200 + 8 * shape.expansions.length)
      bySlot.set(key, shape)
    }
    this.lastSlot = slot
    this.lastKey = key
    this.last = shape
    return shape
  }
}

/** Enough for a provider with many events; a log made to have more only works more. */
const MAX_CHILDREN = 1000
const MAX_EXPANSIONS = 256
