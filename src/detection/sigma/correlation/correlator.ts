import { type WindowMeasure, windowMeasure } from './measures.js'
import { type CorrelationMatch, type NodeHit, OpenMatch, type WindowHit } from './open-match.js'
import { type CorrelationPlan, type Hit, holdsFor, meets } from './plan.js'
import { isNothing, keyOf, readNumber } from './values.js'

/** One look at one group: what was measured when hits came in. */
export interface Look {
  readonly group: readonly (string | null)[]
  readonly time: number
  readonly value: number | undefined
  readonly holds: boolean
  /** Whether the input of this number has a hit in the window. */
  readonly isThere: (input: number) => boolean
  readonly hits: number
}

/** Hits that could not take part, counted. */
export interface LeftOut {
  /** No time. */
  timeless: number
  /** None of the fields that are grouped by. */
  groupless: number
  /** No value in a field whose values are counted. */
  valueless: number
  /** No number in a field whose numbers are reckoned with. */
  numberless: number
}

export interface CorrelatorOptions {
  readonly onMatch: (match: CorrelationMatch) => void
  /** Told of every look at a group of the outermost correlation. */
  readonly onLook?: (look: Look) => void
}

/**
 * Evaluates a correlation over hits that are pushed in the order of their time. Keeps what lies in the windows, and no more. A match is told
 * when it has ended, at the latest by `end`.
 */
export class Correlator {
  readonly leftOut: LeftOut = { timeless: 0, groupless: 0, valueless: 0, numberless: 0 }
  private readonly nodes: Node[] = []
  private readonly matches = { count: 0 }
  private readonly streams: { readonly node: Node; readonly input: number }[] = []
  private now = Number.NEGATIVE_INFINITY

  constructor(plan: CorrelationPlan, { onMatch, onLook }: CorrelatorOptions) {
    this.grow(plan, (node) => {
      node.onMatch = onMatch
      node.onLook = onLook
    })
  }

  /** Takes a hit of a stream. Throws where it is older than one before it. */
  push(stream: number, { uid, time, values }: Hit): void {
    if (time === null) {
      this.leftOut.timeless++
      return
    }
    if (time < this.now) throw new Error('hits of a correlation come in the order of their time')
    if (time > this.now) this.settle()
    this.now = time
    const { node, input } = this.streams[stream]!
    node.take({ time, input, id: uid, values, began: true })
  }

  end(): void {
    this.settle()
    for (const node of this.nodes) node.end()
  }

  private settle(): void {
    // Those below come first: what they find at a time is a hit of that time above.
    for (const node of this.nodes) node.settle()
  }

  private grow(plan: CorrelationPlan, finish: (node: Node) => void): void {
    const node = new Node(plan, this.leftOut, this.matches)
    finish(node)
    for (const [input, each] of plan.inputs.entries()) {
      if (each.kind === 'stream') this.streams[each.stream] = { node, input }
      else
        this.grow(each.plan, (below) => {
          below.above = { node, input, pick: each.pick }
        })
    }
    this.nodes.push(node)
  }
}

interface Group {
  readonly key: string
  window: WindowHit[]
  /** Hits before this place have left the window. */
  head: number
  readonly measure: WindowMeasure
  readonly there: number[]
  readonly rows: Map<string, { readonly values: readonly (string | null)[]; count: number }>
  open: OpenMatch | undefined
  newest: number
}

class Node {
  above: { readonly node: Node; readonly input: number; readonly pick: readonly number[] } | undefined
  onMatch: ((match: CorrelationMatch) => void) | undefined
  onLook: ((look: Look) => void) | undefined
  private readonly groups = new Map<string, Group>()
  /** Groups in the order in which they were looked at; those before `forgotten` have been seen to. */
  private looked: { readonly group: Group; readonly time: number }[] = []
  private forgotten = 0
  /** Hits of the time that has not ended yet. */
  private pending: NodeHit[] = []
  private readonly countsOnce: boolean

