import { describe, expect, test } from 'vitest'
import { runReference } from '../backends/reference/index.js'
import { loadContent } from '../content/load.js'
import { compileKql } from './compile-query.js'
import { lintRule } from './lint/lint-rule.js'
import { OWN_DEFAULTS } from './rules/own.js'

const compile = (text: string) => compileKql(text, { asOf: 0 })

function answer(text: string): readonly (readonly unknown[])[] {
  const compiled = compile(text)
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('\n'))
  return runReference(compiled.query, () => []).rows
}

const one = (expression: string): unknown => answer(`print x = ${expression}`)[0]![0]

describe('value sets in KQL', () => {
  test('a set is a list that `in~` and `has_any` take', () => {
    expect(one("'AnyDesk.exe' in~ (_RemoteAccessTools('names'))")).toBe(true)
    expect(one("'notepad.exe' in~ (_RemoteAccessTools('names'))")).toBe(false)
    expect(one("'PowerShell.exe' in~ (_ValueSet('shells'))")).toBe(true)
    expect(one("'cmd /c anydesk --set-password' has_any (_RemoteAccessTools('password-switches'))")).toBe(true)
    expect(one("7070 in (_RemoteAccessTools('ports'))")).toBe(true)
  })

  test('a table of a set says whose a value is', () => {
    expect(answer("_RemoteAccessToolTable('names') | where Value == 'anydesk.exe' | project ToolId, Tier")).toEqual([
      ['anydesk', 'remote-access'],
    ])
  })

  test('what is generic, short or shared names no tool', () => {
    const rows = answer("_RemoteAccessToolTable('names') | project Value").map(([value]) => value)
    for (const name of ['agent.exe', 'connect.exe', 'rdp.exe', 'dwm.exe', 'mstsc.exe', 'setup.exe'])
      expect(rows).not.toContain(name)
  })

  test('a set that does not exist is refused with the closest one, in scans and in lint', () => {
    const query = "DeviceProcessEvents | where FileName in~ (_RemoteAccessTools('nmes'))"
    const refused = compile(query)
    expect(refused.ok ? [] : refused.diagnostics).toMatchObject([
      { code: 'unknown-value-set', help: 'closest match is `names`' },
    ])
    const linted = lintRule({ ...OWN_DEFAULTS, id: 'x', title: 'x', query }, 0)
    expect(linted.diagnostics.map(({ code }) => code)).toContain('unknown-value-set')
    expect(compile('print _RemoteAccessTools(strcat("na", "mes"))').ok).toBe(false)
    expect(compile("T | where x in (_RemoteAccessTools('names', 'more'))").ok).toBe(false)
  })

  test('lint says nothing of a query that asks for its names', () => {
    const query = 'DeviceProcessEvents | where _IsRemoteAccessName(FileName) | project Timestamp, FileName'
    const { diagnostics } = lintRule({ ...OWN_DEFAULTS, id: 'x', title: 'x', query }, 0)
    expect(diagnostics.filter(({ code }) => code !== 'time-filter-missing')).toEqual([])
  })
})

describe('saved functions', () => {
  test.each(loadContent<{ name: string; text: string }>('functions').map(({ name, text }) => [name, text]))(
    '%s is a function of that name',
    (name, text) => expect(text.startsWith(`let ${name} = (`)).toBe(true),
  )

  test.each([
    ['AnyDesk.exe', 'anydesk.exe'],
    ['AnyDesk (1).exe', 'anydesk.exe'],
    ['AnyDesk - Copy.exe', 'anydesk.exe'],
    ['AnyDesk - Copy (2).exe', 'anydesk.exe'],
    ['rustdesk-1.2.3-x86_64.exe', 'rustdesk.exe'],
    ['AnyDesk-1a2b3c4d.exe', 'anydesk.exe'],
    ['AnyDesk-1a2b3c4d_msi.exe', 'anydesk.exe'],
    ['notepad2.exe', 'notepad2.exe'],
    ['aa_v3.exe', 'aa_v3.exe'],
    ['', ''],
  ])('_ProgramName of `%s` is `%s`', (name, plain) => {
    expect(one(`_ProgramName('${name}')`)).toBe(plain)
  })

  test.each([
    ['C:\\Users\\kim\\Downloads\\x.exe', true],
    ['C:\\Users\\kim\\AppData\\Local\\Temp\\x.exe', true],
    ['C:\\Users\\Public\\x.exe', true],
    ['C:\\ProgramData\\x.exe', true],
    ['C:\\x.exe', true],
    ['C:\\PerfLogs\\x.exe', true],
    ['C:\\Program Files\\Vendor\\x.exe', false],
    ['C:\\ProgramData\\Vendor\\x.exe', false],
    ['C:\\Windows\\System32\\x.exe', false],
  ])('_IsUserWritable of %s is %s', (path, expected) => {
    expect(one(`_IsUserWritable(@'${path}')`)).toBe(expected)
  })

  test('a diagnostic of a saved function stands at its call', () => {
    const text = 'print _ProgramName(1, 2)'
    const refused = compile(text)
    expect(refused.ok ? undefined : refused.diagnostics[0]?.span).toEqual({ start: 6, end: text.length })
  })

  test('a function that a query declares itself goes before the saved one', () => {
    expect(answer('let _ProgramName = (x: string) { "mine" }; print _ProgramName("a.exe")')).toEqual([['mine']])
  })
})
