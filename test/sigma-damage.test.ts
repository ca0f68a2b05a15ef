import { expect, test } from 'vitest'
import { piecesOf } from '../src/detection/explain/sigma/judge.js'
import { lintSigma } from '../src/detection/lint/sigma/index.js'
import { readOverlay } from '../src/detection/overlay/read-overlay.js'
import { compileSigma } from '../src/detection/sigma/compile.js'
import { buildCorrelation } from '../src/detection/sigma/correlation/build.js'
import { collect, parseSigma } from '../src/dialects/sigma/index.js'
import { type Dice, dice } from './fixtures/dice.js'
import { randomDocuments } from './fixtures/random-sigma.js'

// Damaged Sigma files and overlays: whatever stands in them, they are read or refused, and nothing throws.
const SHARDS = [
  ...[
    'null',
    '[]',
    '{}',
    '~',
    '"',
    "'",
    '|',
    '*',
    '&a',
    '*a',
    '- ',
    '\n',
    '---\n',
    '%x%',
    'not ',
    '1 of ',
    '999999999999',
  ],
  ...[
    '-1',
    '0x',
    '\u0000',
    '\u202e',
    '😀',
    ': ',
    '__proto__: 1\n',
    'constructor: x\n',
    '{',
    '}',
    '[',
    ']',
    'x'.repeat(3000),
  ],
]

function damaged(roll: Dice, text: string): string {
  let made = text
  for (let blow = 0; blow < 1 + roll(4); blow++) {
    const at = roll(made.length)
    const shard = roll(4) === 0 ? '' : SHARDS[roll(SHARDS.length)]!
    made = made.slice(0, at) + shard + made.slice(at + roll(12))
  }
  return made
}

test('Sigma files', () => {
  let usable = 0
  for (let seed = 1; seed <= 60; seed++) {
    const roll = dice(seed)
    const text = randomDocuments(roll)
      .map((each) => JSON.stringify(each, null, 1))
      .join('\n---\n')
    const parsed = parseSigma(damaged(roll, text))
    lintSigma([{ path: 'a.yml', ...parsed }])
    for (const member of collect(parsed.documents)) {
      if (member.kind === 'correlation' && member.resolved) buildCorrelation(member.resolved)
      if (member.kind !== 'rule' || !compileSigma(member.rule).ok) continue
      piecesOf(member.rule, new Map())
      usable++
    }
  }
  expect(usable).toBeGreaterThan(20)
})

test('overlays', () => {
  const text =
    'overlay: 1\nentries:\n  - id: a\n    rules: [x, y]\n    filter: { s: { User|startswith: z }, condition: not s }\n    expires: "2026-12-31"\n  - { id: b, tags: t, level: low }\n'
  let refused = 0
  for (let seed = 1; seed <= 300; seed++)
    if (readOverlay('o.yaml', damaged(dice(seed), text)).diagnostics.length > 0) refused++
  expect(refused).toBeGreaterThan(100)
})
