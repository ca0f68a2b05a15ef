import { expect, test } from 'vitest'
import { loadAttack } from './attack.js'
import { loadHunts } from './hunts.js'
import { allRules } from './rules.js'

const { techniques, objects, components, strategies } = loadAttack()
const ids = techniques.map(({ id }) => id)

test('every technique of our rules and hunts is there, once', () => {
  expect(new Set(ids).size).toBe(ids.length)
  const named = [...allRules(), ...loadHunts()].flatMap((each) => each.techniques)
  expect([...new Set(named)].filter((id) => !ids.includes(id))).toEqual([])
})

test('whatever a technique names is there', () => {
  for (const { groups, software, campaigns, mitigations, related, before, strategies: own } of techniques) {
    for (const id of [...(groups ?? []), ...(software ?? []), ...(campaigns ?? []), ...(mitigations ?? [])])
      expect(Object.keys(objects)).toContain(id)
    for (const id of [...(before?.groups ?? []), ...(before?.campaigns ?? [])])
      expect(Object.keys(objects)).toContain(id)
    for (const id of related ?? []) expect(ids).toContain(id)
    for (const id of own ?? []) expect(strategies.map((each) => each.id)).toContain(id)
    for (const { now } of before?.data ?? []) for (const id of now) expect(Object.keys(components)).toContain(id)
  }
  for (const { analytics } of strategies)
    for (const { components: own } of analytics)
      for (const id of own ?? []) expect(Object.keys(components)).toContain(id)
})

test('a later version keeps the groups of an earlier one', () => {
  for (const { groups, before } of techniques)
    expect(groups ?? []).toEqual(expect.arrayContaining([...(before?.groups ?? [])]))
})
