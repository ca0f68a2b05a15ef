import type { AggregateCall, JoinKind, Query, Relation, SortKey } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Column, ScalarType } from '../../ir/types.js'
import type { Value } from '../../ir/value.js'
import { columnsRead } from '../../ir/walk.js'
import { extremeOfStored } from '../extreme-of-stored.js'
import { NotEmitted } from '../not-emitted.js'
import type { Form, PhysicalTable, RelationSql, ScalarScope, ScopeColumn } from './scope.js'
import {
  columnByName,
  type Hidden,
  keysOf,
  type Needed,
  type OrderTerm,
  type Out,
  orderTerms,
  plus,
  printSelect,
  type Select,
} from './select.js'

/** What engines say differently of a scalar. */
export interface ScalarWords {
  /** The value of an expression in its type's own form. */
  readonly scalar: (value: Scalar, scope: ScalarScope) => string
  /** SQL that is true where the condition is true; elsewhere false or NULL. */
  readonly condition: (value: Scalar, scope: ScalarScope) => string
  /** A column in its type's own form. */
  readonly canonical: (column: ScopeColumn) => string
  readonly literal: (type: ScalarType, value: Value) => string
  /** A value of a type as text. */
  readonly textOf: Readonly<Record<ScalarType, (sql: string) => string>>
  /** The terms that sort by a key. */
  readonly sortTerms: (key: SortKey, scope: ScalarScope) => readonly OrderTerm[]
  readonly window: (call: WindowCall, scope: ScalarScope, order: readonly string[], keys: readonly string[]) => string
}

/** What engines say differently of relations. */
export interface RelationWords {
  readonly join: Readonly<Record<JoinKind, string>>
  /** Compares keys of which both may be NULL, as equal. */
  readonly sameKey: string
  /** What stands before the parenthesis of a named query that is run once, or as often as it is asked. */
  readonly kept: string
  readonly inlined: string
  /** Any value of a group. */
  readonly any: string
}

type WindowCall = Extract<Scalar, { kind: 'window-call' }>
export type Of<Kind extends Relation['kind']> = Extract<Relation, { kind: Kind }>

/**
 * A query of the model as one SELECT around another: scopes, names, orders and what is needed of each relation are the same for every
 * engine; an engine adds its words, and how it says what SQL has no common words for. `Order` is what its aggregates know of the rows' order.
 */
export abstract class RelationEmitter<Order> {
  private counter = 0
  private readonly uses = new Map<string, number>()
  private readonly views: string[] = []
  private readonly viewNames = new Map<string, { id: string; columns: readonly Out[]; order: readonly OrderTerm[] }>()
  protected items: Select | undefined

  /** Whether a named query is run once. */
  protected keepsRows = false

  constructor(
    protected readonly query: Query,
    private readonly tables: (name: string) => PhysicalTable,
    private readonly say: ScalarWords,
    private readonly words: RelationWords,
  ) {
    countUses(query, this.uses)
  }

  /** FROM of rows that are written out; the last column is their place. */
  protected abstract values(columns: readonly Column[], ids: readonly string[], rows: readonly string[]): string
  protected abstract range(relation: Of<'range'>): Select
  protected abstract unnest(relation: Of<'unnest'>, needed: Needed): Select
  /** What limits the rows, of each key where there are keys. */
  protected abstract limit(select: Select, relation: Of<'take'>, keys: readonly string[]): string
  /** One row for each key, the first in the rows' order. */
  protected abstract oneOfEach(select: Select, keys: readonly string[]): Select
  /** The rows as the aggregates want them, and what they know of their order. */
  protected abstract ordered(
    select: Select,
    calls: readonly AggregateCall[],
  ): { readonly input: Select; readonly order: Order }
  protected abstract aggregateSql(call: AggregateCall, scope: ScalarScope, order: Order): string
  /** SQL of the values that calls of `arg-max` or `arg-min` over one value give, from one row. */
  protected abstract extremesSql(calls: readonly AggregateCall[], scope: ScalarScope, order: Order): readonly string[]

  /** Something that sees all rows at once; most engines have no words for it. */
  protected rowOperator(relation: Of<'row-operator'>): Select {
    throw new NotEmitted(`\`${relation.name}\``, relation.span)
  }

