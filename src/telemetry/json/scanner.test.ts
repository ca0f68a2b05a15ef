import { expect, it } from 'vitest'
import { PathTable } from './paths.js'
import { BROKEN, CUT, JsonScanner } from './scanner.js'
import { leaves, parseJsonTree } from './tree.js'

const scan = (text: string): number => {
  const bytes = Buffer.from(text)
  return new JsonScanner(new PathTable()).object(bytes, 0, bytes.length)
}

it('accepts and refuses what JSON.parse does', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '"\\q"',
    '1',
    '-0.5e+3',
    '01',
    '.5',
    '1.',
    'true',
    'nul',
    'null',
    ' ',
    '\n',
    '"',
  ]
  let seed = 1
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  const value = (depth: number): string => {
    const kind = depth > 3 ? 5 : random(8)
    if (kind === 0)
      return `{${Array.from({ length: random(3) }, () => `"k${random(3)}" : ${value(depth + 1)}`).join(',')}}`
    if (kind === 1) return `[ ${Array.from({ length: random(3) }, () => value(depth + 1)).join(' , ')}]`
    return pieces[6 + random(11)]!
  }
  for (let round = 0; round < 20_000; round++) {
    let text = `{"a":${value(0)},"b":${value(0)}}`
    if (random(2) === 0) {
      const at = 1 + random(text.length - 1)
      text = text.slice(0, at) + pieces[random(pieces.length)]! + text.slice(at + random(2))
    }
    let expected: unknown
    try {
      expected = JSON.parse(text)
    } catch {
      expected = undefined
    }
    const end = scan(text)
    const isWhole = end === text.length
    if (isWhole !== (expected !== undefined)) expect([text, end]).toBe(expected === undefined ? 'refused' : 'accepted')
  }
})

it('says that a value goes on, wherever it is cut', () => {
  const text = '{"a":{"b":[1,-2.5e3,"x\\u00e9\\n",true,null,{}],"c":"d"},"e":false}'
  expect(scan(text)).toBe(text.length)
  for (let length = 1; length < text.length; length++)
    expect([length, scan(text.slice(0, length))]).toEqual([length, CUT])
  expect(scan('{"a":tru}')).toBe(BROKEN)
})

it('a tree has what JSON.parse has', () => {
  const value = { a: [1, 'x "y"', [], [[2]], { b: null }], c: { d: true, e: -1.5 }, f: 'é\n', g: {} }
  for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
    const tree = parseJsonTree(text)!
    expect(Object.fromEntries(leaves(tree))).toEqual({ a: JSON.stringify(value.a), 'c.d': true, 'c.e': -1.5, f: 'é\n' })
  }
  expect(parseJsonTree('{"a":1} x')).toBeUndefined()
  expect(parseJsonTree('12345678901234567890')).toEqual({ kind: 'value', value: 12345678901234567890n })
})
