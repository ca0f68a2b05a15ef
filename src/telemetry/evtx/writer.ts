import { crc32 } from 'node:zlib'
import { ByteSink } from './byte-sink.js'
import { CHUNK_HEADER, CHUNK_SIZE } from './chunk.js'
import { type EventData, eventTemplate, innerTemplate, type TemplateText } from './event-template.js'
import { Token, Type } from './tokens.js'
import { appendTyped, type DataType, fileTime } from './write-values.js'

/** An event to write. What is left out is not written; `time` is in microseconds since 1970. */
export interface EvtxEvent extends EventData {
  readonly provider: string
  readonly providerGuid?: string
  readonly eventId: number
  readonly qualifiers?: number
  readonly version?: number
  readonly level?: number
  readonly task?: number
  readonly opcode?: number
  readonly keywords?: bigint
  readonly time: number
  /** Counted on from the record before where it is left out. */
  readonly recordId?: number
  readonly activityId?: string
  readonly relatedActivityId?: string
  readonly processId?: number
  readonly threadId?: number
  readonly channel: string
  readonly computer: string
  readonly userSid?: string
}

/**
 * Writes a Windows event log that other readers accept: chunks with their tables of names and templates, templates shared within a
 * chunk, checksums. The same events always give the same bytes. Throws `RangeError` for an event that no log can hold (more than a chunk,
 * a text of more than 32767 characters, a value that its type cannot hold).
 *
 * ```ts
 * const writer = new EvtxWriter()
 * writer.add({ provider: 'Example', eventId: 1, time: 0, channel: 'Application', computer: 'PC', data: [['Image', 'a.exe']] })
 * writeFileSync('example.evtx', writer.finish())
 * ```
 */
export class EvtxWriter {
  private readonly chunks: Uint8Array[] = []
  private chunk: ChunkWriter | undefined
  private number = 0
  private recordId = 0

  add(event: EvtxEvent): void {
    this.number++
    this.recordId = event.recordId ?? this.recordId + 1
    if (this.chunk?.add(event, this.number, this.recordId)) return
    this.close()
    this.chunk = new ChunkWriter(this.number)
    if (!this.chunk.add(event, this.number, this.recordId)) throw new RangeError('the event is larger than a chunk')
  }

  /** The whole file. Nothing can be added afterwards. */
  finish(): Uint8Array {
    this.close()
    const file = new Uint8Array(FILE_HEADER + this.chunks.length * CHUNK_SIZE)
    const view = new DataView(file.buffer)
    file.set(ENCODER.encode('ElfFile\0'))
    view.setBigUint64(16, BigInt(Math.max(0, this.chunks.length - 1)), true)
    view.setBigUint64(24, BigInt(this.number + 1), true)
    view.setUint32(32, 128, true)
    view.setUint16(36, 1, true)
    view.setUint16(38, 3, true)
    view.setUint16(40, FILE_HEADER, true)
    view.setUint16(42, this.chunks.length, true)
    view.setUint32(124, crc32(file.subarray(0, 120)), true)
    for (const [index, chunk] of this.chunks.entries()) file.set(chunk, FILE_HEADER + index * CHUNK_SIZE)
    return file
  }

  private close(): void {
    if (this.chunk !== undefined) this.chunks.push(this.chunk.finish())
    this.chunk = undefined
  }
}

class ChunkWriter {
  private readonly out = new ByteSink(CHUNK_SIZE)
  private readonly names = new Map<string, number>()
  private readonly templates = new Map<string, number>()
  /** What the record being written has added to the maps. */
  private added: (() => void)[] = []
  private last: number
  private lastOffset = 0

  constructor(private readonly first: number) {
    this.last = first - 1
    this.out.skip(CHUNK_HEADER)
  }

  /** False where the record does not fit any more; the chunk is then as it was before. */
  add(event: EvtxEvent, number: number, recordId: number): boolean {
    const { out } = this
    const start = out.length
    const tables = out.bytes.slice(128, CHUNK_HEADER)
    this.added = []
    this.record(event, number, recordId)
    if (out.length <= CHUNK_SIZE) {
      this.last = number
      this.lastOffset = start
      return true
    }
    out.cut(start)
    out.bytes.set(tables, 128)
    for (const undo of this.added) undo()
    return false
  }

  finish(): Uint8Array {
    const { out } = this
    const end = out.length
    const bytes = out.bytes.slice(0, CHUNK_SIZE)
    const view = new DataView(bytes.buffer)
    bytes.set(ENCODER.encode('ElfChnk\0'))
    for (const [offset, number] of [this.first, this.last, this.first, this.last].entries())
      view.setBigUint64(8 + offset * 8, BigInt(number), true)
    view.setUint32(40, 128, true)
    view.setUint32(44, this.lastOffset, true)
    view.setUint32(48, end, true)
    view.setUint32(52, crc32(bytes.subarray(CHUNK_HEADER, end)), true)
    view.setUint32(120, 1, true)
    view.setUint32(124, crc32(bytes.subarray(128, CHUNK_HEADER), crc32(bytes.subarray(0, 120))), true)
    return bytes
  }

