import { quoteKql } from '../../dialects/kql/quote.js'

/** Values of an incident by their names. A name without values is one that no event shows. */
export type Values = Readonly<Record<string, readonly string[]>>

/** The time that an incident spans, ISO; null where no event of it has a time. */
export interface Span {
  readonly first: string | null
  readonly last: string | null
}

/** A sentence, and the values in it: each renderer writes them its own way. */
export type Line = readonly Part[]
export type Part = string | { readonly name: string; readonly values: readonly string[]; readonly more: number }

/** A sentence with its values, or with their names in general; undefined where one that it speaks of is not there. */
export function fillLine(text: string, values: Values, general?: Readonly<Record<string, string>>): Line | undefined {
  const parts = text.split(PLACE).map((part, index): Part | undefined => {
    if (index % 2 === 0) return part
    const found = values[part] ?? []
    if (found.length === 0) return general?.[part] === undefined ? undefined : `(${general[part].toLowerCase()})`
    return { name: part, values: found.slice(0, MOST_IN_LINE), more: Math.max(0, found.length - MOST_IN_LINE) }
  })
  return parts.includes(undefined) ? undefined : (parts as Part[]).filter((part) => part !== '')
}

/** For which product a query is written: in the tables of Log Analytics the time has another name. */
export type QueryFor = 'defender' | 'sentinel'

export type FilledQuery =
  | {
      readonly ok: true
      readonly kql: string /** Values that are left out because there are too many. */
      readonly left: number
    }
  | { readonly ok: false; readonly missing: readonly string[] }

/** A query with its values as literals, or what it asks for that no event shows. */
export function fillQuery(text: string, values: Values, span: Span, queryFor: QueryFor): FilledQuery {
  const time = queryFor === 'sentinel' ? 'TimeGenerated' : 'Timestamp'
  const missing = new Set<string>()
  let left = 0
  const list = (name: string): string => {
    const found = (values[name] ?? []).filter((value) => value.length >= SHORTEST)
    if (found.length === 0) missing.add(name)
    left += Math.max(0, found.length - MOST_IN_QUERY)
    return found.slice(0, MOST_IN_QUERY).map(quoteKql).join(', ')
  }
  const kql = text
    .trimEnd()
    .split(PLACE)
    .map((part, index) => {
      if (index % 2 === 0) return queryFor === 'sentinel' ? part.replace(/\bTimestamp\b/g, 'TimeGenerated') : part
      switch (part) {
        case 'window':
          return between(time, span.first, '- 1d', span.last, '+ 1d')
        case 'before':
          return between(time, span.first, '- 2h', span.last, '+ 0h')
        case 'since':
          return span.first !== null && ISO.test(span.first) ? `${time} >= datetime(${span.first})` : 'true'
        case 'on_hosts':
          return (values.hosts ?? []).length === 0 ? 'isnotempty(DeviceName)' : `DeviceName in~ (${list('hosts')})`
        default:
          return list(part)
      }
    })
    .join('')
  return missing.size > 0 ? { ok: false, missing: [...missing] } : { ok: true, kql, left }
}

const between = (time: string, from: string | null, less: string, to: string | null, more: string): string =>
  from !== null && to !== null && ISO.test(from) && ISO.test(to)
    ? `${time} between (datetime(${from}) ${less} .. datetime(${to}) ${more})`
    : 'true'

const PLACE = /\{([a-z_]+)\}/
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
const MOST_IN_LINE = 40
const MOST_IN_QUERY = 60
/** A shorter value matches by chance. */
const SHORTEST = 3
