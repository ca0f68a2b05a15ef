/**
 * The order in which Kusto lists cells that it kept in a set: that of Microsoft's C++ library, a hash table with FNV-1a over the names. All pages
 * that show such lists agree with it: the neighbours of a geohash and of an S2 cell, the H3 cells of a polygon.
 */
export function asKustoLists(names: Iterable<string>): string[] {
  let buckets: string[][] = []
  // Buckets stand in the order in which they got their first name.
  let byNumber = new Map<number, string[]>()
  let count = 8
  let size = 0
  const known = new Set<string>()
  const bucketOf = (name: string): string[] => {
    const number = fnv1a(name) & (count - 1)
    const found = byNumber.get(number)
    if (found) return found
    const made: string[] = []
    byNumber.set(number, made)
    buckets.push(made)
    return made
  }
  for (const name of names) {
    if (known.has(name)) continue
    known.add(name)
    if (++size > count) {
      const listed = buckets.flat()
      count = count < 512 ? count * 8 : count * 2
      buckets = []
      byNumber = new Map()
      // Names that were there keep their order within a bucket; a new one comes before them.
      for (const each of listed) bucketOf(each).push(each)
    }
    bucketOf(name).unshift(name)
  }
  return buckets.flat()
}

/** The low 32 bits of the 64; the high ones never flow down. */
function fnv1a(text: string): number {
  let hash = 0x84222325
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x1b3)
  return hash
}
