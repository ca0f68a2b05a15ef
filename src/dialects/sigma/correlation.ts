import { closestName } from '../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import { parseCondition } from './condition.js'
import type { Condition, SigmaCorrelation } from './syntax.js'
import { type Entry, member, type Tree } from './tree.js'

/** What a correlation asks for, read. https://github.com/SigmaHQ/sigma-specification, sigma-correlation-rules-specification.md, 2.1.0 */
export interface CorrelationSpec {
  readonly type: CorrelationType
  /** In the order of the list, or of the condition where there is no list. */
  readonly rules: readonly RuleReference[]
  readonly groupBy: readonly string[]
  /** Microseconds. */
  readonly timespan: number
  readonly condition:
    | { readonly kind: 'bounds'; readonly bounds: readonly CorrelationBound[] }
    /** Over the names of rules. */
    | { readonly kind: 'expression'; readonly condition: Condition }
  /** Whose values are counted or reckoned with. */
  readonly fields: readonly string[]
  /** From 0 to 100; of `value_percentile`. */
  readonly percentile: number | undefined
  /** Name of the alias → name or id of the rule → field. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export interface RuleReference {
  /** An id or a name. */
  readonly name: string
  readonly span: Span
}

export interface CorrelationBound {
  readonly operator: 'lt' | 'lte' | 'gt' | 'gte' | 'eq' | 'neq'
  readonly value: number
  readonly span: Span
}

export const CORRELATION_TYPES = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
] as const
export type CorrelationType = (typeof CORRELATION_TYPES)[number]

const KEYS = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate']
const OPERATORS = ['lt', 'lte', 'gt', 'gte', 'eq', 'neq'] as const
/** `w`, `M` and `y` are pySigma's; its month and year are those of the calendar on average. */
const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_629_746,
  y: 31_556_952,
}

/** Reads a correlation. Undefined, with diagnostics, where something in it has no meaning. */
export function readCorrelation(document: SigmaCorrelation): {
  readonly spec: CorrelationSpec | undefined
  readonly diagnostics: readonly Diagnostic[]
} {
  const reader = new Reader(document)
  const spec = reader.read()
  const failed = reader.diagnostics.some(({ severity }) => severity === 'error')
  return { spec: failed ? undefined : spec, diagnostics: reader.diagnostics }
}

class Reader {
  readonly diagnostics: Diagnostic[] = []
  private readonly tree: Tree
  private readonly head: Span

  constructor(private readonly document: SigmaCorrelation) {
    this.tree = document.correlation
    this.head = member(document.tree, 'correlation')?.keySpan ?? document.correlationSpan
  }

  read(): CorrelationSpec | undefined {
    for (const { key, keySpan } of this.tree.kind === 'map' ? this.tree.entries : [])
      if (!KEYS.includes(key)) this.unsupported(`\`${key}\` in a correlation`, keySpan, closestName(key, KEYS))
    const type = this.type()
    const timespan = this.timespan()
    const listed = this.references()
    if (type === undefined) return undefined
    const condition = this.condition(type, listed)
    const { fields, percentile } = this.measured(type)
    if (timespan === undefined || condition === undefined) return undefined
    const rules = listed.length > 0 || condition.kind === 'bounds' ? listed : namesOf(condition.condition)
    if (rules.length === 0) this.missing('rules')
    return {
      type,
      rules,
      groupBy: this.texts('group-by').map(({ name }) => name),
      timespan,
      condition,
      fields,
      percentile,
      aliases: this.aliases(),
    }
  }

  private type(): CorrelationType | undefined {
    const entry = member(this.tree, 'type')
    // The parser has told of one that is not there.
    if (!entry || this.document.type === '') return undefined
    const found = CORRELATION_TYPES.find((each) => each === this.document.type)
    if (!found) this.wrong('type', entry, `one of ${CORRELATION_TYPES.join(', ')}`)
    return found
  }

