import { readSource } from './read.js'
import { type OpenSource, type ReadFault, type RecordSnapshot, snapshot } from './record.js'

/** What a source read to, for tests: everything copied. */
export interface ReadResult {
  readonly records: readonly RecordSnapshot[]
  readonly faults: readonly ReadFault[]
}

/** Reads content as a source, handed over `blockSize` bytes at a time. */
export async function readContent(content: string | Uint8Array, blockSize = 65536): Promise<ReadResult> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += blockSize) yield bytes.subarray(at, at + blockSize)
  }
  return readAll({ name: 'test', size: bytes.length, chunks: chunks() })
}

export async function readAll(source: OpenSource): Promise<ReadResult> {
  const records: RecordSnapshot[] = []
  const faults: ReadFault[] = []
  for await (const { items } of readSource(source)) {
    for (const item of items) {
      if (item.kind === 'fault') faults.push(item)
      else records.push(snapshot(item))
    }
  }
  return { records, faults }
}

/** `code@position` of each fault. */
export const faultLines = ({ faults }: ReadResult): string[] =>
  faults.map(({ code, position }) => `${code}@${position}`)
