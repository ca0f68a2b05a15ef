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
 * rules that a correlation names are not reported on their own, unless it says `generate`. `broken` are those that were not read whole:
 * they take part in nothing.
 */
export function collect(
  documents: readonly SigmaDocument[],
  broken: ReadonlySet<SigmaDocument> = new Set(),
): readonly Member[] {
  const collector = new Collector(documents, broken)
  const members = documents.map((document) => collector.member(document))
  const hidden = new Map<SigmaDocument, boolean>()
  for (const member of members) {
    if (member.kind !== 'correlation' || !member.resolved) continue
    const { document, inputs } = member.resolved
    for (const input of inputs) {
      const named = input.kind === 'rule' ? input.document : input.resolved.document
      hidden.set(named, (hidden.get(named) ?? true) && !document.generate)
    }
  }
  return members.map((member) => (hidden.get(member.document) ? { ...member, isReported: false } : member))
}

class Collector {
  private readonly byName = new Map<string, SigmaDocument[]>()
  private readonly rules = new Map<SigmaRule, RuleMember>()
  private readonly correlations = new Map<SigmaCorrelation, CorrelationMember>()
  private readonly usable: readonly SigmaDocument[]
  private readonly filters = new Map<SigmaRule, SigmaFilter[]>()
  private readonly filterDiagnostics = new Map<SigmaFilter, readonly Diagnostic[]>()

  constructor(
    documents: readonly SigmaDocument[],
    private readonly broken: ReadonlySet<SigmaDocument>,
  ) {
    this.usable = documents.filter((document) => !broken.has(document))
    for (const document of this.usable) {
      const names = [document.id?.toLowerCase(), document.name]
      for (const name of new Set(names))
        if (name !== undefined && name !== '') this.byName.set(name, [...(this.byName.get(name) ?? []), document])
    }
    for (const document of this.usable)
      if (document.kind === 'filter' && document.detection.conditions.every(({ condition }) => condition))
        this.filterDiagnostics.set(document, this.layFilter(document))
  }

  member(document: SigmaDocument): Member {
    switch (document.kind) {
      case 'rule':
        return this.rule(document)
      case 'correlation':
        return this.correlation(document, [])
      case 'filter':
        return { kind: 'filter', document, diagnostics: this.filterDiagnostics.get(document) ?? [], isReported: false }
    }
  }

  private find(name: string): readonly SigmaDocument[] {
    return (
      this.byName.get(name) ??
      this.byName.get(name.toLowerCase())?.filter(({ id }) => id?.toLowerCase() === name.toLowerCase()) ??
      []
    )
  }

  private rule(document: SigmaRule): RuleMember {
    const known = this.rules.get(document)
    if (known) return known
    const filters = this.filters.get(document) ?? []
    const rule = filters.reduce(narrowed, document)
    const made: RuleMember = { kind: 'rule', document, rule, filters, isReported: true, diagnostics: [] }
    this.rules.set(document, made)
    return made
  }

  private correlation(document: SigmaCorrelation, above: readonly SigmaCorrelation[]): CorrelationMember {
    const known = this.correlations.get(document)
    if (known) return known
    const { spec, diagnostics: read } = readCorrelation(document)
    const diagnostics = [...read]
    const inputs = (spec?.rules ?? []).flatMap((reference): ResolvedCorrelation['inputs'] => {
      const target = this.target(reference, document, diagnostics)
      if (!target) return []
      if (target.kind === 'rule') return [this.rule(target)]
      if (target === document || above.includes(target) || above.length >= MOST_DEPTH) {
        const what = `a correlation that comes back to itself through \`${reference.name}\``
        diagnostics.push(diagnose('unsupported-form', reference.span, { language: 'Sigma', what }))
        return []
      }
      const { resolved } = this.correlation(target, [...above, document])
      if (resolved) return [{ kind: 'correlation', resolved }]
      diagnostics.push(diagnose('rule-not-usable', reference.span, { name: reference.name }))
      return []
    })
    const failed = !spec || this.broken.has(document) || diagnostics.some(({ severity }) => severity === 'error')
    const made: CorrelationMember = {
      kind: 'correlation',
      document,
      resolved: failed ? undefined : { document, spec, inputs },
      isReported: true,
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
      const names = this.usable.flatMap((each) => (each === from || each.name === undefined ? [] : [each.name]))
      diagnostics.push(diagnose('unknown-rule', span, { name, closest: closestName(name, names) }))
    }
    return undefined
  }

  /** Lays a filter over its rules, and tells of those that it names in vain. */
  private layFilter(filter: SigmaFilter): readonly Diagnostic[] {
    const { rules: named, logsource, filterSpan } = filter
    if (named === 'any') {
      for (const rule of this.usable)
        if (rule.kind === 'rule' && isWithin(rule.logsource, logsource)) this.narrow(rule, filter)
      return []
    }
    const diagnostics: Diagnostic[] = []
    const vain = (name: string, reason: string): void => {
      diagnostics.push(diagnose('filter-does-not-apply', filterSpan, { name, reason }))
    }
    for (const name of named) {
      const found = this.find(name)
      if (found.length === 0) diagnostics.push(diagnose('filter-without-rule', filterSpan, { name }))
      for (const rule of found) {
        if (rule.kind !== 'rule') vain(name, 'only detection rules are narrowed by filters')
        else if (isWithin(rule.logsource, logsource)) this.narrow(rule, filter)
        else vain(name, 'it is about another log source')
      }
    }
    return diagnostics
  }

  private narrow(rule: SigmaRule, filter: SigmaFilter): void {
    const known = this.filters.get(rule) ?? []
    if (!known.includes(filter)) this.filters.set(rule, [...known, filter])
  }
}
