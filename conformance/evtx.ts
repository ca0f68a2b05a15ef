import { type ExecFileException, execFile } from 'node:child_process'
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readEvtx } from '../src/telemetry/evtx/index.js'
import { fault, type RecordSnapshot, snapshot } from '../src/telemetry/record.js'
import { formatTime } from '../src/telemetry/time.js'
import { type DumpedEvent, expectedFields, isSame, normalise, parseDumped } from './evtx-dump.js'

/**
 * The EVTX reader against readers by others. For every log below `--corpus`: at least as many records as `evtxexport` (libevtx) and `evtx_dump`
 * read, and each field as `evtx_dump` gives it, where those programs are on the PATH (or `--evtx-dump PATH`). For every `.evtx`/`.json`
 * pair below `--cases`: each field as in the JSON.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      corpus: { type: 'string', default: '../shared' },
      cases: { type: 'string', default: '../shared/conformance/sigma' },
      'evtx-dump': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const programs = { evtxDump: values['evtx-dump'] ?? onPath('evtx_dump'), evtxExport: onPath('evtxexport') }
  const cases: Case[] = []
  for (const path of evtxFiles(values.cases)) {
    const twin = path.replace(/\.evtx$/i, '.json')
    if (existsSync(twin)) cases.push(await comparePair(path, twin))
  }
  let read = 0
  const others = { evtx_dump: 0, evtxexport: 0 }
  for (const path of evtxFiles(values.corpus)) {
    const found = await compareCorpus(path, programs)
    cases.push(found.case)
    read += found.read
    others.evtx_dump += found.dumped ?? 0
    others.evtxexport += found.exported ?? 0
  }
  const summary = {
    total: cases.length,
    passed: cases.filter(({ outcome }) => outcome === 'passed').length,
    refused: cases.filter(({ outcome }) => outcome === 'refused').length,
    wrong: cases.filter(({ outcome }) => outcome === 'wrong').length,
  }
  if (values.json) console.log(JSON.stringify({ ...summary, cases }))
  else {
    for (const { id, outcome, detail } of cases)
      if (outcome !== 'passed') console.log(`${outcome}  ${id}\n       ${detail}`)
    console.log(`records read: ${read}`)
    console.log(`evtx_dump: ${programs.evtxDump === undefined ? 'not on the PATH' : others.evtx_dump}`)
    console.log(`evtxexport: ${programs.evtxExport === undefined ? 'not on the PATH' : others.evtxexport}`)
    console.log(`cases: ${summary.total}, passed ${summary.passed}, refused ${summary.refused}, wrong ${summary.wrong}`)
  }
  return summary.wrong > 0 ? 1 : 0
}

interface Case {
  readonly id: string
  readonly outcome: 'passed' | 'refused' | 'wrong'
  readonly detail: string
}

interface Programs {
  readonly evtxDump: string | undefined
  readonly evtxExport: string | undefined
}

/** Every field of every record of a log as its JSON twin has it. */
export async function comparePair(path: string, twin: string): Promise<Case> {
  const expected = readFileSync(twin, 'utf8')
    .split(/(?<=^\})\r?\n/m)
    .filter((text) => text.trim() !== '')
    .map(parseDumped)
  const { records, faults } = await readAll(path)
  const detail = firstDifference(records, expected, true) ?? (faults.length > 0 ? faults[0] : undefined)
  return { id: path, outcome: detail === undefined ? 'passed' : 'wrong', detail: detail ?? '' }
}

async function compareCorpus(path: string, { evtxDump, evtxExport }: Programs) {
  const { records, faults } = await readAll(path)
  const details: string[] = []
  let dumped: number | undefined
  let exported: number | undefined
  if (evtxExport !== undefined) {
    exported = (await output(evtxExport, ['-f', 'xml', path])).split(/^<Event[ >]/m).length - 1
    if (records.length < exported) details.push(`${records.length} records, evtxexport reads ${exported}`)
  }
  if (evtxDump !== undefined) {
    const lines = (await output(evtxDump, ['-t', '1', '-o', 'jsonl', path])).split('\n').filter((line) => line !== '')
    dumped = lines.length
    if (records.length < dumped) details.push(`${records.length} records, evtx_dump reads ${dumped}`)
    const events = lines.map(parseDumped)
    const difference = firstDifference(pairUp(records, events), events)
    if (difference !== undefined) details.push(difference)
  }
  const outcome = details.length > 0 ? 'wrong' : 'passed'
  const found: Case = { id: path, outcome, detail: (details.length > 0 ? details : faults).join('; ') }
  return { case: found, read: records.length, dumped, exported }
}

