import { loadCatalogue, type Tool } from '../detection/identity/index.js'
import { closestName } from '../text/closest-name.js'
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
    const rows = catalogue.map((tool) => [tool.id, tool.name, tool.category, tool.tier, tool.vendor])
    await writeOutput(renderRows(['id', 'name', 'category', 'tier', 'vendor'], rows, format, terminal), options)
    return 0
  }
  const tool = find(catalogue, name)
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
          String(item['value'] ?? item['pattern'] ?? ''),
          join(item['quality']),
          join(item['from']),
          String(item['note'] ?? item['reason'] ?? ''),
        ])
    }
  }
  return rows
}

const join = (list: unknown): string => (Array.isArray(list) ? list.join(', ') : '')
