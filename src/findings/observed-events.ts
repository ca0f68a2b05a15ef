import { type EventStore, eventTable, type PlainRow } from '../backends/event-store.js'
import type { Observation } from '../detection/identity/index.js'
import { call, literal, type Scalar, text } from '../ir/scalar.js'
import { count, firstText, greatest, isPresent, least, type Named, rowKey, Steps, unixMicros } from '../ir/steps.js'
import { column } from '../ir/types.js'

/** Columns that identity looks at, where a class has them. */
const OBSERVED = [
  'activity',
  'log_provider',
  'process_file_path',
  'process_file_name',
  'process_file_original_name',
  'process_file_internal_name',
  'process_file_company',
  'process_file_product',
  'process_file_description',
  'process_file_signer',
  'process_file_signature_status',
  'parent_process_file_path',
  'parent_process_file_name',
  'target_process_file_path',
  'target_process_file_name',
  'module_file_path',
  'module_file_name',
  'module_file_original_name',
  'module_file_company',
  'module_file_product',
  'module_file_description',
  'module_file_signer',
  'module_file_signature_status',
  'service_name',
  'service_file_path',
  'service_file_name',
  'file_path',
  'file_name',
  'query_hostname',
  'dst_hostname',
  'url',
  'dst_port',
  'product_name',
  'product_vendor',
  'reg_key_path',
  'pipe_name',
] as const satisfies readonly (keyof Observation)[]

/** The observed columns that a class has. */
export const observedOf = (events: Steps): readonly string[] => OBSERVED.filter((name) => events.has(name))

/** What tells the observations of a class's events apart. */
export const observationKey = (events: Steps): Scalar => rowKey(observedOf(events).map((name) => events.column(name)))

/** An observation of interest: the key that its events have, and the number that they are told by. */
export interface Slot {
  readonly slot: number
  readonly key: string
}

/** Events of one observation that a host, an account and a parent share. Times in microseconds. */
export interface EventGroup {
  readonly slot: number
  readonly host: string
  readonly userDomain: string
  readonly userName: string
  readonly parent: string
  readonly activity: string
  /** Where the stretch of time begins that all of them lie in; null without a time, or where no width was asked for. */
  readonly stretch: number | null
  readonly events: number
  readonly first: number | null
  readonly last: number | null
}

/** What the inventory asks of a class's events: which observations there are, and how often and where those of interest occur. */
export class ObservedEvents {
  readonly observed: readonly string[]
  private readonly events: Steps
  private readonly key: Scalar

  constructor(
    private readonly store: EventStore,
    readonly table: string,
  ) {
    this.events = Steps.from(eventTable(store.model, table))
    this.observed = observedOf(this.events)
    this.key = observationKey(this.events)
  }

  has(name: string): boolean {
    return this.events.has(name)
  }

  /** Every distinct observation with its key, some at a time. */
  async *observations(): AsyncGenerator<readonly [key: string, values: PlainRow]> {
    const distinct = this.events.distinct(this.observed)
    const keyed = distinct.project({
      [KEY]: this.key,
      ...Object.fromEntries(this.observed.map((name) => [name, distinct.column(name)])),
    })
    for await (const rows of this.store.batches(keyed.query()))
      for (const [key, ...values] of rows) yield [String(key), values]
  }

  /** The events of the observations by who did what where; apart by stretches of `width` microseconds where one is given. */
  async groups(slots: readonly Slot[], width: number | undefined): Promise<readonly EventGroup[]> {
    const events = this.of(slots)
    const time = events.column('time')
    const by: Named = {
      slot: events.column(SLOT),
      host: events.column('device_hostname'),
      userDomain: this.firstOf(['process_user_domain', 'user_domain', 'actor_user_domain']),
      userName: this.firstOf(['process_user_name', 'user_name', 'actor_user_name']),
      parent: this.table === 'process' ? this.firstOf(['parent_process_file_name']) : text(''),
      activity: events.column('activity'),
      ...(width === undefined ? {} : { stretch: stretchOf(time, width) }),
    }
    const groups = events.aggregate(by, { events: count(), first: least(time), last: greatest(time) })
    const shown = groups.project({
      ...Object.fromEntries(Object.keys(by).map((name) => [name, groups.column(name)])),
      ...(width === undefined ? {} : { stretch: unixMicros(groups.column('stretch')) }),
      events: groups.column('events'),
      first: unixMicros(groups.column('first')),
      last: unixMicros(groups.column('last')),
    })
    const rows = await this.store.ask(shown.query())
    const at = (name: string): number => shown.columns.findIndex((each) => each.name === name)
    const [stretch, amount, first, last] = ['stretch', 'events', 'first', 'last'].map(at) as [
      number,
      number,
      number,
      number,
    ]
    return rows.map((row) => ({
      slot: Number(row[0]),
      host: String(row[1]),
      userDomain: String(row[2]),
      userName: String(row[3]),
      parent: String(row[4]),
      activity: String(row[5]),
      stretch: stretch < 0 ? null : (row[stretch] as number | null),
      events: Number(row[amount]),
      first: row[first] as number | null,
      last: row[last] as number | null,
    }))
  }

  /** How many events of the observations there are in each stretch of time, by host: slot, host, number of the stretch, events. */
  async stretches(slots: readonly Slot[], from: number, width: number): Promise<readonly PlainRow[]> {
    const events = this.of(slots)
    const time = events.column('time')
    const since = call('subtract', 'long', [unixMicros(time), literal('long', BigInt(from))])
    const counted = events.filter(isPresent(time)).aggregate(
      {
        slot: events.column(SLOT),
        host: events.column('device_hostname'),
        stretch: call('divide', 'long', [since, literal('long', BigInt(width))]),
      },
      { events: count() },
    )
    return this.store.ask(counted.query())
  }

  /**
   * Distinct texts of the observations' events by slot and host, at most so many of each: slot, host, the texts. They come in their own
   * order, so that the same events give the same answer whatever order they were read in.
   */
  async texts(slots: readonly Slot[], names: readonly string[], most: number): Promise<readonly PlainRow[]> {
    const events = this.of(slots)
    const distinct = events.distinct([SLOT, 'device_hostname', ...names])
    const place = call('strcat', 'string', [
      call('to_string', 'string', [distinct.column(SLOT)]),
      text(' '),
      distinct.column('device_hostname'),
    ])
    const first = distinct.extend({ [PLACE]: place }).firstOfEach(PLACE, names, most)
    const sorted = first.sort(['device_hostname', ...names]).project([SLOT, 'device_hostname', ...names])
    return this.store.ask(sorted.query())
  }

  /** The events of the observations, with the slot of each. */
  private of(slots: readonly Slot[]): Steps {
    const wanted = Steps.rows(
      [column(SLOT, 'long'), column('$wanted', 'long')],
      slots.map(({ slot, key }) => [BigInt(slot), BigInt(key)]),
    )
    return this.events.extend({ [KEY]: this.key }).join(wanted, { [KEY]: '$wanted' })
  }

  private firstOf(names: readonly string[]): Scalar {
    return firstText(names.filter((name) => this.has(name)).map((name) => this.events.column(name)))
  }
}

const KEY = '$key'
const SLOT = '$slot'
const PLACE = '$place'

const stretchOf = (time: Scalar, width: number): Scalar =>
  call('bin', 'datetime', [time, literal('timespan', BigInt(width) * 10n)])
