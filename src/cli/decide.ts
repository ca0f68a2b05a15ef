import { type DecisionRecord, recordOf, ruleRatios } from '../findings/decisions/decisions.js'
import type { Decision } from '../findings/report.js'
import { closestName } from '../text/closest-name.js'
import { visible, visibleJson } from '../text/visible.js'
import { appendDecision, type DecisionOptions, decisionsAt, decisionsPath, knownIncidents } from './decisions-file.js'
import { ConfigurationError } from './failure.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { renderRows } from './rows.js'
import { terminalOf } from './terminal.js'

export interface DecideOptions extends DecisionOptions {
  readonly verdict: Decision['verdict']
  readonly note: string
  readonly by?: string
  readonly report?: string
}

/** `latchkey decide`: keeps what an analyst makes of an incident. Later scans of the store know it. */
export function decide(id: string, options: DecideOptions): number {
  const path = pathOf(options)
  if (options.note.trim() === '') throw new ConfigurationError('--note is empty: say in a sentence why')
  const incidents = knownIncidents(options.store, options.report)
  const incident = incidents.find((each) => each.id === id)
  if (!incident) {
    const closest = closestName(
      id,
      incidents.map((each) => each.id),
    )
    throw new ConfigurationError(`no incident ${id} in the last scan${closest ? `; closest is ${closest}` : ''}`)
  }
  const { verdict, note, by } = options
  const record = recordOf(incident, { verdict, note, by: by ?? null, at: new Date().toISOString() })
  appendDecision(path, record)
  process.stderr.write(`${visible(incident.title)}: ${verdict}; kept in ${visible(path)}\n`)
  return 0
}

export interface ExportOptions extends DecisionOptions, OutputOptions {
  readonly format?: 'table' | 'json' | 'ndjson' | 'csv'
  readonly rules?: boolean
}

/** `latchkey decisions export`: every decision, or with `--rules` how often each rule was a false alarm. */
export async function exportDecisions(options: ExportOptions): Promise<number> {
  checkOutput(options)
  const records = decisionsAt(pathOf(options))
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const format = options.format ?? (terminal.isTerminal ? 'table' : 'json')
  if (format === 'json' && options.rules !== true) {
    const json = JSON.stringify({ decisions: records, rules: ruleRatios(records) }, null, 2)
    await writeOutput([`${visibleJson(json)}\n`], options)
    return 0
  }
  const [names, rows] = options.rules === true ? ratioRows(records) : decisionRows(records)
  await writeOutput(renderRows(names, rows, format, terminal), options)
  return 0
}

function ratioRows(
  records: readonly DecisionRecord[],
): readonly [readonly string[], readonly (readonly (string | number)[])[]] {
  const names = ['rule', 'benign', 'expected', 'malicious', 'false_positives', 'from', 'to']
  return [
    names,
    ruleRatios(records).map((each) => [
      each.rule,
      each.benign,
      each.expected,
      each.malicious,
      each.falsePositives,
      each.low,
      each.high,
    ]),
  ]
}

function decisionRows(
  records: readonly DecisionRecord[],
): readonly [readonly string[], readonly (readonly string[])[]] {
  const names = ['at', 'incident', 'verdict', 'by', 'note', 'title', 'tools_and_hosts']
  return [
    names,
    records.map(({ at, incident, verdict, by, note, title, chains }) => [
      at,
      incident,
      verdict,
      by ?? '',
      note,
      title,
      chains.map(({ tool, host }) => `${tool} on ${host}`).join(' | '),
    ]),
  ]
}

function pathOf(options: DecisionOptions): string {
  const path = decisionsPath(options)
  if (path === undefined) throw new ConfigurationError('where are the decisions? give --store or --decisions')
  return path
}
