import { type EventStore, eventTable } from '../backends/event-store.js'
import { atMicros, greatest, isAtMost, least, Steps, unixMicros } from '../ir/steps.js'

/** One relation over every class, with columns that all of them have. */
export const everyEvent = ({ model }: EventStore, columns: readonly string[]): Steps =>
  Steps.union(model.classes.map(({ name }) => Steps.from(eventTable(model, name)).project(columns)))

/** The newest event. A time later than a day from now is a broken clock and is passed over; without any event the wall clock serves. */
export async function clockOf(
  store: EventStore,
  given: number | undefined,
): Promise<{ readonly micros: number; readonly from: 'option' | 'newest event' | 'wall clock' }> {
  if (given !== undefined) return { micros: given, from: 'option' }
  const latest = (Date.now() + 86_400_000) * 1000
  let [, newest] = await endsOf(store, undefined)
  if (newest !== undefined && newest > latest) newest = (await endsOf(store, latest))[1]
  return newest === undefined
    ? { micros: Date.now() * 1000, from: 'wall clock' }
    : { micros: newest, from: 'newest event' }
}

/** The oldest and the newest time, in microseconds; undefined where no event has one. */
export async function spanOf(
  store: EventStore,
): Promise<{ readonly first: number; readonly last: number } | undefined> {
  const [first, last] = await endsOf(store, undefined)
  return first === undefined || last === undefined ? undefined : { first, last }
}

/** By class first: without a condition an engine knows the ends of each table without reading it. */
async function endsOf(store: EventStore, upTo: number | undefined): Promise<readonly (number | undefined)[]> {
  const each = store.model.classes.map(({ name }) => {
    const events = Steps.from(eventTable(store.model, name))
    const time = events.column('time')
    const seen = upTo === undefined ? events : events.filter(isAtMost(time, atMicros(upTo)))
    return seen.aggregate({}, { first: least(time), last: greatest(time) })
  })
  const all = Steps.union(each)
  const ends = all.aggregate({}, { first: least(all.column('first')), last: greatest(all.column('last')) })
  const [found = []] = await store.ask(
    ends.project({ first: unixMicros(ends.column('first')), last: unixMicros(ends.column('last')) }).query(),
  )
  return found.map((micros) => (micros === null ? undefined : Number(micros)))
}
