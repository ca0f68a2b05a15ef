import { describe, expect, test } from 'vitest'
import { parseRuleFile } from '../detection/rules/index.js'
import { loadRules } from '../detection/rules.js'
import { chooseRules } from './selection.js'

const sigma = (title: string, more: string): string =>
  `title: ${title}\nlogsource:\n    product: windows\ndetection:\n    a:\n        EventID: 1\n    condition: a\n${more}`

const FILES = [
  parseRuleFile('rules/a.yml', sigma('A', 'status: stable\ntags:\n    - attack.t1219.002\n')),
  parseRuleFile('rules/b.yml', sigma('B', 'status: test\ntags:\n    - attack.execution\n')),
  parseRuleFile(
    'filters/f.yml',
    'title: F\nlogsource:\n    product: windows\nfilter:\n    rules:\n        - any\n    s:\n        EventID: 2\n    condition: not s\n',
  ),
]

const chosen = (options: Parameters<typeof chooseRules>[2]): readonly string[] => {
  const { rules, sigma: documents } = chooseRules(loadRules().slice(0, 1), FILES, options)
  return [...rules.map(() => 'own'), ...documents.map(({ document }) => document.title)]
}

describe('rules that run', () => {
  test('are all without options', () => expect(chosen({})).toEqual(['own', 'A', 'B', 'F']))
  test('by status: what has none stays', () => expect(chosen({ status: ['Stable'] })).toEqual(['own', 'A', 'F']))
  test('by tag: our own by their techniques', () => expect(chosen({ tag: ['T1219'] })).toEqual(['own', 'A', 'F']))
  test('without what is excluded', () => expect(chosen({ exclude: ['a.yml', 'filters'] })).toEqual(['own', 'B']))
})

test('what no rule has is a mistake with the nearest name', () => {
  expect(() => chosen({ status: ['stabel'] })).toThrow('--status stabel: no rule has that status; closest is stable')
  expect(() => chosen({ tag: ['attack.exec'] })).toThrow('--tag attack.exec: no rule has that tag')
})

test('a pattern that names no rule is told', () => {
  expect(chooseRules([], FILES, { exclude: ['a.yml', 'nothing'] }).unused).toEqual(['nothing'])
})

test('a correlation brings the rules that it needs, and those are not chosen themselves', () => {
  const text = `${sigma('A', 'name: a\n')}---\ntitle: C\nname: c\ntags: [attack.impact]\ncorrelation: { type: event_count, rules: [a], timespan: 1m, condition: { gte: 2 } }\n`
  const choose = (options: Parameters<typeof chooseRules>[2]) =>
    chooseRules([], [parseRuleFile('c.yml', text)], options).sigma.map(({ document, forOthers }) => [
      document.title,
      forOthers,
    ])
  expect(choose({ tag: ['attack.impact'] })).toEqual([
    ['A', true],
    ['C', undefined],
  ])
  expect(choose({ tag: ['attack.impact'], exclude: ['A'] })).toEqual([['C', undefined]])
})
