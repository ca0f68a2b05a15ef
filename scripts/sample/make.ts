import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { type Collection, type Fleet, type FleetPlan, playFleet } from '../../src/validation/fleet.js'
import { type DefenderRow, defenderCsv, defenderRows } from '../../src/validation/forms/defender.js'
import { evtxFile } from '../../src/validation/forms/evtx.js'
import type { WindowsRecord } from '../../src/validation/forms/windows-record.js'
import { ingestedDocument, winlogbeatDocument } from '../../src/validation/forms/winlogbeat.js'
import { windowsRecords } from '../../src/validation/windows-records.js'
import type { Host } from '../../src/validation/world.js'
import { gzip, zip } from './archive.js'
import { expectationsOf } from './expectations.js'

/** A file of `samples/`, and how many records a reader must find in it (for an archive: in all its members). */
export interface SampleFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly records?: number
  /** The file ends early: at least one record is lost. */
  readonly damaged?: true
}

/** Makes the whole sample. The same bytes every time, up to how the installed zlib compresses. */
export function makeSample(): SampleFile[] {
  const plan = parse(readFileSync(new URL('fleet.yaml', import.meta.url), 'utf8')) as FleetPlan
  const fleet = playFleet(plan)
  const files = [...fleet.hosts.values()].flatMap((host) => hostFiles(host, fleet))
  files.push(...defenderFiles(fleet))
  files.sort((one, other) => (one.path < other.path ? -1 : 1))
  const expected = {
    files: Object.fromEntries(
      files.map(({ path, records, damaged }) => [path, damaged ? { records, damaged } : { records }]),
    ),
    ...expectationsOf(fleet),
  }
  return [...files, { path: 'expected.json', bytes: Buffer.from(`${JSON.stringify(expected, null, 2)}\n`) }]
}

function hostFiles(host: Host, fleet: Fleet): SampleFile[] {
  const collection = fleet.collection.get(host.name)!
  if (collection.form === 'defender') return []
  const records = windowsRecords(
    fleet.events.filter((event) => event.host === host),
    collection,
  )
  if (collection.form === 'evtx') return evtxFiles(host, collection, records)
  return [jsonLines(host, collection, records)]
}

function evtxFiles(host: Host, collection: Collection, records: readonly WindowsRecord[]): SampleFile[] {
  const channels = [...new Set(records.map((record) => record.channel))].sort()
  const logs = channels.map((channel) => {
    const own = records.filter((record) => record.channel === channel)
    return {
      name: `${channel.replaceAll('/', '%4')}.evtx`,
      bytes: evtxFile(own, firstRecordId(host, channel)),
      records: own.length,
    }
  })
  if (collection.packed) {
    const count = logs.reduce((sum, log) => sum + log.records, 0)
    return [
      {
        path: `fleet/${host.name}.zip`,
        bytes: zip(logs.map(({ name, bytes }) => ({ name: `${host.name}/${name}`, bytes }))),
        records: count,
      },
    ]
  }
  return logs.map(({ name, bytes, records: count }) => {
    const path = `fleet/${host.name}/${name}`
    if (collection.cut === undefined) return { path, bytes, records: count }
    // In the midst of a chunk, as a copy that ran out of disk.
    return {
      path,
      bytes: bytes.subarray(0, Math.floor(bytes.length * collection.cut)),
      records: count,
      damaged: true as const,
    }
  })
}

function jsonLines(host: Host, collection: Collection, records: readonly WindowsRecord[]): SampleFile {
  const numbers = new Map<string, number>()
  const documents = records.map((record) => {
    const recordId = numbers.get(record.channel) ?? firstRecordId(host, record.channel)
    numbers.set(record.channel, recordId + 1)
    const document = winlogbeatDocument(record, recordId, host)
    if (collection.form === 'winlogbeat') return JSON.stringify(document)
    const index = `.ds-winlogbeat-8.17.3-${new Date(record.time / 1000).toISOString().slice(0, 10).replaceAll('-', '.')}-000001`
    return JSON.stringify({
      _index: index,
      _id: `${host.name}-${record.channel}-${recordId}`,
      _score: null,
      _source: ingestedDocument(document, record),
    })
  })
  let count = documents.length
  if (collection.malformed) {
    const broken = Math.floor(documents.length / 3)
    documents[broken] = documents[broken]!.slice(0, 411)
    count--
  }
  const bytes = Buffer.from(`${documents.join('\n')}\n`)
  return collection.malformed
    ? { path: `fleet/winlogbeat/${host.name}.ndjson.gz`, bytes: gzip(bytes), records: count, damaged: true }
    : { path: `fleet/${collection.form}/${host.name}.ndjson.gz`, bytes: gzip(bytes), records: count }
}

/** The portal exports one table at a time, of all machines. */
function defenderFiles(fleet: Fleet): SampleFile[] {
  const events = fleet.events.filter((event) => fleet.collection.get(event.host.name)?.form === 'defender')
  const tables = new Map<string, DefenderRow[]>()
  for (const row of events.flatMap(defenderRows)) {
    const rows = tables.get(row.table)
    if (rows) rows.push(row)
    else tables.set(row.table, [row])
  }
  return [...tables].map(([table, rows]) => {
    const bytes = Buffer.from(defenderCsv(table, rows, table === 'DeviceLogonEvents'))
    return { path: `fleet/defender/${table}.csv`, bytes, records: rows.length }
  })
}

/** Logs do not begin with their first record: older ones have been overwritten. */
function firstRecordId(host: Host, channel: string): number {
  return 1000 + host.name.length * 131 + channel.length * 977
}
