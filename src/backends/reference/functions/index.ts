import { AGGREGATE_HELPERS } from './aggregate-helpers.js'
import { COLLECTIONS } from './collection.js'
import { CONVERSIONS } from './convert.js'
import { ENCODINGS } from './encoding.js'
import type { ScalarFunction } from './function.js'
import { GEOGRAPHY } from './geography/index.js'
import { NETWORK } from './network.js'
import { NUMBERS } from './number.js'
import { SERIES } from './series.js'
import { TEXTS } from './text.js'
import { TIMES } from './time.js'
import { UNIT_CONVERSIONS } from './units.js'

let functions: ReadonlyMap<string, ScalarFunction> | undefined

/** The pure functions of the query model, by name. */
export function scalarFunction(name: string): ScalarFunction | undefined {
  functions ??= new Map(
    Object.entries({
      ...CONVERSIONS,
      ...NUMBERS,
      ...UNIT_CONVERSIONS,
      ...TEXTS,
      ...TIMES,
      ...COLLECTIONS,
      ...ENCODINGS,
      ...NETWORK,
      ...SERIES,
      ...GEOGRAPHY,
      ...AGGREGATE_HELPERS,
    }),
  )
  return functions.get(name)
}
