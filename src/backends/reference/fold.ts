import { mapQuery } from '../../ir/map.js'
import type { Query } from '../../ir/relation.js'
import { literal, type Scalar } from '../../ir/scalar.js'
import { AssertionFailed } from './functions/convert.js'
import { NotSupported } from './functions/function.js'
import { scalarFunction } from './functions/index.js'
import { BadPattern } from './functions/pattern.js'

/** Calls whose arguments are all known are known themselves: `ago(24h)`, `datetime_add('day', 1, startofday(now()))`. */
export const foldConstants = (query: Query): Query => mapQuery(query, fold)

const CHANGING: ReadonlySet<string> = new Set(['rand', 'new_guid', 'assert'])

/** Regular expressions run on the engine, in linear time; JavaScript's could take for ever. */
const PATTERNS: ReadonlySet<string> = new Set(
  'extract extract_all replace_regex trim trim_start trim_end countof indexof_regex captures parse_pairs_regex'.split(
    ' ',
  ),
)

function fold(value: Scalar): Scalar {
  if (value.kind !== 'call' || CHANGING.has(value.name) || PATTERNS.has(value.name)) return value
  const args = value.arguments.flatMap((argument) => (argument.kind === 'literal' ? [argument] : []))
  if (args.length !== value.arguments.length) return value
  const compute = scalarFunction(value.name)
  if (!compute) return value
  try {
    const result = compute(
      args.map((argument) => argument.value),
      args.map(({ type }) => type),
      value.type,
    )
    return literal(value.type, value.type === 'string' && result === null ? '' : result, value.span)
  } catch (error) {
    if (
      error instanceof AssertionFailed ||
      error instanceof BadPattern ||
      error instanceof NotSupported ||
      error instanceof RangeError
    )
      return value
    throw error
  }
}
