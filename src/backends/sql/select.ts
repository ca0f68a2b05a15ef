import type { ScopeColumn } from './scope.js'

/** A column of a SELECT. */
export interface Out extends ScopeColumn {
  readonly name: string
  /** A name, a literal, or a stored column: cheap to say twice. */
  readonly simple: boolean
}

/** A column that no query sees: the key of a partition, or what is carried past an aggregation to be shown beside its result. */
export interface Hidden {
  readonly id: string
  readonly sql: string
  readonly role: 'key' | 'carried'
}

/** One SELECT in the making. `order` and `where` are in the words of `from`. */
export interface Select {
  readonly from: string
  readonly where: readonly string[]
  readonly columns: readonly Out[]
  readonly hidden: readonly Hidden[]
  readonly order: readonly OrderTerm[]
  /** What stands before the list: `DISTINCT ON (...)`. */
  readonly distinct?: string
  /** What stands after WHERE, with an order of its own. */
  readonly suffix?: string
}

export interface OrderTerm {
  readonly sql: string
  /** ` DESC NULLS LAST` and the like. */
  readonly how: string
}

/** Column names that are needed; undefined is all of them. */
export type Needed = ReadonlySet<string> | undefined

export const plus = (needed: Needed, used: ReadonlySet<string>): Needed =>
  needed ? new Set([...needed, ...used]) : undefined

export function columnByName(select: Select, name: string): Out {
  const found = select.columns.find((out) => out.name === name)
  if (!found) throw new Error(`no column ${name} among ${select.columns.map((out) => out.name).join(', ')}`)
  return found
}

export const keysOf = ({ hidden }: Select): readonly string[] =>
  hidden.filter(({ role }) => role === 'key').map(({ sql }) => sql)

export const orderTerms = ({ order }: Select): readonly string[] => order.map(({ sql, how }) => `${sql}${how}`)

/** ` ORDER BY ...`; nothing for rows without an order. */
export const orderBy = (select: Select): string =>
  select.order.length > 0 ? ` ORDER BY ${orderTerms(select).join(', ')}` : ''

export function printSelect(select: Select, list: readonly string[], ordered: boolean): string {
  const where = select.where.length ? ` WHERE ${select.where.join(' AND ')}` : ''
  const order = ordered && !select.suffix ? orderBy(select) : ''
  const items = list.length > 0 ? list.join(', ') : '1 AS one'
  return `SELECT ${select.distinct ? `${select.distinct} ` : ''}${items} FROM ${select.from}${where}${select.suffix ?? ''}${order}`
}
