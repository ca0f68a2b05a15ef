import { EventLog, type MatchEvent } from './event-log.js'
import type { Measured } from './measures.js'
import type { CorrelationPlan } from './plan.js'

/** A stretch of time over which a group's window met the condition without a break. */
export interface CorrelationMatch {
  /** As the oldest hit of the first window has them; null where it has none. */
  readonly group: readonly (string | null)[]
  /** The oldest hit of the first window that met the condition; microseconds. */
  readonly from: number
  /** When the condition was first met: the time of the hit that completed it. */
  readonly time: number
  /** The last hit with which it was met. */
  readonly last: number
  /** What was measured when the condition was first met, and the most after that. */
  readonly value: number
  readonly peak: number
  /** Hits in all: events, or matches of correlations below. */
  readonly hits: number
  /** The events behind it in the order of time; of very many, the first and the last. */
  readonly events: readonly MatchEvent[]
}

/** What a correlation takes: an event of a rule, or a look of a correlation below. */
export interface NodeHit {
  readonly time: number
  readonly input: number
  /** An event, or a match of the correlation below. */
  readonly id: bigint | OpenMatch
  readonly values: readonly (string | null)[]
  /** False where the match below has only gone on. */
  readonly began: boolean
}

/** A hit in a group's window. */
export interface WindowHit extends Measured, NodeHit {
  /** Whether it is the first of its event at its time. */
  readonly isFirst: boolean
  /** The row below the case of its letters, where the correlation above asks for more than the group. */
  readonly row: string | undefined
}

/** A match that may still go on. */
export class OpenMatch {
  last: number
  peak: number
  readonly log = new EventLog()
  private events = 0
  private readonly below = new Set<number>()

  constructor(
    readonly serial: number,
    readonly plan: CorrelationPlan,
    readonly group: readonly (string | null)[],
    readonly from: number,
    readonly time: number,
    readonly value: number,
  ) {
    this.last = time
    this.peak = value
  }

  take({ id, time, input, isFirst }: WindowHit): void {
    if (typeof id === 'bigint') {
      if (isFirst) this.events++
      this.log.add({ uid: id, time, rule: this.plan.inputs[input]!.name })
    } else {
      this.below.add(id.serial)
      this.log.addAll(id.log.within(time - id.plan.timespan, time))
    }
  }

  get done(): CorrelationMatch {
    const { group, from, time, last, value, peak, events, below, log } = this
    return { group, from, time, last, value, peak, hits: events + below.size, events: log.events }
  }
}
