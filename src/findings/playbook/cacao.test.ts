import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { fleetReport, hostileReport } from '../../../test/fixtures/report.js'
import { cacaoOf } from './cacao.js'
import { guideInGeneral, guideOfTool, guidesOf } from './guide.js'

const OPTIONS = { queriesFor: 'defender', now: new Date('2026-03-15T08:00:00.250Z') } as const

interface Playbook {
  readonly id: string
  readonly created: string
  readonly playbook_activities: readonly string[]
  readonly workflow_start: string
  readonly workflow: Readonly<Record<string, Step>>
  readonly agent_definitions: Readonly<Record<string, object>>
}

interface Step {
  readonly type: string
  readonly on_completion?: string
  readonly on_true?: string
  readonly on_false?: string
  readonly next_steps?: readonly string[]
  readonly agent?: string
  readonly commands?: readonly { readonly command: string; readonly playbook_activity: string }[]
}

const guides = [...guidesOf(fleetReport()), ...guidesOf(hostileReport()), guideInGeneral(), guideOfTool('anydesk')!]
const playbooks = guides.map((guide) => cacaoOf(guide, OPTIONS) as Playbook)

/** OASIS' own schemas; test/fixtures/cacao says where they are from. They are draft 7 with a keyword of a later draft, which is not looked at. */
const schemas = 'test/fixtures/cacao/schemas'
const ajv = new Ajv({ strict: false, allErrors: true })
for (const name of readdirSync(schemas, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.json')))
  ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)
const held = (to: string, value: unknown): void => {
  const validate = ajv.getSchema(
    `https://raw.githubusercontent.com/oasis-open/cacao-json-schemas/main/schemas/${to}.json`,
  )!
  validate(value)
  expect(validate.errors ?? []).toEqual([])
}

const nextOf = ({ on_completion, on_true, on_false, next_steps }: Step): readonly string[] =>
  [on_completion, on_true, on_false, ...(next_steps ?? [])].filter((each) => each !== undefined)

describe('a CACAO playbook', () => {
  test.each(playbooks)('$id is what the schemas of OASIS ask for', (playbook) => {
    held('playbook', playbook)
    for (const step of Object.values(playbook.workflow)) {
      held(`workflows/${step.type}`, step)
      for (const each of step.commands ?? []) held('commands/manual', each)
    }
    for (const agent of Object.values(playbook.agent_definitions)) held('agent-target/group', agent)
    expect(playbook.created).toMatch(/\.\d{3}Z$/)
  })

  test.each(playbooks)('$id reaches every step from its start, and every way ends', ({ workflow, workflow_start }) => {
    const reached = new Set<string>()
    const walk = (id: string, way: readonly string[]): void => {
      expect(way).not.toContain(id)
      const step = workflow[id]
      expect(step, id).toBeDefined()
      reached.add(id)
      const next = nextOf(step!)
      expect(next.length === 0).toBe(step!.type === 'end')
      for (const each of next) walk(each, [...way, id])
    }
    walk(workflow_start, [])
    expect([...reached].sort()).toEqual(Object.keys(workflow).sort())
  })

  test('names every activity and agent that its steps have', () => {
    for (const { workflow, playbook_activities, agent_definitions } of playbooks)
      for (const { commands, agent } of Object.values(workflow)) {
        for (const { playbook_activity } of commands ?? []) expect(playbook_activities).toContain(playbook_activity)
        if (agent !== undefined) expect(agent_definitions).toHaveProperty([agent])
      }
  })

  test('has the same ids again for the same incident, and others for another', () => {
    expect(cacaoOf(guides[0]!, OPTIONS)).toEqual(playbooks[0])
    const other = cacaoOf({ ...guides[0]!, incident: 'i-00000000' }, OPTIONS) as Playbook
    expect(Object.keys(other.workflow).filter((id) => id in playbooks[0]!.workflow)).toEqual([])
  })

  test('takes no variable out of a value, and nothing that cannot be seen', () => {
    const [guide] = guides
    const values = { ...guide!.values, hosts: ['__tools__:value \u202e'] }
    const text = JSON.stringify(cacaoOf({ ...guide!, values, title: '__tools__:value' }, OPTIONS))
    expect(text).not.toContain('__tools__:')
    for (const each of playbooks) expect(JSON.stringify(each)).not.toMatch(/[\p{Cf}\u2028]/u)
  })
})
