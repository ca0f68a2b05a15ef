import { loadContent } from '../../content/load.js'
import { loadModel } from '../../events/model.js'
import type { SchemaMap } from '../../events/schema-map.js'
import { type Call, call, text } from '../../ir/scalar.js'
import type { ScalarType } from '../../ir/types.js'
import {
  type BoundColumn,
  bindTables,
  type DocumentedTables,
  type EngineWords,
  type VendorTables,
} from '../vendor-tables.js'
import type { Form } from './emit-scalar.js'
import { emitCall, TEXT_OF } from './functions.js'
import { quoteIdentifier, quoteText } from './quote.js'

/** The vendors' tables over the store: what a query may name, and where each column lies. */
export type StoreTables = VendorTables<Form>

let loaded: StoreTables | undefined

/** The tables of every schema map, over the event model, and the documented tables that no map fills. */
export function storeTables(): StoreTables {
  loaded ??= bindTables(
    loadContent<SchemaMap>('schemas'),
    loadModel().classes,
    loadContent<DocumentedTables>('tables'),
    DUCKDB_WORDS,
  )
  return loaded
}

const ticksOf = (sql: string): string => `(epoch_us(${sql}) * 10 + 621355968000000000)`

const textOfColumn = (name: string): string => `CAST(${quoteIdentifier(name)} AS VARCHAR)`

export const DUCKDB_WORDS: EngineWords<Form> = {
  quoteText,
  table: quoteIdentifier,
  bookkeeping: quoteIdentifier,
  instant: (micros) => `make_timestamp(${micros})`,
  original: (vendor) =>
    /["\\*]/.test(vendor)
      ? `json_extract_string(fields, ${quoteText(`/${vendor.replaceAll('~', '~0').replaceAll('/', '~1')}`)})`
      : `json_extract_string(fields, ${quoteText(`$."${vendor}"`)})`,
  textOfColumn,
  lowered: (name) => `lower(${textOfColumn(name)})`,
  isPresent: (name) => `${quoteIdentifier(name)} IS NOT NULL`,
  jsonObject: (members) =>
    `CAST(json_object(${members.flatMap(([name, sql]) => [quoteText(name), sql]).join(', ')}) AS VARCHAR)`,
  firstText: (texts) =>
    `coalesce(${texts.map(({ sql, form }) => (form === 'nullable-text' ? sql : `nullif(${sql}, '')`)).join(', ')})`,
  plainForm: (type) => (type === 'string' ? 'nullable-text' : 'plain'),
  inPlainForm: ({ sql, form }) => (form === 'timestamp' ? ticksOf(sql) : sql),
  fromColumn: (name, stored, type) => {
    const sql = quoteIdentifier(name)
    switch (stored) {
      case 'timestamp':
        return type === 'datetime' ? { sql, form: 'timestamp' } : fromText(TEXT_OF.datetime(ticksOf(sql)), type)
      case 'integer':
        if (type === 'int' || type === 'long') return { sql, form: 'plain' }
        if (type === 'real' || type === 'decimal') return { sql: `CAST(${sql} AS DOUBLE)`, form: 'plain' }
        if (type === 'bool') return { sql: `(${sql} <> 0)`, form: 'plain' }
        return fromText(`CAST(${sql} AS VARCHAR)`, type)
      case 'json':
        // Every member that a query reads repeats this, in its filters and its columns: what is JSON already is not tested and printed anew,
        // which takes the engine a buffer of its own each time.
        if (type === 'dynamic') return { sql: `CAST(nullif(${sql}, '') AS JSON)`, form: 'plain' }
        return fromText(sql, type)
      case 'text':
      case 'name':
        return fromText(sql, type)
    }
  },
  fromText,
}

/** Text that may be NULL as a value of the type. */
function fromText(sql: string, type: ScalarType): BoundColumn<Form> {
  if (type === 'string') return { sql, form: 'nullable-text' }
  if (type === 'guid') return { sql: `lower(nullif(${sql}, ''))`, form: 'plain' }
  const conversion = type === 'dynamic' ? 'parse_json' : type === 'decimal' ? 'to_real' : `to_${type}`
  return { sql: emitCall(call(conversion, type, [text('')]) as Call, [`coalesce(${sql}, '')`]), form: 'plain' }
}
