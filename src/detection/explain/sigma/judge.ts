import { emitDuckdb } from '../../../backends/duckdb/emit.js'
import { quoteIdentifier } from '../../../backends/duckdb/quote.js'
import type { Store } from '../../../backends/duckdb/store.js'
import { type FieldKind, type SigmaRule, VIEW_TYPES } from '../../../dialects/sigma/index.js'
import type { Relation } from '../../../ir/relation.js'
import { reference, type Scalar } from '../../../ir/scalar.js'
import { type Column, column } from '../../../ir/types.js'
import { formatTime } from '../../../telemetry/time.js'
import { prepare } from '../../run-query.js'
import { type ResolvedSource, resolveLogSource } from '../../sigma/sources.js'
import { isWholeField, sigmaTable } from '../../sigma/tables.js'
import { columnsOf } from './columns.js'
import { closestOf, likeness } from './likeness.js'
import { type Piece, type RulePieces, takeApart } from './pieces.js'

/** A piece of a rule and what it came to for an event. */
export interface JudgedPiece {
  readonly kind: Piece['kind']
  readonly label: string
  readonly holds: boolean
  readonly parts: readonly JudgedPiece[]
  /** Of an item: the field's value in the event; null where it has none. */
  readonly found?: { readonly field: string; readonly value: string | null }
  /** Of an item that failed: the rule's value that came nearest. */
  readonly closest?: string
}

export interface JudgedEvent {
  readonly uid: string
  /** Its number in its log. */
  readonly record: string | null
  readonly time: string | null
  readonly verdict: JudgedPiece
}

export interface NearestEvent extends JudgedEvent {
  /** What must hold, and how much of it does; of the way of the rule that came nearest. */
  readonly held: number
  readonly of: number
  readonly failed: readonly JudgedPiece[]
  /** Events that came as near, this one among them. */
  readonly alike: number
}

/** The parts of a rule, as its log source knows the fields. */
export function piecesOf(rule: SigmaRule, placeholders: ReadonlyMap<string, readonly string[]>): RulePieces {
  const source = resolveLogSource(rule.logsource)
  return takeApart(rule, { placeholders, fieldKind: (field) => kindOf(source, field) })
}

function kindOf(source: ResolvedSource, field: string): FieldKind {
  if (source.entries.some(({ lists }) => lists.has(field))) return 'list'
  return isWholeField(source, field) ? 'whole' : 'text'
}

/** Looks at single events of a store with the eyes of a rule. The rule can be compiled. */
export class RuleJudge {
  private readonly source: ResolvedSource
  private readonly pieces: RulePieces

  constructor(
    private readonly store: Store,
    rule: SigmaRule,
    placeholders: ReadonlyMap<string, readonly string[]>,
  ) {
    this.source = resolveLogSource(rule.logsource)
    this.pieces = piecesOf(rule, placeholders)
  }

  /** The events with these uids or numbers in their log, as far as they are of the rule's log source. */
  async events(wanted: string, most: number): Promise<readonly JudgedEvent[]> {
    const number = BigInt(wanted)
    const found = await this.judge(`WHERE "uid" = ${number} OR "record" = ${number}`, most)
    const exact = found.filter(({ uid }) => uid === wanted)
    return exact.length > 0 ? exact : found
  }

  /** The event that came nearest to the rule; undefined where the store has none of its log source. */
  async nearest(): Promise<NearestEvent | undefined> {
    let best: { readonly score: Score; readonly way: readonly Piece[] } | undefined
    for (const way of this.pieces.ways.slice(0, MOST_WAYS)) {
      const score = await this.score(way)
      if (score && (!best || score.held / way.length > best.score.held / best.way.length)) best = { score, way }
    }
    if (!best) return undefined
    const { score, way } = best
    const [event] = await this.judge(`WHERE "uid" = ${BigInt(score.uid)}`, 1)
    if (!event) return undefined
    const judged = await this.judgePieces(way, score.uid)
    const failed = judged.filter(({ holds }) => !holds)
    return { ...event, held: score.held, of: way.length, alike: score.alike, failed }
  }

  private async judge(where: string, most: number): Promise<readonly JudgedEvent[]> {
    const fields = fieldsOf([this.pieces.whole])
    const flat = flatten(this.pieces.whole)
    const rows = await this.rows(flat, fields, `${where} ORDER BY "time", "uid" LIMIT ${most}`)
    return rows.map(({ uid, record, time, values, holds }) => {
      const byPiece = new Map(flat.map((piece, index) => [piece, holds[index]!]))
      return { uid, record, time, verdict: judgedPiece(this.pieces.whole, (piece) => byPiece.get(piece)!, values) }
    })
  }

  private async judgePieces(pieces: readonly Piece[], uid: string): Promise<readonly JudgedPiece[]> {
    const flat = pieces.flatMap(flatten)
    const [row] = await this.rows(flat, fieldsOf(pieces), `WHERE "uid" = ${BigInt(uid)} LIMIT 1`)
    if (!row) return []
    const byPiece = new Map(flat.map((piece, index) => [piece, row.holds[index]!]))
    return pieces.map((piece) => judgedPiece(piece, (each) => byPiece.get(each)!, row.values))
  }

