import { type Arrangement, arrange, type Member } from '../shapes/arrange.js'
import { type PathTable, ROOT } from './paths.js'
import type { JsonScanner } from './scanner.js'

/** What to do with objects that have the same members, in whatever order. */
export interface Plan {
  /** Undefined where such objects are no telemetry. */
  readonly arrangement: Arrangement | undefined
  /** Members by slot, as the scanner numbers them. */
  readonly ids: Int32Array
  readonly slots: ReadonlyMap<number, number>
  /** A key is repeated within an object: only the same order is the same layout. */
  readonly repeats: boolean
  /** Place of each slot among the members scanned last. */
  readonly places: Int32Array
}

/** Finds the plan for what was scanned last; makes one where such an object has not been met before. */
export class PlanTable {
  private readonly plans = new Map<number, Plan[]>()
  private size = 0

  constructor(
    private readonly scanner: JsonScanner,
    private readonly paths: PathTable,
  ) {}

  find(): Plan {
    const { ids, count } = this.scanner
    let hash = count
    for (let index = 0; index < count; index++) hash = (hash + Math.imul(ids[index]! + 1, 0x9e3779b1)) | 0
    let alike = this.plans.get(hash)
    if (alike === undefined) {
      alike = []
      this.plans.set(hash, alike)
    }
    for (const plan of alike) if (this.fits(plan)) return plan
    const plan = this.make()
    this.size += count + 16
    alike.push(plan)
    return plan
  }

  /** Forgets what was learnt once it has grown beyond use; called between records. */
  prune(): void {
    if (this.size < MOST_SLOTS && this.paths.size < MOST_PATHS) return
    this.plans.clear()
    this.paths.clear()
    this.size = 0
  }

  private fits(plan: Plan): boolean {
    const { ids, count } = this.scanner
    if (plan.ids.length !== count) return false
    const { places } = plan
    let index = 0
    for (; index < count; index++) {
      if (ids[index] !== plan.ids[index]) break
      places[index] = index
    }
    if (index === count) return true
    if (plan.repeats) return false
    places.fill(-1)
    for (index = 0; index < count; index++) {
      const slot = plan.slots.get(ids[index]!)
      if (slot === undefined || places[slot] !== -1) return false
      places[slot] = index
    }
    return true
  }

  private make(): Plan {
    const ids = this.scanner.ids.slice(0, this.scanner.count)
    const members: Member[] = []
    const slots = new Map<number, number>()
    ids.forEach((id, slot) => {
      const path = Math.floor(id / 4)
      members.push({ path: path === ROOT ? [] : this.paths.segments(path), kind: KINDS[id % 4]! })
      slots.set(id, slot)
    })
    const places = Int32Array.from(ids, (_, slot) => slot)
    return { arrangement: arrange(members), ids, slots, repeats: slots.size < ids.length, places }
  }
}

/** As the scanner folds a member's kind into its number. */
const KINDS: readonly Member['kind'][] = ['value', 'array', 'object']

const MOST_SLOTS = 200_000
const MOST_PATHS = 50_000
