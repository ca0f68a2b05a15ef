import type { AggregateCall, Query, Relation, SortKey } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Column, ScalarType } from '../../ir/types.js'
import { columnsRead } from '../../ir/walk.js'
import { extremeOfStored } from '../extreme-of-stored.js'
import { NotEmitted } from '../not-emitted.js'
import { emitAggregate, emitExtreme } from './emit-aggregate.js'
import {
  canonical,
  emitCondition,
  emitScalar,
  type Form,
  type RelationSql,
  type ScalarScope,
  type ScopeColumn,
} from './emit-scalar.js'
import { emitWindow } from './emit-window.js'
import { decode, once, resetNames, TEXT_OF } from './functions.js'
import { quoteIdentifier, quoteText } from './quote.js'
import { oneInput, ROWS_FUNCTION, writeRowOperator } from './row-operator.js'
import { sqlLiteral } from './sql-values.js'

/** Where a table of the schema lies in the store. Several sources are read one after the other; none is an empty table. */
export interface PhysicalTable {
  readonly sources: readonly PhysicalSource[]
}

export interface PhysicalSource {
  /** What stands after FROM. */
  readonly from: string
  readonly where: string | undefined
  readonly columns: ReadonlyMap<string, { readonly sql: string; readonly form: Form }>
}

export interface EmittedColumn extends Column {
  readonly form: Form
}

export interface Emitted {
  readonly sql: string
  readonly columns: readonly EmittedColumn[]
}

/** SQL for DuckDB that answers the query. Throws `NotEmitted` for what the engine cannot say. */
export function emitDuckdb(query: Query, tables: (name: string) => PhysicalTable): Emitted {
  resetNames()
  const emitter = new Emitter(query, tables)
  return emitter.result()
}

interface Out extends ScopeColumn {
  readonly name: string
  /** A name, a literal, or a stored column: cheap to say twice. */
  readonly simple: boolean
}

/** A column that no query sees: the key of a partition, or what is carried past an aggregation to be shown beside its result. */
interface Hidden {
  readonly id: string
  readonly sql: string
  readonly role: 'key' | 'carried'
}

/** One SELECT in the making. `order` and `where` are in the words of `from`. */
interface Select {
  readonly from: string
  readonly where: readonly string[]
  readonly columns: readonly Out[]
  readonly hidden: readonly Hidden[]
  readonly order: readonly OrderTerm[]
  readonly distinct?: string
  readonly suffix?: string
}

export interface OrderTerm {
  readonly sql: string
  /** ` DESC NULLS LAST` and the like. */
  readonly how: string
}

/** Column names that are needed; undefined is all of them. */
type Needed = ReadonlySet<string> | undefined

class Emitter {
  private counter = 0
  private readonly uses = new Map<string, number>()
  private readonly views: string[] = []
  private readonly viewNames = new Map<string, { id: string; columns: readonly Out[]; order: readonly OrderTerm[] }>()
  private items: Select | undefined

  constructor(
    private readonly query: Query,
    private readonly tables: (name: string) => PhysicalTable,
  ) {
    countUses(query, this.uses)
  }

  result(): Emitted {
    const select = this.relation(this.query.body, undefined)
    const outs = this.query.body.columns.map(({ name }) => columnByName(select, name))
    const names = new Set<string>()
    const list = outs.map((out) => {
      let name = out.name
      // DuckDB does not tell names apart by case.
      for (let count = 1; names.has(name.toLowerCase()); count++) name = `${out.name}_${count}`
      names.add(name.toLowerCase())
      const sql = out.form === 'nullable-text' ? `coalesce(${out.sql}, '')` : out.sql
      return `${sql} AS ${quoteIdentifier(name === '' ? ' ' : name)}`
    })
    const body = printSelect({ ...select, columns: [], hidden: [] }, list.length ? list : ['1'], true)
    const views = this.views.length ? `WITH ${this.views.join(',\n')}\n` : ''
    const columns = outs.map(({ name, type, form }) => ({
      name,
      type,
      form: form === 'timestamp' ? form : ('plain' as const),
    }))
    return { sql: views + body, columns }
  }

