import { fitEnd, pad, widthOf, wrap } from '../text/fit.js'
import { createPaint } from '../text/paint.js'
import { visible } from '../text/visible.js'

/** One value of a row, as JSON has it. */
export type Cell = string | number | boolean | bigint | null | readonly unknown[] | { readonly [name: string]: unknown }

export const ROW_FORMATS = ['table', 'json', 'ndjson', 'csv'] as const
export type RowFormat = (typeof ROW_FORMATS)[number]

export const isRowFormat = (format: string): format is RowFormat => (ROW_FORMATS as readonly string[]).includes(format)

/** Rows of a query in one of the formats, piece by piece. */
export function* renderRows(
  names: readonly string[],
  rows: readonly (readonly Cell[])[],
  format: RowFormat,
  terminal: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  switch (format) {
    case 'table':
      yield* table(names, rows, terminal)
      return
    case 'json':
      yield '['
      for (const [index, row] of rows.entries()) yield `${index === 0 ? '' : ','}\n  ${json(names, row)}`
      yield rows.length === 0 ? ']\n' : '\n]\n'
      return
    case 'ndjson':
      for (const row of rows) yield `${json(names, row)}\n`
      return
    case 'csv':
      yield `${names.map(csvCell).join(',')}\r\n`
      for (const row of rows) yield `${row.map((cell) => csvCell(textOf(cell))).join(',')}\r\n`
  }
}

/** Where a column that wants this much would get less, rows are written as lists of names and values instead. */
const NARROWEST = 20
const GAP = 2

function* table(
  names: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width, colour }: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  const paint = createPaint(colour)
  const cells = rows.map((row) => row.map((cell) => visible(textOf(cell))))
  const wanted = names.map((name, index) =>
    cells.reduce((most, row) => Math.max(most, widthOf(row[index] ?? '')), widthOf(name)),
  )
  const widths = share(wanted, width - GAP * Math.max(0, names.length - 1))
  if (widths === undefined) {
    const label = Math.max(...names.map(widthOf))
    for (const [number, row] of cells.entries()) {
      yield `${paint.dim(`row ${number + 1}`)}\n`
      for (const [index, name] of names.entries()) {
        const lines = wrap(row[index] ?? '', Math.max(20, width - label - 4))
        for (const [at, text] of lines.entries()) yield `  ${paint.dim(pad(at === 0 ? name : '', label))}  ${text}\n`
      }
    }
    yield paint.dim(`${rows.length} ${rows.length === 1 ? 'row' : 'rows'}\n`)
    return
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => pad(fitEnd(cell, widths[index]!), widths[index]!))
      .join(' '.repeat(GAP))
      .trimEnd()
  yield `${paint.bold(line(names))}\n${paint.dim(
    '─'.repeat(
      Math.min(
        width,
        widths.reduce((sum, column) => sum + column + GAP, -GAP),
      ),
    ),
  )}\n`
  for (const row of cells) yield `${line(row)}\n`
  yield paint.dim(`${rows.length} ${rows.length === 1 ? 'row' : 'rows'}\n`)
}

/** Gives every column what it wants where there is room, and else takes from the widest. */
function share(wanted: readonly number[], room: number): number[] | undefined {
  const widths = [...wanted]
  let over = widths.reduce((sum, width) => sum + width, 0) - room
  while (over > 0 && Math.max(...widths) > 1) {
    const widest = Math.max(...widths)
    const index = widths.lastIndexOf(widest)
    widths[index] = widest - 1
    over--
  }
  return widths.some((width, index) => width < Math.min(wanted[index]!, NARROWEST)) ? undefined : widths
}

function json(names: readonly string[], row: readonly Cell[]): string {
  return JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])), (_, value) =>
    typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value,
  )
}

function textOf(cell: Cell): string {
  if (cell === null) return ''
  return typeof cell === 'object'
    ? JSON.stringify(cell, (_, value) => (typeof value === 'bigint' ? Number(value) : value))
    : String(cell)
}

/** Quoted where CSV asks for it; what a spreadsheet would take for a formula starts with an apostrophe. */
function csvCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
