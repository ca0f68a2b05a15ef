import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { cleanReport, emptyReport, fleetReport, hostileReport, largeReport } from '../../../../test/fixtures/report.js'
import type { Report } from '../../report.js'
import { htmlChunks } from './page.js'

const page = (report: Report): string => [...htmlChunks(report)].join('')

// Every `<` and `>` of a text is escaped, so that cutting at them is exact.
const tagsOf = (text: string): readonly string[] => bare(text).match(/<[^>]*>/g) ?? []
const bare = (text: string): string => text.replace(/(<(style|script)>)[\s\S]*?(<\/\2>)/g, '$1$3')

const REPORTS = [
  ['a fleet', fleetReport()],
  ['hostile texts', hostileReport()],
  ['a large fleet', largeReport(300)],
  ['a clean fleet', cleanReport()],
  ['nothing', emptyReport()],
] as const

test.each(REPORTS)('every tag of %s is one of ours and well formed', (_, report) => {
  for (const tag of tagsOf(page(report)).slice(1)) {
    expect(tag).toMatch(/^<\/?[a-z][a-z0-9]*(?: [a-zA-Z][a-zA-Z0-9-]*(?:="[^"<>]*")?)*\/?>$/)
    expect(tag.replace(/"[^"]*"/g, '')).not.toMatch(/ (?:on\w+|style|src|srcdoc|action|formaction|xlink:href)[= >]/i)
    expect(tag).not.toMatch(/^<(?:img|iframe|object|embed|base|image|use|foreignObject|animate|set)\b/i)
  }
  expect(tagsOf(page(report)).filter((tag) => tag === '<script>' || tag === '<style>')).toHaveLength(2)
})

test.each(REPORTS)('the elements of %s are closed in order', (_, report) => {
  const open: string[] = []
  for (const tag of tagsOf(page(report)).slice(1)) {
    const name = /^<\/?([a-z][a-z0-9]*)/.exec(tag)![1]!
    if (tag.startsWith('</')) expect(open.pop()).toBe(name)
    else if (!tag.endsWith('/>') && !['meta', 'link', 'input', 'br'].includes(name)) open.push(name)
  }
  expect(open).toEqual([])
})

test.each(REPORTS)('links of %s stay on the page or lead to a technique', (_, report) => {
  for (const [, address] of page(report).matchAll(/href="([^"]*)"/g))
    expect(address).toMatch(/^(?:#[\w-]+|data:,|https:\/\/attack\.mitre\.org\/techniques\/T\d{4}(?:\/\d{3})?\/)$/)
})

test('ids are unique and every link on the page has its target', () => {
  const text = page(fleetReport())
  const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [, target] of text.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target)
})

test('of many rules every one stands in the overview, and leads to its findings where they are shown', () => {
  const [finding] = fleetReport().findings
  const findings = Array.from({ length: 400 }, (_, rule) => ({ ...finding!, rule: `r${rule}`, title: `Rule ${rule}!` }))
  const often = Array.from({ length: 50 }, () => ({
    ...finding!,
    rule: 'often',
    title: 'Often!',
    level: 'low' as const,
  }))
  const text = page({ ...fleetReport(), findings: [...findings, ...often] })
  const [, rows] = /<table class="stacked rules"[\s\S]*?<tbody>([\s\S]*?)<\/tbody>/.exec(text)!
  expect(rows!.match(/Rule \d+!|Often!/g)).toHaveLength(401)
  expect(rows).toContain('data-label="Findings" data-value="50">50<')
  const ids = new Set([...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id))
  const targets = [...rows!.matchAll(/href="#([^"]*)"/g)].map(([, target]) => target)
  expect(targets.length).toBeGreaterThan(300)
  for (const target of targets) expect(ids).toContain(target)
  expect(text).toMatch(/\d+ of 450 findings are shown/)
})

test('the policy lets only this style and this script through', () => {
  const text = page(fleetReport())
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!.replaceAll('&#39;', "'")
  for (const name of ['style', 'script']) {
    const content = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(text)![1]!
    expect(policy).toContain(`${name}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`)
  }
  expect(policy).toMatch(/^default-src 'none'; /)
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
})

test('findings stand with why, evidence, file and position', () => {
  const text = page(fleetReport())
  expect(text).toContain('Unattended access password set from a command line')
  expect(text).toContain('triage/NLX-DC-01/Sysmon.evtx')
  expect(text).toContain('at 107,213')
  expect(text).toContain('<code><bdi>cmd.exe</bdi></code>')
  expect(text).toContain('href="https://attack.mitre.org/techniques/T1219/002/"')
})

test('invisible characters are shown as marked code points', () => {
  expect(page(hostileReport())).toContain('invoice<span class="code-point">U+202E</span>xe.fdp.exe')
})

test('the size is bounded, and what is cut is said', () => {
  const text = page(largeReport(5000))
  expect(text.length).toBeLessThan(2_000_000)
  expect(text).toContain('500 of 15,000 rows are shown')
  expect(text).toContain('60 of 15,000 lanes are drawn')
  expect(text).toMatch(/\d+ of 500 findings are shown/)
})

test('a tool on one host is not crowded out by a tool on thousands', () => {
  const large = largeReport(2000)
  const rare = {
    ...large.inventory[0]!,
    tool: 'Rare Tool',
    toolId: 'rare',
    host: 'ONE',
    identity: { confidence: 'low' as const, evidence: [] },
  }
  const text = page({ ...large, inventory: [...large.inventory, rare] })
  expect(text.match(/Rare Tool/g)!.length).toBeGreaterThanOrEqual(2)
})

test('nothing found says what was looked at', () => {
  expect(page(cleanReport())).toContain('Sources that could show one: sysmon (2,604,118 records)')
  expect(page(emptyReport())).toContain('Nothing was looked at')
})
