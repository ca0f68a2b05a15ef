import type { Scalar } from '../../ir/scalar.js'
import { isArray, type Value } from '../../ir/value.js'
import { scalarFunction } from './functions/index.js'
import { type Evaluation, evaluate } from './scalar.js'

type WindowCall = Extract<Scalar, { kind: 'window-call' }>

/** The value of a window function in each row, in order. */
export function windowValues(call: WindowCall, rows: readonly Evaluation[]): readonly Value[] {
  if (call.name === 'prev' || call.name === 'next') return shifted(call, rows)
  const table = rows.map((row) => call.arguments.map((argument) => evaluate(argument, row)))
  const result = scalarFunction(`${call.name}_of`)!([table], ['dynamic'], 'dynamic')
  return isArray(result) ? result : []
}

function shifted(call: WindowCall, rows: readonly Evaluation[]): readonly Value[] {
  const [value, by, fallback] = call.arguments
  return rows.map((row, index) => {
    const offset = by ? Number(evaluate(by, row)) : 1
    const other = rows[call.name === 'prev' ? index - offset : index + offset]
    if (other) return evaluate(value!, other)
    return fallback ? evaluate(fallback, row) : call.type === 'string' ? '' : null
  })
}
