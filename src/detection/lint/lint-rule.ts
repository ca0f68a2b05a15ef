import { parseKql } from '../../dialects/kql/index.js'
import type { Watchlists } from '../../ir/schema.js'
import type { Diagnostic } from '../../text/diagnostic.js'
import { compileKql } from '../compile-query.js'
import type { Rule } from '../rules.js'
import { lintByCatalogue } from './catalogue-lints.js'
import { lintConditions, lintTime } from './conditions.js'
import { lintLabels } from './labels.js'
import { runCases } from './run-cases.js'
import { runTests, type TestedRule } from './run-tests.js'
import { lintOfficial, lintTree } from './text-lints.js'

export interface LintedRule {
  /** In the order of the query; those without a place last. Spans are of the rule's query. */
  readonly diagnostics: readonly Diagnostic[]
  /** How the rule's own tests went; undefined where it has none, or cannot run. */
  readonly tests: TestedRule | undefined
}

/** Everything that can be said of a rule's query without any logs. */
export function lintRule(rule: Rule, asOf: number, watchlists?: Watchlists): LintedRule {
  const { tree, diagnostics: syntax } = parseKql(rule.query)
  if (!tree || syntax.some(({ severity }) => severity === 'error'))
    return { diagnostics: ordered(syntax), tests: undefined }
  const found = [...lintOfficial(rule.query), ...lintTree(tree)]
  const compiled = compileKql(rule.query, { asOf, watchlists })
  // Columns that only the data can name are found when the query runs.
  const official = found.some(({ message }) => message.includes('(KS142)'))
  // A column that the product does not document is told by Microsoft's own words, at the column.
  const ours = compiled.diagnostics.filter(({ code }) => !(official && code === 'column-not-in-schema'))
  if (compiled.ok || !compiled.needs) found.push(...ours)
  if (!compiled.ok) return { diagnostics: ordered(found), tests: undefined }
  const { query } = compiled
  found.push(
    ...lintConditions(query, rule.query, new Set(rule.behaviour ? Object.keys(rule.flags) : [])),
    ...lintLabels(query, rule.query),
    ...lintByCatalogue(query, rule.query),
  )
  // A behaviour is looked for in all there is; whoever schedules it limits the time.
  if (rule.given?.windowed !== true && rule.behaviour === undefined) found.push(...lintTime(query))
  const tested = rule.tests && rule.tests.length > 0 ? runTests(rule, compiled, asOf) : undefined
  const cases = rule.catches || rule.leaves ? runCases(rule, compiled, asOf) : undefined
  const tests = tested && cases ? together(tested, cases) : (tested ?? cases)
  return { diagnostics: [...ordered(found), ...(tests?.diagnostics ?? [])], tests }
}

const together = (one: TestedRule, other: TestedRule): TestedRule => ({
  diagnostics: [...one.diagnostics, ...other.diagnostics],
  signals: one.signals + other.signals,
  caught: one.caught + other.caught,
})

/** In the order of the text, and one of those that say the same of the same place: ours, which know the closest name. */
function ordered(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const official = (diagnostic: Diagnostic): boolean => diagnostic.code === 'kusto-diagnostic'
  const place = ({ span }: Diagnostic): number => span?.start ?? Number.MAX_SAFE_INTEGER
  const refused = new Set(diagnostics.filter((each) => each.severity === 'error' && !official(each)).map(place))
  const seen = new Set<string>()
  return diagnostics
    .filter((each) => !(official(each) && refused.has(place(each))))
    .filter((each) => {
      const key = `${each.code} ${place(each)} ${each.message}`
      return !seen.has(key) && seen.add(key)
    })
    .sort((a, b) => place(a) - place(b))
}
