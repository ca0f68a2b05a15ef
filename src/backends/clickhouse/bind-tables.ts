import { loadContent } from '../../content/load.js'
import { type ColumnType, loadModel } from '../../events/model.js'
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
import { type Form, ticksOf } from './emit-scalar.js'
import { emitCall, TEXT_OF } from './functions.js'
import { quoteIdentifier, quoteText } from './quote.js'

/** The vendors' tables over the tables of a database: of every schema map, and those that no map fills. */
export function clickhouseTables(database?: string): VendorTables<Form> {
  const prefix = database === undefined ? '' : `${quoteIdentifier(database)}.`
  return bindTables(
    loadContent<SchemaMap>('schemas'),
    loadModel().classes,
    loadContent<DocumentedTables>('tables'),
    wordsOver(prefix),
  )
}

// A text that is missing is stored as the empty one, so no text is NULL here.
const wordsOver = (prefix: string): EngineWords<Form> => ({
  quoteText,
  table: (name) => prefix + quoteIdentifier(name),
  // A row noted anew replaces the earlier one, which may still lie beside it.
  bookkeeping: (name) => `(SELECT * FROM ${prefix}${quoteIdentifier(name)} FINAL)`,
  instant,
  original: (vendor) => `JSONExtractString(fields, ${quoteText(vendor)})`,
  textOfColumn,
  lowered: (name) => `lowerUTF8(${textOfColumn(name)})`,
  isPresent: (name, type) => (isText(type) ? `${quoteIdentifier(name)} != ''` : `${quoteIdentifier(name)} IS NOT NULL`),
  jsonObject: (members) => `toJSONString(map(${members.flatMap(([name, sql]) => [quoteText(name), sql]).join(', ')}))`,
  firstText: (texts) => texts.map(({ sql }) => sql).reduceRight((rest, sql) => `if(${sql} != '', ${sql}, ${rest})`),
  plainForm: () => 'plain',
  inPlainForm: ({ sql, form }) => (form === 'timestamp' ? ticksOf(sql) : sql),
  fromColumn: (name, stored, type) => {
    const sql = quoteIdentifier(name)
    switch (stored) {
      case 'timestamp':
        return type === 'datetime' ? { sql, form: 'timestamp' } : fromText(TEXT_OF.datetime(ticksOf(sql)), type)
      case 'integer':
        if (type === 'int' || type === 'long') return { sql, form: 'plain' }
        if (type === 'real' || type === 'decimal') return { sql: `toFloat64(${sql})`, form: 'plain' }
        if (type === 'bool') return { sql: `(${sql} != 0)`, form: 'plain' }
        return fromText(textOfColumn(name), type)
      case 'text':
      case 'name':
      case 'json':
        return fromText(sql, type)
    }
  },
  fromText,
})

export const instant = (micros: number): string => `fromUnixTimestamp64Micro(toInt64(${micros}), 'UTC')`

const isText = (type: ColumnType): boolean => type === 'text' || type === 'name' || type === 'json'

/** The column as text, whatever it is; what is missing is the empty text. */
const textOfColumn = (name: string): string => `ifNull(toString(${quoteIdentifier(name)}), '')`

function fromText(sql: string, type: ScalarType): BoundColumn<Form> {
  if (type === 'string') return { sql, form: 'plain' }
  if (type === 'guid') return { sql: `lower(nullIf(${sql}, ''))`, form: 'plain' }
  const conversion = type === 'dynamic' ? 'parse_json' : type === 'decimal' ? 'to_real' : `to_${type}`
  return { sql: emitCall(call(conversion, type, [text('')]) as Call, [sql]), form: 'plain' }
}