  /** The named queries that the body asks. */
  protected get named(): string {
    return this.views.length > 0 ? `WITH ${this.views.join(',\n')}\n` : ''
  }

  protected fresh(prefix = 'c'): string {
    return `${prefix}${++this.counter}`
  }

  protected scope(select: Select): ScalarScope {
    return { columns: new Map(select.columns.map((out) => [out.name, out])), relation: this.relations }
  }

  protected readonly relations: RelationSql = {
    firstValue: (scalar) => {
      const first = scalar.relation.columns[0]!
      const select = this.wrap(this.relation(scalar.relation, new Set([first.name])))
      return `(${printSelect({ ...select, hidden: [] }, [`${this.say.canonical(columnByName(select, first.name))} AS v`], true)} LIMIT 1)`
    },
    firstColumn: (scalar) => {
      const first = scalar.relation.columns[0]!
      const select = this.wrap(this.relation(scalar.relation, new Set([first.name])))
      const out = columnByName(select, first.name)
      const sql =
        scalar.subject.type === 'string' ? this.say.textOf[out.type](this.say.canonical(out)) : this.say.canonical(out)
      return printSelect({ ...select, hidden: [], order: [] }, [`${sql} AS v`], false)
    },
  }

  /** Closes a SELECT: its columns become plain names of a new one around it. */
  protected wrap(select: Select, keep?: Needed): Select {
    const columns: Out[] = []
    const list: string[] = []
    for (const out of select.columns) {
      if (keep && !keep.has(out.name)) continue
      const id = this.fresh()
      list.push(`${out.sql} AS ${id}`)
      columns.push({ ...out, sql: id, simple: true })
    }
    const hidden: Hidden[] = select.hidden.map((each) => {
      const id = this.fresh('h')
      list.push(`${each.sql} AS ${id}`)
      return { ...each, id, sql: id }
    })
    const order: OrderTerm[] = select.order.map(({ sql, how }) => {
      const id = this.fresh('o')
      list.push(`${sql} AS ${id}`)
      return { sql: id, how }
    })
    const from = `(${printSelect(select, list, false)}) AS ${this.fresh('t')}`
    return { from, where: [], columns, hidden, order }
  }

  /** A select whose named columns are cheap to read and whose rows may still be filtered. */
  private open(select: Select, used: ReadonlySet<string>): Select {
    if (select.suffix || select.distinct) return this.wrap(select)
    const heavy = select.columns.some((out) => !out.simple && used.has(out.name))
    return heavy ? this.wrap(select) : select
  }

  protected relation(relation: Relation, needed: Needed): Select {
    switch (relation.kind) {
      case 'table':
        return this.table(relation, needed)
      case 'rows':
        return this.rows(relation)
      case 'range':
        return this.range(relation)
      case 'bound':
        return this.bound(relation, needed)
      case 'items':
        if (!this.items) throw new Error('items outside a body')
        return this.items
      case 'filter': {
        const used = columnsRead(relation.condition, new Set())
        const input = this.open(this.relation(relation.input, plus(needed, used)), used)
        return { ...input, where: [...input.where, this.say.condition(relation.condition, this.scope(input))] }
      }
      case 'extend':
        return this.extend(relation, needed)
      case 'project':
        return this.project(relation, needed)
      case 'aggregate':
        return this.aggregate(relation, needed)
      case 'sort':
        return this.sort(relation, needed)
      case 'take':
        return this.take(relation, needed)
      case 'window':
        return this.window(relation)
      case 'join':
        return this.join(relation, needed)
      case 'union':
        return this.union(relation, needed)
      case 'unnest':
        return this.unnest(relation, needed)
      case 'apply':
        return this.apply(relation)
      case 'partition':
        return this.partition(relation)
      case 'sequence':
        throw new NotEmitted('a sequence of events', relation.span)
      case 'row-operator':
        return this.rowOperator(relation)
    }
  }

