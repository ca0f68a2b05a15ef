import { type Seen, tuningOf } from '../../playbook/tuning.js'
import type { Finding, FindingEvent, Report } from '../../report.js'
import { nothingMatched } from '../statements.js'
import { levelViews, type RuleView } from '../view.js'
import { clock, count, plural, some, valueText } from '../words.js'
import { tuningBlock } from './guide.js'
import { data, html, type Markup } from './markup.js'
import { rulesTable } from './rules-table.js'
import { technique } from './technique.js'
import { levelMark } from './timeline.js'

/** The findings by rule, gravest first, and the names by which the timeline can lead to them. */
export function findingsSection(report: Report): {
  readonly markup: Markup
  readonly anchors: ReadonlyMap<Finding, string>
} {
  const anchors = new Map<Finding, string>()
  const levels = levelViews(report)
  const shown = shareOut(levels.flatMap(({ rules }) => rules))
  const names = new Map([...shown.keys()].map((rule, index) => [rule, `rule-${index + 1}`]))
  const groups = levels.map(({ level, count: found, rules }) => {
    const own = rules.map((rule) => {
      const findings = shown.get(rule) ?? []
      for (const finding of findings) anchors.set(finding, `finding-${anchors.size + 1}`)
      return findings.length === 0 ? null : ruleGroup(rule, names.get(rule)!, findings, anchors, report)
    })
    return html`<div class="level-group ${level}">
<h3 class="level-title">${levelMark(level)} ${level[0]!.toUpperCase() + level.slice(1)} <span class="quiet">${count(found)}</span></h3>
${own}</div>
`
  })
  const about = report.findings.length === 0 ? html`<p class="statement">${nothingMatched(report)}</p>` : null
  const cut =
    anchors.size < report.findings.length
      ? html`<p class="cut-note">${count(anchors.size)} of ${count(report.findings.length)} findings are shown: gravest first, and of one rule only the earliest. All of them: <code>--format json</code></p>`
      : null
  const markup = html`<section id="findings">\n<h2>Findings</h2>\n${about}${cut}${rulesTable(levels, names)}${groups}</section>\n`
  return { markup, anchors }
}

const MOST_FINDINGS = 360
const MOST_OF_A_RULE = { critical: 20, high: 12, medium: 8, low: 4, informational: 3 } as const
const MOST_EVENTS = 4
const MOST_FIELDS = 24
const MOST_VALUE = 600
const MOST_WHY = 1000

/** Which findings are shown: one of every rule as far as they go, then more of each, the gravest first. */
function shareOut(rules: readonly RuleView[]): ReadonlyMap<RuleView, readonly Finding[]> {
  const served = rules.slice(0, MOST_FINDINGS)
  let left = MOST_FINDINGS - served.length
  return new Map(
    served.map((rule) => {
      const more = Math.min(left, rule.findings.length - 1, MOST_OF_A_RULE[rule.level] - 1)
      left -= more
      return [rule, rule.findings.slice(0, 1 + more)]
    }),
  )
}

function ruleGroup(
  rule: RuleView,
  name: string,
  shown: readonly Finding[],
  anchors: ReadonlyMap<Finding, string>,
  seen: Seen,
): Markup {
  const rest = rule.findings.slice(shown.length)
  const hosts = [...new Set(rest.map(({ host }) => host ?? 'no host'))]
  const more =
    rest.length === 0 ? null : html`<p class="more">${count(rest.length)} more on ${data(some(hosts, 12), 600)}</p>`
  return html`<div class="rule" id="${name}">
<h3>${data(rule.title || rule.rule, 200)}</h3>
${rule.techniques.length === 0 ? null : html`<p class="techniques">${rule.techniques.slice(0, 12).map(technique)}</p>`}
${aboutRule(rule, seen)}
${shown.map((finding) => card(finding, anchors.get(finding)!))}${more}</div>
`
}

