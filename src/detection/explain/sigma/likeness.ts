import type { SigmaValue } from '../../../dialects/sigma/index.js'

/** The value of a rule that is most like an event's; undefined where none is much like it. */
export function closestOf(found: string, values: readonly SigmaValue[]): string | undefined {
  let best: string | undefined
  let most = LEAST
  for (const { source } of values.slice(0, 500)) {
    const own = likeness(found, source)
    if (own > most) [best, most] = [source, own]
  }
  return best
}

/** Two texts that share less than half are not alike. */
const LEAST = 0.5
/** Characters of a text that are compared: its end, where names of files stand. */
const COMPARED = 120

/** The share of a rule's value that stands in one piece in an event's, from 0 to 1. The case of letters and wildcards do not count. */
export function likeness(found: string, value: string): number {
  const wanted = value.replace(/[*?]/g, '').toLowerCase().slice(-COMPARED)
  const text = found.toLowerCase().slice(-COMPARED)
  if (wanted === '' || text === '') return 0
  return longestShared(text, wanted) / wanted.length
}

function longestShared(left: string, right: string): number {
  let longest = 0
  let previous = new Uint16Array(right.length + 1)
  for (let row = 0; row < left.length; row++) {
    const current = new Uint16Array(right.length + 1)
    for (let column = 0; column < right.length; column++)
      if (left.charCodeAt(row) === right.charCodeAt(column)) {
        current[column + 1] = previous[column]! + 1
        longest = Math.max(longest, current[column + 1]!)
      }
    previous = current
  }
  return longest
}