  private table(relation: Of<'table'>, needed: Needed): Select {
    const { sources } = this.tables(relation.name)
    const wanted = relation.columns.filter(({ name }) => !needed || needed.has(name))
    if (sources.length === 0) return this.nothing(wanted)
    const selects = sources.map((source): Select => {
      const columns = wanted.map(({ name, type }): Out => {
        const stored = source.columns.get(name)
        if (!stored) return this.missing(name, type)
        return { name, type, form: stored.form, sql: stored.sql, simple: /^"[^"]*"$/.test(stored.sql) }
      })
      return {
        from: source.from,
        where: source.where === undefined ? [] : [source.where],
        columns,
        hidden: [],
        order: [],
      }
    })
    return selects.length === 1 ? selects[0]! : this.unionAll(selects, wanted)
  }

  private nothing(columns: readonly Column[]): Select {
    const missing = columns.map(({ name, type }): Out => this.missing(name, type))
    return { from: '(SELECT 1 AS one)', where: ['false'], columns: missing, hidden: [], order: [] }
  }

  private missing(name: string, type: ScalarType): Out {
    return { name, type, form: 'plain', sql: this.say.literal(type, null), simple: true }
  }

  private rows(relation: Of<'rows'>): Select {
    const { columns, rows } = relation
    if (rows.length === 0) return this.nothing(columns)
    if (columns.length === 0) return { from: '(SELECT 1 AS one)', where: [], columns: [], hidden: [], order: [] }
    const ids = columns.map(() => this.fresh())
    const position = this.fresh('o')
    const values = rows.map(
      (row, index) =>
        `(${[...row.map((value, at) => this.say.literal(columns[at]!.type, value)), String(index)].join(', ')})`,
    )
    const from = this.values(columns, [...ids, position], values)
    const outs = columns.map(
      ({ name, type }, index): Out => ({ name, type, form: 'plain', sql: ids[index]!, simple: true }),
    )
    return { from, where: [], columns: outs, hidden: [], order: [{ sql: position, how: '' }] }
  }

  private bound(relation: Of<'bound'>, needed: Needed): Select {
    const binding = this.query.bindings.find(({ name }) => name === relation.name)!
    const often = binding.once || (this.uses.get(binding.name) ?? 0) > 1
    if (!often) return this.outsideItems(() => this.relation(binding.relation, needed))
    let view = this.viewNames.get(binding.name)
    if (!view) {
      const wrapped = this.outsideItems(() => this.wrap(this.relation(binding.relation, undefined)))
      const id = this.fresh('b')
      this.keepsRows ||= binding.once
      const list = [...wrapped.columns.map(({ sql }) => sql), ...wrapped.order.map(({ sql }) => sql)]
      this.views.push(
        `${id} AS ${binding.once ? this.words.kept : this.words.inlined}(${printSelect(wrapped, list, false)})`,
      )
      view = { id, columns: wrapped.columns, order: wrapped.order }
      this.viewNames.set(binding.name, view)
    }
    const alias = this.fresh('t')
    return {
      from: `${view.id} AS ${alias}`,
      where: [],
      columns: view.columns.map((out) => ({ ...out, sql: `${alias}.${out.sql}` })),
      hidden: [],
      order: view.order.map(({ sql, how }) => ({ sql: `${alias}.${sql}`, how })),
    }
  }

  private outsideItems<T>(run: () => T): T {
    const { items } = this
    this.items = undefined
    try {
      return run()
    } finally {
      this.items = items
    }
  }

  private extend(relation: Of<'extend'>, needed: Needed): Select {
    const assignments = relation.assignments.filter(({ name }) => !needed || needed.has(name))
    const used = new Set<string>()
    for (const { value } of assignments) columnsRead(value, used)
    const replaced = new Set(relation.assignments.map(({ name }) => name))
    const passed = needed && new Set([...needed].filter((name) => !replaced.has(name)))
    const input = this.open(this.relation(relation.input, plus(passed, used)), used)
    const scope = this.scope(input)
    const added = new Map(assignments.map(({ name, value }) => [name, this.out(name, value, scope)]))
    const columns = input.columns
      .map((out) => added.get(out.name) ?? out)
      .filter((out) => !replaced.has(out.name) || added.has(out.name))
    const known = new Set(input.columns.map(({ name }) => name))
    for (const [name, out] of added) if (!known.has(name)) columns.push(out)
    return { ...input, columns }
  }

