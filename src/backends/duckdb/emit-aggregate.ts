import type { AggregateCall } from '../../ir/relation.js'
import { emitCondition, emitScalar, type ScalarScope } from './emit-scalar.js'
import { decode, toJson } from './functions.js'
import { quoteText } from './quote.js'

/** SQL of one aggregate. `order` is how its rows lie, for those that keep it. */
export function emitAggregate(call: AggregateCall, scope: ScalarScope, order: readonly string[]): string {
  const args = call.arguments.map((argument) => emitScalar(argument, scope))
  const [value] = args as [string]
  const type = call.arguments[0]?.type ?? 'long'
  const filter = call.condition ? ` FILTER (WHERE ${emitCondition(call.condition, scope)})` : ''
  const where = (extra: string): string =>
    call.condition ? ` FILTER (WHERE ${emitCondition(call.condition, scope)} AND ${extra})` : ` FILTER (WHERE ${extra})`
  const sorted = order.length ? ` ORDER BY ${order.join(', ')}` : ''
  const script = (name: string, list: string): string =>
    decode(`latchkey_call(${quoteText(`${name}(dynamic)${call.type}`)}, CAST(${list} AS VARCHAR))`, call.type)
  const jsonList = (extra = `${value} IS NOT NULL`): string =>
    `coalesce(to_json(list(${toJson(value, type)}${sorted})${where(extra)}), '[]')`
  switch (call.function) {
    case 'count':
      return `count(*)${filter}`
    case 'sum':
      return call.type === 'real' || call.type === 'decimal'
        ? `coalesce(sum(${value})${filter}, 0)`
        : `coalesce(TRY_CAST(sum(${value})${filter} AS BIGINT), 0)`
    case 'average':
      if (call.type === 'timespan' || call.type === 'datetime') return `CAST(avg(${value})${filter} AS BIGINT)`
      return `coalesce(avg(${value})${filter}, CAST('nan' AS DOUBLE))`
    case 'min':
    case 'max':
      return call.type === 'string'
        ? `coalesce(${call.function}(${value})${filter}, '')`
        : `${call.function}(${value})${filter}`
    case 'count-distinct':
      return `count(DISTINCT ${value})${filter}`
    case 'any':
      // Any would do; the least is the same on every engine and in every run.
      if (call.type === 'string') return `coalesce(min(nullif(${value}, ''))${filter}, '')`
      return call.type === 'dynamic'
        ? `CAST(min(CAST(${value} AS VARCHAR))${filter} AS JSON)`
        : `min(${value})${filter}`
    case 'list':
      // Kusto takes the elements of arrays, not the arrays.
      if (type === 'dynamic')
        return limited(
          `coalesce(to_json(flatten(list(CASE json_type(${value}) WHEN 'ARRAY' THEN json_extract(${value}, '$[*]') ELSE [${value}] END${sorted})${where(`${value} IS NOT NULL`)})), '[]')`,
          args[1],
        )
      return limited(jsonList(), args[1])
    case 'list-with-nulls':
      return limited(
        `coalesce(to_json(list(coalesce(${toJson(value, type)}, 'null')${sorted})${filter}), '[]')`,
        args[1],
      )
    case 'set':
      if (type === 'dynamic') return limited(script('set_of', jsonList()), args[1])
      return limited(distinctList(toJson(value, type), `${value} IS NOT NULL`, order, where), args[1])
    case 'sketch':
      return `nullif(${distinctList(toJson(value, type), `${value} IS NOT NULL`, order, where)}, '[]')`
    case 'stdev':
      return `coalesce(stddev_samp(${value})${filter}, 0)`
    case 'stdev-population':
      return `coalesce(stddev_pop(${value})${filter}, 0)`
    case 'variance':
      return `coalesce(var_samp(${value})${filter}, 0)`
    case 'variance-population':
      return `coalesce(var_pop(${value})${filter}, 0)`
    case 'covariance':
      return `coalesce(covar_samp(${value}, ${args[1]})${filter}, 0)`
    case 'covariance-population':
      return `coalesce(covar_pop(${value}, ${args[1]})${filter}, 0)`
    case 'percentile': {
      if (args[2] !== undefined) {
        const pairs = `to_json(list([${toJson(value, type)}, to_json(${args[2]})])${filter})`
        return decode(
          `latchkey_call('weighted_percentile(dynamic,real)${call.type}', CAST(${pairs} AS VARCHAR), CAST(${args[1]} AS VARCHAR))`,
          call.type,
        )
      }
      return `quantile_disc(${value}, ${args[1]} / 100)${filter}`
    }
    case 'bits-and':
      return `bit_and(${value})${filter}`
    case 'bits-or':
      return `bit_or(${value})${filter}`
    case 'bits-xor':
      return `bit_xor(${value})${filter}`
    case 'series':
      return `to_json(list([to_json(${value}), ${toJson(args[1]!, call.arguments[1]!.type)}])${filter})`
    case 'digest':
      return `nullif(${jsonList()}, '[]')`
    case 'bag':
    case 'schema':
    case 'sketch-merge':
    case 'digest-merge':
      return script(`${call.function.replace('-', '_')}_of`, jsonList())
    default:
      throw new Error(`no SQL for the aggregate ${call.function}`)
  }
}

/** The first row by the value, as a struct of what is asked for; where the value is null everywhere, any row. */
export function emitExtreme(calls: readonly AggregateCall[], scope: ScalarScope, order: readonly string[]): string {
  const first = calls[0]!
  const by = emitScalar(first.arguments[0]!, scope)
  const fields = calls.map((call, index) => `f${index} := ${emitScalar(call.arguments[1]!, scope)}`)
  const struct = `struct_pack(${fields.join(', ')})`
  if (order.length > 0) {
    const direction = first.function === 'arg-max' ? 'DESC' : 'ASC'
    return `first(${struct} ORDER BY ${by} ${direction} NULLS LAST, ${order.join(', ')})`
  }
  return `coalesce(${first.function === 'arg-max' ? 'arg_max' : 'arg_min'}(${struct}, ${by}), any_value(${struct}))`
}

/** Each value once: in the rows' order where they have one, else sorted, so that the same rows give the same set. */
function distinctList(
  value: string,
  present: string,
  order: readonly string[],
  where: (extra: string) => string,
): string {
  if (order.length === 0) return `coalesce(to_json(list(DISTINCT ${value} ORDER BY ${value})${where(present)}), '[]')`
  const all = `list(${value} ORDER BY ${order.join(', ')})${where(present)}`
  return `coalesce(to_json(list_transform([${all}], lambda l: list_filter(l, lambda x, i: list_position(l, x) = i))[1]), '[]')`
}

const limited = (list: string, most: string | undefined): string =>
  most === undefined ? list : `coalesce(to_json(list_slice(json_extract(${list}, '$[*]'), 1, ${most})), '[]')`
