import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type DecisionRecord, readDecisions } from '../findings/decisions/decisions.js'
import type { Incident } from '../findings/report.js'
import { visibleJson } from '../text/visible.js'
import { ConfigurationError } from './failure.js'
import { incidentsIn } from './report-file.js'

/** Where decisions are kept: a file of their own, or beside the store. */
export interface DecisionOptions {
  readonly store?: string
  readonly decisions?: string
}

export const decisionsPath = ({ store, decisions }: DecisionOptions): string | undefined =>
  decisions ?? (store === undefined ? undefined : `${store}.decisions.jsonl`)

/** The decisions at a path; none where there is no file. Lines that cannot be read are told and left out. */
export function decisionsAt(path: string): readonly DecisionRecord[] {
  if (!existsSync(path)) return []
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { records, unread } = readDecisions(text)
  if (unread.length > 0)
    process.stderr.write(
      `latchkey: ${path}: ${unread.length === 1 ? 'line' : 'lines'} ${unread.slice(0, 10).join(', ')}${unread.length > 10 ? ` and ${unread.length - 10} more` : ''} cannot be read as a decision and ${unread.length === 1 ? 'is' : 'are'} left out\n`,
    )
  return records
}

/** Adds a line; what is there is never written over. A last line that was cut is ended first. */
export function appendDecision(path: string, record: DecisionRecord): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const line = `${visibleJson(JSON.stringify(record))}\n`
  try {
    appendFileSync(path, before === '' || before.endsWith('\n') ? line : `\n${line}`)
  } catch (error) {
    throw new ConfigurationError(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Keeps a scan's incidents beside the store, for `decide` to know what an id means. */
export function keepIncidents(store: string, incidents: readonly Incident[]): void {
  const path = incidentsPath(store)
  const partial = `${path}.${process.pid}.partial`
  writeFileSync(partial, visibleJson(JSON.stringify({ incidents })))
  renameSync(partial, path)
}

const incidentsPath = (store: string): string => `${store}.incidents.json`

/** The incidents of the last scan into a store; undefined where none was kept, or an earlier version kept them. */
export function keptIncidents(store: string): readonly Incident[] | undefined {
  const path = incidentsPath(store)
  return existsSync(path) ? incidentsIn(readFileSync(path, 'utf8')) : undefined
}

/** The incidents of the last scan into a store, or of a report as `json` or `ndjson`. */
export function knownIncidents(store: string | undefined, report: string | undefined): readonly Incident[] {
  const path = report ?? (store === undefined ? undefined : incidentsPath(store))
  if (path === undefined)
    throw new ConfigurationError('which incidents? give --store, or --report with a report of a scan')
  if (!existsSync(path))
    throw new ConfigurationError(
      report === undefined
        ? `no scan has been kept beside ${store}: scan with --store first`
        : `${path} does not exist`,
    )
  const incidents = incidentsIn(readFileSync(path, 'utf8'))
  if (!incidents) throw new ConfigurationError(`${path} has no incidents as this version writes them`)
  return incidents
}
