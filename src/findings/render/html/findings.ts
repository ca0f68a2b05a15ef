import type { Finding, FindingEvent, Report } from '../../report.js'
import { nothingMatched } from '../statements.js'
import { levelViews, type RuleView } from '../view.js'
import { clock, count, plural, some, valueText } from '../words.js'
import { data, html, type Markup } from './markup.js'
import { levelMark } from './timeline.js'

/** The findings as cards, gravest first, and the names by which the timeline can lead to them. */
export function findingsSection(report: Report): {
  readonly markup: Markup
  readonly anchors: ReadonlyMap<Finding, string>
} {
  const anchors = new Map<Finding, string>()
  let left = MOST_CARDS
  const levels = levelViews(report).map(({ level, count: found, rules }) => {
    const groups = rules.map((rule) => {
      const shown = rule.findings.slice(0, Math.min(left, MOST_OF_A_RULE[level]))
      left -= shown.length
      for (const finding of shown) anchors.set(finding, `finding-${anchors.size + 1}`)
      return ruleGroup(rule, shown, anchors)
    })
    return html`<div class="level-group ${level}">
<h3 class="level-title">${levelMark(level)} ${level[0]!.toUpperCase() + level.slice(1)} <span class="quiet">${count(found)}</span></h3>
${groups}</div>
`
  })
  const about = report.findings.length === 0 ? html`<p class="statement">${nothingMatched(report)}</p>` : null
  const cut =
    anchors.size < report.findings.length
      ? html`<p class="cut-note">${count(anchors.size)} of ${count(report.findings.length)} findings are shown: gravest first, and of one rule only the earliest. All of them: <code>--format json</code></p>`
      : null
  return { markup: html`<section id="findings">\n<h2>Findings</h2>\n${about}${cut}${levels}</section>\n`, anchors }
}

const MOST_CARDS = 200
const MOST_OF_A_RULE = { critical: 20, high: 12, medium: 8, low: 4, informational: 3 } as const
const MOST_EVENTS = 4
const MOST_FIELDS = 24
const MOST_VALUE = 600
const MOST_WHY = 1000

function ruleGroup(rule: RuleView, shown: readonly Finding[], anchors: ReadonlyMap<Finding, string>): Markup {
  const rest = rule.findings.slice(shown.length)
  const hosts = [...new Set(rest.map(({ host }) => host ?? 'no host'))]
  const more =
    rest.length === 0
      ? null
      : html`<p class="more">${data(rule.title, 120)}: ${count(rest.length)} more on ${data(some(hosts, 12), 600)}</p>`
  return html`<div class="rule">${shown.map((finding) => card(finding, anchors.get(finding)!))}${more}</div>
`
}

function card(finding: Finding, anchor: string): Markup {
  const { host, user, tool, time, title, rule, why, techniques, level } = finding
  const columns = Object.entries(finding.columns).filter(([, value]) => valueText(value) !== '')
  const events = finding.events.slice(0, MOST_EVENTS)
  const rest = finding.events.length - events.length
  return html`<article class="card" id="${anchor}" data-item data-level="${level}">
<div class="card-who">
${host === null ? null : html`<div class="name">${data(host, 120)}</div>`}
${tool === null ? null : html`<div>${data(tool, 80)}</div>`}
${user === null ? null : html`<div>${data(user, 80)}</div>`}
<div class="quiet">${time === null ? 'time unknown' : html`<time datetime="${time}">${clock(time, 'second')}</time>`}</div>
</div>
<div class="card-what">
<h3>${data(title || rule, 200)}</h3>
<p class="why">${prose(why)}</p>
${finding.severity === undefined ? null : html`<p class="sum">${data(finding.severity.arithmetic, 400)}</p>`}
${techniques.length === 0 ? null : html`<p class="techniques">${techniques.slice(0, 12).map(technique)}</p>`}
<details><summary>Evidence: ${plural(finding.events.length, 'event')}, ${plural(columns.length, 'column')}, rule ${data(rule, 80)}</summary>
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

/** A link only where the id is one: nothing from a rule becomes an address. */
function technique(id: string): Markup {
  const match = /^T(\d{4})(?:\.(\d{3}))?$/.exec(id)
  if (!match) return html`<span>${data(id, 40)}</span>`
  const page = match[2] === undefined ? `T${match[1]}` : `T${match[1]}/${match[2]}`
  return html`<a href="https://attack.mitre.org/techniques/${page}/" rel="noreferrer">${id}</a>`
}
