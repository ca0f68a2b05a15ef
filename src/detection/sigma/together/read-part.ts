import { randomBytes } from 'node:crypto'
import type { DuckDBDataChunk } from '@duckdb/node-api'
import { emitScalar } from '../../../backends/duckdb/emit-scalar.js'
import { quoteText } from '../../../backends/duckdb/quote.js'
import type { Store } from '../../../backends/duckdb/store.js'
import { VIEW_TYPES } from '../../../dialects/sigma/index.js'
import type { ScalarType } from '../../../ir/types.js'
import { prepare } from '../../run-query.js'
import { type SourcePart, widePart } from '../tables.js'
import { scopeOf } from './ask-engine.js'
import type { Predicates } from './predicates.js'

/** What rows are read for: columns of text and of whole numbers, and leaves that the engine answers for each row. */
export interface Wanted {
  readonly texts: readonly string[]
  readonly wholes: readonly string[]
  readonly rowLeaves: readonly number[]
}

/** Some rows, at most a few thousand. Columns stand in the order in which they are wanted. */
export interface RowBlock {
  readonly rows: number
  readonly uid: BigInt64Array
  /** Microseconds; `NO_TIME` where there is none. */
  readonly time: BigInt64Array
  /** Halves of a hash that tells values apart, and the values themselves, which are only made where they are asked for. */
  readonly texts: readonly { readonly hash: Int32Array; readonly value: (row: number) => string }[]
  /** Halves of the number; `NO_NUMBER` where there is none. */
  readonly wholes: readonly Int32Array[]
  /** 1 where a leaf is true. */
  readonly leaves: readonly Int8Array[]
}

const LEAST = '-9223372036854775808'
export const NO_TIME = BigInt(LEAST)
export const NO_NUMBER = NO_TIME

/**
 * Nobody who writes into a log can know this, so that no two values can be made to have one hash. Its length is not known either, and
 * moves the value against the hash's own blocks.
 */
const SECRET = quoteText(
  randomBytes(24)
    .toString('base64')
    .slice(0, 16 + (randomBytes(1)[0]! & 15)),
)

/** Reads the rows of a part in the order in which they lie. No other query may run on the store's connection meanwhile. */
export async function* readPart(
  store: Store,
  part: SourcePart,
  predicates: Predicates,
  wanted: Wanted,
): AsyncGenerator<RowBlock> {
  const { from, where, columns } = widePart(part, predicates.columns)
  const scope = scopeOf(
    new Map([...columns].map(([name, column]) => [name, { ...column, type: typeOf(predicates, name) }])),
  )
  const texts = wanted.texts.map((name) => `coalesce(${columns.get(name)!.sql}, '')`)
  const wholes = wanted.wholes.map((name) => `coalesce(${columns.get(name)!.sql}, ${LEAST})::BIGINT`)
  const leaves = wanted.rowLeaves.map((number) => {
    const leaf = predicates.leaves[number]!
    if (leaf.kind !== 'row') throw new Error('a leaf that is not asked of rows')
    return `coalesce(${emitScalar(leaf.scalar, scope)}, FALSE)::TINYINT`
  })
  const inner = [
    'uid',
    `coalesce(epoch_us("time"), ${LEAST})::BIGINT AS micros`,
    ...texts.map((sql, index) => `${sql} AS t${index}`),
    ...wholes.map((sql, index) => `${sql} AS w${index}`),
    ...leaves.map((sql, index) => `${sql} AS l${index}`),
  ]
  const outer = [
    'uid',
    'micros',
    ...texts.flatMap((_, index) => [`hash(${SECRET} || t${index})`, `t${index}`]),
    ...wholes.map((_, index) => `w${index}`),
    ...leaves.map((_, index) => `l${index}`),
  ]
  const sql = `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`})`
  prepare(store, sql)
  const result = await store.connection.stream(sql)
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return
    yield blockOf(chunk, wanted)
  }
}

const typeOf = (predicates: Predicates, name: string): ScalarType => {
  if (name === 'uid') return 'long'
  return name === 'time' ? 'datetime' : VIEW_TYPES[predicates.viewOf(name)]
}

function blockOf(chunk: DuckDBDataChunk, { texts, wholes, rowLeaves }: Wanted): RowBlock {
  let at = 0
  // Vectors of numbers lay their items bare, which the type of the general vector does not say.
  const items = <Items>(): Items => (chunk.getColumnVector(at++) as unknown as { readonly items: Items }).items
  const halves = (): Int32Array => {
    const { buffer, byteOffset, length } = items<BigInt64Array>()
    return new Int32Array(buffer, byteOffset, length * 2)
  }
  const [uid, time] = [items<BigInt64Array>(), items<BigInt64Array>()]
  return {
    rows: chunk.rowCount,
    uid,
    time,
    texts: texts.map(() => {
      const hash = halves()
      const vector = chunk.getColumnVector(at++)
      return { hash, value: (row) => vector.getItem(row) as string }
    }),
    wholes: wholes.map(halves),
    leaves: rowLeaves.map(() => items<Int8Array>()),
  }
}
