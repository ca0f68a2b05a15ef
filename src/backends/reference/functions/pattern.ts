import { createRequire } from 'node:module'

/**
 * Regular expressions as the databases run them: RE2, whose time grows with the text and never with the pattern's branches. JavaScript's own
 * engine tries every way there is, which a hostile pattern makes endless.
 */
export class BadPattern extends Error {}

/** Where a pattern was found; places count UTF-16 units. `groups[0]` is the whole, a group that took no part is undefined. */
export interface Found {
  readonly start: number
  readonly end: number
  readonly groups: readonly (string | undefined)[]
}

export interface Pattern {
  /** Whether the text has it anywhere. */
  test(text: string): boolean
  find(text: string): Found | undefined
  /** Every place after the other. An empty one right behind the one before is none, as in RE2's own replacement. */
  findAll(text: string): readonly Found[]
  /** The place of a named group among `groups`. */
  groupNumber(name: string): number | undefined
}

type Library = typeof import('re2js')
let library: Library | undefined

const compiled = new Map<string, Pattern>()

/** The pattern of a source in RE2's syntax, with the flags `i`, `s`, `m`. Throws `BadPattern` where RE2 would refuse it. */
export function compilePattern(source: string, flags = ''): Pattern {
  const key = `${flags}/${source}`
  const known = compiled.get(key)
  if (known) return known
  const made = compile(source, flags)
  if (compiled.size > 500) compiled.clear()
  compiled.set(key, made)
  return made
}

function compile(source: string, flags: string): Pattern {
  library ??= createRequire(import.meta.url)('re2js') as Library
  const { RE2JS } = library
  const bits =
    (flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.includes('s') ? RE2JS.DOTALL : 0) |
    (flags.includes('m') ? RE2JS.MULTILINE : 0)
  try {
    return patternOf(RE2JS.compile(source, bits))
  } catch (error) {
    if (!(error instanceof Error) || !error.name.startsWith('RE2JS')) throw error
    if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(source)) throw new BadPattern('lookaround and back references are not in RE2')
    throw new BadPattern(error.message.replace(/^error parsing regexp: /, ''))
  }
}

function patternOf(pattern: ReturnType<Library['RE2JS']['compile']>): Pattern {
  type Matcher = ReturnType<typeof pattern.matcher>
  const foundAt = (matcher: Matcher): Found => ({
    start: matcher.start(),
    end: matcher.end(),
    groups: Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined),
  })
  return {
    test: (text) => pattern.matcher(text).find(),
    find: (text) => {
      const matcher = pattern.matcher(text)
      return matcher.find() ? foundAt(matcher) : undefined
    },
    findAll: (text) => {
      const matcher = pattern.matcher(text)
      const all: Found[] = []
      let last = -1
      while (matcher.find()) {
        const found = foundAt(matcher)
        if (found.start !== found.end || found.start !== last) all.push(found)
        last = found.end
      }
      return all
    },
    groupNumber: (name) => pattern.namedGroups()[name],
  }
}

/** The text with every place of the pattern replaced by what is made of it. */
export function replaceAll(pattern: Pattern, text: string, by: (found: Found) => string): string {
  let made = ''
  let from = 0
  for (const found of pattern.findAll(text)) {
    made += text.slice(from, found.start) + by(found)
    from = found.end
  }
  return made + text.slice(from)
}

export const quotePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
