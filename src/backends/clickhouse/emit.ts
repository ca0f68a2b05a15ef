import type { AggregateCall, Query, SortKey } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import type { Column, ScalarType } from '../../ir/types.js'
import { columnsRead } from '../../ir/walk.js'
import { NotEmitted } from '../not-emitted.js'
import { type Of, RelationEmitter, type RelationWords, type ScalarWords } from '../sql/emit-relation.js'
import type { PhysicalTable, ScalarScope } from '../sql/scope.js'
import {
  columnByName,
  type Needed,
  type OrderTerm,
  type Out,
  orderBy,
  plus,
  printSelect,
  type Select,
} from '../sql/select.js'
import { dynamicText } from './dynamic.js'
import { emitAggregate, emitExtreme } from './emit-aggregate.js'
import { canonical, emitScalar, emitTruth } from './emit-scalar.js'
import { emitWindow } from './emit-window.js'
import { emitCall, TEXT_OF } from './functions.js'
import { lambdaName, once, resetNames } from './once.js'
import { quoteText } from './quote.js'
import { SQL_TYPES, sqlLiteral } from './sql-values.js'

export type { PhysicalSource, PhysicalTable } from '../sql/scope.js'

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

/** Its aggregates know the number of a row in the rows' order, where that matters. */
class Emitter extends RelationEmitter<string | undefined> {
  constructor(query: Query, tables: (name: string) => PhysicalTable) {
    super(query, tables, SCALARS, RELATIONS)
  }

  result(): Emitted {
    const select = this.wrap(this.relation(this.query.body, undefined))
    const { columns } = this.query.body
    const list = columns.map(({ name }, index) => `${canonical(columnByName(select, name))} AS r${index + 1}`)
    const body = printSelect({ ...select, columns: [], hidden: [] }, list.length ? list : ['1 AS one'], true)
    return {
      sql: `${this.named}${body}\nSETTINGS ${SETTINGS}${this.keepsRows ? ', enable_materialized_cte = 1' : ''}`,
      columns,
    }
  }

  protected values(columns: readonly Column[], ids: readonly string[], rows: readonly string[]): string {
    const types = ids.map((id, index) => `${id} ${columns[index] ? SQL_TYPES[columns[index].type] : 'Int64'}`)
    return `values(${quoteText(types.join(', '))}, ${rows.join(', ')}) AS ${this.fresh('t')}`
  }

  protected limit(select: Select, { count, span }: Of<'take'>, keys: readonly string[]): string {
    if (count.kind !== 'literal') throw new NotEmitted('a number of rows that is not a constant', span)
    const most = count.value === null || Number(count.value) < 0 ? '0' : String(count.value)
    return `${orderBy(select)} LIMIT ${most}${keys.length > 0 ? ` BY ${keys.join(', ')}` : ''}`
  }

  protected oneOfEach(select: Select, keys: readonly string[]): Select {
    return { ...select, suffix: `${orderBy(select)} LIMIT 1${keys.length > 0 ? ` BY ${keys.join(', ')}` : ''}` }
  }

  /** Gives the rows numbers in their order, for aggregates that keep it: ClickHouse has no order within an aggregate. */
  protected ordered(
    select: Select,
    calls: readonly AggregateCall[],
  ): { readonly input: Select; readonly order: string | undefined } {
    const isWanted = calls.some((call) => KEEPS_ORDER.has(call.function))
    if (!isWanted || select.order.length === 0) return { input: select, order: undefined }
    const id = this.fresh('h')
    const sql = `row_number() OVER (${orderBy(select).trimStart()})`
    const wrapped = this.wrap({ ...select, hidden: [...select.hidden, { id, sql, role: 'carried' }] })
    const place = wrapped.hidden[wrapped.hidden.length - 1]!.sql
    return { input: { ...wrapped, hidden: wrapped.hidden.slice(0, -1) }, order: `toInt64(${place})` }
  }

  protected aggregateSql(call: AggregateCall, scope: ScalarScope, place: string | undefined): string {
    return emitAggregate(call, scope, place)
  }

  protected extremesSql(
    calls: readonly AggregateCall[],
    scope: ScalarScope,
    place: string | undefined,
  ): readonly string[] {
    const tuple = emitExtreme(calls, scope, place)
    return calls.map((_, index) => `tupleElement(${tuple}, ${index + 1})`)
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

  protected unnest(relation: Of<'unnest'>, needed: Needed): Select {
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
}

const SCALARS: ScalarWords = {
  scalar: emitScalar,
  condition: emitTruth,
  canonical,
  literal: sqlLiteral,
  textOf: TEXT_OF,
  sortTerms,
  window: emitWindow,
}

const RELATIONS: RelationWords = {
  join: {
    inner: 'JOIN',
    'inner-unique': 'JOIN',
    'left-outer': 'LEFT JOIN',
    'right-outer': 'RIGHT JOIN',
    'full-outer': 'FULL JOIN',
    'left-semi': 'LEFT SEMI JOIN',
    'right-semi': 'LEFT SEMI JOIN',
    'left-anti': 'LEFT ANTI JOIN',
    'right-anti': 'LEFT ANTI JOIN',
  },
  sameKey: '<=>',
  kept: 'MATERIALIZED ',
  inlined: '',
  any: 'any',
}

/** The most rows that `range` makes as one list. */
const MOST_RANGE = 10_000_000

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
