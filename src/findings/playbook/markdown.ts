import { visible, visibleInPlace } from '../../text/visible.js'
import { clock, plural, VERDICT_WORDS } from '../render/words.js'
import { effectWords } from './exclusion-effect.js'
import type { Line, QueryFor } from './fill.js'
import type { Guide, GuideQuery, GuideQuestion, GuideStep } from './guide.js'
import type { RelatedTechnique } from './related.js'
import type { RuleTuning } from './tuning.js'

export interface MarkdownOptions {
  /** The product that the queries are written for. */
  readonly queriesFor: QueryFor
}

/** A guide as Markdown: to be read, printed, or put into a case. Whatever a log holds stands in code spans or is escaped. */
export function* markdownChunks(guide: Guide, { queriesFor }: MarkdownOptions): Iterable<string> {
  const {
    title,
    incident,
    level,
    verdict,
    summary,
    span,
    techniques,
    questions,
    closing,
    close,
    steps,
    tuning,
    rules,
    related,
  } = guide
  const facts = [
    ...(incident === null ? [] : [`incident ${code(incident)}`]),
    ...(level === null ? [] : [level]),
    ...(verdict === null ? [] : [VERDICT_WORDS[verdict]]),
    ...(span.first === null || span.last === null
      ? []
      : [`${text(clock(span.first))} to ${text(clock(span.last))} UTC`]),
    ...(techniques.length === 0 ? [] : [text(techniques.join(', '))]),
  ]
  yield `# Playbook: ${text(title)}\n\n${facts.join(' · ')}\n\n`
  if (summary !== null) yield `${text(summary)}\n\n`
  yield `The queries are KQL. ${WHERE[queriesFor]}\n\n## Investigate\n`
  for (const [index, question] of questions.entries())
    yield questionText(question, index + 1, queriesFor, incident === null)
  yield `\n### What settles it\n\n${list('Escalate at once', closing.escalate)}${list('Close only when', closing.close_only_when)}${list('No answer', closing.not_an_answer)}`
  yield `## Respond\n\nWhere it turns out to be allowed:\n${stepText(close, 0)}\nOtherwise, in this order:\n`
  for (const [index, step] of steps.entries()) yield stepText(step, index + 1)
  yield `\n## Tune\n\n${list('Build an exception on', tuning.build_on)}${list('Never on', tuning.never_on)}${list('Keep it honest', tuning.keep)}`
  for (const rule of rules) yield ruleText(rule)
  if (related.length > 0) yield `## Related in ATT&CK\n\n${related.map(relatedText).join('')}`
}

const WHERE = {
  defender:
    '`latchkey query @file PATHS` runs them over logs or a store, and Microsoft Defender as they are; `--for sentinel` writes them for Microsoft Sentinel.',
  sentinel:
    'They are written for Microsoft Sentinel, where the time is called TimeGenerated; `--for defender` writes them for Microsoft Defender and for `latchkey query`.',
} as const

function questionText(question: GuideQuestion, number: number, queriesFor: QueryFor, general: boolean): string {
  const { question: asked, why, values, notShown, supports, weakens, queries, hunts } = question
  const known = values.map(({ label, values: each }) => `- ${text(label)}: ${valuesText(each)}\n`).join('')
  const unknown =
    notShown.length === 0
      ? ''
      : `- ${general ? 'To find out' : 'Not shown by these events'}: ${text(notShown.join(', ').toLowerCase())}\n`
  const hunting = hunts.length === 0 ? '' : `Hunts: ${hunts.map((id) => code(`latchkey hunt run ${id}`)).join(', ')}\n`
  return `
### ${number}. ${text(asked)}

${text(why)}

${known}${unknown}
${list('Supports concern', supports)}${list('Weakens it', weakens)}${queries.map((query) => queryText(query, queriesFor, general)).join('')}${hunting}`
}

function queryText({ about, ...written }: GuideQuery, queriesFor: QueryFor, general: boolean): string {
  const query = written[queriesFor]
  if (!query.ok)
    return `${text(about)}: ${general ? 'needs' : 'not asked, no event shows'} ${text(query.missing.join(', ').toLowerCase())}.\n\n`
  const left = query.left === 0 ? '' : ` (${plural(query.left, 'value')} left out, there are too many)`
  return `${text(about)}${left}:\n\n${fenced(query.kql, 'kql')}\n`
}

