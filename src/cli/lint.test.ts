import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { widthOf } from '../text/fit.js'
import { explain } from './explain.js'
import { lint } from './lint.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-lint-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const outFile = (): string => join(folder, `out-${++count}`)

async function linted(given: readonly string[], more = {}): Promise<{ code: number; text: string }> {
  const out = outFile()
  const code = await lint(given, { out, ...more })
  return { code, text: readFileSync(out, 'utf8') }
}

const RULE = join(folder, 'rule.yaml')
writeFileSync(
  RULE,
  'name: Long\nseverity: Hihg\nquery: |\n  DeviceProcessEvents\n  | where Timestamp > ago(1d) and FolderPath has "something quite long that fills the line up" and FileNme has "x.exe"\n',
)

describe('latchkey lint', () => {
  it('fits 80 columns and shows the marked text', async () => {
    const { code, text } = await linted(['content/rules/seeds', RULE])
    expect(code).toBe(2)
    for (const line of text.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80)
    expect(text).toContain('tests of Remote desktop or RMM software started (T1219.002): 0 of 11 signals\n  caught\n')
    const lines = text.split('\n')
    const mark = lines.findIndex((line, index) => /^ *\^{7}$/.test(line) && lines[index - 1]?.includes('FileNme'))
    const column = lines[mark]!.indexOf('^')
    expect(lines[mark - 1]!.slice(column, column + 7)).toBe('FileNme')
  })

  it('points at the file’s own lines in JSON and SARIF', async () => {
    const json = JSON.parse((await linted([RULE], { format: 'json' })).text) as {
      diagnostics: { code: string; start: unknown; help: unknown }[]
    }[]
    expect(json[0]?.diagnostics.find(({ code }) => code === 'kusto-diagnostic')).toMatchObject({
      start: { line: 5, column: 100 },
      help: 'closest match is `FileName`',
    })
    const sarif = JSON.parse((await linted([RULE], { format: 'sarif' })).text) as {
      runs: { results: { ruleId: string; locations: unknown }[] }[]
    }
    expect(sarif.runs[0]?.results.find(({ ruleId }) => ruleId === 'rule-wrong-value')?.locations).toMatchObject([
      { physicalLocation: { region: { startLine: 2, startColumn: 11, endLine: 2, endColumn: 15 } } },
    ])
  })

  it('ends well for a sound query, and says so', async () => {
    const { code, text } = await linted(['DeviceProcessEvents | where Timestamp > ago(1d) | take 5'])
    expect([code, text]).toEqual([0, '1 rule: nothing to say\n'])
  })

  it('refuses a path that is not there', async () => {
    await expect(lint(['no/such.yaml'], {})).rejects.toThrow('no/such.yaml does not exist')
  })
})

describe('latchkey explain', () => {
  it('says which clause of a rule an event fails', async () => {
    const out = outFile()
    const event = JSON.stringify({ FileName: 'AnyDesk_test.exe', DeviceName: 'a\u001b[31m' })
    const code = await explain('seed-000-remote-desktop-software', [], { out, event, memory: '256MB' })
    const text = readFileSync(out, 'utf8')
    expect(code).toBe(0)
    const [plan, sql, verdict] = text.split(/\n\n(?=as SQL|this event)/) as [string, string, string]
    for (const line of `${plan}\n${verdict}`.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80)
    expect(sql).toContain('FROM "process"')
    expect(verdict.split('\n').slice(1, 5)).toEqual([
      '  true     Timestamp > ago(24h)',
      '  false    FileName has_any (RMMTools)',
      '           FileName is "AnyDesk_test.exe"',
      '  so the query gives no row',
    ])
  })

  it('shows the row that an event gives', async () => {
    const out = outFile()
    await explain(
      'DeviceProcessEvents | where FileName has "a.exe" | project Name = toupper(FileName), DeviceName',
      [],
      {
        out,
        event: '{"filename": "a.exe", "DeviceName": "\\u001b[31mred"}',
        memory: '256MB',
      },
    )
    const text = readFileSync(out, 'utf8')
    expect(text).toContain('    Name        "A.EXE"\n    DeviceName  "<U+001B>[31mred"\n')
  })

  it.each([
    ['an array', '[1]', 'one JSON object'],
    ['no JSON', '{x', 'a JSON object'],
    ['a file that is not there', 'no-such-file', 'is neither'],
  ])('refuses an event that is %s', async (_, event, reason) => {
    await expect(explain('print 1', [], { event, memory: '256MB' })).rejects.toThrow(reason)
  })
})
