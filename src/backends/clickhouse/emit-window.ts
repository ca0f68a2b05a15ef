import type { Scalar } from '../../ir/scalar.js'
import { NotEmitted } from '../not-emitted.js'
import { emitScalar, type ScalarScope } from './emit-scalar.js'

type WindowCall = Extract<Scalar, { kind: 'window-call' }>

/** SQL of a function that looks at other rows, in the order the rows have. */
export function emitWindow(
  call: WindowCall,
  scope: ScalarScope,
  order: readonly string[],
  keys: readonly string[],
): string {
  const args = call.arguments.map((argument) => emitScalar(argument, scope))
  const partition = keys.length ? `PARTITION BY ${keys.join(', ')} ` : ''
  const sorted = order.length ? `ORDER BY ${order.join(', ')}` : ''
  const over = `OVER (${partition}${sorted} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`
  const running = `OVER (${partition}${sorted} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`
  const [value] = args as [string]
  switch (call.name) {
    case 'prev':
    case 'next': {
      const [, by, fallback] = call.arguments
      if (by !== undefined && by.kind !== 'literal')
        throw new NotEmitted(`an offset of \`${call.name}\` that is not a constant`, by.span)
      const offset = by?.kind === 'literal' ? Number(by.value) : 1
      const forward = (call.name === 'next') === offset >= 0
      const name = forward ? 'leadInFrame' : 'lagInFrame'
      // A text has no NULL, and what lies outside is the empty one; anything else is made nullable first.
      const subject = call.type === 'string' ? value : `toNullable(${value})`
      const rest = fallback === undefined ? '' : `, ${call.type === 'string' ? args[2] : `toNullable(${args[2]})`}`
      return `${name}(${subject}, ${Math.abs(offset)}${rest}) ${over}`
    }
    case 'row_number':
      if (args[1] === undefined) return `(toInt64(row_number() OVER (${partition}${sorted})) + ${args[0] ?? '1'} - 1)`
      break
    case 'row_cumsum':
      if (args[1] === undefined) {
        const sum = `sum(ifNull(${value}, 0)) ${running}`
        return call.type === 'real' ? `toFloat64(${sum})` : `toInt64(${sum})`
      }
      break
    default:
      break
  }
  throw new NotEmitted(`\`${call.name}\` that begins again`, call.span)
}
