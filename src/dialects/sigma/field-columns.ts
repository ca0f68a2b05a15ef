import { reference, type Scalar } from '../../ir/scalar.js'
import { type Column, column, type ScalarType } from '../../ir/types.js'

/** One way of looking at a field of the events. */
export interface SigmaColumn {
  /** Undefined is the whole event. */
  readonly field: string | undefined
  readonly view: FieldView
}

/**
 * - `text`: the value; what logs write for nothing (`-`, the empty text) may be missing.
 * - `written`: the value just as the log has it.
 * - `present`: whether the event has the field at all.
 * - `whole`, `number`, `time`: the value as one; null where it is none.
 * - `list`: every value, each between two `SEPARATOR`s; the empty text where there is none.
 */
export type FieldView = keyof typeof VIEW_TYPES

/** The type that each view of a field has. */
export const VIEW_TYPES = {
  text: 'string',
  written: 'string',
  present: 'bool',
  whole: 'long',
  number: 'real',
  time: 'datetime',
  list: 'string',
} as const satisfies Record<string, ScalarType>

/** Record separator: a character that no text of a log holds. */
export const SEPARATOR = '\u001E'

/** The columns that a query needs, each under a name of its own. */
export class FieldColumns {
  private readonly columns = new Map<string, SigmaColumn>()
  private readonly names: Map<string, Scalar>

  constructor(private readonly taken: readonly string[]) {
    this.names = new Map()
  }

  get all(): ReadonlyMap<string, SigmaColumn> {
    return this.columns
  }

  list(): readonly Column[] {
    return [...this.columns].map(([name, { view }]) => column(name, VIEW_TYPES[view]))
  }

  view(field: string | undefined, view: FieldView): Scalar {
    const key = `${view} ${field ?? ''}`
    const known = this.names.get(key)
    if (known) return known
    const base = field ?? 'event'
    let name = view === 'text' ? base : `${base} (${view})`
    while (this.columns.has(name) || this.taken.includes(name)) name += "'"
    const made = reference(name, VIEW_TYPES[view])
    this.columns.set(name, { field, view })
    this.names.set(key, made)
    return made
  }
}
