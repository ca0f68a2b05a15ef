import { isMeant } from './search-names.js'
import type { Condition, ConditionText, LogSource, Search, SigmaFilter, SigmaRule } from './syntax.js'

/**
 * The rule with a filter's condition as a further one: `(rule) and (filter)`, as pySigma has it, so a filter that is to leave events out says
 * `not selection`. The filter's searches stand beside the rule's under names that no condition can hold.
 */
export function narrowed(rule: SigmaRule, filter: SigmaFilter): SigmaRule {
  const own = rule.detection.searches
  const prefix = `_filter ${own.length} `
  const added = filter.detection.searches.map((each): Search => ({ ...each, name: `${prefix}${each.name}` }))
  const further = filter.detection.conditions.map((each) => spelled(each, filter.detection.searches, prefix))
  const conditions = rule.detection.conditions.map((each): ConditionText => {
    const { condition, span, text } = spelled(each, own, '')
    if (!condition) return { condition, span, text }
    const [only, ...more] = further.flatMap((other) => (other.condition ? [other.condition] : []))
    if (!only) return { condition: undefined, span, text }
    const filtering: Condition =
      more.length === 0 ? only : { kind: 'or', operands: [only, ...more], span: filter.filterSpan }
    return { condition: { kind: 'and', operands: [condition, filtering], span: condition.span }, span, text }
  })
  return { ...rule, detection: { searches: [...own, ...added], conditions } }
}

/** Whether a filter's log source holds the rule's: what the filter names, the rule names alike. */
export function isWithin(rule: LogSource, filter: LogSource): boolean {
  return (['category', 'product', 'service'] as const).every(
    (key) => filter[key] === undefined || filter[key].toLowerCase() === rule[key]?.toLowerCase(),
  )
}

/** The condition with its patterns spelled out, so that searches that are added later do not fall under them. */
function spelled(given: ConditionText, searches: readonly Search[], prefix: string): ConditionText {
  const spell = (condition: Condition): Condition => {
    switch (condition.kind) {
      case 'and':
      case 'or':
        return { ...condition, operands: condition.operands.map(spell) }
      case 'not':
        return { ...condition, operand: spell(condition.operand) }
      case 'search':
        return { ...condition, name: `${prefix}${condition.name}` }
      case 'of': {
        const { pattern, quantifier, span } = condition
        const meant = searches.filter(({ name }) => isMeant(name, pattern))
        // Lowering tells of a pattern that fits nothing.
        if (meant.length === 0) return { kind: 'search', name: pattern ?? 'them', span }
        const operands = meant.map(({ name }): Condition => ({ kind: 'search', name: `${prefix}${name}`, span }))
        return { kind: quantifier === 'all' ? 'and' : 'or', operands, span }
      }
    }
  }
  return { ...given, condition: given.condition && spell(given.condition) }
}
