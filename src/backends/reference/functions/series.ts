import { type Dynamic, type DynamicArray, isArray, type Value } from '../../../ir/value.js'
import { dynamicOf } from './convert.js'
import type { Functions } from './function.js'

const numbers = (value: Value | undefined): (number | null)[] =>
  value !== undefined && isArray(value)
    ? value.map((item) =>
        typeof item === 'bigint' || typeof item === 'number'
          ? Number(item)
          : typeof item === 'boolean'
            ? Number(item)
            : null,
      )
    : []

const present = (value: Value | undefined): number[] => numbers(value).filter((item) => item !== null)

/** Whole where every number is whole, as the arrays that went in. */
const like = (value: number, ...sources: readonly Dynamic[]): Dynamic =>
  Number.isInteger(value) && Number.isSafeInteger(value) && sources.every((source) => typeof source === 'bigint')
    ? BigInt(value)
    : value

const each =
  (compute: (value: number) => number): Functions[string] =>
  ([series]) =>
    isArray(series!)
      ? series.map((item) => (typeof item === 'bigint' || typeof item === 'number' ? compute(Number(item)) : null))
      : null

const eachLike =
  (compute: (value: number) => number): Functions[string] =>
  ([series]) =>
    isArray(series!)
      ? series.map((item) =>
          typeof item === 'bigint' || typeof item === 'number' ? like(compute(Number(item)), item) : null,
        )
      : null

/** Element by element; the result ends where the longer ends, with nulls. */
const pairs =
  (compute: (left: number, right: number) => number | boolean | null, whole = true): Functions[string] =>
  ([first, second]) => {
    if (!isArray(first!) || !isArray(second!)) return null
    const [left, right] = [numbers(first), numbers(second)]
    return Array.from({ length: Math.max(left.length, right.length) }, (_, index): Dynamic => {
      const [a, b] = [left[index], right[index]]
      if (a === null || b === null || a === undefined || b === undefined) return null
      const result = compute(a, b)
      return typeof result === 'number' && whole ? like(result, first[index]!, second[index]!) : result
    })
  }

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length

const bag = (entries: readonly [string, Dynamic][]): Dynamic => new Map(entries)

function fitLine(series: DynamicArray): Dynamic {
  const y = numbers(series).map((value) => value ?? Number.NaN)
  const n = y.length
  const xMean = (n - 1) / 2
  const yMean = mean(y)
  const sxy = sum(y.map((value, index) => (index - xMean) * (value - yMean)))
  const sxx = sum(y.map((_, index) => (index - xMean) ** 2))
  const slope = sxy / sxx
  const interception = yMean - slope * xMean
  const fit = y.map((_, index) => interception + slope * index)
  const total = sum(y.map((value) => (value - yMean) ** 2))
  const residual = sum(y.map((value, index) => (value - fit[index]!) ** 2))
  return bag([
    ['rsquare', 1 - residual / total],
    ['slope', slope],
    ['variance', total / (n - 1)],
    ['rvariance', residual / (n - 1)],
    ['interception', interception],
    ['line_fit', fit],
  ])
}

function stats(series: DynamicArray, ignoreBad: boolean): Dynamic {
  const values = ignoreBad
    ? present(series).filter(Number.isFinite)
    : numbers(series).map((value) => value ?? Number.NaN)
  if (values.length === 0) return null
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
  const middle = mean(values)
  const variance = values.length > 1 ? sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1) : 0
  const all = numbers(series)
  return bag([
    ['min', least],
    ['min_idx', BigInt(all.indexOf(least))],
    ['max', most],
    ['max_idx', BigInt(all.indexOf(most))],
    ['avg', middle],
    ['stdev', Math.sqrt(variance)],
    ['variance', variance],
    ['sum', sum(values)],
    ['len', BigInt(all.length)],
  ])
}

/** Values that stand for a missing point: null unless said otherwise. */
const isMissing = (value: Dynamic, marker: Value | undefined): boolean =>
  value === null || (marker !== undefined && marker !== null && value === marker)

function fillForward(series: DynamicArray, marker: Value | undefined): Dynamic {
  let last: Dynamic = null
  return series.map((value) => {
    if (!isMissing(value, marker)) last = value
    return isMissing(value, marker) && last !== null ? last : value
  })
}

function fillLinear(
  series: DynamicArray,
  marker: Value | undefined,
  edges: boolean,
  constant: Value | undefined,
): Dynamic {
  const known = series.map((value, index) => (isMissing(value, marker) ? -1 : index)).filter((index) => index >= 0)
  if (known.length === 0) return constant === undefined ? series : series.map(() => constant ?? null)
  return series.map((value, index): Dynamic => {
    if (!isMissing(value, marker)) return value
    const before = known.filter((at) => at < index).pop()
    const after = known.find((at) => at > index)
    if (before === undefined || after === undefined) return edges ? series[before ?? after!]! : value
    const [low, high] = [Number(series[before]), Number(series[after])]
    return low + ((high - low) * (index - before)) / (after - before)
  })
}

/** `y[i] = sum(b * x) - sum(a * y)`, over `a[0]`. */
function iir(x: readonly number[], b: readonly number[], a: readonly number[]): number[] {
  const y: number[] = []
  x.forEach((_, index) => {
    const forward = sum(b.map((weight, at) => weight * (x[index - at] ?? 0)))
    const back = sum(a.slice(1).map((weight, at) => weight * (y[index - at - 1] ?? 0)))
    y.push((forward - back) / (a[0] ?? 1))
  })
  return y
}

function fir(x: readonly number[], filter: readonly number[], normalize: boolean, center: boolean): number[] {
  const total = normalize ? sum(filter) || 1 : 1
  const shift = center ? Math.floor(filter.length / 2) : 0
  return x.map((_, index) => sum(filter.map((weight, at) => weight * (x[index + shift - at] ?? 0))) / total)
}

