import type { Value } from '../../../ir/value.js'
import { isArray } from '../../../ir/value.js'
import { keyOf } from '../compare.js'
import { textOf } from '../functions/convert.js'
import { NotSupported } from '../functions/function.js'
import { scalarFunction } from '../functions/index.js'
import { constant, Periods, whole } from './periods.js'
import type { Row, RowOperator } from './row-operator.js'

const MOST_SEQUENCES = 1_000_000

/**
 * Rows of a time, whether each step's condition holds, and dimensions: every way to take a row for each step, in order of time, each within a
 * span of the one before and all within another. https://learn.microsoft.com/kusto/query/sequence-detect-plugin
 */
export const sequenceDetect: RowOperator = (inputs, _output, options) => {
  const steps = Number(options.steps)
  const [within, span] = [whole(options, 'within', inputs), whole(options, 'total', inputs)]
  const groups = new Map<string, { dimensions: Row; rows: Row[] }>()
  for (const row of inputs[0]!.rows) {
    if (typeof row[0] !== 'bigint') continue
    const dimensions = row.slice(1 + steps)
    const key = dimensions.map(keyOf).join('\u0000')
    const group = groups.get(key) ?? { dimensions, rows: [] }
    group.rows.push(row)
    groups.set(key, group)
  }
  const found: Row[] = []
  for (const { dimensions, rows } of groups.values()) {
    const sorted = [...rows].sort(([left], [right]) =>
      (left as bigint) < (right as bigint) ? -1 : left === right ? 0 : 1,
    )
    const firstOf: number[] = []
    for (const [at, row] of sorted.entries())
      firstOf.push(at > 0 && row[0] === sorted[at - 1]![0] ? firstOf[at - 1]! : at)
    // Rows of one time may follow each other either way, so that the answer does not hang on the order in which they come.
    const follow = (from: number, taken: readonly number[]): void => {
      const times = taken.map((at) => sorted[at]![0] as bigint)
      const [first, last] = [times[0], times[times.length - 1]]
      if (taken.length === steps) {
        if (found.length >= MOST_SEQUENCES)
          throw new NotSupported(`more than ${MOST_SEQUENCES.toLocaleString('en')} sequences`)
        found.push([...dimensions, ...times, last! - first!])
        return
      }
      for (let at = from; at < sorted.length; at++) {
        const row = sorted[at]!
        const time = row[0] as bigint
        if (first !== undefined && (time - last! > within || time - first > span)) return
        if (row[1 + taken.length] === true && !taken.includes(at)) follow(firstOf[at]!, [...taken, at])
      }
    }
    follow(0, [])
  }
  return found
}

/**
 * Rows of who, when and a state: how many get how far along a sequence of states, in each period and within each span from their first
 * step. https://learn.microsoft.com/kusto/query/funnel-sequence-completion-plugin
 */
export const funnelCompletion: RowOperator = (inputs, _output, options) => {
  const [table] = inputs
  const [, time, state] = table!.columns
  const list = (name: string): readonly Value[] => {
    const value = constant(options, name, inputs) ?? null
    return isArray(value) ? value : []
  }
  const sequence = list('sequence').map((each) => (typeof each === 'string' ? each : textOf(each, 'dynamic')))
  const spans = list('spans').map((each) => scalarFunction('as_timespan')!([each], ['dynamic'], 'timespan'))
  const [start, end] = [whole(options, 'start', inputs), whole(options, 'end', inputs)]
  const periods = Periods.of(start, end, constant(options, 'step', inputs), time!.type)
  const split = new Map<bigint, Map<string, { time: bigint; state: string }[]>>(
    periods.starts.map((each) => [each, new Map()]),
  )
  for (const [id, at, value] of table!.rows) {
    const period = typeof at === 'bigint' ? periods.periodOf(at) : undefined
    const ids = period === undefined || id === null ? undefined : split.get(period)
    if (!ids) continue
    const key = keyOf(id!)
    const own = ids.get(key) ?? []
    own.push({ time: at as bigint, state: textOf(value!, state!.type) })
    ids.set(key, own)
  }
  return [...split].flatMap(([period, ids]) =>
    spans.flatMap((span) => {
      if (typeof span !== 'bigint') throw new NotSupported('a funnel whose periods are no timespans')
      const reached = sequence.map(() => 0)
      for (const events of ids.values()) {
        events.sort((left, right) => (left.time < right.time ? -1 : left.time === right.time ? 0 : 1))
        const depth = deepest(events, sequence, span)
        for (let step = 0; step < depth; step++) reached[step]!++
      }
      if (ids.size === 0) return []
      return sequence.map((name, step): Row => [period, name, span, BigInt(reached[step]!)])
    }),
  )
}

/** How many steps of the sequence someone takes in order within the span, at best. */
function deepest(
  events: readonly { readonly time: bigint; readonly state: string }[],
  sequence: readonly string[],
  span: bigint,
): number {
  let best = 0
  events.forEach((first, from) => {
    if (first.state !== sequence[0] || best === sequence.length) return
    let step = 1
    for (let at = from + 1; at < events.length && step < sequence.length; at++) {
      const { time, state } = events[at]!
      if (time - first.time > span) break
      if (state === sequence[step]) step++
    }
    best = Math.max(best, step)
  })
  return best
}
