/** Whether `of` means the search: `them` and patterns leave out names that begin with `_`, unless the pattern does too. */
export function isMeant(name: string, pattern: string | undefined): boolean {
  if (pattern === undefined) return !name.startsWith('_')
  if (name.startsWith('_') && !pattern.startsWith('_')) return false
  const pieces = pattern.split('*')
  const [first, last] = [pieces[0]!, pieces[pieces.length - 1]!]
  if (pieces.length === 1) return name === pattern
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at)
    if (found < 0 || found + piece.length > name.length - last.length) return false
    at = found + piece.length
  }
  return true
}
