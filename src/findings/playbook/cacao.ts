import { createHash } from 'node:crypto'
import { visible } from '../../text/visible.js'
import type { Incident, Level } from '../report.js'
import { fillText, valuesOf } from './facts.js'
import type { Response, ResponseStep } from './response.js'

/**
 * The response as a CACAO 2.0 playbook (OASIS, cacao-json-schemas). The same incident gives the same ids; `now` is when it is made. The commands
 * are manual: they tell a person what to do, with the incident's values.
 */
export function playbookCacao(response: Response, incident: Incident | null, now: Date): unknown {
  const values = incident && valuesOf(incident)
  const seed = `${response.id} ${incident?.id ?? ''}`
  const id = (kind: string, name: string): string => `${kind}--${uuid(`${seed} ${kind} ${name}`)}`
  const agent = id('group', 'responders')
  const stepId = (step: ResponseStep): string => id(kindOf(step), step.id)
  const idOf = (name: string | undefined): string => {
    const step = response.steps.find((each) => each.id === name)
    if (!step) throw new Error(`the response has no step ${name}`)
    return stepId(step)
  }
  const workflow: Record<string, unknown> = {}
  const start = id('start', 'start')
  workflow[start] = { type: 'start', on_completion: stepId(response.steps[0]!) }
  for (const [index, step] of response.steps.entries()) {
    const end = id('end', step.id)
    const following = step.next ?? (step.end ? undefined : response.steps[index + 1]?.id)
    const completion = following === undefined ? end : idOf(following)
    if (step.condition)
      workflow[stepId(step)] = {
        type: 'if-condition',
        name: step.name,
        condition: "__allowed__:value = 'true'",
        on_true: idOf(step.yes),
        on_false: idOf(step.no),
      }
    else if (step.parallel)
      workflow[stepId(step)] = {
        type: 'parallel',
        name: step.name,
        next_steps: step.parallel.map(idOf),
        on_completion: completion,
      }
    else {
      const command = (text: string): unknown => ({
        type: 'manual',
        command: fillText(text, values, visible),
        ...(step.activity === undefined ? {} : { playbook_activity: step.activity }),
      })
      workflow[stepId(step)] = {
        type: 'action',
        name: step.name,
        on_completion: completion,
        commands: (step.actions ?? []).map(command),
        agent,
      }
      if (completion === end) workflow[end] = { type: 'end' }
    }
  }
  const time = now.toISOString()
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: id('playbook', 'playbook'),
    name: incident ? visible(`${response.name}: ${incident.title}`) : response.name,
    description: incident ? visible(incident.summary) : response.about,
    playbook_types: ['investigation', 'mitigation', 'remediation'],
    playbook_activities: [...new Set(response.steps.flatMap(({ activity }) => activity ?? []))].sort(),
    created_by: id('identity', 'latchkey'),
    created: time,
    modified: time,
    ...(incident ? { severity: SEVERITY[incident.level] } : {}),
    labels: [...response.techniques],
    external_references: response.techniques.map((technique) => ({
      name: `ATT&CK ${technique}`,
      url: `https://attack.mitre.org/techniques/${technique.replace('.', '/')}/`,
      external_id: technique,
    })),
    playbook_variables: {
      __allowed__: {
        type: 'string',
        description: 'true where one record of the policy agrees in everything',
        value: String(incident?.verdict === 'approved'),
      },
      __tools__: { type: 'string', ...(values ? { value: visible(values.tools.join(', ')) } : {}) },
      __hosts__: { type: 'string', ...(values ? { value: visible(values.hosts.join(', ')) } : {}) },
      __instances__: { type: 'string', ...(values ? { value: visible(values.instances.join('; ')) } : {}) },
    },
    workflow_start: start,
    workflow,
    agent_definitions: { [agent]: { type: 'group', name: 'Incident responders' } },
  }
}

const kindOf = ({ condition, parallel }: ResponseStep): string =>
  condition ? 'if-condition' : parallel ? 'parallel' : 'action'

const SEVERITY: Readonly<Record<Level, number>> = { informational: 10, low: 30, medium: 50, high: 75, critical: 95 }

/** A UUID of version 5, whose form CACAO asks for, out of a text. */
function uuid(text: string): string {
  const hex = createHash('sha1').update(`latchkey ${text}`).digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
