import type { Assignment, Relation, RowOptions } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import { type Column, column, isWhole, type ScalarType } from '../../ir/types.js'
import { Given } from './given.js'
import { type Environment, findColumn, lowerCondition, lowerConstant, lowerScalar } from './lower-scalar.js'
import { isTabular, lowerTabular } from './lower-tabular.js'
import { suggestName } from './named.js'
import { project } from './relations.js'
import { refuse, refuseForm, uniqueName } from './scope.js'
import { child, type KqlNode } from './syntax.js'

/**
 * Plugins that count who appeared when. Each is an operator on rows of an id, a time, and the columns that slice the analysis.
 * https://learn.microsoft.com/kusto/query/functions-library
 */
type Plugin = (args: readonly KqlNode[], node: KqlNode, input: Relation, env: Environment) => Relation

/** The arguments of one of them, in turn. */
class Arguments {
  private at = 0
  readonly given: Given

  constructor(
    private readonly name: string,
    private readonly list: readonly KqlNode[],
    readonly node: KqlNode,
    readonly env: Environment,
  ) {
    this.given = new Given(env.context)
  }

  next(): KqlNode {
    const node = this.list[this.at++]
    if (node) return node
    return refuse('bad-argument-count', this.node.span, { name: this.name, expected: 'more', found: this.list.length })
  }

  left(): readonly KqlNode[] {
    return this.list.slice(this.at)
  }

  /** A value of each row, under a name. */
  value(): Assignment {
    const node = this.next()
    return { name: suggestName(node) ?? 'Column1', value: lowerScalar(node, this.env) }
  }

  /** When something appeared: what can be counted in steps. */
  time(): Assignment {
    const found = this.value()
    const { type } = found.value
    if (type === 'datetime' || type === 'timespan' || isWhole(type)) return found
    return refuse('type-mismatch', found.value.span ?? this.node.span, {
      what: `the timeline of \`${this.name}\``,
      expected: 'datetime, timespan or a whole number',
      found: type,
    })
  }

  /** The same for all rows. */
  constant(): Scalar {
    return this.given.take(lowerConstant(this.next(), this.env))
  }

  /** The columns that are left. */
  dimensions(): readonly Assignment[] {
    return this.list.slice(this.at).map((node): Assignment => {
      this.at++
      const found = findColumn(this.env.columns, node.text)
      if (!found) return refuseForm(`this dimension of \`${this.name}\``, node.span)
      return { name: found.name, value: { kind: 'column', name: found.name, type: found.type, span: node.span } }
    })
  }

  /** Whether an argument is a column of the input, and not a value for the whole analysis. */
  isColumn(node: KqlNode): boolean {
    return node.kind === 'NameReference' && findColumn(this.env.columns, node.text) !== undefined
  }
}

interface Made {
  readonly operator: string
  readonly columns: readonly Assignment[]
  readonly options: RowOptions
  readonly output: readonly Column[]
  readonly more?: readonly Relation[]
}

/** The operator over its columns; two of one name are told apart. */
function made({ operator, columns, options, output, more }: Made, args: Arguments, input: Relation): Relation {
  const taken = new Set<string>()
  const named = columns.map(({ name, value }) => {
    const unique = uniqueName(name, taken)
    taken.add(unique)
    return { name: unique, value: args.given.take(value) }
  })
  const names = new Set<string>()
  const result = output.map(({ name, type }) => {
    const unique = uniqueName(name, names)
    names.add(unique)
    return column(unique, type)
  })
  const all = args.given.inputs([project(input, named, args.node.span), ...(more ?? [])])
  return {
    kind: 'row-operator',
    name: operator,
    inputs: all.inputs,
    options: { ...options, given: all.given },
    columns: result,
    span: args.node.span,
  }
}

const outputOf = (list: readonly Assignment[]): Column[] => list.map(({ name, value }) => column(name, value.type))
const longs = (...names: string[]): Column[] => names.map((name) => column(name, 'long'))

/** `id, time, start, end, step...`: what most of them begin with. */
const plugin =
  (name: string, lower: (args: Arguments, input: Relation) => Relation): Plugin =>
  (list, node, input, env) =>
    lower(new Arguments(name, list, node, env), input)

function range(args: Arguments): RowOptions {
  return { start: args.constant(), end: args.constant() }
}

/** Start and end may be left out together; then what follows the step are columns. */
function optionalRange(args: Arguments, after: number): RowOptions {
  const left = args.left()
  const constants = left.findIndex((node) => args.isColumn(node))
  return (constants < 0 ? left.length : constants) >= 2 + after ? range(args) : {}
}

