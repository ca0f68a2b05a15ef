import { isWithin, narrowed, type SigmaDocument } from '../../dialects/sigma/index.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { RuleFile } from '../rules/index.js'
import type { Rule } from '../rules.js'
import { factsOfSigma, hasTag, isNamed, type RuleFacts } from '../select-rules.js'
import { compileSigma } from '../sigma/compile.js'
import { AnyValues } from '../sigma/placeholders.js'
import type { Overlay, OverlayEntry } from './overlay.js'
import { endOf } from './read-overlay.js'

/** Rules with an overlay laid over them. */
export interface Overlaid {
  /** Rules that come with latchkey, as far as they run. */
  readonly own: readonly Rule[]
  readonly files: readonly RuleFile[]
  /** Documents that are not to run on their own. */
  readonly disabled: ReadonlySet<SigmaDocument>
  /** What was changed about a document, in sentences. */
  readonly notes: ReadonlyMap<SigmaDocument, readonly string[]>
  readonly entries: readonly AppliedEntry[]
  /** Entries that have ended or mean no rule, and filters that do not go with a rule. */
  readonly diagnostics: readonly Diagnostic[]
}

/** What an entry of the overlay did. */
export interface AppliedEntry {
  readonly id: string
  readonly owner: string | null
  /** The last day on which it holds. */
  readonly expires: string | null
  /** `ended`: its last day is over, and it changed nothing. `unused`: it means no rule that is here. */
  readonly state: 'applied' | 'ended' | 'unused'
  /** What it changes: `disable`, `level`, `status`, `filter`, `falsepositives`, `notes`. */
  readonly changes: readonly string[]
  /** Rules that it means. */
  readonly rules: number
  /** Titles of some of them. */
  readonly titles: readonly string[]
}

/** Titles that the report shows of an entry's rules. */
const SHOWN = 20

/** Lays an overlay over rules, as it holds at a time in milliseconds. Entries apply in their order; a later one wins. */
export function applyOverlay(
  { entries }: Pick<Overlay, 'entries'>,
  own: readonly Rule[],
  files: readonly RuleFile[],
  now: number,
): Overlaid {
  const applying = new Applying()
  const meant = new Map<OverlayEntry, string[]>()
  const active = entries.filter(({ expires }) => expires === undefined || now < endOf(expires))
  const entriesFor = (facts: RuleFacts, document?: SigmaDocument): readonly OverlayEntry[] => {
    const found = active.filter((entry) => means(entry, facts, document))
    for (const entry of found) meant.set(entry, [...(meant.get(entry) ?? []), facts.title])
    return found
  }
  const overlaidRule = (rule: Rule, file: string | null): readonly Rule[] =>
    applying.rule(rule, entriesFor({ ...rule, file, status: null, tags: [] }))
  const changed = {
    own: own.flatMap((rule) => overlaidRule(rule, null)),
    files: files.map((file) => ({
      ...file,
      rules: file.rules.flatMap((each) => overlaidRule(each.rule, file.path).map((rule) => ({ ...each, rule }))),
      documents: file.documents.map((document) => {
        // A filter is no rule of its own.
        if (document.kind === 'filter') return document
        const facts = factsOfSigma(document, file.path)
        return applying.document(document, entriesFor(facts, document))
      }),
    })),
  }
  const told = entries.map((entry): AppliedEntry => {
    const titles = meant.get(entry) ?? []
    const { id, owner = null, expires = null } = entry
    const state = !active.includes(entry) ? 'ended' : titles.length === 0 ? 'unused' : 'applied'
    return {
      id,
      owner,
      expires,
      state,
      changes: changesOf(entry),
      rules: titles.length,
      titles: titles.slice(0, SHOWN),
    }
  })
  const diagnostics = told.flatMap(({ state, id, expires }, index): readonly Diagnostic[] => {
    const { span } = entries[index]!
    if (state === 'ended') return [diagnose('overlay-ended', span, { id, expires: expires! })]
    return state === 'unused' ? [diagnose('overlay-not-used', span, { id })] : []
  })
  return {
    ...changed,
    disabled: applying.disabled,
    notes: applying.notes,
    entries: told,
    diagnostics: [...diagnostics, ...applying.diagnostics],
  }
}

