import { fitEnd, fitMiddle, widthOf, wrap } from '../../text/fit.js'
import type { Paint } from '../../text/paint.js'
import type { Level } from '../report.js'
import { count, plural, some } from './words.js'

/** Lines for a terminal, none wider than it. */
export class Page {
  readonly lines: string[] = []

  constructor(
    readonly width: number,
    readonly paint: Paint,
  ) {}

  /** A line that is cut at the end where it is too long. */
  line(text: string, indent = 0, style: (text: string) => string = (same) => same): void {
    this.lines.push(' '.repeat(indent) + style(fitEnd(text, this.width - indent)))
  }

  heading(title: string, aside = ''): void {
    const room = this.width - widthOf(title) - 2
    const right = fitEnd(aside, room)
    const gap = ' '.repeat(Math.max(0, this.width - widthOf(title) - widthOf(right)))
    if (this.lines.length > 0) this.lines.push('')
    this.lines.push(right === '' ? this.paint.bold(title) : this.paint.bold(title) + gap + this.paint.dim(right))
    this.lines.push(this.paint.dim('─'.repeat(this.width)))
  }

  paragraph(text: string, indent = 0, style: (text: string) => string = (same) => same, most?: number): void {
    for (const line of wrap(text, this.width - indent, most)) this.lines.push(' '.repeat(indent) + style(line))
  }
}

/** As many names as the width holds, and how many more there are. */
export function fitNames(names: readonly string[], width: number): string {
  for (let shown = Math.min(names.length, 40); shown > 1; shown--) {
    const text = some(names, shown)
    if (widthOf(text) <= width) return text
  }
  if (width < 12) return fitEnd(plural(names.length, 'name'), width)
  const rest = names.length > 1 ? ` and ${count(names.length - 1)} more` : ''
  return fitMiddle(names[0] ?? '', width - widthOf(rest)) + rest
}

export function paintLevel(paint: Paint, level: Level): (text: string) => string {
  switch (level) {
    case 'critical':
      return paint.boldRed
    case 'high':
      return paint.red
    case 'medium':
      return paint.yellow
    case 'low':
      return paint.cyan
    case 'informational':
      return (text) => text
  }
}
