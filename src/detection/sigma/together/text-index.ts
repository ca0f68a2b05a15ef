import { foldText } from './fold.js'
import type { TextTest } from './predicates.js'
import { longestPart, matchesWildcard } from './wildcard.js'

/**
 * All tests of one column at once. A needle is found by four of its characters, those that the values of the column seldom have: one
 * walk over a value looks each run of four up in a table and compares only what is found there. What is shorter has tables of its own.
 */
export class TextIndex {
  private readonly equals = new Map<string, number[]>()
  private readonly casedEquals = new Map<string, number[]>()
  private readonly needles: Needle[] = []
  /** Tests without a text to find them by: each is made of every value. */
  private readonly always: Needle[] = []
  private tables: Tables | undefined
  private readonly foundIn: Int32Array
  private value = 0

  /** `leaves`: how many tests there are in all, which is what their numbers are below. */
  constructor(leaves: number) {
    this.foundIn = new Int32Array(leaves)
  }

  add(leaf: number, test: TextTest): void {
    if (test.how === 'ask') {
      for (const text of test.texts ?? []) this.addNeedle({ leaf, text, how: 'contains', ask: true })
      if (!test.texts) this.always.push({ leaf, text: '', how: 'contains', ask: true })
      else this.asksByText.push(leaf)
      return
    }
    for (const needle of test.needles) {
      const text = foldText(needle)
      if (test.how === 'equal') {
        const [map, key] = test.folds ? [this.equals, text] : [this.casedEquals, needle]
        const leaves = map.get(key)
        if (leaves) leaves.push(leaf)
        else map.set(key, [leaf])
      } else if (test.how === 'wildcard') {
        const pattern = test.folds ? text : needle
        this.addNeedle({ leaf, text: longestPart(text), how: 'contains', pattern, cased: !test.folds, ask: false })
      } else if (test.folds) this.addNeedle({ leaf, text, how: test.how, ask: false })
      else this.addNeedle({ leaf, text, how: test.how, raw: needle, ask: false })
    }
  }

  private readonly asksByText: number[] = []

  private addNeedle(needle: Needle): void {
    if (needle.text === '') this.always.push(needle)
    else this.needles.push(needle)
  }

  /** Chooses how needles are found, by values as they are in the column. To be called before `match`. */
  prepare(samples: readonly string[]): void {
    this.tables = new Tables(this.needles, samples)
  }

  /** Adds the leaves that are true of the value to `holds`, and those that the engine must be asked about to `asks`. */
  match(value: string, holds: number[], asks: number[]): void {
    const { foundIn } = this
    this.value++
    const folded = foldText(value)
    const equal = this.equals.get(folded)
    if (equal) for (const leaf of equal) this.note(leaf, holds)
    const casedEqual = this.casedEquals.get(value)
    if (casedEqual) for (const leaf of casedEqual) this.note(leaf, holds)
    for (const needle of this.always)
      if (foundIn[needle.leaf] !== this.value && holdsAt(needle, folded, value, 0))
        this.note(needle.leaf, needle.ask ? asks : holds)
    // An engine that folds takes this letter for an s, and no other folding does.
    if (folded.includes('ſ')) for (const leaf of this.asksByText) this.note(leaf, asks)
    this.tables!.find(folded, (needle, at) => {
      if (foundIn[needle.leaf] !== this.value && holdsAt(needle, folded, value, at))
        this.note(needle.leaf, needle.ask ? asks : holds)
    })
  }

  private note(leaf: number, list: number[]): void {
    if (this.foundIn[leaf] === this.value) return
    this.foundIn[leaf] = this.value
    list.push(leaf)
  }
}

interface Needle {
  readonly leaf: number
  /** Folded; what the needle is found by. */
  readonly text: string
  readonly how: 'contains' | 'prefix' | 'suffix'
  /** As it is written, where case counts. */
  readonly raw?: string
  /** A pattern of the whole value. */
  readonly pattern?: string
  readonly cased?: boolean
  /** Only a hint that the engine is to be asked. */
  readonly ask: boolean
}

/** Whether the needle, whose text stands at `at`, holds of the value. */
function holdsAt(needle: Needle, folded: string, value: string, at: number): boolean {
  const { how, text, raw, pattern } = needle
  if (pattern !== undefined) return matchesWildcard(pattern, needle.cased === true ? value : folded)
  if (raw !== undefined)
    return how === 'contains' ? value.includes(raw) : how === 'prefix' ? value.startsWith(raw) : value.endsWith(raw)
  if (how === 'prefix') return at === 0
  return how === 'contains' || at + text.length === folded.length || text === ''
}

