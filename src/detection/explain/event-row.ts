import type { Row } from '../../backends/reference/index.js'
import { parseDatetime, parseTimespan } from '../../ir/time.js'
import type { Column, ScalarType } from '../../ir/types.js'
import { type Dynamic, parseDynamic, type Value } from '../../ir/value.js'
import { closestName } from '../../text/closest-name.js'

export interface EventRow {
  readonly row: Row
  /** Names of the event that the table has no column for, with the closest one that it has. */
  readonly unknown: readonly { readonly name: string; readonly closest: string | undefined }[]
}

/** An event written as names and values, as a row of a table. What it does not say is missing: null, and of a text the empty one. */
export function eventRow(columns: readonly Column[], event: Readonly<Record<string, unknown>>): EventRow {
  const given = new Map<string, unknown>()
  const unknown: { name: string; closest: string | undefined }[] = []
  const known = new Map(columns.map(({ name }) => [name.toLowerCase(), name]))
  for (const [name, value] of Object.entries(event)) {
    const column = known.get(name.toLowerCase())
    if (column !== undefined) given.set(column, value)
    else unknown.push({ name, closest: closestName(name, known.values()) })
  }
  return { row: columns.map(({ name, type }) => valueAs(given.get(name), type)), unknown }
}

/** A JSON value as a value of a type; what cannot be is missing. */
export function valueAs(given: unknown, type: ScalarType): Value {
  if (given === undefined || given === null) return type === 'string' ? '' : null
  const text = typeof given === 'object' ? JSON.stringify(given) : String(given)
  switch (type) {
    case 'string':
      return text
    case 'guid':
      return text.toLowerCase()
    case 'datetime':
      return parseDatetime(text) ?? null
    case 'timespan':
      return parseTimespan(text) ?? null
    case 'int':
    case 'long':
      return /^-?\d{1,19}$/.test(text) ? BigInt(text) : null
    case 'real':
    case 'decimal':
      return text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text)
    case 'bool':
      return /^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : null
    case 'dynamic':
      return parseDynamic(text) ?? (typeof given === 'string' ? (given as Dynamic) : null)
  }
}
