import { visibleJson } from '../../text/visible.js'
import type { Report } from '../report.js'
import { plainValue } from './words.js'

/**
 * The report as one JSON document, as `content/published/report.schema.json` describes it. Nothing is cut and no value is changed;
 * characters that could drive a terminal are written as `\u` escapes.
 */
export function* jsonChunks(report: Report): Iterable<string> {
  const { inventory, incidents, findings, ...head } = report
  yield visibleJson(JSON.stringify(head, plainValue, 2)).slice(0, -2)
  yield* list('inventory', inventory)
  yield* list('incidents', incidents)
  yield* list('findings', findings)
  yield '\n}\n'
}

/** One JSON object a line, told apart by `kind`: first the `summary`, then each `inventory` entry, each `incident` and each `finding`. */
export function* ndjsonChunks(report: Report): Iterable<string> {
  yield line({ kind: 'summary', latchkey: report.latchkey, ...report.summary })
  for (const entry of report.inventory) yield line({ kind: 'inventory', ...entry })
  for (const incident of report.incidents) yield line({ kind: 'incident', ...incident })
  for (const finding of report.findings) yield line({ kind: 'finding', ...finding })
}

const line = (value: unknown): string => `${visibleJson(JSON.stringify(value, plainValue))}\n`

function* list(name: string, items: readonly unknown[]): Iterable<string> {
  yield `,\n  "${name}": [`
  for (const [index, item] of items.entries()) {
    const json = visibleJson(JSON.stringify(item, plainValue, 2))
    yield `${index === 0 ? '' : ','}\n    ${json.replaceAll('\n', '\n    ')}`
  }
  yield items.length === 0 ? ']' : '\n  ]'
}