  private record(event: EvtxEvent, number: number, recordId: number): void {
    const { out } = this
    const start = out.length
    out.u32(0x2a2a)
    const size = out.hole(4)
    out.u64(BigInt(number))
    out.u64(fileTime(event.time))
    this.event(event, recordId)
    // Records start at multiples of eight.
    out.skip((8 - ((out.length + 4) % 8)) % 8)
    const length = out.length + 4 - start
    out.u32(length)
    out.setU32(size, length)
  }

  private event(event: EvtxEvent, recordId: number): void {
    const inner = innerTemplate(event)
    this.instance(eventTemplate(), [
      [Type.uint8, event.level ?? 0],
      [Type.uint16, event.task ?? 0],
      [Type.uint8, event.opcode ?? 0],
      [Type.uint16, event.eventId],
      [Type.uint16, event.qualifiers],
      [Type.hexInt64, event.keywords ?? 0n],
      [Type.fileTime, event.time],
      [Type.guid, event.activityId],
      [Type.guid, event.relatedActivityId],
      [Type.uint32, event.processId ?? 0],
      [Type.uint32, event.threadId ?? 0],
      [Type.uint64, recordId],
      [Type.uint8, event.version ?? 0],
      [Type.sid, event.userSid],
      [Type.string, event.provider],
      [Type.guid, event.providerGuid],
      [Type.string, event.channel],
      [Type.string, event.computer],
      [Type.binXml, () => this.instance(inner.template, inner.values)],
    ])
  }

  /** A fragment that is one template instance, its definition in place where the chunk does not have it yet. */
  private instance(template: TemplateText, values: readonly (readonly [DataType, unknown])[]): void {
    const { out } = this
    out.raw(FRAGMENT)
    out.u8(Token.templateInstance)
    out.u8(1)
    out.raw(template.guid.subarray(0, 4))
    const known = this.templates.get(template.key)
    out.u32(known ?? out.length + 4)
    if (known === undefined) this.definition(template)
    out.u32(values.length)
    const descriptors = out.hole(values.length * 4)
    for (const [index, [type, value]] of values.entries()) {
      const start = out.length
      if (typeof value === 'function') (value as () => void)()
      else if (value !== undefined && value !== null) appendTyped(type, value, out)
      const size = out.length - start
      if (size > 0xffff) throw new RangeError(`a value of ${size} bytes is larger than a log can hold`)
      const isThere = value !== undefined && value !== null
      // A pointer is declared as such, and stored as the hex number it is.
      const stored = type === Type.sizeT ? Type.hexInt64 : type
      out.setU32(descriptors + index * 4, isThere ? size | (stored << 16) : 0)
    }
    out.u8(Token.end)
  }

  private definition(template: TemplateText): void {
    const { out } = this
    const offset = out.length
    const bucket = TEMPLATE_TABLE + (template.guid[0]! % 32) * 4
    out.u32(out.getU32(bucket))
    out.setU32(bucket, offset)
    this.templates.set(template.key, offset)
    this.added.push(() => this.templates.delete(template.key))
    out.raw(template.guid)
    const size = out.hole(4)
    out.raw(FRAGMENT)
    template.write(out, (name) => this.name(name))
    out.u8(Token.end)
    out.setU32(size, out.length - size - 4)
  }

  /** A reference to a name, with the name itself where the chunk does not have it yet. */
  private name(name: string): void {
    const { out } = this
    const known = this.names.get(name)
    if (known !== undefined) {
      out.u32(known)
      return
    }
    const offset = out.length + 4
    out.u32(offset)
    const hash = nameHash(name)
    const bucket = NAME_TABLE + (hash % 64) * 4
    out.u32(out.getU32(bucket))
    out.setU32(bucket, offset)
    out.u16(hash)
    out.u16(name.length)
    out.utf16(name)
    out.u16(0)
    this.names.set(name, offset)
    this.added.push(() => this.names.delete(name))
  }
}

/** As Windows files names in the table of a chunk. */
function nameHash(name: string): number {
  let hash = 0
  for (let index = 0; index < name.length; index++) hash = (Math.imul(hash, 65599) + name.charCodeAt(index)) >>> 0
  return hash & 0xffff
}

const FILE_HEADER = 4096
const NAME_TABLE = 128
const TEMPLATE_TABLE = 384
const FRAGMENT = Uint8Array.of(Token.fragmentHeader, 1, 1, 0)
const ENCODER = new TextEncoder()
