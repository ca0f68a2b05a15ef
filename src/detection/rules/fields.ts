/** Reads plain data of a rule file, of which nothing is known yet: what is not of the asked kind is as if it were absent. */
export interface Fields {
  /** A text or a number at a path. */
  text(...path: readonly string[]): string | undefined
  /** A list of texts; a single text is a list of one. */
  texts(...path: readonly string[]): readonly string[]
  /** The maps of a list. */
  maps(...path: readonly string[]): readonly Fields[]
}

export function fieldsOf(data: unknown): Fields {
  const at = (path: readonly string[]): unknown => {
    let value = data
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Readonly<Record<string, unknown>>)[key]
    }
    return value
  }
  return {
    text: (...path) => textOf(at(path)),
    texts: (...path) => {
      const value = at(path)
      const items: readonly unknown[] = Array.isArray(value) ? value : [value]
      return items.flatMap((item) => textOf(item)?.trim() ?? [])
    },
    maps: (...path) => {
      const value = at(path)
      return (Array.isArray(value) ? (value as unknown[]) : []).map(fieldsOf)
    },
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
