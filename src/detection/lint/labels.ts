import { matches } from '../../backends/reference/term.js'
import type { Query } from '../../ir/relation.js'
import type { Choose, Scalar } from '../../ir/scalar.js'
import { columnsRead } from '../../ir/walk.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { calculate } from '../explain/clause.js'
import { scalarWords, valueWords } from '../explain/scalar-words.js'
import { conjuncts } from '../origins.js'
import { assignmentsOf, everyPart, literalsOf, placeOf, relationsOf } from './query-parts.js'

/**
 * Labels against the names that the query itself filters for: a `case` over the column of the filter, given each of those names, shows which
 * of them come to no label, which labels nothing comes to, and where `has` was written and a part of a word was meant.
 */
export function lintLabels(query: Query, source: string): Diagnostic[] {
  const names = new Map<string, string[]>()
  for (const relation of relationsOf(query)) {
    if (relation.kind !== 'filter') continue
    for (const condition of conjuncts(relation.condition)) {
      const found = literalsOf(condition)
      if (found && found.texts.length > 1) names.set(found.column, [...(names.get(found.column) ?? []), ...found.texts])
    }
  }
  return relationsOf(query).flatMap((relation) =>
    assignmentsOf(relation).flatMap(({ name, value }) => {
      if (value.kind !== 'choose' || value.type !== 'string') return []
      const columns = new Set(value.branches.flatMap(({ when }) => [...columnsRead(when, new Set())]))
      const [column] = columns
      const filtered = column === undefined ? undefined : names.get(column)
      return columns.size === 1 && filtered ? lintChoice(name, value, column!, filtered, query, source) : []
    }),
  )
}

function lintChoice(
  label: string,
  choice: Choose,
  column: string,
  names: readonly string[],
  query: Query,
  source: string,
): Diagnostic[] {
  const reached = new Set<Scalar>()
  const unlabelled: string[] = []
  for (const name of names) {
    const branch = choice.branches.find(
      ({ when }) => calculate(when, (read) => (read === column ? name : ''), query) === true,
    )
    if (branch) reached.add(branch.when)
    else unlabelled.push(name)
  }
  const found: Diagnostic[] = []
  if (unlabelled.length > 0) {
    const last = choice.otherwise
    const word = last.kind === 'literal' ? valueWords(last.value, last.type) : scalarWords(last)
    const facts = { column: label, names: unlabelled, label: word }
    found.push(diagnose('name-without-label', last.span ?? choice.span, facts))
  }
  for (const { when, value } of choice.branches) {
    if (!reached.has(when))
      found.push(diagnose('unreachable-branch', when.span ?? choice.span, { label: scalarWords(value), column }))
    for (const part of everyPart(when)) {
      const literals = part.kind === 'match' && part.how === 'term' ? literalsOf(part) : undefined
      for (const needle of literals?.texts ?? []) {
        const within = unlabelled.filter((name) => isPartOfWord(name, needle))
        if (within.length > 0)
          found.push(diagnose('has-part-of-word', placeOf(source, needle, part.span), { needle, names: within }))
      }
    }
  }
  return found
}

/** Whether a text lies in another, and not as a whole term of it. */
export const isPartOfWord = (text: string, needle: string): boolean =>
  needle.length > 1 && matches('contains', text, needle, 'insensitive') && !matches('term', text, needle, 'insensitive')
