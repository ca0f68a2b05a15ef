import type { Diagnostic } from '../../text/diagnostic.js'
import { type Rule, readPeriod } from '../rules.js'
import { ANY, list, type MapShape, map, oneOf, TEXT, textThat } from './shape.js'

const CASE: MapShape = map({
  name: TEXT,
  shows: map({}, ANY),
  events: list(map({ table: TEXT, at: TEXT, row: map({}, ANY) })),
})

/** Rules in our own form, as in `content/rules`. */
export const OWN_SHAPE: MapShape = map({
  id: TEXT,
  title: TEXT,
  level: oneOf('informational', 'low', 'medium', 'high', 'critical'),
  confidence: oneOf('low', 'medium', 'high'),
  techniques: list(TEXT),
  source: TEXT,
  about: TEXT,
  period: textThat((text) => readPeriod(text) !== undefined, 'a time such as `24h` or `5d`'),
  language: oneOf('kql'),
  query: TEXT,
  evidence: map({
    class: TEXT,
    match: map({}, TEXT),
    range: map({ from: TEXT, to: TEXT }),
    among: map({}, TEXT),
  }),
  why: TEXT,
  flags: map({}, TEXT),
  false_positives: list(TEXT),
  behaviour: TEXT,
  data_sources: list(TEXT),
  noise: map({ expected: oneOf('very low', 'low', 'medium', 'high'), clears: TEXT }),
  blind_spots: list(map({ misses: TEXT, because: TEXT, under: list(TEXT) })),
  stands_alone: ANY,
  by_default: ANY,
  original: map({ language: TEXT, text: TEXT }),
  exclusions: list(map({ id: TEXT, about: TEXT, where: TEXT, on: oneOf('result', 'table'), opens: TEXT })),
  catches: list(CASE),
  leaves: list(CASE),
  tests: list(
    map({
      name: TEXT,
      source: TEXT,
      signals: list(map({ says: TEXT, log: TEXT, table: TEXT, row: map({}, ANY), shows: map({}, ANY), note: TEXT })),
    }),
  ),
})

/** What a rule of our form leaves out. */
export const OWN_DEFAULTS = {
  level: 'informational',
  confidence: 'medium',
  techniques: [],
  source: '',
  about: '',
  language: 'kql',
  why: '',
  flags: {},
  false_positives: [],
} as const

/** The rule; undefined where what it says is not of the form, which the diagnostics tell. */
export function ownRule(data: unknown, query: string, diagnostics: readonly Diagnostic[]): Rule | undefined {
  if (diagnostics.some(({ code }) => code === 'rule-wrong-value' || code === 'rule-single-value')) return undefined
  // The shape has been checked; what it cannot check is that a test has its parts.
  const said = data as Partial<Rule>
  const tests = said.tests?.filter(
    ({ signals }) => Array.isArray(signals) && signals.every((each) => each.table && each.row),
  )
  const cases = (list: Rule['catches']) =>
    list?.filter(({ events }) => Array.isArray(events) && events.every((each) => each.table && each.row))
  const [catches, leaves] = [cases(said.catches), cases(said.leaves)]
  return {
    id: 'unnamed',
    title: 'a rule without a title',
    ...OWN_DEFAULTS,
    ...said,
    ...(tests ? { tests } : {}),
    ...(catches ? { catches } : {}),
    ...(leaves ? { leaves } : {}),
    query,
  }
}
