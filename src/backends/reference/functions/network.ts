import { type Dynamic, isArray, type Value } from '../../../ir/value.js'
import { type Functions, strict } from './function.js'

interface Network {
  readonly address: bigint
  readonly bits: number
  /** 32 or 128. */
  readonly width: number
}

const maskOf = (bits: number, width: number): bigint =>
  bits <= 0 ? 0n : ((1n << BigInt(bits)) - 1n) << BigInt(width - bits)
const networkOf = ({ address, bits, width }: Network): bigint => address & maskOf(bits, width)

function readIpv4(text: string): Network | undefined {
  const found = /^\s*(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?\s*$/.exec(text)
  if (!found) return undefined
  const parts = found.slice(1, 5).map(Number)
  const bits = found[5] === undefined ? 32 : Number(found[5])
  if (parts.some((part) => part > 255) || bits > 32) return undefined
  return { address: BigInt(parts.reduce((total, part) => total * 256 + part, 0)), bits, width: 32 }
}

function readIpv6(text: string): Network | undefined {
  const [address, bitsText] = text.trim().split('/') as [string, string?]
  const bits = bitsText === undefined ? 128 : Number(bitsText)
  // `::1.2.3.4` is read as the IPv4 address too.
  const v4 = readIpv4(address.replace(/^::(?=\d+\.)/, ''))
  if (v4) return { address: 0xffff_0000_0000n | v4.address, bits: bitsText === undefined ? 128 : bits + 96, width: 128 }
  if (!/^[0-9a-fA-F:.]+$/.test(address) || !address.includes(':') || bits > 128) return undefined
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const embedded = tail && readIpv4(tail[2]!)
  if (tail && !embedded) return undefined
  const plain =
    tail && embedded
      ? `${tail[1]}${(embedded.address >> 16n).toString(16)}:${(embedded.address & 0xffffn).toString(16)}`
      : address
  const halves = plain.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const count = groups.reduce((total, group) => total + group.length, 0)
  if (groups.flat().some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined
  const all = halves.length === 1 ? groups[0]! : [...groups[0]!, ...Array(8 - count).fill('0'), ...groups[1]!]
  return { address: all.reduce((total, group) => (total << 16n) | BigInt(`0x${group}`), 0n), bits, width: 128 }
}

const formatIpv4 = (address: bigint): string => [24n, 16n, 8n, 0n].map((by) => (address >> by) & 255n).join('.')

/** Eight groups of four digits, as Kusto writes them. */
function formatIpv6(address: bigint): string {
  return Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - index * 16)) & 0xffffn).toString(16).padStart(4, '0'),
  ).join(':')
}

type Read = (text: string) => Network | undefined

function compare(read: Read, left: Value, right: Value, prefix: Value | undefined): bigint | null {
  const [a, b] = [read(String(left)), read(String(right))]
  if (!a || !b) return null
  const given = prefix === undefined || prefix === null ? a.width : Number(prefix)
  const mask = maskOf(Math.min(a.bits, b.bits, given), a.width)
  const [x, y] = [a.address & mask, b.address & mask]
  return x === y ? 0n : x < y ? -1n : 1n
}

function inRange(read: Read, address: Value, range: Value): boolean | null {
  const [a, b] = [read(String(address)), read(String(range))]
  if (!a || !b) return null
  return (a.address & maskOf(b.bits, b.width)) === networkOf(b)
}

const flat = (values: readonly Value[]): Value[] => values.flatMap((value) => (isArray(value) ? [...value] : [value]))

const inAny = (read: Read) =>
  strict(([address, ...ranges]) =>
    read(String(address)) ? flat(ranges).some((range) => inRange(read, address!, range) === true) : null,
  )

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']

function isPrivate(text: string): boolean | null {
  const found = readIpv4(text)
  if (!found) return null
  return PRIVATE.some((range) => {
    const net = readIpv4(range)!
    return found.bits >= net.bits && (found.address & maskOf(net.bits, 32)) === net.address
  })
}

/** Addresses that stand in a text on their own. */
const ADDRESS = /(?<![\p{L}\p{N}.])(\d{1,3}(?:\.\d{1,3}){3})(?![\p{L}\p{N}]|\.\d)/gu
const PREFIX = /(?<![\p{L}\p{N}.])(\d{1,3}(?:\.\d{1,3}){3})(?![\p{L}\p{N}]|\.\d)/gu