/** The records that were dumped, told by their number and their order among those of that number: chunks may be dumped in another order. */
function pairUp(records: readonly RecordSnapshot[], expected: readonly DumpedEvent[]): (RecordSnapshot | undefined)[] {
  if (expected.every((event, index) => numberOf(event) === records[index]?.recordId)) return [...records]
  const left = new Set(records)
  const paired = expected.map((event) => {
    const number = numberOf(event)
    for (const record of left) {
      if (record.recordId !== number) continue
      left.delete(record)
      return record
    }
    return undefined
  })
  // An event without a number is one of those that are left.
  const rest = left.values()
  return paired.map(
    (record, index) => record ?? (Number.isNaN(numberOf(expected[index]!)) ? rest.next().value : undefined),
  )
}

function numberOf({ Event }: DumpedEvent): number {
  const number = (Event.System as { EventRecordID?: unknown } | null | undefined)?.EventRecordID
  return typeof number === 'number' && number > 0 ? number : Number.NaN
}

function firstDifference(
  records: readonly (RecordSnapshot | undefined)[],
  expected: readonly DumpedEvent[],
  trim = false,
): string | undefined {
  const plain = (text: string) => (trim ? text.trim() : text)
  for (const [index, event] of expected.entries()) {
    const record = records[index]
    if (record === undefined) return `record ${numberOf(event)}, the ${index + 1}th of ${expected.length}, was not read`
    const wanted = expectedFields(event)
    const found = foundFields(record)
    // JSON cannot tell <Data Name="Data"> from <Data>.
    if (found.has('Data') && wanted.has('Data[0]')) wanted.set('Data', wanted.get('Data[0]')!).delete('Data[0]')
    for (const name of new Set([...wanted.keys(), ...found.keys()])) {
      const [a, b] = [found.get(name) ?? '', wanted.get(name) ?? '']
      if (isSame(name, plain(a), plain(b))) continue
      return `record ${record.recordId}, field ${name}: ${JSON.stringify(a)} and not ${JSON.stringify(b)}`
    }
  }
  return undefined
}

function foundFields(record: RecordSnapshot): Map<string, string> {
  const fields = new Map<string, string>()
  const { provider, channel, computer, eventId, recordId, time } = record
  const envelope = { provider, channel, computer, eventId, recordId, time: Number.isNaN(time) ? '' : formatTime(time) }
  for (const [name, value] of Object.entries(envelope)) fields.set(name, normalise(value))
  for (const [name, value] of Object.entries(record.fields)) fields.set(name, normalise(value))
  return fields
}

async function readAll(path: string): Promise<{ records: RecordSnapshot[]; faults: string[] }> {
  const records: RecordSnapshot[] = []
  const faults: string[] = []
  const chunks = createReadStream(path, { highWaterMark: 1 << 20 })
  try {
    for await (const block of readEvtx({ name: path, size: undefined, chunks }))
      for (const item of block) {
        if (item.kind === 'record') records.push(snapshot(item))
        else faults.push(`${item.code} at ${item.position}: ${item.message}`)
      }
  } catch (error) {
    faults.push(fault('unreadable', 0, String(error), Number.NaN).message)
  }
  return { records, faults }
}

function evtxFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.toLowerCase().endsWith('.evtx'))
    .sort()
    .map((name) => join(folder, name))
}

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    execFile(
      program,
      args,
      { maxBuffer: 2 ** 30, env: { ...process.env, RUST_BACKTRACE: '0' } },
      (_: ExecFileException | null, stdout) => done(stdout),
    )
  })
}

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => resolve(folder, program))
    .find((path) => existsSync(path))
}
