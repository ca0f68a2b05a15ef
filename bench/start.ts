import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure, median } from './measure.js'

const QUERY =
  'DeviceProcessEvents | where FileName has "host" | summarize Count = count() by FileName | sort by Count desc | take 5'

/** How long a person waits for help, aim 150 ms, and for a first query over a store from a cold start, aim 500 ms more. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    const store = join(folder, 'start.duckdb')
    await measure('node', [
      MAIN,
      'scan',
      'samples/fleet/HT-DC-01',
      '--store',
      store,
      '--quiet',
      '--out',
      join(folder, 'report'),
    ])
    const help: number[] = []
    const query: number[] = []
    // In turns, so that both see the same machine.
    for (let round = 0; round < 9; round++) {
      help.push((await measure('node', [MAIN, '--help'])).seconds * 1000)
      const { seconds, code } = await measure('node', [MAIN, 'query', QUERY, '--store', store, '--quiet'])
      if (code !== 0) throw new Error(`the query ended with ${code}`)
      query.push(seconds * 1000)
    }
    const more = median(query) - median(help)
    console.log(`start    latchkey --help: ${median(help).toFixed(0)} ms, median of ${help.length} (aim: 150 ms)`)
    console.log(`start    a first KQL query over a store: ${more.toFixed(0)} ms more (aim: 500 ms more)`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const MAIN = 'dist/cli/main.js'
