/** A stretch of a source text, in UTF-16 units: `start` is inside it, `end` is not. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
}

export const span = (start: number, end: number): Span => ({ start, end })

/** Line and column of an offset; `\r\n`, `\n` and `\r` each end a line. */
export function positionAt(text: string, offset: number): Position {
  let line = 1
  let lineStart = 0
  const end = Math.min(offset, text.length)
  for (let index = 0; index < end; index++) {
    const unit = text.charCodeAt(index)
    const ends = unit === 10 || (unit === 13 && text.charCodeAt(index + 1) !== 10)
    if (ends) {
      line++
      lineStart = index + 1
    }
  }
  return { line, column: end - lineStart + 1 }
}