function stepText({ title, why, does, decides, phase, do: todo }: GuideStep, number: number): string {
  const lines = todo.map((each) => ('run' in each ? `- ${code(each.run)}` : `- ${lineText(each)}`))
  const head = `\n### ${number === 0 ? '' : `${number}. `}${text(title)}\n\n*${phase === null ? '' : `${phase}; `}does: ${text(does)}; decides: ${text(decides)}*\n`
  return `${head}${why === null ? '' : `\n${text(why)}\n`}\n${lines.join('\n')}\n`
}

function ruleText({ rule, title, noise, falsePositives, blindSpots, exclusions }: RuleTuning): string {
  return [
    `### ${text(title)}\n\n${code(rule)}${noise === null ? '' : `; expected noise: ${text(noise.expected)}. What clears it: ${text(noise.clears)}`}\n\n`,
    list('Also fires on', falsePositives),
    list(
      'Exclusions, off until switched on',
      exclusions.map(
        ({ id, about, opens, here }) =>
          `--tune ${rule}:${id}: ${about}. What nobody sees any more: ${opens}.${here === null ? '' : ` ${effectWords(here)}`}`,
      ),
    ),
    list(
      'Does not see',
      blindSpots.map(({ misses, because }) => `${misses}. ${because}`),
    ),
  ].join('')
}

function relatedText({ id, name, about, groups, mitigations, strategies }: RelatedTechnique): string {
  const more = [
    ...(groups.length === 0 ? [] : [`Known to do so: ${groups.join(', ')}.`]),
    ...(mitigations.length === 0 ? [] : [`Against it: ${mitigations.join(', ')}.`]),
    ...(strategies.length === 0 ? [] : [`To detect it: ${strategies.join(', ')}.`]),
  ]
  return `- **${text(`${id} ${name}`)}**: ${text([about, ...more].join(' '))}\n`
}

const list = (title: string, items: readonly string[]): string =>
  items.length === 0 ? '' : `**${title}**\n\n${items.map((item) => `- ${text(item)}\n`).join('')}\n`

const lineText = (line: Line): string =>
  line
    .map((part) =>
      typeof part === 'string' ? text(part) : `${codes(part.values)}${part.more > 0 ? ` and ${part.more} more` : ''}`,
    )
    .join('')

/** Short values in a row, long ones a line each. */
const valuesText = (values: readonly string[]): string => {
  if (values.length < 2 || values.every((value) => value.length < SHORT)) return codes(values)
  const rest = values.length - MOST_CODES
  return `${values
    .slice(0, MOST_CODES)
    .map((value) => `\n  - ${code(value)}`)
    .join('')}${rest > 0 ? `\n  - and ${rest} more` : ''}`
}

const SHORT = 36
const MOST_CODES = 25

const codes = (values: readonly string[]): string =>
  values.length <= MOST_CODES
    ? values.map(code).join(', ')
    : `${values.slice(0, MOST_CODES).map(code).join(', ')} and ${values.length - MOST_CODES} more`

/** Text in which nothing is Markdown or HTML. A backslash before any sign of ASCII is that sign: https://spec.commonmark.org/0.31.2/#backslash-escapes */
export const text = (value: string): string =>
  visible(value).replace(/[\\`*_{}[\]<>#|~&]|(?<=\w:)\/\/|@|^[-+=]|(?<=^\d+)[.)]/g, (sign) =>
    [...sign].map((each) => `\\${each}`).join(''),
  )

/** A code span: its fence is longer than any run of backticks in it. */
export function code(value: string): string {
  const shown = visible(value) || ' '
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const room = /^[` ]|[` ]$/.test(shown) ? ' ' : ''
  return `${fence}${room}${shown}${room}${fence}`
}

function fenced(value: string, language: string): string {
  const shown = visibleInPlace(value)
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${shown}\n${fence}\n`
}