  private out(name: string, value: Scalar, scope: ScalarScope): Out {
    if (value.kind === 'column') {
      const source = scope.columns.get(value.name)
      if (source) return { ...source, name, simple: (source as Out).simple }
    }
    return {
      name,
      type: value.type,
      form: 'plain',
      sql: this.say.scalar(value, scope),
      simple: value.kind === 'literal',
    }
  }

  private project(relation: Of<'project'>, needed: Needed): Select {
    const assignments = relation.assignments.filter(({ name }) => !needed || needed.has(name))
    const used = new Set<string>()
    for (const { value } of assignments) columnsRead(value, used)
    const computed = new Set<string>()
    for (const { value } of assignments) if (value.kind !== 'column') columnsRead(value, computed)
    const input = this.open(this.relation(relation.input, used), computed)
    const scope = this.scope(input)
    return { ...input, columns: assignments.map(({ name, value }) => this.out(name, value, scope)) }
  }

  private aggregate(relation: Of<'aggregate'>, needed: Needed): Select {
    const aggregates = relation.aggregates.filter(({ name }) => !needed || needed.has(name))
    const used = new Set<string>()
    for (const { value } of relation.by) columnsRead(value, used)
    for (const { arguments: args, condition } of aggregates) {
      for (const argument of args) columnsRead(argument, used)
      if (condition) columnsRead(condition, used)
    }
    const { input, order } = this.ordered(this.open(this.relation(relation.input, used), used), aggregates)
    const scope = this.scope(input)
    const list: string[] = []
    const columns: Out[] = []
    const groups: string[] = []
    const give = (name: string, type: ScalarType, sql: string, form: Form): void => {
      const id = this.fresh()
      list.push(`${sql} AS ${id}`)
      columns.push({ name, type, form, sql: id, simple: true })
    }
    for (const { name, value } of relation.by) {
      const out = this.out(name, value, scope)
      // A NULL text and an empty one are one group.
      const form = out.form === 'timestamp' ? 'timestamp' : 'plain'
      give(name, value.type, out.form === 'nullable-text' ? this.say.canonical(out) : out.sql, form)
      groups.push(columns[columns.length - 1]!.sql)
    }
    for (const calls of byExtreme(aggregates, (value) => this.say.scalar(value, scope)))
      for (const [index, sql] of this.extremesSql(calls, scope, order).entries())
        give(calls[index]!.name, calls[index]!.type, sql, 'plain')
    for (const call of aggregates) {
      if (call.function === 'arg-max' || call.function === 'arg-min') continue
      const stored = extremeOfStored(call, scope)
      if (stored === undefined) give(call.name, call.type, this.aggregateSql(call, scope, order), 'plain')
      else give(call.name, call.type, stored, 'timestamp')
    }
    const hidden: Hidden[] = input.hidden.map((each) => {
      const id = this.fresh('h')
      list.push(each.role === 'key' ? `${each.sql} AS ${id}` : `${this.words.any}(${each.sql}) AS ${id}`)
      if (each.role === 'key') groups.push(id)
      return { ...each, id, sql: id }
    })
    if (list.length === 0) list.push('count(*) AS one')
    const grouping = groups.length ? ` GROUP BY ${groups.join(', ')}` : ''
    // The order of `columns` in the result is the relation's; extremes come last here, and names find them.
    const from = `(${printSelect({ ...input, order: [] }, list, false)}${grouping}) AS ${this.fresh('t')}`
    return { from, where: [], columns, hidden, order: [] }
  }

  private sort(relation: Of<'sort'>, needed: Needed): Select {
    const used = new Set<string>()
    for (const { value } of relation.keys) columnsRead(value, used)
    const input = this.open(this.relation(relation.input, plus(needed, used)), used)
    const scope = this.scope(input)
    return { ...input, order: [...relation.keys.flatMap((key) => this.say.sortTerms(key, scope)), ...input.order] }
  }

  private take(relation: Of<'take'>, needed: Needed): Select {
    const input = this.relation(relation.input, needed)
    const ready = input.suffix || input.distinct ? this.wrap(input) : input
    return this.wrap({ ...ready, suffix: this.limit(ready, relation, keysOf(ready)) })
  }

