import { expect, it } from 'vitest'
import { loadContent } from '../../content/load.js'
import { type TableFacts, tableCatalog } from './tables.js'

const TABLES = Object.assign(
  {},
  ...loadContent<{ tables?: Record<string, TableFacts> }>('schemas').map(({ tables }) => tables),
) as Record<string, TableFacts>

it('every table that the content describes is recognised by its columns', () => {
  const catalog = tableCatalog()
  const missed = Object.entries(TABLES).filter(([name, { columns, activity }]) => {
    const candidates = catalog.candidates(Object.keys(columns ?? {}))
    const action = typeof activity === 'object' ? Object.keys(activity.values)[0] : undefined
    return catalog.choose(candidates, action) !== name
  })
  expect(Object.keys(TABLES).length).toBeGreaterThan(0)
  expect(missed.map(([name]) => name)).toEqual([])
})

it('columns that any log has make no table', () => {
  expect(tableCatalog().candidates(['Timestamp', 'TimeGenerated', 'Type', 'TenantId'])).toEqual([])
  expect(tableCatalog().candidates(['Timestamp', 'DeviceName', 'a', 'b', 'c', 'd'])).toEqual([])
})
