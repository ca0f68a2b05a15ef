import { mapScalar } from '../../ir/map.js'
import type { Assignment, Relation } from '../../ir/relation.js'
import { reference, type Scalar } from '../../ir/scalar.js'
import type { ScalarType } from '../../ir/types.js'
import { asString } from './lower-scalar.js'
import { project } from './relations.js'
import { type Context, freshName } from './scope.js'

/**
 * Values that the expressions of a row operator take from other relations (`toscalar(...)`, `x in (Table)`). Such an operator runs apart from
 * the engine and cannot ask for them, so they come to it as the one row of a further input.
 */
export class Given {
  private readonly assignments: Assignment[] = []

  constructor(private readonly context: Context) {}

  /** The expression with columns of that row in the place of relations. */
  take(value: Scalar): Scalar {
    return mapScalar(
      value,
      (each) => {
        if (each.kind === 'scalar-of') return this.add(each)
        if (each.kind !== 'member-of-relation') return each
        const { how, subject, relation, span } = each
        const type = relation.columns[0]!.type
        const plain = how === 'equal' && PLAIN.has(subject.type) && PLAIN.has(type)
        const list = this.add(this.listOf(plain ? relation : firstAsText(relation)))
        const side = plain ? subject : asString(subject)
        if (how === 'equal')
          return { kind: 'member', type: 'bool', subject: side, values: [list], case: each.case, span }
        const quantifier = how === 'any-term' ? 'any' : 'all'
        return {
          kind: 'match',
          type: 'bool',
          how: 'term',
          subject: side,
          needles: [list],
          quantifier,
          case: each.case,
          span,
        }
      },
      (relation) => relation,
    )
  }

  /** The inputs, with the row behind them where there is one. */
  inputs(inputs: readonly Relation[]): { readonly inputs: readonly Relation[]; readonly given: boolean } {
    const span = inputs[0]?.span
    if (this.assignments.length === 0 || !span) return { inputs, given: false }
    const row: Relation = { kind: 'rows', columns: [], rows: [[]], span }
    return { inputs: [...inputs, project(row, this.assignments, span)], given: true }
  }

  private add(value: Scalar): Scalar {
    const name = freshName(this.context, 'given')
    this.assignments.push({ name, value })
    return reference(name, value.type, value.span)
  }

  private listOf(relation: Relation): Scalar {
    const { name, type } = relation.columns[0]!
    const { span } = relation
    const list: Relation = {
      kind: 'aggregate',
      input: relation,
      by: [],
      aggregates: [
        { name: 'list', function: 'set', arguments: [reference(name, type)], condition: undefined, type: 'dynamic' },
      ],
      columns: [{ name: 'list', type: 'dynamic' }],
      span,
    }
    return { kind: 'scalar-of', type: 'dynamic', relation: list, span }
  }
}

/** Types whose values a dynamic holds as they are. */
const PLAIN: ReadonlySet<ScalarType> = new Set(['string', 'bool', 'int', 'long'])

function firstAsText(relation: Relation): Relation {
  const { name, type } = relation.columns[0]!
  return type === 'string'
    ? relation
    : project(relation, [{ name, value: asString(reference(name, type)) }], relation.span!)
}
