import { ExactSum } from './exact-sum.js'
import type { Measure } from './plan.js'
import { SortedNumbers } from './sorted-numbers.js'

/** What a window's measure is told of a hit. */
export interface Measured {
  readonly time: number
  readonly input: number
  /** Whether it is the first of its event, or of its event's value, at its time. */
  readonly isNew: boolean
  readonly value: string | number | undefined
}

/** A measure of one group's window, kept up to date as hits come and go. */
export interface WindowMeasure {
  /** Hits of one time, in the order of their inputs. */
  add(hits: readonly Measured[]): void
  remove(hit: Measured): void
  /** Of the window that begins at `from`; undefined where there is nothing to measure. */
  value(from: number): number | undefined
}

export function windowMeasure(measure: Measure, inputs: number): WindowMeasure {
  switch (measure.kind) {
    case 'events':
      return new CountEvents()
    case 'values':
      return new CountValues()
    case 'sum':
      return new Sum(false)
    case 'average':
      return new Sum(true)
    case 'percentile':
      return new Percentile(measure.rank)
    case 'rules':
      return new CountInputs(inputs)
    case 'rules-in-order':
      return new InputsInOrder(inputs)
  }
}

class CountEvents implements WindowMeasure {
  private count = 0

  add(hits: readonly Measured[]): void {
    for (const { isNew } of hits) if (isNew) this.count++
  }

  remove({ isNew }: Measured): void {
    if (isNew) this.count--
  }

  value(): number {
    return this.count
  }
}

class CountValues implements WindowMeasure {
  private readonly counts = new Map<string | number, number>()

  add(hits: readonly Measured[]): void {
    for (const { value } of hits) if (value !== undefined) this.counts.set(value, (this.counts.get(value) ?? 0) + 1)
  }

  remove({ value }: Measured): void {
    if (value === undefined) return
    const count = this.counts.get(value)!
    if (count === 1) this.counts.delete(value)
    else this.counts.set(value, count - 1)
  }

  value(): number {
    return this.counts.size
  }
}

class Sum implements WindowMeasure {
  private readonly sum = new ExactSum()
  private count = 0

  constructor(private readonly average: boolean) {}

  add(hits: readonly Measured[]): void {
    for (const { value, isNew } of hits) {
      if (!isNew || typeof value !== 'number') continue
      this.sum.add(value)
      this.count++
    }
  }

  remove({ value, isNew }: Measured): void {
    if (!isNew || typeof value !== 'number') return
    this.sum.subtract(value)
    this.count--
  }

  value(): number | undefined {
    if (this.count === 0) return undefined
    return this.average ? this.sum.value / this.count : this.sum.value
  }
}

class Percentile implements WindowMeasure {
  private readonly numbers = new SortedNumbers()

  constructor(private readonly rank: number) {}

  add(hits: readonly Measured[]): void {
    for (const { value, isNew } of hits) if (isNew && typeof value === 'number') this.numbers.add(value)
  }

  remove({ value, isNew }: Measured): void {
    if (isNew && typeof value === 'number') this.numbers.remove(value)
  }

  value(): number | undefined {
    return this.numbers.length === 0 ? undefined : this.numbers.percentile(this.rank)
  }
}

class CountInputs implements WindowMeasure {
  private readonly counts: number[]

  constructor(inputs: number) {
    this.counts = Array<number>(inputs).fill(0)
  }

  add(hits: readonly Measured[]): void {
    for (const { input } of hits) this.counts[input]!++
  }

  remove({ input }: Measured): void {
    this.counts[input]!--
  }

  value(): number {
    return this.counts.filter((count) => count > 0).length
  }
}

/**
 * For every input and every length, when the latest chain of that length that ends with that input began: a chain lies in the window where it
 * began in it. Hits of one time may stand in any order.
 */
class InputsInOrder implements WindowMeasure {
  private readonly begun: number[][]

  constructor(inputs: number) {
    this.begun = Array.from({ length: inputs }, (_, input) => Array<number>(input + 1).fill(Number.NEGATIVE_INFINITY))
  }

  add(hits: readonly Measured[]): void {
    for (const { input, time } of hits) {
      const own = this.begun[input]!
      own[0] = time
      for (let length = 1; length <= input; length++)
        for (let before = length - 1; before < input; before++)
          own[length] = Math.max(own[length]!, this.begun[before]![length - 1]!)
    }
  }

  remove(): void {
    // A chain that began before the window is passed over when it is measured.
  }

  value(from: number): number {
    let longest = 0
    for (const own of this.begun)
      for (const [length, begun] of own.entries()) if (begun >= from) longest = Math.max(longest, length + 1)
    return longest
  }
}
