import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import { readEvtx } from '../src/telemetry/evtx/index.js'
import type { ReadFault } from '../src/telemetry/record.js'
import { ByteBuffer } from '../src/text/bytes.js'

/**
 * Damages every EVTX below `--corpus`: cut at `--cases` random places, and `--cases` times one random byte flipped. Whatever is done to a log,
 * reading it ends, throws nothing, gives every record of the chunks that are whole, and says so where records are missing.
 */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      corpus: { type: 'string', default: '../shared' },
      cases: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  const begin = performance.now()
  const cases: { id: string; outcome: 'passed' | 'wrong'; detail: string }[] = []
  const files = existsSync(values.corpus)
    ? readdirSync(values.corpus, { recursive: true, encoding: 'utf8' }).filter((name) => /\.evtx$/i.test(name))
    : []
  let damaged = 0
  for (const [index, name] of files.sort().entries()) {
    const problems = await damageFile(
      readFileSync(join(values.corpus, name)),
      Number(values.seed) + index,
      Number(values.cases),
    )
    damaged += 2 * Number(values.cases)
    cases.push({ id: name, outcome: problems.length > 0 ? 'wrong' : 'passed', detail: problems.slice(0, 5).join('; ') })
    if (!values.json && problems.length > 0)
      console.log(`wrong  ${name} (${problems.length})\n       ${problems.slice(0, 5).join('\n       ')}`)
  }
  const wrong = cases.filter(({ outcome }) => outcome === 'wrong').length
  if (values.json)
    console.log(JSON.stringify({ total: cases.length, passed: cases.length - wrong, refused: 0, wrong, cases }))
  else {
    const seconds = (performance.now() - begin) / 1000
    console.log(
      `${files.length} files, ${damaged} damaged readings, ${wrong} files with a wrong one, ${seconds.toFixed(0)} s`,
    )
  }
  return wrong > 0 ? 1 : 0
}

/** Cuts a log `count` times and flips a byte of it `count` times; says what was wrong about how it was then read. */
export async function damageFile(file: Uint8Array, seed: number, count: number): Promise<string[]> {
  const random = mulberry32(seed)
  const whole = await readRecords(file)
  const problems: string[] = []
  const chunks = Math.ceil((file.length - HEADER) / CHUNK)
  for (let index = 0; index < count * 2; index++) {
    const isCut = index < count
    const at = Math.floor(random() * file.length)
    const bit = 1 + Math.floor(random() * 255)
    // Of a large file the header and the chunks about the damage are enough.
    const hit = Math.max(0, Math.floor((at - HEADER) / CHUNK))
    const first = at < HEADER ? 0 : Math.max(0, hit - 2)
    const last = at < HEADER ? chunks : Math.min(chunks, hit + 3)
    const part = Buffer.concat([file.subarray(0, HEADER), file.subarray(HEADER + first * CHUNK, HEADER + last * CHUNK)])
    const place = at < HEADER ? at : at - first * CHUNK
    const bytes = isCut ? part.subarray(0, place) : part
    if (!isCut) bytes[place]! ^= bit
    const problem = await checkDamage(bytes, place, isCut, whole, first)
    if (problem !== undefined) problems.push(`${isCut ? 'cut' : `flipped by ${bit}`} at ${at}: ${problem}`)
  }
  return problems
}

async function checkDamage(
  bytes: Uint8Array,
  place: number,
  isCut: boolean,
  whole: Reading,
  first: number,
): Promise<string | undefined> {
  let found: Reading
  const begin = performance.now()
  try {
    found = await readRecords(bytes, first * CHUNK)
  } catch (error) {
    return `threw ${String(error)}`
  }
  if (performance.now() - begin > 5000) return 'took more than five seconds'
  const hit = place < HEADER ? -1 : Math.floor((place - HEADER) / CHUNK) + first
  const end = isCut ? bytes.length + first * CHUNK : Number.POSITIVE_INFINITY
  const last = Math.ceil((bytes.length - HEADER) / CHUNK) + first
  let missing = 0
  for (const [chunk, records] of whole.chunks) {
    if (chunk < first || (chunk >= last && !isCut) || (place < HEADER && isCut)) continue
    const now = found.chunks.get(chunk)
    if (chunk === hit || (isCut && chunk > hit)) {
      for (const position of records.keys()) if (!now?.has(position)) missing++
      continue
    }
    for (const [position, digest] of records) {
      const got = now?.get(position)
      if (got === undefined) return `the record at ${position} of another chunk is missing`
      if (got !== digest) return `the record at ${position} of another chunk has other content`
      if (position > end) return `the record at ${position} is beyond the end`
    }
  }
  if (!isCut && isCovered(bytes, place) && found.faults.length === 0) return 'no fault says so'
  if (missing > 0 && !found.faults.some(({ lost }) => lost !== 0))
    return `${missing} records are missing and no fault says so (${found.faults.map(({ code, lost }) => `${code} ${lost}`).join(', ')})`
  return undefined
}

/** Whether a checksum of the log covers the byte. */
function isCovered(bytes: Uint8Array, place: number): boolean {
  if (place < HEADER) return place < 120 || (place >= 124 && place < 128)
  const within = (place - HEADER) % CHUNK
  const start = place - within
  if (within < 512) return (within < 120 || within >= 124) && bytes[start] === 0x45
  const free = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start + 48, true)
  return bytes[start] === 0x45 && within < free && free <= CHUNK
}

interface Reading {
  /** By chunk: the digests of its records by their position. */
  readonly chunks: ReadonlyMap<number, ReadonlyMap<number, number>>
  readonly faults: readonly ReadFault[]
}

const OUT = new ByteBuffer(1 << 16)

async function readRecords(file: Uint8Array, shift = 0): Promise<Reading> {
  const chunks = new Map<number, Map<number, number>>()
  const faults: ReadFault[] = []
  for await (const block of readEvtx({ name: '', size: file.length, chunks: inBlocks(file) })) {
    for (const item of block) {
      if (item.kind === 'fault') {
        faults.push(item)
        continue
      }
      OUT.length = 0
      OUT.appendString(
        `${item.provider}\0${item.channel}\0${item.computer}\0${item.eventId}\0${item.recordId}\0${item.time}`,
      )
      const { names } = item.layout
      for (let index = 0; index < names.length; index++) item.appendText(index, OUT)
      const position = item.position + shift
      const chunk = Math.floor((position - HEADER) / CHUNK)
      let records = chunks.get(chunk)
      if (records === undefined) {
        records = new Map()
        chunks.set(chunk, records)
      }
      records.set(position, crc32(OUT.bytes.subarray(0, OUT.length)))
    }
  }
  return { chunks, faults }
}

async function* inBlocks(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += BLOCK) yield file.subarray(at, at + BLOCK)
}

/** A small generator of pseudo-random numbers from 0 to 1, the same for the same seed. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const HEADER = 4096
const CHUNK = 65536
const BLOCK = 200_000
