import type { Exclusion, Rule } from './rules.js'
import { isNamed } from './select-rules.js'

/**
 * Rules with some of their exclusions switched on. Each is named as `rule:exclusion`, both with `*` and `?` where wanted; what names
 * nothing comes back.
 */
export function tuned(
  rules: readonly Rule[],
  names: readonly string[],
): { readonly rules: readonly Rule[]; readonly unused: readonly string[] } {
  const used = new Set<string>()
  const changed = rules.map((rule) => {
    const on = (rule.exclusions ?? []).filter((each) => {
      const by = names.filter((name) => isMeant(name, rule, each))
      for (const name of by) used.add(name)
      return by.length > 0
    })
    return on.reduce(withExclusion, rule)
  })
  return { rules: changed, unused: names.filter((name) => !used.has(name)) }
}

function isMeant(name: string, rule: Rule, { id }: Exclusion): boolean {
  const cut = name.indexOf(':')
  const [ruleName, own] = cut < 0 ? [name, '*'] : [name.slice(0, cut), name.slice(cut + 1)]
  return isNamed(factsOf(rule.id), ruleName) && isNamed(factsOf(id), own)
}

const factsOf = (id: string) => ({ id, title: id, file: null, status: null, tags: [], techniques: [] })

/** The rule without the rows that an exclusion drops. */
export function withExclusion(rule: Rule, { where, on }: Exclusion): Rule {
  const filter = `| where not(${where.trim()})`
  if (on !== 'table') return { ...rule, query: `${rule.query.trimEnd()}\n${filter}\n` }
  // The first line that is a table's name alone.
  const query = rule.query.replace(
    /^([ \t]*)([A-Z]\w+)[ \t]*$/m,
    (line, indent: string) => `${line}\n${indent}${filter}`,
  )
  return { ...rule, query }
}
