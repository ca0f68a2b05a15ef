import { collect, type Member, member, type SigmaDocument } from '../../../dialects/sigma/index.js'
import { type Diagnostic, diagnose } from '../../../text/diagnostic.js'
import { compileSigma } from '../../sigma/compile.js'
import { givenSigma } from '../../sigma/run-rules.js'
import { lintConditions } from './conditions.js'
import { lintCorrelation } from './correlations.js'
import { lintHeader } from './header.js'
import { lintValues } from './values.js'

export interface LintedFile {
  readonly path: string
  readonly documents: readonly SigmaDocument[]
  /** What was found when it was read. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface LintSigmaOptions {
  /** Undefined where nobody gave any: placeholders are then no fault. */
  readonly placeholders?: ReadonlyMap<string, readonly string[]> | undefined
}

/** What is wrong with Sigma files, beside what was found when they were read: for each file, in the order of its text. */
export function lintSigma(
  files: readonly LintedFile[],
  options: LintSigmaOptions = {},
): readonly (readonly Diagnostic[])[] {
  const given = files.flatMap((file, index) => givenSigma(file).map((each) => ({ ...each, index })))
  const broken = new Set(given.flatMap(({ document, faults }) => (faults ? [document] : [])))
  const members = collect(
    given.map(({ document }) => document),
    broken,
  )
  const twice = repeatedNames(given.map(({ document }) => document))
  const found: Diagnostic[][] = files.map(() => [])
  for (const [at, { document, index, faults }] of given.entries())
    found[index]!.push(
      ...lintHeader(document),
      ...(twice.get(document) ?? []),
      ...(faults ? [] : lintMember(members[at]!, options)),
    )
  return found.map((each) => [...each].sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0)))
}

function lintMember(one: Member, options: LintSigmaOptions): readonly Diagnostic[] {
  switch (one.kind) {
    case 'rule':
      return [...compiled(one.document, options), ...lintConditions(one.document), ...lintValues(one.document)]
    case 'filter': {
      const { document } = one
      const narrowing = compiled({ ...document, kind: 'rule' }, options)
      return [...one.diagnostics, ...narrowing, ...lintConditions(document), ...lintValues(document)]
    }
    case 'correlation':
      return [...one.diagnostics, ...(one.resolved ? lintCorrelation(one.resolved) : [])]
  }
}

/** Why it would not run. That nothing read here is such a log is no fault of the rule. */
function compiled(document: SigmaDocument, { placeholders }: LintSigmaOptions): readonly Diagnostic[] {
  return compileSigma(document, { placeholders: placeholders ?? new Map() }).diagnostics.map((each) =>
    each.code === 'log-source-not-read' || (each.code === 'placeholder-without-values' && !placeholders)
      ? { ...each, severity: 'note' }
      : each,
  )
}

/** Ids and names that several documents have. */
function repeatedNames(documents: readonly SigmaDocument[]): ReadonlyMap<SigmaDocument, readonly Diagnostic[]> {
  const first = new Map<string, SigmaDocument>()
  const found = new Map<SigmaDocument, Diagnostic[]>()
  for (const document of documents)
    for (const key of ['id', 'name'] as const) {
      const name = document[key]
      if (name === undefined || name === '') continue
      const known = first.get(`${key} ${name.toLowerCase()}`)
      if (!known) first.set(`${key} ${name.toLowerCase()}`, document)
      else {
        const span = member(document.tree, key)?.value.span ?? document.span
        found.set(document, [
          ...(found.get(document) ?? []),
          diagnose('sigma-twice', span, { key, name, other: known.title }),
        ])
      }
    }
  return found
}
