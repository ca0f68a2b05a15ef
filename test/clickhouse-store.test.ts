import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clickhouseTables } from '../src/backends/clickhouse/bind-tables.js'
import type { ClickhouseConnection, FileInsert } from '../src/backends/clickhouse/connect.js'
import { runClickhouse } from '../src/backends/clickhouse/run.js'
import { ClickhouseStore } from '../src/backends/clickhouse/store.js'
import { createStatements } from '../src/backends/clickhouse/tables.js'
import { ingest, Store } from '../src/backends/duckdb/index.js'
import { compileForClickhouse } from '../src/detection/compile-clickhouse.js'
import { readWatchlist } from '../src/detection/watchlists.js'
import { loadModel } from '../src/events/model.js'
import { openClickhouse } from './fixtures/clickhouse.js'

// The sample fleet in ClickHouse and in DuckDB: the same records, each once, and the same answers.
const SAMPLE = new URL('../samples/fleet', import.meta.url).pathname
const engine = openClickhouse()
const reason = 'missing' in engine ? engine.missing : existsSync(SAMPLE) ? undefined : 'no samples/fleet'
const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
const model = loadModel()

describe.skipIf(reason !== undefined)(`a ClickHouse store${reason === undefined ? '' : ` (${reason})`}`, () => {
  const connection = engine as ClickhouseConnection
  const inserts: { insert: FileInsert; copy: string }[] = []
  // Keeps each part, so that it can be sent again.
  const recording: ClickhouseConnection = {
    ...connection,
    insertFile: async (insert) => {
      const copy = join(folder, `part-${inserts.length}.parquet`)
      copyFileSync(insert.path, copy)
      inserts.push({ insert, copy })
      await connection.insertFile(insert)
    },
  }
  const store = new ClickhouseStore(recording, model, { database: 'fleet' }, folder)
  let duckdb: Store

  beforeAll(async () => {
    await store.prepare()
    duckdb = await Store.open(model)
    await ingest(duckdb, [SAMPLE], { threads: 0 })
    await ingest(store, [SAMPLE], { threads: 0 })
  }, 60_000)

  afterAll(async () => {
    await duckdb.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const counts = async (): Promise<Record<string, number>> => {
    const found: Record<string, number> = {}
    for (const { name } of model.classes)
      found[name] = Number((await connection.query(`SELECT count() FROM fleet."${name}"`))[0]![0])
    return found
  }

  it('holds the records that DuckDB holds', async () => {
    const expected: Record<string, number> = {}
    for (const { name } of model.classes)
      expected[name] = Number((await duckdb.rows(`SELECT count(*) FROM "${name}"`))[0]![0])
    expect(await counts()).toEqual(expected)
  })

  it('may be prepared again', async () => {
    const before = await counts()
    await store.prepare()
    expect(await counts()).toEqual(before)
    expect(await store.isPrepared()).toBe(true)
  })

  it('takes a part once that is sent again, and a file once that is read again', async () => {
    const before = await counts()
    for (const { insert, copy } of inserts) await connection.insertFile({ ...insert, path: copy })
    for (const { insert, copy } of inserts)
      await connection.insertFile({ ...insert, path: copy, token: `${insert.token}-other` })
    expect(await counts()).toEqual(before)
    const again = await ingest(store, [SAMPLE], { threads: 0 })
    expect(again.files.read).toBe(0)
    expect(again.records.stored).toBe(0)
    expect(await counts()).toEqual(before)
  })

  it('joins a watchlist, which travels in the query', async () => {
    const watchlists = readWatchlist('hosts.csv', "Host,Owner\nHT-WS-101.corp.haldentimber.example,it's kim\n")
    const compiled = await compileForClickhouse(
      "let owned = _GetWatchlist('hosts'); DeviceProcessEvents | extend Key = tolower(DeviceName)" +
        ' | join kind=inner (owned | extend Key = tolower(Host)) on Key | summarize Count = count() by Owner',
      {
        asOf: 0,
        tables: clickhouseTables('fleet'),
        watchlists: new Map([['hosts', { name: 'hosts', ...watchlists }]]),
      },
    )
    if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
    const { rows } = await runClickhouse(connection, compiled.split)
    expect(rows).toEqual([["it's kim", expect.any(BigInt)]])
  })

  it('filters by time and by words in the sorting key and the index of letters', async () => {
    const compiled = await compileForClickhouse(
      'DeviceProcessEvents | where Timestamp between (datetime(2026-01-01) .. 1h) and ProcessCommandLine has_any ("anydesk", "rustdesk")',
      { asOf: 0, tables: clickhouseTables('fleet') },
    )
    if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
    const plan = (await connection.query(`EXPLAIN indexes = 1 ${compiled.split.pieces[0]!.sql}`)).map(([line]) =>
      String(line),
    )
    expect(plan.join('\n')).toMatch(/toStartOfHour\(time\)/)
    expect(plan.join('\n')).toMatch(/process_cmd_line_letters/)
  })

  it('has SQL for a cluster that ClickHouse reads', async () => {
    const statements = createStatements(model, { database: 'a"b\\', cluster: "it's" })
    for (const statement of statements) {
      const [[tree] = []] = await connection.query(`EXPLAIN AST ${statement}`)
      expect(String(tree)).toMatch(/^Create/)
    }
    const made = statements.join('\n')
    expect(made).toContain("ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/process_local'")
    expect(made).toContain('cityHash64(device_hostname)')
  })
})
