import { loadContent } from '../content/load.js'

/** A detection: a query in some language, and how its rows become findings. Ours are folders of `content/rules`; others come from files. */
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
  /**
   * How far back the query looks: `24h`, `5d`. A scan repeats the query at this step. Where nobody says, it is read from the
   * query; a query that does not look at the clock runs once.
   */
  readonly period?: string
  readonly language: 'kql'
  readonly query: string
  /** How the events behind a row are found; without it they are traced through the query. */
  readonly evidence?: EvidenceRule
  /** One sentence; `{Column}` stands for a column of the query's row. Without one the row speaks for itself. */
  readonly why: string
  /** Boolean columns of the row, and what it means where one is true. */
  readonly flags: Readonly<Record<string, string>>
  readonly false_positives: readonly string[]
  /** What the rule must catch, as small events: `latchkey lint` runs them. */
  readonly tests?: readonly RuleTest[]
  /** The behaviour that it looks for, as the reference numbers them: `B07`. */
  readonly behaviour?: string
  /** Logs of which any is enough: `Sysmon 1`, `System 7045`, `Defender: process`. */
  readonly data_sources?: readonly string[]
  /** How many findings a clean estate gives, and what makes them go away. */
  readonly noise?: { readonly expected: 'very low' | 'low' | 'medium' | 'high'; readonly clears: string }
  readonly blind_spots?: readonly {
    readonly misses: string
    readonly because: string
    /** Mutations of the validation under which the rule is blind for this reason. */
    readonly under?: readonly string[]
  }[]
  /** Its conditions say enough by themselves: a finding keeps its level where the evidence names no remote access tool. */
  readonly stands_alone?: boolean
  readonly exclusions?: readonly Exclusion[]
  /** False where the rule runs only when somebody asks for it by its id. */
  readonly by_default?: boolean
  /** What the query was written from, word for word, where that is another language. */
  readonly original?: { readonly language: string; readonly text: string }
  /** Stories that it must catch, and such that it must leave alone. */
  readonly catches?: readonly RuleCase[]
  readonly leaves?: readonly RuleCase[]
  /** Set where the rule comes from a file of the user's. */
  readonly given?: GivenRule
}

/** What a rule from a file says beyond a rule of ours. */
export interface GivenRule {
  readonly file: string
  readonly format: RuleFormat
  /** The product shows the query only the events of `period`, whatever the query itself asks for. */
  readonly windowed: boolean
  /** How many rows a run must give before it alerts; more than none without it. */
  readonly trigger?: Trigger
  /** Columns that name the host and the account, best first. */
  readonly hostColumns: readonly string[]
  readonly userColumns: readonly string[]
}

export type RuleFormat = 'latchkey' | 'sentinel' | 'defender' | 'kql' | 'sigma'

export interface Trigger {
  readonly operator: 'more than' | 'fewer than' | 'exactly' | 'other than'
  readonly threshold: number
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

/** A filter against known noise. None is on until somebody switches it on. */
export interface Exclusion {
  readonly id: string
  readonly about: string
  /** Rows for which it is true are dropped. */
  readonly where: string
  /** Whether it speaks of the columns of the result, or of those of the first table that the query reads; the result's where left out. */
  readonly on?: 'result' | 'table'
  /** What nobody sees any more. */
  readonly opens: string
}

/** Some events together, and what the rule makes of them. */
export interface RuleCase {
  readonly name: string
  readonly events: readonly CaseEvent[]
  /** Columns that some row of the result must show. */
  readonly shows?: Readonly<Record<string, string | number | boolean>>
}

export interface CaseEvent {
  readonly table: string
  /** Since the case began: `90s`, `20m`, `3h`, `2d`; the beginning where left out. */
  readonly at?: string
  /** The columns that matter; the rest is empty. */
  readonly row: Readonly<Record<string, string | number | boolean>>
}

/** A behaviour that the rule is meant to notice, with the signals it leaves. */
export interface RuleTest {
  readonly name: string
  readonly source?: string
  readonly signals: readonly TestSignal[]
}

export interface TestSignal {
  /** The signal in words. */
  readonly says: string
  /** The log that carries it. */
  readonly log: string
  /** A table of the query's product, and the columns of one row that matter; the rest is empty. */
  readonly table: string
  readonly row: Readonly<Record<string, string | number | boolean>>
  /** Columns that the result must show; where it is left out, any row does. */
  readonly shows?: Readonly<Record<string, string | number | boolean>>
  /** Where the source of the test is mistaken. */
  readonly note?: string
}

/** The rules that run by default. */
export function loadRules(): readonly Rule[] {
  return allRules().filter(({ by_default }) => by_default !== false)
}

/** Those that run only when asked for too. */
export function allRules(): readonly Rule[] {
  return loadContent<Rule>('rules')
}

/** `24h`, `5d`, `30m`, `90s`, and as ISO 8601 writes them (`PT1H`, `P1DT12H`), in microseconds. */
export function periodMicros(period: string): number {
  const micros = readPeriod(period)
  if (micros === undefined) throw new Error(`a rule's period is written as 24h, 5d, 30m or PT1H, not ${period}`)
  return micros
}

/** As `periodMicros`; undefined where the text is no period. */
export function readPeriod(period: string): number | undefined {
  const plain = /^(\d{1,6})([dhms])$/i.exec(period)
  const iso = /^P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$/i.exec(period)
  const micros = plain
    ? Number(plain[1]) * UNITS[plain[2]!.toLowerCase() as keyof typeof UNITS]
    : iso
      ? [UNITS.d, UNITS.h, UNITS.m, UNITS.s].reduce((sum, unit, index) => sum + Number(iso[index + 1] ?? 0) * unit, 0)
      : 0
  return micros > 0 ? micros : undefined
}

const UNITS = { d: 86_400e6, h: 3_600e6, m: 60e6, s: 1e6 } as const
