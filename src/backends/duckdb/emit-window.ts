import type { Scalar } from '../../ir/scalar.js'
import { emitCondition, emitScalar, type ScalarScope } from './emit-scalar.js'

type WindowCall = Extract<Scalar, { kind: 'window-call' }>

/** SQL of a function that looks at other rows, in the order the rows have. */
export function emitWindow(
  call: WindowCall,
  scope: ScalarScope,
  order: readonly string[],
  keys: readonly string[],
): string {
  const args = call.arguments.map((argument) =>
    argument.type === 'bool' ? emitCondition(argument, scope) : emitScalar(argument, scope),
  )
  const partition = keys.length ? `PARTITION BY ${keys.join(', ')} ` : ''
  const sorted = order.length ? `ORDER BY ${order.join(', ')}` : ''
  const over = `OVER (${partition}${sorted})`
  const [value] = args as [string]
  switch (call.name) {
    case 'prev':
    case 'next': {
      const offset = args[1] ?? '1'
      const fallback = args[2] === undefined ? '' : `, ${args[2]}`
      const sql = `${call.name === 'prev' ? 'lag' : 'lead'}(${value}, CAST(${offset} AS BIGINT)${fallback}) ${over}`
      return call.type === 'string' ? `coalesce(${sql}, '')` : sql
    }
    case 'row_number':
      if (args[1] === undefined) return `(row_number() ${over} + ${args[0] ?? '1'} - 1)`
      break
    case 'row_cumsum':
      if (args[1] === undefined)
        return `CAST(sum(coalesce(${value}, 0)) OVER (${partition}${sorted} ROWS UNBOUNDED PRECEDING) AS ${call.type === 'real' ? 'DOUBLE' : 'BIGINT'})`
      break
    default:
      break
  }
  return emitRestarting(call, args, partition, sorted)
}

/** Functions that begin again where a condition holds: the rows' values as one list go through JavaScript, and each row takes its place's result. */
function emitRestarting(call: WindowCall, args: readonly string[], partition: string, sorted: string): string {
  const row = `to_json([${args.map((sql) => `to_json(${sql})`).join(', ')}])`
  const rows = `to_json(list(${row}) OVER (${partition}${sorted} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING))`
  const name = `${call.name}_of`
  const types = call.arguments.map(({ type }) => type).join('/')
  const result = `latchkey_call('${name}(dynamic,string)dynamic', CAST(${rows} AS VARCHAR), '${types}')`
  const at = `json_extract_string(${result}, '$[' || (row_number() OVER (${partition}${sorted}) - 1) || ']')`
  return `CAST(${at} AS ${call.type === 'real' ? 'DOUBLE' : 'BIGINT'})`
}
