import { fitEnd, fitMiddle, pad, widthOf } from '../../text/fit.js'
import { visible } from '../../text/visible.js'
import type { Finding, Level, Report } from '../report.js'
import { nothingMatched } from './statements.js'
import { fitNames, type Page, paintLevel } from './terminal-page.js'
import { countLevels, LEVELS, levelViews, type RuleView } from './view.js'
import { clock, count, plural } from './words.js'

/** The findings by level and rule, the rare rules in full and the others a line each. */
export function writeFindings(page: Page, report: Report): void {
  const counts = countLevels(report.findings)
  const said = LEVELS.filter((level) => counts[level] > 0).map((level) => `${count(counts[level])} ${level}`)
  page.heading(report.findings.length === 0 ? 'No finding' : plural(report.findings.length, 'finding'), said.join(', '))
  if (report.findings.length === 0) page.paragraph(nothingMatched(report))
  const levels = levelViews(report)
  const crowded = levels.reduce((sum, { rules }) => sum + rules.length, 0) > CROWD
  for (const { level, rules } of levels) {
    if (page.lines.at(-1) !== page.paint.dim('─'.repeat(page.width))) page.lines.push('')
    page.lines.push(paintLevel(page.paint, level)(level))
    const most = crowded ? MOST.rulesOfMany[level] : MOST.rules
    // One rule too many is printed rather than a list of one.
    const full = rules.length <= most + 1 ? rules : rules.slice(0, most)
    for (const rule of full) writeRule(page, rule)
    writeRuleLines(page, rules.slice(full.length), level)
  }
  if (report.findings.length > 0) {
    page.lines.push('')
    page.line('Every finding with its events: --format json or --format html --out report.html', 0, page.paint.dim)
  }
}

function writeRule(page: Page, rule: RuleView): void {
  const right = fitTechniques(rule.techniques, Math.floor(page.width / 4))
  const left = fitEnd(visible(rule.title) || visible(rule.rule), page.width - 4 - widthOf(right))
  const gap = ' '.repeat(page.width - 2 - widthOf(left) - widthOf(right))
  page.lines.push(`  ${page.paint.bold(left)}${right === '' ? '' : gap + page.paint.dim(right)}`)
  const most = MOST.matches[rule.level]
  const shown = rule.findings.length <= most + 1 && most > 1 ? rule.findings : rule.findings.slice(0, most)
  for (const finding of shown) writeFinding(page, finding)
  const rest = rule.findings.slice(shown.length)
  if (rest.length === 0) return
  const hosts = [...new Set(rest.map(({ host }) => visible(host ?? 'no host')))]
  const start = `and ${count(rest.length)} more on `
  page.line(start + fitNames(hosts, page.width - 4 - widthOf(start)), 4, page.paint.dim)
}

/** How often, what, where and since when, a rule a line. */
function writeRuleLines(page: Page, rules: readonly RuleView[], level: Level): void {
  if (rules.length === 0) return
  const most = MOST.lines[level]
  // The rare rules say most; the most frequent ones show where the noise is.
  const cut = rules.length <= most + 1 ? 0 : rules.length - most
  const until = cut === 0 ? rules.length : most - MOST.frequent
  const wide = page.width >= WIDE
  const [where, when] = [wide ? 20 : 12, wide ? 16 : 10]
  const room = page.width - FIGURE - where - when - 8
  page.line(
    `${pad('findings', FIGURE, 'right')}  ${pad('more rules', room)}  ${pad('host', where)}  since`,
    2,
    page.paint.dim,
  )
  const write = ({ title, rule, findings }: RuleView): void => {
    const hosts = [...new Set(findings.map(({ host }) => visible(host ?? 'no host')))]
    const place = hosts.length === 1 ? fitMiddle(hosts[0]!, where) : plural(hosts.length, 'host')
    const since = findings[0]?.time
    const cells = [
      pad(count(findings.length), FIGURE, 'right'),
      pad(fitEnd(visible(title) || visible(rule), room), room),
      pad(place, where),
      since === null || since === undefined ? '' : clock(visible(since)).slice(0, when),
    ]
    page.line(cells.join('  ').trimEnd(), 2)
  }
  rules.slice(0, until).forEach(write)
  if (cut === 0) return
  const rest = rules.slice(until, until + cut)
  const findings = rest.reduce((sum, { findings: own }) => sum + own.length, 0)
  page.line(`and ${plural(rest.length, 'more rule')} with ${plural(findings, 'finding')}; ${ALL}`, 2, page.paint.dim)
  rules.slice(until + cut).forEach(write)
}

function writeFinding(page: Page, finding: Finding): void {
  const { host, user, tool } = finding
  const when = finding.time === null ? 'time unknown' : fitEnd(clock(visible(finding.time), 'second'), 19)
  const who = [host, user, tool].filter((name) => name !== null && name !== '').map((name) => visible(name!))
  page.line([when, ...fitAll(who, Math.max(0, page.width - 4 - widthOf(when) - who.length * 2))].join('  '), 4)
  if (finding.repeats) {
    const { count: times, last } = finding.repeats
    page.line(`${plural(times, 'time')}, to ${clock(visible(last), 'second')}`, 6, page.paint.dim)
  }
  page.paragraph(visible(finding.why), 6, undefined, MOST.whyLines)
  if (finding.severity) page.paragraph(visible(finding.severity.arithmetic), 6, page.paint.dim, 2)
  const [first] = finding.events
  if (!first) return
  const more = finding.events.length > 1 ? `, and ${plural(finding.events.length - 1, 'more event')}` : ''
  const place = ` at ${count(first.position)}${more}`
  page.line(fitMiddle(visible(first.source), page.width - 6 - widthOf(place)) + place, 6, page.paint.dim)
}

/** With more rules than this, a level shows few of them in full. */
const CROWD = 24

/** How many rows of each kind a terminal is given. */
const MOST = {
  matches: { critical: 6, high: 4, medium: 3, low: 2, informational: 1 },
  rules: 12,
  rulesOfMany: { critical: 12, high: 6, medium: 3, low: 2, informational: 1 },
  lines: { critical: 60, high: 60, medium: 30, low: 15, informational: 8 },
  /** Of these lines, the most frequent rules. */
  frequent: 3,
  whyLines: 4,
} as const

const ALL = 'all of them: --stack title'
const FIGURE = 'findings'.length
const WIDE = 110

/** Texts cut so that together they take at most `width` (0 or more) columns, the widest first. */
function fitAll(texts: readonly string[], width: number): readonly string[] {
  const spare = width - texts.reduce((sum, text) => sum + widthOf(text), 0)
  if (spare >= 0) return texts
  const widest = Math.max(...texts.map(widthOf))
  const target = Math.max(Math.floor(width / texts.length), widest + spare)
  const fitted = texts.map((text) => (widthOf(text) === widest ? fitMiddle(text, target) : text))
  return fitAll(fitted, width)
}

/** `T1219.002 T1059.001`, or the first and how many more. */
function fitTechniques(techniques: readonly string[], width: number): string {
  const all = visible(techniques.join(' '))
  if (widthOf(all) <= width || techniques.length < 2) return fitEnd(all, width)
  const more = ` +${techniques.length - 1}`
  return fitEnd(visible(techniques[0]!), width - widthOf(more)) + more
}
