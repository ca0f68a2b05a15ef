import type { Report } from '../report.js'
import { csvChunks } from './csv.js'
import type { Format } from './formats.js'
import { hayabusaChunks } from './hayabusa-csv.js'
import { htmlChunks } from './html/page.js'
import { jsonChunks, ndjsonChunks } from './json.js'
import { navigatorChunks } from './navigator.js'
import { ocsfChunks } from './ocsf.js'
import { withShortHosts } from './short-hosts.js'
import { renderTable, type TableOptions } from './table.js'
import { timesketchChunks } from './timesketch.js'

/**
 * A report in one of the formats a person or a program reads, piece by piece: a large one is longer than a string may be.
 * `table` needs the width and colour of the terminal; the others look the same everywhere.
 */
export function render(report: Report, format: Format, options: TableOptions = PLAIN): Iterable<string> {
  switch (format) {
    case 'table':
      return [renderTable(withShortHosts(report), options)]
    case 'json':
      return jsonChunks(report)
    case 'ndjson':
      return ndjsonChunks(report)
    case 'csv':
      return csvChunks(report)
    case 'html':
      return htmlChunks(withShortHosts(report), report)
    case 'hayabusa-csv':
      return hayabusaChunks(report)
    case 'timesketch':
      return timesketchChunks(report)
    case 'navigator':
      return navigatorChunks(report)
    case 'ocsf':
      return ocsfChunks(report)
  }
}

const PLAIN: TableOptions = { width: 80, colour: false }

export { FORMATS, type Format } from './formats.js'
export { renderTable, type TableOptions } from './table.js'
