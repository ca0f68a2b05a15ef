import { fitEnd, fitMiddle, pad, widthOf } from '../../text/fit.js'
import { createPaint, type Paint } from '../../text/paint.js'
import { visible } from '../../text/visible.js'
import type { Report, Verdict } from '../report.js'
import { allowedLine, nothingFound, readingNotes, rulesWithNotes, scopeLine } from './statements.js'
import { writeFindings } from './table-findings.js'
import { writeIncidents } from './table-incidents.js'
import { fitNames, Page, paintLevel } from './terminal-page.js'
import { channelViews, rejectionViews, type ToolView, toolViews } from './view.js'
import { clock, count, plural, VERDICT_WORDS } from './words.js'

export interface TableOptions {
  /** Columns of the terminal; fewer than 40 are drawn as 40. */
  readonly width: number
  readonly colour: boolean
}

/**
 * The report for a terminal. No line is wider than `width`. What is cut says how much it was and how to see it.
 * The first screen holds the tools; incidents, findings, what was read and what was not follow.
 */
export function renderTable(report: Report, options: TableOptions): string {
  const page = new Page(Math.max(40, Math.floor(options.width)), createPaint(options.colour))
  writeHead(page, report)
  writeTools(page, report)
  writeIncidents(page, report)
  writeFindings(page, report)
  writeRead(page, report)
  writeNotRead(page, report)
  return `${page.lines.join('\n')}\n`
}

/** How many rows of each kind a terminal is given. */
const MOST = {
  tools: 40,
  hostRows: 24,
  tenants: 3,
  reasons: 2,
  channels: 6,
  rejections: 6,
  unmapped: 6,
  notes: 6,
} as const

const ALL = 'all of them: --format csv'

function writeHead(page: Page, report: Report): void {
  const hosts = new Set(report.inventory.map(({ host }) => host)).size
  const tools = new Set(report.inventory.map(({ toolId }) => toolId)).size
  const title =
    tools === 0 ? 'No remote access tool' : `${plural(tools, 'remote access tool')} on ${plural(hosts, 'host')}`
  page.heading(title, `latchkey ${visible(report.latchkey.version)}`)
  page.paragraph(scopeLine(report.summary))
  page.paragraph(allowedLine(report))
}

interface Cells {
  readonly name: string
  readonly since: string
  readonly last: string
  readonly allowed: string
  readonly launched: string
  readonly sure: string
  readonly events: string
  readonly detail: string
}

type Column = { readonly column: keyof Cells; readonly width: number }

/** Width of every column but the first. */
const WIDTHS = { since: 16, last: 16, allowed: 12, launched: 10, sure: 7, events: 9, detail: 36 } as const

/** What a terminal of at least so many columns is shown. */
const LAYOUTS: readonly { readonly from: number; readonly columns: readonly (keyof typeof WIDTHS)[] }[] = [
  { from: 150, columns: ['since', 'last', 'allowed', 'launched', 'sure', 'events', 'detail'] },
  { from: 110, columns: ['since', 'last', 'allowed', 'launched', 'sure', 'events'] },
  { from: 76, columns: ['since', 'allowed', 'launched', 'sure'] },
  { from: 58, columns: ['since', 'allowed'] },
  { from: 0, columns: ['allowed'] },
]

const WIDEST_NAME = 44

/** The columns that fit. The name takes what the others leave; what it does not need goes to the last column. */
function columnsFor(width: number): readonly Column[] {
  const { columns } = LAYOUTS.find(({ from }) => width >= from)!
  const spare = width - columns.reduce((sum, column) => sum + WIDTHS[column] + 2, 0)
  const name = columns.includes('detail') ? Math.min(spare, WIDEST_NAME) : spare
  return [
    { column: 'name', width: name },
    ...columns.map((column) => ({ column, width: WIDTHS[column] + (column === 'detail' ? spare - name : 0) })),
  ]
}

