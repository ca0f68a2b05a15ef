import type { Diagnostic } from '../../text/diagnostic.js'
import { type Span, span } from '../../text/span.js'

/** Where each UTF-16 unit of a derived text stood in the text it came from. */
export type SourceMap = (offset: number) => number

export const atSource = ({ start, end }: Span, map: SourceMap): Span => {
  const from = map(start)
  return span(from, Math.max(from, end > start ? map(end - 1) + 1 : from))
}

/** A diagnostic of a derived text, at its place in the source. */
export const relocate = (diagnostic: Diagnostic, map: SourceMap): Diagnostic =>
  diagnostic.span ? { ...diagnostic, span: atSource(diagnostic.span, map) } : diagnostic

export interface Insertion {
  /** In the source text. */
  readonly at: number
  readonly text: string
  /** Units of the source that the text stands for. */
  readonly instead?: number
}

/** The source with the insertions made, in order, and the way back. */
export function withInsertions(source: string, insertions: readonly Insertion[]): { text: string; map: SourceMap } {
  const pieces: string[] = []
  const marks: { derived: number; source: number; length: number }[] = []
  let from = 0
  let length = 0
  for (const { at, text, instead = 0 } of insertions) {
    pieces.push(source.slice(from, at), text)
    length += at - from
    marks.push({ derived: length, source: at, length: text.length })
    length += text.length
    from = at + instead
  }
  pieces.push(source.slice(from))
  const ends = insertions.map(({ at, instead = 0 }) => at + instead)
  return {
    text: pieces.join(''),
    map(offset) {
      let low = 0
      let high = marks.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (marks[middle]!.derived <= offset) low = middle + 1
        else high = middle
      }
      const mark = marks[low - 1]
      if (!mark) return offset
      const past = offset - mark.derived - mark.length
      return past < 0 ? mark.source : ends[low - 1]! + past
    },
  }
}
