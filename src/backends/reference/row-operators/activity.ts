import type { RowOptions } from '../../../ir/relation.js'
import type { ScalarType } from '../../../ir/types.js'
import type { Value } from '../../../ir/value.js'
import { compareValues, keyOf } from '../compare.js'
import {
  type Appearance,
  appearances,
  byDimensions,
  constant,
  distinct,
  extent,
  Periods,
  Timeline,
  whole,
} from './periods.js'
import type { Row, RowOperator, Table } from './row-operator.js'

/** What every analysis of activity is given: appearances, and its periods. */
function analysis(inputs: readonly Table[], options: RowOptions): { list: readonly Appearance[]; periods: Periods } {
  const list = appearances(inputs[0]!)
  const [first, last] = extent(list)
  const start = options.start === undefined ? first : whole(options, 'start', inputs)
  const end = options.end === undefined ? last : whole(options, 'end', inputs)
  const type = inputs[0]!.columns[1]!.type
  return { list, periods: Periods.of(start, end, constant(options, 'step', inputs), type) }
}

/** Rows of `time, dimensions..., values...`, by time and then as they come. */
const byTime = (rows: readonly Row[]): readonly Row[] =>
  [...rows].sort(([left], [right]) => ((left as bigint) < (right as bigint) ? -1 : left === right ? 0 : 1))

/** https://learn.microsoft.com/kusto/query/activity-counts-metrics-plugin */
export const activityCounts: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    const seen = new Set<string>()
    return [...periods.split(own)].map(([start, inside]): Row => {
      const ids = distinct(inside)
      const before = seen.size
      for (const id of ids) seen.add(id)
      const counts = [inside.length, ids.size, seen.size - before, seen.size].map(BigInt)
      return [start, ...dimensions, ...counts]
    })
  })
  return byTime(rows)
}

/** Every period against the one before it. https://learn.microsoft.com/kusto/query/activity-metrics-plugin */
export const activityMetrics: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    let before: ReadonlySet<string> = new Set()
    return [...periods.split(own)].map(([start, inside]): Row => {
      const ids = distinct(inside)
      const returned = [...ids].filter((id) => before.has(id)).length
      const retention = returned / before.size
      before = ids
      return [start, BigInt(ids.size), BigInt(ids.size - returned), retention, 1 - retention, ...dimensions]
    })
  })
  return byTime(rows)
}

/** The distinct of an inner period beside those of the longer one that ends with it. https://learn.microsoft.com/kusto/query/activity-engagement-plugin */
export const activityEngagement: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const [inner, outer] = [whole(options, 'step', inputs), whole(options, 'outer', inputs)]
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    const sorted = new Timeline(own.filter(({ time }) => time <= periods.end))
    return [...periods.split(own)].flatMap(([start, inside]): Row[] => {
      const end = start + inner
      const around = distinct(sorted.between(end - outer, end))
      if (around.size === 0) return []
      const ids = distinct(inside).size
      return [[start, BigInt(ids), BigInt(around.size), ids / around.size, ...dimensions]]
    })
  })
  return byTime(rows)
}

/** New ones of each period and how many of them come back in each later one. https://learn.microsoft.com/kusto/query/new-activity-metrics-plugin */
export const newActivityMetrics: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const cohort = constant(options, 'cohort', inputs)
  const known = options.lookback === true ? new Set(inputs[1]!.rows.map(([id]) => keyOf(id!))) : new Set<string>()
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    const split = [...periods.split(own)].map(([start, inside]) => ({ start, ids: distinct(inside) }))
    const seen = new Set(known)
    return split.flatMap(({ start: from, ids }, index) => {
      const fresh = [...ids].filter((id) => !seen.has(id))
      const before = new Set(seen)
      for (const id of ids) seen.add(id)
      if (typeof cohort === 'bigint' && periods.periodOf(cohort) !== from) return []
      return split.slice(index).map(({ start: to, ids: later }): Row => {
        const unseen = [...later].filter((id) => !(to === from ? before : seen).has(id)).length
        const retained = fresh.filter((id) => later.has(id)).length
        const lost = fresh.length - retained
        const rates = [retained / fresh.length, lost / fresh.length]
        return [from, to, BigInt(unseen), BigInt(retained), BigInt(lost), ...rates, ...dimensions]
      })
    })
  })
  return byTime(rows)
}

