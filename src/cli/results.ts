import { createPaint } from '../text/paint.js'
import { visible } from '../text/visible.js'
import { type Cell, type RowFormat, renderRows } from './rows.js'

/** One table that a query gives. */
export interface QueryResult {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** The tables of a query: a single one as it is, several one after the other under their names (in NDJSON as `$result` of each row). */
export function* renderResults(
  results: readonly QueryResult[],
  format: RowFormat,
  terminal: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  const [only] = results
  if (only && results.length === 1) {
    yield* renderRows(only.columns, only.rows, format, terminal)
    return
  }
  const paint = createPaint(terminal.colour)
  for (const [index, { name, columns, rows }] of results.entries()) {
    switch (format) {
      case 'table':
        yield `${index === 0 ? '' : '\n'}${paint.bold(visible(name))}\n`
        yield* renderRows(columns, rows, format, terminal)
        break
      case 'csv':
        if (index > 0) yield '\r\n'
        yield* renderRows(columns, rows, format, terminal)
        break
      case 'json':
        yield `${index === 0 ? '{' : ','}\n${JSON.stringify(name)}: `
        yield* renderRows(columns, rows, format, terminal)
        break
      case 'ndjson':
        yield* renderRows(
          ['$result', ...columns],
          rows.map((row) => [name, ...row]),
          format,
          terminal,
        )
    }
  }
  if (format === 'json') yield '}\n'
}
