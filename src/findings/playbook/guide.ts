import { loadCatalogue } from '../../detection/identity/index.js'
import type { Incident, Level, Report, Verdict } from '../report.js'
import { type FilledQuery, fillLine, fillQuery, type Line, type Span, type Values } from './fill.js'
import { type RelatedTechnique, relatedTo } from './related.js'
import { loadResponse, type Phase, type Question, type Response, type Step } from './response.js'
import { type RuleTuning, type Seen, tuningOf } from './tuning.js'
import { valuesOfIncident, valuesOfTools } from './values.js'

/** How to find out what an incident is, and what to do about it, filled with what its events show. */
export interface Guide {
  /** None where it is about tools in general. */
  readonly incident: string | null
  readonly title: string
  readonly level: Level | null
  readonly verdict: Verdict | null
  readonly summary: string | null
  readonly span: Span
  readonly techniques: readonly string[]
  /** What ATT&CK has of them. */
  readonly related: readonly RelatedTechnique[]
  readonly values: Values
  readonly questions: readonly GuideQuestion[]
  readonly closing: Response['closing']
  readonly close: GuideStep
  readonly steps: readonly GuideStep[]
  readonly tuning: Response['tuning']
  /** The rules that fired, with what may be said against each. */
  readonly rules: readonly RuleTuning[]
}

export interface GuideQuestion extends Omit<Question, 'values' | 'queries'> {
  readonly values: readonly { readonly label: string; readonly values: readonly string[] }[]
  /** What no event shows, by its label. */
  readonly notShown: readonly string[]
  readonly queries: readonly GuideQuery[]
}

export interface GuideQuery {
  readonly about: string
  /** Runs here and in Defender; in Sentinel the same with another name for the time. */
  readonly defender: FilledQuery
  readonly sentinel: FilledQuery
}

export interface GuideStep {
  readonly id: string
  readonly phase: Phase | null
  readonly title: string
  readonly why: string | null
  readonly does: string
  readonly decides: string
  readonly activity: string
  readonly do: readonly (Line | { readonly run: string })[]
}

/** The guide of each incident of a report, in its order. */
export function* guidesOf(report: Pick<Report, 'incidents' | 'inventory' | 'findings'>): Iterable<Guide> {
  for (const incident of report.incidents) yield guideOfIncident(incident, report)
}

export function guideOfIncident(incident: Incident, seen: Seen): Guide {
  const { id, title, level, verdict, summary, firstSeen, lastSeen, techniques, chains } = incident
  const span = { first: firstSeen, last: lastSeen }
  const rules = [...new Set(chains.flatMap(({ findings }) => findings.map(({ rule }) => rule)))]
  return {
    incident: id,
    title,
    level,
    verdict,
    summary,
    span,
    techniques,
    related: relatedTo(techniques),
    ...filled(valuesOfIncident(incident, seen.inventory), span),
    rules: tuningOf(rules, seen),
  }
}

/** The guide for one tool of the catalogue, whoever's it is and wherever; undefined where the catalogue has no such tool. */
export function guideOfTool(id: string): Guide | undefined {
  const tool = loadCatalogue().tools.find((each) => each.id === id)
  if (!tool) return undefined
  const span = { first: null, last: null }
  return {
    incident: null,
    title: tool.name,
    level: null,
    verdict: null,
    summary: tool.description,
    span,
    techniques: loadResponse().techniques,
    related: relatedTo(loadResponse().techniques),
    ...filled(valuesOfTools([id]), span, 'in general'),
    rules: [],
  }
}

/** The guide for any remote access tool. */
export function guideInGeneral(): Guide {
  const { name, about, techniques } = loadResponse()
  const span = { first: null, last: null }
  return {
    incident: null,
    title: name,
    level: null,
    verdict: null,
    summary: about,
    span,
    techniques,
    related: relatedTo(techniques),
    ...filled({}, span, 'in general'),
    rules: [],
  }
}

function filled(
  values: Values,
  span: Span,
  scope: 'of an incident' | 'in general' = 'of an incident',
): Pick<Guide, 'values' | 'questions' | 'closing' | 'close' | 'steps' | 'tuning'> {
  const response = loadResponse()
  const step = (each: Step): GuideStep =>
    stepOf(each, response, values, scope === 'in general' ? response.labels : undefined)
  return {
    values,
    questions: response.questions.map((question) => questionOf(question, response.labels, values, span)),
    closing: response.closing,
    close: step(response.close),
    steps: response.steps.map(step),
    tuning: response.tuning,
  }
}

function questionOf(question: Question, labels: Response['labels'], values: Values, span: Span): GuideQuestion {
  const shown = question.values.filter((name) => (values[name] ?? []).length > 0)
  return {
    ...question,
    values: shown.map((name) => ({ label: labels[name] ?? name, values: values[name]! })),
    notShown: question.values.filter((name) => !shown.includes(name)).map((name) => labels[name] ?? name),
    queries: question.queries.map(({ about, text }) => ({
      about,
      defender: withLabels(fillQuery(text, values, span, 'defender'), labels),
      sentinel: withLabels(fillQuery(text, values, span, 'sentinel'), labels),
    })),
  }
}

const withLabels = (query: FilledQuery, labels: Response['labels']): FilledQuery =>
  query.ok ? query : { ok: false, missing: query.missing.map((name) => labels[name] ?? name) }

function stepOf(
  { id, phase, title, why, does, decides, activity, do: todo }: Step,
  response: Response,
  values: Values,
  general: Response['labels'] | undefined,
): GuideStep {
  const filledLines = linesOf(todo, values, general)
  return {
    id,
    phase: phase ?? null,
    title,
    why: why ?? null,
    does: response.roles[does]?.name ?? does,
    decides: response.roles[decides]?.name ?? decides,
    activity,
    // A step of which nothing is known is still to be done.
    do: filledLines.length > 0 ? filledLines : linesOf(todo, values, response.labels),
  }
}

const linesOf = (todo: Step['do'], values: Values, general: Response['labels'] | undefined): GuideStep['do'] =>
  todo.flatMap((each): GuideStep['do'] => {
    const line = typeof each === 'string' ? fillLine(each, values, general) : fillLine(each.run, values)
    if (line === undefined) return []
    return typeof each === 'string' ? [line] : [{ run: line.map(plain).join('') }]
  })

const plain = (part: Line[number]): string => (typeof part === 'string' ? part : part.values.join(', '))
