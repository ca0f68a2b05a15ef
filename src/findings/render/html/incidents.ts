import { guideOfIncident } from '../../playbook/guide.js'
import type { Seen } from '../../playbook/tuning.js'
import type { Chain, Incident, ProcessNode, Report, StoryStep } from '../../report.js'
import { clock, count, pairs, plural, VERDICT_WORDS } from '../words.js'
import { guideBlock } from './guide.js'
import { data, html, type Markup } from './markup.js'
import { levelMark } from './timeline.js'

/** The incidents, each told in order: how it came, what it did, how it went, and what to ask and do. `seen` has whole names of hosts. */
export function incidentsSection({ incidents }: Report, seen: Seen): Markup {
  if (incidents.length === 0) return html``
  const shown = incidents.slice(0, MOST_INCIDENTS)
  const rest = incidents.length - shown.length
  const cut =
    rest > 0
      ? html`<p class="cut-note">${plural(rest, 'more incident')}, less grave. All of them: <code>--format json</code></p>`
      : null
  return html`<section id="incidents">
<h2>Incidents</h2>
<p class="about">What hangs together by an instance, a program, a logon or an address, each told from delivery to removal.</p>
${shown.map((incident, index) => article(incident, index, seen))}${cut}
</section>
`
}

const MOST_INCIDENTS = 40
const MOST_GUIDES = 25
const MOST_CHAINS = 12
const MOST_STEPS = 60
const MOST_PROCESSES = 80

function article(incident: Incident, index: number, seen: Seen): Markup {
  const { id, level, title, verdict, firstSeen, lastSeen, summary, severity, links, chains, decision, reopened } =
    incident
  const shown = chains.slice(0, MOST_CHAINS)
  const rest = chains.length + incident.moreChains - shown.length
  const names = new Map(chains.map((chain) => [chain.id, `${chain.tool} on ${shortHost(chain.host)}`]))
  const ties = links.filter(({ from, to }) => names.has(from) && names.has(to)).slice(0, 20)
  return html`<article class="incident ${level}" id="${id}" data-item data-level="${level}">
<h3>${levelMark(level)} ${data(title, 200)} <span class="quiet">${id}</span></h3>
<p class="incident-facts"><span>${level}</span><span class="verdict ${verdict}">${VERDICT_WORDS[verdict]}</span><span>${when(firstSeen)} to ${when(lastSeen)}</span></p>
${decision === null ? null : html`<p class="decided">Decided: ${decision.verdict}${decision.by === null ? '' : html` by ${data(decision.by, 80)}`}, ${clock(decision.at)}. ${data(decision.note, 400)}</p>`}
${reopened === null ? null : html`<p class="reopened">Open again: ${data(reopened, 400)}</p>`}
<p>${data(summary, 1600)}</p>
<details><summary>${data(severity.arithmetic, 400)}</summary><ul>${severity.terms.map(({ of, says, factor }) => html`<li>${of}: ${data(says, 120)} <span class="quiet">${factor}</span></li>`)}</ul></details>
${ties.length === 0 ? null : html`<details${index === 0 ? html` open` : null}><summary>One story, because</summary><ul>${ties.map(({ from, to, why }) => html`<li>${data(names.get(from)!, 120)} and ${data(names.get(to)!, 120)}: ${data(why, 200)}</li>`)}</ul></details>`}
${shown.map((chain) => chainBlock(chain, index === 0))}
${rest > 0 ? html`<p class="more">and ${plural(rest, 'more tool on a host', 'more tools on hosts')}</p>` : null}
${index < MOST_GUIDES ? guideBlock(guideOfIncident(incident, seen)) : null}
<p class="sum">The same to keep or to hand on: <code>latchkey playbook ${id}</code>. What it was: <code>latchkey decide ${id} --verdict … --note …</code></p>
</article>
`
}

function chainBlock(chain: Chain, open: boolean): Markup {
  const { tool, host, tenant, prevalence, delivery, steps, processes, findings, verdict, reason } = chain
  const rest = steps.length - MOST_STEPS + chain.moreSteps
  const others = prevalence.hostsWithTool - 1
  return html`<details class="chain"${open ? html` open` : null}><summary><b>${data(tool, 80)} on ${data(host, 120)}</b> <span class="verdict ${verdict}">${VERDICT_WORDS[verdict]}</span></summary>
${reason === null ? null : html`<p class="sum">${data(reason, 300)}</p>`}
<dl class="facts">
${tenant === null ? html`<dt>instance</dt><dd class="quiet">not shown</dd>` : html`<dt>instance</dt><dd>${data(pairs(tenant), 400)}</dd>`}
<dt>delivery</dt><dd>${delivery === null ? html`<span class="quiet">not shown</span>` : html`${delivery.how}: ${data(delivery.file, 300)}${delivery.from === null ? null : html` from ${data(delivery.from, 300)}`}${delivery.by.length === 0 ? null : html`, by ${data(delivery.by.join(' → '), 300)}`}${delivery.account === null ? null : html`, after ${data(delivery.account, 200)} logged on`}`}</dd>
<dt>elsewhere</dt><dd>${others === 0 ? 'on no other host' : `on ${plural(others, 'other host')}`} of ${count(prevalence.hosts)}; ${plural(prevalence.instancesOfTool, 'instance')} of the tool; first in the fleet ${when(prevalence.firstInFleet)}</dd>
${findings.length === 0 ? null : html`<dt>rules</dt><dd>${findings.slice(0, 12).map(({ title, level, count: times }) => html`<div>${level}: ${data(title, 160)} <span class="quiet">${count(times)}×</span></div>`)}</dd>`}
</dl>
${steps.length === 0 ? null : html`<ol class="steps">${steps.slice(0, MOST_STEPS).map(step)}</ol>`}
${rest > 0 ? html`<p class="more">and ${plural(rest, 'more step')}</p>` : null}
${processes.length === 0 ? null : html`<details><summary>Process tree</summary>${tree(processes, { left: MOST_PROCESSES })}</details>`}
</details>
`
}

const step = ({ stage, time, until, events, what, user }: StoryStep): Markup =>
  html`<li><span class="stage ${stage}">${stage}</span><span class="step-time">${when(time, 'second')}</span><span>${data(what, 500)}${user === null ? null : html` <span class="quiet">${data(user, 80)}</span>`}${events > 1 ? html` <span class="quiet">${count(events)} events${until === null ? '' : `, until ${clock(until, 'second')}`}</span>` : null}</span></li>`

function tree(nodes: readonly ProcessNode[], room: { left: number }): Markup {
  const items = nodes.map((node) => {
    if (room.left-- <= 0) return null
    return html`<li><span class="${node.tool ? 'tool-process' : ''}">${data(node.name, 120)}</span> <span class="quiet">${node.time === null ? 'start not shown' : clock(node.time, 'second')}${node.user === null ? '' : html` ${data(node.user, 80)}`}</span>${node.command === '' ? null : html`<div class="mono">${data(node.command, 300)}</div>`}${node.children.length === 0 ? null : tree(node.children, room)}</li>`
  })
  return html`<ul class="tree">${items}</ul>`
}

const when = (time: string | null, to: 'minute' | 'second' = 'minute'): Markup =>
  time === null
    ? html`<span class="quiet">time unknown</span>`
    : html`<time datetime="${time}">${clock(time, to)}</time>`

const shortHost = (host: string): string => (/^[\d.:]+$/.test(host) ? host : host.split('.')[0]!)
