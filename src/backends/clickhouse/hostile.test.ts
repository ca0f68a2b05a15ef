import { describe, expect, it } from 'vitest'
import { openClickhouse } from '../../../test/fixtures/clickhouse.js'
import type { ClickhouseConnection } from './connect.js'
import { quoteIdentifier, quoteText } from './quote.js'

const HOSTILE = [
  "it's",
  '\\',
  "\\'",
  "a' OR 1=1 --",
  '/* x */',
  '{p:String}',
  '"',
  '`',
  '\n\r\t\0\b',
  "');DROP TABLE t;--",
  '\u2028é日本',
  '?',
  '$1',
  '\\x41',
  '\\N',
  "''",
]

const engine = openClickhouse()

describe.skipIf('missing' in engine)("values in ClickHouse's SQL", () => {
  const connection = engine as ClickhouseConnection

  it('come back as they were, whatever is in them', async () => {
    const [row] = await connection.query(`SELECT ${HOSTILE.map(quoteText).join(', ')}`)
    expect(row).toEqual(HOSTILE)
  })

  it('may be names too', async () => {
    for (const name of HOSTILE.filter((each) => !each.includes('\0')))
      expect(
        await connection.query(`SELECT ${quoteIdentifier(name)} FROM (SELECT 1 AS ${quoteIdentifier(name)})`),
      ).toEqual([[1]])
  })

  it('may be many', async () => {
    const list = Array.from({ length: 100_000 }, (_, index) => quoteText(`value ${index}'`))
    expect(await connection.query(`SELECT 'value 7\\'' IN (${list.join(', ')})`)).toEqual([[1]])
  })
})