  constructor(
    private readonly plan: CorrelationPlan,
    private readonly leftOut: LeftOut,
    /** Matches of all nodes so far. */
    private readonly matches: { count: number },
  ) {
    const { kind } = plan.measure
    this.countsOnce = kind !== 'rules' && kind !== 'rules-in-order' && kind !== 'values'
  }

  take(hit: NodeHit): void {
    // Where alerts are counted or reckoned with, one that goes on is one.
    if (hit.began || !this.countsOnce) this.pending.push(hit)
  }

  settle(): void {
    const [first] = this.pending
    if (!first) return
    const ticks = new Map<string, NodeHit[]>()
    const { groupBy } = this.plan
    for (const hit of this.pending) {
      if (groupBy.length > 0 && groupBy.every((_, index) => isNothing(hit.values[index]))) {
        this.leftOut.groupless++
        continue
      }
      const key = keyOf(hit.values, 0, groupBy.length)
      const tick = ticks.get(key)
      if (tick) tick.push(hit)
      else ticks.set(key, [hit])
    }
    this.pending = []
    for (const [key, hits] of ticks) this.look(this.groupOf(key), hits, first.time)
    this.forget(first.time)
  }

  end(): void {
    for (const group of this.groups.values()) this.close(group)
    this.groups.clear()
  }

  /** Takes the hits of one time into a group's window and looks at it. */
  private look(group: Group, hits: readonly NodeHit[], time: number): void {
    const { plan } = this
    const from = time - plan.timespan
    this.leave(group, from)
    const come = this.enter(group, hits)
    if (come.length === 0) {
      if (group.newest === Number.NEGATIVE_INFINITY) this.groups.delete(group.key)
      return
    }
    const previous = group.newest
    group.newest = time
    this.looked.push({ group, time })
    const value = group.measure.value(from)
    const isThere = (input: number): boolean => group.there[input]! > 0
    const holds = this.holds(value, isThere)
    // Windows that share no hit are two matches.
    if (group.open && (!holds || previous < from)) this.close(group)
    if (holds) this.goOn(group, come, time, value!)
    this.onLook?.({ group: this.shown(come[0]!), time, value, holds, isThere, hits: group.window.length - group.head })
  }

  private holds(value: number | undefined, isThere: (input: number) => boolean): boolean {
    const { condition } = this.plan
    if (value === undefined) return false
    if (condition.kind === 'expression') return holdsFor(condition.expression, isThere)
    return condition.bounds.every((bound) => meets(value, bound))
  }

  private goOn(group: Group, come: readonly WindowHit[], time: number, value: number): void {
    const began = group.open === undefined
    if (!group.open) {
      const first = group.window[group.head]!
      group.open = new OpenMatch(this.matches.count++, this.plan, this.shown(first), first.time, time, value)
      for (let at = group.head; at < group.window.length; at++) group.open.take(group.window[at]!)
    } else for (const hit of come) group.open.take(hit)
    group.open.last = time
    group.open.peak = Math.max(group.open.peak, value)
    this.tellAbove(group, group.open, time, began)
  }

  private tellAbove(group: Group, match: OpenMatch, time: number, began: boolean): void {
    if (!this.above) return
    const { node, input, pick } = this.above
    const seen = new Set<string>()
    const rows = this.tellsRows ? [...group.rows.values()].map(({ values }) => values) : [match.group]
    for (const row of rows) {
      const values = pick.map((place) => row[place] ?? null)
      const key = keyOf(values, 0, values.length)
      if (!seen.has(key)) node.take({ time, input, id: match, values, began })
      seen.add(key)
    }
  }

  /** Whether the correlation above asks for values that a group does not have one of. */
  private get tellsRows(): boolean {
    return this.above?.pick.some((place) => place >= this.plan.groupBy.length) ?? false
  }

