import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { readEvtx } from '../src/telemetry/evtx/index.js'
import { ByteBuffer } from '../src/text/bytes.js'

/**
 * The EVTX reader alone, on one thread: every field of every record as UTF-8 into one buffer, files held in memory. Beside it, to
 * compare with: `evtx_dump -t 1 -o jsonl FILE > /dev/null`, which also writes JSON.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      corpus: { type: 'string', default: '../shared' },
      rounds: { type: 'string', default: '5' },
      /** Only files of so many bytes or more. */
      least: { type: 'string', default: '0' },
    },
    strict: false,
  })
  const corpus = String(values.corpus)
  if (!existsSync(corpus)) return console.log(`evtx-decode: no ${corpus}`)
  const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.toLowerCase().endsWith('.evtx'))
    .map((name) => readFileSync(join(corpus, name)))
    .filter(({ length }) => length >= Number(values.least))
  const megabytes = files.reduce((sum, { length }) => sum + length, 0) / 1e6
  for (let round = 0; round < Number(values.rounds); round++) {
    const begin = performance.now()
    const { records, fields, bytes } = await decodeAll(files)
    const seconds = (performance.now() - begin) / 1000
    console.log(
      `evtx-decode: ${(megabytes / seconds).toFixed(0)} MB/s, ${(records / seconds / 1000).toFixed(0)} k records/s ` +
        `(${files.length} files, ${megabytes.toFixed(0)} MB, ${records} records, ${fields} fields, ${(bytes / 1e6).toFixed(0)} MB of text, ${seconds.toFixed(3)} s)`,
    )
  }
}

async function decodeAll(files: readonly Uint8Array[]): Promise<{ records: number; fields: number; bytes: number }> {
  const out = new ByteBuffer(1 << 20)
  let [records, fields, bytes] = [0, 0, 0]
  for (const file of files) {
    for await (const block of readEvtx({ name: '', size: file.length, chunks: whole(file) })) {
      for (const item of block) {
        if (item.kind === 'fault') continue
        records++
        out.length = 0
        const { length } = item.layout.names
        for (let index = 0; index < length; index++) if (item.appendText(index, out)) fields++
        bytes += out.length
      }
    }
  }
  return { records, fields, bytes }
}

async function* whole(file: Uint8Array): AsyncGenerator<Uint8Array> {
  yield file
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run(process.argv.slice(2))
