import { describe, expect, test } from 'vitest'
import { MUTATIONS, mutated } from './mutate.js'
import { replay } from './replay.js'
import { loadScenarios } from './scenario.js'
import { shippedLines } from './windows-records.js'

const story = loadScenarios().find(({ id }) => id === 'intrusion-silent-password')!
const events = replay(story, { start: Date.UTC(2026, 1, 2, 8) * 1000, prefix: 't' })
const textOf = (mutation: (typeof MUTATIONS)[number]) => [...shippedLines(mutated(events, mutation))].join('\n')

describe('a mutated story', () => {
  test('is the story itself where nothing is changed', () => {
    expect(textOf('as it was')).toBe([...shippedLines(events)].join('\n'))
  })

  test.each([
    ['renamed', /taskhosts\.exe/, /AnyDesk\.exe\\?"? --set-password/],
    ['other letters', /aNYdESK\.EXE/, /\\\\AnyDesk\.exe/],
    ['second copy', /AnyDesk \(1\)\.exe/, /AnyDesk\.exe\\" --set-password/],
    ['other folder', /C:\\\\Tools\\\\Support\\\\AnyDesk\.exe/, /Program Files \(x86\)\\\\AnyDesk\\\\AnyDesk\.exe/],
  ] as const)('%s: its tools and whatever names them change alike', (mutation, present, absent) => {
    expect(textOf(mutation)).toMatch(present)
    expect(textOf(mutation)).not.toMatch(absent)
  })

  test('loses what a version resource says, and nothing of other programs', () => {
    expect(textOf('no version resource')).not.toContain('AnyDesk Software GmbH')
    expect(textOf('no version resource')).toContain('Microsoft Corporation')
    expect(textOf('no original name')).toContain('AnyDesk Software GmbH')
  })

  test('has as many events under every mutation', () => {
    for (const mutation of MUTATIONS) expect(mutated(events, mutation)).toHaveLength(events.length)
  })
})