  private enter(group: Group, hits: readonly NodeHit[]): readonly WindowHit[] {
    const { groupBy, valueFields, inputs } = this.plan
    // A rule matches an event once.
    const mayRepeat = hits.length > 1 && !(inputs.length === 1 && inputs[0]!.kind === 'stream')
    const ids = new Set<bigint | OpenMatch>()
    const pairs = new Map<bigint | OpenMatch, Set<string | number>>()
    const come: WindowHit[] = []
    const keepsRows = this.tellsRows
    for (const { time, input, id, values, began } of hits) {
      const value = this.valueFor(values)
      if (value === undefined && valueFields.length > 0) continue
      const isFirst = !mayRepeat || !ids.has(id)
      if (mayRepeat) ids.add(id)
      const isNew = value === undefined ? isFirst : !mayRepeat || isNewPair(pairs, id, value)
      const row = keepsRows ? keyOf(values, groupBy.length, values.length) : undefined
      come.push({ time, input, id, values, began, isFirst, isNew, value, row })
    }
    come.sort((a, b) => a.input - b.input)
    group.measure.add(come)
    for (const hit of come) {
      const { input, row, values } = hit
      group.window.push(hit)
      group.there[input]!++
      if (row === undefined) continue
      const known = group.rows.get(row)
      if (known) known.count++
      else group.rows.set(row, { values, count: 1 })
    }
    return come
  }

  private leave(group: Group, from: number): void {
    const { window, rows } = group
    while (group.head < window.length && window[group.head]!.time < from) {
      const hit = window[group.head++]!
      group.measure.remove(hit)
      group.there[hit.input]!--
      if (hit.row === undefined) continue
      const known = rows.get(hit.row)!
      if (--known.count === 0) rows.delete(hit.row)
    }
    if (group.head > 64 && group.head * 2 > window.length) {
      group.window = window.slice(group.head)
      group.head = 0
    }
  }

  private valueFor(values: readonly (string | null)[]): string | number | undefined {
    const { groupBy, valueFields, measure } = this.plan
    const first = groupBy.length
    if (valueFields.length === 0) return undefined
    if (valueFields.some((_, index) => isNothing(values[first + index]))) {
      this.leftOut.valueless++
      return undefined
    }
    if (measure.kind === 'values') return keyOf(values, first, first + valueFields.length)
    const number = readNumber(values[first]!)
    if (number === undefined) this.leftOut.numberless++
    return number
  }

  private shown({ values }: NodeHit): readonly (string | null)[] {
    return values.slice(0, this.plan.groupBy.length).map((value) => (isNothing(value) ? null : value!))
  }

  private groupOf(key: string): Group {
    const { plan } = this
    const known = this.groups.get(key)
    if (known) return known
    const made: Group = {
      key,
      window: [],
      head: 0,
      measure: windowMeasure(plan.measure, plan.inputs.length),
      there: Array<number>(plan.inputs.length).fill(0),
      rows: new Map(),
      open: undefined,
      newest: Number.NEGATIVE_INFINITY,
    }
    this.groups.set(key, made)
    return made
  }

  /** Drops groups whose hits have all left their windows. */
  private forget(now: number): void {
    const { looked } = this
    while (this.forgotten < looked.length && looked[this.forgotten]!.time < now - this.plan.timespan) {
      const { group, time } = looked[this.forgotten++]!
      if (group.newest !== time) continue
      this.close(group)
      this.groups.delete(group.key)
    }
    if (this.forgotten > 1024 && this.forgotten * 2 > looked.length) {
      this.looked = looked.slice(this.forgotten)
      this.forgotten = 0
    }
  }

  private close(group: Group): void {
    if (group.open) this.onMatch?.(group.open.done)
    group.open = undefined
  }
}

function isNewPair(
  pairs: Map<bigint | OpenMatch, Set<string | number>>,
  id: bigint | OpenMatch,
  value: string | number,
): boolean {
  const known = pairs.get(id)
  if (!known) pairs.set(id, new Set([value]))
  else if (known.has(value)) return false
  else known.add(value)
  return true
}
