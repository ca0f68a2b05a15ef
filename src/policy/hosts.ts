import { BlockList, isIP } from 'node:net'
import { matchesGlob } from '../detection/identity/glob.js'
import type { HostTerms } from './policy.js'

/** `10.0.0.0/8`, `fd00::/8` or one address, as a network and the length of its prefix; undefined where it is none. */
export function readNetwork(
  text: string,
): { readonly address: string; readonly prefix: number; readonly family: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined
  const most = version === 4 ? 32 : 128
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? most : Number(length)
  return prefix > most ? undefined : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Gathers host patterns and networks into terms. */
export function hostTerms(text: string, patterns: readonly string[]): HostTerms {
  const names = new Set<string>()
  const globs: string[] = []
  let networks: BlockList | undefined
  for (const pattern of patterns) {
    const network = readNetwork(pattern)
    if (network) {
      networks ??= new BlockList()
      networks.addSubnet(network.address, network.prefix, network.family)
    } else if (/[*?]/.test(pattern)) globs.push(pattern.toLowerCase())
    else names.add(pattern.toLowerCase())
  }
  return { text, patterns, names, globs, networks }
}

/**
 * Whether a host is among the terms. A name without a domain stands for the host in any domain. A network asks for the addresses the host
 * was seen with: where it was seen with none, whether it lies in the network is not shown.
 */
export function hostAmong(
  terms: readonly HostTerms[],
  host: string,
  addresses: readonly string[],
): 'yes' | 'no' | 'not shown' {
  const name = host.toLowerCase()
  const short = isIP(name) === 0 ? name.split('.')[0]! : name
  if (name !== '')
    for (const { names, globs } of terms) {
      if (names.has(name) || names.has(short)) return 'yes'
      if (globs.some((glob) => matchesGlob(glob, name) || (!glob.includes('.') && matchesGlob(glob, short))))
        return 'yes'
    }
  const networks = terms.flatMap((each) => each.networks ?? [])
  const known = isIP(name) === 0 ? addresses : [name, ...addresses]
  for (const address of known)
    if (networks.some((network) => network.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))) return 'yes'
  return name === '' || (networks.length > 0 && known.length === 0) ? 'not shown' : 'no'
}
