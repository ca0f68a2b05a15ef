/**
 * Whether `text` has the shape of `pattern`, where `*` stands for any run of characters and `?` for one. Takes at most
 * pattern × text steps whatever either holds. Case matters: give both in one case.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let retry = 0
  let index = 0
  while (index < text.length) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at++
      retry = index
    } else if (wanted === '?' || wanted === text[index]) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++retry
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
