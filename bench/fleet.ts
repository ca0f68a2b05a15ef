/**
 * A fleet of many machines, generated and scanned in one command: how long, in how much memory, and what the rules say without cause.
 *
 *     npm run bench fleet -- --hosts 5000 --days 7 --density light --keep /tmp/fleet
 */
import { once } from 'node:events'
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGzip } from 'node:zlib'
import type { Report } from '../src/findings/report.js'
import { generateFleet } from '../src/validation/generate-fleet.js'
import { shippedLines } from '../src/validation/windows-records.js'
import { measure, option } from './measure.js'

interface Told {
  readonly hosts: number
  readonly days: number
  records: number
  bytes: number
  /** Machines on which something happens that a rule should speak of. */
  readonly guilty: string[]
  readonly stories: Record<string, number>
}

export async function run(args: readonly string[]): Promise<void> {
  const hosts = Number(option(args, 'hosts') ?? 200)
  const days = Number(option(args, 'days') ?? 7)
  const density = option(args, 'density') === 'full' ? 'full' : 'light'
  const kept = option(args, 'keep')
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'latchkey-fleet-'))
  try {
    const told = existsSync(join(folder, 'told.json'))
      ? (JSON.parse(readFileSync(join(folder, 'told.json'), 'utf8')) as Told)
      : await generate(folder, hosts, days, density)
    console.log(
      `fleet: ${told.hosts} hosts, ${told.days} days, ${told.records} records, ${(told.bytes / 1e6).toFixed(0)} MB packed; ${Object.entries(
        told.stories,
      )
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    )
    for (const [label, more] of [
      ['before policy', []],
      ['after policy', ['--policy', 'bench/fleet-policy.yaml']],
    ] as const) {
      const out = join(folder, `report-${label.slice(0, 5).trim()}.json`)
      const { seconds, peakMegabytes, code } = await measure('node', [
        'dist/cli/main.js',
        'scan',
        join(folder, 'logs'),
        '--format',
        'json',
        '--quiet',
        '--force',
        '--out',
        out,
        ...more,
      ])
      if (code !== 0) throw new Error(`the scan ended with ${code}`)
      tell(label, JSON.parse(readFileSync(out, 'utf8')) as Report, told, seconds, peakMegabytes)
    }
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function generate(folder: string, hosts: number, days: number, density: 'full' | 'light'): Promise<Told> {
  mkdirSync(join(folder, 'logs'), { recursive: true })
  const told: Told = { hosts, days, records: 0, bytes: 0, guilty: [], stories: {} }
  const begin = performance.now()
  for (const part of generateFleet({ hosts, days, seed: 'fleet', firstDay: '2026-02-02', density })) {
    const path = join(folder, 'logs', `${part.name}.ndjson.gz`)
    const packed = createGzip({ level: 1 })
    const file = createWriteStream(path)
    packed.pipe(file)
    for (const line of shippedLines(part.events)) {
      told.records++
      if (!packed.write(`${line}\n`)) await once(packed, 'drain')
    }
    packed.end()
    await once(file, 'close')
    told.bytes += statSync(path).size
    for (const { scenario, kind, hosts: on } of part.stories) {
      told.stories[scenario] = (told.stories[scenario] ?? 0) + 1
      if (kind === 'intrusion' || kind === 'shadow') told.guilty.push(...on.map((host) => host.toLowerCase()))
    }
  }
  console.log(`generated in ${((performance.now() - begin) / 1000).toFixed(0)} s`)
  writeFileSync(join(folder, 'told.json'), JSON.stringify(told))
  return told
}

function tell(label: string, report: Report, told: Told, seconds: number, peakMegabytes: number): void {
  const guilty = new Set(told.guilty)
  const loud = report.findings.filter(({ level }) => level !== 'informational')
  const isGuilty = (host: string | null): boolean => guilty.has((host ?? '').toLowerCase().split('.')[0]!)
  const wrong = loud.filter(({ host }) => !isGuilty(host))
  const seen = new Set(loud.filter(({ host }) => isGuilty(host)).map(({ host }) => host!.toLowerCase().split('.')[0]!))
  const rate = (wrong.length / (told.hosts * told.days)) * 1000
  console.log(
    `${label}: ${seconds.toFixed(1)} s, ${peakMegabytes.toFixed(0)} MB at the highest, ${Math.round(told.records / seconds)} records a second, ${report.inventory.length} lines of inventory`,
  )
  console.log(
    `  ${wrong.length} findings above informational on innocent hosts, ${rate.toFixed(2)} a thousand hosts and day; ${seen.size} of ${guilty.size} guilty hosts have findings`,
  )
  const counts = new Map<string, number>()
  for (const { rule } of wrong) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  for (const [rule, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`  ${rule.padEnd(40)} ${count}`)
}
