import type { Scalar } from './scalar.js'

/** The parts of an expression that are expressions of the same row. */
export function parts(value: Scalar): readonly Scalar[] {
  switch (value.kind) {
    case 'literal':
    case 'column':
    case 'scalar-of':
      return []
    case 'compare':
      return [value.left, value.right]
    case 'match':
      return [value.subject, ...value.needles]
    case 'regex':
      return [value.subject, value.pattern]
    case 'member':
      return [value.subject, ...value.values]
    case 'member-of-relation':
      return [value.subject]
    case 'and':
    case 'or':
      return value.operands
    case 'not':
      return [value.operand]
    case 'choose':
      return [...value.branches.flatMap(({ when, value }) => [when, value]), value.otherwise]
    case 'call':
    case 'window-call':
      return value.arguments
    case 'access':
      return [value.value, value.key]
  }
}

/** Names of the columns that an expression reads, added to `names`. */
export function columnsRead(value: Scalar, names: Set<string>): Set<string> {
  const waiting: Scalar[] = [value]
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    if (at.kind === 'column') names.add(at.name)
    else waiting.push(...parts(at))
  }
  return names
}
