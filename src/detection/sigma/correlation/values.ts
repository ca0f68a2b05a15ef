/** What logs write where there is nothing to say. */
export const isNothing = (value: string | null | undefined): boolean =>
  value === null || value === undefined || value === '' || value === '-'

/** Values as one text; the case of letters does not count. */
export function keyOf(values: readonly (string | null)[], from: number, to: number): string {
  let key = ''
  for (let at = from; at < to; at++) {
    const value = values[at]
    if (isNothing(value)) key += '~'
    else {
      const folded = value!.toLowerCase()
      key += `${folded.length}:${folded}`
    }
  }
  return key
}

/** A number as logs write them in decimal; undefined where the text is none, or is beyond what sums can hold. */
export function readNumber(text: string): number | undefined {
  if (!/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?\s*$/i.test(text)) return undefined
  const number = Number(text)
  return Math.abs(number) < 1e290 ? number : undefined
}
