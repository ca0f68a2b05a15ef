import {
  type Condition,
  type DetectionItem,
  isMeant,
  type LowerSigmaOptions,
  lowerSigma,
  type Search,
  type SearchBody,
  type SigmaColumn,
  type SigmaRule,
  type SigmaValue,
} from '../../../dialects/sigma/index.js'
import type { Scalar } from '../../../ir/scalar.js'

/** A part of a rule that holds for an event or does not, with the parts that it is made of. */
export interface Piece {
  readonly kind: 'condition' | 'search' | 'item' | 'value'
  /** As the rule writes it, cut where it is long. */
  readonly label: string
  readonly scalar: Scalar
  readonly parts: readonly Piece[]
  /** Of an item: its field, undefined where the whole event is searched; and its values. */
  readonly field?: string | undefined
  readonly values?: readonly SigmaValue[]
}

export interface RulePieces {
  readonly whole: Piece
  /** Ways in which the rule can match; each is what must hold, all of it. */
  readonly ways: readonly (readonly Piece[])[]
  /** What the pieces read, by the names that their expressions use. */
  readonly columns: ReadonlyMap<string, SigmaColumn>
}

/** More values than this are not judged one by one. */
const MOST_VALUES = 200

/** Takes a rule apart. It can be lowered as a whole. */
export function takeApart(rule: SigmaRule, options: LowerSigmaOptions): RulePieces {
  const taker = new Taker(rule, options)
  const conditions = rule.detection.conditions.flatMap(({ condition }) => (condition ? [condition] : []))
  const whole =
    conditions.length === 1
      ? conditions[0]!
      : ({ kind: 'or', operands: conditions, span: rule.span } satisfies Condition)
  const ways = alternatives(whole).map((way) => taker.needed(way))
  return { whole: taker.condition(whole), ways, columns: taker.columns }
}

const alternatives = (condition: Condition): readonly Condition[] =>
  condition.kind === 'or' ? condition.operands.flatMap(alternatives) : [condition]

class Taker {
  readonly columns = new Map<string, SigmaColumn>()

  constructor(
    private readonly rule: SigmaRule,
    private readonly options: LowerSigmaOptions,
  ) {}

  condition(condition: Condition): Piece {
    const base = { kind: 'condition', label: conditionWords(condition), scalar: this.scalar(condition) } as const
    switch (condition.kind) {
      case 'and':
      case 'or':
        return { ...base, parts: condition.operands.map((each) => this.condition(each)) }
      case 'not':
        return { ...base, parts: [this.condition(condition.operand)] }
      case 'of':
        return { ...base, parts: this.meant(condition).map((each) => this.search(each)) }
      case 'search': {
        const search = this.find(condition.name)
        return search ? this.search(search) : { ...base, parts: [] }
      }
    }
  }

  /** What must hold for a condition to hold: where all of a search’s items must, they one by one. */
  needed(condition: Condition): readonly Piece[] {
    switch (condition.kind) {
      case 'and':
        return condition.operands.flatMap((each) => this.needed(each))
      case 'search': {
        const search = this.find(condition.name)
        return search?.body.kind === 'map'
          ? search.body.items.map((item) => this.item(item))
          : [this.condition(condition)]
      }
      case 'of':
        if (condition.quantifier === 'all')
          return this.meant(condition).flatMap(({ name }) =>
            this.needed({ kind: 'search', name, span: condition.span }),
          )
        return [this.condition(condition)]
      default:
        return [this.condition(condition)]
    }
  }

  private meant(condition: Extract<Condition, { kind: 'of' }>): readonly Search[] {
    return this.rule.detection.searches.filter(({ name }) => isMeant(name, condition.pattern))
  }

  private find(name: string): Search | undefined {
    return this.rule.detection.searches.find((each) => each.name === name)
  }

  private search({ name, body, span }: Search): Piece {
    const scalar = this.scalar({ kind: 'search', name, span })
    return { kind: 'search', label: plainName(name), scalar, parts: this.bodyParts(body) }
  }

  private bodyParts(body: SearchBody): readonly Piece[] {
    if (body.kind === 'map') return body.items.map((item) => this.item(item))
    const items = body.kind === 'list' ? body.items : [body]
    const words = items.flatMap((each) => (each.kind === 'keyword' ? [each.value] : []))
    const keywords: DetectionItem = { field: undefined, modifiers: [], values: words, span: body.span }
    return [
      ...(words.length > 0 ? [this.item(keywords)] : []),
      ...items.flatMap((each): Piece[] => {
        if (each.kind === 'keyword') return []
        const parts = this.bodyParts(each)
        if (parts.length === 1) return [...parts]
        return [{ kind: 'search', label: 'all of', scalar: this.scalarOfBody(each), parts }]
      }),
    ]
  }

  private item(item: DetectionItem): Piece {
    const { field, values } = item
    const negated = item.modifiers.some(({ name }) => name === 'neq')
    const one = (value: SigmaValue): Piece => {
      const single = { ...item, modifiers: item.modifiers.filter(({ name }) => name !== 'neq'), values: [value] }
      const scalar = this.scalarOfBody({ kind: 'map', items: [single], span: item.span })
      return { kind: 'value', label: valueWords(value), scalar, parts: [] }
    }
    const parts = values.length <= MOST_VALUES && (values.length > 1 || negated) ? values.map(one) : []
    const scalar = this.scalarOfBody({ kind: 'map', items: [item], span: item.span })
    return { kind: 'item', label: itemWords(item), scalar, parts, field, values }
  }

  private scalarOfBody(body: SearchBody): Scalar {
    const searches: readonly Search[] = [{ name: 'x', span: body.span, body }]
    return this.lower({ kind: 'search', name: 'x', span: body.span }, searches)
  }

  private scalar(condition: Condition): Scalar {
    return this.lower(condition, this.rule.detection.searches)
  }

  private lower(condition: Condition, searches: readonly Search[]): Scalar {
    const { span } = condition
    const rule = { ...this.rule, detection: { searches, conditions: [{ text: '', span, condition }] } }
    const lowered = lowerSigma(rule, this.options)
    if (!lowered.ok) throw new Error(`a part of a rule that lowers does not: ${lowered.diagnostics[0]?.message}`)
    for (const [name, column] of lowered.columns) this.columns.set(name, column)
    const { body } = lowered.query
    if (body.kind !== 'project' || body.input.kind !== 'filter') throw new Error('a rule that is no filter')
    return body.input.condition
  }
}

/** Searches of filters have names that no file can hold. */
const plainName = (name: string): string => name.replace(/^_filter \d+ /, 'filter: ')

function conditionWords(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.operands.map((each) => innerWords(each)).join(` ${condition.kind} `)
    case 'not':
      return `not ${innerWords(condition.operand)}`
    case 'search':
      return plainName(condition.name)
    case 'of':
      return `${condition.quantifier === 'all' ? 'all' : '1'} of ${condition.pattern ?? 'them'}`
  }
}

const innerWords = (condition: Condition): string =>
  condition.kind === 'and' || condition.kind === 'or' ? `(${conditionWords(condition)})` : conditionWords(condition)

function itemWords({ field, modifiers, values }: DetectionItem): string {
  const key = [field ?? 'any field', ...modifiers.map(({ name }) => name)].join('|')
  const shown = values.slice(0, 3).map(valueWords)
  const more = values.length - shown.length
  return `${key}: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const LONGEST = 80

function valueWords({ value, source }: SigmaValue): string {
  if (typeof value !== 'string') return value === null ? 'null' : source
  return `'${source.length > LONGEST ? `${source.slice(0, LONGEST - 1)}…` : source}'`
}
