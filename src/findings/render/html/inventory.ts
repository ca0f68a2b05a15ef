import { VERDICTS } from '../../../policy/index.js'
import { instancesOf } from '../../instances.js'
import type { InventoryEntry, Report } from '../../report.js'
import { CONFIDENCES, type EntryView, entryViews, levelRank, mostRelevant } from '../view.js'
import { clock, count, plural, VERDICT_WORDS } from '../words.js'
import { type Content, data, html, type Markup } from './markup.js'
import { levelMark } from './timeline.js'

/** The inventory as a table, one row a tool and host. */
export function inventorySection(report: Report): Markup {
  const all = entryViews(report)
  const shown = mostRelevant(all, MOST_ROWS)
  const cut =
    shown.length < all.length
      ? html`<p class="cut-note">${count(shown.length)} of ${count(all.length)} rows are shown: the most relevant host of every tool, then those with the gravest findings; filter and sort act on these. All of them: <code>--format csv</code></p>`
      : null
  return html`<section id="inventory">
<h2>Inventory</h2>
<p class="about">Every remote access tool by host: since when, whether it is allowed, how it was started, how sure its identity is and whose instance it is.</p>
<div class="table"><table class="stacked inventory" data-sort>
<thead><tr><th scope="col">Tool</th><th scope="col">Host</th><th scope="col">First seen</th><th scope="col">Last seen</th><th scope="col">Allowed</th><th scope="col" class="number">Events</th><th scope="col">Launched by</th><th scope="col">How sure</th><th scope="col">Instance</th></tr></thead>
<tbody>
${shown.map(tableRow)}</tbody>
</table></div>
${cut}
</section>
`
}

const MOST_ROWS = 500
const MOST_EVIDENCE = 8
const MOST_PATHS = 5
const MOST_USERS = 8

function tableRow({ entry, level }: EntryView): Markup {
  const trace = entry.state === 'trace'
  const host = html`<span class="name">${data(entry.host || 'host not named', 120)}</span>`
  const [user, ...others] = entry.users
  const more = others.length > 0 ? `, and ${count(others.length)} more` : ''
  const users = user === undefined ? null : html`<span class="sub">${data(user, 80)}${more}</span>`
  return html`<tr data-item class="${trace ? 'trace' : 'work'}">
${cell('Tool', html`<span class="name">${data(entry.tool || entry.toolId, 80)}</span><span class="sub">${data(entry.category, 60)}</span>`)}
${cell('Host', html`${host}${level === null ? null : html`<span class="sub level">${levelMark(level)}${level}</span>`}${users}`, `${levelRank(level)} ${entry.host.slice(0, 100)}`)}
${timeCell('First seen', entry.firstSeen)}
${timeCell('Last seen', entry.lastSeen)}
${verdictCell(entry)}
<td class="number" data-label="Events" data-value="${entry.events}">${count(entry.events)}</td>
${cell('Launched by', trace ? html`<span class="quiet">trace only</span>` : launches(entry))}
${cell('How sure', html`${entry.identity.confidence}${evidence(entry)}`, CONFIDENCES.indexOf(entry.identity.confidence))}
${cell('Instance', entry.tenant === null ? null : html`${instancesOf(entry).map((instance) => html`<div class="parts">${few(Object.entries(instance).map(tenantPart), 3, 'part')}</div>`)}`)}
</tr>
`
}

/** A cell; `value` is what it sorts by where that is not its text. */
function cell(label: string, content: Content, value?: string | number): Markup {
  const sort = value === undefined ? null : html` data-value="${value}"`
  return content === null
    ? html`<td data-label="${label}"></td>`
    : html`<td data-label="${label}"${sort}><div>${content}</div></td>`
}

function timeCell(label: string, time: string | null): Markup {
  if (time === null) return html`<td data-label="${label}" data-value=""><span class="quiet">unknown</span></td>`
  return html`<td data-label="${label}" data-value="${time}"><time datetime="${time}">${clock(time)
    .split(' ')
    .map((part) => html`<span class="nowrap">${part}</span> `)}</time></td>`
}

function verdictCell({ verdict, judgements = [] }: InventoryEntry): Markup {
  const [first] = judgements
  const more = judgements.length - 1
  const also =
    more > 0
      ? html`<span class="sub">${plural(more, 'more instance')}: ${judgements
          .slice(1, 4)
          .map((each) => VERDICT_WORDS[each.verdict])
          .join(', ')}</span>`
      : null
  const reason = first ? html`<span class="sub">${data(first.reason, 240)}</span>` : null
  return cell(
    'Allowed',
    html`<span class="verdict ${verdict}">${VERDICT_WORDS[verdict]}</span>${reason}${also}`,
    VERDICTS.indexOf(verdict),
  )
}

function launches({ launch: [first, ...others] }: InventoryEntry): Markup {
  if (!first) return html`<span class="quiet">unknown</span>`
  const also = others.slice(0, 3).map(({ how }, index) => html`${index === 0 ? 'also ' : ', '}${data(how, 40)}`)
  return html`${data(first.how, 40)}<span class="sub">${data(first.parent, 60)}</span><span class="sub">${also}${others.length > 3 ? ` and ${count(others.length - 3)} more` : ''}</span>`
}

const tenantPart = ([name, value]: readonly [string, string]): Markup =>
  html`<span class="quiet">${data(name, 40)}</span> ${data(value, 120)} `

function evidence({ identity, paths, users }: InventoryEntry): Markup | null {
  const [best] = identity.evidence
  if (!best) return null
  const pieces = identity.evidence.map(
    ({ kind, value, confidence, count: times }) =>
      html`<li>${data(kind, 40)}: ${data(value, 160)} <span class="quiet">${confidence}, ${count(times)}×</span></li>`,
  )
  const seen = paths.map((path) => html`<li class="mono">${data(path, 200)}</li>`)
  const people = users.map((user) => html`<li>user: ${data(user, 80)}</li>`)
  return html`<details><summary>${data(best.kind, 40)}: ${data(best.value, 80)}</summary><ul>${few(pieces, MOST_EVIDENCE, 'piece')}${few(seen, MOST_PATHS, 'path')}${few(people, MOST_USERS, 'user')}</ul></details>`
}

/** The first items, and how many more there are. */
const few = (items: readonly Markup[], limit: number, one: string): Markup =>
  html`${items.slice(0, limit)}${items.length > limit ? html`<span class="sub">and ${plural(items.length - limit, `more ${one}`)}</span>` : null}`
