import { describe, expect, it } from 'vitest'
import { runReference } from '../src/backends/reference/index.js'
import { compileKql } from '../src/detection/compile-query.js'
import { EMPTY_SCHEMA } from '../src/ir/schema.js'
import { answer, lowered } from './fixtures/kql-engines.js'

const TABLES = { schema: EMPTY_SCHEMA, physical: () => ({ sources: [] }) }

/** Every table that a text gives, as the reference answers. */
function results(text: string): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (let result = 0, last = 0; result <= last; result++) {
    const compiled = compileKql(text, { asOf: 0, tables: TABLES, result })
    if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
    last = compiled.results.length - 1
    found[compiled.results[result]!] = runReference(compiled.query, () => []).rows.map((row) =>
      row.map(String).join(' | '),
    )
  }
  return found
}

describe('a text with several results', () => {
  it('gives a table for each query', () => {
    expect(results('let T = range x from 1 to 3 step 1; T | count; T | where x > 1 | project y = x * 2')).toEqual({
      'result 1': ['3'],
      'result 2': ['4', '6'],
    })
  })

  it('gives a table for each leg of a fork and for each facet', () => {
    const rows = 'datatable(a:string, b:long) ["x", 1, "x", 2, "y", 2]'
    expect(results(`${rows} | fork big = (where b > 1 | project a) (count)`)).toEqual({
      big: ['x', 'y'],
      'result 2': ['3'],
    })
    expect(results(`${rows} | facet by a, b with (top 1 by b asc)`)).toEqual({
      'result 1': ['x | 1'],
      a: ['x | 2', 'y | 1'],
      b: ['1 | 1', '2 | 2'],
    })
  })

  it('gives nodes and edges under their names', () => {
    const graph = 'datatable(a:string, b:string) ["x", "y"] | make-graph a --> b with_node_id=id'
    expect(results(`${graph} | graph-to-table nodes as N, edges as E; N; E`)).toEqual({
      'result 1': ['x', 'y'],
      'result 2': ['x | y'],
    })
  })

  it('is refused where one result is needed, and where more follows', () => {
    expect(() => lowered('print 1; print 2')).toThrow('more than one result')
    expect(() => lowered('print x = 1 | fork (count) (take 1) | take 2')).toThrow('`fork` before the end')
  })
})

describe('declared patterns', () => {
  const pattern = `declare pattern app = (id:string)[scope:string] {
    ("a").["Data"] = { range x from 1 to 2 step 1 | project tag = "data", x };
    ("a").["Other one"] = { print tag = "other", x = 9 };
    ("b").["Data"] = { let n = 5; print tag = "b", x = n };
  };`

  it('choose a body by arguments and path', async () => {
    expect(await answer(`${pattern} app("a").Data`)).toEqual(['data | 1', 'data | 2'])
    expect(await answer(`${pattern} union app("a").["Other one"], (app("b").Data | extend x = x + 1)`)).toEqual([
      'b | 6',
      'other | 9',
    ])
    expect(
      await answer('declare pattern place = (ip:string) { ("1.1.1.1") = { print lat = 1.5 }; }; place("1.1.1.1")'),
    ).toEqual(['1.5'])
  })

  it('refuse what no case is for', () => {
    expect(() => lowered(`${pattern} app("c").Data`)).toThrow('app(c).Data')
    expect(() => lowered(`${pattern} app("a")`)).toThrow('no case')
    expect(() => lowered(`${pattern} app("a", "b").Data`)).toThrow('takes 1 arguments')
  })
})

it('search looks into the views that the query declares', async () => {
  const views = 'let A = view () { range n from 1 to 3 step 1 }; let B = view () { print s = "needle here" };'
  expect(await answer(`${views} search n == 2`)).toEqual(['A | 2 | '])
  expect(await answer(`${views} search "needle"`)).toEqual(['B |  | needle here'])
})

describe('names', () => {
  it('that are declared just so come before columns whose letters only look alike', async () => {
    const rows = 'datatable(Name:string, Region:string) ["Bob", "East", "Charlie", "West"]'
    expect(await answer(`let region = "West"; ${rows} | where Region == region | project Name`)).toEqual(['Charlie'])
    expect(await answer(`${rows} | where region == "East" | project name`)).toEqual(['Bob'])
    expect(await answer(`let Region = "West"; ${rows} | where Region == "East" | project Name`)).toEqual(['Bob'])
  })

  it('that `as` gives are those of a union’s rows', async () => {
    expect(
      await answer('union withsource=T (range x from 1 to 1 step 1 | as A), (print x = 2 | as B) | project T, x'),
    ).toEqual(['A | 1', 'B | 2'])
  })

  it('of scalar functions may be a query', async () => {
    expect(await answer('strlen("abc")')).toEqual(['3'])
    expect(await answer('print a = 1, b = "x" | project d = bag_pack_columns(a, b)')).toEqual(['{"a":1,"b":"x"}'])
    expect(await answer('datatable(x:long) [1, long(null)] | summarize count(x)')).toEqual(['2'])
  })
})
