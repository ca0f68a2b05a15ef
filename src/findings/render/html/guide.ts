import { effectWords } from '../../playbook/exclusion-effect.js'
import type { Guide, GuideQuery, GuideQuestion, GuideStep } from '../../playbook/guide.js'
import type { RelatedTechnique } from '../../playbook/related.js'
import type { RuleTuning } from '../../playbook/tuning.js'
import { plural } from '../words.js'
import { data, html, type Markup } from './markup.js'
import { technique } from './technique.js'

/** What to ask about an incident and what to do, filled with its values. It is closed until somebody wants it. */
export function guideBlock({ questions, closing, close, steps, tuning, rules, related }: Guide): Markup {
  return html`<details class="guide"><summary>What to ask and what to do</summary>
<h4>Ask, in this order</h4>
<ol>${questions.map(question)}</ol>
<div class="guide-columns">${list('Escalate at once', closing.escalate)}${list('Close only when', closing.close_only_when)}${list('No answer', closing.not_an_answer)}</div>
<h4>Do</h4>
<p class="quiet">Where it turns out to be allowed: ${close.do.map((each) => html`${action(each)} `)}</p>
<ol>${steps.map(step)}</ol>
<h4>Tune</h4>
<div class="guide-columns">${list('Build an exception on', tuning.build_on)}${list('Never on', tuning.never_on)}${list('Keep it honest', tuning.keep)}</div>
${rules.slice(0, MOST_RULES).map((rule) => html`<details><summary>${rule.title}</summary>${tuningFacts(rule)}</details>`)}
${related.length === 0 ? null : html`<h4>Related in ATT&CK</h4><ul>${related.map(relatedItem)}</ul>`}
</details>
`
}

const relatedItem = ({ id, name, about, groups, mitigations, strategies }: RelatedTechnique): Markup =>
  html`<li>${technique(id)} <b>${name}</b>: ${about}${groups.length === 0 ? null : html` <span class="quiet">Known to do so: ${groups.join(', ')}.</span>`}${mitigations.length === 0 ? null : html` <span class="quiet">Against it: ${mitigations.join(', ')}.</span>`}${strategies.length === 0 ? null : html` <span class="quiet">To detect it: ${strategies.join(', ')}.</span>`}</li>`

/** What may be said against a rule of ours, and which exclusions it has. */
export const tuningBlock = (rule: RuleTuning): Markup =>
  html`<details class="about-rule"><summary>What else it fires on, what it does not see, and how to quieten it</summary>${tuningFacts(rule)}</details>`

const MOST_VALUES = 12
const MOST_RULES = 20

function question({
  question: asked,
  why,
  values,
  notShown,
  supports,
  weakens,
  queries,
  hunts,
}: GuideQuestion): Markup {
  const known = values.map(
    ({ label, values: each }) =>
      html`<dt>${label}</dt><dd>${each.slice(0, MOST_VALUES).map((value) => html`<div>${data(value, 300)}</div>`)}${each.length > MOST_VALUES ? html`<div class="quiet">and ${plural(each.length - MOST_VALUES, 'more value')}</div>` : null}</dd>`,
  )
  const missing =
    notShown.length === 0 ? null : html`<dt class="quiet">Not shown</dt><dd class="quiet">${notShown.join(', ')}</dd>`
  const hunting =
    hunts.length === 0
      ? null
      : html`<p class="quiet">Hunts: ${hunts.map((hunt) => html`<code>latchkey hunt run ${hunt}</code> `)}</p>`
  return html`<li><details><summary>${asked}</summary>
<p>${why}</p>
<dl class="facts">${known}${missing}</dl>
<div class="guide-columns">${list('Supports concern', supports)}${list('Weakens it', weakens)}</div>
${queries.map(query)}${hunting}</details></li>
`
}

function query({ about, defender }: GuideQuery): Markup {
  if (!defender.ok)
    return html`<p class="quiet">${about}: not asked, no event shows ${defender.missing.join(', ').toLowerCase()}.</p>`
  const left = defender.left === 0 ? null : html` <span class="quiet">${plural(defender.left, 'value')} left out</span>`
  return html`<p>${about}${left}</p><pre>${defender.kql.split('\n').map((line) => html`${line}${NEW_LINE}`)}</pre>`
}

const NEW_LINE = html`
`

const step = ({ title, why, does, decides, phase, do: todo }: GuideStep): Markup =>
  html`<li><b>${title}</b> <span class="quiet">${phase === null ? null : `${phase}; `}does: ${does}; decides: ${decides}</span>${why === null ? null : html`<div class="quiet">${why}</div>`}<ul>${todo.map((each) => html`<li>${action(each)}</li>`)}</ul></li>
`

const action = (each: GuideStep['do'][number]): Markup =>
  'run' in each
    ? html`<code>${each.run}</code>`
    : html`${each.map((part) =>
        typeof part === 'string'
          ? part
          : html`${part.values.slice(0, MOST_VALUES).map((value, index) => html`${index === 0 ? '' : ', '}<code>${data(value, 200)}</code>`)}${part.values.length + part.more > MOST_VALUES ? ` and ${part.values.length + part.more - MOST_VALUES} more` : null}`,
      )}`

function tuningFacts({ rule, noise, falsePositives, blindSpots, exclusions }: RuleTuning): Markup {
  const rows: readonly (readonly [string, Markup])[] = [
    ['Rule', html`${rule}`],
    ...(noise === null ? [] : [['Expected noise', html`${noise.expected}. What clears it: ${noise.clears}`] as const]),
    ...falsePositives.map((text) => ['Also fires on', html`${text}`] as const),
    ...blindSpots.map(({ misses, because }) => ['Does not see', html`${misses}. ${because}`] as const),
    ...exclusions.map(
      ({ id, about, opens, here }) =>
        [
          'Exclusion',
          html`<code>--tune ${rule}:${id}</code> ${about}. <b>The hole it opens:</b> ${opens}. ${here === null ? null : effectWords(here)}`,
        ] as const,
    ),
  ]
  return html`<dl class="facts prose">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

const list = (title: string, items: readonly string[]): Markup =>
  html`<div><b>${title}</b><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></div>`
