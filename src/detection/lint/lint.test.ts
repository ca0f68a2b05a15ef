import { describe, expect, it } from 'vitest'
import { OWN_DEFAULTS } from '../rules/own.js'
import { loadRules, type Rule } from '../rules.js'
import { type LintedRule, lintRule } from './lint-rule.js'

const AS_OF = Date.UTC(2026, 0, 31) * 1000

const linted = (query: string, more: Partial<Rule> = {}): LintedRule =>
  lintRule({ ...OWN_DEFAULTS, id: 'rule', title: 'A rule', query, ...more }, AS_OF)

/** Code and marked text of each diagnostic. */
const found = (query: string): [string, string][] =>
  linted(query).diagnostics.map(({ code, span }) => [code, span ? query.slice(span.start, span.end) : ''])

const RECENT = 'DeviceProcessEvents | where Timestamp > ago(1d)\n'

describe('lint', () => {
  it('has nothing to say of a sound query', () => {
    expect(found(`${RECENT}| where FileName in~ ("a.exe", "b.exe") | project DeviceName, FileName`)).toEqual([])
  })

  it.each([
    ['syntax', 'DeviceProcessEvents | where', 'kusto-diagnostic', ''],
    ['a wrong name', `${RECENT}| where FilName == 1`, 'kusto-diagnostic', 'FilName'],
    ['a wrong table', 'DeviceProcesEvents | take 1', 'unknown-table', 'DeviceProcesEvents'],
    ['a wrong function', `${RECENT}| extend x = tolowr(FileName)`, 'unsupported-function', 'tolowr'],
    ['a definition that nothing uses', `let a = 5; ${RECENT}`, 'unused-let', 'a'],
    [
      'a table read whole',
      'DeviceProcessEvents | where FileName has "abc"',
      'time-filter-missing',
      'DeviceProcessEvents',
    ],
    ['a condition that is always true', `${RECENT}| where 1 == 1`, 'constant-condition', '1 == 1'],
    ['case that counts', `${RECENT}| where FileName == "Cmd.exe"`, 'case-sensitive-name', 'FileName == "Cmd.exe"'],
    [
      'case that counts in a list',
      `${RECENT}| where DeviceName in ("a", "b")`,
      'case-sensitive-name',
      'DeviceName in ("a", "b")',
    ],
    ['a short term', `${RECENT}| where FileName has "vn"`, 'short-needle', '"vn"'],
    ['a folder in a name', `${RECENT}| where FileName endswith "\\\\cmd.exe"`, 'needle-never-matches', '"\\\\cmd.exe"'],
    [
      'a pattern that RE2 lacks',
      `${RECENT}| where FileName matches regex "a(?=b)"`,
      'bad-regular-expression',
      '"a(?=b)"',
    ],
    ['a table that was replaced', 'ProcessCreationEvents | take 1', 'retired-table', 'ProcessCreationEvents'],
  ])('tells %s, at its place', (_, query, code, at) => {
    expect(found(query)).toContainEqual([code, at])
  })

  it.each([
    ['in a filter', '| extend Odd = FileName has "abc" | where Odd'],
    ['in a summary', '| extend Odd = FileName has "abc" | summarize count() by Odd'],
    ['in another column', '| extend Odd = FileName has "abc" | extend Level = iff(Odd, 1, 2)'],
    ['under another name', '| extend Odd = FileName has "abc" | project Other = Odd | where Other'],
    ['in the order', '| extend Odd = FileName has "abc" | sort by Odd asc'],
  ])('leaves alone a flag that is used %s', (_, steps) => {
    expect(found(RECENT + steps).map(([code]) => code)).not.toContain('computed-never-filters')
  })

  it('tells a flag that is only shown', () => {
    expect(found(`${RECENT}| extend Odd = FileName has "abc" | project FileName, Odd`)).toEqual([
      ['computed-never-filters', 'FileName has "abc"'],
    ])
  })

  it('gives every filtered name its label', () => {
    const query = `${RECENT}| where FileName has_any ("alpha.exe", "alphaservice.exe", "beta.exe")
      | extend Kind = case(FileName has "alpha", "A", FileName has "gamma", "C", FileName has "beta", "B", "none") | project Kind`
    const { diagnostics } = linted(query)
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['has-part-of-word', '`has "alpha"` is false for `alphaservice.exe`: `has` takes whole terms'],
      ['unreachable-branch', 'no `FileName` that the filter names ever comes to "C"'],
      ['name-without-label', '`alphaservice.exe` passes the filter and gets no label: `Kind` is "none"'],
    ])
  })

  it('knows lists of tools by the catalogue, and leaves other lists alone', () => {
    const [list] = found(
      `${RECENT}| where FileName in~ ("powershell.exe", "pwsh.exe", "cmd.exe", "wscript.exe", "mshta.exe", "nosuch.exe")`,
    )
    expect(list).toBeUndefined()
    const [first] = linted(
      `${RECENT}| where FileName in~ ("anydesk.exe", "teamviewer.exe", "rustdesk.exe", "supremo.exe", "nosuch.exe")`,
    ).diagnostics
    expect(first).toMatchObject({ code: 'name-not-confirmed', message: expect.stringContaining('1 of 5') as string })
  })
})

