import { visible } from '../../text/visible.js'
import type { Incident } from '../report.js'
import { factsFor, fillQuery, fillText, valuesOf } from './facts.js'
import type { Response } from './response.js'

/** The investigation guide and the response playbook as Markdown: of one incident, or in general where none is given. */
export function* playbookMarkdown(response: Response, incident: Incident | null): Iterable<string> {
  const values = incident && valuesOf(incident)
  yield `# ${incident ? `${plain(incident.title)} (${incident.id})` : response.name}\n\n`
  if (incident) {
    yield `${plain(incident.summary)}\n\n`
    yield `Level ${incident.level}: ${plain(incident.severity.arithmetic)}. Verdict of the policy: ${incident.verdict}.\n\n`
  } else yield `${response.about}\n\n`
  yield '## Investigate\n\n'
  for (const [index, question] of response.questions.entries()) {
    yield `### ${index + 1}. ${question.question}\n\n`
    if (incident) {
      const facts = factsFor(question.facts, incident)
      yield facts.length === 0
        ? '- No event that was read shows it: open, not harmless.\n'
        : facts.map((fact) => `- ${code(fact)}\n`).join('')
      yield '\n'
    }
    yield `- *Look at*: ${question.focus}.\n- *Speaks for concern*: ${question.supports}.\n- *Speaks against*: ${question.weakens}.\n\n`
    const query = question.query === undefined ? undefined : values ? fillQuery(question.query, values) : question.query
    if (query !== undefined) yield `\`\`\`kql\n${fenced(query.trimEnd())}\n\`\`\`\n\n`
  }
  yield `**Escalate** when:\n\n${items(response.escalate)}\n**Close** only when:\n\n${items(response.close)}\n${items(response.cautions)}\n`
  yield '## Respond\n\n'
  let number = 0
  for (const step of response.steps) {
    yield `${++number}. **${step.name}**\n`
    for (const action of step.actions ?? []) yield `   - ${fillText(action, values, code)}\n`
    if (step.condition) yield `   - yes: ${nameOf(response, step.yes)}; no: ${nameOf(response, step.no)}\n`
    if (step.parallel) yield `   - at the same time: ${step.parallel.map((id) => nameOf(response, id)).join('; ')}\n`
  }
}

const nameOf = (response: Response, id: string | undefined): string =>
  response.steps.find((step) => step.id === id)?.name ?? ''

const items = (texts: readonly string[]): string => texts.map((text) => `- ${text}\n`).join('')

/** A value from a log where it can be nothing but text. */
const code = (text: string): string => `\`${visible(text).replaceAll('`', 'ˋ')}\``

/** Text in which nothing is markup, and no address can be followed by a click. */
const plain = (text: string): string =>
  visible(text)
    .replace(/\bhttp(s?):\/\//gi, 'hxxp$1://')
    .replace(/[\\`*_{}[\]<>#|!]/g, '\\$&')

/** A fence cannot be ended from within. */
const fenced = (text: string): string =>
  text
    .split('\n')
    .map((line) => visible(line).replace(/^(\s*)```/, '$1ˋˋˋ'))
    .join('\n')
