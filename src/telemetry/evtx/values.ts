import { ByteBuffer } from '../../text/bytes.js'
import type { FieldValue } from '../record.js'
import { fixedSize, Type } from './tokens.js'
import { appendUtf16 } from './utf16.js'

/**
 * Values of binary XML → text and JavaScript values. A value whose size does not fit its type is given as the hex digits of its
 * bytes: nothing is guessed and nothing is left out.
 */

/** Appends the text of a value; false for a null value. The caller has checked that the value lies within `bytes`. */
export function appendValue(
  type: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  size: number,
  out: ByteBuffer,
): boolean {
  switch (type) {
    case Type.null:
      return false
    case Type.string:
    case Type.evtXml:
      appendUtf16(bytes, at, size, out)
      return true
    case Type.ansiString:
      appendAnsi(bytes, at, size, out)
      return true
    case Type.int8:
      if (size === 1) return appendNumber(view.getInt8(at), out)
      break
    case Type.uint8:
      if (size === 1) return appendNumber(bytes[at]!, out)
      break
    case Type.int16:
      if (size === 2) return appendNumber(view.getInt16(at, true), out)
      break
    case Type.uint16:
      if (size === 2) return appendNumber(view.getUint16(at, true), out)
      break
    case Type.int32:
      if (size === 4) return appendNumber(view.getInt32(at, true), out)
      break
    case Type.uint32:
      if (size === 4) return appendNumber(view.getUint32(at, true), out)
      break
    case Type.int64:
    case Type.uint64:
      if (size === 8) return appendLong(type, view, at, out)
      break
    case Type.real32:
      if (size === 4) return appendAscii(realText(view.getFloat32(at, true), Math.fround), out)
      break
    case Type.real64:
      if (size === 8) return appendAscii(realText(view.getFloat64(at, true), Number), out)
      break
    case Type.bool:
      if (size > 0) return appendAscii(anySet(bytes, at, size) ? 'true' : 'false', out)
      break
    case Type.guid:
      if (size === 16) return appendGuid(bytes, at, out)
      break
    case Type.fileTime:
      if (size === 8) return appendFileTime(view, at, out)
      break
    case Type.systemTime:
      if (size === 16) return appendSystemTime(view, at, out)
      break
    case Type.sid:
      if (isSid(bytes, at, size)) return appendSid(bytes, view, at, out)
      break
    case Type.hexInt32:
    case Type.hexInt64:
    case Type.sizeT:
    case Type.evtHandle:
      if (size === 4) return appendHex(0, view.getUint32(at, true), out)
      if (size === 8) return appendHex(view.getUint32(at + 4, true), view.getUint32(at, true), out)
      break
    default:
      if ((type & Type.array) !== 0) return appendArray(type & 0x7f, bytes, view, at, size, out)
  }
  // What has no bytes has no value, whatever its type says.
  if (size === 0) return false
  return appendBytes(bytes, at, size, out)
}

/** The value itself; GUIDs, SIDs, times, hex numbers and bytes as their text. */
export function typedValue(type: number, bytes: Uint8Array, view: DataView, at: number, size: number): FieldValue {
  switch (type) {
    case Type.int8:
      if (size === 1) return view.getInt8(at)
      break
    case Type.uint8:
      if (size === 1) return bytes[at]!
      break
    case Type.int16:
      if (size === 2) return view.getInt16(at, true)
      break
    case Type.uint16:
      if (size === 2) return view.getUint16(at, true)
      break
    case Type.int32:
      if (size === 4) return view.getInt32(at, true)
      break
    case Type.uint32:
      if (size === 4) return view.getUint32(at, true)
      break
    case Type.int64:
      if (size === 8) return narrow(view.getBigInt64(at, true))
      break
    case Type.uint64:
      if (size === 8) return narrow(view.getBigUint64(at, true))
      break
    case Type.real32:
      if (size === 4) return view.getFloat32(at, true)
      break
    case Type.real64:
      if (size === 8) return view.getFloat64(at, true)
      break
    case Type.bool:
      if (size > 0) return anySet(bytes, at, size)
      break
  }
  SCRATCH.length = 0
  return appendValue(type, bytes, view, at, size, SCRATCH) ? SCRATCH.toString() : null
}

