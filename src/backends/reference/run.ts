import type { Query, Relation, SortKey } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Column, ScalarType } from '../../ir/types.js'
import { type Dynamic, type DynamicBag, isArray, isBag, type Value } from '../../ir/value.js'
import { aggregate } from './aggregate.js'
import { compareValues, keyOf } from './compare.js'
import { scalarFunction } from './functions/index.js'
import { ROW_OPERATORS } from './row-operators/index.js'
import { type Evaluation, evaluate } from './scalar.js'
import { windowValues } from './window.js'

export type Row = readonly Value[]

export interface Rows {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

/** Answers a query over rows in memory. It is slow, obvious, and the judge of the engines that are neither. */
export function runReference(query: Query, tables: (name: string) => readonly Row[]): Rows {
  const runner = new Runner(query, tables)
  return { columns: query.body.columns, rows: runner.run(query.body) }
}

class Runner {
  private readonly kept = new Map<string, readonly Row[]>()
  private readonly scalars = new Map<Relation, readonly Row[]>()
  private items: readonly Row[] | undefined

  constructor(
    private readonly query: Query,
    private readonly tables: (name: string) => readonly Row[],
  ) {}

  /** Evaluates expressions on the rows of a relation. */
  private on(columns: readonly Column[]): (row: Row) => Evaluation {
    const places = new Map(columns.map(({ name }, index) => [name, index]))
    const rows = (relation: Relation): readonly Row[] => {
      const known = this.scalars.get(relation)
      if (known) return known
      const found = this.run(relation)
      this.scalars.set(relation, found)
      return found
    }
    return (row) => ({
      rows,
      value: (name) => {
        const place = places.get(name)
        if (place === undefined) throw new Error(`no column ${name}`)
        return row[place]!
      },
    })
  }

  run(relation: Relation): readonly Row[] {
    switch (relation.kind) {
      case 'table':
        return this.tables(relation.name)
      case 'rows':
        return relation.rows
      case 'range':
        return this.range(relation)
      case 'bound':
        return this.bound(relation.name)
      case 'items':
        if (!this.items) throw new Error('items outside a body')
        return this.items
      case 'filter': {
        const at = this.on(relation.input.columns)
        return this.run(relation.input).filter((row) => evaluate(relation.condition, at(row)) === true)
      }
      case 'extend':
      case 'project':
        return this.assign(relation)
      case 'aggregate':
        return this.aggregate(relation)
      case 'sort':
        return this.sort(relation.keys, relation.input)
      case 'take': {
        const count = evaluate(relation.count, this.on([])([]))
        return this.run(relation.input).slice(0, Math.max(0, Number(count)))
      }
      case 'window':
        return this.window(relation)
      case 'join':
        return this.join(relation)
      case 'union':
        return relation.inputs.flatMap((input) => this.run(input))
      case 'unnest':
        return this.run(relation.input).flatMap((row) => this.unnestRow(relation, row))
      case 'apply':
        return this.apply(relation)
      case 'partition':
        return this.partition(relation)
      case 'sequence':
        throw new Error('sequences are not run yet')
      case 'row-operator': {
        const inputs = relation.inputs.map((input) => ({ columns: input.columns, rows: this.run(input) }))
        return ROW_OPERATORS[relation.name]!(inputs, relation.columns, relation.options)
      }
    }
  }

  private bound(name: string): readonly Row[] {
    const known = this.kept.get(name)
    if (known) return known
    const binding = this.query.bindings.find((each) => each.name === name)!
    const { items } = this
    this.items = undefined
    const rows = this.run(binding.relation)
    this.items = items
    if (binding.once) this.kept.set(name, rows)
    return rows
  }

  private range({ from, to, step, columns }: Extract<Relation, { kind: 'range' }>): readonly Row[] {
    const at = this.on([])([])
    const values = scalarFunction('range')!(
      [evaluate(from, at), evaluate(to, at), evaluate(step, at)],
      [columns[0]!.type === 'real' ? 'real' : 'long', 'long', 'long'],
      'dynamic',
    )
    return isArray(values) ? values.map((value) => [value]) : []
  }

