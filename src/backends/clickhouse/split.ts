import { mapScalar } from '../../ir/map.js'
import type { Query, Relation } from '../../ir/relation.js'
import { and, literal, reference, type Scalar } from '../../ir/scalar.js'
import type { Column } from '../../ir/types.js'
import { columnsRead } from '../../ir/walk.js'
import type { Span } from '../../text/span.js'
import { NotEmitted } from '../not-emitted.js'
import { type Emitted, emitClickhouse, type PhysicalTable } from './emit.js'

/** A query as SQL, and what is left to do here with the rows that it gives. */
export interface SplitQuery {
  readonly pieces: readonly Piece[]
  /** The query over the pieces, which are its tables by name; undefined where the only piece is the whole query. */
  readonly local: Query | undefined
  /** What ClickHouse has no words for, and where it stands. */
  readonly lacking: { readonly what: string; readonly span: Span | undefined } | undefined
}

export interface Piece extends Emitted {
  readonly name: string
  /** The columns of the relation that it stands for; those that nothing names do not travel. */
  readonly wide: readonly Column[]
}

/** The most rows that a piece may bring here. */
export const MOST_ROWS = 500_000

type Tables = (name: string) => PhysicalTable

/**
 * Gives ClickHouse as much of the query as its SQL can say. Where a function has no words in it, the relations below that it can say are
 * pieces of their own, and the rest runs here, on the reference's evaluator, over their rows: the meaning stays, the rows travel.
 */
export function splitQuery(query: Query, tables: Tables): SplitQuery {
  try {
    const whole = emitClickhouse(query, tables)
    return { pieces: [{ name: '', wide: whole.columns, ...whole }], local: undefined, lacking: undefined }
  } catch (error) {
    if (!(error instanceof NotEmitted)) throw error
    const { what, span } = error
    return { ...new Splitter(query, tables).split(), lacking: { what, span } }
  }
}

class Splitter {
  private readonly pieces: Piece[] = []
  private readonly bindings = new Map<string, Relation>()
  private readonly named: ReadonlySet<string>

  constructor(
    private readonly query: Query,
    private readonly tables: Tables,
  ) {
    this.named = namesIn(query)
  }

  split(): { readonly pieces: readonly Piece[]; readonly local: Query } {
    const body = this.plan(this.query.body)
    const bindings = this.query.bindings.map((each) => ({
      ...each,
      relation: this.bindings.get(each.name) ?? each.relation,
    }))
    return { pieces: this.pieces, local: { bindings, body } }
  }

  /** The relation with everything that ClickHouse can answer replaced by tables of its rows. */
  private plan(relation: Relation): Relation {
    if (!this.readsTables(relation)) return relation
    if (this.canEmit(relation)) return this.piece(relation)
    switch (relation.kind) {
      case 'table':
      case 'rows':
      case 'items':
        return relation
      case 'bound':
        this.planBinding(relation.name)
        return relation
      case 'range':
        return {
          ...relation,
          from: this.scalar(relation.from),
          to: this.scalar(relation.to),
          step: this.scalar(relation.step),
        }
      case 'filter':
        return this.filter(relation)
      case 'extend':
      case 'project':
      case 'window':
        return {
          ...relation,
          input: this.plan(relation.input),
          assignments: relation.assignments.map((each) => ({ ...each, value: this.scalar(each.value) })),
        }
      case 'aggregate':
        return {
          ...relation,
          input: this.plan(relation.input),
          by: relation.by.map((each) => ({ ...each, value: this.scalar(each.value) })),
          aggregates: relation.aggregates.map((call) => ({
            ...call,
            arguments: call.arguments.map((each) => this.scalar(each)),
            condition: call.condition && this.scalar(call.condition),
          })),
        }
      case 'sort':
        return {
          ...relation,
          input: this.plan(relation.input),
          keys: relation.keys.map((key) => ({ ...key, value: this.scalar(key.value) })),
        }
      case 'take':
        return { ...relation, input: this.plan(relation.input), count: this.scalar(relation.count) }
      case 'join':
        return {
          ...relation,
          left: this.plan(relation.left),
          right: this.plan(relation.right),
          on: relation.on.map(({ left, right }) => ({ left: this.scalar(left), right: this.scalar(right) })),
        }
      case 'union':
      case 'row-operator':
        return { ...relation, inputs: relation.inputs.map((input) => this.plan(input)) }
      case 'unnest':
        return this.unnest(relation)
      case 'apply':
        return { ...relation, input: this.unnest(relation.input), body: this.plan(relation.body) }
      case 'partition':
        return {
          ...relation,
          input: this.plan(relation.input),
          key: this.scalar(relation.key),
          body: this.plan(relation.body),
        }
      case 'sequence':
        throw new NotEmitted('a sequence of events', relation.span)
    }
  }

  private unnest(relation: Extract<Relation, { kind: 'unnest' }>): Extract<Relation, { kind: 'unnest' }> {
    return {
      ...relation,
      input: this.plan(relation.input),
      items: relation.items.map((item) => ({ ...item, value: this.scalar(item.value) })),
    }
  }

