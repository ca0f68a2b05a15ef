import { visible, visibleJson } from '../../text/visible.js'
import type { Finding, Level, Report } from '../report.js'
import { rangeText } from './statements.js'
import { gravest, LEVELS } from './view.js'
import { count, plural, some } from './words.js'

/**
 * An ATT&CK Navigator layer: each technique scored by its findings, coloured by the gravest of them, with the rules in its comment.
 * https://github.com/mitre-attack/attack-navigator/blob/master/layers/LAYERFORMATv4_5.md
 */
export function* navigatorChunks(report: Report): Iterable<string> {
  const byTechnique = new Map<string, Finding[]>()
  let without = 0
  for (const finding of report.findings) {
    const ids = new Set(finding.techniques.map((id) => id.toUpperCase()).filter((id) => TECHNIQUE.test(id)))
    if (ids.size === 0) without++
    for (const id of ids) {
      const findings = byTechnique.get(id)
      if (findings) findings.push(finding)
      else byTechnique.set(id, [finding])
    }
  }
  const most = Math.max(1, ...[...byTechnique.values()].map((findings) => findings.length))
  const layer = {
    name: 'latchkey findings',
    versions: { navigator: '4.9.0', layer: '4.5' },
    domain: 'enterprise-attack',
    description: [
      `${plural(report.findings.length, 'finding')} by technique; ${rangeText(report.summary)}.`,
      without === 0
        ? ''
        : ` ${plural(without, 'finding')} of rules that name no technique ${without === 1 ? 'is' : 'are'} not in it.`,
    ].join(''),
    sorting: 3,
    layout: { layout: 'side', showID: true, showName: true, expandedSubtechniques: 'annotated' },
    gradient: { colors: ['#ffffff', '#9b1239'], minValue: 0, maxValue: most },
    legendItems: LEVELS.map((level) => ({ label: level, color: COLOURS[level] })),
    selectSubtechniquesWithParent: false,
    metadata: [
      { name: 'latchkey', value: report.latchkey.version },
      { name: 'as of', value: visible(report.summary.asOf.time) },
    ],
    techniques: [...byTechnique]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, findings]) => technique(id, findings, byTechnique)),
  }
  yield `${visibleJson(JSON.stringify(layer, null, 2))}\n`
}

const TECHNIQUE = /^T\d{4}(?:\.\d{3})?$/

/** As on the page of `--format html` in daylight. */
const COLOURS: Readonly<Record<Level, string>> = {
  critical: '#9b1239',
  high: '#c2410c',
  medium: '#a86a06',
  low: '#2f6f9f',
  informational: '#7b776f',
}

const MOST_RULES = 20
const MOST_HOSTS = 10

function technique(id: string, findings: readonly Finding[], all: ReadonlyMap<string, unknown>): unknown {
  const rules = new Map<string, number>()
  for (const { title, rule } of findings) rules.set(title || rule, (rules.get(title || rule) ?? 0) + 1)
  const ranked = [...rules].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const more = ranked.length - MOST_RULES
  const hosts = [...new Set(findings.flatMap(({ host }) => (host === null ? [] : [visible(host)])))].sort()
  const lines = [
    ...ranked.slice(0, MOST_RULES).map(([title, times]) => `${visible(title)}: ${count(times)}`),
    ...(more > 0 ? [`and ${plural(more, 'more rule')}`] : []),
  ]
  return {
    techniqueID: id,
    score: findings.length,
    color: COLOURS[gravest(findings)!],
    comment: lines.join('\n'),
    metadata: hosts.length === 0 ? [] : [{ name: 'hosts', value: some(hosts, MOST_HOSTS) }],
    showSubtechniques: [...all.keys()].some((other) => other.startsWith(`${id}.`)),
  }
}
