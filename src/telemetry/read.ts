import { ByteCursor } from './byte-stream.js'
import { type FormatName, fault, type OpenSource, type ReadFault, type ReadItem } from './record.js'
import { SNIFF_LENGTH, sniff } from './sniff.js'
import { type NamedFault, openSources } from './source.js'
import { walk } from './walk.js'

/** A stretch of a source that has been read; consume it before asking for the next. */
export interface ReadBlock {
  /** What the source turned out to be; undefined where it is nothing that can be read. */
  readonly format: FormatName | undefined
  readonly items: Iterable<ReadItem>
}

/** Reads a source as what its content says it is. What is no telemetry gives one fault that says what it looks like. */
export async function* readSource(source: OpenSource): AsyncGenerator<ReadBlock> {
  const cursor = new ByteCursor(source.chunks)
  try {
    const head = await cursor.peek(SNIFF_LENGTH)
    const sniffed = sniff(head)
    const { format } = sniffed
    if (format === undefined) {
      yield { format, items: [head.length === 0 ? fault('empty', 0, 'is empty', 0) : notTelemetry(sniffed.looks)] }
      return
    }
    const read = await READERS[format]()
    for await (const items of read({ ...source, chunks: cursor.rest() })) yield { format, items }
  } finally {
    await cursor.close()
  }
}

/** Reads everything under `paths`. Items of a source come with its name; what has no source, with the name of what it is about. */
export async function* readPaths(paths: readonly string[]): AsyncGenerator<ReadBlock & { readonly name: string }> {
  for await (const file of walk(paths)) {
    if ('kind' in file) {
      yield alone(file)
      continue
    }
    for await (const source of openSources(file)) {
      if ('kind' in source) yield alone(source)
      else for await (const block of readSource(source)) yield { ...block, name: source.name }
    }
  }
}

const alone = (item: NamedFault): ReadBlock & { readonly name: string } => ({
  format: undefined,
  items: [item],
  name: item.name,
})

const notTelemetry = (looks: string): ReadFault =>
  fault('unknown-format', 0, `is no telemetry that can be read: it looks like ${looks}`, Number.NaN)

type BlockReader = (source: OpenSource) => AsyncIterable<Iterable<ReadItem>>

/** Readers are loaded when they are needed. */
const READERS: Readonly<Record<FormatName, () => Promise<BlockReader>>> = {
  evtx: async () => (await import('./evtx/index.js')).readEvtx,
  xml: async () => (await import('./xml/reader.js')).readXml,
  json: async () => (await import('./json/reader.js')).readJson,
  csv: async () => (await import('./csv/reader.js')).readCsv,
}