  private timespan(): number | undefined {
    const entry = member(this.tree, 'timespan')
    if (!entry) return this.missing('timespan')
    const found = entry.value.kind === 'scalar' ? /^(\d{1,7})([smhdwMy])$/.exec(entry.value.source) : null
    if (!found || Number(found[1]) === 0)
      return this.wrong('timespan', entry, 'a number and a unit: 30s, 10m, 1h or 7d')
    return Number(found[1]) * UNITS[found[2]!]! * 1e6
  }

  private references(): readonly RuleReference[] {
    const found = this.texts('rules')
    for (const [index, { name, span }] of found.entries())
      if (found.slice(0, index).some((each) => each.name === name))
        this.unsupported(`\`${name}\` twice in the rules of a correlation`, span)
    return found
  }

  private condition(type: CorrelationType, rules: readonly RuleReference[]): CorrelationSpec['condition'] | undefined {
    const isTemporal = type === 'temporal' || type === 'temporal_ordered'
    const entry = member(this.tree, 'condition')
    if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) {
      if (!isTemporal) return this.missing('condition')
      // Without one, all of them.
      const all = { operator: 'gte', value: rules.length, span: this.head } as const
      return { kind: 'bounds', bounds: [all] }
    }
    if (entry.value.kind === 'map') return this.bounds(type, entry.value)
    if (!isTemporal || entry.value.kind !== 'scalar' || typeof entry.value.value !== 'string')
      return this.wrong('condition', entry, isTemporal ? 'a map or a text' : 'a map, as `gte: 10`')
    return this.expression(type, entry.value.value, entry.value.span, rules)
  }

  private bounds(type: CorrelationType, tree: Tree & { kind: 'map' }): CorrelationSpec['condition'] {
    const bounds: CorrelationBound[] = []
    const others = type === 'value_percentile' ? ['field', 'percentile'] : type.startsWith('value_') ? ['field'] : []
    for (const entry of tree.entries) {
      const operator = OPERATORS.find((each) => each === entry.key)
      if (!operator) {
        if (!others.includes(entry.key)) {
          const closest = closestName(entry.key, [...OPERATORS, ...others])
          this.unsupported(`\`${entry.key}\` in the condition of ${type}`, entry.keySpan, closest)
        }
        continue
      }
      const text = entry.value.kind === 'scalar' ? entry.value.source.trim() : ''
      const value = text === '' ? Number.NaN : Number(text)
      if (!Number.isFinite(value)) this.wrong(`condition.${entry.key}`, entry, 'a number')
      else bounds.push({ operator, value, span: entry.value.span })
    }
    if (bounds.length === 0 && this.diagnostics.length === 0) this.missing(`condition (${OPERATORS.join(', ')})`)
    return { kind: 'bounds', bounds }
  }

  private expression(
    type: CorrelationType,
    text: string,
    span: Span,
    rules: readonly RuleReference[],
  ): CorrelationSpec['condition'] | undefined {
    const { condition, diagnostics } = parseCondition(text, { start: span.start, span, exact: false }, new Set())
    this.diagnostics.push(...diagnostics)
    if (!condition) return undefined
    const names = namesOf(condition)
    if (names.length === 0 || hasQuantifier(condition)) {
      this.unsupported('`of` in the condition of a correlation', span)
      return undefined
    }
    for (const { name } of names)
      if (rules.length > 0 && !rules.some((each) => each.name === name))
        this.diagnostics.push(
          diagnose('unknown-rule', span, {
            name,
            closest: closestName(
              name,
              rules.map((each) => each.name),
            ),
          }),
        )
    for (const rule of rules)
      if (!names.some(({ name }) => name === rule.name))
        this.unsupported(`a rule that the condition does not name, as \`${rule.name}\`,`, rule.span)
    if (type === 'temporal') return { kind: 'expression', condition }
    // An order of what may be missing is none.
    if (!isPlainAnd(condition)) this.unsupported('`or` and `not` in the condition of temporal_ordered', span)
    return { kind: 'bounds', bounds: [{ operator: 'gte', value: names.length, span }] }
  }

  private measured(type: CorrelationType): Pick<CorrelationSpec, 'fields' | 'percentile'> {
    const condition = member(this.tree, 'condition')?.value
    const fields = condition && type.startsWith('value_') ? this.texts('field', condition) : []
    if (type.startsWith('value_') && fields.length === 0) this.missing('condition.field')
    if (fields.length > 1 && type !== 'value_count')
      this.unsupported(`more than one field in the condition of ${type}`, fields[1]!.span)
    const percentile = type === 'value_percentile' && condition ? this.percentile(condition) : undefined
    return { fields: fields.map(({ name }) => name), percentile: type === 'value_median' ? 50 : percentile }
  }

  private percentile(condition: Tree): number | undefined {
    const entry = member(condition, 'percentile')
    if (!entry) {
      this.missing('condition.percentile')
      return undefined
    }
    const value = entry.value.kind === 'scalar' && entry.value.source !== '' ? Number(entry.value.source) : Number.NaN
    if (value >= 0 && value <= 100) return value
    return this.wrong('condition.percentile', entry, 'a number from 0 to 100')
  }

  private aliases(): CorrelationSpec['aliases'] {
    const entry = member(this.tree, 'aliases')
    if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return new Map()
    if (entry.value.kind !== 'map') {
      this.wrong('aliases', entry, 'a map of names')
      return new Map()
    }
    return new Map(
      entry.value.entries.map((alias) => {
        const fields = new Map<string, string>()
        if (alias.value.kind !== 'map') this.wrong(`aliases.${alias.key}`, alias, 'a map of rules and their fields')
        for (const each of alias.value.kind === 'map' ? alias.value.entries : []) {
          if (each.value.kind === 'scalar' && each.value.source !== '') fields.set(each.key, each.value.source)
          else this.wrong(`aliases.${alias.key}.${each.key}`, each, 'the name of a field')
        }
        return [alias.key, fields] as const
      }),
    )
  }

  private texts(key: string, tree = this.tree): readonly RuleReference[] {
    const value = member(tree, key)?.value
    const items = value === undefined ? [] : value.kind === 'list' ? value.items : [value]
    return items.flatMap((each) =>
      each.kind === 'scalar' && each.value !== null ? [{ name: each.source, span: each.span }] : [],
    )
  }

  private missing(key: string): undefined {
    this.diagnostics.push(diagnose('rule-missing-key', this.head, { key }))
    return undefined
  }

  private wrong(key: string, { value }: Entry, expected: string): undefined {
    const found = value.kind === 'scalar' ? value.source : value.kind === 'list' ? 'a list' : 'a map'
    this.diagnostics.push(diagnose('rule-wrong-value', value.span, { key, found: found.slice(0, 60), expected }))
    return undefined
  }

  private unsupported(what: string, span: Span, closest?: string): void {
    const hint = closest === undefined ? '' : ` (closest is \`${closest}\`)`
    this.diagnostics.push(diagnose('unsupported-form', span, { language: 'Sigma', what: `${what}${hint}` }))
  }
}

/** The names in a condition, in the order in which they are first met. */
function namesOf(condition: Condition): readonly RuleReference[] {
  const found = new Map<string, RuleReference>()
  const visit = (part: Condition): void => {
    if (part.kind === 'search' && !found.has(part.name)) found.set(part.name, { name: part.name, span: part.span })
    else if (part.kind === 'not') visit(part.operand)
    else if (part.kind === 'and' || part.kind === 'or') part.operands.forEach(visit)
  }
  visit(condition)
  return [...found.values()]
}

function hasQuantifier(condition: Condition): boolean {
  if (condition.kind === 'not') return hasQuantifier(condition.operand)
  return condition.kind === 'of' || ('operands' in condition && condition.operands.some(hasQuantifier))
}

const isPlainAnd = (condition: Condition): boolean =>
  condition.kind === 'search' || (condition.kind === 'and' && condition.operands.every(isPlainAnd))