/** How many values an array holds, where the type is one whose arrays can be taken apart; else 0. An empty array is one empty value. */
export function arrayCount(type: number, bytes: Uint8Array, at: number, size: number): number {
  const element = type & 0x7f
  if (element === Type.string) {
    let count = 0
    const end = at + (size & ~1)
    for (let index = at; index < end; index += 2) if (bytes[index] === 0 && bytes[index + 1] === 0) count++
    const ended = end > at && bytes[end - 1] === 0 && bytes[end - 2] === 0
    return ended ? count : count + 1
  }
  if (element === Type.ansiString) {
    let count = 0
    for (let index = at; index < at + size; index++) if (bytes[index] === 0) count++
    return size > 0 && bytes[at + size - 1] === 0 ? count : count + 1
  }
  if (element === Type.sid) return 0
  const each = element === Type.sizeT ? 0 : fixedSize(element)
  if (each === 0 || size % each !== 0) return 0
  return Math.max(1, size / each)
}

/** Where the text that starts at `at` in an array of strings ends: at its NUL or at `end`. */
export function textEnd(element: number, bytes: Uint8Array, at: number, end: number): number {
  if (element === Type.string) {
    while (at + 1 < end && (bytes[at] !== 0 || bytes[at + 1] !== 0)) at += 2
    return at
  }
  while (at < end && bytes[at] !== 0) at++
  return at
}

/** Microseconds since 1970 of a FILETIME (100 ns since 1601), exact for every time; digits below the microsecond are cut off. */
export function fileTimeMicros(low: number, high: number): number {
  // 2^32 ticks are 429496729 tens and 6 over.
  const above = high - EPOCH_HIGH
  return above * 429_496_729 + Math.floor((above * 6 + (low - EPOCH_LOW)) / 10)
}

/** Microseconds since 1970 of a SYSTEMTIME, or NaN where it is no time. */
export function systemTimeMicros(view: DataView, at: number): number {
  const part = (index: number) => view.getUint16(at + index * 2, true)
  if (part(1) < 1 || part(1) > 12 || part(3) < 1 || part(3) > 31 || part(0) < 1601) return Number.NaN
  return Date.UTC(part(0), part(1) - 1, part(3), part(4), part(5), part(6), part(7)) * 1000
}

// 1970-01-01 as a FILETIME.
const EPOCH_HIGH = 0x019db1de
const EPOCH_LOW = 0xd53e8000

export function appendNumber(value: number, out: ByteBuffer): boolean {
  out.reserve(24)
  const { bytes } = out
  let at = out.length
  if (value < 0) {
    bytes[at++] = DASH
    value = -value
  }
  if (value < 10) {
    bytes[at] = 48 + value
    out.length = at + 1
    return true
  }
  let digits = 1
  for (let bound = 10; value >= bound; bound *= 10) digits++
  const end = at + digits
  at = end
  while (value > 0x7fffffff) {
    const rest = Math.floor(value / 10)
    bytes[--at] = 48 + (value - rest * 10)
    value = rest
  }
  let small = value | 0
  while (small > 0) {
    const rest = (small / 10) | 0
    bytes[--at] = 48 + (small - rest * 10)
    small = rest
  }
  out.length = end
  return true
}

function appendLong(type: number, view: DataView, at: number, out: ByteBuffer): boolean {
  const high = type === Type.int64 ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true)
  if (high >= -0x200000 && high < 0x200000) return appendNumber(high * 0x100000000 + view.getUint32(at, true), out)
  const value = type === Type.int64 ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
  return appendAscii(value.toString(), out)
}

