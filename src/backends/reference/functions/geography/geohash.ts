import { asKustoLists } from './kusto-order.js'
import type { Place } from './sphere.js'

const BASE32 = '0123456789bcdefghjkmnpqrstuvwxyz'
export const LONGEST = 18

interface Box {
  readonly low: Place
  readonly high: Place
}

export function toGeohash([longitude, latitude]: Place, size: number): string {
  const box = { low: [-180, -90], high: [180, 90] }
  let hash = ''
  for (let bits = 0, digit = 0; hash.length < size; bits++) {
    const axis = bits % 2
    const middle = (box.low[axis]! + box.high[axis]!) / 2
    const above = (axis === 0 ? longitude : latitude) >= middle
    digit = digit * 2 + Number(above)
    if (above) box.low[axis] = middle
    else box.high[axis] = middle
    if (bits % 5 === 4) {
      hash += BASE32[digit]
      digit = 0
    }
  }
  return hash
}

/** The rectangle that a hash names; undefined where it is none. */
export function readGeohash(hash: string): Box | undefined {
  if (hash === '' || hash.length > LONGEST) return undefined
  const low = [-180, -90]
  const high = [180, 90]
  let bit = 0
  for (const letter of hash.toLowerCase()) {
    const digit = BASE32.indexOf(letter)
    if (digit < 0) return undefined
    for (let shift = 4; shift >= 0; shift--, bit++) {
      const axis = bit % 2
      const middle = (low[axis]! + high[axis]!) / 2
      if ((digit >> shift) & 1) low[axis] = middle
      else high[axis] = middle
    }
  }
  return { low: [low[0]!, low[1]!], high: [high[0]!, high[1]!] }
}

export const centerOf = ({ low, high }: Box): Place => [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2]

export const cornersOf = ({ low, high }: Box): readonly Place[] => [
  low,
  [high[0], low[1]],
  high,
  [low[0], high[1]],
  low,
]

/** The cells of the same size around one; there are none beyond the poles. */
export function geohashNeighbors(hash: string, box: Box): string[] {
  const [width, height] = [box.high[0] - box.low[0], box.high[1] - box.low[1]]
  const [x, y] = centerOf(box)
  const found: string[] = []
  for (const up of [1, 0, -1]) {
    const latitude = y + up * height
    if (Math.abs(latitude) > 90) continue
    for (const along of [-1, 0, 1]) {
      if (up === 0 && along === 0) continue
      const longitude = x + along * width
      found.push(
        toGeohash(
          [longitude < -180 ? longitude + 360 : longitude > 180 ? longitude - 360 : longitude, latitude],
          hash.length,
        ),
      )
    }
  }
  return asKustoLists(found.filter((each) => each !== hash.toLowerCase()))
}
