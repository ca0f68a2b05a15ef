import type { AggregateCall } from '../../ir/relation.js'
import type { ScalarType } from '../../ir/types.js'
import { NotEmitted } from '../not-emitted.js'
import { emitScalar, emitTruth, type ScalarScope } from './emit-scalar.js'
import { jsonArray, jsonOrNull, toJson } from './functions.js'
import { sqlLiteral } from './sql-values.js'

/** SQL of one aggregate. `place` is the number of the row in its order, where the rows have one. */
export function emitAggregate(call: AggregateCall, scope: ScalarScope, place: string | undefined): string {
  const args = call.arguments.map((argument) => emitScalar(argument, scope))
  const [value] = args as [string]
  const type = call.arguments[0]?.type ?? 'long'
  const condition = call.condition && emitTruth(call.condition, scope)
  const where = (extra?: string): string => {
    const all = [condition, extra].filter((each) => each !== undefined)
    return all.length === 0 ? '' : ` FILTER (WHERE ${all.join(' AND ')})`
  }
  const present = type === 'string' ? undefined : `${value} IS NOT NULL`
  const filter = where()
  const real = call.type === 'real' || call.type === 'decimal'
  const list = (item: string, extra: string | undefined): string =>
    place === undefined
      ? `groupArray(${item})${where(extra)}`
      : `arrayMap(p -> p.2, arraySort(p -> p.1, groupArray((${place}, ${item}))${where(extra)}))`
  const items = (): string => list(`assumeNotNull(${toJson(value, type)})`, present)
  // In the rows' order where they have one, else sorted, so that the same rows give the same set.
  const distinct = (): string =>
    place === undefined
      ? `arraySort(groupUniqArray(assumeNotNull(${toJson(value, type)}))${where(present)})`
      : `arrayDistinct(${items()})`
  const numbers = `toFloat64(${value})`
  const spread = (name: string, least: number): string =>
    `if(count(${value})${filter} <= ${least}, 0., ifNull(${name}(${numbers})${filter}, 0))`
  switch (call.function) {
    case 'count':
      return `toInt64(count()${filter})`
    case 'sum':
      return real ? `ifNull(sum(${value})${filter}, 0)` : `toInt64(ifNull(sum(${value})${filter}, 0))`
    case 'average':
      if (call.type === 'timespan' || call.type === 'datetime')
        return `accurateCastOrNull(round(toFloat64(sum(toInt128(${value}))${filter}) / count(${value})${filter}), 'Int64')`
      return `ifNull(avg(${numbers})${filter}, nan)`
    case 'min':
    case 'max':
      // Without rows a text that cannot be NULL would be the empty one, which is what is wanted.
      return real
        ? `${call.function === 'max' ? extremeReal('max', value, filter) : extremeReal('min', value, filter)}`
        : `${call.function}(${value})${filter}`
    case 'count-distinct':
      return `toInt64(uniqExact(${value})${filter})`
    case 'any':
      // Any would do; the least is the same on every engine and in every run.
      if (call.type === 'string') return `ifNull(min(nullIf(${value}, ''))${filter}, '')`
      return real ? extremeReal('min', value, filter) : `min(${value})${filter}`
    case 'list':
      return jsonArray(limited(type === 'dynamic' ? elementsOf(items()) : items(), args[1]))
    case 'list-with-nulls':
      return jsonArray(limited(list(jsonOrNull(value, type), undefined), args[1]))
    case 'set':
      return jsonArray(limited(type === 'dynamic' ? `arrayDistinct(${elementsOf(items())})` : distinct(), args[1]))
    case 'sketch':
      return `nullIf(${jsonArray(distinct())}, '[]')`
    case 'digest':
      return `nullIf(${jsonArray(items())}, '[]')`
    case 'stdev':
      return spread('stddevSampStable', 1)
    case 'stdev-population':
      return spread('stddevPopStable', 0)
    case 'variance':
      return spread('varSampStable', 1)
    case 'variance-population':
      return spread('varPopStable', 0)
    case 'covariance':
    case 'covariance-population': {
      const [least, name] = call.function === 'covariance' ? [1, 'covarSampStable'] : [0, 'covarPopStable']
      const both = `${value} IS NOT NULL AND ${args[1]} IS NOT NULL`
      return `if(count()${where(both)} <= ${least}, 0., ifNull(${name}(${numbers}, toFloat64(${args[1]}))${filter}, 0))`
    }
    case 'percentile':
      return percentile(call, value, args, filter)
    case 'bits-and':
      return `toInt64(groupBitAnd(${value})${filter})`
    case 'bits-or':
      return `toInt64(groupBitOr(${value})${filter})`
    case 'bits-xor':
      return `toInt64(groupBitXor(${value})${filter})`
    case 'bag':
      return mergedBags(list(`assumeNotNull(${value})`, `startsWith(${value}, '{')`))
    default:
      throw new NotEmitted(`the aggregate \`${call.function}\``, call.arguments[0]?.span)
  }
}