function appendHex(high: number, low: number, out: ByteBuffer): boolean {
  out.reserve(18)
  const { bytes } = out
  let at = out.length
  bytes[at++] = 48
  bytes[at++] = LETTER_X
  const top = high === 0 ? low : high
  let digits = (32 - Math.clz32(top) + 3) >> 2
  if (digits === 0) digits = 1
  for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) bytes[at++] = LOWER_HEX[(top >>> shift) & 15]!
  if (high !== 0) for (let shift = 28; shift >= 0; shift -= 4) bytes[at++] = LOWER_HEX[(low >>> shift) & 15]!
  out.length = at
  return true
}

export function appendGuid(from: Uint8Array, start: number, out: ByteBuffer): boolean {
  out.reserve(38)
  const { bytes } = out
  let at = out.length
  bytes[at++] = OPEN_BRACE
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) bytes[at++] = DASH
    const byte = from[start + GUID_ORDER[index]!]!
    bytes[at++] = LOWER_HEX[byte >> 4]!
    bytes[at++] = LOWER_HEX[byte & 15]!
  }
  bytes[at++] = CLOSE_BRACE
  out.length = at
  return true
}

function isSid(bytes: Uint8Array, at: number, size: number): boolean {
  return size >= 8 && size >= 8 + bytes[at + 1]! * 4
}

function appendSid(bytes: Uint8Array, view: DataView, at: number, out: ByteBuffer): boolean {
  appendAscii('S-', out)
  appendNumber(bytes[at]!, out)
  appendAscii('-', out)
  const authority = view.getUint16(at + 2) * 0x100000000 + view.getUint32(at + 4)
  if (authority >= 0x100000000) appendAscii(`0x${authority.toString(16).padStart(12, '0')}`, out)
  else appendNumber(authority, out)
  const count = bytes[at + 1]!
  for (let index = 0; index < count; index++) {
    out.reserve(1)
    out.bytes[out.length++] = DASH
    appendNumber(view.getUint32(at + 8 + index * 4, true), out)
  }
  return true
}

function appendFileTime(view: DataView, at: number, out: ByteBuffer): boolean {
  const low = view.getUint32(at, true)
  const high = view.getUint32(at + 4, true)
  const micros = fileTimeMicros(low, high)
  const ticks = ((((high - EPOCH_HIGH) * 6 + (low - EPOCH_LOW)) % 10) + 10) % 10
  const seconds = Math.floor(micros / 1e6)
  // Beyond the year 9999 there is no four-digit year to write.
  if (seconds > 253_402_300_799) return appendHex(high, low, out)
  appendSeconds(seconds, out)
  return appendFraction((micros - seconds * 1e6) * 10 + ticks, 7, out)
}

function appendSystemTime(view: DataView, at: number, out: ByteBuffer): boolean {
  const micros = systemTimeMicros(view, at)
  if (Number.isNaN(micros)) return appendBytes(new Uint8Array(view.buffer, view.byteOffset + at, 16), 0, 16, out)
  const seconds = Math.floor(micros / 1e6)
  appendSeconds(seconds, out)
  return appendFraction((micros - seconds * 1e6) / 1000, 3, out)
}

