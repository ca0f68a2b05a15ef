import type { AggregateCall, Assignment, Query, Relation } from '../../ir/relation.js'
import { conjuncts } from '../origins.js'
import { scalarWords } from './scalar-words.js'

/** One step of a plan. Sub-plans, and parts of a step, stand deeper. */
export interface PlanLine {
  readonly depth: number
  readonly text: string
}

/** What a query does, a step a line, in the order in which it does it. */
export function planWords(query: Query): readonly PlanLine[] {
  const bound = query.bindings.map(({ name, relation, once }): readonly PlanLine[] => [
    { depth: 0, text: `${plainName(name)} stands for${once ? ', kept once it has run' : ''}` },
    ...steps(relation, 1),
  ])
  return [...bound.flat(), ...steps(query.body, 0)]
}

/** Of a union over every table, the first few stand for the rest. */
const MOST_INPUTS = 8

const plainName = (name: string): string => name.replace(/#\d+$/, '')

function steps(relation: Relation, depth: number): readonly PlanLine[] {
  const line = (text: string): PlanLine => ({ depth, text })
  const under = (parts: readonly string[]): PlanLine[] => parts.map((text) => ({ depth: depth + 1, text }))
  const after = (input: Relation, ...more: readonly PlanLine[]): readonly PlanLine[] => [
    ...steps(input, depth),
    ...more,
  ]
  switch (relation.kind) {
    case 'table':
      return [line(`reads ${relation.name}`)]
    case 'rows':
      return [
        line(relation.rows.length === 1 ? 'takes one row' : `takes ${relation.rows.length} rows written in the query`),
      ]
    case 'range':
      return [
        line(
          `counts from ${scalarWords(relation.from)} to ${scalarWords(relation.to)} in steps of ${scalarWords(relation.step)}`,
        ),
      ]
    case 'bound':
      return [line(`takes the rows of ${plainName(relation.name)}`)]
    case 'items':
      return [line('takes those rows')]
    case 'filter': {
      const parts = conjuncts(relation.condition).map(scalarWords)
      return parts.length === 1
        ? after(relation.input, line(`keeps rows where ${parts[0]}`))
        : after(relation.input, line('keeps rows where all of these hold'), ...under(parts))
    }
    case 'extend':
      return after(relation.input, ...extendWords(relation.assignments, line, under))
    case 'window':
      return after(
        relation.input,
        ...listed('adds, from row to row,', relation.assignments.map(assignmentWords), line, under),
      )
    case 'project':
      if (relation.input.kind === 'aggregate') return summaryWords(relation, relation.input, depth)
      return after(relation.input, ...projectWords(relation.assignments, line, under))
    case 'aggregate': {
      const by = relation.by.map(assignmentWords).join(', ')
      const head = by === '' ? 'makes one row of all' : `makes one row for each ${by}`
      return after(
        relation.input,
        line(head),
        ...under(relation.aggregates.map((call) => `${call.name} = ${aggregateWords(call)}`)),
      )
    }
    case 'sort': {
      const keys = relation.keys.map(({ value, direction }) => `${scalarWords(value)}, ${direction}`)
      return after(relation.input, line(`sorts by ${keys.join('; then ')}`))
    }
    case 'take':
      return after(relation.input, line(`takes the first ${scalarWords(relation.count)} rows`))
    case 'join': {
      const on = relation.on.map(({ left, right }) => {
        const [a, b] = [scalarWords(left), scalarWords(right)]
        return a === b ? a : `${a} = ${b}`
      })
      return [
        ...steps(relation.left, depth),
        line(`joins (${relation.how.replace('-', ' ')}) on ${on.join(', ')} with`),
        ...steps(relation.right, depth + 1),
      ]
    }
    case 'union':
      return [
        line(`puts the rows of ${relation.inputs.length} queries together`),
        ...relation.inputs.slice(0, MOST_INPUTS).flatMap((input) => steps(input, depth + 1)),
        ...(relation.inputs.length > MOST_INPUTS
          ? under([`and so on for ${relation.inputs.length - MOST_INPUTS} more`])
          : []),
      ]
    case 'unnest':
      return after(
        relation.input,
        line(`makes a row of each element of ${relation.items.map(assignmentWords).join(', ')}`),
      )
    case 'apply':
      return [
        ...steps(relation.input, depth),
        line('and on the elements of each row'),
        ...steps(relation.body, depth + 1),
      ]
    case 'partition':
      return [
        ...steps(relation.input, depth),
        line(`for each ${scalarWords(relation.key)} alone`),
        ...steps(relation.body, depth + 1),
      ]
    case 'sequence':
      return [
        line('finds events that follow each other'),
        ...relation.steps.flatMap(({ input }) => steps(input, depth + 1)),
      ]
    case 'row-operator':
      return [...relation.inputs.flatMap((input) => steps(input, depth)), line(`applies ${relation.name}`)]
  }
}

/** What an aggregation calls its results until the projection above it names them is not shown. */
function summaryWords(
  { assignments }: Extract<Relation, { kind: 'project' }>,
  summary: Extract<Relation, { kind: 'aggregate' }>,
  depth: number,
): readonly PlanLine[] {
  const [head] = steps({ ...summary, aggregates: [] }, depth).slice(-1)
  const meant = new Map(summary.aggregates.map((call) => [call.name, aggregateWords(call)]))
  const parts = assignments.flatMap(({ name, value }) => {
    if (value.kind !== 'column') return [`${name} = ${scalarWords(value)}`]
    const words = meant.get(value.name)
    return words === undefined ? (value.name === name ? [] : [`${name} = ${value.name}`]) : [`${name} = ${words}`]
  })
  return [...steps(summary.input, depth), head!, ...parts.map((text) => ({ depth: depth + 1, text }))]
}

/** A choice is said branch by branch. */
function extendWords(
  assignments: readonly Assignment[],
  line: (text: string) => PlanLine,
  under: (parts: readonly string[]) => PlanLine[],
): PlanLine[] {
  const [only] = assignments
  if (assignments.length !== 1 || only?.value.kind !== 'choose' || only.value.branches.length < 2)
    return listed('adds', assignments.map(assignmentWords), line, under)
  const branches = only.value.branches.map(({ when, value }) => `${scalarWords(value)} where ${scalarWords(when)}`)
  return [
    line(`adds ${only.name}, the first of these that holds`),
    ...under([...branches, `else ${scalarWords(only.value.otherwise)}`]),
  ]
}

function listed(
  verb: string,
  parts: readonly string[],
  line: (text: string) => PlanLine,
  under: (parts: readonly string[]) => PlanLine[],
): PlanLine[] {
  return parts.length === 1 ? [line(`${verb} ${parts[0]}`)] : [line(verb), ...under(parts)]
}

/** A projection says what it makes; what it only passes on is counted by name. */
function projectWords(
  assignments: readonly Assignment[],
  line: (text: string) => PlanLine,
  under: (parts: readonly string[]) => PlanLine[],
): PlanLine[] {
  const passed = assignments.filter(({ name, value }) => value.kind === 'column' && value.name === name)
  const made = assignments.filter((each) => !passed.includes(each))
  const names = passed.map(({ name }) => name).join(', ')
  return [
    ...(passed.length > 0 ? [line(`shows ${names}`)] : []),
    ...(made.length > 0 ? listed(passed.length > 0 ? 'and' : 'shows', made.map(assignmentWords), line, under) : []),
  ]
}

const assignmentWords = ({ name, value }: Assignment): string =>
  value.kind === 'column' && value.name === name ? name : `${name} = ${scalarWords(value)}`

function aggregateWords({ function: called, arguments: args, condition }: AggregateCall): string {
  const where = condition === undefined ? '' : ` where ${scalarWords(condition)}`
  return `${called}${args.length > 0 ? ` of ${args.map(scalarWords).join(', ')}` : ''}${where}`
}
