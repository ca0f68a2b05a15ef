import type { Query, Relation } from './relation.js'
import type { Scalar } from './scalar.js'

/** Rewrites an expression from its leaves up; relations inside are rewritten by `relation`. */
export function mapScalar(
  value: Scalar,
  rewrite: (value: Scalar) => Scalar,
  relation: (relation: Relation) => Relation,
): Scalar {
  const each = (part: Scalar): Scalar => mapScalar(part, rewrite, relation)
  switch (value.kind) {
    case 'literal':
    case 'column':
      return rewrite(value)
    case 'compare':
      return rewrite({ ...value, left: each(value.left), right: each(value.right) })
    case 'match':
      return rewrite({ ...value, subject: each(value.subject), needles: value.needles.map(each) })
    case 'regex':
      return rewrite({ ...value, subject: each(value.subject), pattern: each(value.pattern) })
    case 'member':
      return rewrite({ ...value, subject: each(value.subject), values: value.values.map(each) })
    case 'member-of-relation':
      return rewrite({ ...value, subject: each(value.subject), relation: relation(value.relation) })
    case 'and':
    case 'or':
      return rewrite({ ...value, operands: value.operands.map(each) })
    case 'not':
      return rewrite({ ...value, operand: each(value.operand) })
    case 'choose':
      return rewrite({
        ...value,
        branches: value.branches.map(({ when, value }) => ({ when: each(when), value: each(value) })),
        otherwise: each(value.otherwise),
      })
    case 'call':
    case 'window-call':
      return rewrite({ ...value, arguments: value.arguments.map(each) })
    case 'access':
      return rewrite({ ...value, value: each(value.value), key: each(value.key) })
    case 'scalar-of':
      return rewrite({ ...value, relation: relation(value.relation) })
  }
}

/** Rewrites every expression of a query. */
export function mapQuery(query: Query, rewrite: (value: Scalar) => Scalar): Query {
  const one = (value: Scalar): Scalar => mapScalar(value, rewrite, relation)
  const assigned = <T extends { readonly value: Scalar }>(list: readonly T[]): T[] =>
    list.map((each) => ({ ...each, value: one(each.value) }))
  function relation(node: Relation): Relation {
    switch (node.kind) {
      case 'table':
      case 'rows':
      case 'bound':
      case 'items':
        return node
      case 'range':
        return { ...node, from: one(node.from), to: one(node.to), step: one(node.step) }
      case 'filter':
        return { ...node, input: relation(node.input), condition: one(node.condition) }
      case 'extend':
      case 'project':
      case 'window':
        return { ...node, input: relation(node.input), assignments: assigned(node.assignments) }
      case 'aggregate':
        return {
          ...node,
          input: relation(node.input),
          by: assigned(node.by),
          aggregates: node.aggregates.map((call) => ({
            ...call,
            arguments: call.arguments.map(one),
            condition: call.condition && one(call.condition),
          })),
        }
      case 'sort':
        return { ...node, input: relation(node.input), keys: assigned(node.keys) }
      case 'take':
        return { ...node, input: relation(node.input), count: one(node.count) }
      case 'join':
        return {
          ...node,
          left: relation(node.left),
          right: relation(node.right),
          on: node.on.map(({ left, right }) => ({ left: one(left), right: one(right) })),
        }
      case 'union':
        return { ...node, inputs: node.inputs.map(relation) }
      case 'unnest':
        return unnest(node)
      case 'apply':
        return { ...node, input: unnest(node.input), body: relation(node.body) }
      case 'partition':
        return { ...node, input: relation(node.input), key: one(node.key), body: relation(node.body) }
      case 'sequence':
        return {
          ...node,
          steps: node.steps.map((step) => ({
            ...step,
            input: relation(step.input),
            by: step.by.map(one),
            time: one(step.time),
          })),
          until: node.until && relation(node.until),
        }
      case 'row-operator':
        return { ...node, inputs: node.inputs.map(relation) }
    }
  }
  function unnest(node: Extract<Relation, { kind: 'unnest' }>): Extract<Relation, { kind: 'unnest' }> {
    return { ...node, input: relation(node.input), items: assigned(node.items) }
  }
  return {
    bindings: query.bindings.map((binding) => ({ ...binding, relation: relation(binding.relation) })),
    body: relation(query.body),
  }
}
