import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { clickhouseTables } from '../src/backends/clickhouse/bind-tables.js'
import { registerFunctions } from '../src/backends/duckdb/call-function.js'
import { readValue } from '../src/backends/duckdb/read-value.js'
import { storeTables } from '../src/backends/duckdb/tables.js'
import { textOf } from '../src/backends/reference/functions/convert.js'
import { runReference } from '../src/backends/reference/index.js'
import { type CompileOptions, compileKqlOver } from '../src/detection/compile-query.js'
import { parseKql } from '../src/dialects/kql/index.js'
import { loadModel } from '../src/events/model.js'
import { EMPTY_SCHEMA } from '../src/ir/schema.js'
import type { Column } from '../src/ir/types.js'
import { printDynamic, type Value } from '../src/ir/value.js'
import { answerClickhouse } from './clickhouse.js'
import { type Cell, sameCell } from './kql-cells.js'

const CASES = new URL('../../shared/conformance/kql/kusto-docs.jsonl', import.meta.url)
const PINNED = new URL('./kql-pinned.yaml', import.meta.url)
const ENGINES = ['reference', 'duckdb', 'clickhouse', 'clickhouse-sql'] as const
/** A clock for the examples; 2026-06-01. */
const AS_OF = 1_780_272_000_000_000

type Engine = (typeof ENGINES)[number]

interface DocCase {
  readonly id: string
  readonly page: string
  readonly query: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

interface Outcome {
  readonly id: string
  readonly outcome: 'passed' | 'refused' | 'wrong'
  readonly detail: string
  /** Why a wrong answer is none of ours. */
  readonly pinned?: string
}

/**
 * `npm run conformance kql [--cases FILE] [--corpus PATH] [--engine reference|duckdb|all] [--json]`: the documentation's examples with their
 * printed results, or a corpus of queries that only have to run.
 */
export async function run(args: string[]): Promise<number> {
  const option = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const json = args.includes('--json')
  const wanted = option('--engine') ?? 'all'
  const engines = wanted === 'all' ? ENGINES : ENGINES.filter((engine) => engine === wanted)
  if (engines.length === 0) {
    console.error(`no engine ${wanted}; there are ${ENGINES.join(', ')}`)
    return 3
  }
  const corpus = option('--corpus')
  if (corpus !== undefined) return runCorpus(corpus, engines, json)
  const path = option('--cases')
  if (path === undefined && !existsSync(CASES)) {
    console.error('no cases: ../shared is absent and no --cases are given')
    return 3
  }
  return runCases(readLines(path ?? CASES) as DocCase[], engines, json)
}

const readLines = (path: string | URL): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown)

interface Answer {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

async function connect(): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  registerFunctions(connection)
  return connection
}

/** An example may make millions of rows; one that takes longer than this has no answer. */
const LONGEST_RUN = 600_000

async function withinLimit(connection: DuckDBConnection, sql: string) {
  const timer = setTimeout(() => connection.interrupt(), LONGEST_RUN)
  try {
    return await connection.runAndReadAll(sql)
  } finally {
    clearTimeout(timer)
  }
}

/** The answer, or why there is none. */
async function answer(
  query: string,
  engine: Engine,
  connection: DuckDBConnection,
  tables: CompileOptions['tables'],
): Promise<Answer | { readonly refused: string }> {
  if (engine === 'clickhouse' || engine === 'clickhouse-sql')
    return answerClickhouse(
      query,
      AS_OF,
      tables?.schema.tables.size ? clickhouseTables() : undefined,
      engine === 'clickhouse-sql',
    )
  const compiled = await compileKqlOver(
    query,
    { asOf: AS_OF, result: 0, ...(tables ? { tables } : {}) },
    async (needs) =>
      engine === 'reference'
        ? runReference(needs.query, () => []).rows
        : (await connection.runAndReadAll(needs.sql)).getRows(),
  )
  if (!compiled.ok) return { refused: compiled.diagnostics[0]?.message ?? 'refused' }
  if (engine === 'reference') {
    const { columns, rows } = runReference(compiled.query, () => [])
    return { columns, rows: rows.map((row) => row.map((value, index) => cellOf(value, columns[index]!))) }
  }
  const found = await withinLimit(connection, compiled.sql)
  const rows = found.getRows().map((row) =>
    row.map((cell, index): Cell => {
      const column = compiled.columns[index]!
      return column.type === 'dynamic' ? (cell === null ? null : String(cell)) : (readValue(cell, column) as Cell)
    }),
  )
  return { columns: compiled.columns, rows }
}

