import type { FieldView, SigmaColumn } from '../../../dialects/sigma/index.js'
import { mapScalar } from '../../../ir/map.js'
import { reference, type Scalar } from '../../../ir/scalar.js'
import { columnsRead } from '../../../ir/walk.js'
import { requiredTexts } from './required-texts.js'

/** A condition of many rules taken apart: each distinct part once, by number. */
export type Node =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'leaf'; readonly leaf: number }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly number[] }
  | { readonly kind: 'not'; readonly operand: number }

/** What is asked of one column, and true or false of each of its values. */
export type TextTest =
  | {
      readonly how: 'equal' | 'contains' | 'prefix' | 'suffix' | 'wildcard'
      readonly needles: readonly string[]
      readonly folds: boolean
    }
  /** A question for the engine, about the column `value`; only about values with one of the texts in them, where any are known. */
  | { readonly how: 'ask'; readonly scalar: Scalar; readonly texts: readonly string[] | undefined }

export type Leaf =
  | { readonly kind: 'text'; readonly column: string; readonly test: TextTest }
  | { readonly kind: 'whole'; readonly column: string; readonly values: readonly bigint[] }
  /** What the engine is asked of each row. */
  | { readonly kind: 'row'; readonly scalar: Scalar }

/** The name of the column in an `ask` test's scalar. */
export const VALUE = 'value'

/** A condition that cannot be taken apart: a part of it may be null, and null is more than false under a negation. */
export class NotTogether extends Error {}

/** The conditions of all rules over one log source, hash-consed. */
export class Predicates {
  readonly nodes: Node[] = []
  readonly leaves: Leaf[] = []
  /** Columns that rows must have, by a name of the set's own. */
  readonly columns = new Map<string, SigmaColumn>()
  private readonly known = new Map<string, number>()
  private readonly names = new Map<string, string>()

  /** The number of a rule's condition, whose columns are those of `columns`. Throws `NotTogether`. */
  add(condition: Scalar, columns: ReadonlyMap<string, SigmaColumn>): number {
    const renamed = mapScalar(
      condition,
      (value) => (value.kind === 'column' ? reference(this.nameOf(columns.get(value.name)!), value.type) : value),
      (relation) => relation,
    )
    return this.node(renamed)
  }

  viewOf(column: string): FieldView {
    return this.columns.get(column)!.view
  }

  private nameOf(column: SigmaColumn): string {
    const key = `${column.view} ${column.field ?? ''}`
    let name = this.names.get(key)
    if (name === undefined) {
      name = `c${this.names.size}`
      this.names.set(key, name)
      this.columns.set(name, column)
    }
    return name
  }

  private node(value: Scalar): number {
    switch (value.kind) {
      case 'literal':
        if (typeof value.value !== 'boolean') throw new NotTogether('a literal that is no truth value')
        return this.intern(`constant ${value.value}`, { kind: 'constant', value: value.value })
      case 'not': {
        const operand = this.node(value.operand)
        return this.intern(`not ${operand}`, { kind: 'not', operand })
      }
      case 'and':
        if (isGuardedComparison(value.operands)) return this.leaf({ kind: 'row', scalar: value })
        return this.junction('and', value.operands)
      case 'or':
        return this.junction('or', value.operands)
      case 'match':
        return this.match(value)
      case 'member':
        return this.member(value)
      case 'regex':
        return this.ask(
          value,
          value.pattern.kind === 'literal' ? requiredTexts(String(value.pattern.value)) : undefined,
        )
      case 'call':
        if (value.name !== 'coalesce' && value.name !== 'is_not_null') throw new NotTogether(`the call ${value.name}`)
        return this.ask(value, undefined)
      case 'column':
        return this.leaf({ kind: 'row', scalar: value })
      case 'compare':
        if (value.nulls !== 'total') throw new NotTogether('a comparison that may be null')
        return this.leaf({ kind: 'row', scalar: value })
      default:
        throw new NotTogether(value.kind)
    }
  }

