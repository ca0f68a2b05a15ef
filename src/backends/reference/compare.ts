import type { ScalarType } from '../../ir/types.js'
import { printDynamic, type Value } from '../../ir/value.js'

/** Order of two values of one type, neither null: strings by code point, NaN above all numbers. */
export function compareValues(left: Value, right: Value, type: ScalarType): number {
  switch (type) {
    case 'string':
    case 'guid':
      return compareText(String(left), String(right))
    case 'dynamic':
      return compareText(printDynamic(left), printDynamic(right))
    case 'real':
    case 'decimal':
      return compareReals(Number(left), Number(right))
    case 'bool':
    case 'int':
    case 'long':
    case 'datetime':
    case 'timespan':
      return left === right ? 0 : (left as bigint) < (right as bigint) ? -1 : 1
  }
}

function compareReals(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right))
  return left === right ? 0 : left < right ? -1 : 1
}

/** By code point, as UTF-8 bytes compare; UTF-16 units differ beyond the first plane. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (a === b) continue
    const surrogates = (a >= 0xd800 && a <= 0xdfff ? 1 : 0) - (b >= 0xd800 && b <= 0xdfff ? 1 : 0)
    return surrogates !== 0 ? surrogates : a < b ? -1 : 1
  }
  return left.length < right.length ? -1 : 1
}

/** A key under which equal values meet. */
export const keyOf = (value: Value): string => (value === null ? 'null' : `${typeof value}:${printDynamic(value)}`)