  private fresh(prefix = 'c'): string {
    return `${prefix}${++this.counter}`
  }

  private scope(select: Select): ScalarScope {
    return { columns: new Map(select.columns.map((out) => [out.name, out])), relation: this.relations }
  }

  private readonly relations: RelationSql = {
    firstValue: (scalar) => {
      const first = scalar.relation.columns[0]!
      const select = this.relation(scalar.relation, new Set([first.name]))
      return `(${printSelect({ ...select, hidden: [] }, [`${canonical(columnByName(select, first.name))} AS v`], true)} LIMIT 1)`
    },
    firstColumn: (scalar) => {
      const first = scalar.relation.columns[0]!
      const select = this.relation(scalar.relation, new Set([first.name]))
      const out = columnByName(select, first.name)
      const sql = scalar.subject.type === 'string' ? TEXT_OF[out.type](canonical(out)) : canonical(out)
      return printSelect({ ...select, hidden: [], order: [] }, [`${sql} AS v`], false)
    },
  }

  /** Closes a SELECT: its columns become plain names of a new one around it. */
  private wrap(select: Select, keep?: Needed): Select {
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
    const from = `(${printSelect(select, list.length ? list : ['1 AS one'], false)}) AS ${this.fresh('t')}`
    const hiddenNames = new Map(select.hidden.map((each, index) => [each.id, hidden[index]!.id]))
    void hiddenNames
    return { from, where: [], columns, hidden, order }
  }

  /** A select whose named columns are cheap to read and whose rows may still be filtered. */
  private open(select: Select, used: ReadonlySet<string>): Select {
    if (select.suffix || select.distinct) return this.wrap(select)
    const heavy = select.columns.some((out) => !out.simple && used.has(out.name))
    return heavy ? this.wrap(select) : select
  }

