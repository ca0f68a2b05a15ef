import { mapScalar } from '../ir/map.js'
import type { Query, Relation, TableSource } from '../ir/relation.js'
import { reference, type Scalar } from '../ir/scalar.js'
import { parts } from '../ir/walk.js'

/**
 * Where the rows of a query come from: a table, what its rows must satisfy, and what the result shows of them, all said in the table's own
 * columns. It is what finds the events behind a row, the row that nearly passed, and the clause that stopped it.
 */
export interface Origin {
  readonly table: TableSource
  /** Each must be true of a row of the table; those that speak of other rows are left out and counted. */
  readonly conditions: readonly Scalar[]
  readonly leftOut: number
  /** Result column → its value for a row of the table. */
  readonly columns: ReadonlyMap<string, Scalar>
  /** Result columns that are the least and the greatest of a value over the rows behind, and lists of a value. */
  readonly least: ReadonlyMap<string, Scalar>
  readonly greatest: ReadonlyMap<string, Scalar>
  readonly lists: ReadonlyMap<string, Scalar>
  /** Whether a row of the result stands for one row of the table. */
  readonly single: boolean
}

/** One origin a table that the result shows something of. */
export function originsOf(query: Query): readonly Origin[] {
  return trace(query.body, query, [])
}

const NONE: ReadonlyMap<string, Scalar> = new Map()

function trace(relation: Relation, query: Query, items: readonly Origin[]): readonly Origin[] {
  const input = (node: Relation): readonly Origin[] => trace(node, query, items)
  switch (relation.kind) {
    case 'table':
      return [
        {
          table: relation,
          conditions: [],
          leftOut: 0,
          columns: new Map(relation.columns.map(({ name, type }) => [name, reference(name, type)])),
          least: NONE,
          greatest: NONE,
          lists: NONE,
          single: true,
        },
      ]
    case 'filter':
      return input(relation.input).map((origin) => withCondition(origin, relation.condition))
    case 'extend':
    case 'project':
      return input(relation.input).map((origin) => assigned(origin, relation))
    case 'window':
    case 'sort':
    case 'take':
      return input(relation.input)
    case 'unnest':
      return input(relation.input).map((origin) =>
        without(
          origin,
          relation.items.map(({ name }) => name),
        ),
      )
    case 'aggregate':
      return input(relation.input).map((origin) => aggregated(origin, relation))
    case 'join': {
      const sides = { left: input(relation.left), right: input(relation.right) }
      return (['left', 'right'] as const).flatMap((side) => {
        const shown = relation.output.filter((each) => each.side === side)
        return sides[side].map((origin) => renamed(origin, shown)).filter(({ columns }) => columns.size > 0)
      })
    }
    case 'union':
      return relation.inputs.flatMap(input)
    case 'bound': {
      const binding = query.bindings.find(({ name }) => name === relation.name)
      return binding ? trace(binding.relation, query, []) : []
    }
    case 'partition':
      return trace(relation.body, query, input(relation.input))
    case 'items':
      return items
    case 'apply':
      return input(relation.input).map((origin) =>
        without(
          origin,
          relation.body.columns.map(({ name }) => name),
        ),
      )
    case 'rows':
    case 'range':
    case 'sequence':
    case 'row-operator':
      return []
  }
}

function withCondition(origin: Origin, condition: Scalar): Origin {
  const operands = conjuncts(condition)
  const said = operands.flatMap((operand) => inTableTerms(operand, origin.columns) ?? [])
  // What stands above a summary speaks of groups; it says nothing of a single event.
  return {
    ...origin,
    conditions: [...origin.conditions, ...said],
    leftOut: origin.leftOut + operands.length - said.length,
  }
}

/** The parts of a condition that must all be true. */
export const conjuncts = (condition: Scalar): readonly Scalar[] =>
  condition.kind === 'and' ? condition.operands.flatMap(conjuncts) : [condition]

function assigned(origin: Origin, relation: Extract<Relation, { kind: 'extend' | 'project' }>): Origin {
  const kept = relation.kind === 'extend' ? new Map(origin.columns) : new Map<string, Scalar>()
  const [least, greatest, lists] = [origin.least, origin.greatest, origin.lists].map((from) => {
    const to = relation.kind === 'extend' ? new Map(from) : new Map<string, Scalar>()
    for (const { name, value } of relation.assignments) {
      const found = value.kind === 'column' ? from.get(value.name) : undefined
      if (found) to.set(name, found)
      else to.delete(name)
    }
    return to
  }) as [Map<string, Scalar>, Map<string, Scalar>, Map<string, Scalar>]
  for (const { name, value } of relation.assignments) {
    const said = inTableTerms(value, origin.columns)
    if (said) kept.set(name, said)
    else kept.delete(name)
  }
  return { ...origin, columns: kept, least, greatest, lists }
}

function aggregated(origin: Origin, relation: Extract<Relation, { kind: 'aggregate' }>): Origin {
  const columns = new Map<string, Scalar>()
  const least = new Map<string, Scalar>()
  const greatest = new Map<string, Scalar>()
  const lists = new Map<string, Scalar>()
  for (const { name, value } of relation.by) {
    const said = inTableTerms(value, origin.columns)
    if (said) columns.set(name, said)
  }
  for (const { name, function: called, arguments: args, condition } of relation.aggregates) {
    const first = args[0] && inTableTerms(args[0], origin.columns)
    const second = args[1] && inTableTerms(args[1], origin.columns)
    if (called === 'min' && first && !condition) least.set(name, first)
    else if (called === 'max' && first && !condition) greatest.set(name, first)
    else if (/^(set|list|make-set|make-list)$/.test(called) && first) lists.set(name, first)
    else if (/^arg-(max|min)$/.test(called) && second) columns.set(name, second)
  }
  return { ...origin, columns, least, greatest, lists, single: false }
}

function renamed(origin: Origin, shown: readonly { readonly name: string; readonly column: string }[]): Origin {
  const only = (from: ReadonlyMap<string, Scalar>): Map<string, Scalar> =>
    new Map(
      shown.flatMap(({ name, column }) => {
        const found = from.get(column)
        return found ? [[name, found] as const] : []
      }),
    )
  return {
    ...origin,
    columns: only(origin.columns),
    least: only(origin.least),
    greatest: only(origin.greatest),
    lists: only(origin.lists),
    single: false,
  }
}

function without(origin: Origin, names: readonly string[]): Origin {
  const columns = new Map(origin.columns)
  for (const name of names) columns.delete(name)
  return { ...origin, columns, single: false }
}

/** Rewritten expressions larger than this are left out. */
const LARGEST = 4_000

/** An expression over a result's columns as one over the table's; undefined where it needs more than one row of the table. */
function inTableTerms(value: Scalar, columns: ReadonlyMap<string, Scalar>): Scalar | undefined {
  let size = 0
  let whole = true
  const rewritten = mapScalar(
    value,
    (part) => {
      if (part.kind === 'window-call') whole = false
      if (part.kind !== 'column') return part
      const found = columns.get(part.name)
      if (!found) {
        whole = false
        return part
      }
      size += found.kind === 'column' ? 1 : sizeOf(found)
      if (size > LARGEST) whole = false
      return whole ? (found.kind === 'column' ? { ...found, span: part.span } : found) : part
    },
    (relation) => relation,
  )
  return whole ? rewritten : undefined
}

function sizeOf(value: Scalar): number {
  let count = 0
  const waiting: Scalar[] = [value]
  for (let at = waiting.pop(); at && count <= LARGEST; at = waiting.pop()) {
    count++
    waiting.push(...parts(at))
  }
  return count
}
