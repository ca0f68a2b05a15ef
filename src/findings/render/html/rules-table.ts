import type { Level } from '../../report.js'
import { levelRank, type RuleView } from '../view.js'
import { clock, count, plural } from '../words.js'
import { data, html, type Markup } from './markup.js'
import { technique } from './technique.js'
import { levelMark } from './timeline.js'

/** Every rule that found something, a row each, before the findings themselves: what is there at a glance. Few rules need none. */
export function rulesTable(
  levels: readonly { readonly level: Level; readonly rules: readonly RuleView[] }[],
  names: ReadonlyMap<RuleView, string>,
): Markup | null {
  const rules = levels.flatMap((level) => level.rules)
  if (rules.length < FEWEST) return null
  const rest = rules.length - MOST_ROWS
  return html`<div class="table"><table class="stacked rules" data-sort>
<thead><tr><th scope="col">Level</th><th scope="col">Rule</th><th scope="col" class="number">Findings</th><th scope="col" class="number">Hosts</th><th scope="col">First seen</th><th scope="col">Last seen</th><th scope="col">Techniques</th></tr></thead>
<tbody>
${rules.slice(0, MOST_ROWS).map((rule) => row(rule, names.get(rule)))}</tbody>
</table></div>
${rest > 0 ? html`<p class="cut-note">and ${plural(rest, 'more rule')}; all of them: <code>--stack title</code></p>` : null}`
}

const FEWEST = 8
const MOST_ROWS = 1000
const MOST_TECHNIQUES = 4

function row(rule: RuleView, name: string | undefined): Markup {
  const { title, level, findings, techniques } = rule
  const times = findings.flatMap(({ time, repeats }) => (time === null ? [] : [time, repeats?.last ?? time])).sort()
  const hosts = new Set(findings.flatMap(({ host }) => (host === null ? [] : [host.toLowerCase()]))).size
  const more = techniques.length - MOST_TECHNIQUES
  const label = data(title || rule.rule, 160)
  return html`<tr data-item data-level="${level}">
<td data-label="Level" data-value="${levelRank(level)}"><span class="level">${levelMark(level)}${level}</span></td>
<td data-label="Rule"><div>${name === undefined ? label : html`<a href="#${name}">${label}</a>`}</div></td>
<td class="number" data-label="Findings" data-value="${findings.length}">${count(findings.length)}</td>
<td class="number" data-label="Hosts" data-value="${hosts}">${count(hosts)}</td>
${timeCell('First seen', times[0])}
${timeCell('Last seen', times.at(-1))}
<td data-label="Techniques"><div class="techniques">${techniques.slice(0, MOST_TECHNIQUES).map(technique)}${more > 0 ? html`<span>+${count(more)}</span>` : null}</div></td>
</tr>
`
}

const timeCell = (label: string, time: string | undefined): Markup =>
  time === undefined
    ? html`<td data-label="${label}" data-value=""><span class="quiet">unknown</span></td>`
    : html`<td class="nowrap" data-label="${label}" data-value="${time}"><time datetime="${time}">${clock(time)}</time></td>`
