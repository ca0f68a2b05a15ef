let names = 0

/**
 * Says an argument once where the SQL needs it more than once: ClickHouse computes equal expressions once anyway, but the text would grow
 * with every level of nesting. Names count up, so that no lambda hides another's.
 */
export function once(sql: string, use: (name: string) => string): string {
  if (/^(?:"[^"]*"|[a-z]\d+|[a-z]\d+\.[a-z]\d+|toInt64\(-?\d+\))$/.test(sql)) return use(sql)
  const name = `v${++names}`
  return `arrayMap(${name} -> ${use(name)}, [${sql}])[1]`
}

/** A name for the argument of a lambda. */
export const lambdaName = (): string => `v${++names}`

/** Begins the names anew, so that the same query has the same SQL. */
export const resetNames = (): void => {
  names = 0
}