export const ACTIVITY_PLUGINS: Readonly<Record<string, Plugin>> = {
  activity_counts_metrics: plugin('activity_counts_metrics', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...range(args), step: args.constant() }
    const dimensions = args.dimensions()
    const output = [...outputOf([time, ...dimensions]), ...longs('count', 'dcount', 'new_dcount', 'aggregated_dcount')]
    return made({ operator: 'activity-counts', columns: [id, time, ...dimensions], options, output }, args, input)
  }),

  activity_metrics: plugin('activity_metrics', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...optionalRange(args, 1), step: args.constant() }
    const dimensions = args.dimensions()
    const output = [
      ...outputOf([time]),
      ...longs('dcount_values', 'dcount_newvalues'),
      column('retention_rate', 'real'),
      column('churn_rate', 'real'),
      ...outputOf(dimensions),
    ]
    return made({ operator: 'activity-metrics', columns: [id, time, ...dimensions], options, output }, args, input)
  }),

  activity_engagement: plugin('activity_engagement', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...optionalRange(args, 2), step: args.constant(), outer: args.constant() }
    const dimensions = args.dimensions()
    const output = [
      ...outputOf([time]),
      ...longs('dcount_activities_inner', 'dcount_activities_outer'),
      column('activity_ratio', 'real'),
      ...outputOf(dimensions),
    ]
    return made({ operator: 'activity-engagement', columns: [id, time, ...dimensions], options, output }, args, input)
  }),

  new_activity_metrics: plugin('new_activity_metrics', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...range(args), step: args.constant() }
    const left = args.left()
    const last = left[left.length - 1]
    const lookback = last && !args.isColumn(last) && isTabular(last, args.env) ? last : undefined
    const cohort = left[0] && left[0] !== lookback && !args.isColumn(left[0]) ? args.constant() : undefined
    const dimensions = lookback ? [] : args.dimensions()
    if (lookback && args.left().length > 1) return refuseForm('dimensions with a lookback', args.node.span)
    const names = [`from_${time.name}`, `to_${time.name}`]
    const output = [
      ...names.map((name) => column(name, time.value.type)),
      ...longs('dcount_new_values', 'dcount_retained_values', 'dcount_churn_values'),
      column('retention_rate', 'real'),
      column('churn_rate', 'real'),
      ...outputOf(dimensions),
    ]
    const known = lookback && knownIds(lookback, id, args.env)
    return made(
      {
        operator: 'new-activity-metrics',
        columns: [id, time, ...dimensions],
        options: { ...options, cohort, lookback: known !== undefined },
        output,
        ...(known ? { more: [known] } : {}),
      },
      args,
      input,
    )
  }),

  active_users_count: plugin('active_users_count', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = {
      ...range(args),
      lookback: args.constant(),
      period: args.constant(),
      least: args.constant(),
      step: args.constant(),
    }
    const dimensions = args.dimensions()
    const output = [...outputOf([time, ...dimensions]), ...longs('dcount')]
    return made({ operator: 'active-users', columns: [id, time, ...dimensions], options, output }, args, input)
  }),

  sliding_window_counts: plugin('sliding_window_counts', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...range(args), lookback: args.constant(), step: args.constant() }
    const dimensions = args.dimensions()
    const output = [...outputOf([time, ...dimensions]), ...longs('Count', 'dcount')]
    return made({ operator: 'sliding-window-counts', columns: [id, time, ...dimensions], options, output }, args, input)
  }),

  session_count: plugin('session_count', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...range(args), step: args.constant(), lookback: args.constant() }
    const dimensions = args.dimensions()
    const output = [...outputOf([time, ...dimensions]), ...longs('count_sessions')]
    return made({ operator: 'session-count', columns: [id, time, ...dimensions], options, output }, args, input)
  }),

  rolling_percentile: plugin('rolling_percentile', (args, input) => {
    const value = args.value()
    const percent = args.constant()
    const index = args.time()
    const options = { percent, size: args.constant(), bins: args.constant() }
    const dimensions = args.dimensions()
    const name = `rolling_${numberOf(options.bins)}_percentile_${value.name}_${numberOf(percent)}`
    const output = [...outputOf([index, ...dimensions]), column(name, value.value.type)]
    return made(
      { operator: 'rolling-percentile', columns: [value, index, ...dimensions], options, output },
      args,
      input,
    )
  }),

  sequence_detect: plugin('sequence_detect', (args, input) => {
    const time = args.time()
    const options = { within: args.constant(), total: args.constant() }
    const steps: Assignment[] = []
    while (args.left()[0]?.kind === 'SimpleNamedExpression') {
      const step = args.next()
      steps.push({ name: child(step, 'Name').text, value: lowerCondition(child(step, 'Expression'), args.env) })
    }
    if (steps.length === 0) return refuseForm('`sequence_detect` without named steps', args.node.span)
    const dimensions = args.dimensions()
    const output = [
      ...outputOf(dimensions),
      ...steps.map(({ name }) => column(`${name}_${time.name}`, time.value.type)),
      column('Duration', differenceOf(time.value.type)),
    ]
    return made(
      {
        operator: 'sequence-detect',
        columns: [time, ...steps, ...dimensions],
        options: { ...options, steps: BigInt(steps.length) },
        output,
      },
      args,
      input,
    )
  }),

  funnel_sequence_completion: plugin('funnel_sequence_completion', (args, input) => {
    const [id, time] = [args.value(), args.time()]
    const options = { ...range(args), step: args.constant() }
    const state = args.value()
    const more = { sequence: args.constant(), spans: args.constant() }
    const output = [
      ...outputOf([time]),
      column(state.name, 'string'),
      column('Period', differenceOf(time.value.type)),
      ...longs('dcount'),
    ]
    return made(
      { operator: 'funnel-completion', columns: [id, time, state], options: { ...options, ...more }, output },
      args,
      input,
    )
  }),
}

const differenceOf = (type: ScalarType): ScalarType => (type === 'datetime' ? 'timespan' : type)

const numberOf = (value: Scalar): string =>
  value.kind === 'literal'
    ? String(value.value)
    : refuseForm('a number that is not known before the query runs', value.span!)

/** The ids that a lookback table names: its column of the id's name, else its only column of that type. */
function knownIds(node: KqlNode, id: Assignment, env: Environment): Relation {
  const relation = lowerTabular(node, { ...env, columns: [], input: undefined })
  const alike = relation.columns.filter(({ type }) => type === id.value.type)
  const found = findColumn(relation.columns, id.name) ?? (alike.length === 1 ? alike[0] : undefined)
  if (!found || found.type !== id.value.type) return refuseForm('a lookback table without the id', node.span)
  return project(relation, [{ name: found.name, value: { kind: 'column', ...found, span: node.span } }], node.span)
}
