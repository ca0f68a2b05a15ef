import type { Report } from '../../report.js'
import { readingNotes, rulesWithNotes } from '../statements.js'
import { channelViews, rejectionViews } from '../view.js'
import { count, plural } from '../words.js'
import { data, html, type Markup } from './markup.js'

/** What was read and what was not, and why. */
export function sourcesSection(report: Report): Markup {
  return html`<section id="read">
<h2>What was read</h2>
<ul class="plain">${readingNotes(report.summary).map((note) => html`<li>${note}</li>`)}</ul>
<div class="columns">${channels(report)}<div>${schemas(report)}${rules(report)}</div></div>
</section>
<section id="not-read">
<h2>What was not read</h2>
${rejections(report)}${unmapped(report)}
</section>
`
}

const MOST_CHANNELS = 40
const MOST_IDS = 12
const MOST_PLACES = 25
const MOST_UNMAPPED = 60
const MOST_NOTES = 40

function channels(report: Report): Markup {
  const all = channelViews(report)
  const rows = all.slice(0, MOST_CHANNELS).map(({ name, records, ids }) => {
    const shown = ids
      .slice(0, MOST_IDS)
      .map(
        ({ id, count: times }) => html`<span class="nowrap">${id} <span class="quiet">${count(times)}</span></span> `,
      )
    const rest =
      ids.length > MOST_IDS ? html`<span class="quiet">and ${count(ids.length - MOST_IDS)} more</span>` : null
    return html`<tr><td>${data(name, 120)}<span class="sub">${shown}${rest}</span></td><td class="number">${count(records)}</td></tr>`
  })
  return html`<div><h3>Channels and tables, with event ids</h3>
<div class="table"><table><thead><tr><th scope="col">Channel</th><th scope="col" class="number">Records</th></tr></thead><tbody>${rows}</tbody></table></div>${cutNote(all.length - MOST_CHANNELS, 'channel')}</div>`
}

function schemas({ summary }: Report): Markup {
  const all = summary.sources.mapped.toSorted((a, b) => b.records - a.records)
  const rows = all
    .slice(0, MOST_CHANNELS)
    .map(({ schema, records }) => html`<tr><td>${data(schema, 80)}</td><td class="number">${count(records)}</td></tr>`)
  return html`<h3>Schema maps that understood them</h3>
<div class="table"><table><thead><tr><th scope="col">Map</th><th scope="col" class="number">Records</th></tr></thead><tbody>${rows}</tbody></table></div>${cutNote(all.length - MOST_CHANNELS, 'map')}`
}

function rules({ summary }: Report): Markup | null {
  const noted = rulesWithNotes(summary)
  if (noted.length === 0) return null
  const rows = noted
    .slice(0, MOST_NOTES)
    .map(
      ({ id, title, note }) =>
        html`<li><span class="name">${data(title || id, 120)}</span><br>${data(note ?? '', 400)}</li>`,
    )
  return html`<div class="block"><h3>Rules that could not see everything</h3><ul class="plain">${rows}</ul>${cutNote(noted.length - MOST_NOTES, 'rule')}</div>`
}

function rejections(report: Report): Markup {
  const groups = rejectionViews(report)
  if (groups.length === 0) return html`<p>No file and no record was rejected.</p>`
  const blocks = groups.map(({ code, rejections: places, records, unknown, count: times }) => {
    const lost =
      unknown && records === 0
        ? 'an unknown number of records lost'
        : `${unknown ? 'at least ' : ''}${plural(records, 'record')} lost`
    const rows = places
      .slice(0, MOST_PLACES)
      .map(
        ({ file, reason, position, records: lostHere, count: timesHere }) =>
          html`<tr><td data-label="File" class="mono"><div>${data(file, 260)}</div></td><td data-label="Reason"><div>${data(reason, 300)}${timesHere > 1 ? html` <span class="quiet">${count(timesHere)}×</span>` : null}</div></td><td data-label="At" class="number">${position === null ? html`` : count(position)}</td><td data-label="Lost" class="number">${lostHere === null ? 'unknown' : count(lostHere)}</td></tr>`,
      )
    return html`<div class="block"><h3>${data(code, 60)} <span class="quiet">${plural(times, 'time')}, ${lost}</span></h3>
<div class="table"><table class="stacked"><thead><tr><th scope="col">File</th><th scope="col">Reason</th><th scope="col" class="number">At</th><th scope="col" class="number">Records lost</th></tr></thead><tbody>${rows}</tbody></table></div>${cutNote(places.length - MOST_PLACES, 'place')}</div>
`
  })
  return html`<p class="about">${plural(report.summary.files.rejected, 'file')} and ${plural(report.summary.records.rejected, 'record')}. A damaged record costs that record, never the file.</p>${blocks}`
}

function unmapped({ summary }: Report): Markup {
  const all = summary.sources.unmapped.toSorted((a, b) => b.records - a.records)
  if (all.length === 0) return html`<p>A schema map covers every source.</p>`
  const rows = all
    .slice(0, MOST_UNMAPPED)
    .map(
      ({ channel, provider, records }) =>
        html`<tr><td>${data(channel || 'no channel named', 120)}<span class="sub">${data(provider, 120)}</span></td><td class="number">${count(records)}</td></tr>`,
    )
  return html`<div class="block"><h3>Stored, but no schema map covers the source <span class="quiet">${plural(summary.records.unmapped, 'record')}</span></h3>
<div class="table"><table><thead><tr><th scope="col">Channel and provider</th><th scope="col" class="number">Records</th></tr></thead><tbody>${rows}</tbody></table></div>${cutNote(all.length - MOST_UNMAPPED, 'source')}</div>
`
}

const cutNote = (rest: number, one: string): Markup | null =>
  rest > 0
    ? html`<p class="cut-note">and ${plural(rest, `more ${one}`)}; all of them: <code>--format json</code></p>`
    : null
