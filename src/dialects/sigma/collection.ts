import { closestName } from '../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type CorrelationSpec, type RuleReference, readCorrelation } from './correlation.js'
import { isWithin, narrowed } from './filter.js'
import type { SigmaCorrelation, SigmaDocument, SigmaFilter, SigmaRule } from './syntax.js'

/** A document among others: what it refers to is found, and what narrows it is part of it. */
export type Member = RuleMember | CorrelationMember | FilterMember

interface InCollection {
  /** What is wrong with how it refers to others; with an error among them it cannot run. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface RuleMember extends InCollection {
  readonly kind: 'rule'
  /** As the file has it. */
  readonly document: SigmaRule
  /** With every filter that applies. */
  readonly rule: SigmaRule
  readonly filters: readonly SigmaFilter[]
  /** False where only correlations want its hits. */
  readonly isReported: boolean
}

export interface CorrelationMember extends InCollection {
  readonly kind: 'correlation'
  readonly document: SigmaCorrelation
  /** Undefined where it has no meaning, or refers to what is not there. */
  readonly resolved: ResolvedCorrelation | undefined
  readonly isReported: boolean
}

export interface FilterMember extends InCollection {
  readonly kind: 'filter'
  readonly document: SigmaFilter
  readonly isReported: false
}

export interface ResolvedCorrelation {
  readonly document: SigmaCorrelation
  readonly spec: CorrelationSpec
  /** Beside `spec.rules`. */
  readonly inputs: readonly (RuleMember | { readonly kind: 'correlation'; readonly resolved: ResolvedCorrelation })[]
}

/** Correlations of correlations of correlations. */
const MOST_DEPTH = 20

/**
 * Documents of one or many files as one collection, in their order: filters are laid over the rules they name, references are followed, and
 * rules that a correlation names are not reported on their own, unless it says `generate`.
 */
export function collect(documents: readonly SigmaDocument[]): readonly Member[] {
  return new Collector(documents).members()
}

class Collector {
  private readonly byName = new Map<string, SigmaDocument[]>()
  private readonly rules = new Map<SigmaRule, RuleMember>()
  private readonly correlations = new Map<SigmaCorrelation, CorrelationMember>()
  private readonly specs = new Map<SigmaCorrelation, ReturnType<typeof readCorrelation>>()
  /** Named by a correlation, and whether one of those generates. */
  private readonly named = new Map<SigmaDocument, boolean>()

  constructor(private readonly documents: readonly SigmaDocument[]) {
    for (const document of documents) {
      const names = [document.id?.toLowerCase(), document.name]
      for (const name of new Set(names))
        if (name !== undefined && name !== '') this.byName.set(name, [...(this.byName.get(name) ?? []), document])
    }
  }

  members(): readonly Member[] {
    for (const document of this.documents) {
      if (document.kind !== 'correlation') continue
      const read = readCorrelation(document)
      this.specs.set(document, read)
      for (const { name } of read.spec?.rules ?? document.rules.map((each) => ({ name: each })))
        for (const target of this.find(name))
          this.named.set(target, (this.named.get(target) ?? false) || document.generate)
    }
    const filtering = this.filtering()
    return this.documents.map((document) => this.member(document, filtering))
  }

  private member(document: SigmaDocument, { rules, diagnostics }: Filtering): Member {
    switch (document.kind) {
      case 'rule':
        return this.rule(document, rules)
      case 'correlation':
        return this.correlation(document, rules, [])
      case 'filter':
        return { kind: 'filter', document, diagnostics: diagnostics.get(document) ?? [], isReported: false }
    }
  }

  private find(name: string): readonly SigmaDocument[] {
    return (
      this.byName.get(name) ??
      this.byName.get(name.toLowerCase())?.filter(({ id }) => id?.toLowerCase() === name.toLowerCase()) ??
      []
    )
  }

  private isReported(document: SigmaDocument): boolean {
    return this.named.get(document) ?? true
  }

  private rule(document: SigmaRule, filters: Filtering['rules']): RuleMember {
    const known = this.rules.get(document)
    if (known) return known
    const own = filters.get(document) ?? []
    const rule = own.reduce(narrowed, document)
    const made: RuleMember = {
      kind: 'rule',
      document,
      rule,
      filters: own,
      isReported: this.isReported(document),
      diagnostics: [],
    }
    this.rules.set(document, made)
    return made
  }

