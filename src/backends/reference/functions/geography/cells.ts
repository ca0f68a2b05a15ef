/**
 * The order in which Kusto lists a cell's neighbours: that of a hash table of eight buckets with FNV-1a over the cells' names, filled in the
 * order given here, the newest of a bucket first. Both pages that show neighbours agree with it.
 */
export function asKustoLists(names: readonly string[]): string[] {
  const buckets = new Map<number, string[]>()
  for (const name of new Set(names)) {
    const bucket = fnv1a(name) & 7
    const known = buckets.get(bucket)
    if (known) known.unshift(name)
    else buckets.set(bucket, [name])
  }
  return [...buckets.values()].flat()
}

/** The low 32 bits of the 64; the high ones never flow down. */
function fnv1a(text: string): number {
  let hash = 0x84222325
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x1b3)
  return hash
}
