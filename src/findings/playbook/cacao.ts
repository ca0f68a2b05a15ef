import { visible } from '../../text/visible.js'
import type { Level } from '../report.js'
import type { FilledQuery, Line, QueryFor } from './fill.js'
import type { Guide, GuideQuestion, GuideStep } from './guide.js'
import { uuidOf } from './uuid.js'

export interface CacaoOptions {
  /** The product that the queries are written for. */
  readonly queriesFor: QueryFor
  /** When it is made. */
  readonly now: Date
}

/**
 * A guide as a CACAO 2.0 playbook: a question an action, the gate, then the steps; steps that contain run side by side. The commands are manual,
 * they tell a person what to do. The same incident gives the same ids.
 * https://docs.oasis-open.org/cacao/security-playbooks/v2.0/security-playbooks-v2.0.html
 */
export function cacaoOf(guide: Guide, { queriesFor, now }: CacaoOptions): unknown {
  const { incident, title, summary, level, verdict, techniques, questions, close, steps, values } = guide
  const id = (kind: string, name: string): string =>
    `${kind}--${uuidOf(`${incident ?? `general ${title}`} ${kind} ${name}`)}`
  const roles = new Map([close, ...steps].flatMap(({ does }) => [[does, id('group', does)] as const]))
  const analyst = roles.get(close.does)!
  const workflow: Record<string, unknown> = {}
  const end = (name: string): string => {
    const key = id('end', name)
    workflow[key] = { type: 'end' }
    return key
  }
  const respond = (step: GuideStep, next: string): string => {
    const key = id('action', step.id)
    workflow[key] = {
      type: 'action',
      name: step.title,
      description: textOf([...(step.why === null ? [] : [step.why]), `Decided by: ${step.decides}.`].join(' ')),
      on_completion: next,
      commands: step.do.map((each) => command('run' in each ? `Run: ${each.run}` : lineText(each), step.activity)),
      agent: roles.get(step.does)!,
    }
    return key
  }

  // From the last to the first, because each names what comes after it.
  let next = end('response')
  for (const group of sideBySide(steps).toReversed()) {
    if (group.length === 1) next = respond(group[0]!, next)
    else {
      const key = id('parallel', group[0]!.id)
      workflow[key] = {
        type: 'parallel',
        name: `At the same time: ${group.map((step) => step.title).join('; ')}`,
        next_steps: group.map((step) => respond(step, end(step.id))),
        on_completion: next,
      }
      next = key
    }
  }
  const gate = id('if-condition', 'allowed')
  workflow[gate] = {
    type: 'if-condition',
    name: 'Does one entry of the policy allow all of it?',
    condition: "__allowed__:value = 'true'",
    on_true: respond(close, end('allowed')),
    on_false: next,
  }
  next = gate
  for (const question of questions.toReversed()) {
    const key = id('action', question.id)
    workflow[key] = {
      type: 'action',
      name: question.question,
      description: question.why,
      on_completion: next,
      commands: questionCommands(question, queriesFor).map((each) => command(each, 'analyze-collected-data')),
      agent: analyst,
    }
    next = key
  }
  const start = id('start', 'start')
  workflow[start] = { type: 'start', on_completion: next }

  const time = now.toISOString()
  const names = new Map(guide.related.map(({ id: key, name }) => [key, name]))
  const labels = techniques.filter((technique) => /^T\d{4}(?:\.\d{3})?$/.test(technique))
  const variable = (name: string, about: string) => {
    const value = values[name] ?? []
    return { type: 'string', description: about, ...(value.length === 0 ? {} : { value: textOf(value.join(', ')) }) }
  }
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: id('playbook', 'playbook'),
    name: textOf(title),
    ...(summary === null ? {} : { description: textOf(summary) }),
    playbook_types: ['investigation', 'mitigation', 'remediation'],
    playbook_activities: [
      ...new Set(['analyze-collected-data', ...[close, ...steps].map(({ activity }) => activity)]),
    ].sort(),
    created_by: id('identity', 'latchkey'),
    created: time,
    modified: time,
    ...(level === null ? {} : { severity: SEVERITY[level] }),
    ...(labels.length === 0
      ? {}
      : {
          labels,
          external_references: labels.map((technique) => ({
            name: `ATT&CK ${technique}${names.has(technique) ? ` ${names.get(technique)}` : ''}`,
            url: `https://attack.mitre.org/techniques/${technique.replace('.', '/')}/`,
            external_id: technique,
          })),
        }),
    playbook_variables: {
      __allowed__: {
        type: 'string',
        description: 'true where one entry of the policy agrees in tool, instance, folder, host, person and time',
        value: String(verdict === 'approved'),
      },
      __tools__: variable('tools', 'The tools'),
      __hosts__: variable('hosts', 'The hosts'),
      __users__: variable('users', 'The accounts'),
      __instances__: variable('instances', 'Relays, accounts and ids that the tools are bound to'),
    },
    workflow_start: start,
    workflow,
    agent_definitions: Object.fromEntries([...roles].map(([name, key]) => [key, { type: 'group', name }])),
  }
}

const SEVERITY: Readonly<Record<Level, number>> = { informational: 10, low: 30, medium: 50, high: 75, critical: 95 }

/** Neighbouring steps that contain are one group; every other is its own. */
function sideBySide(steps: readonly GuideStep[]): readonly (readonly GuideStep[])[] {
  const groups: GuideStep[][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    if (step.phase === 'contain' && last?.[0]?.phase === 'contain') last.push(step)
    else groups.push([step])
  }
  return groups
}

function questionCommands(question: GuideQuestion, queriesFor: QueryFor): readonly string[] {
  const { question: asked, values, notShown, supports, weakens, queries, hunts } = question
  return [
    [
      `Answer: ${asked}`,
      ...values.map(
        ({ label, values: each }) =>
          `${label}: ${each.slice(0, MOST).join('; ')}${each.length > MOST ? ` and ${each.length - MOST} more` : ''}`,
      ),
      ...(notShown.length === 0 ? [] : [`To find out: ${notShown.join(', ')}`]),
      `Supports concern: ${supports.join('; ')}`,
      `Weakens it: ${weakens.join('; ')}`,
    ]
      .map(textOf)
      .join('\n'),
    ...queries.flatMap((query) => {
      const written: FilledQuery = query[queriesFor]
      return written.ok
        ? [`${query.about}, as KQL for ${PRODUCT[queriesFor]}:\n${withoutReference(written.kql, '_\\u005f')}`]
        : []
    }),
    ...hunts.map((hunt) => `Run: latchkey hunt run ${hunt}`),
  ]
}

const PRODUCT: Readonly<Record<QueryFor, string>> = {
  defender: 'latchkey query and Microsoft Defender',
  sentinel: 'Microsoft Sentinel',
}
const MOST = 20

const command = (text: string, activity: string) => ({ type: 'manual', command: text, playbook_activity: activity })

const lineText = (line: Line): string =>
  textOf(
    line
      .map((part) =>
        typeof part === 'string' ? part : `${part.values.join(', ')}${part.more > 0 ? ` and ${part.more} more` : ''}`,
      )
      .join(''),
  )

const textOf = (text: string): string => withoutReference(visible(text), '_\u02cd')

/** `__name__:value` in a text is a variable to whoever runs a playbook; in a value from a log it must be none. */
const withoutReference = (text: string, underscores: string): string =>
  text.replace(/__(?=[a-zA-Z_][\w-]{0,198}__:)/g, underscores)
