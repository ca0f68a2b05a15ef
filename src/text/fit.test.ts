import { expect, test } from 'vitest'
import { fitEnd, fitMiddle, pad, widthOf, wrap } from './fit.js'

test('wide characters count two columns and combining marks none', () => {
  expect(widthOf('監視')).toBe(4)
  expect(widthOf('e\u0301')).toBe(1)
})

test.each([
  ['AnyDesk.exe', 11, 'AnyDesk.exe'],
  ['AnyDesk.exe', 7, 'AnyDes…'],
  ['監視カメラ', 6, '監視…'],
  ['AnyDesk.exe', 1, '…'],
  ['AnyDesk.exe', 0, ''],
])('%s in %i columns is %s', (text, width, expected) => {
  expect(fitEnd(text, width)).toBe(expected)
})

test('a path keeps its root and its file name', () => {
  expect(fitMiddle('C:\\Program Files\\Vendor\\Tool\\tool.exe', 20)).toBe('C:\\Prog…ool\\tool.exe')
})

test('no cut is wider than it may be, whatever the text', () => {
  const texts = ['監視カメラ管理サーバー', '👩‍💻🔐'.repeat(40), 'x'.repeat(100_000), 'a\u0301'.repeat(5000), '']
  for (const text of texts)
    for (let width = 0; width < 30; width++) {
      expect(widthOf(fitEnd(text, width))).toBeLessThanOrEqual(width)
      expect(widthOf(fitMiddle(text, width))).toBeLessThanOrEqual(width)
    }
})

test('padding fills to the width on either side', () => {
  expect(pad('監視', 6)).toBe('監視  ')
  expect(pad('12', 4, 'right')).toBe('  12')
})

test('lines break at spaces, and long words anywhere', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
  expect(wrap('', 4)).toEqual([])
})

test('lines beyond the maximum are cut with an ellipsis', () => {
  expect(wrap('one two three four', 5, 2)).toEqual(['one', 'two …'])
  expect(wrap('x'.repeat(1_000_000), 10, 2)).toEqual(['xxxxxxxxxx', 'xxxxxxxxx…'])
})