/** What the rule says of itself. Its references are shown and lead nowhere: nothing from a rule becomes an address. */
function aboutRule({ rule, findings: [finding] }: RuleView, seen: Seen): Markup {
  const about = finding?.about
  if (!about) {
    const [tuning] = tuningOf([rule], seen)
    return html`<p class="rule-id quiet">${data(rule, 80)}</p>${tuning && tuningBlock(tuning)}`
  }
  const { description, falsePositives, references, author, status, date, modified, file, logsource, id } = about
  const told: readonly (readonly [string, string])[] = [
    ['Looks for', description],
    ['Also matches', falsePositives.join('; ')],
    ['Log source', logsource],
    ['Status', status ?? ''],
    ['Author', author ?? ''],
    ['Dates', [date, modified].filter((day) => day !== null).join(', changed ')],
    ['References', references.join(' ')],
    ['File', file],
    ['Id', id ?? rule],
  ]
  return html`<details class="about-rule"><summary>${data(firstSentence(description) || 'about the rule', 300)}</summary>${facts(told.filter(([, value]) => value !== ''))}</details>`
}

const firstSentence = (text: string): string => text.trim().split(/\n|(?<=\.)\s/)[0] ?? ''

function card(finding: Finding, anchor: string): Markup {
  const { host, user, tool, time, why, level, repeats } = finding
  const columns = Object.entries(finding.columns).filter(([, value]) => valueText(value) !== '')
  const events = finding.events.slice(0, MOST_EVENTS)
  const rest = finding.events.length - events.length
  const again = repeats
    ? html`<div class="quiet">${count(repeats.count)} times, to ${clock(repeats.last, 'second')}</div>`
    : null
  return html`<article class="card" id="${anchor}" data-item data-level="${level}">
<div class="card-who">
${host === null ? null : html`<div class="name">${data(host, 120)}</div>`}
${tool === null ? null : html`<div>${data(tool, 80)}</div>`}
${user === null ? null : html`<div>${data(user, 80)}</div>`}
<div class="quiet">${time === null ? 'time unknown' : html`<time datetime="${time}">${clock(time, 'second')}</time>`}</div>
${again}</div>
<div class="card-what">
<p class="why">${prose(why)}</p>
${finding.severity === undefined ? null : html`<p class="sum">${data(finding.severity.arithmetic, 400)}</p>`}
<details><summary>Evidence: ${plural(finding.events.length, 'event')}, ${plural(columns.length, 'column')}</summary>
${facts(columns)}${events.map(eventBlock)}${rest > 0 ? html`<p class="more">and ${plural(rest, 'more event')}; all of them: <code>--format json</code></p>` : null}
</details>
</div>
</article>
`
}

/** A sentence in which what stands between backticks is a value from a log. */
const prose = (text: string): Markup =>
  html`${text
    .slice(0, MOST_WHY)
    .split('`')
    .map((part, index) =>
      index % 2 === 1 ? html`<code>${data(part)}</code>` : data(part, MOST_WHY),
    )}${text.length > MOST_WHY ? '…' : null}`

function eventBlock(event: FindingEvent): Markup {
  const { source, position, time, channel, id, record, fields } = event
  const said = [
    channel === '' ? null : data(channel, 120),
    id === null ? null : html`event ${id}`,
    record === null ? null : html`record ${record}`,
    time === null ? null : html`<time datetime="${time}">${clock(time, 'second')}</time>`,
  ].filter((part) => part !== null)
  return html`<div class="event"><div class="source">${data(source, 300)} <span class="quiet">at ${count(position)}</span></div><div class="quiet">${said.map((part, index) => html`${index === 0 ? '' : ' · '}${part}`)}</div>${facts(Object.entries(fields))}</div>`
}

function facts(entries: readonly (readonly [string, unknown])[]): Markup | null {
  if (entries.length === 0) return null
  const rows = entries
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => html`<dt>${data(name, 80)}</dt><dd>${data(valueText(value), MOST_VALUE)}</dd>`)
  const rest = entries.length - MOST_FIELDS
  return html`<dl class="facts">${rows}${rest > 0 ? html`<dt class="quiet">and ${count(rest)} more</dt><dd></dd>` : null}</dl>`
}
