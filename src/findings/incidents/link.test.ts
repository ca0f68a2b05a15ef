import { expect, test } from 'vitest'
import { registrable, stories } from './link.js'

test.each([
  ['relay.example.com', 'example.com'],
  ['EXAMPLE.com.', 'example.com'],
  ['a.b.example.co.uk', 'example.co.uk'],
  ['co.uk', undefined],
  ['10.1.2.3', undefined],
  ['fe80::1', undefined],
  ['localhost', undefined],
  ['..', undefined],
])('%s belongs to %s', (name, domain) => {
  expect(registrable(name)).toBe(domain)
})

test('what is tied by others is one story, what is not is its own', () => {
  const links = [
    { from: 0, to: 2, why: '' },
    { from: 2, to: 4, why: '' },
    { from: 1, to: 3, why: '' },
  ]
  expect(stories(6, links)).toEqual([[0, 2, 4], [1, 3], [5]])
})
