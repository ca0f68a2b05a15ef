import { withShortHosts } from '../findings/render/short-hosts.js'
import { stackTable } from '../findings/render/stack-table.js'
import type { Report } from '../findings/report.js'
import { stackBy } from '../findings/stack.js'
import { ConfigurationError } from './failure.js'
import { type RowFormat, renderRows } from './rows.js'

/** What the rules found, counted by the values of fields, in a format for rows. */
export function renderStacks(
  report: Report,
  fields: readonly string[],
  format: RowFormat,
  terminal: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  const stacked = stackBy(format === 'table' ? withShortHosts(report) : report, fields)
  if (!stacked.ok) {
    const { unknown, closest, fields: known } = stacked
    const help =
      closest === undefined
        ? `there are ${known.slice(0, MOST_NAMED).join(', ')}${known.length > MOST_NAMED ? ` and ${known.length - MOST_NAMED} more` : ''}`
        : `closest is ${closest}`
    throw new ConfigurationError(`--stack ${unknown}: no finding has that field; ${help}`)
  }
  if (format === 'table') return stackTable(stacked.stacks, fields, terminal)
  const rows = stacked.stacks.map(({ values, findings, events, hosts, rules, firstSeen, lastSeen }) => [
    findings,
    events,
    hosts,
    rules,
    firstSeen,
    lastSeen,
    ...values,
  ])
  return renderRows([...COUNTED, ...fields], rows, format, terminal)
}

const COUNTED = ['findings', 'events', 'hosts', 'rules', 'first_seen', 'last_seen']
const MOST_NAMED = 24
