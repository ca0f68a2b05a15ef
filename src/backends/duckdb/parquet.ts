import { closeSync, openSync, writeSync } from 'node:fs'
import type { EventBatch } from '../../events/batch.js'
import type { Column, NameColumn } from '../../events/columns.js'
import { ThriftWriter } from './thrift.js'

/**
 * Writes a batch of events as a Parquet file: the quickest way into DuckDB from JavaScript, because the columns are already
 * laid out as Parquet's plain encoding wants them and DuckDB reads them without a call per value. One row group, no compression,
 * columns without a value left out. https://github.com/apache/parquet-format
 */
export function writeParquet(path: string, batch: EventBatch): void {
  const file = openSync(path, 'wx')
  try {
    let offset = writeAll(file, MAGIC)
    const chunks: Chunk[] = []
    for (const [name, column] of batch.columns) {
      if (column.count === 0) continue
      const start = offset
      const pages = pagesOf(column, batch.rows)
      for (const part of pages.parts) offset += writeAll(file, part)
      chunks.push({
        name,
        column,
        isTime: batch.typeOf(name) === 'timestamp',
        start,
        dataStart: start + pages.dictionarySize,
        size: offset - start,
      })
    }
    const footer = footerOf(chunks, batch.rows)
    writeAll(file, footer)
    writeAll(file, Uint8Array.from([footer.length, footer.length >>> 8, footer.length >>> 16, footer.length >>> 24]))
    writeAll(file, MAGIC)
  } finally {
    closeSync(file)
  }
}

interface Chunk {
  readonly name: string
  readonly column: Column
  readonly isTime: boolean
  readonly start: number
  readonly dataStart: number
  readonly size: number
}

const MAGIC = new TextEncoder().encode('PAR1')
const TYPE = { int64: 2, bytes: 6 } as const
const CONVERTED = { utf8: 0, timestampMicros: 10 } as const
const ENCODING = { plain: 0, rle: 3, dictionary: 8 } as const
const OPTIONAL = 1
const PAGE = { data: 0, dictionary: 2 } as const

function writeAll(file: number, bytes: Uint8Array): number {
  let written = 0
  while (written < bytes.length) written += writeSync(file, bytes, written)
  return bytes.length
}

function pagesOf(column: Column, rows: number): { readonly parts: Uint8Array[]; readonly dictionarySize: number } {
  const levels = levelsOf(column, rows)
  switch (column.kind) {
    case 'text':
      return {
        parts: page(rows, ENCODING.plain, [levels, column.data.bytes.subarray(0, column.data.length)]),
        dictionarySize: 0,
      }
    case 'integer': {
      const words = column.words.subarray(0, column.count * 2)
      return {
        parts: page(rows, ENCODING.plain, [levels, new Uint8Array(words.buffer, words.byteOffset, words.byteLength)]),
        dictionarySize: 0,
      }
    }
    case 'name': {
      const dictionary = dictionaryPage(column)
      const dictionarySize = dictionary.reduce((size, part) => size + part.length, 0)
      return { parts: [...dictionary, ...page(rows, ENCODING.dictionary, [levels, indexesOf(column)])], dictionarySize }
    }
  }
}

function page(rows: number, encoding: number, body: readonly Uint8Array[]): Uint8Array[] {
  const size = body.reduce((sum, part) => sum + part.length, 0)
  const header = new ThriftWriter()
    .i32(1, PAGE.data)
    .i32(2, size)
    .i32(3, size)
    .struct(5, (data) => data.i32(1, rows).i32(2, encoding).i32(3, ENCODING.rle).i32(4, ENCODING.rle))
    .finish()
  return [header, ...body]
}

