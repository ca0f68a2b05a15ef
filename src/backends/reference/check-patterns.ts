import { mapQuery } from '../../ir/map.js'
import type { Query } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { BadPattern, compilePattern } from './functions/pattern.js'

/** Regular expressions that no engine here can run, found before the query runs. */
export function checkPatterns(query: Query): Diagnostic[] {
  const found: Diagnostic[] = []
  mapQuery(query, (value) => {
    const pattern = patternOf(value)
    if (pattern?.kind === 'literal' && typeof pattern.value === 'string') {
      try {
        compilePattern(pattern.value)
      } catch (error) {
        if (!(error instanceof BadPattern)) throw error
        found.push(diagnose('bad-regular-expression', pattern.span ?? value.span, { reason: error.message }))
      }
    }
    return value
  })
  return found
}

/** Where a function takes its regular expression. */
const PLACES: Readonly<Record<string, number>> = {
  extract: 0,
  extract_all: 0,
  replace_regex: 1,
  trim: 0,
  trim_start: 0,
  trim_end: 0,
  indexof_regex: 1,
}

function patternOf(value: Scalar): Scalar | undefined {
  if (value.kind === 'regex') return value.pattern
  return value.kind === 'call' ? value.arguments[PLACES[value.name] ?? -1] : undefined
}