  /** The event of which most holds, and of several the one whose values are most like the rule's. */
  private async score(way: readonly Piece[]): Promise<Score | undefined> {
    const fields = fieldsOf(way)
    const sum = way.map((_, index) => `CAST("c${index}" AS INTEGER)`).join(' + ')
    const rank = `${sum} AS "held", count(*) OVER (PARTITION BY ${sum}) AS "alike"`
    const rows = await this.rows(way, fields, `ORDER BY "held" DESC, "time", "uid" LIMIT ${MOST_COMPARED}`, rank)
    const [first] = rows
    if (!first) return undefined
    const top = rows.filter(({ more }) => more[0] === first.more[0])
    const like = (row: PieceRow): number =>
      way.reduce((total, piece, index) => total + (row.holds[index] ? 0 : likenessOf(piece, row.values)), 0)
    let [chosen, most] = [first, like(first)]
    for (const row of top.slice(1)) {
      const own = like(row)
      if (own > most) [chosen, most] = [row, own]
    }
    return { uid: chosen.uid, held: Number(chosen.more[0]), alike: Number(chosen.more[1]) }
  }

  private async rows(
    pieces: readonly Piece[],
    fields: readonly string[],
    tail: string,
    rank?: string,
  ): Promise<readonly PieceRow[]> {
    const shown = fields.filter((field) => kindOf(this.source, field) !== 'list')
    const { columns, views } = columnsOf(this.pieces.columns, shown)
    const table = sigmaTable(this.source, columns)
    if (table.sources.length === 0) return []
    const withRecord = {
      sources: table.sources.map((source) => ({
        ...source,
        columns: new Map([...source.columns, ['record', { sql: '"record_id"', form: 'plain' }] as const]),
      })),
    }
    const assignments: { name: string; value: Scalar }[] = [
      { name: 'uid', value: reference('uid', 'long') },
      { name: 'time', value: reference('time', 'datetime') },
      { name: 'record', value: reference('record', 'long') },
      ...shown.map((field, index) => ({ name: `v${index}`, value: reference(views.get(field)!, 'string') })),
      ...pieces.map(({ scalar }, index) => ({ name: `c${index}`, value: scalar })),
    ]
    const read: readonly Column[] = [
      column('uid', 'long'),
      column('time', 'datetime'),
      column('record', 'long'),
      ...typesOf(columns),
    ]
    const body: Relation = {
      kind: 'project',
      input: { kind: 'table', name: 'events', columns: read, span: undefined },
      assignments,
      columns: assignments.map(({ name, value }) => column(name, value.type)),
      span: undefined,
    }
    const { sql } = emitDuckdb({ bindings: [], body }, () => withRecord)
    prepare(this.store, sql)
    const list = [
      'CAST("uid" AS VARCHAR)',
      'epoch_us("time")',
      'CAST("record" AS VARCHAR)',
      ...shown.map((_, index) => quoteIdentifier(`v${index}`)),
      ...pieces.map((_, index) => quoteIdentifier(`c${index}`)),
      ...(rank === undefined ? [] : ['"held"', '"alike"']),
    ]
    const from = rank === undefined ? `(${sql})` : `(SELECT *, ${rank} FROM (${sql}))`
    const found = await this.store.rows(`SELECT ${list.join(', ')} FROM ${from} ${tail}`)
    return found.map(([uid, time, record, ...cells]) => ({
      uid: String(uid),
      record: record === null ? null : String(record),
      time: time === null ? null : formatTime(Number(time)),
      // The empty text stands for what is missing too.
      values: new Map(shown.map((field, index) => [field, cells[index] ? String(cells[index]) : null])),
      holds: pieces.map((_, index) => cells[shown.length + index] === true),
      more: cells.slice(shown.length + pieces.length),
    }))
  }
}

/** Alternatives of a rule that are looked through for the nearest event. */
const MOST_WAYS = 8
/** Events of the same score whose values are compared. */
const MOST_COMPARED = 300

interface Score {
  readonly uid: string
  readonly held: number
  readonly alike: number
}

interface PieceRow {
  readonly uid: string
  readonly record: string | null
  readonly time: string | null
  readonly values: ReadonlyMap<string, string | null>
  readonly holds: readonly boolean[]
  readonly more: readonly unknown[]
}

const typesOf = (columns: ReturnType<typeof columnsOf>['columns']): readonly Column[] =>
  [...columns].map(([name, { view }]) => column(name, VIEW_TYPES[view]))

/** A piece and all its parts. */
export const flatten = (piece: Piece): readonly Piece[] => [piece, ...piece.parts.flatMap(flatten)]

const fieldsOf = (pieces: readonly Piece[]): readonly string[] => [
  ...new Set(
    pieces.flatMap(flatten).flatMap(({ kind, field }) => (kind === 'item' && field !== undefined ? [field] : [])),
  ),
]

/** A piece with what it came to; `values` are the event’s fields, undefined where one is not shown. */
export function judgedPiece(
  piece: Piece,
  holds: (piece: Piece) => boolean,
  values: { readonly get: (field: string) => string | null | undefined },
): JudgedPiece {
  const { kind, label, field } = piece
  const own = holds(piece)
  const parts = piece.parts.map((part) => judgedPiece(part, holds, values))
  const value = field === undefined ? undefined : values.get(field)
  const closest =
    kind === 'item' && !own && typeof value === 'string' ? closestOf(value, piece.values ?? []) : undefined
  return {
    kind,
    label,
    holds: own,
    parts,
    ...(field === undefined || value === undefined ? {} : { found: { field, value } }),
    ...(closest === undefined ? {} : { closest }),
  }
}

/** How like a rule's values the event's are, from 0 to 1; of a piece with parts, of its best part. */
function likenessOf(piece: Piece, values: ReadonlyMap<string, string | null>): number {
  if (piece.kind !== 'item') return Math.max(0, ...piece.parts.map((part) => likenessOf(part, values)))
  const value = piece.field === undefined ? undefined : values.get(piece.field)
  if (typeof value !== 'string') return 0
  return Math.max(0, ...(piece.values ?? []).slice(0, 30).map((each) => likeness(value, each.source)))
}
