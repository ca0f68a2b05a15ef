import { expect, test } from 'vitest'
import { addInstance, type Instance } from './instances.js'

const put = (...pieces: Instance[]): Instance[] => {
  const known: Instance[] = []
  for (const piece of pieces) addInstance(known, piece)
  return known
}

test('pieces of one instance come together, the most telling first', () => {
  expect(
    put({ instance_id: 'a1' }, { session_id: '7', relay_host: 'r.example', instance_id: 'A1' }).map((each) =>
      Object.entries(each),
    ),
  ).toEqual([
    [
      ['relay_host', 'r.example'],
      ['instance_id', 'a1'],
      ['session_id', '7'],
    ],
  ])
})

test('pieces that name different instances stay apart', () => {
  expect(
    put(
      { relay_host: 'ours.example', instance_id: 'a' },
      { relay_host: 'theirs.example', instance_id: 'b' },
      { instance_id: 'b', session_id: '1' },
    ),
  ).toEqual([
    { relay_host: 'ours.example', instance_id: 'a' },
    { relay_host: 'theirs.example', instance_id: 'b', session_id: '1' },
  ])
})

test('a piece that tells nothing of its own joins the only instance, and none of several', () => {
  expect(put({ server: 'x' }, { session_id: '1' })).toEqual([{ server: 'x', session_id: '1' }])
  expect(put({ server: 'x' }, { server: 'y' }, { session_id: '1' })).toHaveLength(3)
})
