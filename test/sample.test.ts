import { spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { makeSample } from '../scripts/sample/make.js'
import { readEvtx } from '../src/telemetry/evtx/index.js'

const made = makeSample()
const scratch = mkdtempSync(join(tmpdir(), 'latchkey-sample-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('the sample', () => {
  it('is what the generator makes', () => {
    const kept = readdirSync('samples', { recursive: true, encoding: 'utf8' }).filter(
      (name) => statSync(`samples/${name}`).isFile() && name !== 'README.md' && name !== 'policy.yaml',
    )
    expect(kept.sort()).toEqual(made.map((file) => file.path).sort())
    for (const { path, bytes } of made)
      expect(contentOf(path, readFileSync(`samples/${path}`)).equals(contentOf(path, bytes)), path).toBe(true)
  })

  it('names no machine of the internet but those of remote access vendors', () => {
    const vendors = /(^|\.)(anydesk|teamviewer|ninjarmm|atera|splashtop|google|googleapis|netsupportsoftware)\.com$/
    const names = made.flatMap((file) =>
      [
        ...contentOf(file.path, file.bytes)
          .toString('latin1')
          .matchAll(/https?:\/\/([a-z0-9.-]+)/gi),
      ].map((match) => match[1]!.toLowerCase()),
    )
    expect(names.length).toBeGreaterThan(0)
    expect(
      [...new Set(names)].filter(
        (name) => !name.endsWith('.example') && !vendors.test(name) && name !== 'schemas.microsoft.com',
      ),
    ).toEqual([])
  })

  it('holds no address outside private and documentation ranges', () => {
    const text = made
      .filter((file) => /ndjson|csv/.test(file.path))
      .map((file) => contentOf(file.path, file.bytes).toString())
    const addresses = new Set(
      text
        .flatMap((one) => one.match(/(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g) ?? [])
        .filter((one) => one.split('.').every((part) => Number(part) < 256)),
    )
    // Versions have four numbers too.
    const versions = /^(1[05]\.|1[0-9]{2}\.0\.|2[45]\.|[0-9]\.|30\.|16\.0\.|144\.0\.)/
    const foreign = [...addresses].filter(
      (one) => !/^(10\.20\.|127\.0\.0\.1$|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)/.test(one) && !versions.test(one),
    )
    expect(foreign).toEqual([])
  })
})

describe('the EVTX files of the sample', () => {
  const logs = made.filter((file) => file.path.endsWith('.evtx'))

  it.each(logs.map((log) => [log.path, log] as const))('%s: every record is read', async (path, log) => {
    const { records, faults, lost } = await readLog(path, log.bytes)
    if (log.damaged) {
      expect(records).toBeGreaterThan(log.records! / 3)
      expect(faults).toContain('evtx-cut')
      expect(lost).toBeGreaterThan(0)
      expect(records + lost).toBe(log.records)
    } else {
      expect(records).toBe(log.records)
      expect(faults).toEqual([])
    }
  })

  const dump = spawnSync('evtx_dump', ['--version'])
  it.skipIf(dump.error !== undefined)('are read by evtx_dump (skipped where it is not on the PATH)', () => {
    for (const log of logs.filter((one) => !one.damaged)) {
      const file = join(scratch, 'log.evtx')
      writeFileSync(file, log.bytes)
      const { stdout } = spawnSync('evtx_dump', ['-t', '1', '-o', 'jsonl', file], { encoding: 'utf8', maxBuffer: 1e9 })
      expect(stdout.trim().split('\n').length, log.path).toBe(log.records)
    }
  })
})

describe('scenarios', () => {
  const ajv = new Ajv({ allErrors: true, strictRequired: false, strictTypes: false })
  it.each([
    ['scenarios', 'scenario'],
    ['programs', 'programs'],
  ])('files of content/%s are as their schema says', (folder, schema) => {
    const validate = ajv.compile(JSON.parse(readFileSync(`content/published/${schema}.schema.json`, 'utf8')))
    const names = readdirSync(`content/${folder}`)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names)
      expect(validate(parse(readFileSync(`content/${folder}/${name}`, 'utf8'))) ? [] : validate.errors, name).toEqual(
        [],
      )
  })

  it('have the names of their files, and expect tools of the catalogue', () => {
    const tools = new Set(readdirSync('content/tools').map((name) => name.replace('.yaml', '')))
    for (const name of readdirSync('content/scenarios')) {
      const scenario = parse(readFileSync(`content/scenarios/${name}`, 'utf8'))
      expect(`${scenario.id}.yaml`).toBe(name)
      const { listed, allowed = [], never = [] } = scenario.expected
      for (const { tool } of [...listed, ...allowed, ...never])
        expect(tool === '*' || tools.has(tool), `${tool} in ${name}`).toBe(true)
    }
  })
})

/** How a compressor packs is its own affair: what is compared is what it packed. */
function contentOf(path: string, bytes: Uint8Array): Buffer {
  if (path.endsWith('.gz')) return gunzipSync(bytes)
  if (path.endsWith('.zip')) return Buffer.concat(members(Buffer.from(bytes)))
  return Buffer.from(bytes)
}

async function readLog(name: string, bytes: Uint8Array): Promise<{ records: number; faults: string[]; lost: number }> {
  const file = join(scratch, 'log.evtx')
  writeFileSync(file, bytes)
  let records = 0
  let lost = 0
  const faults: string[] = []
  for await (const block of readEvtx({ name, size: bytes.length, chunks: createReadStream(file) })) {
    for (const item of block) {
      if (item.kind === 'record') records++
      else {
        faults.push(item.code)
        lost += item.lost
      }
    }
  }
  return { records, faults, lost }
}

/** Unpacked members of a zip archive that the generator made. */
function members(archive: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; archive.readUInt32LE(at) === 0x04034b50; ) {
    const start = at + 30 + archive.readUInt16LE(at + 26)
    const end = start + archive.readUInt32LE(at + 18)
    found.push(archive.subarray(at + 30, start), inflateRawSync(archive.subarray(start, end)))
    at = end
  }
  return found
}
