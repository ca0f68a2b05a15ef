import { expect, test } from 'vitest'
import { visible, visibleInPlace, visibleJson, visibleParts } from './visible.js'

test.each([
  ['plain text with \\ and <tags>', 'plain text with \\ and <tags>'],
  ['\u001b[2J', '<U+001B>[2J'],
  ['\u009b31m', '<U+009B>31m'],
  ['a\r\nb\tc\u0000', 'a<U+000D><U+000A>b<U+0009>c<U+0000>'],
  ['invoice\u202egpj.exe', 'invoice<U+202E>gpj.exe'],
  ['\u2066x\u2069\u200f\u061c', '<U+2066>x<U+2069><U+200F><U+061C>'],
  ['zero\u200bwidth\ufeff\u00ad', 'zero<U+200B>width<U+FEFF><U+00AD>'],
  ['\u{e0041}\ufe0f\u3164', '<U+E0041><U+FE0F><U+3164>'],
  ['line\u2028para\u2029', 'line<U+2028>para<U+2029>'],
  ['lone \ud800', 'lone <U+D800>'],
  ['a\u0301\u0301\u0301\u0301', 'a\u0301\u0301\u0301<U+0301>'],
  ['Grüße 監視 שלום 🔐', 'Grüße 監視 שלום 🔐'],
])('%j becomes harmless', (text, expected) => {
  expect(visible(text)).toBe(expected)
})

test('text that is visible already stays as it is', () => {
  expect(visible(visible('\u001b[0m\u202e'))).toBe(visible('\u001b[0m\u202e'))
})

test('in place, every UTF-16 unit keeps its column', () => {
  const text = 'a\u001b\tb\u202ec\u{e0041}d\n'
  expect(visibleInPlace(text)).toBe('a\u241b\tb\ufffdc\ufffd\ufffdd\n')
  expect(visibleInPlace(text)).toHaveLength(text.length)
})

test('JSON keeps its value and loses what drives a terminal', () => {
  const value = { '\u009bkey': ['\u202e', '\u{e0041}', '\u007f', 'plain\nline'] }
  const json = visibleJson(JSON.stringify(value, null, 2))
  expect(JSON.parse(json)).toEqual(value)
  expect(json).not.toMatch(/[\u007f-\u009f\u202e]|\u{e0041}/u)
})

test('parts put together are the visible text', () => {
  const text = 'x\u202ey\u0000'
  expect(visibleParts(text)).toEqual([{ text: 'x' }, { code: '202E' }, { text: 'y' }, { code: '0000' }])
})
