import { fitEnd, pad, widthOf } from '../../text/fit.js'
import { visible } from '../../text/visible.js'
import type { Report } from '../report.js'
import { type Page, paintLevel } from './terminal-page.js'
import { clock, count, plural, VERDICT_WORDS } from './words.js'

/** Incidents and lines of one that a terminal is given. */
const MOST = { incidents: 6, summaryLines: 6 } as const

/** The open incidents in short, the gravest first. */
export function writeIncidents(page: Page, { incidents }: Report): void {
  if (incidents.length === 0) return
  const open = incidents.filter(({ decision }) => decision === null)
  const decided = incidents.length - open.length
  page.heading(
    plural(open.length, decided > 0 ? 'open incident' : 'incident'),
    decided > 0 ? `${count(decided)} decided` : '',
  )
  for (const incident of open.slice(0, MOST.incidents)) {
    const { id, level, title, firstSeen, lastSeen, chains, summary, reopened } = incident
    const room = page.width - widthOf(`${level}    ${id}`)
    const name = page.paint.bold(pad(fitEnd(visible(title), room), room))
    page.lines.push(`${paintLevel(page.paint, level)(level)}  ${name}${page.paint.dim(`  ${id}`)}`)
    const tools = plural(chains.length + incident.moreChains, 'tool on a host', 'tools on hosts')
    page.line(
      `${time(firstSeen)} to ${time(lastSeen)}  ${VERDICT_WORDS[incident.verdict]}  ${tools}`,
      2,
      page.paint.dim,
    )
    if (reopened !== null) page.paragraph(`open again: ${visible(reopened)}`, 2, page.paint.yellow, 2)
    page.paragraph(visible(summary), 2, undefined, MOST.summaryLines)
  }
  const rest = open.length - Math.min(open.length, MOST.incidents)
  if (rest > 0) page.line(`and ${plural(rest, 'more incident')}; all of them: --format json`, 0, page.paint.dim)
  page.line('What to ask and do: latchkey playbook ID. What it was: latchkey decide ID', 0, page.paint.dim)
}

const time = (value: string | null): string => (value === null ? 'time unknown' : clock(visible(value)))
