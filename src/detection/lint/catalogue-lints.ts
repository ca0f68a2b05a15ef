import { matches } from '../../backends/reference/term.js'
import type { Query } from '../../ir/relation.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type Span, span } from '../../text/span.js'
import { calculate } from '../explain/clause.js'
import { loadCatalogue, type Tool } from '../identity/index.js'
import { everyPart, literalsOf, relationsOf } from './query-parts.js'

/**
 * Lists of programs and domains against the catalogue of tools: names that nobody confirms, programs of the same tools that the list
 * passes over, and domains that belong to no tool. Only lists that are plainly about such tools are looked at.
 */
export function lintByCatalogue(query: Query, source: string): Diagnostic[] {
  return [...lintPrograms(query, source), ...lintDomains(source)]
}

interface Program {
  readonly tool: Tool
  readonly name: string
  readonly confirmed: boolean
  readonly telling: boolean
  /** The agents first, and then what most sources name. */
  readonly weight: number
}

/** Whether anybody but the list in question stands for a value. */
const isConfirmed = (quality: readonly string[]): boolean =>
  !quality.includes('unconfirmed') && !quality.includes('suspect-attribution')

let programs: readonly Program[] | undefined

/** Programs of every tool by name; wildcards are no names. */
function knownPrograms(): readonly Program[] {
  programs ??= loadCatalogue().tools.flatMap((tool) =>
    (tool.executables ?? [])
      .filter(({ value, match, platform }) => match === undefined && platform === undefined && !/[*?]/.test(value))
      .map(({ value, quality, role, from }) => ({
        tool,
        name: value,
        weight: (role === 'agent' ? 100 : 0) + from.length,
        confirmed: isConfirmed(quality),
        telling: quality.length === 1 && quality[0] === 'ok' && (role === undefined || role === 'agent'),
      })),
  )
  return programs
}

const FILE_NAMES = /(^|Process)(FileName|Name)$|^(Image|OriginalFileName)$/

/** A call of a saved function. */
const FROM_SETS = /_(RemoteAccess|IsRemoteAccess)\w*\s*\(/

/** A list is about such tools where this many of its names, and this share of them, are in the catalogue. */
const LEAST_KNOWN = 4
const LEAST_SHARE = 0.4

function lintPrograms(query: Query, source: string): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const relation of relationsOf(query)) {
    if (relation.kind !== 'filter') continue
    for (const part of everyPart(relation.condition)) {
      const literals = literalsOf(part)
      if (!literals || !FILE_NAMES.test(literals.column)) continue
      // A set that comes from the catalogue is the catalogue.
      if (part.span && FROM_SETS.test(source.slice(part.span.start, part.span.end))) continue
      const names = literals.texts.filter((text) => text.includes('.'))
      const fits = (program: Program, name: string): boolean => matches('term', program.name, name, 'insensitive')
      const known = names.filter((name) => knownPrograms().some((program) => program.confirmed && fits(program, name)))
      if (known.length < LEAST_KNOWN || known.length < names.length * LEAST_SHARE) continue
      const unknown = names.filter((name) => !known.includes(name))
      if (unknown.length > 0)
        found.push(diagnose('name-not-confirmed', part.span, { names: unknown, total: names.length }))
      const meant = new Set(names.flatMap((name) => toolsMeant(name)))
      for (const tool of meant) {
        const missing = knownPrograms()
          .filter((program) => program.tool === tool && program.telling)
          .filter(({ name }) => calculate(part, (column) => (column === literals.column ? name : ''), query) !== true)
          .sort((a, b) => b.weight - a.weight)
          .map(({ name }) => name)
        if (missing.length > 0) found.push(diagnose('names-missing', part.span, { tool: tool.name, names: missing }))
      }
    }
  }
  return found
}

/** The tools that a name in a list is about: those with such a program, and those whose own name it is. */
function toolsMeant(name: string): readonly Tool[] {
  const lower = name.toLowerCase()
  const stem = bare(lower.replace(/\.\w+$/, ''))
  const owners = knownPrograms().filter((program) => program.name.toLowerCase() === lower)
  if (owners.length === 1) return [owners[0]!.tool]
  const called = loadCatalogue().tools.filter((tool) =>
    [tool.id, tool.name, ...(tool.aliases ?? [])].some((each) => bare(each) === stem),
  )
  return called.length === 1 ? called : []
}

const bare = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

const DOMAIN = /^(?:[a-z0-9-]+\.)+[a-z]{2,24}$/i
const FILE = /\.(exe|dll|msi|sys|bat|cmd|ps1|vbs|js|txt|log|zip|dat|tmp|lnk|scr|com\.exe)$/i

/** Domains that the query lists, by where they stand: lists are told by the brackets around them. */
function lintDomains(source: string): Diagnostic[] {
  const domains = new Set(
    loadCatalogue().tools.flatMap((tool) =>
      (tool.domains ?? [])
        .filter(({ quality }) => isConfirmed(quality))
        .map(({ value }) => value.toLowerCase().replace(/^\*?\./, '')),
    ),
  )
  const known = (domain: string): boolean => {
    const lower = domain.toLowerCase()
    return domains.has(lower) || [...domains].some((each) => each.endsWith(`.${lower}`) || lower.endsWith(`.${each}`))
  }
  return stringLists(source).flatMap((list) => {
    const listed = list.filter(({ text }) => DOMAIN.test(text) && !FILE.test(text))
    const good = listed.filter(({ text }) => known(text))
    if (good.length < LEAST_KNOWN || listed.length < list.length * LEAST_SHARE) return []
    return listed
      .filter((each) => !good.includes(each))
      .map(({ text, place }) =>
        diagnose('domain-not-confirmed', place, { domain: text, instead: alike(text, domains) }),
      )
  })
}

/** Known domains whose first label has the same letters, or begins with them. */
function alike(domain: string, domains: ReadonlySet<string>): string[] {
  const label = bare(domain.split('.')[0]!)
  return [...domains]
    .filter((each) => each.split('.').some((part) => bare(part).startsWith(label)))
    .sort((a, b) => a.length - b.length)
    .slice(0, 3)
}

/** Texts between brackets with nothing but commas between them, by one pass over the source. */
function stringLists(source: string): { readonly text: string; readonly place: Span }[][] {
  const lists: { text: string; place: Span }[][] = []
  let open: { text: string; place: Span }[] | undefined
  for (const { 0: token, index } of source.matchAll(/"[^"\n]*"|'[^'\n]*'|\/\/[^\n]*|[^\s]/g)) {
    if (token === '[' || token === '(') open = []
    else if (token === ']' || token === ')') {
      if (open && open.length > 0) lists.push(open)
      open = undefined
    } else if (/^["']./.test(token)) open?.push({ text: token.slice(1, -1), place: span(index, index + token.length) })
    else if (token !== ',' && !token.startsWith('//')) open = undefined
  }
  return lists
}
