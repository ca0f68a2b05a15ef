import { fitEnd, fitMiddle, pad, widthOf } from '../../text/fit.js'
import { createPaint } from '../../text/paint.js'
import { visible } from '../../text/visible.js'
import type { Stack } from '../stack.js'
import type { TableOptions } from './table.js'
import { clock, count, plural } from './words.js'

/** Stacks for a terminal, a line each, never wider than it. A long value is cut in the middle: programs differ at the end of their paths. */
export function* stackTable(
  stacks: readonly Stack[],
  fields: readonly string[],
  options: TableOptions,
): Iterable<string> {
  const width = Math.max(NARROWEST, Math.floor(options.width))
  const paint = createPaint(options.colour)
  const wide = width >= WIDE
  const counted: readonly Column[] = [
    { title: 'findings', width: 8, text: ({ findings }) => count(findings) },
    ...(wide ? [{ title: 'events', width: 8, text: ({ events }: Stack) => count(events) }] : []),
    { title: 'hosts', width: 5, text: ({ hosts }) => count(hosts) },
    { title: 'first seen', width: wide ? 16 : 10, text: ({ firstSeen }) => day(firstSeen, wide) },
    { title: 'last seen', width: wide ? 16 : 10, text: ({ lastSeen }) => day(lastSeen, wide) },
  ]
  const room = width - counted.reduce((sum, column) => sum + column.width + 2, 0)
  const widths = share(
    fields.map((field, index) =>
      Math.max(widthOf(field), ...stacks.slice(0, MEASURED).map(({ values }) => widthOf(shownValue(values[index])))),
    ),
    room - 2 * (fields.length - 1),
  )
  const line = (cells: readonly string[]): string => `${cells.join('  ').trimEnd()}\n`
  const heads = counted.map(({ title, width: own }) => pad(title, own, NUMBERS.has(title) ? 'right' : 'left'))
  yield paint.bold(
    line([...heads, ...fields.map((field, index) => pad(fitEnd(visible(field), widths[index]!), widths[index]!))]),
  )
  for (const stack of stacks) {
    const counts = counted.map(({ title, width: own, text }) =>
      pad(text(stack), own, NUMBERS.has(title) ? 'right' : 'left'),
    )
    const values = stack.values.map((value, index) => pad(fitMiddle(shownValue(value), widths[index]!), widths[index]!))
    yield line([...counts, ...values])
  }
  yield paint.dim(
    `${stacks.length === 0 ? 'nothing was found that could be counted' : plural(stacks.length, 'value')}\n`,
  )
}

interface Column {
  readonly title: string
  readonly width: number
  readonly text: (stack: Stack) => string
}

const NUMBERS: ReadonlySet<string> = new Set(['findings', 'events', 'hosts'])
const NARROWEST = 60
const WIDE = 110
/** Values that are measured for the width of their column. */
const MEASURED = 1000

const shownValue = (value: string | undefined): string =>
  value === undefined || value === '' ? '(none)' : visible(value)

const day = (time: string | null, wide: boolean): string =>
  time === null ? 'unknown' : fitEnd(clock(visible(time)).slice(0, wide ? 16 : 10), wide ? 16 : 10)

/** Gives each what it wants where there is room, and else takes from the widest. */
function share(wanted: readonly number[], room: number): readonly number[] {
  const widths = wanted.map((want) => Math.max(4, want))
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over--) {
    const widest = Math.max(...widths)
    if (widest <= 4) break
    widths[widths.lastIndexOf(widest)] = widest - 1
  }
  return widths
}
