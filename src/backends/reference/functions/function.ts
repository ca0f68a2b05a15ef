import type { ScalarType } from '../../../ir/types.js'
import type { Value } from '../../../ir/value.js'

/** A scalar function: values with their types, and the type to give. */
export type ScalarFunction = (args: readonly Value[], types: readonly ScalarType[], result: ScalarType) => Value

export type Functions = Readonly<Record<string, ScalarFunction>>

/** A function that is null where any argument is. */
export const strict =
  (compute: ScalarFunction): ScalarFunction =>
  (args, types, result) =>
    args.some((value) => value === null) ? (result === 'string' ? '' : null) : compute(args, types, result)

/** A value for which the answer is not worked out; the query ends with it and gives no wrong answer. */
export class NotSupported extends Error {
  constructor(what: string) {
    super(`${what} is not supported`)
  }
}