  private assign(relation: Extract<Relation, { kind: 'extend' | 'project' }>): readonly Row[] {
    const input = relation.input.columns
    const at = this.on(input)
    const assigned = new Map(relation.assignments.map(({ name, value }) => [name, value]))
    const places = new Map(input.map(({ name }, index) => [name, index]))
    return this.run(relation.input).map((row) => {
      const scope = at(row)
      return relation.columns.map(({ name }) => {
        const value = assigned.get(name)
        return value ? evaluate(value, scope) : row[places.get(name)!]!
      })
    })
  }

  private aggregate(relation: Extract<Relation, { kind: 'aggregate' }>): readonly Row[] {
    const at = this.on(relation.input.columns)
    const groups = new Map<string, { key: Row; scopes: Evaluation[] }>()
    for (const row of this.run(relation.input)) {
      const scope = at(row)
      const key = relation.by.map(({ value }) => evaluate(value, scope))
      const id = key.map(keyOf).join('\u0000')
      const group = groups.get(id) ?? { key, scopes: [] }
      group.scopes.push(scope)
      groups.set(id, group)
    }
    if (relation.by.length === 0 && groups.size === 0) groups.set('', { key: [], scopes: [] })
    return [...groups.values()].map(({ key, scopes }) => {
      const values = new Map<string, Value>(relation.by.map(({ name }, index) => [name, key[index]!]))
      for (const call of relation.aggregates) values.set(call.name, aggregate(call, scopes))
      return relation.columns.map(({ name }) => values.get(name)!)
    })
  }

  private sort(keys: readonly SortKey[], input: Relation): readonly Row[] {
    const at = this.on(input.columns)
    return sortRows(
      this.run(input).map((row) => ({ row, values: keys.map(({ value }) => evaluate(value, at(row))) })),
      keys,
    )
  }

  private window(relation: Extract<Relation, { kind: 'window' }>): readonly Row[] {
    const at = this.on(relation.input.columns)
    const rows = this.run(relation.input)
    const scopes = rows.map(at)
    const added = relation.assignments.map(({ value }) =>
      windowValues(value as Extract<Scalar, { kind: 'window-call' }>, scopes),
    )
    return rows.map((row, index) => [...row, ...added.map((values) => values[index]!)])
  }

  private join(relation: Extract<Relation, { kind: 'join' }>): readonly Row[] {
    const { how, output } = relation
    const left = this.keyed(
      relation.left,
      relation.on.map((key) => key.left),
    )
    const right = this.keyed(
      relation.right,
      relation.on.map((key) => key.right),
    )
    const places = {
      left: new Map(relation.left.columns.map(({ name }, index) => [name, index])),
      right: new Map(relation.right.columns.map(({ name }, index) => [name, index])),
    }
    const pair = (leftRow: Row | undefined, rightRow: Row | undefined): Row =>
      output.map(({ side, column, name }) => {
        const row = side === 'left' ? leftRow : rightRow
        const type = relation.columns.find((each) => each.name === name)!.type
        return row ? row[places[side].get(column)!]! : type === 'string' ? '' : null
      })
    const byKey = (rows: readonly Keyed[]): Map<string, Row[]> => {
      const found = new Map<string, Row[]>()
      for (const { key, row } of rows) found.set(key, [...(found.get(key) ?? []), row])
      return found
    }
    const [lefts, rights] = [byKey(left), byKey(right)]
    switch (how) {
      case 'inner':
        return left.flatMap(({ key, row }) => (rights.get(key) ?? []).map((other) => pair(row, other)))
      case 'inner-unique':
        return [...lefts].flatMap(([key, [row]]) => (rights.get(key) ?? []).map((other) => pair(row, other)))
      case 'left-outer':
        return left.flatMap(({ key, row }) => (rights.get(key) ?? [undefined]).map((other) => pair(row, other)))
      case 'right-outer':
        return right.flatMap(({ key, row }) => (lefts.get(key) ?? [undefined]).map((other) => pair(other, row)))
      case 'full-outer':
        return [
          ...left.flatMap(({ key, row }) => (rights.get(key) ?? [undefined]).map((other) => pair(row, other))),
          ...right.filter(({ key }) => !lefts.has(key)).map(({ row }) => pair(undefined, row)),
        ]
      case 'left-semi':
        return left.filter(({ key }) => rights.has(key)).map(({ row }) => pair(row, undefined))
      case 'left-anti':
        return left.filter(({ key }) => !rights.has(key)).map(({ row }) => pair(row, undefined))
      case 'right-semi':
        return right.filter(({ key }) => lefts.has(key)).map(({ row }) => pair(undefined, row))
      case 'right-anti':
        return right.filter(({ key }) => !lefts.has(key)).map(({ row }) => pair(undefined, row))
    }
  }

