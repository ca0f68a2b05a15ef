import { BadPattern, compilePattern } from '../../backends/reference/functions/pattern.js'
import type { Query, Relation } from '../../ir/relation.js'
import type { Scalar } from '../../ir/scalar.js'
import { columnsRead } from '../../ir/walk.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { calculate } from '../explain/clause.js'
import { valueWords } from '../explain/scalar-words.js'
import { conjuncts, originsOf } from '../origins.js'
import { everyPart, expressionsOf, inputsOf, literalsOf, placeOf, relationsOf } from './query-parts.js'

/** What is wrong, or likely to be, in the conditions and computed columns of a query. */
/** `shown` are columns that the rule shows and says what they mean. */
export function lintConditions(query: Query, source: string, shown: ReadonlySet<string> = new Set()): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const relation of relationsOf(query)) {
    if (relation.kind === 'filter')
      for (const condition of conjuncts(relation.condition)) found.push(...lintConstant(condition, query, source))
    for (const expression of expressionsOf(relation))
      for (const part of everyPart(expression)) found.push(...lintPart(part, source))
  }
  return [...found, ...lintUnusedFlags(query, shown)]
}

function lintConstant(condition: Scalar, query: Query, source: string): Diagnostic[] {
  const known = everyPart(condition).every(
    ({ kind }) => kind !== 'column' && kind !== 'member-of-relation' && kind !== 'scalar-of' && kind !== 'window-call',
  )
  // `search *` and the like have a condition that nobody wrote.
  const written = condition.span && source.slice(condition.span.start, condition.span.end)
  if (!known || (condition.kind === 'literal' && !/^(true|false)$/i.test(written ?? ''))) return []
  const value = calculate(condition, () => null, query)
  return value === undefined
    ? []
    : [diagnose('constant-condition', condition.span, { value: valueWords(value, 'bool') })]
}

function lintPart(part: Scalar, source: string): Diagnostic[] {
  if (part.kind === 'regex') return lintPattern(part)
  const literals = literalsOf(part)
  if (!literals) return []
  const { scalar, column, texts } = literals
  const at = (text: string) => placeOf(source, text, scalar.span)
  const found: Diagnostic[] = []
  if (scalar.kind === 'match' && scalar.how.startsWith('term')) {
    for (const needle of texts)
      if (needle.length > 0 && needle.length < 3) found.push(diagnose('short-needle', at(needle), { needle }))
  }
  if (BASE_NAMES.test(column)) {
    for (const text of texts)
      if (/[\\/]/.test(text))
        found.push(
          diagnose('needle-never-matches', at(text), {
            needle: text,
            why: `\`${column}\` holds a name without its folder`,
          }),
        )
  }
  if (
    scalar.kind !== 'regex' &&
    scalar.case === 'sensitive' &&
    CASELESS.test(column) &&
    texts.some((text) => /\p{L}/u.test(text))
  ) {
    const operator = scalar.kind === 'compare' ? '==' : scalar.kind === 'member' ? 'in' : undefined
    if (operator !== undefined) {
      const instead = operator === '==' ? '=~' : 'in~'
      found.push(diagnose('case-sensitive-name', scalar.span, { operator, column, instead }))
    }
  }
  return found
}

/** Columns that hold a file's name alone. */
const BASE_NAMES = /^(InitiatingProcess|InitiatingProcessParent|Previous)?FileName$/

/** Columns whose letters' case depends on who wrote the event. */
const CASELESS = /(FileName|FolderPath|DeviceName|AccountName|Computer|ProcessName|OriginalFileName|Process|Image)$/

function lintPattern(part: Extract<Scalar, { kind: 'regex' }>): Diagnostic[] {
  const { pattern } = part
  if (pattern.kind !== 'literal' || typeof pattern.value !== 'string') return []
  try {
    compilePattern(pattern.value)
    return []
  } catch (error) {
    if (!(error instanceof BadPattern)) throw error
    return [diagnose('bad-regular-expression', pattern.span ?? part.span, { reason: error.message })]
  }
}

/** Flags that are computed, reach the result, and decide nothing on the way. */
function lintUnusedFlags(query: Query, meant: ReadonlySet<string>): Diagnostic[] {
  const found: Diagnostic[] = []
  descend(query.body, meant, true, found)
  return found
}

/** `decides` holds the columns that something above reads to decide; `shown` says whether the relation's rows are the result. */
function descend(relation: Relation, decides: ReadonlySet<string>, shown: boolean, found: Diagnostic[]): void {
  const below = new Set(decides)
  switch (relation.kind) {
    case 'project':
      below.clear()
      for (const { name, value } of relation.assignments) {
        if (value.kind !== 'column') columnsRead(value, below)
        else if (decides.has(name)) below.add(value.name)
      }
      break
    case 'extend':
      for (const { name, value } of relation.assignments) {
        if (value.type === 'bool' && shown && !decides.has(name) && value.kind !== 'column' && value.kind !== 'literal')
          found.push(diagnose('computed-never-filters', value.span, { name }))
        columnsRead(value, below)
      }
      break
    default:
      for (const expression of expressionsOf(relation)) columnsRead(expression, below)
  }
  // Behind a join, a union or a summary rows are no longer what is shown.
  const still = shown && ['project', 'extend', 'filter', 'sort', 'take'].includes(relation.kind)
  if (still) for (const input of inputsOf(relation)) descend(input, below, still, found)
}

/** A table that is read whole. */
export function lintTime(query: Query): Diagnostic[] {
  const found = new Map<string, Diagnostic>()
  for (const { table, conditions } of originsOf(query)) {
    if (!table.columns.some(({ name }) => TIMES.has(name))) continue
    const limited = conditions.some((condition) =>
      [...columnsRead(condition, new Set())].some((name) => TIMES.has(name)),
    )
    if (!limited) found.set(table.name, diagnose('time-filter-missing', table.span, { table: table.name }))
  }
  return [...found.values()]
}

const TIMES: ReadonlySet<string> = new Set(['Timestamp', 'TimeGenerated', 'CreatedTime'])
