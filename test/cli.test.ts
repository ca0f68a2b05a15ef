import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The program as its users run it: built, in a process of its own, with worker threads.

const PROGRAM = resolve(import.meta.dirname, '../dist/cli/main.js')
const FLEET = resolve(import.meta.dirname, '../samples/fleet')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function latchkey(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status, stdout, stderr }
}

describe.skipIf(!existsSync(PROGRAM))('latchkey', () => {
  test('scans the sample fleet into a report that its schema describes', () => {
    const { status, stdout, stderr } = latchkey('scan', FLEET, '--format', 'json')
    expect({ status, stderr: stderr.includes('error') }).toEqual({ status: 0, stderr: false })
    const report = JSON.parse(stdout)
    expect(Object.keys(report)).toEqual(['latchkey', 'summary', 'inventory', 'incidents', 'findings'])
    expect(report.inventory.length).toBeGreaterThan(8)
    expect(report.findings.length).toBeGreaterThan(8)
  })

  test('an overlay changes rules that others keep, and the report says so', () => {
    const [rules, overlay, broken] = ['rules.yml', 'overlay.yaml', 'broken.yaml'].map((name) => join(folder, name))
    const rule = (title: string, image: string): string =>
      `title: ${title}\nlevel: high\nlogsource: { product: windows, category: process_creation }\ndetection: { s: { Image|endswith: ${image} }, condition: s }\n`
    writeFileSync(rules!, `${rule('Any program', '.exe')}---\n${rule('Disabled', 'e')}`)
    writeFileSync(
      overlay!,
      'overlay: 1\nentries:\n  - { id: low, rules: Any*, level: low, owner: us }\n  - { id: off, rules: Disabled, disable: true }\n',
    )
    writeFileSync(broken!, 'overlay: 1\nentries:\n  - { id: low, rules: Any*, levl: low }\n')
    const args = ['scan', FLEET, '--quiet', '--no-builtin-rules', '--rules', rules!, '--format', 'json', '--overlay']
    const { summary, findings } = JSON.parse(latchkey(...args, overlay!).stdout)
    expect(findings[0]).toMatchObject({
      level: 'low',
      about: { level: 'high', overlay: [expect.stringContaining('high → low')] },
    })
    expect(summary.rules.map(({ title }: { title: string }) => title)).toEqual(['Any program'])
    expect(summary.overlay.entries.map(({ id, rules: meant }: { id: string; rules: number }) => [id, meant])).toEqual([
      ['low', 1],
      ['off', 1],
    ])
    const { status, stderr } = latchkey(...args, broken!)
    expect([status, stderr]).toEqual([3, expect.stringContaining('closest match is `level`')])
  })

  test('exits with 1 on findings only when asked to', () => {
    expect(latchkey('scan', FLEET, '--quiet', '--level', 'medium', '--fail-on-findings').status).toBe(1)
    expect(latchkey('scan', FLEET, '--quiet', '--level', 'critical', '--fail-on-findings').status).toBe(0)
  })

  test('exits with 2 where nothing that was given can be read, and says what and why', () => {
    const { status, stdout } = latchkey('scan', join(folder, 'nowhere'), '--format', 'table')
    expect(status).toBe(2)
    expect(stdout).toContain('does not exist')
  })

  test('exits with 3 for a command that cannot be carried out as given', () => {
    expect(latchkey('scan').status).toBe(3)
    expect(latchkey('scan', FLEET, '--as-of', 'yesterday').status).toBe(3)
    expect(latchkey('scan', FLEET, '--format', 'xml').status).toBe(3)
    expect(latchkey('scan', FLEET, '--memory', 'lots').status).toBe(3)
    expect(latchkey('juggle').status).toBe(3)
  })

  test('never writes over a file without --force', () => {
    const out = join(folder, 'report.html')
    writeFileSync(out, 'precious')
    const refused = latchkey('scan', FLEET, '--quiet', '--format', 'html', '--out', out)
    expect(refused.status).toBe(3)
    expect(refused.stderr).toContain('--force')
    expect(readFileSync(out, 'utf8')).toBe('precious')
    expect(latchkey('scan', FLEET, '--quiet', '--format', 'html', '--out', out, '--force').status).toBe(0)
    expect(readFileSync(out, 'utf8')).toMatch(/^<!doctype html>/i)
  })

  test('a store keeps every record once, however often it is filled, and answers later', () => {
    const store = join(folder, 'case.duckdb')
    const first = JSON.parse(latchkey('scan', FLEET, '--quiet', '--format', 'json', '--store', store).stdout)
    const second = JSON.parse(latchkey('scan', FLEET, '--quiet', '--format', 'json', '--store', store).stdout)
    const later = JSON.parse(latchkey('scan', '--quiet', '--format', 'json', '--store', store).stdout)
    expect(second.summary.files.duplicate).toBeGreaterThan(0)
    for (const report of [second, later]) {
      expect(report.summary.records.stored).toBe(first.summary.records.stored)
      expect(report.inventory).toEqual(first.inventory)
    }
    expect(existsSync(`${store}.work`)).toBe(false)
  })

  test('a file that is no store is left alone', () => {
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'not a database')
    const { status, stderr } = latchkey('scan', FLEET, '--quiet', '--store', file)
    expect(status).toBe(3)
    expect(stderr).toContain('is no store')
    expect(readFileSync(file, 'utf8')).toBe('not a database')
  })

  test('links that lead back to themselves and empty folders come to an end', () => {
    const loop = join(folder, 'loop')
    mkdirSync(join(loop, 'a'), { recursive: true })
    symlinkSync(loop, join(loop, 'a', 'back'))
    writeFileSync(join(loop, 'empty.evtx'), '')
    const report = JSON.parse(latchkey('scan', loop, '--quiet', '--format', 'json').stdout)
    expect(report.summary.rejected.map(({ code }: { code: string }) => code).sort()).toEqual(['empty', 'link-loop'])
  })

  test('a query runs, and what cannot run is refused with its place before anything is read', () => {
    const { stdout } = latchkey(
      'query',
      "DeviceProcessEvents | where FileName =~ 'anydesk.exe' | summarize n = count() by DeviceName",
      FLEET,
      '--quiet',
      '--format',
      'json',
    )
    expect(JSON.parse(stdout).length).toBeGreaterThan(0)
    const refused = latchkey('query', 'DeviceProcessEvents | wher FileName has "x"', join(folder, 'nowhere'))
    expect(refused.status).toBe(2)
    expect(refused.stderr).toMatch(/query:1:\d+/)
  })

  test('no rows come with the reason', () => {
    const { stderr } = latchkey(
      'query',
      "DeviceProcessEvents | where FileName == 'no such program'",
      FLEET,
      '--format',
      'json',
    )
    expect(stderr).toContain('of which none matches')
  })

  test('findings are counted by a field, the rarest first', () => {
    const { stdout } = latchkey('scan', FLEET, '--quiet', '--stack', 'host', '--stack', 'level', '--format', 'json')
    const counts = (JSON.parse(stdout) as { findings: number }[]).map(({ findings }) => findings)
    expect(counts.length).toBeGreaterThan(3)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(latchkey('scan', FLEET, '--stack', 'host', '--format', 'html').status).toBe(3)
  })

  test('a field that no finding has is refused with the nearest name', () => {
    const refused = latchkey('scan', FLEET, '--quiet', '--stack', 'hostt')
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('closest is host')])
  })

  test('findings that are not kept are told of where the format cannot', () => {
    const { stdout, stderr } = latchkey('scan', FLEET, '--format', 'ocsf', '--limit', '1', '--dedup', '7d')
    expect(JSON.parse(stdout.split('\n')[0]!).class_uid).toBe(2004)
    expect(stderr).toContain('--limit keeps more')
    expect(latchkey('scan', FLEET, '--dedup', 'soon').status).toBe(3)
    expect(latchkey('scan', FLEET, '--limit', '0').status).toBe(3)
  })

  test('the same logs give the same report in another time zone', () => {
    const run = (zone: string) =>
      spawnSync(process.execPath, [PROGRAM, 'scan', FLEET, '--quiet', '--format', 'json'], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        env: { ...process.env, TZ: zone },
      })
    const report = (zone: string) => {
      const { summary, inventory, findings } = JSON.parse(run(zone).stdout)
      return { times: summary.timeRange, inventory, findings: findings.length }
    }
    expect(report('Asia/Kathmandu')).toEqual(report('America/St_Johns'))
  })
})
