import type { ScalarType } from '../../ir/types.js'

/** How an aggregate takes its arguments, the type it gives, and the start of the name its column gets. */
export interface AggregateSignature {
  /** Aggregate of the query model. */
  readonly is: string
  readonly least: number
  readonly most: number
  readonly result: ScalarType | '$1' | 'sum' | 'average'
  /** The column is `<prefix>_<argument>`; the last argument is a condition where `conditional` says so. */
  readonly prefix: string
  readonly conditional: boolean
}

const row = (
  is: string,
  least: number,
  most: number,
  result: AggregateSignature['result'],
  prefix = is,
  conditional = false,
): AggregateSignature => ({ is, least, most, result, prefix, conditional })

/** https://learn.microsoft.com/kusto/query/aggregation-functions */
export const AGGREGATES: Readonly<Record<string, AggregateSignature>> = {
  count: row('count', 0, 1, 'long'),
  countif: row('count', 1, 1, 'long', 'countif', true),
  sum: row('sum', 1, 1, 'sum'),
  sumif: row('sum', 2, 2, 'sum', 'sumif', true),
  avg: row('average', 1, 1, 'average', 'avg'),
  avgif: row('average', 2, 2, 'average', 'avgif', true),
  min: row('min', 1, 1, '$1'),
  minif: row('min', 2, 2, '$1', 'minif', true),
  max: row('max', 1, 1, '$1'),
  maxif: row('max', 2, 2, '$1', 'maxif', true),
  dcount: row('count-distinct', 1, 2, 'long', 'dcount'),
  dcountif: row('count-distinct', 2, 3, 'long', 'dcountif', true),
  count_distinct: row('count-distinct', 1, 1, 'long', 'count_distinct'),
  count_distinctif: row('count-distinct', 2, 2, 'long', 'count_distinctif', true),
  make_set: row('set', 1, 2, 'dynamic', 'set'),
  make_set_if: row('set', 2, 3, 'dynamic', 'set', true),
  make_list: row('list', 1, 2, 'dynamic', 'list'),
  make_list_if: row('list', 2, 3, 'dynamic', 'list', true),
  make_list_with_nulls: row('list-with-nulls', 1, 2, 'dynamic', 'list'),
  make_bag: row('bag', 1, 2, 'dynamic', 'bag'),
  make_bag_if: row('bag', 2, 3, 'dynamic', 'bag', true),
  take_any: row('any', 1, 1, '$1', ''),
  take_anyif: row('any', 2, 2, '$1', '', true),
  stdev: row('stdev', 1, 1, 'real'),
  stdevif: row('stdev', 2, 2, 'real', 'stdevif', true),
  stdevp: row('stdev-population', 1, 1, 'real', 'stdevp'),
  variance: row('variance', 1, 1, 'real'),
  varianceif: row('variance', 2, 2, 'real', 'varianceif', true),
  variancep: row('variance-population', 1, 1, 'real', 'variancep'),
  variancepif: row('variance-population', 2, 2, 'real', 'variancepif', true),
  covariance: row('covariance', 2, 2, 'real'),
  covarianceif: row('covariance', 3, 3, 'real', 'covarianceif', true),
  covariancep: row('covariance-population', 2, 2, 'real', 'covariancep'),
  covariancepif: row('covariance-population', 3, 3, 'real', 'covariancepif', true),
  percentile: row('percentile', 2, 2, '$1'),
  binary_all_and: row('bits-and', 1, 1, 'long', 'binary_all_and'),
  binary_all_or: row('bits-or', 1, 1, 'long', 'binary_all_or'),
  binary_all_xor: row('bits-xor', 1, 1, 'long', 'binary_all_xor'),
  buildschema: row('schema', 1, 1, 'dynamic', 'schema'),
  hll: row('sketch', 1, 2, 'dynamic', 'hll'),
  hll_if: row('sketch', 2, 3, 'dynamic', 'hll', true),
  hll_merge: row('sketch-merge', 1, 1, 'dynamic', 'hll_merge'),
  tdigest: row('digest', 1, 2, 'dynamic', 'tdigest'),
  tdigest_merge: row('digest-merge', 1, 1, 'dynamic', 'tdigest_merge'),
  merge_tdigest: row('digest-merge', 1, 1, 'dynamic', 'merge_tdigest'),
}

export const AGGREGATE_ALIASES: Readonly<Record<string, string>> = {
  makeset: 'make_set',
  makelist: 'make_list',
  make_dictionary: 'make_bag',
  any: 'take_any',
  anyif: 'take_anyif',
  argmax: 'arg_max',
  argmin: 'arg_min',
}

/** Aggregates that give several columns and are lowered by hand. */
export const WIDE_AGGREGATES: ReadonlySet<string> = new Set([
  'arg_max',
  'arg_min',
  'take_any',
  'percentiles',
  'percentiles_array',
  'percentilew',
  'percentilesw',
  'percentilesw_array',
])
