import { describe, expect, test } from 'vitest'
import { fleetIncidents, hostileReport } from '../../../test/fixtures/report.js'
import { compileKql } from '../../detection/compile-query.js'
import { playbookCacao } from './cacao.js'
import { factsFor, fillQuery, valuesOf } from './facts.js'
import { playbookMarkdown } from './markdown.js'
import { loadResponse } from './response.js'

const response = loadResponse()
const [incident] = fleetIncidents()
const hostile = hostileReport().incidents
const NOW = new Date('2026-03-15T08:00:00Z')

describe('the guide', () => {
  test('asks in order and answers with the incident’s values', () => {
    const text = [...playbookMarkdown(response, incident!)].join('')
    const places = response.questions.map(({ question }) => text.indexOf(question))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
    for (const value of ['NLX-DC-01', 'invoice.exe', 'OUTLOOK.EXE → msedge.exe', 'svc-north@ad'])
      expect(text).toContain(value)
  })

  test('says where nothing is shown that this is open', () => {
    const bare = { ...incident!, chains: [{ ...incident!.chains[0]!, delivery: null, steps: [] }] }
    expect(factsFor('delivery', bare)).toEqual([])
    expect([...playbookMarkdown(response, bare)].join('')).toContain('open, not harmless')
  })

  test.each(response.questions.filter(({ query }) => query !== undefined))(
    'the query of “$question” runs',
    ({ query }) => {
      for (const each of [incident!, ...hostile]) {
        const filled = fillQuery(query!, valuesOf(each))
        if (filled === undefined) continue
        const { ok, diagnostics } = compileKql(filled, { asOf: 0 })
        expect(
          diagnostics.filter(({ severity }) => severity === 'error'),
          filled,
        ).toEqual([])
        expect(ok).toBe(true)
      }
    },
  )

  test('a query that asks for what is not known is left out', () => {
    const { needs, query } = response.questions.find((each) => each.needs === 'tenant')!
    expect(needs).toBe('tenant')
    const values = valuesOf({ ...incident!, chains: [{ ...incident!.chains[0]!, tenant: null, otherTenants: [] }] })
    expect(fillQuery(query!, values)).toBeUndefined()
  })

  test('nothing from a log becomes markup, a link or an end of a fence', () => {
    for (const each of hostile) {
      const text = [...playbookMarkdown(response, each)].join('')
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
      expect(text.split('\n').filter((line) => line.startsWith('```')).length % 2).toBe(0)
    }
    const link = { ...incident!, summary: 'see https://evil.example/ and [this](javascript:1) <b>' }
    const [, summary] = [...playbookMarkdown(response, link)]
    expect(summary).not.toMatch(/https:|[^\\]\[|[^\\]</)
  })
})

interface Step {
  readonly type: string
  readonly on_completion?: string
  readonly on_true?: string
  readonly on_false?: string
  readonly next_steps?: readonly string[]
  readonly agent?: string
  readonly commands?: readonly { readonly command: string }[]
}

describe('the CACAO playbook', () => {
  const made = playbookCacao(response, incident!, NOW) as {
    readonly id: string
    readonly created: string
    readonly workflow_start: string
    readonly workflow: Readonly<Record<string, Step>>
    readonly agent_definitions: Readonly<Record<string, unknown>>
  }
  const steps = Object.entries(made.workflow)

  test('has ids of the form that CACAO asks for, and every step leads to one that is there', () => {
    const form = /^[a-z-]+--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    for (const [id, step] of steps) {
      expect(id).toMatch(form)
      expect(id.startsWith(`${step.type}--`)).toBe(true)
      const next = [step.on_completion, step.on_true, step.on_false, ...(step.next_steps ?? [])].filter(
        (each) => each !== undefined,
      )
      for (const each of next) expect(made.workflow, each).toHaveProperty([each])
      if (step.type === 'action') {
        expect(step.commands!.length).toBeGreaterThan(0)
        expect(made.agent_definitions).toHaveProperty([step.agent!])
      }
    }
    expect(made.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('reaches every step from its start', () => {
    const seen = new Set<string>()
    const visit = (id: string): void => {
      if (seen.has(id)) return
      seen.add(id)
      const { on_completion, on_true, on_false, next_steps } = made.workflow[id]!
      for (const each of [on_completion, on_true, on_false, ...(next_steps ?? [])]) if (each !== undefined) visit(each)
    }
    visit(made.workflow_start)
    expect(steps.map(([id]) => id).filter((id) => !seen.has(id))).toEqual([])
  })

  test('is the same again for the same incident, and names its hosts', () => {
    expect(playbookCacao(response, incident!, NOW)).toEqual(made)
    expect((playbookCacao(response, { ...incident!, id: 'i-00000000' }, NOW) as { id: string }).id).not.toBe(made.id)
    expect(JSON.stringify(made)).toContain('NLX-DC-01')
    expect(JSON.stringify(made)).not.toMatch(/\{\w+\}/)
  })
})
