import type { Relation, RowOptions } from '../../ir/relation.js'
import { type Column, column } from '../../ir/types.js'
import { convert } from './convert.js'
import { Given } from './given.js'
import { lowerType } from './literals.js'
import { type Environment, lowerCondition, lowerConstant, lowerScalar } from './lower-scalar.js'
import { emptyOf } from './lower-tabular.js'
import { refuseForm } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

/** `scan`: a state machine over ordered rows. Conditions and assignments see `step.column`, the last row that the step took. */
export function lowerScan(node: KqlNode, input: Relation, env: Environment): Relation {
  const clause = field(node, 'DeclareClause')
  const declared = (clause ? items(clause, 'Declarations') : []).map((parameter) => {
    const named = child(parameter, 'NameAndType')
    const type = lowerType(child(named, 'Type'))
    const fallback = field(parameter, 'DefaultValue')
    const value = fallback ? convert(lowerConstant(child(fallback, 'Value'), env), type) : emptyOf(type)
    return { name: child(named, 'Name').text, type, value }
  })
  if (field(node, 'OrderByClause') || field(node, 'PartitionByClause'))
    return refuseForm('`scan` with `order by` or `partition by`', node.span)
  const declaredColumns = declared.map(({ name, type }) => column(name, type))
  const names = new Set(declaredColumns.map(({ name }) => name))
  const columns: Column[] = [...input.columns.filter(({ name }) => !names.has(name)), ...declaredColumns]
  const steps = new Map(items(node, 'Steps').map((step) => [child(step, 'Name').text, columns] as const))
  const inner: Environment = { ...env, columns, steps }
  const given = new Given(env.context)
  const lowered = items(node, 'Steps').map((step): RowOptions => {
    const assignments = field(step, 'ComputationClause')
    const output = field(step, 'ScanStepOutput')
    return {
      name: child(step, 'Name').text,
      output: output
        ? (/=\s*(\w+)/.exec(env.context.source.slice(output.span.start, output.span.end))?.[1] ?? 'all')
        : 'all',
      condition: given.take(lowerCondition(child(step, 'Condition'), inner)),
      assignments: (assignments ? items(assignments, 'Assignments') : []).map((each): RowOptions => {
        const name = child(each, 'Name').text
        const target = declaredColumns.find((known) => known.name === name)
        if (!target) return refuseForm(`an assignment to \`${name}\`, which is not declared`, each.span)
        return { name, value: given.take(convert(lowerScalar(child(each, 'Expression'), inner), target.type)) }
      }),
    }
  })
  const matchId = tokenText(parameters(node).get('with_match_id'))
  const options: RowOptions = {
    steps: lowered,
    declared: declared.map(({ name, value }): RowOptions => ({ name, value: given.take(value) })),
    matchId,
  }
  const all = given.inputs([input])
  return {
    kind: 'row-operator',
    name: 'scan',
    inputs: all.inputs,
    options: { ...options, given: all.given },
    columns: matchId === undefined ? columns : [...columns, column(matchId, 'long')],
    span: node.span,
  }
}
