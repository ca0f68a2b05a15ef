import { readdirSync, readFileSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { runClickhouse } from '../src/backends/clickhouse/run.js'
import { splitQuery } from '../src/backends/clickhouse/split.js'
import { registerFunctions } from '../src/backends/duckdb/call-function.js'
import { emitDuckdb } from '../src/backends/duckdb/emit.js'
import { textOf } from '../src/backends/reference/functions/convert.js'
import { runReference } from '../src/backends/reference/index.js'
import { lowerKql, parseKql } from '../src/dialects/kql/index.js'
import type { Query } from '../src/ir/relation.js'
import { EMPTY_SCHEMA } from '../src/ir/schema.js'
import { formatDatetime, formatTimespan } from '../src/ir/time.js'
import type { ScalarType } from '../src/ir/types.js'
import { formatReal, type Value } from '../src/ir/value.js'
import { openClickhouse } from './fixtures/clickhouse.js'

// One line a case: an expression of KQL, `=>`, and its value as text; a null is nothing. Every engine must say so, by its own SQL where it has any.
// ClickHouse is asked where chdb loads; what its SQL has no words for runs as the reference does.
const FOLDER = new URL('./functions/', import.meta.url)

let connection: DuckDBConnection
const clickhouse = openClickhouse()

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect()
  registerFunctions(connection)
})

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.cases'))) {
  const lines = readFileSync(new URL(file, FOLDER), 'utf8').split('\n')
  describe(file, () => {
    for (const line of lines.filter((text) => text.includes('=>') && !text.startsWith('#'))) {
      const at = line.lastIndexOf('=>')
      const [expression, expected] = [line.slice(0, at).trim(), line.slice(at + 2).trim()]
      it(`${expression} is ${expected === '' ? 'empty or null' : expected}`, async () => {
        const query = lowered(`print x = ${expression}`)
        const type = query.body.columns[0]!.type
        const { rows } = runReference(query, () => [])
        expect(show(rows[0]![0]!, type), 'reference').toBe(expected)
        const found = await connection.runAndReadAll(emitDuckdb(query, () => ({ sources: [] })).sql)
        expect(show(found.getRows()[0]![0] as Value, type), 'duckdb').toBe(expected)
        if ('missing' in clickhouse) return
        const split = splitQuery(query, () => ({ sources: [] }))
        const [row] = (await runClickhouse(clickhouse, split)).rows
        expect(show(row![0]!, type), 'clickhouse').toBe(expected)
      })
    }
  })
}

function lowered(text: string): Query {
  const { tree, diagnostics } = parseKql(text)
  if (!tree || diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('; '))
  const result = lowerKql(tree, text, { schema: EMPTY_SCHEMA, now: 0n })
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('; '))
  return result.query
}

function show(value: Value, type: ScalarType): string {
  if (value === null) return ''
  if (type === 'bool') return String(value)
  if (type === 'real' || type === 'decimal') return formatReal(Number(value)).replace(/\.0$/, '')
  if (type === 'datetime') return formatDatetime(BigInt(value as bigint))
  if (type === 'timespan') return formatTimespan(BigInt(value as bigint))
  if (type === 'dynamic' && typeof value === 'string')
    return value.startsWith('"') ? (JSON.parse(value) as string) : value
  return textOf(value, type)
}
