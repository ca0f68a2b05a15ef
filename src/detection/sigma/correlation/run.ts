import { quoteIdentifier } from '../../../backends/duckdb/quote.js'
import type { Store } from '../../../backends/duckdb/store.js'
import type { ResolvedCorrelation } from '../../../dialects/sigma/index.js'
import { prepare } from '../../run-query.js'
import { type CompileSigmaOptions, compileSigma, hasEvents, sourceWords } from '../compile.js'
import { type BuiltCorrelation, buildCorrelation } from './build.js'
import { type CorrelationMatch, Correlator, inOrder, type LeftOut, type Look, meets } from './index.js'

export interface CorrelationRun {
  readonly outcome: 'ran' | 'not-applicable' | 'refused'
  /** What is missing, or why it was refused; undefined where it ran. */
  readonly reason: string | undefined
  /** In the order of time; at most as many as were asked for. */
  readonly matches: readonly CorrelationMatch[]
  readonly total: number
  /** What a reader of the result should know. */
  readonly notes: readonly string[]
  /** Hits of each rule that it names, by the rule’s document; of rules whose logs are missing, none. */
  readonly hits: ReadonlyMap<object, number>
}

export interface RunCorrelationOptions extends CompileSigmaOptions {
  /** Matches kept. */
  readonly limit: number
  readonly onLook?: (look: Look) => void
}

/** Runs a correlation over the store: the hits of its rules, which the database puts in the order of their time, stream through it. */
export async function runCorrelation(
  store: Store,
  resolved: ResolvedCorrelation,
  options: RunCorrelationOptions,
): Promise<CorrelationRun> {
  const built = buildCorrelation(resolved)
  const prepared = await streamsSql(store, built, options)
  const hits = new Map<object, number>()
  const without = { matches: [], total: 0, notes: [], hits }
  if ('refused' in prepared) return { ...without, outcome: 'refused', reason: prepared.refused }
  const { sql, missing } = prepared
  for (const [stream, { member }] of built.streams.entries()) if (!missing.has(stream)) hits.set(member.document, 0)
  if (sql === undefined || !canHold(built, missing))
    return { ...without, outcome: 'not-applicable', reason: [...new Set(missing.values())].join('; ') }
  const matches: CorrelationMatch[] = []
  let total = 0
  const correlator = new Correlator(built.plan, {
    onMatch: (match) => {
      total++
      if (matches.length < options.limit) matches.push(match)
    },
    ...(options.onLook ? { onLook: options.onLook } : {}),
  })
  const result = await store.connection.stream(sql)
  for await (const rows of result.yieldRows())
    for (const [stream, uid, time, ...values] of rows) {
      const { member, fields } = built.streams[Number(stream)]!
      hits.set(member.document, (hits.get(member.document) ?? 0) + 1)
      correlator.push(Number(stream), {
        uid: BigInt(uid as bigint),
        time: time === null ? null : Number(time),
        values: fields.map((_, index) => values[index] as string | null),
      })
    }
  correlator.end()
  const notes = [
    ...[...missing.values()].map((source) => `nothing that was read is a log of ${source}`),
    ...leftOutWords(correlator.leftOut, resolved),
  ]
  return { outcome: 'ran', reason: undefined, matches: inOrder(matches), total, notes: [...new Set(notes)], hits }
}

/** One query for all streams, and those without a log of theirs; or why there is none. */
async function streamsSql(
  store: Store,
  { streams }: BuiltCorrelation,
  options: CompileSigmaOptions,
): Promise<
  { readonly sql: string | undefined; readonly missing: ReadonlyMap<number, string> } | { readonly refused: string }
> {
  const missing = new Map<number, string>()
  const parts: string[] = []
  const width = Math.max(0, ...streams.map(({ fields }) => fields.length))
  for (const [number, { member, name, fields }] of streams.entries()) {
    const compiled = compileSigma(member.rule, { ...options, given: fields })
    if (!compiled.ok)
      return { refused: `its rule ${name}: ${compiled.diagnostics.map(({ message }) => message).join('; ')}` }
    if (compiled.table.sources.length === 0 || !(await hasEvents(store, compiled.table))) {
      missing.set(number, sourceWords(member.rule.logsource))
      continue
    }
    prepare(store, compiled.sql)
    const columns = compiled.columns.map((column) => quoteIdentifier(column.name))
    const values = Array.from({ length: width }, (_, index) => {
      const column = index < fields.length ? columns[index + 2] : undefined
      return `${column === undefined ? 'NULL' : `CAST(${column} AS VARCHAR)`} AS v${index}`
    })
    parts.push(
      `SELECT ${[`${number} AS stream`, `${columns[0]} AS uid`, `epoch_us(${columns[1]}) AS time`, ...values].join(', ')} FROM (${compiled.sql})`,
    )
  }
  if (parts.length === 0) return { sql: undefined, missing }
  return { sql: `${parts.join(' UNION ALL ')} ORDER BY time NULLS LAST, stream, uid`, missing }
}

/** Whether the condition can be met at all without the streams that are missing. */
function canHold({ plan }: BuiltCorrelation, missing: ReadonlyMap<number, string>): boolean {
  const { measure, condition, inputs } = plan
  if (condition.kind === 'expression' || (measure.kind !== 'rules' && measure.kind !== 'rules-in-order')) return true
  const most = inputs.filter((input) => input.kind === 'correlation' || !missing.has(input.stream)).length
  return Array.from({ length: most }, (_, index) => index + 1).some((count) =>
    condition.bounds.every((bound) => meets(count, bound)),
  )
}

function leftOutWords(left: LeftOut, { spec }: ResolvedCorrelation): readonly string[] {
  const words = (count: number, why: string): string[] =>
    count === 0 ? [] : [`${count.toLocaleString('en')} ${count === 1 ? 'event' : 'events'} left out: ${why}`]
  const fields = spec.fields.join(', ')
  return [
    ...words(left.timeless, 'without a time'),
    ...words(
      left.groupless,
      `without ${spec.groupBy.length === 1 ? spec.groupBy[0] : `any of ${spec.groupBy.join(', ')}`}`,
    ),
    ...words(left.valueless, `without ${fields}`),
    ...words(left.numberless, `${fields} is no number`),
  ]
}
