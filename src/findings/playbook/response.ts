import { loadContent } from '../../content/load.js'

/** Questions to ask about an incident and steps to take: `content/response`. */
export interface Response {
  readonly id: string
  readonly name: string
  readonly about: string
  readonly techniques: readonly string[]
  readonly questions: readonly Question[]
  readonly escalate: readonly string[]
  readonly close: readonly string[]
  readonly cautions: readonly string[]
  readonly steps: readonly ResponseStep[]
}

export interface Question {
  readonly question: string
  readonly facts: FactName
  readonly focus: string
  readonly supports: string
  readonly weakens: string
  /** The query makes sense only where this is known. */
  readonly needs?: 'tenant'
  readonly query?: string
}

export type FactName = 'identity' | 'tenant' | 'sessions' | 'delivery' | 'request' | 'activity' | 'elsewhere'

export interface ResponseStep {
  readonly id: string
  readonly name: string
  readonly activity?: string
  readonly actions?: readonly string[]
  readonly condition?: 'allowed'
  readonly yes?: string
  readonly no?: string
  readonly parallel?: readonly string[]
  readonly next?: string
  readonly end?: true
}

export function loadResponse(): Response {
  const [response] = loadContent<Response>('response')
  if (!response) throw new Error('content/response is empty')
  return response
}
