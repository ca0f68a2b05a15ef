import { expect, test } from 'vitest'
import { dice } from '../../../test/fixtures/dice.js'
import type { Diagnostic } from '../../text/diagnostic.js'
import { readAnyYaml } from './parser.js'
import { readPlainYaml } from './plain-yaml.js'
import type { Tree } from './tree.js'

const RULE = `title: A rule # with a comment
id: 11111111-1111-4111-8111-111111111111
description: |
    Looks for it:
      - indented

    and after an empty line
references:
    - https://example.net/a#b
    - 'https://example.net/?q=it''s'
# a comment
date: 2025-01-02
level: high
count: 12
odd: 0x1f
logsource:
    category: process_creation
    product: windows
detection:
    selection_img:
        - Image|endswith:
              - '\\a.exe'
              - "b.exe"
        - OriginalFileName: a:b
    'quoted key':
        CommandLine|contains|all:
        - -x
        - 5
    filter:
        Company: null
        Signed: true
    keywords:
    - one
    - two
    condition: selection_img and not filter
falsepositives:
    - Unknown
---
title: Another
correlation:
    type: event_count
`

/** Where a map or a list ends is left open. */
const plainly = (tree: Tree): unknown => {
  switch (tree.kind) {
    case 'scalar':
      return [tree.value, tree.source, tree.span]
    case 'list':
      return ['list', tree.span.start, tree.items.map(plainly)]
    case 'map':
      return ['map', tree.span.start, tree.entries.map(({ key, keySpan, value }) => [key, keySpan, plainly(value)])]
  }
}

function byLibrary(text: string): { readonly trees: readonly unknown[]; readonly faults: number } {
  const faults: Diagnostic[] = []
  const trees = readAnyYaml(text, faults).map(plainly)
  return { trees, faults: faults.length }
}

test('a rule reads as the library reads it', () => {
  // The library has the last word on numbers that are not plain.
  const text = RULE.replace('odd: 0x1f\n', '')
  expect(readPlainYaml(text)?.map(plainly)).toEqual(byLibrary(text).trees)
  expect(readPlainYaml(RULE)).toBeUndefined()
})

const PIECES = [
  ...[' ', '  ', '\n', ':', ': ', '- ', '-', '#', ' #', "'", '"', '|', '|-', '>', '[', ']', '{', '}', '&a', '*a', '!'],
  ...['%', '@', '?', '? ', 'null', '~', '1.5', 'yes', 'true', '---\n', '...\n', '\\', '<<: ', ',', 'key:\n', '\n\n'],
  ...['\t', '\r', 'é', '`'],
]

test('whatever becomes of a rule, it reads as the library reads it or is left to the library', () => {
  const roll = dice(5)
  const lines = RULE.replace('odd: 0x1f\n', '').split('\n')
  let read = 0
  for (let round = 0; round < 400; round++) {
    const some = lines.slice(0, 8 + roll(lines.length))
    for (let change = 0; change < 1 + roll(2); change++) {
      const at = roll(some.length)
      const line = some[at]!
      const place = roll(line.length + 1)
      const kinds = [
        line.slice(0, place) + PIECES[roll(PIECES.length)] + line.slice(place),
        line.slice(0, place) + line.slice(place + 1),
        ` ${line}`,
        line.replace(/^ /, ''),
        `${line}\n${some[roll(some.length)]}`,
      ]
      some[at] = kinds[roll(kinds.length)]!
    }
    const text = some.join('\n')
    const trees = readPlainYaml(text)?.map(plainly)
    if (!trees) continue
    read++
    expect({ text, trees, faults: 0 }).toEqual({ text, ...byLibrary(text) })
  }
  expect(read).toBeGreaterThan(50)
})

test('a long list is read in one walk', () => {
  const text = `a:\n${'- b\n'.repeat(200_000)}`
  expect(readPlainYaml(text)).toHaveLength(1)
})