const dot = (left: readonly number[], right: readonly number[]): number =>
  sum(left.map((value, index) => value * (right[index] ?? 0)))

/** A number beside a series stands for as many of itself. */
const broadcast = (value: Value | undefined, other: Value | undefined): readonly number[] =>
  typeof value === 'bigint' || typeof value === 'number' ? present(other).map(() => Number(value)) : present(value)

const length = (values: readonly number[]): number => Math.sqrt(dot(values, values))

/** Points along an axis, and what they are called from where. */
const slotCount = (from: number, to: number, step: number): number =>
  Math.max(0, Math.min(1_048_576, Math.ceil((to - from) / step - 1e-9)))

function wholeSlots(from: bigint, to: bigint, step: bigint): number {
  const span = to - from
  return span <= 0n || step <= 0n ? 0 : Math.min(1_048_576, Number((span + step - 1n) / step))
}

const slots = (from: Value, to: Value, step: Value): number =>
  typeof from === 'bigint' && typeof to === 'bigint' && typeof step === 'bigint'
    ? wholeSlots(from, to, step)
    : slotCount(Number(from), Number(to), Number(step))

export const SERIES: Functions = {
  series_slot: ([axis, from, to, step]) => {
    if (axis === null || from === null || to === null || step === null) return null
    if (typeof axis === 'bigint') {
      const [start, size] = [from as bigint, step as bigint]
      if (axis < start || axis >= (to as bigint) || size <= 0n) return null
      return (axis - start) / size
    }
    const at = (Number(axis) - Number(from)) / Number(step)
    return at < 0 || Number(axis) >= Number(to) ? null : BigInt(Math.floor(at))
  },
  series_axis: ([from, to, step], types) => {
    if (from === null || to === null) return null
    return Array.from({ length: slots(from!, to!, step!) }, (_, index) =>
      typeof from === 'bigint'
        ? dynamicOf(from + BigInt(index) * (step as bigint), types[0]!)
        : Number(from) + index * Number(step),
    )
  },
  series_filled: ([found, from, to, step, absent]) => {
    if (from === null || to === null) return null
    const values: Dynamic[] = Array(slots(from!, to!, step!)).fill(absent ?? null)
    for (const pair of isArray(found!) ? found : []) if (isArray(pair)) values[Number(pair[0])] = pair[1] ?? null
    return values
  },
  series_abs: eachLike(Math.abs),
  series_ceiling: eachLike(Math.ceil),
  series_floor: eachLike(Math.floor),
  series_sign: eachLike(Math.sign),
  series_acos: each(Math.acos),
  series_asin: each(Math.asin),
  series_atan: each(Math.atan),
  series_cos: each(Math.cos),
  series_sin: each(Math.sin),
  series_tan: each(Math.tan),
  series_exp: each(Math.exp),
  series_log: each(Math.log),
  series_not: ([series]) =>
    isArray(series!)
      ? series.map((item) =>
          item === null ? null : !(item === true || (typeof item !== 'boolean' && Number(item) !== 0)),
        )
      : null,
  series_add: pairs((left, right) => left + right),
  series_subtract: pairs((left, right) => left - right),
  series_multiply: pairs((left, right) => left * right),
  series_divide: pairs((left, right) => left / right, false),
  series_pow: pairs((left, right) => left ** right),
  series_and: pairs((left, right) => left !== 0 && right !== 0),
  series_or: pairs((left, right) => left !== 0 || right !== 0),
  series_equals: pairs((left, right) => left === right),
  series_not_equals: pairs((left, right) => left !== right),
  series_greater: pairs((left, right) => left > right),
  series_greater_equals: pairs((left, right) => left >= right),
  series_less: pairs((left, right) => left < right),
  series_less_equals: pairs((left, right) => left <= right),
  series_dot_product: ([left, right]) => dot(broadcast(left, right), broadcast(right, left)),
  series_cosine_similarity: ([left, right]) =>
    dot(present(left), present(right)) / (length(present(left)) * length(present(right))),
  series_pearson_correlation: ([left, right]) => {
    const [a, b] = [present(left), present(right)]
    const [x, y] = [a.map((value) => value - mean(a)), b.map((value) => value - mean(b))]
    return dot(x, y) / (length(x) * length(y))
  },
  series_magnitude: ([series]) => length(present(series)),
  series_product: ([series]) => (isArray(series!) ? present(series).reduce((total, value) => total * value, 1) : null),
  series_sum: ([series]) => (isArray(series!) ? sum(present(series)) : null),
  series_fill_const: ([series, constant, marker], types) =>
    isArray(series!)
      ? series.map((value) => (isMissing(value, marker) ? dynamicOf(constant!, types[1]!) : value))
      : null,
  series_fill_forward: ([series, marker]) => (isArray(series!) ? fillForward(series, marker) : null),
  series_fill_backward: ([series, marker]) =>
    isArray(series!) ? [...(fillForward([...series].reverse(), marker) as DynamicArray)].reverse() : null,
  series_fill_linear: ([series, marker, edges, constant]) =>
    isArray(series!) ? fillLinear(series, marker, edges !== false, constant) : null,
  series_fir: ([series, filter, normalize, center]) =>
    isArray(series!) ? fir(present(series), present(filter), normalize !== false, center === true) : null,
  series_iir: ([series, b, a]) => (isArray(series!) ? iir(present(series), present(b), present(a)) : null),
  series_fit_line_dynamic: ([series]) => (isArray(series!) && series.length > 1 ? fitLine(series) : null),
  series_stats_dynamic: ([series, ignoreBad]) => (isArray(series!) ? stats(series, ignoreBad === true) : null),
}
