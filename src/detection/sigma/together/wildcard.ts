/** Whether the whole text is of the pattern: `*` is any run of characters, `?` any one character. Both folded alike. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let [at, in_, star, mark] = [0, 0, -1, 0]
  while (at < text.length) {
    const wanted = pattern[in_]
    if (wanted === '*') {
      star = in_++
      mark = at
    } else if (wanted === '?') {
      at += widthAt(text, at)
      in_++
    } else if (wanted !== undefined && wanted === text[at]) {
      at++
      in_++
    } else if (star >= 0) {
      mark += widthAt(text, mark)
      at = mark
      in_ = star + 1
    } else return false
  }
  while (pattern[in_] === '*') in_++
  return in_ === pattern.length
}

/** A character beyond the first plane is two code units. */
const widthAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1)

/** The longest text between the wildcards. */
export const longestPart = (pattern: string): string =>
  pattern.split(/[*?]/).reduce((longest, part) => (part.length > longest.length ? part : longest), '')
