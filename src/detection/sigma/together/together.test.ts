import { expect, test } from 'vitest'
import { compareSigma } from '../../../../test/fixtures/compare-sigma.js'
import { requiredTexts } from './required-texts.js'
import { TextIndex } from './text-index.js'
import { ValueCodes } from './value-codes.js'
import { matchesWildcard } from './wildcard.js'

test('random rules over random events give together what each gives alone', async () => {
  const { wrong, met, refused } = await compareSigma(7, 40, 60)
  expect(wrong).toEqual([])
  expect(met).toBeGreaterThan(10)
  expect(refused).toBeLessThan(10)
})

test.each([
  ['abc', ['abc']],
  ['a.*bcd', ['bcd']],
  ['(?:foo|bar)baz', ['baz']],
  ['(?:foobar|bargain)x?', ['foobar', 'bargain']],
  ['abc|def', ['abc', 'def']],
  ['ab+c', ['ab']],
  ['abc?', ['ab']],
  ['(abc)?de', ['de']],
  ['(abc){2}', ['abc']],
  ['(abc){0,2}de', ['de']],
  ['\\.exe$', ['.exe']],
  ['(?i)AbC', ['abc']],
  ['\\Qa.b\\E', ['a.b']],
  ['[abc]de', ['de']],
  ['[]x]yz', ['yz']],
  ['\\x41bc', ['bc']],
  ['\\p{Greek}abc', ['abc']],
  ['abc|.*', undefined],
  ['\\d+', undefined],
  ['', undefined],
])('what matches %s has one of %j in it', (source, texts) => {
  expect(requiredTexts(source)).toEqual(texts)
})

test.each([
  ['a*c', 'abc', true],
  ['a*c', 'ac', true],
  ['a*c', 'acb', false],
  ['*a*b*', 'xaxxbx', true],
  ['a?c', 'a😀c', true],
  ['a?c', 'ac', false],
  ['*?', '', false],
  ['**', '', true],
  ['*ab', 'aab', true],
])('%s takes %s: %s', (pattern, text, expected) => {
  expect(matchesWildcard(pattern, text)).toBe(expected)
})

test('needles of any length are found, at the edges and where they overlap', () => {
  const needles = ['a', 'ab', 'abc', 'abcd', 'bcde', 'abcde', 'é', '日本', 'aaaa', 'x'.repeat(300)]
  const index = new TextIndex(needles.length * 3)
  for (const [number, needle] of needles.entries())
    for (const [place, how] of (['contains', 'prefix', 'suffix'] as const).entries())
      index.add(number * 3 + place, { how, needles: [needle], folds: true })
  const values = ['', 'ABCDE', 'xabcdex', 'aaaaa', 'É日本', 'x'.repeat(301), 'abc', 'dea', 'bcd']
  index.prepare(values)
  for (const value of values) {
    const holds: number[] = []
    index.match(value, holds, [])
    const folded = value.toLowerCase()
    const expected = needles.flatMap((needle, number) => [
      ...(folded.includes(needle) ? [number * 3] : []),
      ...(folded.startsWith(needle) ? [number * 3 + 1] : []),
      ...(folded.endsWith(needle) ? [number * 3 + 2] : []),
    ])
    expect([value, holds.sort((a, b) => a - b)]).toEqual([value, expected])
  }
})

test('a value keeps its number however many there are', () => {
  const codes = new ValueCodes(4)
  const numbers = Array.from({ length: 5000 }, (_, index) => codes.codeOf(index * 7919, -index))
  expect(numbers).toEqual(Array.from({ length: 5000 }, (_, index) => index))
  expect(codes.codeOf(42 * 7919, -42)).toBe(42)
  expect(codes.size).toBe(5000)
})