describe('a rule’s own tests', () => {
  const signal = { log: 'Sysmon 1', table: 'DeviceProcessEvents' }
  const rule = (signals: Rule['tests']): LintedRule =>
    linted(
      `${RECENT}| extend Kind = iff(FileName has "a", "A", "B") | where FileName has "tool.exe" | project FileName, Kind`,
      {
        ...(signals ? { tests: signals } : {}),
      },
    )

  it('pass, are missed with the clause that failed, or are not looked at', () => {
    const { tests } = rule([
      {
        name: 'T',
        signals: [
          { ...signal, says: 'it runs', row: { FileName: 'TOOL.exe' } },
          { ...signal, says: 'a copy runs', row: { FileName: 'tool_copy.exe' } },
          { ...signal, says: 'it runs labelled', row: { FileName: 'tool.exe' }, shows: { Kind: 'A' } },
          { ...signal, says: 'it connects', table: 'DeviceNetworkEvents', row: {} },
          { ...signal, says: 'it is misspelt', row: { FilNam: 'x' } },
        ],
      },
    ])
    expect(tests).toMatchObject({ signals: 5, caught: 1 })
    expect(tests?.diagnostics.map(({ message }) => message)).toEqual([
      'misses “T”: a copy runs (Sysmon 1); `FileName has "tool.exe"` is false, as `FileName` is "tool_copy.exe"',
      'misses “T”: it runs labelled (Sysmon 1); `Kind` is "B", not "A"',
      'does not look at “T”: it connects (Sysmon 1); that is in DeviceNetworkEvents, and the query reads DeviceProcessEvents',
      'misses “T”: it is misspelt (Sysmon 1); DeviceProcessEvents has no column FilNam',
    ])
  })
})

describe('the seeds', () => {
  const seed = (id: string): LintedRule => lintRule(loadRules().find((rule) => rule.id.startsWith(id))!, AS_OF)
  const words = ({ diagnostics }: LintedRule, code: string): string =>
    diagnostics
      .filter((each) => each.code === code)
      .map(({ message }) => message)
      .join('\n')

  // What ../shared/reference/remote-access-tools.md lists under "Defects", by our own means.
  it('miss the programs of the tools that they name', () => {
    const [first, second] = [seed('seed-000'), seed('seed-001')].map((each) => words(each, 'names-missing'))
    for (const name of ['ScreenConnect.ClientService.exe', 'SRService.exe', 'SRManager.exe', 'lmiguardiansvc.exe'])
      expect(first?.toLowerCase()).toContain(name.toLowerCase())
    expect(second).toContain('NinjaRMMAgent.exe')
    expect(words(seed('seed-000'), 'name-not-confirmed')).toContain('anydesk_service.exe')
  })

  it('label names by terms that they do not have', () => {
    const all = [seed('seed-000'), seed('seed-001')].flatMap(({ diagnostics }) =>
      diagnostics.filter(({ code }) => code === 'has-part-of-word').map(({ message }) => message),
    )
    for (const name of [
      'vncviewer.exe',
      'ateraagent.exe',
      'ninjaone.exe',
      'logmeinrescue.exe',
      'splashtopremote.exe',
      'supremoservice.exe',
      'netsupportmanager.exe',
      'ammyyadmin.exe',
      'connectwisecontrol.client.exe',
      'dwrcst.exe',
    ])
      expect(all.join('\n')).toContain(`\`${name}\``)
  })

  it('compute what never filters', () => {
    expect(words(seed('seed-000'), 'computed-never-filters').match(/`\w+`/g)).toEqual([
      '`SuspiciousParent`',
      '`FromTempPath`',
      '`IsPortable`',
    ])
  })

  it('list domains that no tool has, and never use the list', () => {
    expect(words(seed('seed-001'), 'domain-not-confirmed').match(/`[\w.]+`/g)).toEqual([
      '`supremo.com`',
      '`simplehelp.com`',
    ])
    expect(words(seed('seed-001'), 'unused-let')).toContain('RATNetworkDomains')
  })

  it.each([
    ['seed-000', 0, 11],
    ['seed-001', 1, 10],
    ['seed-004', 2, 3],
  ])('%s catches %i of %i signals of its tests', (id, caught, signals) => {
    expect(seed(id).tests).toMatchObject({ caught, signals })
  })
})
