import { describe, expect, test } from 'vitest'
import { compileKql } from './compile-query.js'
import { loadCatalogue } from './identity/index.js'
import { lintRule } from './lint/lint-rule.js'
import { allRules } from './rules.js'
import { tuned, withExclusion } from './tuning.js'

/** Every rule of ours is held to what it says of itself; rules bring their own cases. */
const rules = allRules().filter(({ behaviour }) => behaviour !== undefined)
const AS_OF = Date.UTC(2026, 5, 1) * 1000

describe('behaviours', () => {
  test('have an id that begins with the behaviour’s number, each once', () => {
    const ids = rules.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, behaviour } of rules) expect(id.startsWith(`${behaviour!.toLowerCase()}-`)).toBe(true)
  })

  test.each(rules.map((rule) => [rule.id, rule] as const))('%s catches and leaves what it says', (_, rule) => {
    const { diagnostics, tests } = lintRule(rule, AS_OF)
    expect(diagnostics.filter(({ severity }) => severity !== 'note').map(({ message }) => message)).toEqual([])
    expect(tests?.signals).toBeGreaterThan(1)
    expect(tests?.caught).toBe(tests?.signals)
  })

  test.each(rules.map((rule) => [rule.id, rule] as const))('%s shows the columns that its words name', (_, rule) => {
    const compiled = compileKql(rule.query, { asOf: AS_OF })
    const columns = new Set(compiled.ok ? compiled.columns.map(({ name }) => name) : [])
    const named = [...rule.why.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!)
    expect([...named, ...Object.keys(rule.flags)].filter((name) => !columns.has(name))).toEqual([])
  })

  const excluding = allRules().flatMap((rule) =>
    (rule.exclusions ?? []).map((each) => [rule.id, each.id, rule, each] as const),
  )
  test.each(excluding)('%s runs with its exclusion %s', (_id, _name, rule, exclusion) => {
    const narrower = withExclusion(rule, exclusion)
    expect(narrower.query).not.toBe(rule.query)
    const compiled = compileKql(narrower.query, { asOf: AS_OF })
    expect(compiled.ok ? [] : compiled.diagnostics.map(({ message }) => message)).toEqual([])
  })

  test('exclusions are switched on by name, and a name that means nothing comes back', () => {
    const { rules: changed, unused } = tuned(allRules(), ['seed-004-*:back*', 'seed-004-*:nothing'])
    expect(unused).toEqual(['seed-004-*:nothing'])
    const before = new Map(allRules().map(({ id, query }) => [id, query]))
    expect(changed.filter(({ id, query }) => query !== before.get(id)).map(({ id }) => id)).toEqual([
      'seed-004-remote-desktop-plus',
    ])
  })

  test('no query types the name of a tool', () => {
    const names = loadCatalogue()
      .tools.flatMap(({ id, name }) => [id.replaceAll('-', ' '), name.toLowerCase()])
      .filter((name) => name.length > 5 && !COMMON.test(name))
    const typed = rules.flatMap(({ id, query }) =>
      names.filter((name) => query.toLowerCase().includes(name)).map((name) => `${id}: ${name}`),
    )
    expect(typed).toEqual([])
  })
})

/** Words of queries that are names of tools too. */
const COMMON = /^(level|remote|remote access|connect|control|support|terminals|synergy|desktop)$/
