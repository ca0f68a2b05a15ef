import type { ListName, ToolDraft, Value } from './read.js'

const CHECKED: readonly ListName[] = [
  'executables',
  'original_file_names',
  'services',
  'signers',
  'company_names',
  'product_names',
  'domains',
  'pipes',
]

/** Flags every specific value that more than one tool lists: it cannot tell them apart. */
export function flagShared(drafts: readonly ToolDraft[]): void {
  for (const field of CHECKED) {
    const owners = new Map<string, { draft: ToolDraft; value: Value }[]>()
    for (const draft of drafts)
      for (const value of draft.lists[field]) {
        if (
          value.quality.some((flag) => flag === 'suspect-attribution' || flag === 'unconfirmed' || flag === 'wildcard')
        )
          continue
        const key = value.value.toLowerCase()
        owners.set(key, [...(owners.get(key) ?? []), { draft, value }])
      }
    for (const list of owners.values()) {
      const ids = new Set(list.map(({ draft }) => draft.id))
      if (ids.size < 2) continue
      for (const { draft, value } of list) {
        value.quality = [...new Set([...value.quality.filter((flag) => flag !== 'ok'), 'shared'])]
        value.shared_with = [...ids].filter((id) => id !== draft.id)
      }
    }
  }
}
