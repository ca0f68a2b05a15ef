/** A network as the addresses in it are written. */
export type Network =
  /** A regular expression over the whole text of an IPv4 address. */
  { readonly kind: 'ipv4'; readonly pattern: string } | { readonly kind: 'ipv6'; readonly network: string }

/** Reads `10.0.0.0/8` or `fe80::/10`; a text says why it is none. A single address is a network of one. */
export function readNetwork(text: string): Network | string {
  const [address = '', prefix, ...rest] = text.split('/')
  if (rest.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return 'it is not written as a network'
  if (address.includes(':')) {
    const bits = prefix === undefined ? 128 : Number(prefix)
    const value = readIpv6(address)
    if (value === undefined || bits > 128) return 'it is no IPv6 network'
    if (bits < 128 && value & ((1n << BigInt(128 - bits)) - 1n)) return 'its address has bits beyond its prefix'
    return { kind: 'ipv6', network: `${address}/${bits}` }
  }
  const bits = prefix === undefined ? 32 : Number(prefix)
  const octets = address.split('.').map((each) => (/^(?:0|[1-9]\d{0,2})$/.test(each) ? Number(each) : 256))
  if (octets.length !== 4 || octets.some((each) => each > 255) || bits > 32) return 'it is no IPv4 network'
  const parts = octets.map((octet, index) => {
    const free = Math.min(8, Math.max(0, (index + 1) * 8 - bits))
    if (octet & ((1 << free) - 1)) return undefined
    return octetPattern(octet, octet + (1 << free) - 1)
  })
  if (parts.includes(undefined)) return 'its address has bits beyond its prefix'
  return { kind: 'ipv4', pattern: parts.join('\\.') }
}

const ANY_OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'

function octetPattern(from: number, to: number): string {
  if (from === 0 && to === 255) return ANY_OCTET
  if (from === to) return String(from)
  return `(?:${Array.from({ length: to - from + 1 }, (_, index) => from + index).join('|')})`
}

/** The 128 bits of an IPv6 address, its last 32 perhaps written as IPv4; undefined where it is none. */
function readIpv6(address: string): bigint | undefined {
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (!head || (halves.length === 2 && !tail)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<number>(halves.length === 1 ? 0 : missing).fill(0), ...(tail ?? [])]
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const dotted = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(part)
    if (dotted && index === parts.length - 1) {
      const [a, b, c, d] = dotted.slice(1).map(Number) as [number, number, number, number]
      if (Math.max(a, b, c, d) > 255) return undefined
      groups.push((a << 8) | b, (c << 8) | d)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