function writeTools(page: Page, report: Report): void {
  const tools = toolViews(report)
  if (tools.length === 0) {
    page.lines.push('')
    page.paragraph(nothingFound(report))
    return
  }
  const columns = columnsFor(page.width)
  const titles: Cells = {
    name: 'tool and host',
    since: 'since',
    last: 'last seen',
    allowed: 'allowed',
    launched: 'launched',
    sure: 'sure',
    events: 'events',
    detail: 'evidence',
  }
  page.lines.push('')
  page.lines.push(page.paint.dim(row(columns, titles)))
  const shown = tools.slice(0, MOST.tools)
  const hostsEach = Math.max(2, Math.floor(MOST.hostRows / shown.length))
  for (const tool of shown) writeTool(page, tool, columns, hostsEach)
  if (tools.length > shown.length)
    page.line(`and ${plural(tools.length - shown.length, 'more tool')}; ${ALL}`, 0, page.paint.dim)
}

function writeTool(page: Page, tool: ToolView, columns: readonly Column[], hostsEach: number): void {
  const { paint } = page
  const name = visible(tool.tool) || visible(tool.toolId)
  const { length } = tool.entries
  const aside = length === 1 ? '' : `${plural(length, 'host')}, since ${time(tool.firstSeen)}`
  const title = fitEnd(name, page.width - (aside === '' ? 0 : widthOf(aside) + 2))
  const gap = ' '.repeat(page.width - widthOf(title) - widthOf(aside))
  page.lines.push(aside === '' ? paint.bold(title) : paint.bold(title) + gap + paint.dim(aside))
  // One row too many is printed rather than a line that says there is one more.
  const entries = tool.entries.length <= hostsEach + 1 ? tool.entries : tool.entries.slice(0, hostsEach)
  for (const { entry, level } of entries) {
    const [evidence] = entry.identity.evidence
    const ways = entry.launch.length > 1 ? ` +${entry.launch.length - 1}` : ''
    const cells: Cells = {
      name: `  ${visible(entry.host) || 'host not named'}`,
      since: time(entry.firstSeen),
      last: time(entry.lastSeen),
      allowed: VERDICT_WORDS[entry.verdict],
      launched: entry.state === 'trace' ? 'trace only' : visible(entry.launch[0]?.how || 'unknown') + ways,
      sure: entry.identity.confidence,
      events: count(entry.events),
      detail: evidence ? visible(`${evidence.kind}: ${evidence.value}`) : '',
    }
    const styles = {
      name: level === null ? undefined : paintLevel(paint, level),
      allowed: paintVerdict(paint, entry.verdict),
    }
    if (entry.state === 'trace') page.lines.push(paint.dim(row(columns, cells)))
    else page.lines.push(row(columns, cells, styles))
  }
  const rest = tool.entries.slice(entries.length).map(({ entry }) => visible(entry.host))
  if (rest.length > 0) {
    const names = fitNames(rest, page.width - 2 - widthOf(`and ${count(rest.length)} more: `))
    page.line(`and ${count(rest.length)} more: ${names}`, 2, paint.dim)
  }
  for (const { reason, hosts } of tool.reasons.slice(0, MOST.reasons)) {
    const where = length === 1 ? '' : ` (${hosts.length === 1 ? visible(hosts[0]!) : plural(hosts.length, 'host')})`
    page.paragraph(`${visible(reason)}${where}`, 2, paint.yellow, 2)
  }
  for (const { tenant, hosts } of tool.tenants.slice(0, MOST.tenants)) {
    const where = length === 1 ? '' : ` (${hosts.length === 1 ? visible(hosts[0]!) : plural(hosts.length, 'host')})`
    const room = page.width - widthOf('  instance: ')
    const aside = fitEnd(where, Math.floor(room / 3))
    page.line(`instance: ${fitEnd(visible(instanceText(tenant)), room - widthOf(aside))}${aside}`, 2, paint.cyan)
  }
  if (tool.tenants.length > MOST.tenants)
    page.line(`and ${plural(tool.tenants.length - MOST.tenants, 'more instance')}; ${ALL}`, 2, paint.dim)
}

/** The most telling value first and without its name, because there is room for little else. */
function instanceText(tenant: Readonly<Record<string, string>>): string {
  const [first, ...rest] = Object.entries(tenant)
  return first === undefined ? '' : [first[1], ...rest.map(([name, value]) => `${name} ${value}`)].join(', ')
}

type Styles = { readonly [Name in keyof Cells]?: ((text: string) => string) | undefined }

function row(columns: readonly Column[], cells: Cells, styles: Styles = {}): string {
  const texts = columns.map(({ column, width }) => {
    const cut = column === 'detail' || column === 'name' ? fitMiddle : fitEnd
    const text = pad(cut(cells[column], width), width, column === 'events' ? 'right' : 'left')
    return styles[column]?.(text) ?? text
  })
  return texts.join('  ').trimEnd()
}

