import type { Scalar } from '../../../ir/scalar.js'
import type { Value } from '../../../ir/value.js'
import { type Evaluation, evaluate } from '../scalar.js'
import { givenValues, list, type Row, type RowOperator, scalar } from './row-operator.js'

interface Step {
  readonly name: string
  readonly output: string
  readonly condition: Scalar
  readonly assignments: readonly { readonly name: string; readonly value: Scalar }[]
}

/** A sequence in the making: the last row that each step took. */
interface State {
  readonly id: bigint
  readonly taken: ReadonlyMap<string, ReadonlyMap<string, Value>>
}

/** https://learn.microsoft.com/kusto/query/scan-operator#matching-logic */
export const scan: RowOperator = (inputs, output, options) => {
  const { columns: input, rows } = inputs[0]!
  const given = givenValues(inputs, options)
  const steps = list(options.steps).map(
    (step): Step => ({
      name: String(step.name),
      output: String(step.output),
      condition: scalar(step.condition),
      assignments: list(step.assignments).map(({ name, value }) => ({ name: String(name), value: scalar(value) })),
    }),
  )
  const nowhere: Evaluation = { value: (name) => given.get(name) ?? null, rows: () => [] }
  const defaults = new Map(
    list(options.declared).map(({ name, value }): [string, Value] => [String(name), evaluate(scalar(value), nowhere)]),
  )
  const texts = new Set(input.filter(({ type }) => type === 'string').map(({ name }) => name))
  const found: Row[] = []
  const held = new Map<string, Row>()
  const states: (State | undefined)[] = steps.map(() => undefined)
  let nextId = 0n

  for (const row of rows) {
    const record = new Map<string, Value>([
      ...input.map(({ name }, index): [string, Value] => [name, row[index]!]),
      ...defaults,
    ])
    const see = (state: State | undefined): Evaluation => ({
      rows: () => [],
      value: (name) => {
        if (record.has(name)) return record.get(name)!
        if (given.has(name)) return given.get(name)!
        const dot = name.indexOf('.')
        const column = name.slice(dot + 1)
        return (
          state?.taken.get(name.slice(0, dot))?.get(column) ?? defaults.get(column) ?? (texts.has(column) ? '' : null)
        )
      },
    })
    for (let index = steps.length - 1; index >= 0; index--) {
      const step = steps[index]!
      const meets = (state: State | undefined): boolean => evaluate(step.condition, see(state)) === true
      const before = index > 0 ? states[index - 1] : undefined
      if (before && meets(before)) {
        states[index] = take(step, before)
        states[index - 1] = undefined
        continue
      }
      const own = states[index]
      if (own ? meets(own) : index === 0 && meets(undefined))
        states[index] = take(step, own ?? { id: nextId++, taken: new Map() })
    }

    function take(step: Step, state: State): State {
      const scope = see(state)
      const extended = new Map(record)
      for (const { name, value } of step.assignments) extended.set(name, evaluate(value, scope))
      const result = output.map(({ name }) => (name === options.matchId ? state.id : (extended.get(name) ?? null)))
      if (step.output === 'all') found.push(result)
      if (step.output === 'last') held.set(`${state.id} ${step.name}`, result)
      return { id: state.id, taken: new Map([...state.taken, [step.name, extended]]) }
    }
  }
  return [...found, ...held.values()]
}