  private relation(relation: Relation, needed: Needed): Select {
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
        return { ...input, where: [...input.where, emitCondition(relation.condition, this.scope(input))] }
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

  private table(relation: Extract<Relation, { kind: 'table' }>, needed: Needed): Select {
    const { sources } = this.tables(relation.name)
    const wanted = relation.columns.filter(({ name }) => !needed || needed.has(name))
    if (sources.length === 0) {
      const columns = wanted.map(
        ({ name, type }): Out => ({ name, type, form: 'plain', sql: sqlLiteral(type, null), simple: true }),
      )
      return { from: '(SELECT 1 AS one)', where: ['FALSE'], columns, hidden: [], order: [] }
    }
    const selects = sources.map((source): Select => {
      const columns = wanted.map(({ name, type }): Out => {
        const stored = source.columns.get(name)
        if (!stored) return { name, type, form: 'plain', sql: sqlLiteral(type, null), simple: true }
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

  private rows(relation: Extract<Relation, { kind: 'rows' }>): Select {
    const { columns, rows } = relation
    if (rows.length === 0) {
      const empty = columns.map(
        ({ name, type }): Out => ({ name, type, form: 'plain', sql: sqlLiteral(type, null), simple: true }),
      )
      return { from: '(SELECT 1 AS one)', where: ['FALSE'], columns: empty, hidden: [], order: [] }
    }
    if (columns.length === 0) return { from: '(SELECT 1 AS one)', where: [], columns: [], hidden: [], order: [] }
    const ids = columns.map(() => this.fresh())
    const position = this.fresh('o')
    const values = rows.map(
      (row, index) =>
        `(${[...row.map((value, at) => sqlLiteral(columns[at]!.type, value)), String(index)].join(', ')})`,
    )
    const from = `(VALUES ${values.join(', ')}) AS ${this.fresh('t')}(${[...ids, position].join(', ')})`
    const outs = columns.map(
      ({ name, type }, index): Out => ({ name, type, form: 'plain', sql: ids[index]!, simple: true }),
    )
    return { from, where: [], columns: outs, hidden: [], order: [{ sql: position, how: '' }] }
  }

  private range(relation: Extract<Relation, { kind: 'range' }>): Select {
    const none: ScalarScope = { columns: new Map(), relation: this.relations }
    const { name, type } = relation.columns[0]!
    const [from, to, step] = [relation.from, relation.to, relation.step].map((part) => emitScalar(part, none)) as [
      string,
      string,
      string,
    ]
    const id = this.fresh()
    const t = this.fresh('t')
    const count =
      type === 'real'
        ? `CAST(floor((${to} - ${from}) / ${step} + 1e-12) AS BIGINT)`
        : `CASE WHEN ${step} = 0 THEN NULL ELSE (${to} - ${from}) // ${step} END`
    // A range that runs the wrong way is empty.
    const steps = `CASE WHEN (${to} - ${from}) * sign(${step}) >= 0 THEN ${count} ELSE -1 END`
    const ends = [relation.from, relation.to, relation.step].flatMap((part) =>
      part.kind === 'literal' ? [Number(part.value)] : [],
    )
    const isKnown = ends.length === 3
    if (isKnown && Math.abs((ends[1]! - ends[0]!) / ends[2]!) > MOST_KNOWN_RANGE) {
      throw new NotEmitted(`a range of more than ${MOST_KNOWN_RANGE} rows`, relation.span)
    }
    const tooLong = `error('a range of more than ${MOST_RANGE} rows whose ends are only known when it runs is not supported')`
    const numbers = isKnown
      ? `range(0, coalesce(CAST(${steps} AS BIGINT), -1) + 1) AS x(n)`
      : `(SELECT unnest(range(0, CASE WHEN s > ${MOST_RANGE} THEN ${tooLong} ELSE s + 1 END)) AS n FROM (SELECT CAST(${steps} AS BIGINT) AS s))`
    const source = `(SELECT ${from} + n * ${step} AS ${id} FROM ${numbers}) AS ${t}`
    return {
      from: source,
      where: [],
      columns: [{ name, type, form: 'plain', sql: id, simple: true }],
      hidden: [],
      order: [{ sql: id, how: '' }],
    }
  }

  private bound(relation: Extract<Relation, { kind: 'bound' }>, needed: Needed): Select {
    const binding = this.query.bindings.find(({ name }) => name === relation.name)!
    const often = binding.once || (this.uses.get(binding.name) ?? 0) > 1
    if (!often) return this.outsideItems(() => this.relation(binding.relation, needed))
    let view = this.viewNames.get(binding.name)
    if (!view) {
      const wrapped = this.outsideItems(() => this.wrap(this.relation(binding.relation, undefined)))
      const id = this.fresh('b')
      const list = [...wrapped.columns.map(({ sql }) => sql), ...wrapped.order.map(({ sql }) => sql)]
      this.views.push(
        `${id} AS ${binding.once ? 'MATERIALIZED' : 'NOT MATERIALIZED'} (${printSelect(wrapped, list.length ? list : ['1 AS one'], false)})`,
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

  private extend(relation: Extract<Relation, { kind: 'extend' }>, needed: Needed): Select {
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
    return { name, type: value.type, form: 'plain', sql: emitScalar(value, scope), simple: value.kind === 'literal' }
  }

  private project(relation: Extract<Relation, { kind: 'project' }>, needed: Needed): Select {
    const assignments = relation.assignments.filter(({ name }) => !needed || needed.has(name))
    const used = new Set<string>()
    for (const { value } of assignments) columnsRead(value, used)
    const computed = new Set<string>()
    for (const { value } of assignments) if (value.kind !== 'column') columnsRead(value, computed)
    const input = this.open(this.relation(relation.input, used), computed)
    const scope = this.scope(input)
    return { ...input, columns: assignments.map(({ name, value }) => this.out(name, value, scope)) }
  }

  private aggregate(relation: Extract<Relation, { kind: 'aggregate' }>, needed: Needed): Select {
    const aggregates = relation.aggregates.filter(({ name }) => !needed || needed.has(name))
    const used = new Set<string>()
    for (const { value } of relation.by) columnsRead(value, used)
    for (const { arguments: args, condition } of aggregates) {
      for (const argument of args) columnsRead(argument, used)
      if (condition) columnsRead(condition, used)
    }
    const input = this.open(this.relation(relation.input, used), used)
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
      give(name, value.type, out.form === 'nullable-text' ? canonical(out) : out.sql, form)
      groups.push(String(columns.length))
    }
    this.extremes(aggregates, scope, input, give)
    const order = input.order.map(({ sql, how }) => `${sql}${how}`)
    for (const call of aggregates) {
      if (call.function === 'arg-max' || call.function === 'arg-min') continue
      const stored = extremeOfStored(call, scope)
      if (stored === undefined) give(call.name, call.type, emitAggregate(call, scope, order), 'plain')
      else give(call.name, call.type, stored, 'timestamp')
    }
    const hidden: Hidden[] = input.hidden.map((each) => {
      const id = this.fresh('h')
      list.push(each.role === 'key' ? `${each.sql} AS ${id}` : `any_value(${each.sql}) AS ${id}`)
      if (each.role === 'key') groups.push(String(list.length))
      return { ...each, id, sql: id }
    })
    if (list.length === 0) list.push('count(*) AS one')
    const grouping = groups.length ? ` GROUP BY ${groups.join(', ')}` : ''
    // The order of `columns` in the result is the relation's; extremes come last here, and names find them.
    const from = `(${printSelect({ ...input, order: [] }, list, false)}${grouping}) AS ${this.fresh('t')}`
    return { from, where: [], columns, hidden, order: [] }
  }

  /** `arg-max` calls over one value share one row: they are one aggregate of a struct. */
  private extremes(
    aggregates: readonly AggregateCall[],
    scope: ScalarScope,
    input: Select,
    give: (name: string, type: ScalarType, sql: string, form: Form) => void,
  ): void {
    const groups = new Map<string, AggregateCall[]>()
    for (const call of aggregates) {
      if (call.function !== 'arg-max' && call.function !== 'arg-min') continue
      const key = `${call.function} ${emitScalar(call.arguments[0]!, scope)}`
      groups.set(key, [...(groups.get(key) ?? []), call])
    }
    for (const calls of groups.values()) {
      const struct = emitExtreme(
        calls,
        scope,
        input.order.map(({ sql, how }) => `${sql}${how}`),
      )
      calls.forEach((call, index) => {
        give(call.name, call.type, `${struct}.f${index}`, 'plain')
      })
    }
  }

  private sort(relation: Extract<Relation, { kind: 'sort' }>, needed: Needed): Select {
    const used = new Set<string>()
    for (const { value } of relation.keys) columnsRead(value, used)
    const input = this.open(this.relation(relation.input, plus(needed, used)), used)
    const scope = this.scope(input)
    return { ...input, order: [...relation.keys.map((key) => sortTerm(key, scope)), ...input.order] }
  }

  private take(relation: Extract<Relation, { kind: 'take' }>, needed: Needed): Select {
    const input = this.relation(relation.input, needed)
    const count = emitScalar(relation.count, { columns: new Map(), relation: this.relations })
    const keys = input.hidden.filter(({ role }) => role === 'key')
    const order = input.order.length ? ` ORDER BY ${input.order.map(({ sql, how }) => `${sql}${how}`).join(', ')}` : ''
    if (keys.length > 0) {
      const ready = input.suffix ? this.wrap(input) : input
      return this.wrap({
        ...ready,
        suffix: ` QUALIFY row_number() OVER (PARTITION BY ${keys.map(({ sql }) => sql).join(', ')}${order}) <= ${count}`,
      })
    }
    const ready = input.suffix || input.distinct ? this.wrap(input) : input
    const readyOrder = ready.order.length
      ? ` ORDER BY ${ready.order.map(({ sql, how }) => `${sql}${how}`).join(', ')}`
      : ''
    return this.wrap({ ...ready, suffix: `${readyOrder} LIMIT ${count}` })
  }

  private window(relation: Extract<Relation, { kind: 'window' }>): Select {
    const input = this.wrap(this.relation(relation.input, undefined))
    const scope = this.scope(input)
    const keys = input.hidden.filter(({ role }) => role === 'key').map(({ sql }) => sql)
    const order = input.order.map(({ sql, how }) => `${sql}${how}`)
    const added = relation.assignments.map(({ name, value }): Out => {
      if (value.kind !== 'window-call') throw new Error('a window without a window call')
      return { name, type: value.type, form: 'plain', sql: emitWindow(value, scope, order, keys), simple: false }
    })
    return this.wrap({ ...input, columns: [...input.columns, ...added] })
  }

  private join(relation: Extract<Relation, { kind: 'join' }>, needed: Needed): Select {
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
      const unique = `DISTINCT ON (${left.keys.join(', ')})`
      const order = left.select.order.length
        ? ` ORDER BY ${left.select.order.map(({ sql, how }) => `${sql}${how}`).join(', ')}`
        : ''
      const wrapped = this.wrap({ ...left.select, distinct: unique, suffix: order })
      left = { select: wrapped, keys: wrapped.columns.slice(-left.keys.length).map(({ sql }) => sql) }
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
      return `${left.keys[index]} ${never ? '=' : 'IS NOT DISTINCT FROM'} ${right.keys[index]}`
    })
    const how = JOINS[relation.how]
    const flipped = relation.how === 'right-semi' || relation.how === 'right-anti'
    const [first, second] = flipped ? [right, left] : [left, right]
    const from = `${first.select.from} ${how} ${second.select.from} ON ${on.length ? on.join(' AND ') : 'TRUE'}`
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
        sql: emitScalar(key, scope),
        simple: false,
      }),
    )
    const wrapped = this.wrap({ ...input, columns: [...input.columns, ...added] })
    return { select: wrapped, keys: wrapped.columns.slice(wrapped.columns.length - keys.length).map(({ sql }) => sql) }
  }

  private union(relation: Extract<Relation, { kind: 'union' }>, needed: Needed): Select {
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
        const sql = forms[index] === 'plain' ? canonical(out) : out.sql
        return branch === 0 ? `${sql} AS ${ids[index]}` : sql
      })
      return `(${printSelect({ ...select, hidden: [] }, list.length ? list : ['1 AS one'], false)})`
    })
    const from = `(${branches.join(' UNION ALL ')}) AS ${this.fresh('t')}`
    const columns = wanted.map(
      ({ name, type }, index): Out => ({ name, type, form: forms[index]!, sql: ids[index]!, simple: true }),
    )
    return { from, where: [], columns, hidden: [], order: [] }
  }

  private unnest(relation: Extract<Relation, { kind: 'unnest' }>, needed: Needed): Select {
    const used = new Set<string>()
    for (const { value } of relation.items) columnsRead(value, used)
    const itemNames = new Set(relation.items.map(({ name }) => name))
    const input = this.wrap(this.relation(relation.input, needed ? plus(needed, used) : undefined))
    const scope = this.scope(input)
    const lists = relation.items.map(({ value }) => {
      const all = elements(emitScalar(value, scope), relation.bags)
      return relation.limit === undefined ? all : `list_slice(${all}, 1, ${relation.limit})`
    })
    const kept = input.columns.filter(
      ({ name }) => !itemNames.has(name) && name !== relation.index && (!needed || needed.has(name)),
    )
    const made = lists.map(
      (list, index): Out => ({
        name: relation.items[index]!.name,
        type: 'dynamic',
        form: 'plain',
        sql: `unnest(${list})`,
        simple: false,
      }),
    )
    const longest =
      lists.length === 1 ? `len(${lists[0]})` : `greatest(${lists.map((list) => `len(${list})`).join(', ')})`
    const position: Out = {
      name: '$position',
      type: 'long',
      form: 'plain',
      sql: `unnest(range(${longest}))`,
      simple: false,
    }
    const wrapped = this.wrap({ ...input, columns: [...kept, ...made, position] })
    const at = columnByName(wrapped, '$position')
    const columns = relation.columns.flatMap(({ name, type }): Out[] => {
      if (needed && !needed.has(name)) return []
      if (name === relation.index) return [{ ...at, name, type: 'long' }]
      const out = columnByName(wrapped, name)
      return itemNames.has(name) ? [{ name, type, form: 'plain', sql: elementAs(out.sql, type), simple: false }] : [out]
    })
    return { ...wrapped, columns, order: [...wrapped.order, { sql: at.sql, how: '' }] }
  }

  private apply(relation: Extract<Relation, { kind: 'apply' }>): Select {
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
  private outsideUnnest(unnest: Extract<Relation, { kind: 'unnest' }>, rows: Select): Select {
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

  /** All rows go through JavaScript as one JSON array: right, and only for results that fit in memory. */
  private rowOperator(relation: Extract<Relation, { kind: 'row-operator' }>): Select {
    // The rows of a group and those of other tables would be told apart by nothing.
    if (relation.inputs.length > 1 && this.items) throw new NotEmitted(`\`${relation.name}\` in groups`, relation.span)
    const only = oneInput(relation.inputs)
    const input = this.wrap(this.relation(only, undefined))
    const cells = only.columns.map(
      ({ name, type }) =>
        `to_json(CAST(${canonical(columnByName(input, name))} AS ${type === 'dynamic' ? 'JSON' : 'VARCHAR'}))`,
    )
    const order = input.order.length ? ` ORDER BY ${input.order.map(({ sql, how }) => `${sql}${how}`).join(', ')}` : ''
    const keys = input.hidden.filter(({ role }) => role === 'key').map((each) => ({ ...each, next: this.fresh('h') }))
    const spec = quoteText(writeRowOperator(relation))
    const rows = `${ROWS_FUNCTION}(${spec}, CAST(to_json(list(to_json([${cells.join(', ')}])${order})) AS VARCHAR))`
    const id = this.fresh('r')
    const position = this.fresh('o')
    const group = keys.length ? ` GROUP BY ${keys.map(({ sql }) => sql).join(', ')}` : ''
    const carried = keys.map(({ sql, next }) => `${sql} AS ${next}`)
    const lists = `SELECT ${[...carried, `json_extract(${rows}, '$[*]') AS l`].join(', ')} FROM ${input.from}${group}`
    const from = `(SELECT ${[...keys.map(({ next }) => next), `unnest(l) AS ${id}`, `unnest(range(len(l))) AS ${position}`].join(', ')} FROM (${lists})) AS ${this.fresh('t')}`
    const columns = relation.columns.map(({ name, type }, index): Out => {
      const text =
        type === 'dynamic'
          ? `nullif(json_extract(${id}, '$[${index}]'), 'null')`
          : decode(`json_extract_string(${id}, '$[${index}]')`, type)
      return { name, type, form: 'plain', sql: text, simple: false }
    })
    const hidden = keys.map(({ next }): Hidden => ({ id: next, sql: next, role: 'key' }))
    return { from, where: [], columns, hidden, order: [{ sql: position, how: '' }] }
  }

  private partition(relation: Extract<Relation, { kind: 'partition' }>): Select {
    const input = this.wrap(this.relation(relation.input, undefined))
    const key = emitScalar(relation.key, this.scope(input))
    const { items } = this
    this.items = this.wrap({ ...input, hidden: [...input.hidden, { id: this.fresh('h'), sql: key, role: 'key' }] })
    const result = this.wrap(this.relation(relation.body, undefined))
    this.items = items
    return { ...result, hidden: result.hidden.slice(0, input.hidden.length) }
  }
}

const MOST_KNOWN_RANGE = 100_000_000

/** The most rows that `range` makes as one list. */
const MOST_RANGE = 10_000_000

const JOINS = {
  inner: 'JOIN',
  'inner-unique': 'JOIN',
  'left-outer': 'LEFT JOIN',
  'right-outer': 'RIGHT JOIN',
  'full-outer': 'FULL JOIN',
  'left-semi': 'SEMI JOIN',
  'right-semi': 'SEMI JOIN',
  'left-anti': 'ANTI JOIN',
  'right-anti': 'ANTI JOIN',
} as const

function columnByName(select: Select, name: string): Out {
  const found = select.columns.find((out) => out.name === name)
  if (!found) throw new Error(`no column ${name} among ${select.columns.map((out) => out.name).join(', ')}`)
  return found
}

const plus = (needed: Needed, used: ReadonlySet<string>): Needed => (needed ? new Set([...needed, ...used]) : undefined)

function printSelect(select: Select, list: readonly string[], ordered: boolean): string {
  const where = select.where.length ? ` WHERE ${select.where.join(' AND ')}` : ''
  const order =
    ordered && !select.suffix && select.order.length
      ? ` ORDER BY ${select.order.map(({ sql, how }) => `${sql}${how}`).join(', ')}`
      : ''
  return `SELECT ${select.distinct ? `${select.distinct} ` : ''}${list.join(', ')} FROM ${select.from}${where}${select.suffix ?? ''}${order}`
}

export function sortTerm({ value, direction, nulls }: SortKey, scope: ScalarScope): OrderTerm {
  const column = value.kind === 'column' ? scope.columns.get(value.name) : undefined
  const sql =
    column?.form === 'timestamp'
      ? column.sql
      : value.type === 'dynamic'
        ? TEXT_OF.dynamic(emitScalar(value, scope))
        : emitScalar(value, scope)
  return { sql, how: `${direction === 'descending' ? ' DESC' : ' ASC'} NULLS ${nulls === 'first' ? 'FIRST' : 'LAST'}` }
}

/** The elements of a dynamic as a list: a null is one element, a bag has one for each property. */
export function elements(sql: string, bags: 'bag' | 'array'): string {
  const property = `json_extract(v, '/' || replace(replace(k, '~', '~0'), '/', '~1'))`
  const pair = bags === 'bag' ? `json_object(k, ${property})` : `json_array(k, ${property})`
  return `list_transform([${sql}], lambda v: CASE json_type(v) WHEN 'ARRAY' THEN json_extract(v, '$[*]') WHEN 'OBJECT' THEN list_transform(json_keys(v), lambda k: ${pair}) ELSE [v] END)[1]`
}

/** An element as a type; what holds another kind of value is null. */
function elementAs(sql: string, type: ScalarType): string {
  switch (type) {
    case 'dynamic':
      return `nullif(${sql}, 'null')`
    case 'string':
      return TEXT_OF.dynamic(sql)
    case 'int':
    case 'long':
      return once(
        sql,
        (v) =>
          `CASE WHEN json_type(${v}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(trunc(CAST(json_extract_string(${v}, '$') AS DOUBLE)) AS BIGINT) END`,
      )
    case 'real':
    case 'decimal':
      return once(
        sql,
        (v) =>
          `CASE WHEN json_type(${v}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CAST(json_extract_string(${v}, '$') AS DOUBLE) END`,
      )
    case 'bool':
    case 'datetime':
    case 'timespan':
    case 'guid':
      return decode(`latchkey_call('as_${type}(dynamic)${type}', CAST(${sql} AS VARCHAR))`, type)
  }
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