function writeRead(page: Page, report: Report): void {
  const { summary } = report
  const channels = channelViews(report)
  page.heading('Read')
  for (const note of readingNotes(summary)) page.paragraph(note)
  const figures = channels.slice(0, MOST.channels).map(({ records }) => count(records))
  const figureWidth = Math.max(0, ...figures.map(widthOf))
  for (const { name, records, ids } of channels.slice(0, MOST.channels)) {
    const nameWidth = Math.min(40, Math.floor((page.width - figureWidth) * 0.55))
    const start = `  ${pad(count(records), figureWidth, 'right')}  ${pad(fitMiddle(visible(name), nameWidth), nameWidth)}`
    const list =
      ids.length === 0
        ? ''
        : `  id ${fitNames(
            ids.map(({ id }) => String(id)),
            page.width - widthOf(start) - 5,
          )}`
    page.lines.push((start + page.paint.dim(list)).trimEnd())
  }
  if (channels.length > MOST.channels)
    page.line(
      `and ${plural(channels.length - MOST.channels, 'more channel')}; all of them: --format json`,
      2,
      page.paint.dim,
    )
  const noted = rulesWithNotes(summary)
  for (const { title, id, note } of noted.slice(0, MOST.notes))
    page.paragraph(`rule ${visible(title) || visible(id)}: ${visible(note!)}`, 2, page.paint.yellow, 3)
  if (noted.length > MOST.notes)
    page.line(
      `and notes on ${plural(noted.length - MOST.notes, 'more rule')}; all of them: --format json`,
      2,
      page.paint.dim,
    )
}

function writeNotRead(page: Page, report: Report): void {
  const { summary } = report
  const rejections = rejectionViews(report)
  const { unmapped } = summary.sources
  if (rejections.length === 0 && unmapped.length === 0) {
    page.lines.push('')
    page.paragraph('Nothing was left unread: no file and no record was rejected, and a schema map covers every source.')
    return
  }
  page.heading('Not read', `${plural(summary.files.rejected, 'file')}, ${plural(summary.records.rejected, 'record')}`)
  for (const { code, rejections: places, records, unknown, count: times } of rejections) {
    const lost =
      unknown && records === 0
        ? 'an unknown number of records'
        : `${unknown ? 'at least ' : ''}${plural(records, 'record')}`
    page.line(`${visible(code)}: ${plural(times, 'time')}, ${lost} lost`, 0, page.paint.yellow)
    for (const { file, reason, position } of places.slice(0, MOST.rejections)) {
      page.line(fitMiddle(visible(file), page.width - 2), 2)
      page.paragraph(`${visible(reason)}${position === null ? '' : ` (at ${count(position)})`}`, 4, page.paint.dim, 2)
    }
    if (places.length > MOST.rejections)
      page.line(
        `and ${plural(places.length - MOST.rejections, 'more place')}; all of them: --format json`,
        2,
        page.paint.dim,
      )
  }
  if (unmapped.length === 0) return
  const stored = `Stored, but no schema map covers the source: ${plural(summary.records.unmapped, 'record')}`
  page.paragraph(stored, 0, page.paint.yellow)
  const shown = unmapped.slice(0, MOST.unmapped)
  const figureWidth = Math.max(...shown.map(({ records }) => widthOf(count(records))))
  for (const { channel, provider, records } of shown) {
    const start = `  ${pad(count(records), figureWidth, 'right')}  `
    const name = channel === provider || channel === '' ? provider : `${channel} (${provider})`
    page.lines.push(start + fitMiddle(visible(name) || 'source not named', page.width - widthOf(start)))
  }
  if (unmapped.length > shown.length)
    page.line(
      `and ${plural(unmapped.length - shown.length, 'more source')}; all of them: --format json`,
      2,
      page.paint.dim,
    )
}

const time = (value: string | null): string => (value === null ? 'time unknown' : clock(visible(value)))

function paintVerdict(paint: Paint, verdict: Verdict): (text: string) => string {
  switch (verdict) {
    case 'prohibited':
    case 'wrong-tenant':
      return paint.boldRed
    case 'unknown':
    case 'approved-but-deviating':
    case 'expired':
      return paint.yellow
    case 'approved':
      return (text) => text
  }
}
