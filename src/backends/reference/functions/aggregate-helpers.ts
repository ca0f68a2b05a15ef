import type { ScalarType } from '../../../ir/types.js'
import { type Dynamic, type DynamicArray, isArray, isBag, type Value } from '../../../ir/value.js'
import { keyOf } from '../compare.js'
import type { Functions } from './function.js'

const items = (value: Value | undefined): DynamicArray => (value !== undefined && isArray(value) ? value : [])

/** Aggregates over the list of their values, for engines whose own SQL has no such aggregate. */
export const AGGREGATE_HELPERS: Functions = {
  bag_of: ([values]) => mergeBags(items(values)),
  set_of: ([values]) => setOf(items(values)),
  schema_of: ([values]) => schemaOf(items(values)),
  sketch_merge_of: ([values]) => [
    ...new Map(
      items(values)
        .flatMap((each) => items(each))
        .map((each) => [keyOf(each), each]),
    ).values(),
  ],
  digest_merge_of: ([values]) => items(values).flatMap((each) => items(each)),
  weighted_percentile: ([pairs, percent], _types, result) => weightedPercentile(items(pairs), Number(percent), result),
  row_number_of: (args) =>
    restarting(args, (row, previous: bigint | undefined) =>
      previous === undefined || row[1] === true ? ((row[0] as bigint) ?? 1n) : previous + 1n,
    ),
  row_cumsum_of: (args) =>
    restarting(args, (row, previous: number | bigint | undefined) =>
      add(previous === undefined || row[1] === true ? 0n : previous, row[0] ?? 0n),
    ),
  row_rank_dense_of: ([rows]) => ranks(items(rows), true),
  row_rank_min_of: ([rows]) => ranks(items(rows), false),
  row_window_session_of: ([rows]) => sessions(items(rows)),
}

const add = (left: number | bigint, right: Dynamic): number | bigint => {
  if (typeof left === 'bigint' && typeof right === 'bigint') return left + right
  return Number(left) + Number(right)
}

function restarting<T extends Dynamic>(
  args: readonly Value[],
  next: (row: DynamicArray, previous: T | undefined) => T,
): Value {
  let previous: T | undefined
  return items(args[0]).map((row) => {
    previous = next(items(row), previous)
    return previous
  })
}

/** Ranks of a sorted column; `dense` leaves no gaps. */
export function ranks(rows: DynamicArray, dense: boolean): Value {
  let rank = 0n
  let inGroup = 0n
  let last: string | undefined
  return rows.map((row) => {
    const [value, restart] = items(row)
    const key = keyOf(value ?? null)
    if (restart === true || last === undefined) {
      rank = 1n
      inGroup = 1n
    } else {
      inGroup++
      if (key !== last) rank = dense ? rank + 1n : inGroup
    }
    last = key
    return rank
  })
}

/** Start of the session that each row belongs to: a row begins one after too long a time since the first or since the row before. */
export function sessions(rows: DynamicArray): Value {
  let start: bigint | undefined
  let before: bigint | undefined
  return rows.map((row) => {
    const [at, fromFirst, between, restart] = items(row) as [bigint | null, bigint, bigint, boolean | undefined]
    if (at === null) return null
    if (
      start === undefined ||
      before === undefined ||
      restart === true ||
      at - start > fromFirst ||
      at - before > between
    )
      start = at
    before = at
    return start
  })
}

/** Each value once; of an array each element. */
export const setOf = (values: DynamicArray): DynamicArray => [
  ...new Map(
    values.flatMap((value) => (isArray(value) ? value : [value])).map((value) => [keyOf(value), value]),
  ).values(),
]

/** The first value of each key. */
export function mergeBags(bags: DynamicArray): Value {
  const found = new Map<string, Dynamic>()
  for (const bag of bags) if (isBag(bag)) for (const [key, value] of bag) if (!found.has(key)) found.set(key, value)
  return found
}

/** The value under which the given part of all weight lies. */
export function weightedPercentile(pairs: DynamicArray, percent: number, type: ScalarType): Value {
  const sorted = pairs
    .map((pair) => items(pair))
    .filter(([value, weight]) => value !== null && Number(weight) > 0)
    .sort(([left], [right]) => (Number(left) < Number(right) ? -1 : 1))
  const total = sorted.reduce((sum, [, weight]) => sum + Number(weight), 0)
  let seen = 0
  for (const [value, weight] of sorted) {
    seen += Number(weight)
    if (seen >= (percent / 100) * total) return type === 'real' ? Number(value) : value!
  }
  return sorted.length ? sorted[sorted.length - 1]![0]! : null
}

/** The kinds of value that the dynamics have, as `buildschema` writes them. */
export function schemaOf(values: DynamicArray): Value {
  const kinds: Dynamic[] = []
  const bags = values.filter((value) => isBag(value))
  const arrays = values.filter((value) => isArray(value))
  for (const value of values) {
    if (value === null || isBag(value) || isArray(value)) continue
    const kind =
      typeof value === 'bigint'
        ? 'long'
        : typeof value === 'number'
          ? 'double'
          : typeof value === 'boolean'
            ? 'bool'
            : 'string'
    if (!kinds.includes(kind)) kinds.push(kind)
  }
  if (bags.length) {
    const keys = new Map<string, Dynamic[]>()
    for (const bag of bags) for (const [key, value] of bag) keys.set(key, [...(keys.get(key) ?? []), value])
    kinds.push(new Map([...keys].map(([key, inner]): [string, Dynamic] => [key, schemaOf(inner)])))
  }
  if (arrays.length) kinds.push(new Map<string, Dynamic>([['`indexer`', schemaOf(arrays.flat())]]))
  if (kinds.length === 0) return null
  return kinds.length === 1 ? kinds[0]! : kinds
}