/** Those who appeared on enough days of late, at each step. https://learn.microsoft.com/kusto/query/active-users-count-plugin */
export const activeUsers: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const [lookback, period, least] = ['lookback', 'period', 'least'].map((name) => whole(options, name, inputs)) as [
    bigint,
    bigint,
    bigint,
  ]
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    const ofOne = new Map<string, Appearance[]>()
    for (const each of own) {
      const times = ofOne.get(each.id) ?? []
      times.push(each)
      ofOne.set(each.id, times)
    }
    const timelines = new Map([...ofOne].map(([id, times]) => [id, new Timeline(times)]))
    const active = own.filter(({ id, time }) => {
      const late = timelines.get(id)!.between(time - lookback + 1n, time + 1n)
      return new Set(late.map((each) => each.time / period)).size >= least
    })
    return [...periods.split(active)].flatMap(([start, inside]): Row[] =>
      inside.length === 0 ? [] : [[start, ...dimensions, BigInt(distinct(inside).size)]],
    )
  })
  return byTime(rows)
}

/** Counts over the last so many steps, at each. https://learn.microsoft.com/kusto/query/sliding-window-counts-plugin */
export const slidingWindowCounts: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const lookback = whole(options, 'lookback', inputs)
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    const sorted = new Timeline(own.filter(({ time }) => time <= periods.end))
    return periods.starts.flatMap((start, index): Row[] => {
      const next = periods.starts[index + 1] ?? nextStart(periods)
      const inside = sorted.between(next - lookback, next)
      if (inside.length === 0) return []
      return [[start, ...dimensions, BigInt(inside.length), BigInt(distinct(inside).size)]]
    })
  })
  return byTime(rows)
}

/** Where the last period would end: one step further. */
function nextStart({ starts, end }: Periods): bigint {
  const [before, last] = [starts[starts.length - 2], starts[starts.length - 1]!]
  return before === undefined ? end + 1n : last + (last - before)
}

/** Sessions that begin in each period: appearances with none before them for long enough. https://learn.microsoft.com/kusto/query/session-count-plugin */
export const sessionCount: RowOperator = (inputs, _output, options) => {
  const { list, periods } = analysis(inputs, options)
  const lookback = whole(options, 'lookback', inputs)
  const rows = byDimensions(list).flatMap(({ dimensions, list: own }) => {
    const last = new Map<string, bigint>()
    const begun = new Timeline(own).list
      .filter(({ time }) => periods.periodOf(time) !== undefined)
      .filter(({ id, time }) => {
        const before = last.get(id)
        last.set(id, time)
        return before === undefined || time - before > lookback
      })
    return [...periods.split(begun)].flatMap(([start, inside]): Row[] =>
      inside.length === 0 ? [] : [[start, ...dimensions, BigInt(inside.length)]],
    )
  })
  return byTime(rows)
}

/** The percentile of the values of the last so many bins, at each bin. https://learn.microsoft.com/kusto/query/rolling-percentile-plugin */
export const rollingPercentile: RowOperator = (inputs, _output, options) => {
  const [table] = inputs as [Table]
  const [size, bins] = [whole(options, 'size', inputs), whole(options, 'bins', inputs)]
  const percent = Number(constant(options, 'percent', inputs))
  const groups = new Map<string, { dimensions: Row; values: Map<bigint, Value[]> }>()
  for (const [value, index, ...dimensions] of table.rows) {
    if (value === null || typeof index !== 'bigint') continue
    const key = dimensions.map(keyOf).join('\u0000')
    const group = groups.get(key) ?? { dimensions, values: new Map<bigint, Value[]>() }
    const bin = floorTo(index, size)
    group.values.set(bin, [...(group.values.get(bin) ?? []), value!])
    groups.set(key, group)
  }
  const type = table.columns[0]!.type
  const rows = [...groups.values()].flatMap(({ dimensions, values }) =>
    [...values.keys()].map((bin): Row => {
      const inside = Array.from(
        { length: Number(bins) },
        (_, back) => values.get(bin - BigInt(back) * size) ?? [],
      ).flat()
      return [bin, ...dimensions, nearestRank(inside, percent, type)]
    }),
  )
  return byTime(rows)
}

const floorTo = (value: bigint, size: bigint): bigint => value - (((value % size) + size) % size)

/** The value at a percentile, as the `percentile` aggregate gives it. */
function nearestRank(values: readonly Value[], percent: number, type: ScalarType): Value {
  const sorted = [...values].sort((left, right) => compareValues(left, right, type))
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null
}
