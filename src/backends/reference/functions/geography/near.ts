import { NotSupported } from '../function.js'
import { add, type Edge, length, type Vector } from './sphere.js'

/** So many edges side by side are a shape made to be slow. */
const MOST_COMPARED = 60_000_000

/**
 * Calls for every pair of edges whose boxes come within `reach`; `left` and `right` may be one list, and then each pair comes once.
 */
export function forNearEdges(
  left: readonly Edge[],
  right: readonly Edge[],
  visit: (left: number, right: number) => void,
  reach = 0,
): void {
  const same = left === right
  const boxes = left.map((edge, index) => boxOf(edge, index, 0, reach))
  if (!same) for (const [index, edge] of right.entries()) boxes.push(boxOf(edge, index, 1, 0))
  let compared = 0
  const axis = longestAxis(boxes)
  boxes.sort((a, b) => a.low[axis] - b.low[axis])
  const open: Box[] = []
  for (const box of boxes) {
    compared += open.length
    if (compared > MOST_COMPARED) throw new NotSupported('comparing so many edges with one another')
    let kept = 0
    for (const other of open) {
      if (other.high[axis] < box.low[axis]) continue
      open[kept++] = other
      if ((!same && other.list === box.list) || !boxesMeet(box, other)) continue
      if (same) visit(Math.min(box.index, other.index), Math.max(box.index, other.index))
      else if (box.list === 0) visit(box.index, other.index)
      else visit(other.index, box.index)
    }
    open.length = kept
    open.push(box)
  }
}

interface Box {
  readonly low: Vector
  readonly high: Vector
  readonly index: number
  readonly list: 0 | 1
}

function boxOf([a, b]: Edge, index: number, list: 0 | 1, reach: number): Box {
  // An arc rises over its chord by no more than this.
  const pad = 1 - Math.min(1, length(add(a, b)) / 2) + 1e-12 + reach
  return {
    low: [Math.min(a[0], b[0]) - pad, Math.min(a[1], b[1]) - pad, Math.min(a[2], b[2]) - pad],
    high: [Math.max(a[0], b[0]) + pad, Math.max(a[1], b[1]) + pad, Math.max(a[2], b[2]) + pad],
    index,
    list,
  }
}

const boxesMeet = (a: Box, b: Box): boolean =>
  a.low[0] <= b.high[0] &&
  b.low[0] <= a.high[0] &&
  a.low[1] <= b.high[1] &&
  b.low[1] <= a.high[1] &&
  a.low[2] <= b.high[2] &&
  b.low[2] <= a.high[2]

function longestAxis(boxes: readonly Box[]): 0 | 1 | 2 {
  const reach = ([0, 1, 2] as const).map((axis) => {
    let [low, high] = [Infinity, -Infinity]
    for (const box of boxes) {
      low = Math.min(low, box.low[axis])
      high = Math.max(high, box.high[axis])
    }
    return high - low
  })
  return reach[0]! >= reach[1]! && reach[0]! >= reach[2]! ? 0 : reach[1]! >= reach[2]! ? 1 : 2
}
