import type { ScalarType } from '../../../ir/types.js'
import { type Dynamic, type DynamicArray, isArray, isBag, type Value } from '../../../ir/value.js'
import { compareText, keyOf } from '../compare.js'
import { dynamicOf, dynamicText } from './convert.js'
import { type Functions, strict } from './function.js'

const array = (value: Value | undefined): DynamicArray | undefined =>
  value !== undefined && isArray(value) ? value : undefined

/** A function of an array; null where the argument is none. */
const ofArray =
  (compute: (items: DynamicArray, rest: readonly Value[], types: readonly ScalarType[]) => Value) =>
  (args: readonly Value[], types: readonly ScalarType[]): Value => {
    const items = array(args[0])
    return items ? compute(items, args.slice(1), types.slice(1)) : null
  }

/** Elements compare by kind first: numbers, then text. */
function compareElements(left: Dynamic, right: Dynamic): number {
  const isNumber = (value: Dynamic): boolean => typeof value === 'number' || typeof value === 'bigint'
  if (isNumber(left) && isNumber(right))
    return (left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0
  return compareText(dynamicText(left), dynamicText(right))
}

/** Sorts the first array and brings the others along; nulls last unless the last argument says first. */
function sortArrays(args: readonly Value[], descending: boolean): Value {
  const last = args[args.length - 1]
  const nullsLast = typeof last === 'boolean' ? last : true
  const arrays = args.filter((value) => typeof value !== 'boolean')
  const first = array(arrays[0])
  if (!first) return arrays.map(() => null)
  const order = first.map((_, index) => index)
  order.sort((left, right) => {
    const [a, b] = [first[left]!, first[right]!]
    if (a === null || b === null) return a === b ? 0 : (a === null) === nullsLast ? 1 : -1
    return descending ? compareElements(b, a) : compareElements(a, b)
  })
  return arrays.map((value) => {
    const items = array(value)
    return items && items.length === first.length ? order.map((index) => items[index]!) : null
  })
}

const wrapIndex = (index: number, length: number): number => (index < 0 ? length + index : index)

function slice(items: DynamicArray, from: Value, to: Value): Value {
  const start = Math.max(0, wrapIndex(Number(from), items.length))
  const end = wrapIndex(Number(to), items.length)
  return items.slice(start, end + 1)
}

function shift(items: DynamicArray, by: number, fill: Dynamic): Value {
  return items.map((_, index) => {
    const from = index + by
    return from >= 0 && from < items.length ? items[from]! : fill
  })
}

function rotate(items: DynamicArray, by: number): Value {
  const size = items.length
  return items.map((_, index) => items[(((index + by) % size) + size) % size]!)
}

function indexOf(
  items: DynamicArray,
  [value, from, length, occurrence]: readonly Value[],
  types: readonly ScalarType[],
): Value {
  const wanted = keyOf(dynamicOf(value!, types[0]!))
  const start = Math.max(0, wrapIndex(Number(from ?? 0n), items.length))
  const limit = Number(length ?? -1n)
  const end = limit < 0 ? items.length : start + limit
  let left = Number(occurrence ?? 1n)
  for (let index = start; index < Math.min(end, items.length); index++) {
    if (keyOf(items[index]!) === wanted && --left === 0) return BigInt(index)
  }
  return -1n
}

function split(items: DynamicArray, where: Value): Value {
  const cuts = (isArray(where) ? where : [where]).map((cut) =>
    Math.max(0, Math.min(items.length, wrapIndex(Number(cut), items.length))),
  )
  const edges = [0, ...cuts, items.length]
  return edges.slice(1).map((edge, index) => items.slice(edges[index], edge))
}

const unique = (items: DynamicArray): DynamicArray => [...new Map(items.map((item) => [keyOf(item), item])).values()]

const keys = (items: DynamicArray): Set<string> => new Set(items.map(keyOf))

function pack(args: readonly Value[], types: readonly ScalarType[], dropEmpty = false): Value {
  const bag = new Map<string, Dynamic>()
  for (let index = 0; index + 1 < args.length; index += 2) {
    const value = dynamicOf(args[index + 1]!, types[index + 1]!)
    if (dropEmpty && (value === null || value === '')) continue
    bag.set(String(args[index]), value)
  }
  return bag
}

function removeKeys(bag: ReadonlyMap<string, Dynamic>, gone: DynamicArray): Value {
  return gone.reduce<ReadonlyMap<string, Dynamic>>((left, path) => {
    const text = String(path)
    return removePath(left, text.startsWith('$') ? pathSteps(text) : [text])
  }, bag)
}

function removePath(
  bag: ReadonlyMap<string, Dynamic>,
  [first, ...rest]: readonly (string | number)[],
): ReadonlyMap<string, Dynamic> {
  const copy = new Map(bag)
  const key = String(first)
  if (rest.length === 0) copy.delete(key)
  else {
    const inner = copy.get(key)
    if (inner !== undefined && isBag(inner)) copy.set(key, removePath(inner, rest))
  }
  return copy
}

/** `$.a['b c'][0]` → its steps. */
export function pathSteps(path: string): (string | number)[] {
  return [...path.matchAll(/\.?([A-Za-z_][\w-]*)|\[\s*(-?\d+)\s*\]|\[\s*['"](.*?)['"]\s*\]/g)].map((found) =>
    found[2] === undefined ? (found[3] ?? found[1]!) : Number(found[2]),
  )
}

/** A property or an element; null where there is none. */
export function accessOf(value: Value, key: Value): Dynamic {
  if (value === null || key === null) return null
  if (isArray(value))
    return typeof key === 'bigint' || typeof key === 'number'
      ? (value[wrapIndex(Number(key), value.length)] ?? null)
      : null
  return isBag(value) && typeof key === 'string' ? (value.get(key) ?? null) : null
}

function range([from, to, step]: readonly Value[], types: readonly ScalarType[]): Value {
  const [type] = types
  const most = 1_048_576
  const found: Dynamic[] = []
  if (type === 'real' || type === 'decimal') {
    const size = Number(step)
    if (size === 0) return null
    for (let count = 0; count < most; count++) {
      const value = Number(from) + count * size
      if (size > 0 ? value > Number(to) : value < Number(to)) break
      found.push(value)
    }
    return found
  }
  const size = step as bigint
  if (size === 0n) return null
  for (
    let value = from as bigint;
    (size > 0n ? value <= (to as bigint) : value >= (to as bigint)) && found.length < most;
    value += size
  )
    found.push(dynamicOf(value, type!))
  return found
}

function jaccard(left: DynamicArray, right: DynamicArray): number {
  const [a, b] = [keys(left), keys(right)]
  const both = [...a].filter((key) => b.has(key)).length
  const all = new Set([...a, ...b]).size
  return all === 0 ? Number.NaN : both / all
}

/** All paths to leaves: `['a']`, `['a']['b']`, `['c'][0]`. */
function treePaths(value: Dynamic, prefix = ''): string[] {
  if (isBag(value))
    return [...value].flatMap(([key, inner]) => [`${prefix}['${key}']`, ...treePaths(inner, `${prefix}['${key}']`)])
  if (isArray(value))
    return value.flatMap((inner, index) => [`${prefix}[${index}]`, ...treePaths(inner, `${prefix}[${index}]`)])
  return []
}

const allArrays = (args: readonly Value[]): readonly DynamicArray[] | undefined => {
  const found = args.map(array)
  return found.every((each) => each !== undefined) ? (found as DynamicArray[]) : undefined
}

export const COLLECTIONS: Functions = {
  access: ([value, key]) => accessOf(value!, key!),
  json_path: ([value, path]) =>
    pathSteps(String(path)).reduce<Dynamic>(
      (at, step) => accessOf(at, typeof step === 'number' ? BigInt(step) : step),
      value!,
    ),
  array_length: ofArray((items) => BigInt(items.length)),
  array_concat: (args) => args.flatMap((value) => array(value) ?? (value === null ? [] : [])),
  array_iff: ofArray((items, [yes, no], types) =>
    items.map((item, index) => {
      const holds =
        item === true || (typeof item === 'bigint' && item !== 0n) || (typeof item === 'number' && item !== 0)
      const [side, type] = holds ? [yes!, types[0]!] : [no!, types[1]!]
      const list = array(side)
      return item === null ? null : list ? (list[index] ?? null) : dynamicOf(side, type)
    }),
  ),
  array_index_of: ofArray(indexOf),
  array_reverse: ofArray((items) => [...items].reverse()),
  array_rotate_left: ofArray((items, [by]) => rotate(items, Number(by))),
  array_rotate_right: ofArray((items, [by]) => rotate(items, -Number(by))),
  array_shift_left: ofArray((items, [by, fill], types) =>
    shift(items, Number(by), fill === undefined ? null : dynamicOf(fill, types[1]!)),
  ),
  array_shift_right: ofArray((items, [by, fill], types) =>
    shift(items, -Number(by), fill === undefined ? null : dynamicOf(fill, types[1]!)),
  ),
  array_slice: ofArray((items, [from, to]) => slice(items, from!, to!)),
  array_split: ofArray((items, [where]) => split(items, where!)),
  array_sort_asc: (args) => sortArrays(args, false),
  array_sort_desc: (args) => sortArrays(args, true),
  strcat_array: ([value, delimiter]) => (array(value) ?? []).map(dynamicText).join(String(delimiter ?? '')),
  zip: (args) => {
    const arrays = args.map((value) => array(value) ?? [])
    const length = Math.max(0, ...arrays.map((items) => items.length))
    return Array.from({ length }, (_, index) => arrays.map((items) => items[index] ?? null))
  },
  repeat: ([value, count], types) =>
    count === null ? null : Array(Math.max(0, Math.min(1_000_000, Number(count)))).fill(dynamicOf(value!, types[0]!)),
  range: strict((args, types) => range(args, types)),
  bag_has_key: ([value, key]) => {
    if (value === undefined || value === null || !isBag(value)) return null
    return String(key).startsWith('$.')
      ? pathSteps(String(key)).reduce<Dynamic>(
          (at, step) => accessOf(at, typeof step === 'number' ? BigInt(step) : step),
          value,
        ) !== null
      : value.has(String(key))
  },
  bag_keys: ([value]) => (isBag(value!) ? [...value.keys()] : null),
  bag_merge: (args) => {
    const found = new Map<string, Dynamic>()
    const bags = args.filter((value) => value !== null)
    if (bags.length === 0 || !bags.every(isBag)) return null
    for (const bag of bags) for (const [key, value] of bag) if (!found.has(key)) found.set(key, value)
    return found
  },
  bag_pack: (args, types) => pack(args, types),
  bag_pack_filled: (args, types) => pack(args, types, true),
  bag_remove_keys: ([bag, gone]) => (isBag(bag!) ? removeKeys(bag, array(gone) ?? []) : null),
  bag_set_key: ([bag, key, value], types) => {
    if (!isBag(bag!)) return null
    const steps = String(key).startsWith('$.') ? pathSteps(String(key)) : [String(key)]
    const set = (at: Dynamic, [first, ...rest]: readonly (string | number)[]): Dynamic => {
      const copy = new Map(isBag(at) ? at : [])
      copy.set(String(first), rest.length ? set(copy.get(String(first)) ?? null, rest) : dynamicOf(value!, types[2]!))
      return copy
    }
    return set(bag, steps)
  },
  bag_zip: ([names, values]) => {
    const left = array(names)
    if (!left) return null
    const right = array(values) ?? []
    return new Map(
      left.flatMap((name, index): [string, Dynamic][] =>
        typeof name === 'string' ? [[name, right[index] ?? null]] : [],
      ),
    )
  },
  pack_array: (args, types) => args.map((value, index) => dynamicOf(value, types[index]!)),
  set_has_element: ([value, element], types) =>
    array(value) ? keys(array(value)!).has(keyOf(dynamicOf(element!, types[1]!))) : null,
  set_equals: ([left, right]) => {
    const [a, b] = [array(left), array(right)]
    return a && b ? [...keys(a)].every((key) => keys(b).has(key)) && keys(a).size === keys(b).size : null
  },
  set_union: (args) => {
    const arrays = allArrays(args)
    return arrays ? unique(arrays.flat()) : null
  },
  set_intersect: (args) => {
    const arrays = allArrays(args)
    if (!arrays) return null
    const others = arrays.slice(1).map(keys)
    return unique(arrays[0]!).filter((item) => others.every((set) => set.has(keyOf(item))))
  },
  set_difference: (args) => {
    const arrays = allArrays(args)
    if (!arrays) return null
    const others = arrays.slice(1).map(keys)
    return unique(arrays[0]!).filter((item) => !others.some((set) => set.has(keyOf(item))))
  },
  jaccard_index: ([left, right]) => (array(left) && array(right) ? jaccard(array(left)!, array(right)!) : null),
  treepath: ([value]) => treePaths(value!),
  dcount_hll: ([value]) => (array(value) ? BigInt(array(value)!.length) : null),
  hll_merge: (args) => unique(args.flatMap((value) => array(value) ?? [])),
  merge_tdigest: (args) => args.flatMap((value) => array(value) ?? []),
  percentile_tdigest: strict(([value, percent], _types) => {
    const items = (array(value) ?? []).map(Number).sort((left, right) => left - right)
    return items.length ? items[Math.max(0, Math.ceil((Number(percent) / 100) * items.length) - 1)]! : null
  }),
  rank_tdigest: strict(([value, at]) => {
    const items = array(value)
    return items ? BigInt(items.filter((item) => Number(item) <= Number(at)).length) : null
  }),
}
