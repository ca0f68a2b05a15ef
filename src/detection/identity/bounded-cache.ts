/** Remembers what was worked out for a text; starts anew when it is full, so that hostile input cannot fill the memory. */
export class BoundedCache<T> {
  private readonly entries = new Map<string, T>()

  constructor(private readonly limit = 20_000) {}

  get(key: string, work: (key: string) => T): T {
    const known = this.entries.get(key)
    if (known !== undefined) return known
    const made = work(key)
    if (this.entries.size >= this.limit) this.entries.clear()
    if (key.length <= 1024) this.entries.set(key, made)
    return made
  }
}
