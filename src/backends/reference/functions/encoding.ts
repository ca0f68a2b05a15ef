import { createHash } from 'node:crypto'
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import type { ScalarType } from '../../../ir/types.js'
import { type Dynamic, isArray, type Value } from '../../../ir/value.js'
import { textOf } from './convert.js'
import type { Functions } from './function.js'
import { decodePunycode, encodePunycode, toAscii, toUnicode } from './punycode.js'
import { parseXml } from './xml.js'
import { xxHash64 } from './xxhash64.js'

const DECODER = new TextDecoder('utf-8', { fatal: true })
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function base64Bytes(value: Value): Buffer | undefined {
  const text = String(value).trim()
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
}

function utf8(bytes: Uint8Array | undefined): string | undefined {
  if (!bytes) return undefined
  try {
    return DECODER.decode(bytes)
  } catch {
    return undefined
  }
}

/** The most bytes that compressed text may unfold into. */
const MOST_INFLATED = 16_000_000

function inflate(run: typeof gunzipSync | typeof inflateSync, value: Value): string {
  const bytes = base64Bytes(value)
  if (!bytes || bytes.length === 0) return ''
  try {
    return utf8(run(bytes, { maxOutputLength: MOST_INFLATED })) ?? ''
  } catch {
    return ''
  }
}

const digest =
  (name: string): Functions[string] =>
  ([value], [type]) => {
    const text = textOf(value!, type!)
    return text === '' ? '' : createHash(name).update(text).digest('hex')
  }

/** A GUID's bytes as Windows stores them: the first three parts little-endian. */
function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex')
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ])
}

function guidFromBytes(bytes: Buffer | undefined): string | null {
  if (bytes?.length !== 16) return null
  const hex = Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8),
  ]).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What `hash` reads of a value: a whole number or a time as eight bytes, anything else as its text. */
function hashBytes(value: Value, type: ScalarType): Buffer {
  if (typeof value !== 'bigint' || type === 'dynamic') return Buffer.from(textOf(value, type))
  const bytes = Buffer.alloc(type === 'int' ? 4 : 8)
  if (type === 'int') bytes.writeInt32LE(Number(BigInt.asIntN(32, value)))
  else bytes.writeBigInt64LE(value)
  return bytes
}

function hash(value: Value, type: ScalarType, modulus: Value | undefined): Value {
  const result = xxHash64(hashBytes(value, type))
  if (modulus === undefined || modulus === null) return BigInt.asIntN(64, result)
  return modulus === 0n
    ? null
    : BigInt.asIntN(64, result) % (modulus as bigint) < 0n
      ? (BigInt.asIntN(64, result) % (modulus as bigint)) + (modulus as bigint)
      : BigInt.asIntN(64, result) % (modulus as bigint)
}

function urlDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

const lowerEscapes = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (found) => found.toLowerCase())

const QUERY = (source: string): ReadonlyMap<string, Dynamic> => {
  const found = new Map<string, Dynamic>()
  for (const pair of source.replace(/^\?/, '').split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    found.set(at < 0 ? urlDecode(pair) : urlDecode(pair.slice(0, at)), at < 0 ? '' : urlDecode(pair.slice(at + 1)))
  }
  return found
}

