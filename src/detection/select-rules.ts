import type { SigmaDocument } from '../dialects/sigma/index.js'
import { matchesGlob } from './identity/glob.js'

/** What a rule is chosen by, whatever language it is written in. */
export interface RuleFacts {
  readonly id: string | null
  readonly title: string
  /** The file it stands in; null for rules that come with latchkey. */
  readonly file: string | null
  /** How mature its authors say it is; null where rules of its kind do not say. */
  readonly status: string | null
  readonly tags: readonly string[]
  /** ATT&CK technique ids. */
  readonly techniques: readonly string[]
}

export interface RuleSelection {
  /** Without any, every status; a rule that has none is kept. */
  readonly statuses: readonly string[]
  /** Without any, every rule; else those with one of them. */
  readonly tags: readonly string[]
  /** Ids, titles and paths, with `*` and `?` where wanted. */
  readonly excluded: readonly string[]
}

/** What a Sigma document says of itself; its techniques stand among its tags. */
export const factsOfSigma = (
  { id, title, status, tags }: Pick<SigmaDocument, 'id' | 'title' | 'status' | 'tags'>,
  file: string,
): RuleFacts => ({ id: id ?? null, title, file, status: status ?? null, tags, techniques: [] })

/** Whether a rule runs under a selection. */
export const isSelected = (rule: RuleFacts, { statuses, tags, excluded }: RuleSelection): boolean =>
  (statuses.length === 0 || rule.status === null || statuses.includes(rule.status.toLowerCase())) &&
  (tags.length === 0 || tags.some((tag) => hasTag(rule, tag))) &&
  !excluded.some((pattern) => isNamed(rule, pattern))

/** `attack.t1059`, which covers its sub-techniques; `T1059` means the same, and `attack.*` any that begins so. */
export function hasTag({ tags, techniques }: RuleFacts, wanted: string): boolean {
  const tag = wanted.toLowerCase().replace(/^(?=t\d{4})/, 'attack.')
  const parent = /^attack\.t\d{4}$/.test(tag) ? `${tag}.` : undefined
  return [...tags, ...techniques.map((id) => `attack.${id}`)].some((own) => {
    const text = own.toLowerCase()
    return matchesGlob(tag, text) || (parent !== undefined && text.startsWith(parent))
  })
}

/**
 * Whether a pattern names a rule: its id, its title, its file, a folder above its file, or the end of its path. `*` and `?` stand for
 * any text and for any character. Case does not matter.
 */
export function isNamed({ id, title, file }: RuleFacts, pattern: string): boolean {
  const wanted = plainPath(pattern)
  if (matchesGlob(pattern.toLowerCase(), title.toLowerCase())) return true
  if (id !== null && matchesGlob(pattern.toLowerCase(), id.toLowerCase())) return true
  if (file === null || wanted === '') return false
  const path = `/${plainPath(file)}/`
  return matchesGlob(`*/${wanted}/*`, path)
}

const plainPath = (path: string): string =>
  path
    .toLowerCase()
    .replaceAll('\\', '/')
    .replace(/^(?:\.?\/)+|\/+$/g, '')

/** As `isNamed`; a pattern without wildcards also finds parts of names. */
export const isFound = (rule: RuleFacts, pattern: string): boolean =>
  isNamed(rule, /[*?]/.test(pattern) ? pattern : `*${pattern}*`)
