import { measure, median } from './measure.js'

/** How long a person waits for help: aim 150 ms. */
export async function run(): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < 7; round++)
    times.push((await measure('node', ['dist/cli/main.js', '--help'])).seconds * 1000)
  console.log(`start    latchkey --help: ${median(times).toFixed(0)} ms, median of ${times.length} (aim: 150 ms)`)
}
