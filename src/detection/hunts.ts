import { loadContent } from '../content/load.js'

/** A question to a fleet's telemetry whose answer a person reads: `content/hunts`. */
export interface Hunt {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly techniques: readonly string[]
  /** Tables that it reads. */
  readonly tables: readonly string[]
  /** KQL. */
  readonly query: string
  /** Columns of the result: rows whose tool the policy approves on the host are left out. */
  readonly without_record?: { readonly tool: string; readonly host: string }
  readonly reading: readonly string[]
  readonly next: readonly string[]
}

export function loadHunts(): readonly Hunt[] {
  return loadContent<Hunt>('hunts')
}
