import { expect, test } from 'vitest'
import { HOSTILE } from '../../../test/fixtures/report.js'
import { diagnose } from '../../text/diagnostic.js'
import { span } from '../../text/span.js'
import { type CheckedText, sarifChunks } from './sarif.js'

interface Log {
  readonly version: string
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } }
      readonly results: readonly {
        readonly ruleId: string
        readonly ruleIndex: number
        readonly level: string
        readonly message: { readonly text: string }
        readonly locations: readonly [
          {
            readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region?: object }
          },
        ]
      }[]
    },
  ]
}

const log = (checked: readonly CheckedText[]): Log => JSON.parse([...sarifChunks(checked)].join('')) as Log

test('a run without results is a run', () => {
  expect(log([])).toMatchObject({ version: '2.1.0', runs: [{ results: [], tool: { driver: { rules: [] } } }] })
})

test('every result points at its rule and its place', () => {
  const unknown = diagnose('unsupported-operator', span(4, 9), { language: 'KQL', operator: 'found' })
  const syntax = diagnose('syntax-error', undefined, { found: 'this', expected: 'that' })
  const [run] = log([
    { name: 'rules/a b.kql', text: 'one\nfound', diagnostics: [unknown, syntax] },
    { name: '/tmp/ü.kql', text: 'x', diagnostics: [syntax] },
  ]).runs
  expect(run.results.map(({ ruleId, ruleIndex }) => [ruleId, run.tool.driver.rules[ruleIndex]?.id])).toEqual([
    ['unsupported-operator', 'unsupported-operator'],
    ['syntax-error', 'syntax-error'],
    ['syntax-error', 'syntax-error'],
  ])
  expect(run.results.map(({ locations: [{ physicalLocation }] }) => physicalLocation)).toEqual([
    {
      artifactLocation: { uri: 'rules/a%20b.kql' },
      region: { startLine: 2, startColumn: 1, endLine: 2, endColumn: 6 },
    },
    { artifactLocation: { uri: 'rules/a%20b.kql' } },
    { artifactLocation: { uri: 'file:///tmp/%C3%BC.kql' } },
  ])
})

test('hostile names and messages are values and nothing else', () => {
  const checked = HOSTILE.map((name) => ({
    name,
    text: name,
    diagnostics: [diagnose('syntax-error', span(0, name.length), { found: name, expected: name })],
  }))
  const text = [...sarifChunks(checked)].join('')
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
  for (const { message, locations } of log(checked).runs[0].results) {
    expect(message.text).toContain('found ')
    expect(locations[0].physicalLocation.artifactLocation.uri).toMatch(/^[\w.~!*'()%/:-]*$/)
  }
})