function dictionaryPage(column: NameColumn): Uint8Array[] {
  const values = column.dictionary.map((text) => Buffer.from(text, 'utf8'))
  const body = Buffer.alloc(values.reduce((size, value) => size + 4 + value.length, 0))
  let at = 0
  for (const value of values) {
    at = body.writeUInt32LE(value.length, at)
    at += value.copy(body, at)
  }
  const header = new ThriftWriter()
    .i32(1, PAGE.dictionary)
    .i32(2, body.length)
    .i32(3, body.length)
    .struct(7, (data) => data.i32(1, values.length).i32(2, ENCODING.plain))
    .finish()
  return [header, body]
}

/** Definition levels: one bit a row, behind the byte length of the run. */
function levelsOf(column: Column, rows: number): Uint8Array {
  if (column.count === rows) return lengthPrefixed([...varint(rows * 2), 1], new Uint8Array(0))
  const groups = Math.ceil(rows / 8)
  const bits = new Uint8Array(groups)
  bits.set(column.presence.bits.subarray(0, groups))
  return lengthPrefixed(varint(groups * 2 + 1), bits)
}

/** Dictionary numbers, bit-packed at a whole number of bytes each. */
function indexesOf(column: NameColumn): Uint8Array {
  const { count, dictionary } = column
  if (dictionary.length === 1) return Uint8Array.from([8, ...varint(count * 2), 0])
  const width = dictionary.length <= 256 ? 1 : dictionary.length <= 65536 ? 2 : 4
  const groups = Math.ceil(count / 8)
  const head = [width * 8, ...varint(groups * 2 + 1)]
  const out = new Uint8Array(head.length + groups * 8 * width)
  out.set(head)
  for (let row = 0, at = head.length; row < count; row++) {
    const index = column.indexes[row]!
    for (let byte = 0; byte < width; byte++) out[at++] = index >>> (byte * 8)
  }
  return out
}

function lengthPrefixed(head: readonly number[], body: Uint8Array): Uint8Array {
  const size = head.length + body.length
  const out = new Uint8Array(4 + size)
  out.set([size, size >>> 8, size >>> 16, size >>> 24])
  out.set(head, 4)
  out.set(body, 4 + head.length)
  return out
}

function varint(value: number): number[] {
  const out: number[] = []
  while (value >= 128) {
    out.push((value % 128) | 128)
    value = Math.floor(value / 128)
  }
  out.push(value)
  return out
}

function footerOf(chunks: readonly Chunk[], rows: number): Uint8Array {
  const total = chunks.reduce((size, chunk) => size + chunk.size, 0)
  return new ThriftWriter()
    .i32(1, 1)
    .structs(2, [undefined, ...chunks], (schema, chunk) => {
      if (chunk === undefined) schema.text(4, 'event').i32(5, chunks.length)
      else writeSchema(schema, chunk)
    })
    .i64(3, rows)
    .structs(4, [undefined], (group) => {
      group
        .structs(1, chunks, (writer, chunk) => {
          writer.i64(2, chunk.start).struct(3, (meta) => {
            meta
              .i32(1, chunk.column.kind === 'integer' ? TYPE.int64 : TYPE.bytes)
              .i32s(2, [ENCODING.plain, ENCODING.rle, ENCODING.dictionary])
              .texts(3, [chunk.name])
              .i32(4, 0)
              .i64(5, rows)
              .i64(6, chunk.size)
              .i64(7, chunk.size)
              .i64(9, chunk.dataStart)
            if (chunk.dataStart !== chunk.start) meta.i64(11, chunk.start)
          })
        })
        .i64(2, total)
        .i64(3, rows)
    })
    .text(6, 'latchkey')
    .finish()
}

function writeSchema(schema: ThriftWriter, { name, column, isTime }: Chunk): void {
  schema
    .i32(1, column.kind === 'integer' ? TYPE.int64 : TYPE.bytes)
    .i32(3, OPTIONAL)
    .text(4, name)
  if (column.kind !== 'integer') schema.i32(6, CONVERTED.utf8)
  else if (isTime) schema.i32(6, CONVERTED.timestampMicros)
}
