import { instancesOf } from '../instances.js'
import type { Finding, Incident, InventoryEntry, Report } from '../report.js'
import { csvRecord } from './csv-cell.js'
import { pairs, valueText } from './words.js'

/**
 * Inventory, incidents and findings as one flat table; `kind` tells them apart. Nothing is cut. A cell that a spreadsheet would take for a
 * formula starts with an apostrophe, and control characters are written as code points, so the JSON is what to compute with.
 */
export function* csvChunks(report: Report): Iterable<string> {
  yield csvRecord(COLUMNS)
  for (const entry of report.inventory) yield csvRecord(cells(inventoryRow(entry)))
  for (const incident of report.incidents) yield csvRecord(cells(incidentRow(incident)))
  for (const finding of report.findings) yield csvRecord(cells(findingRow(finding)))
}

const COLUMNS = [
  'kind',
  'level',
  'verdict',
  'tool',
  'host',
  'user',
  'first_seen',
  'last_seen',
  'events',
  'state',
  'confidence',
  'evidence',
  'launch',
  'instance',
  'reason',
  'entry',
  'category',
  'tool_id',
  'paths',
  'rule',
  'title',
  'techniques',
  'why',
  'severity',
  'columns',
  'sources',
  'incident',
  'decision',
  'repeats',
  'status',
  'tags',
  'false_positives',
  'rule_file',
] as const

type Row = Partial<Record<(typeof COLUMNS)[number], string | number | null>>

const SEPARATOR = ' | '

const inventoryRow = (entry: InventoryEntry): Row => ({
  kind: 'inventory',
  verdict: entry.verdict,
  tool: entry.tool,
  host: entry.host,
  user: entry.users.join(SEPARATOR),
  first_seen: entry.firstSeen,
  last_seen: entry.lastSeen,
  events: entry.events,
  state: entry.state,
  confidence: entry.identity.confidence,
  evidence: entry.identity.evidence.map(({ kind, value }) => `${kind}: ${value}`).join(SEPARATOR),
  launch: entry.launch.map(({ how, parent }) => (parent === '' ? how : `${how} from ${parent}`)).join(SEPARATOR),
  instance: entry.tenant === null ? null : instancesOf(entry).map(pairs).join(SEPARATOR),
  reason: (entry.judgements ?? []).map(({ reason }) => reason).join(SEPARATOR),
  entry: (entry.judgements ?? []).map((each) => each.entry ?? '').join(SEPARATOR),
  category: entry.category,
  tool_id: entry.toolId,
  paths: entry.paths.join(SEPARATOR),
})

const incidentRow = (incident: Incident): Row => ({
  kind: 'incident',
  level: incident.level,
  verdict: incident.verdict,
  tool: distinct(incident.chains.map(({ tool }) => tool)),
  host: distinct(incident.chains.map(({ host }) => host)),
  user: distinct(incident.chains.flatMap(({ users }) => users)),
  first_seen: incident.firstSeen,
  last_seen: incident.lastSeen,
  instance: distinct(incident.chains.flatMap(({ tenant }) => (tenant === null ? [] : [pairs(tenant)]))),
  title: incident.title,
  techniques: incident.techniques.join(SEPARATOR),
  why: incident.summary,
  severity: incident.severity.arithmetic,
  incident: incident.id,
  decision: incident.decision === null ? incident.reopened : `${incident.decision.verdict}: ${incident.decision.note}`,
})

const distinct = (texts: readonly string[]): string => [...new Set(texts)].join(SEPARATOR)

/** The time of a finding stands under `first_seen` and `last_seen`: both kinds of row can be sorted by either. */
const findingRow = (finding: Finding): Row => ({
  kind: 'finding',
  level: finding.level,
  tool: finding.tool,
  host: finding.host,
  user: finding.user,
  first_seen: finding.repeats?.first ?? finding.time,
  last_seen: finding.repeats?.last ?? finding.time,
  events: finding.events.length,
  rule: finding.rule,
  title: finding.title,
  techniques: finding.techniques.join(SEPARATOR),
  why: finding.why,
  severity: finding.severity?.arithmetic ?? null,
  columns: valueText(finding.columns),
  sources: finding.events.map(({ source, position }) => `${source} at ${position}`).join(SEPARATOR),
  repeats: finding.repeats?.count ?? null,
  status: finding.about?.status ?? null,
  tags: finding.about?.tags.join(SEPARATOR) ?? null,
  false_positives: finding.about?.falsePositives.join(SEPARATOR) ?? null,
  rule_file: finding.about?.file ?? null,
})

const cells = (row: Row): readonly (string | number | null)[] => COLUMNS.map((column) => row[column] ?? null)
