import { createRequire } from 'node:module'

/**
 * Reads values for the placeholders of `expand`: a YAML or JSON map of names and lists, as `admins: [bob, eve_*]`. Values may hold wildcards.
 * Throws, with a sentence that says why, where the text is something else.
 */
export function readPlaceholders(text: string): ReadonlyMap<string, readonly string[]> {
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  const value: unknown = parse(text, { maxAliasCount: 100 })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('it is no map of names and lists of values')
  return new Map(
    Object.entries(value).map(([name, given]) => {
      // `%name%` in a rule.
      const plain = name.replace(/^%(.*)%$/, '$1')
      if (!/^\w+$/.test(plain)) throw new Error(`\`${name}\` is no name of a placeholder: letters, digits and _`)
      const values: readonly unknown[] = Array.isArray(given) ? given : [given]
      const texts = values.map((each) => {
        if (typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') return String(each)
        throw new Error(`\`${name}\` has a value that is no text and no number`)
      })
      if (texts.length === 0) throw new Error(`\`${name}\` has no values`)
      return [plain, texts] as const
    }),
  )
}

/** A value for every placeholder, whatever its name: for asking whether a rule can run before anybody says what they stand for. */
export class AnyValues extends Map<string, readonly string[]> {
  override get(): readonly string[] {
    return ['x']
  }
}
