import { createRequire } from 'node:module'

/**
 * Fitting text into a number of terminal columns. A wide character takes two, a combining mark none, a colour code none.
 * The functions that cut expect text without colour codes.
 */
export const widthOf = (text: string): number => (ASCII.test(text) ? text.length : widthOfAny(text))

let measure: typeof import('string-width').default | undefined

/** The library is loaded by the first text that needs it: few do, and its tables of emoji take as long as a small query. */
function widthOfAny(text: string): number {
  measure ??= (createRequire(import.meta.url)('string-width') as typeof import('string-width')).default
  return measure(text)
}

/** At most `width` columns, the end cut. */
export function fitEnd(text: string, width: number): string {
  if (isWithin(text, width)) return text
  return width < 1 ? '' : `${takeStart(text, width - 1)}…`
}

/** At most `width` columns, the middle cut: a path keeps its root and its file name. */
export function fitMiddle(text: string, width: number): string {
  if (isWithin(text, width)) return text
  if (width < 1) return ''
  const end = takeEnd(text, Math.ceil((width - 1) * 0.6))
  return `${takeStart(text, width - 1 - widthOf(end))}…${end}`
}

/** Exactly `width` columns where the text is not longer. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? text + space : space + text
}

/** Lines of at most `width` columns, broken at spaces where there are some. More than `maximum` lines end in an ellipsis. */
export function wrap(text: string, width: number, maximum = Number.POSITIVE_INFINITY): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (let word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (isWithin(joined, width)) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    while (!isWithin(word, width) && lines.length <= maximum) {
      // A character wider than the line is taken all the same, or the loop would not end.
      const start = takeStart(word, width) || String.fromCodePoint(word.codePointAt(0)!)
      lines.push(start)
      word = word.slice(start.length)
    }
    line = word
    if (lines.length > maximum) break
  }
  if (line !== '' && lines.length <= maximum) lines.push(line)
  if (lines.length <= maximum) return lines
  return [...lines.slice(0, maximum - 1), fitEnd(`${lines[maximum - 1]} …`, width)]
}

const ASCII = /^[\x20-\x7e]*$/
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

// Measuring costs more the longer the text is; a text this much longer than its place cannot fit.
const isWithin = (text: string, width: number): boolean => text.length <= width * 16 + 64 && widthOf(text) <= width

function takeStart(text: string, width: number): string {
  let end = 0
  let left = width
  for (const { segment } of graphemes.segment(text.slice(0, width * 16 + 64))) {
    left -= widthOf(segment)
    if (left < 0) break
    end += segment.length
  }
  return text.slice(0, end)
}

function takeEnd(text: string, width: number): string {
  let start = text.length
  let left = width
  const segments = [...graphemes.segment(text.slice(-(width * 16 + 64)))]
  for (const { segment } of segments.reverse()) {
    left -= widthOf(segment)
    if (left < 0) break
    start -= segment.length
  }
  return text.slice(start)
}