function cellOf(value: Value, { type }: Column): Cell {
  if (value === null) return type === 'string' ? '' : null
  if (type === 'dynamic') return printDynamic(value)
  if (type === 'int' || type === 'long') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (type === 'real' || type === 'decimal') return Number(value)
  return type === 'bool' ? value === true : textOf(value, type)
}

async function runCases(cases: readonly DocCase[], engines: readonly Engine[], json: boolean): Promise<number> {
  const pins = readPins()
  let failed = false
  for (const engine of engines) {
    const connection = await connect()
    const outcomes: Outcome[] = []
    for (const each of cases) {
      const outcome = await judge(each, engine, connection)
      const pin = pins.get(each.id)
      outcomes.push(outcome.outcome === 'wrong' && pin !== undefined ? { ...outcome, pinned: pin } : outcome)
    }
    const tally = (kind: Outcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === kind).length
    const unpinned = outcomes.filter(({ outcome, pinned }) => outcome === 'wrong' && pinned === undefined)
    failed ||= unpinned.length > 0
    if (json) {
      console.log(
        JSON.stringify({
          engine,
          total: cases.length,
          passed: tally('passed'),
          refused: tally('refused'),
          wrong: tally('wrong'),
          pinned: tally('wrong') - unpinned.length,
          cases: outcomes,
        }),
      )
      continue
    }
    for (const { id, outcome, detail, pinned } of outcomes)
      if (outcome !== 'passed') console.log(`${pinned === undefined ? outcome : 'pinned'}\t${id}\t${pinned ?? detail}`)
    console.log(
      `${engine}: ${cases.length} examples, ${tally('passed')} passed, ${tally('refused')} refused, ${tally('wrong')} wrong (${tally('wrong') - unpinned.length} pinned)`,
    )
  }
  return failed ? 1 : 0
}

function readPins(): ReadonlyMap<string, string> {
  if (!existsSync(PINNED)) return new Map()
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  return new Map(Object.entries((parse(readFileSync(PINNED, 'utf8')) as Record<string, string>) ?? {}))
}

async function judge(
  { id, query, columns, rows }: DocCase,
  engine: Engine,
  connection: DuckDBConnection,
): Promise<Outcome> {
  let found: Answer | { readonly refused: string }
  try {
    found = await answer(query, engine, connection, { schema: EMPTY_SCHEMA, physical: () => ({ sources: [] }) })
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    // A function may refuse a value that it cannot answer for, and then the query ends.
    if (message.endsWith('is not supported')) return { id, outcome: 'refused', detail: message }
    return { id, outcome: 'wrong', detail: `failed: ${message}` }
  }
  if ('refused' in found) return { id, outcome: 'refused', detail: found.refused }
  const difference = compare(columns, rows, found, /\b(?:sort|order|top)\b[^|]*$/s.test(query.trim()))
  return difference === undefined ? { id, outcome: 'passed', detail: '' } : { id, outcome: 'wrong', detail: difference }
}

