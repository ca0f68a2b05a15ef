import type { Confidence } from './confidence.js'
import type { Sign } from './program.js'

/**
 * How sure a set of signs that speak for one tool makes. `low` names nothing.
 *
 * - a signer of one's own: certain (high where the signature does not hold)
 * - publisher and product: high, and certain with the original file name
 * - two strong signs of different kinds: high
 * - one strong sign: medium; a folder alone only where ordinary users cannot write
 * - weak signs (shared, short, generic, wildcard, publishers of much else) only together, of different kinds, and not all vague
 */
export function confidenceOf(signs: readonly Sign[], signatureHolds = true): Confidence {
  const worth = (kind: Sign['kind']) => signs.find((sign) => sign.kind === kind)?.worth
  const specific = (kind: Sign['kind']) => worth(kind) === 'specific'
  const families = new Set(signs.map(({ kind }) => FAMILY[kind]))
  const strong = new Set(signs.filter((sign) => sign.worth === 'specific').map(({ kind }) => FAMILY[kind]))

  if (specific('signer')) return signatureHolds ? 'certain' : 'high'
  const made = worth('company') !== undefined || worth('signer') !== undefined
  if (specific('product') && made)
    return specific('original-file-name') || (worth('signer') !== undefined && signatureHolds) ? 'certain' : 'high'
  if (strong.size >= 2) return 'high'
  if (strong.size === 1) {
    if (specific('company') && families.size >= 2) return 'high'
    if (specific('original-file-name') && specific('executable')) return 'high'
    if (specific('original-file-name') && made) return 'high'
    if (specific('executable') && families.size >= 2 && !families.has('place')) return 'high'
    return 'medium'
  }
  const meant = signs.some((sign) => sign.worth === 'pointing')
  return families.size >= 2 && meant ? 'medium' : 'low'
}

/** Signs of one family are not independent: who renames a file may well keep its original name, and publisher and signer are one. */
const FAMILY: Readonly<Record<Sign['kind'], string>> = {
  signer: 'maker',
  company: 'maker',
  product: 'product',
  'original-file-name': 'name',
  executable: 'name',
  path: 'place',
  service: 'service',
}
