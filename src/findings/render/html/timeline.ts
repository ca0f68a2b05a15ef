import type { Finding, Level, Report } from '../../report.js'
import { type EntryView, entryViews, LEVELS, levelRank, mostRelevant, strayFindings } from '../view.js'
import { clock, count, plural } from '../words.js'
import { data, html, type Markup, plainData } from './markup.js'
import { type TimeAxis, timeAxis } from './time-axis.js'

/**
 * The timeline picture: one lane a tool and host, a line from first to last seen, columns where the events are dense, and a mark
 * for every finding. Lanes are HTML rows with an SVG each, so that names stay readable on a narrow page.
 */
export function timeline(report: Report, anchors: ReadonlyMap<Finding, string>): Markup | null {
  const all = entryViews(report)
  const shown = mostRelevant(all, MOST_LANES)
  const strays = strayFindings(report).filter(({ time }) => time !== null)
  const axis = axisOf(shown, strays)
  if (axis === null) return null
  const rows = shown.map((view) => ({ tool: view.entry.tool, toolId: view.entry.toolId, view }))
  const tools = [...new Set(rows.map(({ toolId }) => toolId))]
  const groups = tools.map((toolId) => {
    const own = rows.filter((row) => row.toolId === toolId)
    return html`<div class="lane-group">
<h3>${data(own[0]!.tool || toolId, 80)}</h3>
${own.map(({ view }) => entryLane(view, axis, anchors))}
</div>
`
  })
  const strayLane =
    strays.length === 0
      ? null
      : html`<div class="lane-group"><h3>No tool of the inventory</h3>${lane(strayLabel(strays), null, null, null, strays, axis, anchors)}</div>`
  const cut =
    shown.length < all.length
      ? html`<p class="cut-note">${count(shown.length)} of ${count(all.length)} lanes are drawn: the most relevant host of every tool, then those with the gravest findings. All of them: <code>--format csv</code></p>`
      : null
  return html`<figure class="timeline" aria-label="Timeline of tools and findings, in UTC">
<div class="lane axis"><span class="lane-host">UTC</span>${axisPicture(axis)}</div>
${groups}${strayLane}
<div class="lane axis foot"><span class="lane-host">UTC</span>${axisPicture(axis)}</div>
<figcaption>${legend(gravestShown(shown, strays))}</figcaption>
${cut}
</figure>
`
}

/** More lanes than this no picture explains. */
const MOST_LANES = 60
const MOST_MARKS = 40
const LANE_HEIGHT = 26
const MIDDLE = LANE_HEIGHT / 2

function axisOf(shown: readonly EntryView[], strays: readonly Finding[]): TimeAxis | null {
  const times = [
    ...shown.flatMap(({ entry, findings }) => [entry.firstSeen, entry.lastSeen, ...findings.map(({ time }) => time)]),
    ...strays.map(({ time }) => time),
  ]
    .map(milliseconds)
    .filter((time) => time !== null)
  if (times.length === 0) return null
  return timeAxis(
    times.reduce((a, b) => Math.min(a, b)),
    times.reduce((a, b) => Math.max(a, b)),
  )
}

function entryLane(view: EntryView, axis: TimeAxis, anchors: ReadonlyMap<Finding, string>): Markup {
  const { host, firstSeen, lastSeen, state, activity } = view.entry
  const label = host || 'host not named'
  return lane(
    label,
    firstSeen,
    lastSeen,
    { state, activity: activity ?? [], events: view.entry.events },
    view.findings,
    axis,
    anchors,
  )
}

interface Bar {
  readonly state: 'at work' | 'trace'
  readonly activity: readonly { readonly time: string; readonly events: number }[]
  readonly events: number
}

function lane(
  label: string,
  firstSeen: string | null,
  lastSeen: string | null,
  bar: Bar | null,
  findings: readonly Finding[],
  axis: TimeAxis,
  anchors: ReadonlyMap<Finding, string>,
): Markup {
  const first = milliseconds(firstSeen)
  const last = milliseconds(lastSeen)
  const marked = findings
    .filter(({ time }) => milliseconds(time) !== null)
    .toSorted((a, b) => levelRank(a.level) - levelRank(b.level))
    .slice(0, MOST_MARKS)
    // The gravest is drawn last, on top.
    .reverse()
  const seen =
    bar && first !== null && last !== null
      ? `${clock(firstSeen!)} to ${clock(lastSeen!)}, ${plural(bar.events, 'event')}`
      : ''
  const found = findings.length === 0 ? '' : `; ${plural(findings.length, 'finding')}`
  const unseen = bar && (first === null || last === null) ? 'time unknown' : ''
  return html`<div class="lane" data-item>
<span class="lane-host" title="${plainData(label)}">${data(label, 80)}</span>
<svg class="lane-picture" height="${LANE_HEIGHT}" role="img" aria-label="${plainData(label, 80)}: ${seen}${unseen}${found}">
<title>${plainData(label, 80)}: ${seen}${unseen}${found}</title>
${gridLines(axis)}${bar && first !== null && last !== null ? span(first, last, bar, axis) : null}${marked.map((finding) => mark(finding, axis, anchors))}</svg>
</div>
`
}

