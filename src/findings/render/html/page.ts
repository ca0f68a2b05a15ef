import { createHash } from 'node:crypto'
import type { Finding, Report } from '../../report.js'
import { nothingFound, rangeText } from '../statements.js'
import { clock, count } from '../words.js'
import { findingsSection } from './findings.js'
import { headlineTiles, lead } from './headline.js'
import { incidentsSection } from './incidents.js'
import { inventorySection } from './inventory.js'
import { html, type Markup, trusted } from './markup.js'
import { SCRIPT } from './script.js'
import { sourcesSection } from './sources.js'
import { STYLE } from './style.js'
import { timeline } from './timeline.js'

/**
 * The report as one HTML file: nothing is fetched, nothing in a log can become markup, and the policy in its head lets only the
 * style and the script below through. Its size is bounded whatever the size of the fleet; what is cut is said where it is cut.
 * `whole` is the same report with whole names of hosts where those of `report` are short: queries ask for whole names.
 */
export function* htmlChunks(report: Report, whole: Report = report): Iterable<string> {
  const findings = findingsSection(report)
  yield head(report).text
  yield html`<header>
<p class="overline">latchkey ${report.latchkey.version} · as of ${clock(report.summary.asOf.time)} UTC (${report.summary.asOf.from})</p>
<h1>${title(report)}</h1>
<p class="lead">${lead(report)}</p>
${headlineTiles(report)}
</header>
${report.inventory.length + report.findings.length > 0 ? FILTER : null}
<main>
`.text
  yield inventoryPart(report).text
  yield incidentsSection(report, whole).text
  yield timelinePart(report, findings.anchors).text
  yield findings.markup.text
  yield sourcesSection(report).text
  yield html`</main>
<footer>Times are UTC. Everything in this page, whole and for programs: <code>--format json</code>; inventory and findings as a table: <code>--format csv</code>.</footer>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.text
}

function title(report: Report): string {
  const tools = new Set(report.inventory.map(({ toolId }) => toolId)).size
  const hosts = new Set(report.inventory.map(({ host }) => host)).size
  if (tools === 0) return 'No remote access tool found'
  return `${count(tools)} remote access ${tools === 1 ? 'tool' : 'tools'} on ${count(hosts)} ${hosts === 1 ? 'host' : 'hosts'}`
}

function head(report: Report): Markup {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${digest(STYLE)}'`,
    `script-src 'sha256-${digest(SCRIPT)}'`,
    // An empty icon, so that no browser asks a server for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title(report)}, ${rangeText(report.summary)}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
`
}

function inventoryPart(report: Report): Markup {
  if (report.inventory.length > 0) return inventorySection(report)
  // The sentence has been made visible already; it stands in no attribute.
  return html`<section><h2>Inventory</h2><p class="statement">${nothingFound(report)}</p></section>
`
}

function timelinePart(report: Report, anchors: ReadonlyMap<Finding, string>): Markup {
  const picture = timeline(report, anchors)
  if (picture === null) return html``
  return html`<section id="timeline">
<h2>Timeline</h2>
<p class="about">One lane for each tool and host. A mark is a finding and leads to it.</p>
${picture}</section>
`
}

const FILTER = html`<form class="filter" id="filter" role="search" hidden>
<input id="filter-text" type="search" placeholder="Filter by tool, host, user, rule, file" aria-label="Filter what is on this page" autocomplete="off" spellcheck="false">
<select id="filter-level" aria-label="Findings from this level up"><option value="informational">findings of every level</option><option value="low">low and above</option><option value="medium">medium and above</option><option value="high">high and above</option><option value="critical">critical only</option></select>
<output id="filter-said" role="status"></output>
</form>
`

const digest = (text: string): string => createHash('sha256').update(text, 'utf8').digest('base64')
