import type { Report } from '../../report.js'
import { allowedLine, scopeLine } from '../statements.js'
import { countLevels, LEVELS } from '../view.js'
import { bytes, count, plural } from '../words.js'
import { html, type Markup } from './markup.js'

/** What was looked at and what came of it, in two sentences. */
export function lead(report: Report): string {
  const { inventory, findings } = report
  const atWork = new Set(inventory.filter(({ state }) => state === 'at work').map(({ toolId }) => toolId))
  const all = new Set(inventory.map(({ toolId }) => toolId))
  const traces = all.size - atWork.size
  const counts = countLevels(findings)
  const grave = (['critical', 'high'] as const).filter((level) => counts[level] > 0)
  const seen =
    all.size === 0
      ? ''
      : ` ${count(atWork.size)} at work${traces > 0 ? `, ${count(traces)} only by traces` : ''}${grave.length > 0 ? `; ${grave.map((level) => `${count(counts[level])} ${level}`).join(' and ')} findings` : ''}.`
  return `${scopeLine(report.summary)}.${seen} ${allowedLine(report)}`.trimEnd()
}

/** The figures at the head of the page. */
export function headlineTiles(report: Report): Markup {
  const { summary, inventory, findings } = report
  const tools = new Set(inventory.map(({ toolId }) => toolId)).size
  const sure = new Set(
    inventory.filter(({ identity }) => identity.confidence === 'certain').map(({ toolId }) => toolId),
  ).size
  const hosts = new Set(inventory.map(({ host }) => host)).size
  return html`<dl class="tiles">
${tile('Tools', count(tools), tools === 0 ? 'none found' : `${count(sure)} identified with certainty`, '#inventory')}
${tile('Hosts with a tool', count(hosts), `of ${plural(summary.hosts, 'host')} read`, '#timeline')}
${tile('Incidents', count(report.incidents.length), incidentLevels(report), '#incidents')}
${tile('Findings', count(findings.length), levelsOf(report), '#findings')}
${tile('Records read', short(summary.records.read), `${plural(summary.files.read, 'file')}, ${bytes(summary.files.bytes)}`, '#read')}
${tile('Not read', count(summary.records.rejected), `${summary.records.rejected === 1 ? 'record' : 'records'}, and ${plural(summary.files.rejected, 'file')}; ${short(summary.records.unmapped)} records not understood`, '#not-read')}
</dl>`
}

function incidentLevels({ incidents }: Report): string {
  const said = LEVELS.flatMap((level) => {
    const found = incidents.filter((each) => each.level === level).length
    return found === 0 ? [] : [`${count(found)} ${level}`]
  })
  return said.join(', ') || 'none'
}

const tile = (name: string, figure: string, aside: Markup | string, target: string): Markup =>
  html`<div class="tile"><dt><a href="${target}">${name}</a></dt><dd><div class="figure">${figure}</div><div class="aside">${aside}</div></dd></div>`

function levelsOf({ findings, summary }: Report): Markup {
  if (findings.length === 0)
    return html`${summary.rules.length === 0 ? 'no rule was run' : `${plural(summary.rules.length, 'rule')} ran, none matched`}`
  const counts = countLevels(findings)
  const present = LEVELS.filter((level) => counts[level] > 0)
  let left = 0
  const parts = present.map((level) => {
    const width = (counts[level] / findings.length) * 100
    const part = html`<rect class="${level}" x="${left.toFixed(2)}%" width="${width.toFixed(2)}%" height="6"/>`
    left += width
    return part
  })
  return html`<svg class="level-bar" height="6" aria-hidden="true">${parts}</svg><span class="levels">${present.map((level) => html`<span>${count(counts[level])} ${level}</span>`)}</span>`
}

/** `4.2 million`; under a hundred thousand every digit. */
function short(value: number): string {
  if (value < 100_000) return count(value)
  if (value < 999_500) return `${count(Math.round(value / 1000))} k`
  return value < 999_500_000 ? `${(value / 1e6).toFixed(value < 99.5e6 ? 1 : 0)} M` : `${(value / 1e9).toFixed(1)} G`
}
