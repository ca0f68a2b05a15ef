import type { Assignment } from '../../ir/relation.js'
import { literal, type Scalar, text } from '../../ir/scalar.js'
import { unwrap } from './convert.js'
import { SEVERAL } from './lower-call.js'
import { type Environment, lowerScalar } from './lower-scalar.js'
import { refuseForm, uniqueName } from './scope.js'
import { child, items, type KqlNode } from './syntax.js'

export interface Named {
  readonly name: string | undefined
  /** What the expression would be called where no name is given. */
  readonly suggested: string | undefined
  readonly value: Scalar
}

/** The expressions of a list with the names they are given; `(a, b) = f()` is several. */
export function lowerNamed(node: KqlNode, env: Environment): Named[] {
  if (node.kind === 'SimpleNamedExpression') {
    return [
      { name: child(node, 'Name').text, suggested: undefined, value: lowerScalar(child(node, 'Expression'), env) },
    ]
  }
  if (node.kind === 'CompoundNamedExpression') return lowerCompound(node, env)
  return (
    lowerSeveral(node, undefined, env) ?? [
      { name: undefined, suggested: suggestName(node), value: lowerScalar(node, env) },
    ]
  )
}

function lowerCompound(node: KqlNode, env: Environment): Named[] {
  const names = items(child(node, 'Names'), 'Names').map(({ text: name }) => name)
  const expression = child(node, 'Expression')
  const several = lowerSeveral(expression, names, env)
  if (several) return several
  const value = lowerScalar(expression, env)
  if (names.length === 1) return [{ name: names[0], suggested: undefined, value }]
  return refuseForm('several names for one value', node.span)
}

/** Calls that give several columns at once. */
function lowerSeveral(node: KqlNode, names: readonly string[] | undefined, env: Environment): Named[] | undefined {
  if (node.kind !== 'FunctionCallExpression') return undefined
  const called = child(node, 'Name').text
  const args = items(child(node, 'ArgumentList'), 'Expressions')
  const parts = SEVERAL[called]
  if (parts) {
    const value = lowerScalar(node, env)
    const prefix = suggestName(args[0]!) ?? 'Column1'
    return parts
      .map((part, index) => ({
        name: names?.[index],
        suggested: `${called}_${prefix}_${part}`,
        value: seriesPart({ kind: 'access', type: 'dynamic', value, key: text(part), span: node.span }, part),
      }))
      .slice(0, names?.length ?? parts.length)
  }
  if (called === 'array_sort_asc' || called === 'array_sort_desc') {
    if (args.length < 2) return undefined
    const first = lowerScalar(node, env)
    const sorted = first.kind === 'access' ? first.value : first
    const arrays = args.filter((argument) => argument.kind !== 'BooleanLiteralExpression')
    if (arrays.length < 2 && !names) return undefined
    return arrays.map((argument, index) => ({
      name: names?.[index],
      suggested: `${suggestName(argument) ?? 'array'}_sorted`,
      value: { kind: 'access', type: 'dynamic', value: sorted, key: literal('long', BigInt(index)), span: node.span },
    }))
  }
  return undefined
}

const seriesPart = (value: Scalar, part: string): Scalar =>
  part === 'line_fit' ? value : unwrap(value, part.endsWith('_idx') ? 'long' : 'real')

/** Kusto names a column after what it comes from, for the functions where it does. */
export function suggestName(node: KqlNode): string | undefined {
  switch (node.kind) {
    case 'NameReference':
      return node.text
    case 'SimpleNamedExpression':
      return child(node, 'Name').text
    case 'ParenthesizedExpression':
      return suggestName(child(node, 'Expression'))
    case 'PathExpression': {
      const selector = child(node, 'Selector')
      const base = suggestName(child(node, 'Expression'))
      if (base === '$left' || base === '$right') return selector.text
      return base && selector.text ? `${base}_${selector.text}` : undefined
    }
    case 'ElementExpression': {
      const base = suggestName(child(node, 'Expression'))
      const key = child(child(node, 'Selector'), 'Expression')
      const part = key.text || key.fields.Token?.text
      return base && part && /^\w+$/.test(part) ? `${base}_${part}` : undefined
    }
    case 'FunctionCallExpression': {
      const first = items(child(node, 'ArgumentList'), 'Expressions')[0]
      return PASS_NAME.has(child(node, 'Name').text) && first ? suggestName(first) : undefined
    }
    default:
      return undefined
  }
}

const PASS_NAME: ReadonlySet<string> = new Set(
  'tostring toint tolong todouble toreal tobool todatetime totimespan toguid todecimal tohex bin bin_at bin_auto floor ceiling round startofday abs sqrt log log10 log2 exp exp2 todynamic parse_json'.split(
    ' ',
  ),
)

/** Gives every expression its name, counting where Kusto counts. */
export function assignNames(
  list: readonly Named[],
  taken: Set<string>,
  fallback: (index: number) => string,
): Assignment[] {
  let unnamed = 0
  return list.map(({ name, suggested, value }) => {
    if (name !== undefined) {
      taken.add(name)
      return { name, value }
    }
    const unique = uniqueName(suggested ?? fallback(unnamed++), taken)
    taken.add(unique)
    return { name: unique, value }
  })
}

export function lastOfEach(assignments: readonly Assignment[]): Assignment[] {
  return [...new Map(assignments.map((assignment) => [assignment.name, assignment])).values()]
}
