import { VERDICTS, type Verdict } from '../../policy/index.js'
import { instancesOf, tellingPart } from '../instances.js'
import type { Confidence, Finding, InventoryEntry, Level, Rejection, Report } from '../report.js'
import { CONFIDENCES as ASCENDING_CONFIDENCES, LEVELS as ASCENDING_LEVELS } from '../report.js'

/**
 * The order in which a report is told, the same in a terminal and on a page: what matters most comes first, so that
 * whatever has to be cut is what matters least.
 */

export const LEVELS: readonly Level[] = ASCENDING_LEVELS.toReversed()
export const CONFIDENCES: readonly Confidence[] = ASCENDING_CONFIDENCES.toReversed()

/** One tool with the hosts it was seen on. */
export interface ToolView {
  readonly tool: string
  readonly toolId: string
  readonly category: string
  /** Most relevant first. */
  readonly entries: readonly EntryView[]
  readonly firstSeen: string | null
  readonly lastSeen: string | null
  readonly events: number
  readonly atWork: boolean
  readonly confidence: Confidence
  /** Ways it was started, most frequent first. */
  readonly launch: readonly string[]
  /** Distinct instances and the hosts they were seen on. */
  readonly tenants: readonly { readonly tenant: Readonly<Record<string, string>>; readonly hosts: readonly string[] }[]
  /** The gravest of its hosts. */
  readonly verdict: Verdict
  /** Why an entry does not approve it, and on which hosts, gravest first. */
  readonly reasons: readonly { readonly reason: string; readonly verdict: Verdict; readonly hosts: readonly string[] }[]
}

export interface EntryView {
  readonly entry: InventoryEntry
  /** Of the findings on this tool and host. */
  readonly findings: readonly Finding[]
  readonly level: Level | null
}

/** The tools, gravest findings first, then those at work, then those on most hosts. */
export function toolViews(report: Report): readonly ToolView[] {
  const byTool = groupBy(entryViews(report), ({ entry }) => entry.toolId)
  return [...byTool.values()]
    .map(toolView)
    .sort(
      (a, b) =>
        VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict) ||
        levelRank(a.entries[0]!.level) - levelRank(b.entries[0]!.level) ||
        Number(b.atWork) - Number(a.atWork) ||
        b.entries.length - a.entries.length ||
        compare(a.tool, b.tool),
    )
}

function toolView(entries: readonly EntryView[]): ToolView {
  const all = entries.map(({ entry }) => entry)
  const launches = new Map<string, number>()
  for (const { how, count } of all.flatMap(({ launch }) => launch)) launches.set(how, (launches.get(how) ?? 0) + count)
  const tenants = groupBy(
    all.flatMap((entry) => instancesOf(entry).map((instance) => ({ tenant: tellingPart(instance), host: entry.host }))),
    ({ tenant }) => JSON.stringify(tenant),
  )
  return {
    tool: all[0]!.tool,
    toolId: all[0]!.toolId,
    category: all[0]!.category,
    entries,
    firstSeen:
      all
        .map(({ firstSeen }) => firstSeen)
        .filter((time) => time !== null)
        .sort(compare)[0] ?? null,
    lastSeen:
      all
        .map(({ lastSeen }) => lastSeen)
        .filter((time) => time !== null)
        .sort(compare)
        .at(-1) ?? null,
    events: all.reduce((sum, { events }) => sum + events, 0),
    atWork: all.some(({ state }) => state === 'at work'),
    confidence:
      CONFIDENCES.find((confidence) => all.some(({ identity }) => identity.confidence === confidence)) ?? 'low',
    launch: [...launches].sort((a, b) => b[1] - a[1] || compare(a[0], b[0])).map(([how]) => how),
    tenants: [...tenants.values()]
      .map((some) => ({ tenant: some[0]!.tenant, hosts: some.map(({ host }) => host) }))
      .sort((a, b) => b.hosts.length - a.hosts.length),
    verdict: VERDICTS.findLast((verdict) => all.some((entry) => entry.verdict === verdict)) ?? 'unknown',
    reasons: reasonsOf(all),
  }
}

function reasonsOf(entries: readonly InventoryEntry[]): ToolView['reasons'] {
  const grave = entries.flatMap(({ host, judgements }) => {
    const [judgement] = judgements ?? []
    return judgement && judgement.verdict !== 'approved' && judgement.entry !== null ? [{ ...judgement, host }] : []
  })
  return [...groupBy(grave, ({ reason }) => reason).values()]
    .map((some) => ({ reason: some[0]!.reason, verdict: some[0]!.verdict, hosts: some.map(({ host }) => host) }))
    .sort((a, b) => VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict) || b.hosts.length - a.hosts.length)
}

/** Sightings by verdict, gravest first. */
export function verdictCounts(report: Report): readonly { readonly verdict: Verdict; readonly count: number }[] {
  const counts = groupBy(report.inventory, ({ verdict }) => verdict)
  return VERDICTS.toReversed().flatMap((verdict) => {
    const found = counts.get(verdict)?.length ?? 0
    return found === 0 ? [] : [{ verdict, count: found }]
  })
}

/** The inventory, each entry with its findings, most relevant first. */
export function entryViews(report: Report): readonly EntryView[] {
  const findings = groupBy(report.findings, ({ tool, host }) => pairKey(tool, host))
  return report.inventory
    .map((entry): EntryView => {
      const own = [
        ...(findings.get(pairKey(entry.tool, entry.host)) ?? []),
        ...(entry.toolId === entry.tool ? [] : (findings.get(pairKey(entry.toolId, entry.host)) ?? [])),
      ]
      return { entry, findings: own, level: gravest(own) }
    })
    .sort(byRelevance)
}