/** `2024-01-01T00:00:00`. Civil from days, after Howard Hinnant: https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
function appendSeconds(seconds: number, out: ByteBuffer): void {
  const days = Math.floor(seconds / 86400)
  const rest = seconds - days * 86400
  const z = days + 719468
  const era = Math.floor(z / 146097)
  const dayOfEra = z - era * 146097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  out.reserve(20)
  pad(Math.floor(year / 100), out)
  pad(year % 100, out)
  out.bytes[out.length++] = DASH
  pad(month, out)
  out.bytes[out.length++] = DASH
  pad(day, out)
  out.bytes[out.length++] = LETTER_T
  pad(Math.floor(rest / 3600), out)
  out.bytes[out.length++] = COLON
  pad(Math.floor(rest / 60) % 60, out)
  out.bytes[out.length++] = COLON
  pad(rest % 60, out)
}

function pad(value: number, out: ByteBuffer): void {
  const tens = (value / 10) | 0
  out.bytes[out.length++] = 48 + tens
  out.bytes[out.length++] = 48 + (value - tens * 10)
}

function appendFraction(value: number, digits: number, out: ByteBuffer): boolean {
  out.reserve(digits + 2)
  const { bytes } = out
  bytes[out.length] = DOT
  for (let at = out.length + digits; at > out.length; at--) {
    bytes[at] = 48 + (value % 10)
    value = Math.floor(value / 10)
  }
  bytes[out.length + digits + 1] = LETTER_Z
  out.length += digits + 2
  return true
}

function appendBytes(from: Uint8Array, start: number, size: number, out: ByteBuffer): boolean {
  out.reserve(size * 2)
  const { bytes } = out
  let at = out.length
  for (let index = start; index < start + size; index++) {
    const byte = from[index]!
    bytes[at++] = UPPER_HEX[byte >> 4]!
    bytes[at++] = UPPER_HEX[byte & 15]!
  }
  out.length = at
  return true
}

/** Text in the code page of western Windows (1252); which one was meant is written nowhere in the log. */
function appendAnsi(from: Uint8Array, start: number, size: number, out: ByteBuffer): void {
  let end = start + size
  while (end > start && from[end - 1] === 0) end--
  out.reserve(size * 3)
  const { bytes } = out
  let at = start
  let to = out.length
  for (; at < end; at++) {
    const byte = from[at]!
    if (byte > 0x7f) break
    bytes[to++] = byte
  }
  out.length = to
  for (; at < end; at++) {
    const byte = from[at]!
    if (byte < 0x80) out.bytes[out.length++] = byte
    else out.appendString(byte < 0xa0 ? WINDOWS_1252[byte - 0x80]! : String.fromCharCode(byte))
  }
}

/** An array that is not taken apart: its values, with a comma and a blank between them. */
function appendArray(
  element: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  size: number,
  out: ByteBuffer,
): boolean {
  const count = arrayCount(element, bytes, start, size)
  if (count === 0) return size > 0 && appendBytes(bytes, start, size, out)
  const end = start + size
  const each = fixedSize(element)
  let at = start
  for (let index = 0; index < count; index++) {
    if (index > 0) appendAscii(', ', out)
    const stop = Math.min(end, each > 0 ? at + each : textEnd(element, bytes, at, end))
    appendValue(element, bytes, view, at, stop - at, out)
    at = each > 0 ? stop : stop + (element === Type.string ? 2 : 1)
  }
  return true
}

export function appendAscii(text: string, out: ByteBuffer): boolean {
  out.reserve(text.length)
  for (let index = 0; index < text.length; index++) out.bytes[out.length++] = text.charCodeAt(index)
  return true
}

/** The shortest digits that give the same number back; what is no number as Windows writes it. */
function realText(value: number, round: (value: number) => number): string {
  if (Number.isNaN(value)) return '-1.#IND'
  if (!Number.isFinite(value)) return value > 0 ? '1.#INF' : '-1.#INF'
  for (let digits = 6; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits))
    if (round(short) === value) return String(short)
  }
  return String(value)
}

function anySet(bytes: Uint8Array, at: number, size: number): boolean {
  for (let index = at; index < at + size; index++) if (bytes[index] !== 0) return true
  return false
}

function narrow(value: bigint): number | bigint {
  return value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const SCRATCH = new ByteBuffer(4096)
// Not through TextDecoder, which in Node 20 takes windows-1252 for Latin-1.
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'
const UPPER_HEX = new TextEncoder().encode('0123456789ABCDEF')
const LOWER_HEX = new TextEncoder().encode('0123456789abcdef')
const GUID_ORDER = Uint8Array.of(3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)
const DASH = 45
const DOT = 46
const COLON = 58
const LETTER_T = 84
const LETTER_X = 120
const LETTER_Z = 90
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
