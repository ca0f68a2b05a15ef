import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { VERDICT_WORDS } from '../findings/render/words.js'
import { type Finding, type Incident, type InventoryEntry, LEVELS, type Report } from '../findings/report.js'
import { ConfigurationError } from './failure.js'

/** The parts of a report that a playbook is made from. */
export type KnownReport = Pick<Report, 'incidents' | 'inventory' | 'findings'>

/** Whether a file begins as a report does that `scan` wrote as `json` or `ndjson`; logs do not. */
export function isReport(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false
    const file = openSync(path, 'r')
    try {
      const start = Buffer.alloc(64)
      const text = start.toString('utf8', 0, readSync(file, start, 0, start.length, 0))
      return /^\uFEFF?\s*\{\s*(?:"kind":"summary",)?"latchkey":/.test(text.replace(/\s+/g, ''))
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}

const noReport = (path: string, why: string): never => {
  throw new ConfigurationError(`${path} is no report of a scan: ${why}`)
}

function partsAt(path: string): Parts {
  let text: string
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    return noReport(path, error instanceof Error ? error.message : String(error))
  }
  return partsIn(text) ?? noReport(path, 'it cannot be read as JSON, nor as JSON lines')
}

/** The inventory of a report that `scan` wrote as `json` or `ndjson`, each entry of it looked at. */
export function inventoryAt<Entry>(path: string, isEntry: (entry: unknown) => entry is Entry): readonly Entry[] {
  const { inventory } = partsAt(path)
  if (!Array.isArray(inventory) || !inventory.every(isEntry))
    return noReport(path, 'it has no inventory as this version writes it')
  return inventory
}

/** A report that `scan` wrote as `json` or `ndjson`. */
export function reportAt(path: string): KnownReport {
  const fail = (why: string): never => noReport(path, why)
  const { inventory, incidents, findings } = partsAt(path)
  if (!Array.isArray(inventory) || !inventory.every(isEntry)) fail('it has no inventory as this version writes it')
  if (!Array.isArray(incidents) || !incidents.every(isIncident)) fail('it has no incidents as this version writes them')
  return {
    inventory: inventory as readonly InventoryEntry[],
    incidents: incidents as readonly Incident[],
    findings: Array.isArray(findings) ? findings.filter(isFinding) : [],
  }
}

/** What a report has, not looked at yet. */
interface Parts {
  readonly inventory?: unknown
  readonly incidents?: unknown
  readonly findings?: unknown
}

/** The incidents of a report as `json` or `ndjson`, or of what a scan keeps beside a store; undefined where they are not as this version writes them. */
export function incidentsIn(text: string): readonly Incident[] | undefined {
  const incidents = partsIn(text.replace(/^\uFEFF/, ''))?.incidents
  return Array.isArray(incidents) && incidents.every(isIncident) ? incidents : undefined
}

function partsIn(text: string): Parts | undefined {
  try {
    const report = JSON.parse(text) as Parts | null
    if (report !== null && ('incidents' in report || 'inventory' in report)) return report
  } catch {
    // It may be lines.
  }
  try {
    const rows = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as { readonly kind?: string } | null)
    // The first line of such a report is its summary.
    if (rows[0]?.kind !== 'summary') return {}
    return {
      inventory: rows.filter((row) => row?.kind === 'inventory'),
      incidents: rows.filter((row) => row?.kind === 'incident'),
      findings: rows.filter((row) => row?.kind === 'finding'),
    }
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || isText(value)
const all = (value: unknown, holds: (each: never) => boolean): boolean =>
  Array.isArray(value) && value.every((each) => holds(each as never))

const isEntry = (entry: Partial<InventoryEntry> | null): boolean =>
  isText(entry?.tool) &&
  isText(entry.toolId) &&
  isText(entry.host) &&
  all(entry.paths, isText) &&
  all(entry.launch, (each: InventoryEntry['launch'][number]) => isText(each?.how) && isText(each.parent)) &&
  all(entry.identity?.evidence, (each: { kind: unknown; value: unknown }) => isText(each?.kind) && isText(each.value))

const isFinding = (finding: Partial<Finding> | null): boolean =>
  isText(finding?.rule) &&
  isTextOrNull(finding.tool) &&
  isTextOrNull(finding.host) &&
  typeof finding.columns === 'object' &&
  finding.columns !== null

const isInstance = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.values(value as object).every(isText))

const isProcess = (node: Partial<Incident['chains'][number]['processes'][number]> | null): boolean =>
  isText(node?.name) && isText(node.command) && all(node.children, isProcess)

const isChain = (chain: Partial<Incident['chains'][number]> | null): boolean =>
  [chain?.id, chain?.tool, chain?.toolId, chain?.host].every(isText) &&
  isVerdict(chain!.verdict) &&
  isTextOrNull(chain!.reason) &&
  isInstance(chain!.tenant) &&
  all(chain!.otherTenants ?? [], isInstance) &&
  all(chain!.users, isText) &&
  all(
    chain!.steps,
    (step: { what: unknown; time: unknown; user: unknown }) =>
      isText(step?.what) && isTextOrNull(step.time) && isTextOrNull(step.user),
  ) &&
  all(chain!.processes, isProcess) &&
  all(chain!.findings, (finding: { rule: unknown }) => isText(finding?.rule)) &&
  (chain!.delivery === null ||
    (isText(chain!.delivery?.file) &&
      isTextOrNull(chain!.delivery.from) &&
      isTextOrNull(chain!.delivery.account) &&
      all(chain!.delivery.by, isText))) &&
  [
    chain!.prevalence?.hosts,
    chain!.prevalence?.hostsWithTool,
    chain!.prevalence?.hostsWithInstance,
    chain!.prevalence?.instancesOfTool,
  ].every(Number.isFinite) &&
  isTextOrNull(chain!.prevalence!.firstInFleet)

const isVerdict = (value: unknown): boolean => isText(value) && Object.hasOwn(VERDICT_WORDS, value)

const isIncident = (incident: Partial<Incident> | null): boolean =>
  [incident?.id, incident?.title, incident?.summary, incident?.severity?.arithmetic].every(isText) &&
  LEVELS.includes(incident!.level!) &&
  isVerdict(incident!.verdict) &&
  typeof incident!.moreChains === 'number' &&
  [incident!.firstSeen, incident!.lastSeen].every(isTextOrNull) &&
  all(incident!.techniques, isText) &&
  all(incident!.links, (link: { why: unknown }) => isText(link?.why)) &&
  all(incident!.chains, isChain)