/** Findings that belong to no entry of the inventory. */
export function strayFindings(report: Report): readonly Finding[] {
  const known = new Set(
    report.inventory.flatMap(({ tool, toolId, host }) => [pairKey(tool, host), pairKey(toolId, host)]),
  )
  return report.findings.filter(({ tool, host }) => !known.has(pairKey(tool, host)))
}

/** At most `limit` entries: every tool's most relevant one first, then the most relevant of the rest. Kept in the order given. */
export function mostRelevant(entries: readonly EntryView[], limit: number): readonly EntryView[] {
  if (entries.length <= limit) return entries
  const firsts = [...groupBy(entries, ({ entry }) => entry.toolId).values()].map((some) => some[0]!)
  const chosen = new Set(firsts.slice(0, limit))
  for (const view of entries) {
    if (chosen.size >= limit) break
    chosen.add(view)
  }
  return entries.filter((view) => chosen.has(view))
}

/** Findings of one level and one rule, newest last. */
export interface RuleView {
  readonly rule: string
  readonly title: string
  readonly level: Level
  readonly techniques: readonly string[]
  readonly findings: readonly Finding[]
}

/** Levels that have findings, gravest first, each with its rules, the most frequent last: the rare ones say most. */
export function levelViews(
  report: Report,
): readonly { readonly level: Level; readonly count: number; readonly rules: readonly RuleView[] }[] {
  return LEVELS.flatMap((level) => {
    const findings = report.findings.filter((finding) => finding.level === level)
    if (findings.length === 0) return []
    const rules = [...groupBy(findings, ({ rule }) => rule).values()]
      .map((own): RuleView => {
        const { rule, title } = own[0]!
        const techniques = [...new Set(own.flatMap((finding) => finding.techniques))]
        return { rule, title, level, techniques, findings: own.toSorted((a, b) => compareTimes(a.time, b.time)) }
      })
      .sort((a, b) => a.findings.length - b.findings.length || compare(a.title, b.title))
    return [{ level, count: findings.length, rules }]
  })
}

/** Rejections by code, those that cost most first. */
export function rejectionViews(report: Report): readonly {
  readonly code: string
  readonly rejections: readonly Rejection[]
  /** Records lost as far as known, and whether more may be. */
  readonly records: number
  readonly unknown: boolean
  readonly count: number
}[] {
  return [...groupBy(report.summary.rejected, ({ code }) => code)]
    .map(([code, rejections]) => ({
      code,
      rejections: rejections.toSorted((a, b) => (b.records ?? 0) - (a.records ?? 0) || compare(a.file, b.file)),
      records: rejections.reduce((sum, { records }) => sum + (records ?? 0), 0),
      unknown: rejections.some(({ records }) => records === null),
      count: rejections.reduce((sum, { count }) => sum + count, 0),
    }))
    .sort((a, b) => b.records - a.records || b.count - a.count || compare(a.code, b.code))
}

/** What was read, by channel or exported table, most records first. */
export function channelViews(report: Report): readonly {
  readonly name: string
  readonly records: number
  /** Event ids, most frequent first. */
  readonly ids: readonly { readonly id: number; readonly count: number }[]
}[] {
  const named = groupBy(
    report.summary.events,
    ({ channel, table, provider }) => table || channel || provider || 'no channel named',
  )
  return [...named]
    .map(([name, events]) => {
      const ids = new Map<number, number>()
      for (const { id, count } of events) if (id !== null) ids.set(id, (ids.get(id) ?? 0) + count)
      return {
        name,
        records: events.reduce((sum, { count }) => sum + count, 0),
        ids: [...ids].map(([id, count]) => ({ id, count })).sort((a, b) => b.count - a.count || a.id - b.id),
      }
    })
    .sort((a, b) => b.records - a.records || compare(a.name, b.name))
}

/** How many findings of each level. */
export function countLevels(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, informational: 0 }
  for (const { level } of findings) counts[level]++
  return counts
}

export const gravest = (findings: readonly Finding[]): Level | null =>
  LEVELS.find((level) => findings.some((finding) => finding.level === level)) ?? null

export const levelRank = (level: Level | null): number => (level === null ? LEVELS.length : LEVELS.indexOf(level))

const byRelevance = (a: EntryView, b: EntryView): number =>
  VERDICTS.indexOf(b.entry.verdict) - VERDICTS.indexOf(a.entry.verdict) ||
  levelRank(a.level) - levelRank(b.level) ||
  Number(b.entry.state === 'at work') - Number(a.entry.state === 'at work') ||
  CONFIDENCES.indexOf(a.entry.identity.confidence) - CONFIDENCES.indexOf(b.entry.identity.confidence) ||
  compareTimes(a.entry.firstSeen, b.entry.firstSeen) ||
  compare(a.entry.host, b.entry.host)

/** Items by key, keys in the order they are met. */
function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

// Hosts and tools of findings come from queries, which may return them in another case than the inventory does.
const pairKey = (tool: string | null, host: string | null): string =>
  JSON.stringify([tool?.toLowerCase(), host?.toLowerCase()])

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Unknown times last. */
const compareTimes = (a: string | null, b: string | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : compare(a, b)
