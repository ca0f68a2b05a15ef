/**
 * Prints what the readers make of files and folders: `npx tsx scripts/read-telemetry.ts PATH…`. One line a source that gave records or
 * faults: records, distinct layouts, megabytes a second, and faults by code. `--records` prints the records themselves, a line each.
 */
import { formatTime, readPaths, snapshot } from '../src/telemetry/index.js'

interface Tally {
  format: string
  records: number
  readonly layouts: Set<object>
  readonly faults: Map<string, { count: number; lost: number; first: string }>
}

const paths = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const printRecords = process.argv.includes('--records')
const quiet = process.argv.includes('--quiet')
const tallies = new Map<string, Tally>()
const started = performance.now()

for await (const { name, format, items } of readPaths(paths)) {
  let tally = tallies.get(name)
  if (tally === undefined) {
    tally = { format: format ?? '-', records: 0, layouts: new Set(), faults: new Map() }
    tallies.set(name, tally)
  }
  for (const item of items) {
    if (item.kind === 'record') {
      tally.records++
      tally.layouts.add(item.layout)
      if (printRecords) {
        const copy = snapshot(item)
        const time = Number.isNaN(copy.time) ? null : formatTime(copy.time)
        console.log(
          JSON.stringify({ ...copy, time }, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
        )
      }
      continue
    }
    if (printRecords) console.log(JSON.stringify(item))
    const known = tally.faults.get(item.code)
    if (known === undefined)
      tally.faults.set(item.code, { count: 1, lost: item.lost, first: `${item.position}: ${item.message}` })
    else {
      known.count++
      known.lost += item.lost
    }
  }
}

const seconds = (performance.now() - started) / 1000
let records = 0
for (const [name, tally] of tallies) {
  records += tally.records
  const faults = [...tally.faults]
    .map(([code, { count, lost, first }]) => `${code} x${count} lost ${lost} (${first})`)
    .join('; ')
  if (!printRecords && !(quiet && faults === ''))
    console.log(
      `${name}: ${tally.format}, ${tally.records} records, ${tally.layouts.size} layouts${faults && `; ${faults}`}`,
    )
}
console.error(
  `${records} records of ${tallies.size} sources in ${seconds.toFixed(2)} s, ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
)