  private correlation(
    document: SigmaCorrelation,
    filters: Filtering['rules'],
    above: readonly SigmaCorrelation[],
  ): CorrelationMember {
    const known = this.correlations.get(document)
    if (known) return known
    const { spec, diagnostics: read } = this.specs.get(document)!
    const diagnostics = [...read]
    const inputs = (spec?.rules ?? []).flatMap((reference): ResolvedCorrelation['inputs'] => {
      const target = this.target(reference, document, diagnostics)
      if (!target) return []
      if (target.kind === 'rule') return [this.rule(target, filters)]
      if (target === document || above.includes(target) || above.length >= MOST_DEPTH) {
        const what = `a correlation that comes back to itself through \`${reference.name}\``
        diagnostics.push(diagnose('unsupported-form', reference.span, { language: 'Sigma', what }))
        return []
      }
      const { resolved } = this.correlation(target, filters, [...above, document])
      if (resolved) return [{ kind: 'correlation', resolved }]
      diagnostics.push(diagnose('rule-not-usable', reference.span, { name: reference.name }))
      return []
    })
    const failed = !spec || diagnostics.some(({ severity }) => severity === 'error')
    const made: CorrelationMember = {
      kind: 'correlation',
      document,
      resolved: failed ? undefined : { document, spec, inputs },
      isReported: this.isReported(document),
      diagnostics,
    }
    this.correlations.set(document, made)
    return made
  }

  private target(
    { name, span }: RuleReference,
    from: SigmaDocument,
    diagnostics: Diagnostic[],
  ): SigmaRule | SigmaCorrelation | undefined {
    const found = this.find(name).flatMap((each) => (each.kind === 'filter' ? [] : [each]))
    if (found.length === 1) return found[0]
    if (found.length > 1) diagnostics.push(diagnose('ambiguous-rule', span, { name, count: found.length }))
    else {
      const names = this.documents.flatMap((each) => (each === from || each.name === undefined ? [] : [each.name]))
      diagnostics.push(diagnose('unknown-rule', span, { name, closest: closestName(name, names) }))
    }
    return undefined
  }

  private filtering(): Filtering {
    const rules = new Map<SigmaRule, SigmaFilter[]>()
    const diagnostics = new Map<SigmaFilter, Diagnostic[]>()
    const all = this.documents.filter((each) => each.kind === 'rule')
    const add = (rule: SigmaRule, filter: SigmaFilter): void => {
      rules.set(rule, [...(rules.get(rule) ?? []), filter])
    }
    for (const filter of this.documents) {
      if (filter.kind !== 'filter') continue
      // A filter that could not be read whole narrows nothing.
      if (filter.detection.conditions.some(({ condition }) => condition === undefined)) continue
      const own: Diagnostic[] = []
      diagnostics.set(filter, own)
      if (filter.rules === 'any') {
        for (const rule of all) if (isWithin(rule.logsource, filter.logsource)) add(rule, filter)
        continue
      }
      const named = new Set<SigmaRule>()
      for (const name of filter.rules) {
        const found = this.find(name)
        if (found.length === 0) own.push(diagnose('filter-without-rule', filter.filterSpan, { name }))
        for (const rule of found) {
          if (rule.kind !== 'rule') {
            const reason = 'only detection rules are narrowed by filters'
            own.push(diagnose('filter-does-not-apply', filter.filterSpan, { name, reason }))
          } else if (!isWithin(rule.logsource, filter.logsource)) {
            const reason = 'it is about another log source'
            own.push(diagnose('filter-does-not-apply', filter.filterSpan, { name, reason }))
          } else named.add(rule)
        }
      }
      for (const rule of named) add(rule, filter)
    }
    return { rules, diagnostics }
  }
}

interface Filtering {
  readonly rules: ReadonlyMap<SigmaRule, readonly SigmaFilter[]>
  readonly diagnostics: ReadonlyMap<SigmaFilter, readonly Diagnostic[]>
}
