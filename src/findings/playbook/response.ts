import { loadContent } from '../../content/load.js'

/** What to ask and what to do, as `content/response` has it; `{names}` in its texts are values of an incident. */
export interface Response {
  readonly name: string
  readonly about: string
  readonly labels: Readonly<Record<string, string>>
  /** Of a tool that nothing has been found of. */
  readonly techniques: readonly string[]
  /** The question that changes most first. */
  readonly questions: readonly Question[]
  readonly closing: {
    readonly escalate: readonly string[]
    readonly close_only_when: readonly string[]
    readonly not_an_answer: readonly string[]
  }
  readonly roles: Readonly<Record<string, { readonly name: string; readonly about: string }>>
  /** What is done where all of it turns out to be allowed. */
  readonly close: Step
  /** What is done otherwise, in order. */
  readonly steps: readonly Step[]
  readonly tuning: TuningAdvice
}

export interface Question {
  readonly id: string
  readonly question: string
  readonly why: string
  /** Names of the values that go with it. */
  readonly values: readonly string[]
  readonly supports: readonly string[]
  readonly weakens: readonly string[]
  /** KQL. */
  readonly queries: readonly { readonly about: string; readonly text: string }[]
  readonly hunts: readonly string[]
  readonly sources: readonly string[]
}

export type Phase = 'collect' | 'contain' | 'eradicate' | 'recover' | 'learn'

export interface Step {
  readonly id: string
  readonly phase?: Phase
  readonly title: string
  /** Names of roles. */
  readonly does: string
  readonly decides: string
  /** A word of CACAO's vocabulary of activities. */
  readonly activity: string
  readonly why?: string
  /** Sentences, and commands to run. */
  readonly do: readonly (string | { readonly run: string })[]
  readonly sources: readonly string[]
}

export interface TuningAdvice {
  readonly build_on: readonly string[]
  readonly never_on: readonly string[]
  readonly keep: readonly string[]
  readonly sources: readonly string[]
}

let loaded: Response | undefined

/** The files of `content/response`, put together. */
export function loadResponse(): Response {
  loaded ??= Object.assign({}, ...loadContent<Partial<Response>>('response')) as Response
  return loaded
}
