import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openSources, type ReadFault, type RecordSnapshot, readSource, snapshot } from '../src/telemetry/index.js'

const SHARED = fileURLToPath(new URL('../../shared/', import.meta.url))
const TELEMETRY = `${SHARED}telemetry/`
const reason = existsSync(TELEMETRY) ? '' : ' (skipped: ../shared is not there)'

interface Tally {
  readonly name: string
  readonly records: number
  readonly lines: number
  readonly faults: readonly ReadFault[]
  readonly withoutTime: number
  readonly withoutProvider: number
}

/** Reads a file; counts its records and, by themselves, its lines. */
async function tally(path: string): Promise<Tally[]> {
  const tallies: Tally[] = []
  for await (const source of openSources({ path, size: 1 })) {
    if ('kind' in source) {
      tallies.push({ name: source.name, records: 0, lines: 0, faults: [source], withoutTime: 0, withoutProvider: 0 })
      continue
    }
    let lines = 0
    const { chunks } = source
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
        yield chunk
      }
    }
    const faults: ReadFault[] = []
    let records = 0
    let withoutTime = 0
    let withoutProvider = 0
    for await (const { items } of readSource({ ...source, chunks: counted() })) {
      for (const item of items) {
        if (item.kind === 'fault') faults.push(item)
        else {
          records++
          if (Number.isNaN(item.time)) withoutTime++
          if (item.provider === '' || item.eventId < 0) withoutProvider++
        }
      }
    }
    tallies.push({ name: source.name, records, lines, faults, withoutTime, withoutProvider })
  }
  return tallies
}

describe.skipIf(reason !== '')(`telemetry of others${reason}`, () => {
  const archives = existsSync(TELEMETRY)
    ? readdirSync(TELEMETRY, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(zip|tar\.gz)$/.test(name))
        .sort()
    : []

  it.each(archives)('every line of %s is a record', async (name) => {
    const tallies = await tally(TELEMETRY + name)
    expect(tallies.flatMap(({ faults }) => faults)).toEqual([])
    expect(tallies.length).toBeGreaterThan(0)
    for (const { records, lines, withoutTime, withoutProvider } of tallies) {
      expect({ records, withoutTime, withoutProvider }).toEqual({ records: lines, withoutTime: 0, withoutProvider: 0 })
    }
  })

  it('what evtx_dump prints has every value that JSON.parse finds', async () => {
    let compared = 0
    for (const name of readdirSync(`${SHARED}conformance/sigma`, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.json')) continue
      const path = `${SHARED}conformance/sigma/${name}`
      const expected = objectsOf(readFileSync(path, 'utf8')).map(valuesOf)
      const found = (await recordsOf(path)).map((record) =>
        [
          ...Object.values(record.fields),
          record.provider,
          record.channel,
          record.computer,
          record.eventId,
          record.recordId,
        ]
          .map(String)
          .sort(),
      )
      expect(found).toEqual(expected)
      compared += found.length
    }
    expect(compared).toBeGreaterThan(50)
  })
})

async function recordsOf(path: string): Promise<RecordSnapshot[]> {
  const records: RecordSnapshot[] = []
  for await (const source of openSources({ path, size: 1 })) {
    if ('kind' in source) throw new Error(source.message)
    for await (const { items } of readSource(source)) {
      for (const item of items) {
        if (item.kind === 'fault') throw new Error(item.message)
        records.push(snapshot(item))
      }
    }
  }
  return records
}

/** Objects that stand one after another, each beginning and ending at the margin. */
const objectsOf = (text: string): unknown[] =>
  text
    .trim()
    .split(/(?<=^\})\s*(?=^\{)/m)
    .map((part) => JSON.parse(part) as unknown)

/** Texts of all leaves but the times of creation and the namespaces, which records have elsewhere or not at all. */
function valuesOf(value: unknown): string[] {
  const values: string[] = []
  const visit = (at: unknown, key: string): void => {
    if (typeof at === 'object' && at !== null) for (const [name, member] of Object.entries(at)) visit(member, name)
    else if (at !== null && key !== 'SystemTime' && key !== 'xmlns') values.push(String(at))
  }
  visit(value, '')
  return values.sort()
}