  private keyed(relation: Relation, keys: readonly Scalar[]): readonly Keyed[] {
    const at = this.on(relation.columns)
    return this.run(relation).map((row) => ({
      row,
      key: keys.map((key) => keyOf(evaluate(key, at(row)))).join('\u0000'),
    }))
  }

  private unnestRow(relation: Extract<Relation, { kind: 'unnest' }>, row: Row): Row[] {
    const scope = this.on(relation.input.columns)(row)
    const lists = relation.items.map(({ value }) =>
      elements(evaluate(value, scope), relation.bags).slice(0, relation.limit),
    )
    const length = Math.max(0, ...lists.map((list) => list.length))
    const places = new Map(relation.input.columns.map(({ name }, index) => [name, index]))
    return Array.from({ length }, (_, position) =>
      relation.columns.map(({ name, type }): Value => {
        const item = relation.items.findIndex((each) => each.name === name)
        if (item >= 0) return elementAs(lists[item]![position] ?? null, type)
        return name === relation.index ? BigInt(position) : row[places.get(name)!]!
      }),
    )
  }

  private within(items: readonly Row[], body: Relation): readonly Row[] {
    const before = this.items
    this.items = items
    this.scalars.clear()
    const rows = this.run(body)
    this.items = before
    return rows
  }

  private apply(relation: Extract<Relation, { kind: 'apply' }>): readonly Row[] {
    const { input: unnest, body } = relation
    const itemNames = new Set(unnest.items.map(({ name }) => name))
    const places = new Map(unnest.input.columns.map(({ name }, index) => [name, index]))
    const inner = new Map(body.columns.map(({ name }, index) => [name, index]))
    return this.run(unnest.input).flatMap((row) => {
      const items = this.unnestRow(unnest, row)
      if (items.length === 0) return []
      return this.within(items, body).map((result) =>
        relation.columns.map(({ name }) =>
          places.has(name) && !itemNames.has(name) ? row[places.get(name)!]! : result[inner.get(name)!]!,
        ),
      )
    })
  }

  private partition(relation: Extract<Relation, { kind: 'partition' }>): readonly Row[] {
    const at = this.on(relation.input.columns)
    const groups = new Map<string, Row[]>()
    for (const row of this.run(relation.input)) {
      const key = keyOf(evaluate(relation.key, at(row)))
      groups.set(key, [...(groups.get(key) ?? []), row])
    }
    return [...groups.values()].flatMap((rows) => this.within(rows, relation.body))
  }
}

interface Keyed {
  readonly key: string
  readonly row: Row
}

export function sortRows(
  rows: readonly { readonly row: Row; readonly values: readonly Value[] }[],
  keys: readonly SortKey[],
): readonly Row[] {
  const sorted = [...rows].sort((left, right) => {
    for (const [index, { value, direction, nulls }] of keys.entries()) {
      const [a, b] = [left.values[index]!, right.values[index]!]
      if (a === null || b === null) {
        if (a === b) continue
        return (a === null) === (nulls === 'first') ? -1 : 1
      }
      const order = compareValues(a, b, value.type)
      if (order !== 0) return direction === 'ascending' ? order : -order
    }
    return 0
  })
  return sorted.map(({ row }) => row)
}

/** The elements of a dynamic: a null is one element, a bag has one for each property. */
function elements(value: Dynamic, bags: 'bag' | 'array'): readonly Dynamic[] {
  if (isArray(value)) return value
  if (!isBag(value)) return [value]
  return [...value].map(
    ([key, inner]): Dynamic => (bags === 'array' ? [key, inner] : (new Map([[key, inner]]) as DynamicBag)),
  )
}

function elementAs(value: Dynamic, type: ScalarType): Value {
  if (type === 'dynamic') return value
  if (type === 'string') return scalarFunction('to_string')!([value], ['dynamic'], 'string')
  return scalarFunction(`as_${type === 'decimal' ? 'real' : type}`)!([value], ['dynamic'], type)
}
