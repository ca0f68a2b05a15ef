import type { ByteSink } from './byte-sink.js'
import { Type } from './tokens.js'

/** One of the numbers of `Type`, alone or with `Type.array`. */
export type DataType = number

/** The type a value is written as where none is given. */
export function typeOfValue(value: unknown): DataType {
  if (typeof value === 'string') return Type.string
  if (typeof value === 'boolean') return Type.bool
  if (typeof value === 'bigint') return value < 0n ? Type.int64 : Type.uint64
  if (value instanceof Uint8Array) return Type.binary
  if (Array.isArray(value)) return Type.string | Type.array
  if (typeof value !== 'number') return Type.null
  if (!Number.isSafeInteger(value)) return Type.real64
  if (value < 0) return value >= -0x80000000 ? Type.int32 : Type.int64
  return value <= 0xffffffff ? Type.uint32 : Type.uint64
}

/** Appends the bytes of a value; texts are read as the type says. Throws `RangeError` for a value that the type cannot hold. */
export function appendTyped(type: DataType, value: unknown, out: ByteSink): void {
  if ((type & Type.array) !== 0) {
    for (const item of value as readonly unknown[]) {
      appendTyped(type & 0x7f, item, out)
      if ((type & 0x7f) === Type.string) out.u16(0)
    }
    return
  }
  switch (type) {
    case Type.string:
      out.utf16(String(value))
      return
    case Type.int8:
      integer(value, 8, true, out)
      return
    case Type.uint8:
      integer(value, 8, false, out)
      return
    case Type.int16:
      integer(value, 16, true, out)
      return
    case Type.uint16:
      integer(value, 16, false, out)
      return
    case Type.int32:
      integer(value, 32, true, out)
      return
    case Type.uint32:
    case Type.hexInt32:
      integer(value, 32, false, out)
      return
    case Type.int64:
      integer(value, 64, true, out)
      return
    case Type.uint64:
    case Type.hexInt64:
    case Type.sizeT:
      integer(value, 64, false, out)
      return
    case Type.real64:
      out.f64(Number(value))
      return
    case Type.bool:
      out.u32(value === true || value === 'true' ? 1 : 0)
      return
    case Type.binary:
      out.raw(value as Uint8Array)
      return
    case Type.guid:
      guid(String(value), out)
      return
    case Type.fileTime:
      out.u64(fileTime(Number(value)))
      return
    case Type.sid:
      sid(String(value), out)
      return
    default:
      throw new RangeError(`values of type 0x${type.toString(16)} cannot be written`)
  }
}

/** A FILETIME (100 ns since 1601) of microseconds since 1970. */
export function fileTime(micros: number): bigint {
  return BigInt(Math.round(micros)) * 10n + 116_444_736_000_000_000n
}

/** The 16 bytes of `{5770385f-c22a-43e0-bf4c-06f5698ffbd9}`, with braces or without. */
function guid(text: string, out: ByteSink): void {
  const digits = text.replace(/[{}-]/g, '')
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new RangeError(`${JSON.stringify(text)} is no GUID`)
  const part = (from: number, to: number) => Number.parseInt(digits.slice(from, to), 16)
  out.u32(part(0, 8))
  out.u16(part(8, 12))
  out.u16(part(12, 16))
  for (let at = 16; at < 32; at += 2) out.u8(part(at, at + 2))
}

function sid(text: string, out: ByteSink): void {
  const match = /^S-1-(\d{1,10})((?:-\d{1,10}){0,15})$/.exec(text)
  if (!match) throw new RangeError(`${JSON.stringify(text)} is no SID`)
  const parts = match[2]!.split('-').slice(1).map(Number)
  if ([Number(match[1]), ...parts].some((part) => part > 0xffffffff))
    throw new RangeError(`${JSON.stringify(text)} is no SID`)
  out.u8(1)
  out.u8(parts.length)
  out.u16(0)
  const authority = Number(match[1])
  for (const shift of [24, 16, 8, 0]) out.u8((authority >>> shift) & 0xff)
  for (const part of parts) out.u32(part)
}

function integer(value: unknown, bits: number, isSigned: boolean, out: ByteSink): void {
  let number: bigint
  try {
    number = BigInt(value as string | number | bigint)
  } catch {
    throw new RangeError(`${JSON.stringify(value)} is no whole number`)
  }
  const fits = isSigned ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number)
  if (fits !== number) throw new RangeError(`${number} does not fit into ${bits} bits`)
  for (let shift = 0n; shift < bits; shift += 8n) out.u8(Number((BigInt.asUintN(bits, number) >> shift) & 0xffn))
}
