import {
  type Condition,
  type Detection,
  isMeant,
  member,
  type SigmaFilter,
  type SigmaRule,
} from '../../../dialects/sigma/index.js'
import { type Diagnostic, diagnose } from '../../../text/diagnostic.js'

/** Searches that no condition names, and conditions that do not depend on them. */
export function lintConditions(document: SigmaRule | SigmaFilter): readonly Diagnostic[] {
  const { detection } = document
  const read = detection.conditions.flatMap(({ condition }) => (condition ? [condition] : []))
  // What could not be read may name any search.
  if (read.length < detection.conditions.length) return []
  const used = new Set(read.flatMap((condition) => [...namesIn(condition, detection)]))
  const found: Diagnostic[] = detection.searches
    .filter(({ name }) => !used.has(name))
    .map(({ name, span }) => diagnose('search-not-used', span, { name }))
  for (const condition of read) {
    const value = constantOf(condition, detection)
    if (value !== undefined) found.push(diagnose('constant-condition', condition.span, { value: String(value) }))
  }
  const [first] = read
  if (document.kind === 'filter' && first && !read.some(hasNot)) {
    const place = member(document.tree, 'filter')?.value
    const span = (place && member(place, 'condition')?.value.span) ?? first.span
    found.push(diagnose('filter-keeps', span, {}))
  }
  return found
}

/** The searches that a condition means. */
export function namesIn(condition: Condition, { searches }: Detection): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (part: Condition): void => {
    switch (part.kind) {
      case 'and':
      case 'or':
        for (const operand of part.operands) visit(operand)
        return
      case 'not':
        visit(part.operand)
        return
      case 'search':
        names.add(part.name)
        return
      case 'of':
        for (const { name } of searches) if (isMeant(name, part.pattern)) names.add(name)
    }
  }
  visit(condition)
  return names
}

/** More searches than this are not tried out. */
const MOST_TRIED = 12

/** What the condition comes to whatever its searches do; undefined where it depends on them. */
function constantOf(condition: Condition, detection: Detection): boolean | undefined {
  const names = [...namesIn(condition, detection)]
  if (names.length > MOST_TRIED) return undefined
  let seen: boolean | undefined
  for (let bits = 0; bits < 1 << names.length; bits++) {
    const value = holds(condition, detection, (name) => (bits & (1 << names.indexOf(name))) !== 0)
    if (seen !== undefined && value !== seen) return undefined
    seen = value
  }
  return names.length === 0 ? undefined : seen
}

/** What a condition comes to where its searches are known. */
export function holds(condition: Condition, detection: Detection, search: (name: string) => boolean): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.operands.every((each) => holds(each, detection, search))
    case 'or':
      return condition.operands.some((each) => holds(each, detection, search))
    case 'not':
      return !holds(condition.operand, detection, search)
    case 'search':
      return search(condition.name)
    case 'of': {
      const meant = detection.searches.filter(({ name }) => isMeant(name, condition.pattern))
      return condition.quantifier === 'all'
        ? meant.every(({ name }) => search(name))
        : meant.some(({ name }) => search(name))
    }
  }
}

function hasNot(condition: Condition): boolean {
  if (condition.kind === 'not') return true
  return 'operands' in condition && condition.operands.some(hasNot)
}