  private window(relation: Of<'window'>): Select {
    const input = this.wrap(this.relation(relation.input, undefined))
    const scope = this.scope(input)
    const [keys, order] = [keysOf(input), orderTerms(input)]
    const added = relation.assignments.map(({ name, value }): Out => {
      if (value.kind !== 'window-call') throw new Error('a window without a window call')
      return { name, type: value.type, form: 'plain', sql: this.say.window(value, scope, order, keys), simple: false }
    })
    return this.wrap({ ...input, columns: [...input.columns, ...added] })
  }

  private join(relation: Of<'join'>, needed: Needed): Select {
    const output = relation.output.filter(({ name }) => !needed || needed.has(name))
    const sideNeeds = (side: 'left' | 'right'): Set<string> => {
      const used = new Set(output.filter((each) => each.side === side).map(({ column }) => column))
      for (const key of relation.on) columnsRead(key[side], used)
      return used
    }
    const { items } = this
    let left = this.keyed(
      relation.left,
      relation.on.map((key) => key.left),
      sideNeeds('left'),
    )
    if (relation.how === 'inner-unique') {
      const wrapped = this.wrap(this.oneOfEach(left.select, left.keys))
      left = {
        select: wrapped,
        keys: wrapped.columns.slice(wrapped.columns.length - left.keys.length).map(({ sql }) => sql),
      }
    }
    this.items = undefined
    const right = this.keyed(
      relation.right,
      relation.on.map((key) => key.right),
      sideNeeds('right'),
    )
    this.items = items
    const on = relation.on.map((key, index) => {
      const never = key.left.type === 'string'
      return `${left.keys[index]} ${never ? '=' : this.words.sameKey} ${right.keys[index]}`
    })
    const how = this.words.join[relation.how]
    const flipped = relation.how === 'right-semi' || relation.how === 'right-anti'
    const [first, second] = flipped ? [right, left] : [left, right]
    const from = `${first.select.from} ${how} ${second.select.from} ON ${on.length ? on.join(' AND ') : 'true'}`
    const outer = {
      left: relation.how === 'right-outer' || relation.how === 'full-outer',
      right: relation.how === 'left-outer' || relation.how === 'full-outer',
    }
    const columns = output.map(({ name, side, column }): Out => {
      const found = columnByName(side === 'left' ? left.select : right.select, column)
      const form: Form = outer[side] && found.type === 'string' && found.form === 'plain' ? 'nullable-text' : found.form
      return { ...found, name, form, simple: true }
    })
    const order = relation.how === 'right-outer' || relation.how === 'full-outer' || flipped ? [] : left.select.order
    return { from, where: [], columns, hidden: flipped ? [] : left.select.hidden, order }
  }

  /** A side of a join, closed, with its keys as its last columns. */
  private keyed(
    relation: Relation,
    keys: readonly Scalar[],
    needed: Set<string>,
  ): { select: Select; keys: readonly string[] } {
    const input = this.open(this.relation(relation, needed), new Set())
    const scope = this.scope(input)
    const added = keys.map(
      (key, index): Out => ({
        name: `$key${index}`,
        type: key.type,
        form: 'plain',
        sql: this.say.scalar(key, scope),
        simple: false,
      }),
    )
    const wrapped = this.wrap({ ...input, columns: [...input.columns, ...added] })
    return { select: wrapped, keys: wrapped.columns.slice(wrapped.columns.length - keys.length).map(({ sql }) => sql) }
  }

  private union(relation: Of<'union'>, needed: Needed): Select {
    const wanted = relation.columns.filter(({ name }) => !needed || needed.has(name))
    const names = new Set(wanted.map(({ name }) => name))
    return this.unionAll(
      relation.inputs.map((input) => this.relation(input, names)),
      wanted,
    )
  }