function means(
  { rules, tags, logsource }: OverlayEntry,
  facts: RuleFacts,
  document: SigmaDocument | undefined,
): boolean {
  if (rules && !rules.some((pattern) => isNamed(facts, pattern) || pattern === document?.name)) return false
  if (tags && !tags.some((tag) => hasTag(facts, tag))) return false
  return !logsource || (document?.kind === 'rule' && isWithin(document.logsource, logsource))
}

const changesOf = (entry: OverlayEntry): readonly string[] =>
  Object.entries({
    disable: entry.disable,
    level: entry.level,
    status: entry.status,
    filter: entry.filter,
    falsepositives: entry.falsepositives.length > 0,
    notes: entry.notes,
  }).flatMap(([key, value]) => (value ? [key] : []))

/** What placeholders stand for is said where the rule runs. */
const ANY = { placeholders: new AnyValues() }

class Applying {
  readonly disabled = new Set<SigmaDocument>()
  readonly notes = new Map<SigmaDocument, string[]>()
  readonly diagnostics: Diagnostic[] = []

  rule(rule: Rule, entries: readonly OverlayEntry[]): readonly Rule[] {
    let made = rule
    for (const entry of entries) {
      const { id, level, falsepositives, disable } = entry
      if (entry.filter) {
        const reason = 'only Sigma rules are narrowed by searches'
        this.diagnostics.push(diagnose('overlay-filter', entry.span, { id, rule: rule.title, reason }))
      }
      if (disable) return []
      made = {
        ...made,
        level: level ?? made.level,
        false_positives: [...made.false_positives, ...falsepositives],
      }
    }
    return [made]
  }

  document(document: SigmaDocument, entries: readonly OverlayEntry[]): SigmaDocument {
    let made = document
    const notes: string[] = []
    for (const entry of entries) {
      const by = `overlay ${entry.id}${entry.owner === undefined ? '' : ` (${entry.owner})`}`
      if (entry.level !== undefined && entry.level !== made.level) {
        notes.push(`${by}: level ${made.level ?? 'none'} → ${entry.level}`)
        made = { ...made, level: entry.level }
      }
      if (entry.status !== undefined && entry.status !== made.status) {
        notes.push(`${by}: status ${made.status ?? 'none'} → ${entry.status}`)
        made = { ...made, status: entry.status }
      }
      if (entry.falsepositives.length > 0)
        made = { ...made, falsepositives: [...made.falsepositives, ...entry.falsepositives] }
      if (entry.notes !== undefined) notes.push(`${by}: ${entry.notes}`)
      if (entry.filter) made = this.narrow(made, entry, by, notes)
    }
    if (entries.some(({ disable }) => disable)) this.disabled.add(made)
    if (notes.length > 0) this.notes.set(made, notes)
    return made
  }

  private narrow(
    document: SigmaDocument,
    { id, filter, span }: OverlayEntry,
    by: string,
    notes: string[],
  ): SigmaDocument {
    if (document.kind !== 'rule' || !filter) {
      const reason = 'only detection rules are narrowed by searches'
      this.diagnostics.push(diagnose('overlay-filter', span, { id, rule: document.title, reason }))
      return document
    }
    const made = narrowed(document, filter)
    // What cannot be asked of this log source must not take the rule down with it.
    const [plain, narrow] = [compileSigma(document, ANY), compileSigma(made, ANY)]
    if (plain.ok && !narrow.ok) {
      const reason = narrow.diagnostics.map(({ message }) => message).join('; ')
      this.diagnostics.push(diagnose('overlay-filter', span, { id, rule: document.title, reason }))
      return document
    }
    notes.push(`${by}: narrowed`)
    return made
  }
}
