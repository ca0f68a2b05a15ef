import { loadContent } from '../../../content/load.js'

/** `content/lint/sigma.yaml`. */
export interface SigmaFacts {
  readonly kind: 'sigma'
  readonly logsource: Readonly<Record<'category' | 'product' | 'service', readonly string[]>>
  readonly tags: Readonly<Record<string, { readonly names: readonly string[]; readonly patterns: readonly string[] }>>
  /** Fields of Windows logs that hold the whole path of a file. */
  readonly paths: readonly string[]
}

let facts: SigmaFacts | undefined

export function sigmaFacts(): SigmaFacts {
  facts ??= loadContent<SigmaFacts | { readonly kind: 'retired-tables' }>('lint').find((each) => each.kind === 'sigma')
  if (!facts) throw new Error('content/lint has no facts about Sigma')
  return facts
}
