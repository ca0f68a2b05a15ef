import type { AggregateCall, Query, Relation, SortKey } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Column, ScalarType } from '../../ir/types.js'
import { columnsRead } from '../../ir/walk.js'
import { extremeOfStored } from '../extreme-of-stored.js'
import { NotEmitted } from '../not-emitted.js'
import { dynamicText } from './dynamic.js'
import { emitAggregate, emitExtreme } from './emit-aggregate.js'
import {
  canonical,
  emitScalar,
  emitTruth,
  type Form,
  type RelationSql,
  type ScalarScope,
  type ScopeColumn,
} from './emit-scalar.js'
import { emitWindow } from './emit-window.js'
import { emitCall, TEXT_OF } from './functions.js'
import { lambdaName, once, resetNames } from './once.js'
import { quoteText } from './quote.js'
import { SQL_TYPES, sqlLiteral } from './sql-values.js'

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

export interface Emitted {
  readonly sql: string
  /** In the order of the result; the engine gives them as `r1`, `r2` ..., because names may repeat. */
  readonly columns: readonly Column[]
}

/** SQL for ClickHouse that answers the query. Throws `NotEmitted` for what the engine cannot say. */
export function emitClickhouse(query: Query, tables: (name: string) => PhysicalTable): Emitted {
  resetNames()
  const emitter = new Emitter(query, tables)
  return emitter.result()
}

/**
 * What the SQL relies on: an outer join gives NULLs, NULL is not a member of what holds a NULL, JSON keeps its slashes, and on a cluster the inner rows of a join or of IN are those of every server.
 */