/** Kusto takes the elements of arrays, not the arrays. */
const elementsOf = (list: string): string =>
  `arrayFlatten(arrayMap(e -> if(startsWith(e, '['), JSONExtractArrayRaw(e), [e]), ${list}))`

/** NaN lies above all numbers; ClickHouse's extremes ignore it. */
const extremeReal = (name: 'max' | 'min', value: string, filter: string): string =>
  name === 'max'
    ? `if(max(ifNull(isNaN(${value}), 0))${filter} = 1, nan, max(${value})${filter})`
    : `coalesce(min(if(isNaN(${value}), NULL, ${value}))${filter}, min(${value})${filter})`

/** The value at the nearest rank. */
function percentile(call: AggregateCall, value: string, args: readonly string[], filter: string): string {
  const [, percent] = call.arguments
  if (args[2] !== undefined) throw new NotEmitted('a percentile with weights', call.arguments[2]!.span)
  if (percent?.kind !== 'literal' || percent.value === null)
    throw new NotEmitted('a percentile that is not a constant', percent?.span)
  // ClickHouse takes the element at floor(level × n), and the nearest rank is one before it where that is whole.
  const level = Math.max(0, Math.min(1, Number(percent.value) / 100) - 1e-12)
  return `quantileExact(${level})(${value})${filter}`
}

/** One bag of all; of a key that several have, the first. */
const mergedBags = (bags: string): string =>
  `concat('{', arrayStringConcat(arrayMap(p -> concat(toJSONString(p.1), ':', p.2), arrayFold((a, p) -> if(arrayExists(q -> q.1 = p.1, a), a, arrayPushBack(a, p)), arrayFlatten(arrayMap(b -> JSONExtractKeysAndValuesRaw(b), ${bags})), CAST([], 'Array(Tuple(String, String))'))), ','), '}')`

/** The row with the greatest or least value, as a tuple of what is asked for; where the value is null everywhere, any row. */
export function emitExtreme(calls: readonly AggregateCall[], scope: ScalarScope, place: string | undefined): string {
  const first = calls[0]!
  const [argument] = first.arguments
  const by = emitScalar(argument!, scope)
  const greatest = first.function === 'arg-max'
  const fields = calls.map((call) => emitScalar(call.arguments[1]!, scope))
  const missing = argument!.type === 'string' ? [] : [`${by} IS ${greatest ? 'NOT ' : ''}NULL`]
  const known = argument!.type === 'string' ? by : `ifNull(${by}, ${zeroOf(argument!.type)})`
  const last = place === undefined ? [] : [greatest ? `-${place}` : place]
  return `${greatest ? 'argMax' : 'argMin'}(tuple(${fields.join(', ')}), tuple(${[...missing, known, ...last].join(', ')}))`
}

function zeroOf(type: ScalarType): string {
  if (type === 'bool') return 'false'
  if (type === 'guid' || type === 'dynamic' || type === 'string') return "''"
  return sqlLiteral(type, type === 'real' || type === 'decimal' ? 0 : 0n)
}

const limited = (list: string, most: string | undefined): string =>
  most === undefined ? list : `arraySlice(${list}, 1, ${most})`
