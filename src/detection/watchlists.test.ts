import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, test } from 'vitest'
import { runReference } from '../backends/reference/index.js'
import { compileKql } from './compile-query.js'
import { readWatchlist, readWatchlists, WatchlistError } from './watchlists.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-watchlists-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'Vips.csv'), '\uFEFFUser,Note\r\nkim,"a ""b"", c"\r\n\r\nlee,\r\n')
const watchlists = readWatchlists(folder)

it('_GetWatchlist gives the rows of the file, by a name without case', () => {
  const compiled = compileKql("_GetWatchlist('vips') | where Note has 'b' | project SearchKey, User, Note", {
    asOf: 0,
    watchlists,
  })
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
  expect(runReference(compiled.query, () => []).rows).toEqual([['kim', 'kim', 'a "b", c']])
})

it('a list that is not there is refused with the closest one', () => {
  const compiled = compileKql("_GetWatchlist('vipz')", { asOf: 0, watchlists })
  expect(compiled.ok).toBe(false)
  expect(compiled.diagnostics[0]).toMatchObject({ code: 'unknown-watchlist', help: 'closest match is `Vips`' })
})

test.each([
  ['nothing', '', 'is empty'],
  ['a ragged row', 'a,b\n1,2\n3\n', 'row 2 has 1 values for 2 columns'],
  ['an open quote', 'a\n"x\n', 'quote that does not end'],
  ['text after a quote', 'a\n"x"y\n', 'text after a closing quote'],
  ['a column twice', 'a,a\n', 'the column a twice'],
  ['a column without a name', 'a,\n1,2\n', 'a column without a name'],
])('%s is no watchlist', (_, text, reason) => {
  expect(() => readWatchlist('x.csv', text)).toThrow(WatchlistError)
  expect(() => readWatchlist('x.csv', text)).toThrow(reason)
})

it('keeps a key column of its own, and a last cell that is empty', () => {
  const { columns, rows } = readWatchlist('x.csv', 'SearchKey,b\r1,\r2,x')
  expect(columns.map(({ name }) => name)).toEqual(['SearchKey', 'b'])
  expect(rows).toEqual([
    ['1', ''],
    ['2', 'x'],
  ])
})