const SETTINGS = [
  'join_use_nulls = 1',
  'transform_null_in = 0',
  'output_format_json_escape_forward_slashes = 0',
  'aggregate_functions_null_for_empty = 0',
  'prefer_column_name_to_alias = 1',
  "distributed_product_mode = 'global'",
].join(', ')

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
  /** Whether rows that are named are made once; older servers do not know the setting. */
  private keepsRows = false

  constructor(
    private readonly query: Query,
    private readonly tables: (name: string) => PhysicalTable,
  ) {
    countUses(query, this.uses)
  }

  result(): Emitted {
    const select = this.wrap(this.relation(this.query.body, undefined))
    const { columns } = this.query.body
    const list = columns.map(({ name }, index) => `${canonical(columnByName(select, name))} AS r${index + 1}`)
    const body = printSelect({ ...select, columns: [], hidden: [] }, list.length ? list : ['1 AS one'], true)
    const views = this.views.length ? `WITH ${this.views.join(',\n')}\n` : ''
    return {
      sql: `${views}${body}\nSETTINGS ${SETTINGS}${this.keepsRows ? ', enable_materialized_cte = 1' : ''}`,
      columns,
    }
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
      const select = this.wrap(this.relation(scalar.relation, new Set([first.name])))
      return `(${printSelect({ ...select, hidden: [] }, [`${canonical(columnByName(select, first.name))} AS v`], true)} LIMIT 1)`
    },
    firstColumn: (scalar) => {
      const first = scalar.relation.columns[0]!
      const select = this.wrap(this.relation(scalar.relation, new Set([first.name])))
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
    return { from, where: [], columns, hidden, order }
  }

  /** A select whose named columns are cheap to read and whose rows may still be filtered. */
  private open(select: Select, used: ReadonlySet<string>): Select {
    if (select.suffix) return this.wrap(select)
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
        return { ...input, where: [...input.where, emitTruth(relation.condition, this.scope(input))] }
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
        throw new NotEmitted(`\`${relation.name}\``, relation.span)
    }
  }

  private table(relation: Extract<Relation, { kind: 'table' }>, needed: Needed): Select {
    const { sources } = this.tables(relation.name)
    const wanted = relation.columns.filter(({ name }) => !needed || needed.has(name))
    if (sources.length === 0) {
      const columns = wanted.map(
        ({ name, type }): Out => ({ name, type, form: 'plain', sql: sqlLiteral(type, null), simple: true }),
      )
      return { from: '(SELECT 1 AS one)', where: ['false'], columns, hidden: [], order: [] }
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
      return { from: '(SELECT 1 AS one)', where: ['false'], columns: empty, hidden: [], order: [] }
    }
    if (columns.length === 0) return { from: '(SELECT 1 AS one)', where: [], columns: [], hidden: [], order: [] }
    const ids = columns.map(() => this.fresh())
    const position = this.fresh('o')
    const types = columns.map(({ type }, index) => `${ids[index]} ${SQL_TYPES[type]}`)
    const values = rows.map(
      (row, index) =>
        `(${[...row.map((value, at) => sqlLiteral(columns[at]!.type, value)), String(index)].join(', ')})`,
    )
    const from = `values(${quoteText([...types, `${position} Int64`].join(', '))}, ${values.join(', ')}) AS ${this.fresh('t')}`
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
        ? `accurateCastOrNull(floor((${to} - ${from}) / ${step} + 1e-12), 'Int64')`
        : `intDivOrNull(${to} - ${from}, ${step})`
    // A range that runs the wrong way is empty.
    const steps = `ifNull(if((${to} - ${from}) * sign(${step}) >= 0, ${count}, -1), -1) + 1`
    const isKnown = [relation.from, relation.to, relation.step].every(({ kind }) => kind === 'literal')
    const tooLong = quoteText(`a range of more than ${MOST_RANGE} rows whose ends are only known when it runs`)
    const numbers = isKnown
      ? `(SELECT toInt64(number) AS n FROM numbers(toUInt64(${steps})))`
      : `(SELECT toInt64(arrayJoin(range(toUInt64(s)))) AS n FROM (SELECT ${steps} AS s) WHERE throwIf(s > ${MOST_RANGE}, ${tooLong}) = 0)`
    const source = `(SELECT ${from} + n * ${step} AS ${id} FROM ${numbers}) AS ${t}`
    return {
      from: source,
      where: [],
      columns: [{ name, type, form: 'plain', sql: id, simple: true }],
      hidden: [],
      order: [{ sql: `${t}.${id}`, how: type === 'real' || !isNegative(relation.step) ? '' : ' DESC' }],
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
      this.keepsRows ||= binding.once
      const list = [...wrapped.columns.map(({ sql }) => sql), ...wrapped.order.map(({ sql }) => sql)]
      this.views.push(
        `${id} AS ${binding.once ? 'MATERIALIZED ' : ''}(${printSelect(wrapped, list.length ? list : ['1 AS one'], false)})`,
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
    const ordered = aggregates.some((call) => KEEPS_ORDER.has(call.function))
    const { input, place } = this.numbered(this.open(this.relation(relation.input, used), used), ordered)
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
      groups.push(columns[columns.length - 1]!.sql)
    }
    this.extremes(aggregates, scope, place, give)
    for (const call of aggregates) {
      if (call.function === 'arg-max' || call.function === 'arg-min') continue
      const stored = extremeOfStored(call, scope)
      if (stored === undefined) give(call.name, call.type, emitAggregate(call, scope, place), 'plain')
      else give(call.name, call.type, stored, 'timestamp')
    }
    const hidden: Hidden[] = input.hidden.map((each) => {
      const id = this.fresh('h')
      list.push(each.role === 'key' ? `${each.sql} AS ${id}` : `any(${each.sql}) AS ${id}`)
      if (each.role === 'key') groups.push(id)
      return { ...each, id, sql: id }
    })
    if (list.length === 0) list.push('count() AS one')
    const grouping = groups.length ? ` GROUP BY ${groups.join(', ')}` : ''
    // The order of `columns` in the result is the relation's; extremes come last here, and names find them.
    const from = `(${printSelect({ ...input, order: [] }, list, false)}${grouping}) AS ${this.fresh('t')}`
    return { from, where: [], columns, hidden, order: [] }
  }

  /** Gives the rows numbers in their order, for aggregates that keep it: ClickHouse has no order within an aggregate. */
  private numbered(select: Select, wanted: boolean): { readonly input: Select; readonly place: string | undefined } {
    if (!wanted || select.order.length === 0) return { input: select, place: undefined }
    const id = this.fresh('h')
    const sql = `row_number() OVER (ORDER BY ${orderBy(select)})`
    const wrapped = this.wrap({ ...select, hidden: [...select.hidden, { id, sql, role: 'carried' }] })
    const place = wrapped.hidden[wrapped.hidden.length - 1]!.sql
    return { input: { ...wrapped, hidden: wrapped.hidden.slice(0, -1) }, place: `toInt64(${place})` }
  }

  /** `arg-max` calls over one value share one row: they are one aggregate of a struct. */
  private extremes(
    aggregates: readonly AggregateCall[],
    scope: ScalarScope,
    place: string | undefined,
    give: (name: string, type: ScalarType, sql: string, form: Form) => void,
  ): void {
    const groups = new Map<string, AggregateCall[]>()
    for (const call of aggregates) {
      if (call.function !== 'arg-max' && call.function !== 'arg-min') continue
      const key = `${call.function} ${emitScalar(call.arguments[0]!, scope)}`
      groups.set(key, [...(groups.get(key) ?? []), call])
    }
    for (const calls of groups.values()) {
      const tuple = emitExtreme(calls, scope, place)
      calls.forEach((call, index) => {
        give(call.name, call.type, `tupleElement(${tuple}, ${index + 1})`, 'plain')
      })
    }
  }

  private sort(relation: Extract<Relation, { kind: 'sort' }>, needed: Needed): Select {
    const used = new Set<string>()
    for (const { value } of relation.keys) columnsRead(value, used)
    const input = this.open(this.relation(relation.input, plus(needed, used)), used)
    const scope = this.scope(input)
    return { ...input, order: [...relation.keys.flatMap((key) => sortTerms(key, scope)), ...input.order] }
  }

  private take(relation: Extract<Relation, { kind: 'take' }>, needed: Needed): Select {
    const input = this.relation(relation.input, needed)
    const keys = input.hidden.filter(({ role }) => role === 'key').map(({ sql }) => sql)
    const ready = input.suffix ? this.wrap(input) : input
    const order = ready.order.length ? ` ORDER BY ${orderBy(ready)}` : ''
    if (relation.count.kind !== 'literal')
      throw new NotEmitted('a number of rows that is not a constant', relation.span)
    const count = String(relation.count.value === null || Number(relation.count.value) < 0 ? 0 : relation.count.value)
    return this.wrap({ ...ready, suffix: `${order} LIMIT ${count}${keys.length > 0 ? ` BY ${keys.join(', ')}` : ''}` })
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
      const order = left.select.order.length ? ` ORDER BY ${orderBy(left.select)}` : ''
      const suffix = left.keys.length > 0 ? `${order} LIMIT 1 BY ${left.keys.join(', ')}` : `${order} LIMIT 1`
      const wrapped = this.wrap({ ...left.select, suffix })
      left = { select: wrapped, keys: wrapped.columns.slice(-left.keys.length || undefined).map(({ sql }) => sql) }
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
      return `${left.keys[index]} ${never ? '=' : '<=>'} ${right.keys[index]}`
    })
    const how = JOINS[relation.how]
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
      return relation.limit === undefined ? all : `arraySlice(${all}, 1, ${relation.limit})`
    })
    const listed = this.wrap({
      ...input,
      columns: [
        ...input.columns,
        ...lists.map(
          (sql, index): Out => ({ name: `$list${index}`, type: 'dynamic', form: 'plain', sql, simple: false }),
        ),
      ],
    })
    const names = lists.map((_, index) => columnByName(listed, `$list${index}`).sql)
    const kept = listed.columns.filter(
      ({ name }) =>
        !itemNames.has(name) && name !== relation.index && !name.startsWith('$list') && (!needed || needed.has(name)),
    )
    const longest =
      names.length === 1 ? `length(${names[0]})` : `greatest(${names.map((name) => `length(${name})`).join(', ')})`
    const position: Out = {
      name: '$position',
      type: 'long',
      form: 'plain',
      sql: `arrayJoin(range(toUInt64(${longest})))`,
      simple: false,
    }
    const made = names.map(
      (sql, index): Out => ({ ...position, name: relation.items[index]!.name, type: 'dynamic', sql, simple: true }),
    )
    const wrapped = this.wrap({ ...listed, columns: [...kept, ...made, position] })
    const at = columnByName(wrapped, '$position')
    const columns = relation.columns.flatMap(({ name, type }): Out[] => {
      if (needed && !needed.has(name)) return []
      if (name === relation.index) return [{ ...at, name, type: 'long', sql: `toInt64(${at.sql})` }]
      const out = columnByName(wrapped, name)
      if (!itemNames.has(name)) return [out]
      // A list that has ended gives the empty text, which no JSON value is.
      const element = `nullIf(nullIf(arrayElement(${out.sql}, ${at.sql} + 1), ''), 'null')`
      return [{ name, type, form: 'plain', sql: elementAs(element, type), simple: false }]
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

/** The most rows that `range` makes as one list. */
const MOST_RANGE = 10_000_000

const JOINS = {
  inner: 'JOIN',
  'inner-unique': 'JOIN',
  'left-outer': 'LEFT JOIN',
  'right-outer': 'RIGHT JOIN',
  'full-outer': 'FULL JOIN',
  'left-semi': 'LEFT SEMI JOIN',
  'right-semi': 'LEFT SEMI JOIN',
  'left-anti': 'LEFT ANTI JOIN',
  'right-anti': 'LEFT ANTI JOIN',
} as const

function columnByName(select: Select, name: string): Out {
  const found = select.columns.find((out) => out.name === name)
  if (!found) throw new Error(`no column ${name} among ${select.columns.map((out) => out.name).join(', ')}`)
  return found
}

const plus = (needed: Needed, used: ReadonlySet<string>): Needed => (needed ? new Set([...needed, ...used]) : undefined)

function printSelect(select: Select, list: readonly string[], ordered: boolean): string {
  const where = select.where.length ? ` WHERE ${select.where.join(' AND ')}` : ''
  const order = ordered && !select.suffix && select.order.length ? ` ORDER BY ${orderBy(select)}` : ''
  return `SELECT ${list.join(', ')} FROM ${select.from}${where}${select.suffix ?? ''}${order}`
}

const orderBy = ({ order }: Select): string => order.map(({ sql, how }) => `${sql}${how}`).join(', ')

/** Aggregates whose result depends on the order of the rows. */
const KEEPS_ORDER: ReadonlySet<string> = new Set([
  'list',
  'list-with-nulls',
  'set',
  'bag',
  'arg-max',
  'arg-min',
  'digest',
  'sketch',
])

const isNegative = (step: Scalar): boolean => step.kind === 'literal' && step.value !== null && Number(step.value) < 0

/** A key as ClickHouse sorts it. It puts NaN beside the NULLs; here NaN lies above all numbers. */
function sortTerms({ value, direction, nulls }: SortKey, scope: ScalarScope): OrderTerm[] {
  const column = value.kind === 'column' ? scope.columns.get(value.name) : undefined
  const sql =
    column?.form === 'timestamp'
      ? column.sql
      : value.type === 'dynamic'
        ? dynamicText(emitScalar(value, scope))
        : emitScalar(value, scope)
  const way = direction === 'descending' ? ' DESC' : ' ASC'
  const term = { sql, how: `${way} NULLS ${nulls === 'first' ? 'FIRST' : 'LAST'}` }
  if (value.type !== 'real' && value.type !== 'decimal') return [term]
  const missing = { sql: `(${sql} IS NULL)`, how: nulls === 'first' ? ' DESC' : ' ASC' }
  return [missing, { sql: `ifNull(isNaN(${sql}), 0)`, how: way }, term]
}

/** The elements of a dynamic as a list of JSON texts: a null is one element, a bag has one for each property. */
function elements(sql: string, bags: 'bag' | 'array'): string {
  const pair = lambdaName()
  const [open, between, close] = bags === 'bag' ? ['{', ':', '}'] : ['[', ',', ']']
  const properties = `arrayMap(${pair} -> concat('${open}', toJSONString(${pair}.1), '${between}', ${pair}.2, '${close}'), JSONExtractKeysAndValuesRaw(`
  return once(
    `ifNull(${sql}, 'null')`,
    (v) =>
      `multiIf(startsWith(${v}, '['), JSONExtractArrayRaw(${v}), startsWith(${v}, '{'), ${properties}${v})), [${v}])`,
  )
}

/** An element as a type; what holds another kind of value is null. */
function elementAs(sql: string, type: ScalarType): string {
  if (type === 'dynamic') return sql
  if (type === 'string') return dynamicText(sql)
  const name = type === 'decimal' ? 'as_real' : `as_${type}`
  const span = undefined
  return emitCall(
    { kind: 'call', name, type, arguments: [{ kind: 'literal', type: 'dynamic', value: null, span }], span },
    [sql],
  )
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