  private unionAll(selects: readonly Select[], wanted: readonly Column[]): Select {
    const forms = wanted.map(({ name }): Form => {
      const found = new Set(selects.map((select) => columnByName(select, name).form))
      if (found.size === 1) return [...found][0]!
      return found.has('timestamp') ? 'plain' : 'nullable-text'
    })
    const ids = wanted.map(() => this.fresh())
    const branches = selects.map((select, branch) => {
      const list = wanted.map(({ name }, index) => {
        const out = columnByName(select, name)
        const sql = forms[index] === 'plain' ? this.say.canonical(out) : out.sql
        return branch === 0 ? `${sql} AS ${ids[index]}` : sql
      })
      return `(${printSelect({ ...select, hidden: [] }, list, false)})`
    })
    const from = `(${branches.join(' UNION ALL ')}) AS ${this.fresh('t')}`
    const columns = wanted.map(
      ({ name, type }, index): Out => ({ name, type, form: forms[index]!, sql: ids[index]!, simple: true }),
    )
    return { from, where: [], columns, hidden: [], order: [] }
  }

  private apply(relation: Of<'apply'>): Select {
    const { input: unnest, body } = relation
    const source = this.relation(unnest.input, undefined)
    const numbered = this.wrap({
      ...source,
      hidden: [...source.hidden, { id: this.fresh('h'), sql: 'row_number() OVER ()', role: 'key' }],
    })
    const carried = numbered.columns.map((out): Hidden => ({ id: this.fresh('h'), sql: out.sql, role: 'carried' }))
    const carriedFrom = numbered.hidden.length
    const expanded = this.outsideUnnest(unnest, { ...numbered, hidden: [...numbered.hidden, ...carried] })
    const { items } = this
    this.items = expanded
    const result = this.wrap(this.relation(body, undefined))
    this.items = items
    const itemNames = new Set(unnest.items.map(({ name }) => name))
    const columns = relation.columns.map(({ name }): Out => {
      const index = numbered.columns.findIndex((out) => out.name === name)
      if (index >= 0 && !itemNames.has(name))
        return { ...numbered.columns[index]!, sql: result.hidden[carriedFrom + index]!.sql }
      return columnByName(result, name)
    })
    return { ...result, columns, hidden: result.hidden.slice(0, source.hidden.length), order: result.order }
  }

  /** Unnests rows that are already a select. */
  private outsideUnnest(unnest: Of<'unnest'>, rows: Select): Select {
    const { items } = this
    this.items = rows
    try {
      return this.unnest(
        { ...unnest, input: { kind: 'items', columns: unnest.input.columns, span: unnest.span } },
        undefined,
      )
    } finally {
      this.items = items
    }
  }

  private partition(relation: Of<'partition'>): Select {
    const input = this.wrap(this.relation(relation.input, undefined))
    const key = this.say.scalar(relation.key, this.scope(input))
    const { items } = this
    this.items = this.wrap({ ...input, hidden: [...input.hidden, { id: this.fresh('h'), sql: key, role: 'key' }] })
    const result = this.wrap(this.relation(relation.body, undefined))
    this.items = items
    return { ...result, hidden: result.hidden.slice(0, input.hidden.length) }
  }
}

/** Calls of `arg-max` and of `arg-min` that share their first argument: they share the row. */
function byExtreme(
  aggregates: readonly AggregateCall[],
  sqlOf: (value: Scalar) => string,
): Iterable<readonly AggregateCall[]> {
  const groups = new Map<string, AggregateCall[]>()
  for (const call of aggregates) {
    if (call.function !== 'arg-max' && call.function !== 'arg-min') continue
    const key = `${call.function} ${sqlOf(call.arguments[0]!)}`
    groups.set(key, [...(groups.get(key) ?? []), call])
  }
  return groups.values()
}

function countUses(query: Query, uses: Map<string, number>): void {
  const seen = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || value instanceof Map) return
    if (Array.isArray(value)) {
      for (const each of value) seen(each)
      return
    }
    const node = value as { kind?: unknown; name?: unknown }
    if (node.kind === 'bound') uses.set(String(node.name), (uses.get(String(node.name)) ?? 0) + 1)
    for (const [key, each] of Object.entries(value))
      if (key !== 'columns' && key !== 'span' && key !== 'rows') seen(each)
  }
  for (const { relation } of query.bindings) seen(relation)
  seen(query.body)
}
