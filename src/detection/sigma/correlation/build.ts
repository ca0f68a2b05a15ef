import type { CorrelationSpec, ResolvedCorrelation, RuleMember } from '../../../dialects/sigma/index.js'
import type { Condition } from '../../../dialects/sigma/syntax.js'
import type { CorrelationCondition, CorrelationInput, CorrelationPlan, InputExpression, Measure } from './plan.js'

/** A correlation as a plan, and the streams of hits that the plan is evaluated over. */
export interface BuiltCorrelation {
  readonly plan: CorrelationPlan
  readonly streams: readonly CorrelationStream[]
}

/** A rule's hits, each with the values of these fields. */
export interface CorrelationStream {
  readonly member: RuleMember
  /** As the correlation calls the rule. */
  readonly name: string
  readonly fields: readonly string[]
}

export function buildCorrelation(resolved: ResolvedCorrelation): BuiltCorrelation {
  const streams: CorrelationStream[] = []
  return { plan: build(resolved, [], streams), streams }
}

function build(
  { spec, inputs }: ResolvedCorrelation,
  wanted: readonly string[],
  streams: CorrelationStream[],
): CorrelationPlan {
  const { groupBy } = spec
  const carried = [...new Set(wanted)].filter((name) => !groupBy.includes(name) && !spec.fields.includes(name))
  const row = [...groupBy, ...spec.fields, ...carried]
  return {
    groupBy,
    valueFields: spec.fields,
    carried,
    timespan: spec.timespan,
    measure: measureOf(spec),
    condition: conditionOf(spec),
    inputs: inputs.map((input, index): CorrelationInput => {
      const { name } = spec.rules[index]!
      const fields = row.map((each) => fieldOf(spec, each, input, name))
      if (input.kind === 'rule') {
        streams.push({ member: input, name, fields })
        return { kind: 'stream', stream: streams.length - 1, name }
      }
      const plan = build(input.resolved, fields, streams)
      const below = [...plan.groupBy, ...plan.valueFields, ...plan.carried]
      return { kind: 'correlation', plan, name, pick: fields.map((each) => below.indexOf(each)) }
    }),
  }
}

/** What a field of the correlation is called in a rule's events: by an alias of it, or the same. */
function fieldOf(
  { aliases }: CorrelationSpec,
  name: string,
  input: ResolvedCorrelation['inputs'][number],
  reference: string,
): string {
  const fields = aliases.get(name)
  const { document } = input.kind === 'rule' ? input : input.resolved
  for (const known of [reference, document.name, document.id]) {
    const field = known === undefined ? undefined : fields?.get(known)
    if (field !== undefined) return field
  }
  return name
}

function measureOf({ type, percentile }: CorrelationSpec): Measure {
  switch (type) {
    case 'event_count':
      return { kind: 'events' }
    case 'value_count':
      return { kind: 'values' }
    case 'temporal':
      return { kind: 'rules' }
    case 'temporal_ordered':
      return { kind: 'rules-in-order' }
    case 'value_sum':
      return { kind: 'sum' }
    case 'value_avg':
      return { kind: 'average' }
    case 'value_percentile':
    case 'value_median':
      return { kind: 'percentile', rank: percentile! }
  }
}

function conditionOf({ condition, rules }: CorrelationSpec): CorrelationCondition {
  if (condition.kind === 'bounds') return { kind: 'bounds', bounds: condition.bounds }
  const place = (part: Condition): InputExpression => {
    switch (part.kind) {
      case 'and':
      case 'or':
        return { kind: part.kind, operands: part.operands.map(place) }
      case 'not':
        return { kind: 'not', operand: place(part.operand) }
      case 'search':
        return { kind: 'input', input: rules.findIndex(({ name }) => name === part.name) }
      case 'of':
        throw new Error('a correlation that names its rules by a pattern')
    }
  }
  return { kind: 'expression', expression: place(condition.condition) }
}
