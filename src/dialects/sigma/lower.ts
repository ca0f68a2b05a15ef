import type { Query, Relation } from '../../ir/relation.js'
import { and, FALSE, not, or, reference, type Scalar } from '../../ir/scalar.js'
import { type Column, column } from '../../ir/types.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { FieldColumns, type SigmaColumn } from './field-columns.js'
import { lowerTests, type TestContext } from './lower-tests.js'
import { applyModifiers } from './modifiers.js'
import { parsePattern } from './pattern.js'
import { isMeant } from './search-names.js'
import type { Condition, Detection, DetectionItem, SearchBody, SigmaDocument, SigmaValue } from './syntax.js'

export interface LowerSigmaOptions {
  /** Values of `%name%` placeholders. They may hold wildcards. */
  readonly placeholders: ReadonlyMap<string, readonly string[]>
  /** What the log source knows of a field. */
  readonly fieldKind: (field: string) => FieldKind
  /** Fields whose values are given with each event. */
  readonly given?: readonly string[]
}

/** `whole`: a whole number in every event. `list`: several values, any of which may match. */
export type FieldKind = 'text' | 'whole' | 'list'

export type LoweredSigma =
  | {
      readonly ok: true
      /** Over one table, `EVENTS`, whose columns are those of `columns`; gives `uid` and `time` of each event that matches, then the given fields. */
      readonly query: Query
      readonly columns: ReadonlyMap<string, SigmaColumn>
      readonly diagnostics: readonly Diagnostic[]
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/** The name of the table of a log source's events. */
export const EVENTS = 'events'

/** A rule as the query model. Correlations and filters are refused by name. */
export function lowerSigma(document: SigmaDocument, options: LowerSigmaOptions): LoweredSigma {
  switch (document.kind) {
    case 'correlation': {
      const what = document.type === '' ? 'a correlation' : `a correlation of type ${document.type}`
      return refused([diagnose('unsupported-form', document.correlationSpan, { language: 'Sigma here', what })])
    }
    case 'filter':
      return refused([
        diagnose('unsupported-form', document.filterSpan, { language: 'Sigma here', what: 'a filter document' }),
      ])
    case 'rule': {
      const lowering = new Lowering(document.detection, options)
      const condition = lowering.conditions()
      const given = lowering.given()
      if (lowering.diagnostics.length > 0) return refused(lowering.diagnostics)
      return {
        ok: true,
        query: { bindings: [], body: matching(condition, given, lowering.columns.list()) },
        columns: lowering.columns.all,
        diagnostics: [],
      }
    }
  }
}

const refused = (diagnostics: readonly Diagnostic[]): LoweredSigma => ({ ok: false, diagnostics })

const RESULT: readonly Column[] = [column('uid', 'long'), column('time', 'datetime')]

function matching(condition: Scalar, given: readonly Scalar[], read: readonly Column[]): Relation {
  const table: Relation = { kind: 'table', name: EVENTS, columns: [...RESULT, ...read], span: undefined }
  const filter: Relation = { kind: 'filter', input: table, condition, columns: table.columns, span: undefined }
  const values = given.map((value, index) => ({ name: `given ${index}`, value }))
  return {
    kind: 'project',
    input: filter,
    assignments: [...RESULT.map(({ name, type }) => ({ name, value: reference(name, type) })), ...values],
    columns: [...RESULT, ...values.map(({ name, value }) => column(name, value.type))],
    span: undefined,
  }
}

class Lowering {
  readonly diagnostics: Diagnostic[] = []
  readonly columns = new FieldColumns(RESULT.map(({ name }) => name))
  private readonly searches = new Map<string, Scalar>()

  constructor(
    private readonly detection: Detection,
    private readonly options: LowerSigmaOptions,
  ) {}

  conditions(): Scalar {
    // A condition that could not be read has its diagnostic from the parser.
    return or(this.detection.conditions.map(({ condition }) => (condition ? this.condition(condition) : FALSE)))
  }

  /** The values of the fields that are asked for beside the events. */
  given(): readonly Scalar[] {
    return (this.options.given ?? []).map((field) => {
      if (this.options.fieldKind(field) === 'list') {
        const what = `the value of \`${field}\`, of which an event has several,`
        this.diagnostics.push(diagnose('unsupported-form', undefined, { language: 'Sigma', what }))
      }
      return this.columns.view(field, 'text')
    })
  }

  private condition(condition: Condition): Scalar {
    switch (condition.kind) {
      case 'and':
        return and(
          condition.operands.map((each) => this.condition(each)),
          condition.span,
        )
      case 'or':
        return or(
          condition.operands.map((each) => this.condition(each)),
          condition.span,
        )
      case 'not':
        return not(this.condition(condition.operand), condition.span)
      case 'search':
        return this.search(condition.name, condition)
      case 'of': {
        const { pattern, quantifier, span } = condition
        const names = this.detection.searches.map(({ name }) => name).filter((name) => isMeant(name, pattern))
        if (names.length === 0) return this.search(pattern ?? 'them', condition)
        const parts = names.map((name) => this.search(name, condition))
        return quantifier === 'all' ? and(parts, span) : or(parts, span)
      }
    }
  }

  private search(name: string, { span }: Condition): Scalar {
    const known = this.searches.get(name)
    if (known) return known
    const search = this.detection.searches.find((each) => each.name === name)
    if (!search) {
      const names = this.detection.searches.map((each) => each.name)
      this.diagnostics.push(diagnose('unknown-search', span, { name, known: names }))
      return FALSE
    }
    const lowered = this.body(search.body)
    this.searches.set(name, lowered)
    return lowered
  }

  private body(body: SearchBody): Scalar {
    switch (body.kind) {
      case 'keyword':
        return this.keywords([body.value])
      case 'map':
        if (body.items.length === 0) return this.empty(body)
        return and(
          body.items.map((item) => this.item(item)),
          body.span,
        )
      case 'list': {
        if (body.items.length === 0) return this.empty(body)
        const words = body.items.flatMap((each) => (each.kind === 'keyword' ? [each.value] : []))
        const others = body.items.filter(({ kind }) => kind !== 'keyword').map((each) => this.body(each))
        return or([...(words.length > 0 ? [this.keywords(words)] : []), ...others], body.span)
      }
    }
  }

  private empty({ span }: SearchBody): Scalar {
    this.diagnostics.push(diagnose('rule-wrong-value', span, { key: 'detection', found: '', expected: 'a condition' }))
    return FALSE
  }

  private keywords(values: readonly SigmaValue[]): Scalar {
    return this.item({ field: undefined, modifiers: [], values, span: values[0]!.span })
  }

  private item(item: DetectionItem): Scalar {
    const predicate = applyModifiers(item, this.diagnostics)
    if (!predicate) return FALSE
    const context: TestContext = {
      field: item.field,
      kind: item.field === undefined ? 'list' : this.options.fieldKind(item.field),
      fieldKind: this.options.fieldKind,
      columns: this.columns,
      diagnostics: this.diagnostics,
      placeholder: (name) => this.options.placeholders.get(name)?.map(parsePattern),
    }
    const lowered = lowerTests(predicate.tests, predicate.quantifier, context, item.span)
    return predicate.negated ? not(lowered, item.span) : lowered
  }
}
