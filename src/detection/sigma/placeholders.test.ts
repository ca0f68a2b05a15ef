import { expect, test } from 'vitest'
import { readPlaceholders } from './placeholders.js'

test('values are read from YAML and JSON', () => {
  const read = [...readPlaceholders('admins: [bob, 7]\n"%vips%": eve_*\n')]
  expect(read).toEqual([
    ['admins', ['bob', '7']],
    ['vips', ['eve_*']],
  ])
  expect([...readPlaceholders('{"admins": ["bob"]}').keys()]).toEqual(['admins'])
})

test.each([
  ['- a', 'no map'],
  ['', 'no map'],
  ['a b: [x]', 'no name of a placeholder'],
  ['a: []', 'has no values'],
  ['a: [{ b: c }]', 'no text and no number'],
  ['a: [null]', 'no text and no number'],
  ['a: [', 'Flow sequence'],
])('%s is refused', (text, reason) => {
  expect(() => readPlaceholders(text)).toThrow(reason)
})
