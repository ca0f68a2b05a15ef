import { loadContent } from '../content/load.js'

/** A detection of ours: a query in some language, and how its rows become findings. One folder of `content/rules` each. */
export interface Rule {
  readonly id: string
  readonly title: string
  readonly level: 'informational' | 'low' | 'medium' | 'high' | 'critical'
  readonly confidence: 'low' | 'medium' | 'high'
  /** ATT&CK technique ids. */
  readonly techniques: readonly string[]
  /** Where the query comes from. */
  readonly source: string
  readonly about: string
  /** How far back the query looks, as its author wrote it into it: `24h`, `5d`. A scan repeats the query at this step. */
  readonly period: string
  readonly language: 'kql'
  readonly query: string
  readonly evidence: EvidenceRule
  /** One sentence; `{Column}` stands for a column of the query's row. */
  readonly why: string
  /** Boolean columns of the row, and what it means where one is true. */
  readonly flags: Readonly<Record<string, string>>
  readonly false_positives: readonly string[]
}

/** How the events behind a row of the result are found again. Names of model columns on the left, of result columns on the right. */
export interface EvidenceRule {
  readonly class: string
  /** Equal; empty text and nothing are the same. */
  readonly match: Readonly<Record<string, string>>
  readonly range?: { readonly from: string; readonly to: string }
  /** The model column is one of the values of a list column. */
  readonly among?: Readonly<Record<string, string>>
}

export function loadRules(): readonly Rule[] {
  return loadContent<Rule>('rules')
}

/** `24h`, `5d`, `30m` in microseconds. */
export function periodMicros(period: string): number {
  const match = /^(\d+)([dhm])$/.exec(period)
  if (match === null) throw new Error(`a rule's period is written as 24h, 5d or 30m, not ${period}`)
  return Number(match[1]) * { d: 86_400e6, h: 3_600e6, m: 60e6 }[match[2] as 'd' | 'h' | 'm']
}