/** The line from first to last seen, with a column for every stretch of the axis that has events. */
function span(first: number, last: number, bar: Bar, axis: TimeAxis): Markup {
  const left = axis.percent(first)
  const width = axis.percent(last) - left
  const kind = bar.state === 'trace' ? 'bar trace' : 'bar'
  const dense = density(bar.activity, axis)
  const columns =
    dense === ''
      ? null
      : html`<svg viewBox="0 0 ${BINS} ${LANE_HEIGHT}" preserveAspectRatio="none" width="100%" height="${LANE_HEIGHT}"><path class="density" d="${dense}"/></svg>`
  const y = MIDDLE - 1.5
  return html`${columns}<rect class="${kind}" x="${left.toFixed(3)}%" y="${y}" width="${width.toFixed(3)}%" height="3" rx="1.5"/><rect class="${kind}" x="${left.toFixed(3)}%" y="${MIDDLE - 4}" width="3" height="8" rx="1.5"/><rect class="${kind}" x="${(left + width).toFixed(3)}%" y="${MIDDLE - 4}" width="3" height="8" rx="1.5" transform="translate(-3 0)"/>`
}

const BINS = 240

/** One path of columns around the middle of the lane; their height grows with the square root of the events, so that few still show. */
function density(activity: Bar['activity'], axis: TimeAxis): string {
  const bins = new Float64Array(BINS)
  for (const { time, events } of activity) {
    const at = milliseconds(time)
    if (at === null) continue
    const bin = Math.min(BINS - 1, Math.floor((axis.percent(at) / 100) * BINS))
    bins[bin] = bins[bin]! + events
  }
  const most = bins.reduce((a, b) => Math.max(a, b), 0)
  let path = ''
  bins.forEach((events, bin) => {
    if (events <= 0) return
    const half = Math.max(2, Math.sqrt(events / most) * (MIDDLE - 3)).toFixed(1)
    path += `M${bin} ${MIDDLE}m0-${half}h1v${(Number(half) * 2).toFixed(1)}h-1z`
  })
  return path
}

function mark(finding: Finding, axis: TimeAxis, anchors: ReadonlyMap<Finding, string>): Markup {
  const x = axis.percent(milliseconds(finding.time)!).toFixed(3)
  const shape = html`<svg x="${x}%" y="${MIDDLE}" overflow="visible" class="mark ${finding.level}"><title>${finding.level}: ${plainData(finding.title)}, ${clock(finding.time!, 'second')} UTC</title>${SHAPES[finding.level]}</svg>`
  const anchor = anchors.get(finding)
  return anchor === undefined ? shape : html`<a href="#${anchor}">${shape}</a>`
}

// Levels differ in shape and size as well as in colour.
const SHAPES = {
  critical: html`<path d="M0-9 9 0 0 9-9 0z"/>`,
  high: html`<path d="M0-7 7 0 0 7-7 0z"/>`,
  medium: html`<rect x="-5" y="-5" width="10" height="10" rx="1"/>`,
  low: html`<circle r="5"/>`,
  informational: html`<circle r="3"/>`,
} satisfies Record<Level, Markup>

/** A level's mark by itself, as it stands beside its name. */
export const levelMark = (level: Level): Markup =>
  html`<svg class="level-mark" width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true"><g class="mark ${level}">${SHAPES[level]}</g></svg>`

const gridLines = (axis: TimeAxis): readonly Markup[] =>
  axis.ticks.map(({ time }) => {
    const x = axis.percent(time).toFixed(3)
    return html`<line class="grid" x1="${x}%" x2="${x}%" y1="0" y2="100%"/>`
  })

const axisPicture = (axis: TimeAxis): Markup =>
  html`<svg class="lane-picture" height="24" aria-hidden="true">${axis.ticks.map(({ time, label }, index) => {
    const x = axis.percent(time)
    // Near an edge a centred label would be cut off.
    const anchor = x < 4 ? 'start' : x > 96 ? 'end' : 'middle'
    return html`<text class="${index % 2 === 0 ? 'tick' : 'tick odd'}" x="${x.toFixed(3)}%" y="16" text-anchor="${anchor}">${label}</text>`
  })}</svg>`

const gravestShown = (shown: readonly EntryView[], strays: readonly Finding[]): readonly Level[] => {
  const present = new Set([...shown.flatMap(({ findings }) => findings), ...strays].map(({ level }) => level))
  return LEVELS.filter((level) => present.has(level))
}

const legend = (levels: readonly Level[]): Markup =>
  html`<span class="legend"><svg width="44" height="16" aria-hidden="true"><path class="density" d="M6 3h3v10h-3zM9 5h3v6h-3zM12 1h3v14h-3zM15 4h3v8h-3zM26 4h3v8h-3zM29 6h3v4h-3z"/><rect class="bar" y="6.5" width="44" height="3" rx="1.5"/></svg> first to last seen, columns where events are dense</span>${levels.map((level) => html`<span class="legend">${levelMark(level)} ${level}</span>`)}`

const strayLabel = (strays: readonly Finding[]): string => {
  const hosts = [...new Set(strays.map(({ host }) => host ?? 'no host'))]
  return hosts.length === 1 ? hosts[0]! : plural(hosts.length, 'host')
}

const milliseconds = (time: string | null): number | null => {
  const value = time === null ? Number.NaN : Date.parse(time)
  return Number.isNaN(value) ? null : value
}
