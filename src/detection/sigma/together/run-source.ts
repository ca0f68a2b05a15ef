import type { Store } from '../../../backends/duckdb/store.js'
import type { SourcePart } from '../tables.js'
import type { Engine, Question } from './ask-engine.js'
import { BatchTruth, Bitmaps, type Rows } from './bitmaps.js'
import type { Leaf, Predicates } from './predicates.js'
import { NO_NUMBER, type RowBlock, readPart, type Wanted } from './read-part.js'
import { TextIndex } from './text-index.js'
import { ValueCodes } from './value-codes.js'

/** Rows that are judged together. */
const BATCH_ROWS = 1 << 16
/** Characters of values that wait for the end of a batch; a batch ends early where there are more. */
const MOST_WAITING = 8 << 20
/** Distinct values of a column that are remembered from batch to batch. */
const MOST_REMEMBERED = 1 << 19

/** Told of every event for which a condition, by its number, holds. */
export type Matched = (node: number, uid: bigint, time: bigint) => void

/** Runs all conditions over the parts of their log source. */
export async function runSource(
  store: Store,
  engine: Engine,
  parts: readonly SourcePart[],
  predicates: Predicates,
  roots: readonly number[],
  matched: Matched,
): Promise<void> {
  const batch = new Batch(predicates, engine, roots, matched)
  for (const part of parts) {
    for await (const block of readPart(store, part, predicates, batch.wanted)) {
      batch.take(block)
      if (batch.isFull) await batch.judge()
    }
    await batch.judge()
  }
}

class Batch {
  readonly wanted: Wanted
  private readonly texts: readonly TextColumn[]
  private readonly wholes: readonly WholeColumn[]
  private readonly uid = new BigInt64Array(BATCH_ROWS)
  private readonly time = new BigInt64Array(BATCH_ROWS)
  private readonly bitmaps = new Bitmaps(BATCH_ROWS >>> 5)
  private leafRows: Rows[]
  private rows = 0

  constructor(
    private readonly predicates: Predicates,
    private readonly engine: Engine,
    private readonly roots: readonly number[],
    private readonly matched: Matched,
  ) {
    const { leaves } = predicates
    const texts = new Map<string, TextColumn>()
    const wholes = new Map<string, WholeColumn>()
    const rowLeaves: number[] = []
    for (const [number, leaf] of leaves.entries()) {
      if (leaf.kind === 'text') {
        if (!texts.has(leaf.column)) texts.set(leaf.column, new TextColumn(leaves.length))
        texts.get(leaf.column)!.index.add(number, leaf.test)
      } else if (leaf.kind === 'whole') {
        if (!wholes.has(leaf.column)) wholes.set(leaf.column, new WholeColumn())
        wholes.get(leaf.column)!.add(number, leaf.values)
      } else rowLeaves.push(number)
    }
    this.texts = [...texts.values()]
    this.wholes = [...wholes.values()]
    this.wanted = { texts: [...texts.keys()], wholes: [...wholes.keys()], rowLeaves }
    this.leafRows = new Array<Rows>(leaves.length).fill(undefined)
  }

  get isFull(): boolean {
    return (
      this.rows + BLOCK_ROWS > BATCH_ROWS || this.texts.reduce((sum, { waiting }) => sum + waiting, 0) > MOST_WAITING
    )
  }

  take(block: RowBlock): void {
    if (this.rows + block.rows > BATCH_ROWS) throw new Error('a block of rows larger than the engine gives')
    this.uid.set(block.uid, this.rows)
    this.time.set(block.time, this.rows)
    for (const [index, column] of this.texts.entries()) column.take(block.texts[index]!, block.rows, this.rows)
    for (const [index, column] of this.wholes.entries()) column.take(block.wholes[index]!, block.rows, this.rows)
    for (const [index, leaf] of this.wanted.rowLeaves.entries()) {
      const truth = block.leaves[index]!
      for (let row = 0; row < block.rows; row++) if (truth[row] === 1) this.set(leaf, this.rows + row)
    }
    this.rows += block.rows
  }

  /** Judges the rows that were taken, and forgets them. */
  async judge(): Promise<void> {
    if (this.rows === 0) return
    await this.answer()
    for (const column of [...this.texts, ...this.wholes])
      for (let row = 0; row < this.rows; row++) {
        const held = column.held[column.codes[row]!]
        if (held) for (const leaf of held) this.set(leaf, row)
      }
    const truth = new BatchTruth(this.predicates.nodes, this.leafRows, this.rows, this.bitmaps)
    for (const root of this.roots) {
      const rows = truth.of(root)
      if (rows) this.tell(root, rows)
    }
    this.bitmaps.clear()
    this.leafRows.fill(undefined)
    this.rows = 0
    for (const column of this.texts) column.forget()
  }

