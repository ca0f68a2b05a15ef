import type { RowOptions } from '../../../ir/relation.js'
import type { ScalarType } from '../../../ir/types.js'
import type { Value } from '../../../ir/value.js'
import { keyOf } from '../compare.js'
import { NotSupported } from '../functions/function.js'
import { scalarFunction } from '../functions/index.js'
import { evaluate } from '../scalar.js'
import { givenValues, type Row, scalar, type Table } from './row-operator.js'

/** An appearance of something: who, when, and the values of the dimensions it is counted by. */
export interface Appearance {
  readonly id: string
  readonly time: bigint
  /** The row's columns beside id and time. */
  readonly dimensions: Row
}

/** Rows whose first column says who, whose second says when, and whose others are dimensions; those without who or when say nothing. */
export const appearances = ({ rows }: Table): readonly Appearance[] =>
  rows.flatMap(([id, time, ...dimensions]) =>
    id === null || typeof time !== 'bigint' ? [] : [{ id: keyOf(id!), time, dimensions }],
  )

/** The appearances of each combination of dimensions, in the order in which they come. */
export function byDimensions(
  list: readonly Appearance[],
): readonly { readonly dimensions: Row; readonly list: readonly Appearance[] }[] {
  const groups = new Map<string, { dimensions: Row; list: Appearance[] }>()
  for (const each of list) {
    const key = each.dimensions.map(keyOf).join('\u0000')
    const group = groups.get(key) ?? { dimensions: each.dimensions, list: [] }
    group.list.push(each)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Appearances by time. */
export class Timeline {
  readonly list: readonly Appearance[]

  constructor(list: readonly Appearance[]) {
    this.list = [...list].sort((left, right) => (left.time < right.time ? -1 : left.time === right.time ? 0 : 1))
  }

  /** Those from a time on and before another. */
  between(from: bigint, before: bigint): readonly Appearance[] {
    return this.list.slice(this.firstFrom(from), this.firstFrom(before))
  }

  private firstFrom(time: bigint): number {
    let [low, high] = [0, this.list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.list[middle]!.time < time) low = middle + 1
      else high = middle
    }
    return low
  }
}

export const distinct = (list: readonly Appearance[]): ReadonlySet<string> => new Set(list.map(({ id }) => id))

/** The value of an operator's option, which may come from another relation. */
export function constant(options: RowOptions, name: string, inputs: readonly Table[]): Value | undefined {
  const option = options[name]
  if (option === undefined) return undefined
  const given = givenValues(inputs, options)
  return evaluate(scalar(option), { value: (each) => given.get(each) ?? null, rows: () => [] })
}

export function whole(options: RowOptions, name: string, inputs: readonly Table[]): bigint {
  const value = constant(options, name, inputs)
  if (typeof value === 'bigint') return value
  throw new NotSupported(`an analysis without a value for its ${name}`)
}

const MOST_PERIODS = 100_000

/** The periods of an analysis: equal steps from its start, or weeks, months or years of the calendar. */
export class Periods {
  private constructor(
    readonly starts: readonly bigint[],
    private readonly startOf: (time: bigint) => bigint,
    readonly end: bigint,
  ) {}

  static of(start: bigint, end: bigint, step: Value | undefined, type: ScalarType): Periods {
    if (typeof step === 'string') return Periods.ofCalendar(start, end, step, type)
    if (typeof step !== 'bigint' || step <= 0n) throw new NotSupported('an analysis whose step is not above zero')
    if ((end - start) / step > BigInt(MOST_PERIODS)) throw tooMany()
    const starts: bigint[] = []
    for (let at = start; at <= end; at += step) starts.push(at)
    return new Periods(starts, (time) => start + ((time - start) / step) * step, end)
  }

  private static ofCalendar(start: bigint, end: bigint, name: string, type: ScalarType): Periods {
    const compute = ['week', 'month', 'year'].includes(name) ? scalarFunction(`startof${name}`) : undefined
    if (!compute || type !== 'datetime') throw new NotSupported(`an analysis by \`${name.slice(0, 20)}\``)
    const startOf = (time: bigint): bigint => compute([time], ['datetime'], 'datetime') as bigint
    const starts: bigint[] = []
    for (let at = startOf(start); at <= end; ) {
      starts.push(at)
      if (starts.length > MOST_PERIODS) throw tooMany()
      at = compute([at, 1n], ['datetime', 'long'], 'datetime') as bigint
    }
    return new Periods(starts, startOf, end)
  }

  /** The start of the period that a time lies in; undefined outside of the analysis. */
  periodOf(time: bigint): bigint | undefined {
    const first = this.starts[0]
    return first === undefined || time < first || time > this.end ? undefined : this.startOf(time)
  }

  /** The appearances of each period; those of periods without any are none. */
  split(list: readonly Appearance[]): ReadonlyMap<bigint, readonly Appearance[]> {
    const found = new Map<bigint, Appearance[]>(this.starts.map((start) => [start, []]))
    for (const each of list) {
      const period = this.periodOf(each.time)
      if (period !== undefined) found.get(period)?.push(each)
    }
    return found
  }
}

const tooMany = (): NotSupported =>
  new NotSupported(`an analysis of more than ${MOST_PERIODS.toLocaleString('en')} periods`)

/** First and last time, for an analysis that is given neither. */
export function extent(list: readonly Appearance[]): readonly [bigint, bigint] {
  let [first, last] = [list[0]?.time ?? 0n, list[0]?.time ?? 0n]
  for (const { time } of list) {
    if (time < first) first = time
    if (time > last) last = time
  }
  return [first, last]
}