const hasAddress = (text: string, address: Value): boolean => {
  const wanted = readIpv4(String(address))
  return (
    wanted !== undefined &&
    [...text.matchAll(ADDRESS)].some(([, found]) => readIpv4(found!)?.address === wanted.address)
  )
}

function hasPrefix(text: string, prefix: Value): boolean {
  const wanted = String(prefix)
  if (!/^(\d{1,3}\.){1,3}$|^(\d{1,3}\.){3}\d{1,3}$/.test(wanted)) return false
  return [...text.matchAll(PREFIX)].some(
    ([, found]) =>
      readIpv4(found!) !== undefined && (wanted.endsWith('.') ? found!.startsWith(wanted) : found === wanted),
  )
}

/** The fewest networks that cover a range exactly. */
function toCidrs(from: Value, to: Value): Value {
  const [first, last] = [readIpv4(String(from)), readIpv4(String(to))]
  if (!first || !last || first.address > last.address) return null
  const found: Dynamic[] = []
  let at = first.address
  while (at <= last.address) {
    let bits = 32
    while (bits > 0) {
      const size = 1n << BigInt(33 - bits)
      if (at % size !== 0n || at + size - 1n > last.address) break
      bits--
    }
    found.push(`${formatIpv4(at)}/${bits}`)
    at += 1n << BigInt(32 - bits)
  }
  return found
}

function formatGiven(value: Value, prefix: Value | undefined, mask: boolean): string {
  const found =
    typeof value === 'bigint' ? { address: BigInt.asUintN(32, value), bits: 32, width: 32 } : readIpv4(String(value))
  const wanted = prefix === undefined || prefix === null ? 32 : Number(prefix)
  if (!found || wanted < 0 || wanted > 32) return ''
  const bits = Math.min(found.bits, wanted)
  const text = formatIpv4(found.address & maskOf(bits, 32))
  return mask ? `${text}/${bits}` : text
}

export const NETWORK: Functions = {
  parse_ipv4: strict(([text]) => {
    const found = readIpv4(String(text))
    return found ? networkOf(found) : null
  }),
  parse_ipv4_mask: strict(([text, bits]) => {
    const found = readIpv4(String(text))
    return found ? found.address & maskOf(Math.min(found.bits, Number(bits)), 32) : null
  }),
  parse_ipv6: ([text]) => {
    const found = readIpv6(String(text))
    return found ? formatIpv6(networkOf(found)) : ''
  },
  parse_ipv6_mask: ([text, bits]) => {
    const found = readIpv6(String(text))
    if (!found || bits === null) return ''
    return formatIpv6(found.address & maskOf(Math.min(found.bits, Number(bits)), 128))
  },
  ipv4_compare: strict(([left, right, bits]) => compare(readIpv4, left!, right!, bits)),
  ipv6_compare: strict(([left, right, bits]) => compare(readIpv6, left!, right!, bits)),
  ipv4_is_match: strict(([left, right, bits]) => {
    const order = compare(readIpv4, left!, right!, bits)
    return order === null ? null : order === 0n
  }),
  ipv6_is_match: strict(([left, right, bits]) => {
    const order = compare(readIpv6, left!, right!, bits)
    return order === null ? null : order === 0n
  }),
  ipv4_is_in_range: strict(([address, range]) => inRange(readIpv4, address!, range!)),
  ipv6_is_in_range: strict(([address, range]) => inRange(readIpv6, address!, range!)),
  ipv4_is_in_any_range: inAny(readIpv4),
  ipv6_is_in_any_range: inAny(readIpv6),
  ipv4_is_private: strict(([text]) => isPrivate(String(text))),
  ipv4_netmask_suffix: strict(([text]) => {
    const found = readIpv4(String(text))
    return found ? BigInt(found.bits) : null
  }),
  ipv4_range_to_cidr_list: strict(([from, to]) => toCidrs(from!, to!)),
  format_ipv4: ([value, bits]) => (value === null ? '' : formatGiven(value!, bits, false)),
  format_ipv4_mask: ([value, bits]) => (value === null ? '' : formatGiven(value!, bits, true)),
  has_ipv4: ([text, address]) => hasAddress(String(text), address!),
  has_any_ipv4: ([text, ...addresses]) => flat(addresses).some((address) => hasAddress(String(text), address)),
  has_ipv4_prefix: ([text, prefix]) => hasPrefix(String(text), prefix!),
  has_any_ipv4_prefix: ([text, ...prefixes]) => flat(prefixes).some((prefix) => hasPrefix(String(text), prefix)),
}
