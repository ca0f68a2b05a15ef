import { expect, test } from 'vitest'
import { compileKql } from './compile-query.js'
import { loadHunts } from './hunts.js'

const hunts = loadHunts()

test('every hunt has its own id, and leads to hunts that are there', () => {
  const ids = hunts.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { next } of hunts) for (const id of next) expect(ids).toContain(id)
})

test.each(hunts.map((hunt) => [hunt.id, hunt] as const))(
  '%s compiles, and shows the columns that it speaks of',
  (_, hunt) => {
    const compiled = compileKql(hunt.query, { asOf: 0 })
    expect(compiled.diagnostics).toEqual([])
    if (!compiled.ok) return
    const columns = compiled.columns.map(({ name }) => name)
    if (hunt.without_record) expect(columns).toEqual(expect.arrayContaining(Object.values(hunt.without_record)))
    expect(columns).toContain('FirstSeen')
  },
)
