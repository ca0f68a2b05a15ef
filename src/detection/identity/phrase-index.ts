import { BoundedCache } from './bounded-cache.js'
import type { ToolValue } from './catalogue.js'
import { type Hit, hitOf } from './hit.js'

/**
 * Finds the tools that a publisher, product, signer or service name speaks of. Whole values are compared as a whole; `contains`
 * and `prefix` values only match at word boundaries, so that the end of one company's name is not another product.
 */
export class PhraseIndex {
  private readonly whole = new Map<string, Hit[]>()
  private readonly byFirstWord = new Map<
    string,
    { readonly text: string; readonly atStart: boolean; readonly hit: Hit }[]
  >()
  private readonly regexes: { readonly regex: RegExp; readonly hit: Hit }[] = []
  private readonly cache = new BoundedCache<readonly Hit[]>()

  add(tool: number, value: ToolValue): void {
    const hit = hitOf(tool, value)
    if (!hit) return
    const text = normalisePhrase(value.value)
    if (value.match === 'regex') this.regexes.push({ regex: new RegExp(value.value, 'iu'), hit })
    else if (value.match === undefined) push(this.whole, text, hit)
    else push(this.byFirstWord, WORD.exec(text)?.[0] ?? text, { text, atStart: value.match === 'prefix', hit })
  }

  find(value: string): readonly Hit[] {
    return this.cache.get(value, (key) => this.search(normalisePhrase(key)))
  }

  private search(text: string): readonly Hit[] {
    const found = [...(this.whole.get(text) ?? [])]
    for (const { regex, hit } of this.regexes) if (regex.test(text)) found.push(hit)
    for (const word of text.matchAll(WORDS)) {
      for (const phrase of this.byFirstWord.get(word[0]) ?? []) {
        const start = word.index
        if (phrase.atStart && start !== 0) continue
        if (text.startsWith(phrase.text, start) && !LETTER.test(text.charAt(start + phrase.text.length)))
          found.push(phrase.hit)
      }
    }
    return found
  }
}

const WORD = /[\p{L}\p{N}]+/u
const WORDS = /[\p{L}\p{N}]+/gu
const LETTER = /\p{L}/u

/** Lower case, single blanks, cut where nobody's name is that long. */
export function normalisePhrase(text: string): string {
  return text.slice(0, 300).toLowerCase().replace(/\s+/g, ' ').trim()
}

export function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
