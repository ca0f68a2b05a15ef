/** An event behind a match, and the detection rule that it is a hit of. */
export interface MatchEvent {
  readonly uid: bigint
  readonly time: number
  readonly rule: string
}

/** The first and the last events of many, in the order in which they came; one that is held is not held twice. */
export class EventLog {
  private readonly first: MatchEvent[] = []
  private last: MatchEvent[] = []
  private readonly held = new Set<string>()

  add(event: MatchEvent): void {
    const key = `${event.uid} ${event.rule}`
    if (this.held.has(key)) return
    this.held.add(key)
    if (this.first.length < KEPT) this.first.push(event)
    else this.last.push(event)
    if (this.last.length < 2 * KEPT) return
    for (const { uid, rule } of this.last.slice(0, KEPT)) this.held.delete(`${uid} ${rule}`)
    this.last = this.last.slice(KEPT)
  }

  addAll(events: Iterable<MatchEvent>): void {
    for (const event of events) this.add(event)
  }

  get events(): readonly MatchEvent[] {
    return [...this.first, ...this.last.slice(-KEPT)].sort((a, b) => a.time - b.time)
  }

  /** The events that are held from one time to another, both included. */
  *within(from: number, to: number): Iterable<MatchEvent> {
    for (const event of this.first) if (event.time >= from && event.time <= to) yield event
    for (const event of this.last) if (event.time >= from && event.time <= to) yield event
  }
}

/** Events held from the beginning of a match, and as many from its end. */
const KEPT = 500
