/** Whether the whole text is as the wildcards say; only the last `*` is ever gone back to, so the time is their lengths' product at most. */
export function isLike(text: ArrayLike<string>, pattern: ArrayLike<string>): boolean {
  let [at, from] = [0, 0]
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[from] === '*') {
      star = from++
      resume = at
    } else if (from < pattern.length && (pattern[from] === '?' || pattern[from] === text[at])) {
      at++
      from++
    } else if (star >= 0) {
      from = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[from] === '*') from++
  return from === pattern.length
}