  /** What of a condition ClickHouse can say goes down to it, below computed columns that it does not read. */
  private filter(relation: Extract<Relation, { kind: 'filter' }>): Relation {
    const { input, condition } = relation
    const operands = condition.kind === 'and' ? condition.operands : [condition]
    const made = new Set(input.kind === 'extend' ? input.assignments.map(({ name }) => name) : [])
    const sinks = (operand: Scalar): boolean =>
      this.canEmit({
        ...relation,
        input: { kind: 'rows', rows: [], columns: input.columns, span: undefined },
        condition: operand,
      }) && ![...columnsRead(operand, new Set())].some((name) => made.has(name))
    const [down, here] = [operands.filter(sinks), operands.filter((each) => !sinks(each))]
    const below =
      down.length === 0 || (input.kind !== 'extend' && !this.canEmit(input))
        ? undefined
        : input.kind === 'extend'
          ? { ...input, input: { ...relation, input: input.input, columns: input.input.columns, condition: and(down) } }
          : { ...relation, condition: and(down) }
    if (below === undefined) return { ...relation, input: this.plan(input), condition: this.scalar(condition) }
    const rest = this.plan(below)
    return here.length === 0 ? rest : { ...relation, input: rest, condition: this.scalar(and(here)) }
  }

  private scalar(value: Scalar): Scalar {
    return mapScalar(
      value,
      (each) => each,
      (relation) => this.plan(relation),
    )
  }

  private planBinding(name: string): void {
    if (this.bindings.has(name)) return
    const { relation } = this.query.bindings.find((each) => each.name === name)!
    this.bindings.set(name, relation)
    this.bindings.set(name, this.plan(relation))
  }

  private piece(relation: Relation): Relation {
    const name = `piece ${this.pieces.length + 1}`
    const { columns, span } = relation
    const wanted = columns.filter((each) => this.named.has(each.name))
    const narrow: Relation = {
      kind: 'project',
      input: relation,
      assignments: wanted.map((each) => ({ name: each.name, value: reference(each.name, each.type) })),
      columns: wanted,
      span,
    }
    const body: Relation = {
      kind: 'take',
      input: narrow,
      count: literal('long', BigInt(MOST_ROWS + 1)),
      columns: wanted,
      span,
    }
    this.pieces.push({ name, wide: columns, ...emitClickhouse({ ...this.query, body }, this.tables) })
    return { kind: 'table', name, columns, span }
  }

  private canEmit(relation: Relation): boolean {
    if (has(relation, (node) => node.kind === 'items' || (node.kind === 'bound' && this.isOnce(String(node.name)))))
      return false
    try {
      emitClickhouse({ ...this.query, body: relation }, this.tables)
      return true
    } catch (error) {
      if (error instanceof NotEmitted) return false
      throw error
    }
  }

  /** Rows that are made once must not be made once for each piece. */
  private isOnce(name: string, seen = new Set<string>()): boolean {
    if (seen.has(name)) return false
    seen.add(name)
    const binding = this.query.bindings.find((each) => each.name === name)!
    return (
      binding.once || has(binding.relation, (node) => node.kind === 'bound' && this.isOnce(String(node.name), seen))
    )
  }

  private readsTables(relation: Relation): boolean {
    return has(
      relation,
      (node) =>
        node.kind === 'table' ||
        (node.kind === 'bound' &&
          this.readsTables(this.query.bindings.find(({ name }) => name === node.name)!.relation)),
    )
  }
}

/** Whether a node of a relation, however deep, is such a one. */
function has(node: unknown, test: (node: { readonly kind?: unknown; readonly name?: unknown }) => boolean): boolean {
  if (typeof node !== 'object' || node === null || node instanceof Map) return false
  if (Array.isArray(node)) return node.some((each) => has(each, test))
  if ('kind' in node && test(node)) return true
  return Object.entries(node).some(
    ([key, each]) => key !== 'columns' && key !== 'span' && key !== 'rows' && has(each, test),
  )
}

/** Every name that the query speaks of; columns that it never names need not travel. */
function namesIn(query: Query): ReadonlySet<string> {
  const names = new Set(query.body.columns.map(({ name }) => name))
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || node instanceof Map) return
    if (Array.isArray(node)) {
      for (const each of node) visit(each)
      return
    }
    for (const [key, each] of Object.entries(node)) {
      if ((key === 'name' || key === 'column') && typeof each === 'string') names.add(each)
      // Operators on whole rows may speak of columns in ways of their own.
      else if (key === 'options' || key === 'inputs') for (const name of allNames(each)) names.add(name)
      else if (key !== 'columns' && key !== 'span' && key !== 'rows') visit(each)
    }
  }
  visit([query.body, query.bindings])
  return names
}

function allNames(node: unknown, names: string[] = []): string[] {
  if (typeof node !== 'object' || node === null || node instanceof Map) return names
  for (const [key, each] of Object.entries(node)) {
    if (key === 'name' && typeof each === 'string') names.push(each)
    else if (key !== 'rows' && key !== 'span') allNames(each, names)
  }
  return names
}