  /** Finds what holds of the values that were new, and asks the engine what only it can tell. */
  private async answer(): Promise<void> {
    const questions: Question[] = []
    const about: { readonly column: TextColumn; readonly code: number }[] = []
    for (const column of this.texts)
      column.matchWaiting((leaf, value, code) => {
        questions.push({ leaf, value })
        about.push({ column, code })
      })
    const scalarOf = (number: number) => {
      const leaf: Leaf = this.predicates.leaves[number]!
      if (leaf.kind !== 'text' || leaf.test.how !== 'ask') throw new Error('a leaf that needs no engine')
      return leaf.test.scalar
    }
    for (const index of await this.engine.ask(questions, scalarOf)) {
      const { column, code } = about[index]!
      column.hold(code, questions[index]!.leaf)
    }
  }

  private set(leaf: number, row: number): void {
    let rows = this.leafRows[leaf]
    if (!rows) {
      rows = this.bitmaps.empty()
      this.leafRows[leaf] = rows
    }
    rows[row >>> 5]! |= 1 << (row & 31)
  }

  private tell(root: number, rows: Uint32Array): void {
    for (let word = 0; word * 32 < this.rows; word++) {
      let bits = rows[word]!
      while (bits !== 0) {
        const row = word * 32 + (31 - Math.clz32(bits & -bits))
        bits &= bits - 1
        this.matched(root, this.uid[row]!, this.time[row]!)
      }
    }
  }
}

/** Rows of a block at the most: the engine's vectors. */
const BLOCK_ROWS = 2048

/** A column as numbers of its distinct values, and what holds of each. */
class TextColumn {
  readonly index: TextIndex
  readonly codes = new Int32Array(BATCH_ROWS)
  held: (readonly number[] | undefined)[] = []
  /** Characters of new values that are not matched yet. */
  waiting = 0
  private values = new ValueCodes()
  private fresh: { readonly code: number; readonly value: string }[] = []
  private isPrepared = false

  constructor(leaves: number) {
    this.index = new TextIndex(leaves)
  }

  take({ hash, value }: RowBlock['texts'][number], rows: number, from: number): void {
    for (let row = 0; row < rows; row++) {
      const before = this.values.size
      const code = this.values.codeOf(hash[row * 2]!, hash[row * 2 + 1]!)
      this.codes[from + row] = code
      if (code < before) continue
      const text = value(row)
      this.fresh.push({ code, value: text })
      this.waiting += text.length
    }
  }

  matchWaiting(ask: (leaf: number, value: string, code: number) => void): void {
    if (!this.isPrepared) this.index.prepare(this.fresh.map(({ value }) => value))
    this.isPrepared = true
    for (const { code, value } of this.fresh) {
      const [holds, asks]: [number[], number[]] = [[], []]
      this.index.match(value, holds, asks)
      if (holds.length > 0) this.held[code] = holds
      for (const leaf of asks) ask(leaf, value, code)
    }
    this.fresh = []
    this.waiting = 0
  }

  hold(code: number, leaf: number): void {
    this.held[code] = [...(this.held[code] ?? []), leaf]
  }

  forget(): void {
    if (this.values.size < MOST_REMEMBERED) return
    this.values = new ValueCodes()
    this.held = []
  }
}

class WholeColumn {
  readonly codes = new Int32Array(BATCH_ROWS)
  readonly held: (readonly number[] | undefined)[] = []
  private readonly values = new ValueCodes()
  private readonly leaves = new Map<bigint, number[]>()

  add(leaf: number, values: readonly bigint[]): void {
    for (const value of new Set(values)) this.leaves.set(value, [...(this.leaves.get(value) ?? []), leaf])
  }

  take(halves: Int32Array, rows: number, from: number): void {
    for (let row = 0; row < rows; row++) {
      const before = this.values.size
      const [low, high] = [halves[row * 2]!, halves[row * 2 + 1]!]
      const code = this.values.codeOf(low, high)
      this.codes[from + row] = code
      if (code < before) continue
      const value = (BigInt(high) << 32n) | BigInt(low >>> 0)
      this.held[code] = value === NO_NUMBER ? undefined : this.leaves.get(value)
    }
  }
}
