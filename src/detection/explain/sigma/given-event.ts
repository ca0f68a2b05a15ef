import { SEPARATOR, type SigmaColumn, type SigmaRule } from '../../../dialects/sigma/index.js'
import { parseDatetime } from '../../../ir/time.js'
import type { Value } from '../../../ir/value.js'
import { calculate } from '../clause.js'
import { flatten, type JudgedPiece, judgedPiece, piecesOf } from './judge.js'

/** Looks at an event that is given by its fields, under the names that the rule uses, with the eyes of the rule. No store is asked. */
export function judgeFields(
  rule: SigmaRule,
  placeholders: ReadonlyMap<string, readonly string[]>,
  event: Readonly<Record<string, unknown>>,
): JudgedPiece {
  const { whole, columns } = piecesOf(rule, placeholders)
  const fields = fieldsIn(event)
  const value = (name: string): Value => {
    const column = columns.get(name)
    return column ? viewOf(fields, column) : null
  }
  const holds = new Map(
    flatten(whole).map((piece) => [piece, calculate(piece.scalar, value, { bindings: [], body: NOTHING }) === true]),
  )
  const texts = new Map([...fields].map(([name, values]) => [name, values[0] ?? null]))
  return judgedPiece(whole, (piece) => holds.get(piece)!, { get: (name) => texts.get(name) ?? null })
}

const NOTHING = { kind: 'rows', columns: [], rows: [], span: undefined } as const

/** Fields of several values have them all. Objects within are named with a point. */
function fieldsIn(event: Readonly<Record<string, unknown>>): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, readonly string[]>()
  const visit = (value: unknown, name: string, depth: number): void => {
    if (value === null || value === undefined || depth > 20) return
    if (Array.isArray(value)) fields.set(name, value.filter((each) => typeof each !== 'object').map(String))
    else if (typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) visit(inner, name === '' ? key : `${name}.${key}`, depth + 1)
    else fields.set(name, [String(value)])
  }
  visit(event, '', 0)
  return fields
}

function viewOf(fields: ReadonlyMap<string, readonly string[]>, { field, view }: SigmaColumn): Value {
  const values = field === undefined ? [...fields.values()].flat() : (fields.get(field) ?? [])
  const [first = ''] = values
  switch (view) {
    case 'text':
    case 'written':
      return first
    case 'present':
      return field === undefined || fields.has(field)
    case 'list':
      return values.length === 0 ? '' : `${SEPARATOR}${values.join(SEPARATOR)}${SEPARATOR}`
    case 'whole':
      return /^-?\d{1,19}$/.test(first) ? BigInt(first) : null
    case 'number':
      return first.trim() === '' || Number.isNaN(Number(first)) ? null : Number(first)
    case 'time':
      return parseDatetime(first) ?? null
  }
}