/** How our answer differs from the printed one; undefined where it does not. */
function compare(
  printed: readonly string[],
  rows: readonly (readonly string[])[],
  found: Answer,
  ordered: boolean,
): string | undefined {
  const names = printed.map((name) => name.replace(/`/g, '').replace(/\\_/g, '_').trim())
  const ours = found.columns.map(({ name }) => name)
  const places = names.map((name) => ours.indexOf(name))
  const byName = places.every((place) => place >= 0) && new Set(places).size === places.length
  if (!byName && names.length !== ours.length) return `columns ${ours.join(', ')} instead of ${names.join(', ')}`
  const order = byName ? places : ours.map((_, index) => index)
  const isCut = rows.some((row) => row.every((cell) => /^(\.{2,3}|…)?$/.test(cell.trim())))
  const wanted = rows.filter(
    (row) => !row.every((cell) => /^(\.{2,3}|…)?$/.test(cell.trim())) || !isCut || row.every((cell) => cell === ''),
  )
  if (!isCut && wanted.length !== found.rows.length)
    return `${found.rows.length} rows instead of ${wanted.length}: ${show(found.rows[0])}`
  const same = (row: readonly string[], our: readonly Cell[]): boolean =>
    row.every(
      (cell, index) =>
        order[index] === undefined || sameCell(cell, our[order[index]] ?? null, found.columns[order[index]]!.type),
    )
  if (ordered) {
    const at = wanted.findIndex((row, index) => !found.rows[index] || !same(row, found.rows[index]))
    if (at < 0) return undefined
  }
  const left = [...found.rows]
  for (const row of wanted) {
    const at = left.findIndex((our) => same(row, our))
    if (at < 0) return `no row ${show(row)} among ${left.slice(0, 3).map(show).join(' ')}`
    left.splice(at, 1)
  }
  return undefined
}

const show = (row: readonly unknown[] | undefined): string => JSON.stringify(row ?? []).slice(0, 200)

async function runCorpus(path: string, engines: readonly Engine[], json: boolean): Promise<number> {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .map((name) => join(path, name))
    : [path]
  const queries = files.flatMap((file) => readLines(file)) as {
    readonly source?: string
    readonly id?: string
    readonly query: string
  }[]
  const tables = storeTables()
  for (const engine of engines) {
    const connection = await connect()
    for (const { name, columns } of loadModel().classes) {
      await connection.run(
        `CREATE TABLE "${name}" (${columns.map((each) => `"${each.name}" ${STORED[each.type]}`).join(', ')})`,
      )
    }
    const cases: { id: string; outcome: 'rejected' | 'ran' | 'refused' | 'failed'; detail: string }[] = []
    for (const [index, { source, id, query }] of queries.entries()) {
      const name = id ?? `${source ?? ''}#${index}`
      const rejected = parseKql(query).diagnostics.find(({ code }) => code === 'kusto-diagnostic')
      if (rejected) {
        cases.push({ id: name, outcome: 'rejected', detail: rejected.message })
        continue
      }
      try {
        const found = await answer(query, engine, connection, tables)
        cases.push(
          'refused' in found
            ? { id: name, outcome: 'refused', detail: found.refused }
            : { id: name, outcome: 'ran', detail: '' },
        )
      } catch (error) {
        cases.push({
          id: name,
          outcome: 'failed',
          detail: error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error),
        })
      }
    }
    const tally = (kind: string): number => cases.filter(({ outcome }) => outcome === kind).length
    const summary = {
      engine,
      total: cases.length,
      rejected: tally('rejected'),
      ran: tally('ran'),
      refused: tally('refused'),
      failed: tally('failed'),
    }
    if (json) {
      console.log(JSON.stringify({ ...summary, cases }))
      continue
    }
    for (const { id, outcome, detail } of cases)
      if (outcome === 'refused' || outcome === 'failed') console.log(`${outcome}\t${id}\t${detail}`)
    const accepted = summary.total - summary.rejected
    console.log(
      `${engine}: ${summary.total} texts, ${summary.rejected} no KQL; of ${accepted} ran ${summary.ran} (${((summary.ran / accepted) * 100).toFixed(1)} %), refused ${summary.refused}, failed ${summary.failed}`,
    )
  }
  return 0
}

const STORED = { text: 'VARCHAR', name: 'VARCHAR', integer: 'BIGINT', timestamp: 'TIMESTAMP', json: 'VARCHAR' } as const