  private junction(kind: 'and' | 'or', operands: readonly Scalar[]): number {
    const numbers = [...new Set(operands.map((each) => this.node(each)))].sort((a, b) => a - b)
    if (numbers.length === 1) return numbers[0]!
    return this.intern(`${kind} ${numbers.join(' ')}`, { kind, operands: numbers })
  }

  private match(value: Extract<Scalar, { kind: 'match' }>): number {
    const { subject, how } = value
    const needles = literalTexts(value.needles)
    if (subject.kind !== 'column' || !needles || how === 'term' || how === 'term-prefix' || how === 'term-suffix')
      return this.leaf({ kind: 'row', scalar: value })
    const folds = value.case === 'insensitive'
    const one = (texts: readonly string[]): number =>
      this.leaf({ kind: 'text', column: subject.name, test: { how, needles: texts, folds } })
    if (value.quantifier === 'any' || needles.length === 1) return one(needles)
    const numbers = [...new Set(needles.map((needle) => one([needle])))].sort((a, b) => a - b)
    return this.intern(`and ${numbers.join(' ')}`, { kind: 'and', operands: numbers })
  }

  private member(value: Extract<Scalar, { kind: 'member' }>): number {
    const { subject } = value
    if (subject.kind === 'column' && subject.type === 'string') {
      const needles = literalTexts(value.values)
      const folds = value.case === 'insensitive'
      if (needles) return this.leaf({ kind: 'text', column: subject.name, test: { how: 'equal', needles, folds } })
    }
    if (subject.kind === 'column' && subject.type === 'long') {
      const values = value.values.flatMap((each) =>
        each.kind === 'literal' && typeof each.value === 'bigint' ? [each.value] : [],
      )
      if (values.length === value.values.length) return this.leaf({ kind: 'whole', column: subject.name, values })
    }
    return this.leaf({ kind: 'row', scalar: value })
  }

  /** Of each distinct value where one text column is all that is read, of each row otherwise. */
  private ask(scalar: Scalar, texts: readonly string[] | undefined): number {
    const [column, ...more] = columnsRead(scalar, new Set())
    const view = column === undefined ? undefined : this.viewOf(column)
    if (column === undefined || more.length > 0 || (view !== 'text' && view !== 'written' && view !== 'list'))
      return this.leaf({ kind: 'row', scalar })
    const about = mapScalar(
      scalar,
      (value) => (value.kind === 'column' ? reference(VALUE, value.type) : value),
      (relation) => relation,
    )
    return this.leaf({ kind: 'text', column, test: { how: 'ask', scalar: about, texts } })
  }

  private leaf(leaf: Leaf): number {
    const key = JSON.stringify(leaf, plain)
    const known = this.known.get(key)
    if (known !== undefined) return known
    this.leaves.push(leaf)
    return this.intern(key, { kind: 'leaf', leaf: this.leaves.length - 1 })
  }

  private intern(key: string, node: Node): number {
    const known = this.known.get(key)
    if (known !== undefined) return known
    const number = this.nodes.push(node) - 1
    this.known.set(key, number)
    return number
  }
}

/** Where a part stands in its file makes it no other part. */
const plain = (key: string, value: unknown): unknown =>
  key === 'span' ? undefined : typeof value === 'bigint' ? `${value}n` : value

function literalTexts(values: readonly Scalar[]): readonly string[] | undefined {
  const texts = values.flatMap((each) =>
    each.kind === 'literal' && typeof each.value === 'string' ? [each.value] : [],
  )
  return texts.length === values.length ? texts : undefined
}

/** `x is not null and x < 3`: never null, though its second half alone may be. */
function isGuardedComparison(operands: readonly Scalar[]): boolean {
  const [guard, compared] = operands
  return (
    operands.length === 2 &&
    guard?.kind === 'call' &&
    guard.name === 'is_not_null' &&
    compared?.kind === 'compare' &&
    JSON.stringify(guard.arguments[0], plain) === JSON.stringify(compared.left, plain) &&
    compared.right.kind === 'literal' &&
    compared.right.value !== null
  )
}
