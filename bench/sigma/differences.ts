/** Hits of one rule here and with a peer. */
export interface Difference {
  readonly id: string
  readonly title: string
  readonly ours: number
  readonly theirs: number
}

export interface Comparison {
  /** Rules that hit with either. */
  readonly rules: number
  readonly alike: number
  readonly onlyOurs: number
  readonly onlyTheirs: number
  /** By how much they differ, the most first. */
  readonly differences: readonly Difference[]
}

export function compareHits(
  ours: ReadonlyMap<string, { readonly title: string; readonly matches: number }>,
  theirs: ReadonlyMap<string, number>,
): Comparison {
  const ids = [...new Set([...[...ours].flatMap(([id, { matches }]) => (matches > 0 ? [id] : [])), ...theirs.keys()])]
  const all = ids.map((id): Difference => {
    const own = ours.get(id)
    return { id, title: own?.title ?? '', ours: own?.matches ?? 0, theirs: theirs.get(id) ?? 0 }
  })
  const differences = all
    .filter(({ ours: own, theirs: other }) => own !== other)
    .sort((a, b) => Math.abs(b.ours - b.theirs) - Math.abs(a.ours - a.theirs) || (a.id < b.id ? -1 : 1))
  return {
    rules: all.length,
    alike: all.length - differences.length,
    onlyOurs: differences.filter(({ theirs: other }) => other === 0).length,
    onlyTheirs: differences.filter(({ ours: own }) => own === 0).length,
    differences,
  }
}
