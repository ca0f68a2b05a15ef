import { type Hunt, loadHunts } from '../detection/hunts.js'
import { loadCatalogue } from '../detection/identity/index.js'
import { hostAmong } from '../policy/hosts.js'
import type { Policy } from '../policy/index.js'
import { closestName } from '../text/closest-name.js'
import { ConfigurationError } from './failure.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { usablePolicy } from './policy-file.js'
import { type QueryOptions, query, type RowFilter } from './query.js'
import { type RowFormat, renderRows } from './rows.js'
import { terminalOf } from './terminal.js'

/** `latchkey hunt list`: the hunting queries. */
export async function huntList(options: OutputOptions & { readonly format?: RowFormat }): Promise<number> {
  checkOutput(options)
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
  const names =
    format === 'table' ? ['id', 'title'] : ['id', 'title', 'about', 'techniques', 'tables', 'query', 'reading', 'next']
  const rows = loadHunts().map((hunt) =>
    format === 'table'
      ? [hunt.id, hunt.title]
      : [hunt.id, hunt.title, hunt.about, hunt.techniques, hunt.tables, hunt.query, hunt.reading, hunt.next],
  )
  await writeOutput(renderRows(names, rows, format, terminal), options)
  return 0
}

/** `latchkey hunt run`: one hunting query over logs, a store or a server. */
export async function huntRun(
  id: string,
  paths: readonly string[],
  options: Omit<QueryOptions, 'language'> & { readonly policy?: string; readonly show?: boolean },
): Promise<number> {
  const hunts = loadHunts()
  const hunt = hunts.find((each) => each.id === id)
  if (!hunt) {
    const ids = hunts.map((each) => each.id)
    throw new ConfigurationError(
      `no hunt ${id}; ${closestName(id, ids) ? `closest is ${closestName(id, ids)}` : `there are ${ids.join(', ')}`}`,
    )
  }
  if (options.show === true) {
    await writeOutput([hunt.query], options)
    return 0
  }
  const policy = options.policy === undefined ? undefined : usablePolicy(options.policy, options.quiet === true).policy
  if (policy && !hunt.without_record) throw new ConfigurationError(`hunt ${id} asks no policy`)
  if (options.quiet !== true)
    process.stderr.write(`${hunt.title}\n${hunt.reading.map((line) => `  ${line}\n`).join('')}`)
  const code = await query(hunt.query, paths, { ...options, language: 'kql' }, policy && withoutRecord(hunt, policy))
  if (options.quiet !== true && hunt.next.length > 0)
    process.stderr.write(`next: ${hunt.next.map((each) => `latchkey hunt run ${each}`).join(', ')}\n`)
  return code
}

/** Keeps rows whose tool no confirmed, unexpired entry approves on the host. */
function withoutRecord(hunt: Hunt, policy: Policy): RowFilter {
  const { tool, host } = hunt.without_record!
  const ids = new Map(loadCatalogue().tools.map(({ id, name }) => [name.toLowerCase(), id]))
  const now = Date.now() * 1000
  const entries = policy.entries.filter(
    ({ confirmed, expires }) => confirmed && (expires === undefined || expires > now),
  )
  return (row) => {
    const id = ids.get(String(row[tool]).toLowerCase())
    return !entries.some(
      (entry) =>
        id !== undefined &&
        entry.tools.has(id) &&
        (entry.hosts === undefined || hostAmong(entry.hosts, String(row[host]), []) === 'yes'),
    )
  }
}