/** Scheme, host and the rest, as empty text where there is none. https://learn.microsoft.com/kusto/query/parse-url-function */
function parseUrl(text: string): Value {
  const found =
    /^(?:([A-Za-z][\w+.-]*):\/\/)?(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(
      text,
    )
  const [, scheme = '', username = '', password = '', host = '', port = '', path = '', query = '', fragment = ''] =
    found ?? []
  return new Map<string, Dynamic>([
    ['Scheme', scheme],
    ['Host', host],
    ['Port', port],
    ['Path', path],
    ['Username', username],
    ['Password', password],
    ['Query Parameters', QUERY(query)],
    ['Fragment', fragment],
  ])
}

/** Root, directory, file, extension and alternate stream of a path. https://learn.microsoft.com/kusto/query/parse-path-function */
function parsePath(text: string): Value {
  const scheme = /^([A-Za-z][\w+.-]+):\/\//.exec(text)?.[1] ?? ''
  const body = scheme ? text.slice(scheme.length + 3) : text
  const slash = body.includes('\\') ? '\\' : '/'
  const stream = slash === '\\' ? /^(.*[^:\\]\.[^:\\]*):([^\\:]+)$/s.exec(body) : null
  const path = stream ? stream[1]! : body
  const cut = path.lastIndexOf(slash)
  const file = path.slice(cut + 1)
  const directory = cut < 0 ? '' : path.slice(0, cut)
  const root = /^([A-Za-z]:|\\\\[^\\]+\\[^\\]+)/.exec(path)?.[1] ?? (scheme ? '' : '')
  const dot = file.lastIndexOf('.')
  const name = directory.slice(directory.lastIndexOf(slash) + 1)
  return new Map<string, Dynamic>([
    ['Scheme', scheme],
    ['RootPath', root],
    ['DirectoryPath', scheme ? `${directory}` : directory],
    ['DirectoryName', name],
    ['Filename', file],
    ['Extension', dot < 0 ? '' : file.slice(dot + 1)],
    ['AlternateDataStreamName', stream ? stream[2]! : ''],
  ])
}

/** One record of CSV text. */
function parseCsv(text: string): Value {
  const found: string[] = []
  let at = 0
  let field = ''
  let quoted = false
  for (; at < text.length; at++) {
    const letter = text[at]!
    if (quoted) {
      if (letter === '"' && text[at + 1] === '"') field += text[at++]
      else if (letter === '"') quoted = false
      else field += letter
    } else if (letter === '"' && field === '') quoted = true
    else if (letter === ',') {
      found.push(field)
      field = ''
    } else if (letter === '\n' || letter === '\r') break
    else field += letter
  }
  return [...found, field]
}

/** The arguments of a Windows command line, as `CommandLineToArgvW` cuts them. */
function parseCommandLine(text: string): Value {
  if (text.trim() === '') return null
  const found: string[] = []
  let current = ''
  let quoted = false
  let started = false
  for (let at = 0; at < text.length; at++) {
    let slashes = 0
    while (text[at] === '\\') {
      slashes++
      at++
    }
    const letter = text[at]
    if (letter === '"') {
      current += '\\'.repeat(slashes >> 1)
      if (slashes % 2) current += '"'
      else quoted = !quoted
      started = true
      continue
    }
    current += '\\'.repeat(slashes)
    if (slashes) started = true
    if (letter === undefined) break
    if ((letter === ' ' || letter === '\t') && !quoted) {
      if (started) found.push(current)
      current = ''
      started = false
      continue
    }
    current += letter
    started = true
  }
  if (started) found.push(current)
  return found
}

export const ENCODINGS: Functions = {
  base64_encode_tostring: ([value]) => Buffer.from(String(value)).toString('base64'),
  base64_decode_tostring: ([value]) => utf8(base64Bytes(value!)) ?? '',
  base64_decode_toarray: ([value]) => {
    const bytes = base64Bytes(value!)
    return bytes ? [...bytes].map(BigInt) : null
  },
  base64_decode_toguid: ([value]) => guidFromBytes(base64Bytes(value!)),
  base64_encode_fromarray: ([value]) =>
    isArray(value!) && value.every((each) => typeof each === 'bigint' && each >= 0n && each < 256n)
      ? Buffer.from(value.map(Number)).toString('base64')
      : '',
  base64_encode_fromguid: ([value]) => (value === null ? '' : guidBytes(String(value)).toString('base64')),
  gzip_compress_to_base64_string: ([value]) => gzipSync(String(value)).toString('base64'),
  gzip_decompress_from_base64_string: ([value]) => inflate(gunzipSync, value!),
  zlib_compress_to_base64_string: ([value]) => deflateSync(String(value)).toString('base64'),
  zlib_decompress_from_base64_string: ([value]) => inflate(inflateSync, value!),
  hash_md5: digest('md5'),
  hash_sha1: digest('sha1'),
  hash_sha256: digest('sha256'),
  hash: ([value, modulus], types) => hash(value!, types[0]!, modulus),
  hash_xxhash64: ([value, modulus], types) => hash(value!, types[0]!, modulus),
  url_encode: ([value]) => lowerEscapes(encodeURIComponent(String(value))).replaceAll('%20', '+'),
  url_encode_component: ([value]) => lowerEscapes(encodeURIComponent(String(value))),
  url_decode: ([value]) => urlDecode(String(value)),
  parse_url: ([value]) => parseUrl(String(value)),
  parse_urlquery: ([value]) => new Map<string, Dynamic>([['Query Parameters', QUERY(String(value))]]),
  parse_path: ([value]) => (value === '' ? null : parsePath(String(value))),
  parse_csv: ([value]) => parseCsv(String(value)),
  parse_xml: ([value]) => parseXml(String(value)),
  parse_command_line: ([value]) => parseCommandLine(String(value)),
  parse_version: ([value]) => {
    const found = /^\s*(\d{1,8})(?:\.(\d{1,8}))?(?:\.(\d{1,8}))?(?:\.(\d{1,8}))?\s*$/.exec(String(value))
    if (!found) return null
    return Number(
      found
        .slice(1)
        .map((part) => (part ?? '').padStart(8, '0'))
        .join(''),
    )
  },
  parse_user_agent: ([value, wanted]) => parseUserAgent(String(value), wanted!),
  punycode_from_string: ([value]) => encodePunycode(String(value)),
  punycode_to_string: ([value]) => decodePunycode(String(value)),
  punycode_domain_from_string: ([value]) => toAscii(String(value)),
  punycode_domain_to_string: ([value]) => toUnicode(String(value)),
}

/** What the browser says of itself, by the tokens that browsers put there. */
function parseUserAgent(text: string, wanted: Value): Value {
  const parts = (isArray(wanted) ? wanted : [wanted]).map((part) => String(part).toLowerCase())
  const version = (pattern: RegExp): [string, string, string] | undefined => {
    const found = pattern.exec(text)
    return found ? [found[1] ?? '', found[2] ?? '', found[3] ?? ''] : undefined
  }
  const families: readonly [string, RegExp][] = [
    ['Edge', /(?:Edge|Edg)\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/],
    ['Opera', /OPR\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/],
    ['Chrome', /Chrome\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/],
    ['Firefox', /Firefox\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/],
    ['Safari', /Version\/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari/],
    ['IE', /MSIE (\d+)(?:\.(\d+))?(?:\.(\d+))?/],
  ]
  const systems: readonly [string, RegExp, string][] = [
    ['Windows', /Windows NT 10\.0/, '10'],
    ['Windows', /Windows NT 6\.3/, '8.1'],
    ['Windows', /Windows NT 6\.1/, '7'],
    ['Windows', /Windows NT 5\.1/, 'XP'],
    ['Mac OS X', /Mac OS X/, ''],
    ['Android', /Android/, ''],
    ['iOS', /iPhone|iPad/, ''],
    ['Linux', /Linux/, ''],
  ]
  const result = new Map<string, Dynamic>()
  for (const part of parts) {
    if (part === 'browser') {
      const family = families.find(([, pattern]) => pattern.test(text))
      const [major, minor, patch] = (family && version(family[1])) ?? ['', '', '']
      result.set(
        'Browser',
        new Map<string, Dynamic>([
          ['Family', family?.[0] ?? 'Other'],
          ['MajorVersion', major],
          ['MinorVersion', minor],
          ['Patch', patch],
        ]),
      )
    } else if (part === 'os') {
      const system = systems.find(([, pattern]) => pattern.test(text))
      result.set(
        'OperatingSystem',
        new Map<string, Dynamic>([
          ['Family', system?.[0] ?? 'Other'],
          ['MajorVersion', system?.[2] ?? ''],
          ['MinorVersion', ''],
          ['Patch', ''],
          ['PatchMinor', ''],
        ]),
      )
    } else if (part === 'device') {
      result.set(
        'Device',
        new Map<string, Dynamic>([
          ['Family', 'Other'],
          ['Brand', ''],
          ['Model', ''],
        ]),
      )
    }
  }
  return result
}
