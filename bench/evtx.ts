import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventLogs, makeCorpus } from './corpus.js'
import { type Measured, measure, median, onPath, option } from './measure.js'

const MEGABYTE = 1e6

/**
 * Event logs into a store, cold and from outside, beside `evtx_dump -t 1 -o jsonl` on the same files where it is on the PATH.
 * `--megabytes N` sets the size of the corpus (300), `--grow` repeats it at 100, 500 and 2000 MB for time and memory,
 * `--corpus FOLDER` names the logs it is made of (../shared).
 */
export async function run(args: readonly string[]): Promise<void> {
  const from = option(args, 'corpus') ?? '../shared'
  if (!existsSync(from)) {
    console.log(`evtx     skipped: ${from} is not there`)
    return
  }
  const logs = eventLogs(from)
  const sizes = args.includes('--grow') ? [100, 500, 2000] : [Number(option(args, 'megabytes') ?? 300)]
  for (const megabytes of sizes) await measureOne(logs, megabytes)
}

async function measureOne(logs: readonly string[], megabytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    const corpus = await makeCorpus(logs, join(folder, 'logs'), megabytes * MEGABYTE)
    const peer = onPath('evtx_dump')
    const ours: Measured[] = []
    const kept: Measured[] = []
    const theirs: Measured[] = []
    let records = 0
    const rounds = megabytes > 300 ? 1 : 3
    for (let round = 0; round < rounds; round++) {
      const out = join(folder, `report-${round}.json`)
      const scan = await measure('node', [
        'dist/cli/main.js',
        'scan',
        join(folder, 'logs'),
        '--format',
        'json',
        '--quiet',
        '--out',
        out,
      ])
      ours.push(scan)
      records = await recordsOf(out)
      const store = join(folder, 'kept.duckdb')
      kept.push(
        await measure('node', [
          'dist/cli/main.js',
          'query',
          'DeviceProcessEvents | count',
          join(folder, 'logs'),
          '--store',
          store,
          '--quiet',
        ]),
      )
      rmSync(store, { force: true })
      if (peer !== undefined)
        theirs.push(
          await measure('sh', [
            '-c',
            'for log in "$0"/*.evtx; do evtx_dump -t 1 -o jsonl "$log" 2>/dev/null; done > /dev/null',
            join(folder, 'logs'),
          ]),
        )
    }
    const size = corpus.bytes / MEGABYTE
    const line = (name: string, runs: readonly Measured[]): string => {
      const seconds = median(runs.map((run) => run.seconds))
      const peak = median(runs.map((run) => run.peakMegabytes))
      return `evtx     ${name}: ${seconds.toFixed(2)} s, ${(size / seconds).toFixed(0)} MB/s, ${Math.round(records / seconds).toLocaleString('en')} records/s${Number.isNaN(peak) ? '' : `, peak ${peak.toFixed(0)} MB`}`
    }
    console.log(
      `evtx     ${corpus.files} files, ${size.toFixed(0)} MB, ${records.toLocaleString('en')} records; medians of ${ours.length} cold runs`,
    )
    console.log(line('latchkey scan, all of it (read, identify, detect, report)', ours))
    console.log(line('latchkey query --store, read into a store that is kept', kept))
    if (peer === undefined) console.log('evtx     evtx_dump is not on the PATH')
    else {
      console.log(line('evtx_dump -t 1 -o jsonl', theirs))
      const ratio = median(ours.map((run) => run.seconds)) / median(theirs.map((run) => run.seconds))
      console.log(`evtx     scan takes ${ratio.toFixed(2)} times evtx_dump's time (aim: below 1)`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function recordsOf(path: string): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  return (JSON.parse(await readFile(path, 'utf8')) as { summary: { records: { read: number } } }).summary.records.read
}
