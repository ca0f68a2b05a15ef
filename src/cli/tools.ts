import { loadCatalogue, type Tool } from '../detection/identity/index.js'
import { closestName } from '../text/closest-name.js'
import { wrap } from '../text/fit.js'
import { createPaint } from '../text/paint.js'
import { ConfigurationError } from './failure.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { type Cell, type RowFormat, renderRows } from './rows.js'
import { terminalOf } from './terminal.js'

export interface ToolsOptions extends OutputOptions {
  readonly format?: RowFormat
}

/** `latchkey tools [name]`: the catalogue, or one tool whole. */
export async function tools(name: string | undefined, options: ToolsOptions): Promise<number> {
  checkOutput(options)
  const catalogue = loadCatalogue().tools
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
  if (name === undefined) {
    const columns = format === 'table' ? (['name', 'category', 'tier'] as const) : LISTED
    const rows = catalogue.map((tool) => columns.map((column) => tool[column]))
    await writeOutput(renderRows(columns, rows, format, terminal), options)
    return 0
  }
  const tool = find(catalogue, name)
  if (format === 'table') {
    await writeOutput(page(tool, terminal), options)
    return 0
  }
  await writeOutput(
    format === 'json'
      ? [`${JSON.stringify(tool, null, 2)}\n`]
      : renderRows(VALUE_COLUMNS, valuesOf(tool), format, terminal),
    options,
  )
  return 0
}

function find(catalogue: readonly Tool[], name: string): Tool {
  const wanted = name.toLowerCase()
  const found = catalogue.find((tool) =>
    [tool.id, tool.name, ...(tool.aliases ?? [])].some((known) => known.toLowerCase() === wanted),
  )
  if (found !== undefined) return found
  const closest = closestName(
    name,
    catalogue.flatMap((tool) => [tool.id, tool.name]),
  )
  throw new ConfigurationError(
    `the catalogue has no tool ${name}${closest === undefined ? '' : `; closest is ${closest}`}`,
  )
}

const LISTED = ['id', 'name', 'category', 'tier', 'role', 'vendor', 'description'] as const

/** One tool for a terminal: what it is, and what it is known by, a line a kind of value; a worth other than `ok` stands behind the value. */
function* page(tool: Tool, { width, colour }: { readonly width: number; readonly colour: boolean }): Iterable<string> {
  const paint = createPaint(colour)
  yield `${paint.bold(tool.name)}  ${paint.dim(`${tool.category}, ${tool.tier}, ${tool.role}`)}\n`
  for (const line of wrap(tool.description, width)) yield `${line}\n`
  const lists = (Object.entries(tool) as [string, unknown][]).filter(
    ([key, list]) => Array.isArray(list) && key !== 'from' && key !== 'tenant',
  )
  for (const [key, list] of lists) {
    yield `\n${paint.dim(key.replaceAll('_', ' '))}\n`
    const words = (list as unknown[]).filter((item) => typeof item === 'string')
    for (const line of wrap(words.join(', '), width - 2)) if (line !== '') yield `  ${line}\n`
    for (const item of list as (string | Readonly<Record<string, unknown>>)[]) {
      if (typeof item !== 'string') {
        const value = String(item.value ?? item.pattern ?? '')
        const worth = [item.quality].flat().filter((flag) => flag !== undefined && flag !== 'ok')
        const note = item.note ?? item.reason
        const aside = [...worth, ...(note === undefined ? [] : [note])].join('; ')
        const [first = '', ...rest] = wrap(aside === '' ? value : `${value}  (${aside})`, width - 2)
        yield `  ${first}\n`
        for (const line of rest) yield `      ${line}\n`
      }
    }
  }
  yield `\n${paint.dim('with the source of every value: --format json')}\n`
}

const VALUE_COLUMNS = ['what', 'value', 'worth', 'source', 'note']

/** One row a value, of whatever lists the tool has. */
function valuesOf(tool: Tool): Cell[][] {
  const rows: Cell[][] = (['name', 'vendor', 'category', 'tier', 'role', 'description'] as const).map((key) => [
    key,
    tool[key] ?? '',
    '',
    '',
    '',
  ])
  for (const [key, list] of Object.entries(tool) as [string, unknown][]) {
    if (!Array.isArray(list)) continue
    for (const item of list as (string | Readonly<Record<string, unknown>>)[]) {
      if (typeof item === 'string') rows.push([key, item, '', '', ''])
      else
        rows.push([
          key,
          String(item.value ?? item.pattern ?? ''),
          join(item.quality),
          join(item.from),
          String(item.note ?? item.reason ?? ''),
        ])
    }
  }
  return rows
}

const join = (list: unknown): string => (Array.isArray(list) ? list.join(', ') : '')
