import { describe, expect, test } from 'vitest'
import { hasTag, isFound, isNamed, isSelected, type RuleFacts } from './select-rules.js'

const RULE: RuleFacts = {
  id: '5CCE2E3C-0000-4000-8000-000000000001',
  title: 'Tool started (by a script)',
  file: './rules/windows/process_creation/proc_creation_win_tool.yml',
  status: 'test',
  tags: ['attack.t1059.001', 'attack.execution', 'cve.2021-44228'],
  techniques: ['T1059.001'],
}
const ALL = { statuses: [], tags: [], excluded: [] }

describe('a pattern', () => {
  test.each([
    '5cce2e3c-0000-4000-8000-000000000001',
    'Tool started (by a script)',
    'tool started*',
    './rules/windows/process_creation/proc_creation_win_tool.yml',
    'rules/windows',
    'Process_Creation/',
    'rules\\windows\\process_creation',
    'proc_creation_win_tool.yml',
    'proc_creation_win_*.yml',
  ])('names the rule: %s', (pattern) => expect(isNamed(RULE, pattern)).toBe(true))

  test.each(['tool started', '5cce2e3c', 'windows/proc', 'ules/windows', '', '/', '.', 'proc_creation_win_tool'])(
    'names another: %s',
    (pattern) => expect(isNamed(RULE, pattern)).toBe(false),
  )

  test('finds parts of names where a filter asks', () => {
    for (const pattern of ['tool started', '5cce2e3c', 'creation_win_tool', 'script)'])
      expect(isFound(RULE, pattern)).toBe(true)
    expect(isFound(RULE, 'tool?started')).toBe(false)
  })
})

test.each([
  ['attack.execution', true],
  ['ATTACK.T1059', true],
  ['t1059', true],
  ['T1059.001', true],
  ['cve.*', true],
  ['attack.t105', false],
  ['T1059.003', false],
  ['execution', false],
])('the tag %s: %s', (tag, has) => expect(hasTag(RULE, tag)).toBe(has))

test('a rule without a status is no matter of status', () => {
  expect(isSelected(RULE, { ...ALL, statuses: ['stable'] })).toBe(false)
  expect(isSelected(RULE, { ...ALL, statuses: ['stable', 'test'] })).toBe(true)
  expect(isSelected({ ...RULE, status: null }, { ...ALL, statuses: ['stable'] })).toBe(true)
})

test('excluded goes before everything', () => {
  expect(isSelected(RULE, { statuses: ['test'], tags: ['T1059'], excluded: ['rules'] })).toBe(false)
  expect(isSelected(RULE, { statuses: ['test'], tags: ['T1059'], excluded: ['rule'] })).toBe(true)
})
