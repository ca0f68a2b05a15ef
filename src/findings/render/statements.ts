import { visible } from '../../text/visible.js'
import type { Report, Summary } from '../report.js'
import { verdictCounts } from './view.js'
import { bytes, clock, count, duration, plural, some, VERDICT_WORDS } from './words.js'

/** Sentences that every report a person reads has in common. Texts from logs in them are already made visible. */

/** `2026-03-01 05:58 to 2026-03-14 22:41 UTC, 4,204,331 records of 14 hosts`. */
export const scopeLine = (summary: Summary): string =>
  `${rangeText(summary)}, ${plural(summary.records.read, 'record')} of ${plural(summary.hosts, 'host')}`

export const rangeText = ({ timeRange }: Summary): string =>
  timeRange === null ? 'no time known' : `${clock(visible(timeRange.first))} to ${clock(visible(timeRange.last))} UTC`

/** Why the inventory is empty. */
export function nothingFound(report: Report): string {
  const { summary } = report
  if (summary.records.read === 0) {
    const why =
      summary.files.read + summary.files.rejected === 0 ? 'no file was found' : 'no file held a readable record'
    return `Nothing was looked at: ${why}. This says nothing about remote access tools.`
  }
  const range = summary.timeRange === null ? '' : `, from ${rangeText(summary)}`
  const found = `No remote access tool found in ${plural(summary.records.read, 'record')} of ${plural(summary.hosts, 'host')}${range}.`
  const mapped = summary.sources.mapped.filter(({ records }) => records > 0)
  if (mapped.length === 0)
    return `${found} No record came from a source that could show one: no schema map covers what was read.`
  const sources = mapped.map(({ schema, records }) => `${visible(schema)} (${plural(records, 'record')})`)
  return `${found} Sources that could show one: ${some(sources, 8)}.`
}

/** Why there is no finding. */
export function nothingMatched({ summary }: Report): string {
  if (summary.rules.length === 0) return 'No rule was run.'
  return `None of ${plural(summary.rules.length, 'rule')} matched.`
}

/** What was read, how fast, by which clock, and what deserves doubt. */
export function readingNotes(summary: Summary): readonly string[] {
  const { files, records, asOf, rules } = summary
  const rate = summary.seconds > 0 ? `, ${count(Math.round(records.read / summary.seconds))} records/s` : ''
  const matched = rules.filter(({ matches }) => matches > 0).length
  const without = rules.filter(({ outcome }) => outcome === 'not-applicable' || outcome === 'refused')
  return [
    `${plural(files.read, 'file')}, ${bytes(files.bytes)}, ${plural(records.read, 'record')} in ${duration(summary.seconds)}${rate}.`,
    files.duplicate > 0 || records.duplicate > 0
      ? `Read before and counted once: ${plural(files.duplicate, 'file')}, ${plural(records.duplicate, 'record')}.`
      : '',
    records.timeAssumedUtc > 0
      ? `${plural(records.timeAssumedUtc, 'record')} had a time without a zone, taken as UTC.`
      : '',
    records.withoutTime > 0 ? `${plural(records.withoutTime, 'record')} had no readable time.` : '',
    `${plural(rules.length - without.length, 'rule')} ran, ${count(matched)} matched. Now is ${clock(visible(asOf.time))} UTC (${asOf.from}).`,
    ...overlayNotes(summary),
    ...unrunRules(summary),
  ].filter((note) => note !== '')
}

/** What an overlay changed, and which of its entries did nothing. */
function overlayNotes({ overlay }: Summary): readonly string[] {
  if (!overlay) return []
  const { file, entries } = overlay
  const applied = entries.filter(({ state }) => state === 'applied')
  const rules = (change: string): number =>
    applied.filter(({ changes }) => changes.includes(change)).reduce((sum, each) => sum + each.rules, 0)
  const done = [
    [rules('disable'), 'disabled'],
    [rules('level'), 'with another level'],
    [rules('status'), 'with another status'],
    [rules('filter'), 'narrowed'],
  ].flatMap(([number, words]) => (number === 0 ? [] : [`${plural(Number(number), 'rule')} ${words}`]))
  const idle = entries.filter(({ state }) => state !== 'applied').map(({ id, state }) => `${visible(id)} (${state})`)
  return [
    `The overlay ${visible(file)}: ${done.join(', ') || 'nothing disabled, graded or narrowed'}.`,
    ...(idle.length > 0 ? [`Its entries without effect: ${some(idle, MOST_REASONS)}.`] : []),
  ]
}

/** Logs and reasons that a sentence names; the rest is counted. */
const MOST_REASONS = 6

/** Rules that did not run, by what is missing and why they were refused. */
function unrunRules({ rules }: Summary): readonly string[] {
  return (['not-applicable', 'refused'] as const).flatMap((outcome) => {
    const reasons = new Map<string, number>()
    for (const rule of rules)
      if (rule.outcome === outcome) {
        const reason = visible(rule.note ?? 'for no reason that is known')
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
    if (reasons.size === 0) return []
    const total = [...reasons.values()].reduce((sum, each) => sum + each, 0)
    const told = [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, times]) => `${reason} (${count(times)})`)
    const words =
      outcome === 'refused'
        ? `${total === 1 ? 'was' : 'were'} refused`
        : `${total === 1 ? 'does' : 'do'} not apply: nothing that was read is a log of`
    return [`${plural(total, 'rule')} ${words}${outcome === 'refused' ? ':' : ''} ${some(told, MOST_REASONS)}.`]
  })
}

/** Notes on single rules that ran. */
export const rulesWithNotes = ({ rules }: Summary): Summary['rules'] =>
  rules.filter(({ note, outcome }) => note !== null && outcome !== 'not-applicable' && outcome !== 'refused')

/** Whether what was found is allowed, in a sentence; without a policy, how to start one. */
export function allowedLine(report: Report): string {
  const { policy } = report.summary
  if (report.inventory.length === 0) return ''
  if (policy === null)
    return 'Nothing says yet which of these are allowed. To start a policy: latchkey policy init PATHS --out policy.yaml, then scan with --policy policy.yaml'
  const said = verdictCounts(report).map(({ verdict, count: found }) => `${count(found)} ${VERDICT_WORDS[verdict]}`)
  const waiting = policy.unconfirmed > 0 ? `; ${count(policy.unconfirmed)} of its entries are not confirmed` : ''
  return `By ${visible(policy.name || policy.file)}: ${said.join(', ')}${waiting}.`
}
