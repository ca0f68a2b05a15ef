import type { AggregateCall } from '../../ir/relation.js'
import type { ScalarType } from '../../ir/types.js'
import { type Dynamic, isArray, printDynamic, type Value } from '../../ir/value.js'
import { compareValues, keyOf } from './compare.js'
import { mergeBags, schemaOf, setOf, weightedPercentile } from './functions/aggregate-helpers.js'
import { dynamicOf } from './functions/convert.js'
import { type Evaluation, evaluate } from './scalar.js'

/** One aggregate over the rows of a group. */
export function aggregate(call: AggregateCall, rows: readonly Evaluation[]): Value {
  const taking = call.condition ? rows.filter((row) => evaluate(call.condition!, row) === true) : rows
  const [first] = call.arguments
  const type = first?.type ?? 'long'
  const all = first ? taking.map((row) => evaluate(first, row)) : []
  const values = all.filter((value) => value !== null)
  const second = (): Value[] => taking.map((row) => evaluate(call.arguments[1]!, row))
  const limit = (list: readonly Dynamic[]): Dynamic => {
    const most = call.arguments[1] && taking[0] ? evaluate(call.arguments[1], taking[0]) : null
    return most === null ? list : list.slice(0, Number(most))
  }
  const json = (list: readonly Value[]): Dynamic[] => list.map((value) => dynamicOf(value, type))
  switch (call.function) {
    case 'count':
      return BigInt(taking.length)
    case 'sum':
      return call.type === 'real' || call.type === 'decimal'
        ? values.reduce<number>((total, value) => total + Number(value), 0)
        : values.reduce<bigint>((total, value) => total + (value as bigint), 0n)
    case 'average':
      return average(values, call.type)
    case 'min':
    case 'max': {
      const sign = call.function === 'max' ? 1 : -1
      const best = values.reduce<Value>(
        (found, value) => (found === null || compareValues(value, found, type) * sign > 0 ? value : found),
        null,
      )
      return best === null && call.type === 'string' ? '' : best
    }
    case 'count-distinct':
      return BigInt(new Set(values.map(keyOf)).size)
    case 'any': {
      // Any would do; the least is the same on every engine and in every run.
      const isLess = (value: Value, than: Value): boolean =>
        type === 'dynamic' ? printDynamic(value) < printDynamic(than) : compareValues(value, than, type) < 0
      const best = values.reduce<Value>(
        (found, value) => (value !== '' && (found === null || isLess(value, found)) ? value : found),
        null,
      )
      return best ?? (call.type === 'string' ? '' : null)
    }
    case 'list':
      return limit(json(values).flatMap((value) => (isArray(value) ? value : [value])))
    case 'list-with-nulls':
      return limit(json(all))
    case 'set':
      return limit(setOf(json(values)))
    case 'sketch':
      return values.length ? unique(json(values)) : null
    case 'digest':
      return values.length ? json(values) : null
    case 'sketch-merge':
      return unique(values.flatMap((value) => (isArray(value) ? value : [])))
    case 'digest-merge':
      return values.flatMap((value) => (isArray(value) ? value : []))
    case 'bag':
      return mergeBags(values)
    case 'schema':
      return schemaOf(values)
    case 'stdev':
      return Math.sqrt(variance(values.map(Number), 1))
    case 'stdev-population':
      return Math.sqrt(variance(values.map(Number), 0))
    case 'variance':
      return variance(values.map(Number), 1)
    case 'variance-population':
      return variance(values.map(Number), 0)
    case 'covariance':
      return covariance(all, second(), 1)
    case 'covariance-population':
      return covariance(all, second(), 0)
    case 'percentile':
      return percentile(call, taking, values, type)
    case 'bits-and':
      return values.length ? values.reduce<bigint>((total, value) => total & (value as bigint), -1n) : null
    case 'bits-or':
      return values.length ? values.reduce<bigint>((total, value) => total | (value as bigint), 0n) : null
    case 'bits-xor':
      return values.length ? values.reduce<bigint>((total, value) => total ^ (value as bigint), 0n) : null
    case 'series':
      return all.map((slot, index): Dynamic => [slot, dynamicOf(second()[index]!, call.arguments[1]!.type)])
    case 'arg-max':
    case 'arg-min':
      return extreme(call, taking, all, type)
    default:
      throw new Error(`no aggregate ${call.function}`)
  }
}

const unique = (list: readonly Dynamic[]): Dynamic[] => [
  ...new Map(list.map((value) => [keyOf(value), value])).values(),
]

function average(values: readonly Value[], type: ScalarType): Value {
  if (type === 'datetime' || type === 'timespan') {
    if (values.length === 0) return null
    return BigInt(
      Math.round(Number(values.reduce<bigint>((total, value) => total + (value as bigint), 0n)) / values.length),
    )
  }
  return values.reduce<number>((total, value) => total + Number(value), 0) / values.length
}

function variance(values: readonly number[], less: number): number {
  if (values.length <= less) return 0
  const mean = values.reduce((total, value) => total + value, 0) / values.length
  return values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - less)
}

function covariance(left: readonly Value[], right: readonly Value[], less: number): number {
  const pairs = left.map((value, index) => [value, right[index]!] as const).filter(([a, b]) => a !== null && b !== null)
  if (pairs.length <= less) return 0
  const mean = (side: 0 | 1): number => pairs.reduce((total, pair) => total + Number(pair[side]), 0) / pairs.length
  const [x, y] = [mean(0), mean(1)]
  return pairs.reduce((total, [a, b]) => total + (Number(a) - x) * (Number(b) - y), 0) / (pairs.length - less)
}

/** Nearest rank. */
function percentile(
  call: AggregateCall,
  rows: readonly Evaluation[],
  values: readonly Value[],
  type: ScalarType,
): Value {
  const [, percent, weight] = call.arguments
  if (!rows[0]) return null
  const part = Number(evaluate(percent!, rows[0]))
  if (weight) {
    const pairs = rows.map((row) => [evaluate(call.arguments[0]!, row), evaluate(weight, row)])
    return weightedPercentile(pairs, part, call.type)
  }
  const sorted = [...values].sort((left, right) => compareValues(left, right, type))
  return sorted[Math.max(0, Math.ceil((part / 100) * sorted.length) - 1)] ?? null
}

/** The second argument in the first row with the greatest or least first; where that is null everywhere, in the first row. */
function extreme(call: AggregateCall, rows: readonly Evaluation[], by: readonly Value[], type: ScalarType): Value {
  const sign = call.function === 'arg-max' ? 1 : -1
  let best = -1
  by.forEach((value, index) => {
    if (best < 0 || (value !== null && (by[best] === null || compareValues(value, by[best]!, type) * sign > 0)))
      best = index
  })
  if (best < 0) return call.type === 'string' ? '' : null
  return evaluate(call.arguments[1]!, rows[best]!)
}