const BITS = 15
const SLOTS = 1 << BITS

/** Where four characters stand in the tables: the low halves of their code units, mixed. */
const slotOf = (four: number): number => Math.imul(four, 0x9e3779b1) >>> (32 - BITS)

class Tables {
  /** First entry of a slot, and of each entry the next; 0 is none. */
  private readonly first = new Int32Array(SLOTS)
  private readonly next: Int32Array
  private readonly fours: Int32Array
  private readonly offsets: Int32Array
  private readonly entries: (Needle | undefined)[] = [undefined]
  /** Needles of one to three characters, by their first. */
  private readonly short = new Map<number, Needle[]>()
  private readonly isShortStart = new Uint8Array(256)

  constructor(needles: readonly Needle[], samples: readonly string[]) {
    const long = needles.filter(({ text }) => text.length >= 4)
    this.next = new Int32Array(long.length + 1)
    this.fours = new Int32Array(long.length + 1)
    this.offsets = new Int32Array(long.length + 1)
    const frequency = frequencies(samples)
    const taken = new Int32Array(SLOTS)
    for (const needle of needles) {
      if (needle.text.length < 4) {
        const start = needle.text.charCodeAt(0)
        this.isShortStart[start & 0xff] = 1
        const others = this.short.get(start)
        if (others) others.push(needle)
        else this.short.set(start, [needle])
        continue
      }
      const { offset, four } = rarest(needle.text, frequency, taken)
      const slot = slotOf(four)
      taken[slot]!++
      const entry = this.entries.push(needle) - 1
      this.fours[entry] = four
      this.offsets[entry] = offset
      this.next[entry] = this.first[slot]!
      this.first[slot] = entry
    }
  }

  /** Calls `found` with each needle that stands in the text, and where. */
  find(text: string, found: (needle: Needle, at: number) => void): void {
    const { first, next, fours, offsets, entries, isShortStart, short } = this
    const { length } = text
    const hasShort = short.size > 0
    let four = 0
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at)
      four = (four << 8) | (unit & 0xff)
      if (hasShort && isShortStart[unit & 0xff] === 1) {
        const starting = short.get(unit)
        if (starting) for (const needle of starting) if (text.startsWith(needle.text, at)) found(needle, at)
      }
      if (at < 3) continue
      let entry = first[slotOf(four)]!
      while (entry !== 0) {
        if (fours[entry] === four) {
          const needle = entries[entry]!
          const start = at - 3 - offsets[entry]!
          if (start >= 0 && fits(needle, start, length) && text.startsWith(needle.text, start)) found(needle, start)
        }
        entry = next[entry]!
      }
    }
  }
}

/** Whether the place alone rules the needle out. */
const fits = ({ how, text, raw }: Needle, start: number, length: number): boolean =>
  how === 'contains' || raw !== undefined || (how === 'prefix' ? start === 0 : start + text.length === length)

/** How often the values have what falls into each slot. */
function frequencies(samples: readonly string[]): Uint32Array {
  const counts = new Uint32Array(SLOTS)
  let left = MOST_SAMPLED
  for (const sample of samples) {
    const text = foldText(sample)
    let four = 0
    for (let at = 0; at < text.length; at++) {
      four = (four << 8) | (text.charCodeAt(at) & 0xff)
      if (at >= 3) counts[slotOf(four)]!++
    }
    left -= text.length
    if (left <= 0) break
  }
  return counts
}

/** Characters of values that are looked at to learn what is frequent. */
const MOST_SAMPLED = 500_000

function rarest(
  text: string,
  frequency: Uint32Array,
  taken: Int32Array,
): { readonly offset: number; readonly four: number } {
  let [offset, best, chosen, four] = [0, Number.POSITIVE_INFINITY, 0, 0]
  for (let at = 0; at < text.length; at++) {
    four = (four << 8) | (text.charCodeAt(at) & 0xff)
    if (at < 3) continue
    const slot = slotOf(four)
    const cost = frequency[slot]! * 4 + taken[slot]!
    if (cost < best) [best, offset, chosen] = [cost, at - 3, four]
  }
  return { offset, four: chosen }
}
