import type { AggregateCall, Query, SortKey } from '../../ir/relation.js'
import type { Column, ScalarType } from '../../ir/types.js'
import { columnsRead } from '../../ir/walk.js'
import { NotEmitted } from '../not-emitted.js'
import { type Of, RelationEmitter, type RelationWords, type ScalarWords } from '../sql/emit-relation.js'
import type { Form, PhysicalTable, ScalarScope } from '../sql/scope.js'
import {
  columnByName,
  type Hidden,
  type Needed,
  type OrderTerm,
  type Out,
  orderBy,
  orderTerms,
  plus,
  printSelect,
  type Select,
} from '../sql/select.js'
import { emitAggregate, emitExtreme } from './emit-aggregate.js'
import { canonical, emitCondition, emitScalar } from './emit-scalar.js'
import { emitWindow } from './emit-window.js'
import { decode, once, resetNames, TEXT_OF } from './functions.js'
import { quoteIdentifier, quoteText } from './quote.js'
import { oneInput, ROWS_FUNCTION, writeRowOperator } from './row-operator.js'
import { sqlLiteral } from './sql-values.js'

export type { PhysicalSource, PhysicalTable } from '../sql/scope.js'

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

class Emitter extends RelationEmitter<readonly string[]> {
  constructor(query: Query, tables: (name: string) => PhysicalTable) {
    super(query, tables, SCALARS, RELATIONS)
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
    const columns = outs.map(({ name, type, form }) => ({
      name,
      type,
      form: form === 'timestamp' ? form : ('plain' as const),
    }))
    return { sql: this.named + body, columns }
  }

  protected values(_columns: readonly Column[], ids: readonly string[], rows: readonly string[]): string {
    return `(VALUES ${rows.join(', ')}) AS ${this.fresh('t')}(${ids.join(', ')})`
  }

  protected limit(select: Select, { count }: Of<'take'>, keys: readonly string[]): string {
    const most = emitScalar(count, { columns: new Map(), relation: this.relations })
    if (keys.length === 0) return `${orderBy(select)} LIMIT ${most}`
    return ` QUALIFY row_number() OVER (PARTITION BY ${keys.join(', ')}${orderBy(select)}) <= ${most}`
  }

  protected oneOfEach(select: Select, keys: readonly string[]): Select {
    if (keys.length === 0) return { ...select, suffix: `${orderBy(select)} LIMIT 1` }
    return { ...select, distinct: `DISTINCT ON (${keys.join(', ')})`, suffix: orderBy(select) }
  }

  protected ordered(select: Select): { readonly input: Select; readonly order: readonly string[] } {
    return { input: select, order: orderTerms(select) }
  }

  protected aggregateSql(call: AggregateCall, scope: ScalarScope, order: readonly string[]): string {
    return emitAggregate(call, scope, order)
  }

  protected extremesSql(
    calls: readonly AggregateCall[],
    scope: ScalarScope,
    order: readonly string[],
  ): readonly string[] {
    const struct = emitExtreme(calls, scope, order)
    return calls.map((_, index) => `${struct}.f${index}`)
  }

  protected range(relation: Of<'range'>): Select {
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

  protected unnest(relation: Of<'unnest'>, needed: Needed): Select {
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

  /** All rows go through JavaScript as one JSON array: right, and only for results that fit in memory. */
  protected override rowOperator(relation: Of<'row-operator'>): Select {
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
}

const SCALARS: ScalarWords = {
  scalar: emitScalar,
  condition: emitCondition,
  canonical,
  literal: sqlLiteral,
  textOf: TEXT_OF,
  sortTerms: (key, scope) => [sortTerm(key, scope)],
  window: emitWindow,
}

const RELATIONS: RelationWords = {
  join: {
    inner: 'JOIN',
    'inner-unique': 'JOIN',
    'left-outer': 'LEFT JOIN',
    'right-outer': 'RIGHT JOIN',
    'full-outer': 'FULL JOIN',
    'left-semi': 'SEMI JOIN',
    'right-semi': 'SEMI JOIN',
    'left-anti': 'ANTI JOIN',
    'right-anti': 'ANTI JOIN',
  },
  sameKey: 'IS NOT DISTINCT FROM',
  kept: 'MATERIALIZED ',
  inlined: 'NOT MATERIALIZED ',
  any: 'any_value',
}

const MOST_KNOWN_RANGE = 100_000_000

/** The most rows that `range` makes as one list. */
const MOST_RANGE = 10_000_000

function sortTerm({ value, direction, nulls }: SortKey, scope: ScalarScope): OrderTerm {
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
function elements(sql: string, bags: 'bag' | 'array'): string {
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
