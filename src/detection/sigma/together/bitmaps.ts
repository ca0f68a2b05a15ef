import type { Node } from './predicates.js'

/** The rows of a batch for which something is true, a bit a row; undefined is none of them. */
export type Rows = Uint32Array | undefined

/** Bitmaps of one batch, used again for the next. */
export class Bitmaps {
  private readonly free: Uint32Array[] = []
  private readonly used: Uint32Array[] = []

  constructor(private readonly words: number) {}

  empty(): Uint32Array {
    const found = this.free.pop()
    const bitmap = found ? found.fill(0) : new Uint32Array(this.words)
    this.used.push(bitmap)
    return bitmap
  }

  clear(): void {
    this.free.push(...this.used.splice(0))
  }
}

/**
 * The conditions over one batch: each node once, and of a conjunction no more than is needed to see that no row is left. No part of a
 * condition is ever null (`Predicates` takes no others), so that two values do.
 */
export class BatchTruth {
  private readonly known: (Rows | null)[]

  constructor(
    private readonly nodes: readonly Node[],
    private readonly leaves: readonly Rows[],
    private readonly rows: number,
    private readonly bitmaps: Bitmaps,
  ) {
    this.known = new Array<Rows | null>(nodes.length).fill(null)
  }

  of(node: number): Rows {
    const known = this.known[node]
    if (known !== null) return known
    const found = this.compute(this.nodes[node]!)
    this.known[node] = found
    return found
  }

  private compute(node: Node): Rows {
    switch (node.kind) {
      case 'constant':
        return node.value ? this.every() : undefined
      case 'leaf':
        return this.leaves[node.leaf]
      case 'not':
        return this.without(this.every(), this.of(node.operand))
      case 'or': {
        let sum: Uint32Array | undefined
        for (const operand of node.operands) {
          const rows = this.of(operand)
          if (!rows) continue
          sum ??= this.bitmaps.empty()
          for (let word = 0; word < sum.length; word++) sum[word]! |= rows[word]!
        }
        return sum
      }
      case 'and':
        return this.and(node.operands)
    }
  }

  /** What is negated comes last: it is nearly every row, and taking its rows away needs no bitmap of its own. */
  private and(operands: readonly number[]): Rows {
    let product: Uint32Array | undefined
    for (const operand of operands) {
      if (this.nodes[operand]!.kind === 'not') continue
      const rows = this.of(operand)
      if (!rows) return undefined
      if (!product) {
        product = this.bitmaps.empty()
        product.set(rows)
        continue
      }
      let any = 0
      for (let word = 0; word < product.length; word++) any |= product[word]! &= rows[word]!
      if (any === 0) return undefined
    }
    let left: Rows = product ?? this.every()
    for (const operand of operands) {
      const node = this.nodes[operand]!
      if (node.kind !== 'not' || !left) continue
      left = this.without(left as Uint32Array, this.of(node.operand))
    }
    return left
  }

  /** Changes `from`. */
  private without(from: Uint32Array, rows: Rows): Rows {
    if (!rows) return from
    let any = 0
    for (let word = 0; word < from.length; word++) any |= from[word]! &= ~rows[word]!
    return any === 0 ? undefined : from
  }

  private every(): Uint32Array {
    const all = this.bitmaps.empty()
    all.fill(0xffffffff, 0, this.rows >>> 5)
    if (this.rows & 31) all[this.rows >>> 5] = (1 << (this.rows & 31)) - 1
    return all
  }
}
