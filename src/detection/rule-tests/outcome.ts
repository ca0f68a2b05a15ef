/** How one test of one rule went. */
export interface TestOutcome {
  /** The rule file, as it was found. */
  readonly file: string
  readonly rule: string
  readonly title: string
  /** The test's name; null where the rule has none. */
  readonly name: string | null
  /** The log that the rule ran over, or the table of the signal. */
  readonly data: string | null
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Matches asked for; `any` is one or more. */
  readonly expected: number | 'any' | null
  readonly found: number | null
  /** Why it failed or was skipped. */
  readonly reason: string | null
  readonly seconds: number
}
