import { closeSync, existsSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { ColumnType, EventModel } from '../../events/model.js'
import type { Query } from '../../ir/relation.js'
import type { QuerySchema } from '../../ir/schema.js'
import type { EventSink, FileRow, Part, RejectionRow, SourceRow } from '../event-sink.js'
import type { EventStore, PlainRow, View } from '../event-store.js'
import { tablesWithin } from '../vendor-tables.js'
import { registerFunctions } from './call-function.js'
import { type Emitted, emitDuckdb } from './emit.js'
import { SCRIPT_FUNCTION } from './functions.js'
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from './library.js'
import { quoteIdentifier, quoteText } from './quote.js'
import { readValue } from './read-value.js'
import { DUCKDB_WORDS, type StoreTables, storeTables } from './tables.js'
import { claimWorkFolder, releaseWorkFolder } from './work-folder.js'

export type { FileRow, Part, RejectionRow, SourceRow } from '../event-sink.js'

export interface StoreOptions {
  /** A database file; in memory without one. */
  readonly path?: string | undefined
  /** What DuckDB may use before it spills to disk, as `512MB`. */
  readonly memoryLimit?: string | undefined
  readonly threads?: number | undefined
}

/** Parts that are this small together are taken in after all: many rules ask, and each would open the files again. */
const SMALL = 24_000_000

/**
 * Where events live: one table a class of the event model, plus `source`, `read_file` and `rejection`, which say what was read.
 *
 * A store in a file takes every part in, and every change is a transaction, so a run that is killed leaves a store that opens and can
 * be continued. A store that ends with its run keeps the parts as they are and reads them where they lie, because taking them in
 * would cost more than all the reading before it; its tables are views over the parts.
 */
export class Store implements EventSink, EventStore {
  readonly engine = 'DuckDB'
  /** Parts that are read where they lie, by class. */
  private readonly kept = new Map<string, string[]>()
  private readonly withRepeats = new Set<string>()
  private waiting = nothing()
  private isRegistered = false
  private settledAs: 'TABLE' | 'VIEW' | undefined
  private tables: StoreTables = storeTables()

  private constructor(
    readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance,
    /** A folder of this run's own for parts and spilled data, removed on close. */
    readonly workFolder: string,
    readonly model: EventModel,
    /** Whether the store outlives this run. */
    readonly isLasting: boolean,
  ) {}

  /** Opens or makes a store. Throws `StoreError` where the file is no store, is in use or cannot be written. */
  static async open(model: EventModel, options: StoreOptions = {}): Promise<Store> {
    const path = options.path === undefined ? undefined : resolve(options.path)
    if (path !== undefined && !existsSync(dirname(path)))
      throw new StoreError(`cannot make ${path}: its folder does not exist`)
    if (path !== undefined && existsSync(path) && !isDatabase(path))
      throw new StoreError(`${path} exists and is no store: name another file, or remove it`)
    const workFolder = claimWorkFolder(path === undefined ? join(tmpdir(), 'latchkey') : `${path}.work`)
    try {
      const instance = await DuckDBInstance.create(path ?? ':memory:', {
        memory_limit: options.memoryLimit ?? '512MB',
        temp_directory: join(workFolder, 'spill'),
        preserve_insertion_order: 'false',
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
      })
      const store = new Store(await instance.connect(), instance, workFolder, model, path !== undefined)
      await store.prepare()
      return store
    } catch (error) {
      releaseWorkFolder(workFolder)
      if (error instanceof StoreError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new StoreError(
        path === undefined ? `DuckDB does not start: ${reason}` : `cannot open ${path} as a store: ${reason}`,
      )
    }
  }

  /** Parts are written here by readers; `add` removes them. */
  get partsFolder(): string {
    const folder = join(this.workFolder, 'parts')
    mkdirSync(folder, { recursive: true })
    return folder
  }

  /** Adds parts and marks sources as read, now or together with the next. Returns how many records that made new. */
  async add(
    parts: readonly Part[],
    sources: readonly SourceRow[],
    rejections: readonly RejectionRow[],
    finished: readonly FileRow[],
  ): Promise<number> {
    const { waiting } = this
    waiting.parts.push(...parts)
    waiting.sources.push(...sources)
    waiting.rejections.push(...rejections)
    waiting.finished.push(...finished)
    for (const { path } of parts) waiting.bytes += statSync(path).size
    return this.isLasting && waiting.bytes < TOGETHER ? 0 : this.takeIn()
  }

  /** Adds whatever waits, in one transaction. A lasting store takes in much at a time: DuckDB writes large runs of rows straight to disk. */
  private async takeIn(): Promise<number> {
    const { parts, sources, rejections, finished } = this.waiting
    this.waiting = nothing()
    let stored = 0
    await this.connection.run('BEGIN')
    try {
      if (this.isLasting)
        for (const name of new Set(parts.map((part) => part.class)))
          stored += await this.insert(
            name,
            parts.filter((part) => part.class === name),
          )
      else for (const part of parts) stored += await this.keep(part)
      await this.note(
        'source',
        'id',
        sources.map((row) => [row.id, row.name, row.size, row.format, row.records, row.unmapped]),
      )
      await this.note(
        'read_file',
        'id',
        finished.map((row) => [row.id, row.path, row.size, row.sha256]),
      )
      await this.note(
        'rejection',
        'source',
        rejections.map((row) => [row.source, row.code, row.reason, row.position, row.records, row.count]),
      )
      await this.connection.run('COMMIT')
    } catch (error) {
      await this.connection.run('ROLLBACK').catch(() => undefined)
      throw error
    }
    for (const part of parts) if (!this.isKept(part)) rmSync(part.path, { force: true })
    return stored
  }

  /** Makes everything that was added visible. To be called after adding and before asking. Returns how many records that added. */
  async settle(): Promise<number> {
    if (this.isLasting)
      return this.waiting.sources.length + this.waiting.finished.length + this.waiting.rejections.length > 0
        ? this.takeIn()
        : 0
    const bytes = [...this.kept.values()].flat().reduce((sum, path) => sum + statSync(path).size, 0)
    const kind = bytes <= SMALL ? 'TABLE' : 'VIEW'
    for (const { name } of this.model.classes) {
      const parts = this.kept.get(name) ?? []
      // The empty table gives the columns that no part has.
      const layout = `SELECT * FROM layout.${quoteIdentifier(name)}`
      const repeated = this.withRepeats.has(name)
        ? ` ANTI JOIN repeated.${quoteIdentifier(name)} USING (source_id, position)`
        : ''
      const kept = `SELECT * FROM read_parquet([${parts.map(quoteText).join(', ')}], union_by_name = true)${repeated}`
      if (this.settledAs !== undefined)
        await this.connection.run(`DROP ${this.settledAs} IF EXISTS ${quoteIdentifier(name)}`)
      await this.connection.run(
        `CREATE ${kind} ${quoteIdentifier(name)} AS ${parts.length === 0 ? layout : `${layout} UNION ALL BY NAME ${kept}`}`,
      )
    }
    this.settledAs = kind
    return 0
  }

  /** Files read whole in this or an earlier run. */
  async files(): Promise<readonly FileRow[]> {
    const rows = await this.rows('SELECT id, path, size, sha256 FROM read_file')
    return rows.map(([id, path, size, sha256]) => ({
      id: Number(id),
      path: String(path),
      size: Number(size),
      sha256: sha256 === null ? undefined : String(sha256),
    }))
  }

  /** Takes `count` numbers for files that no run has used, and returns the first. */
  async takeFileIds(count: number): Promise<number> {
    const [[taken] = []] = await this.rows("SELECT value FROM latchkey WHERE key = 'files taken'")
    const first = Number(taken ?? 0) + 1
    await this.connection.run("DELETE FROM latchkey WHERE key = 'files taken'")
    await this.connection.run("INSERT INTO latchkey VALUES ('files taken', ?)", [String(first + count - 1)])
    return first
  }

  get schema(): QuerySchema {
    return this.tables.schema
  }

  async keepPart(name: string, of: string, uids: Query): Promise<boolean> {
    const table = this.tables.schema.tables.get(of)
    if (!table) return false
    const { sql } = this.emit(uids, undefined)
    const wanted = quoteIdentifier(`wanted ${name}`)
    await this.connection.run(`CREATE OR REPLACE TEMP TABLE ${wanted} (uid BIGINT)`)
    await this.connection.run(`INSERT INTO ${wanted} ${sql}`)
    const sources: (typeof bound)['sources'][number][] = []
    const bound = this.tables.physical(of)
    for (const [index, source] of bound.sources.entries()) {
      const kept = quoteIdentifier(`kept ${name} ${index}`)
      const [[count] = []] = await this.rows(`SELECT count(*) FROM ${source.from} WHERE uid IN (FROM ${wanted})`)
      if (Number(count) === 0) continue
      await this.connection.run(
        `CREATE OR REPLACE TEMP TABLE ${kept} AS SELECT * FROM ${source.from} WHERE uid IN (FROM ${wanted})`,
      )
      sources.push({ ...source, from: kept, where: undefined })
    }
    const { schema, physical } = this.tables
    this.tables = {
      schema: { ...schema, tables: new Map([...schema.tables, [name, { ...table, name }]]) },
      physical: (asked) => (asked === name ? { sources } : physical(asked)),
    }
    return true
  }

  async ask(query: Query, view?: View): Promise<readonly PlainRow[]> {
    const { sql, columns } = this.emit(query, view)
    const rows = await this.rows(sql)
    return rows.map((row) => columns.map((each, index) => readValue(row[index], each)))
  }

  async *batches(query: Query): AsyncGenerator<readonly PlainRow[]> {
    const { sql, columns } = this.emit(query, undefined)
    const result = await this.connection.stream(sql)
    for await (const rows of result.yieldRows())
      yield rows.map((row) => columns.map((each, index) => readValue(row[index], each)))
  }

  private emit(query: Query, view: View | undefined): Emitted {
    const tables = view === undefined ? this.tables : tablesWithin(this.tables, view, DUCKDB_WORDS)
    const emitted = emitDuckdb(query, (name) => tables.physical(name))
    this.prepareFor(emitted.sql)
    return emitted
  }

  /** Gives the connection the functions that the SQL needs and SQL lacks. */
  prepareFor(sql: string): void {
    if (this.isRegistered || !sql.includes(SCRIPT_FUNCTION)) return
    registerFunctions(this.connection)
    this.isRegistered = true
  }

  async narrow(since: number | undefined, until: number | undefined): Promise<void> {
    if (since === undefined && until === undefined) return
    const conditions = [
      since === undefined ? [] : [`time >= make_timestamp(${since})`],
      until === undefined ? [] : [`time < make_timestamp(${until})`],
    ].flat()
    const [[database] = []] = await this.rows('SELECT current_database()')
    for (const { name } of this.model.classes) {
      const table = `${quoteIdentifier(String(database))}.main.${quoteIdentifier(name)}`
      await this.connection.run(
        `CREATE OR REPLACE TEMP VIEW ${quoteIdentifier(name)} AS SELECT * FROM ${table} WHERE ${conditions.join(' AND ')}`,
      )
    }
  }

  /** Rows of a query as arrays of plain values. */
  async rows(sql: string, values: readonly DuckDBValue[] = []): Promise<readonly (readonly DuckDBValue[])[]> {
    const reader = await this.connection.runAndReadAll(sql, [...values])
    return reader.getRows()
  }

  /** A second connection, for what has to run while the first is being read from. It sees none of the first one's temporary tables. */
  async connect(): Promise<DuckDBConnection> {
    const connection = await this.instance.connect()
    await connection.run("SET TimeZone = 'UTC'")
    return connection
  }

  async close(): Promise<void> {
    this.connection.closeSync()
    this.instance.closeSync()
    releaseWorkFolder(this.workFolder)
  }

  /** Writes bookkeeping rows in one statement; rows with the same first column, a source's of an earlier, incomplete run, give way. */
  private async note(
    table: string,
    key: string,
    rows: readonly (readonly (string | number | undefined)[])[],
  ): Promise<void> {
    if (rows.length === 0) return
    const cell = (value: string | number | undefined): string =>
      value === undefined ? 'NULL' : typeof value === 'number' ? String(value) : quoteText(value)
    // Without a file to come back to, only a source can be named twice: while it is read and when it has been.
    if (this.isLasting || table === 'source')
      await this.connection.run(
        `DELETE FROM ${table} WHERE ${key} IN (${[...new Set(rows.map(([first]) => cell(first)))].join(', ')})`,
      )
    await this.connection.run(
      `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row.map(cell).join(', ')})`).join(', ')}`,
    )
  }

  /** Takes parts of one class into its table, but for records that are there. */
  private async insert(name: string, parts: readonly Part[]): Promise<number> {
    const table = quoteIdentifier(name)
    const file = `read_parquet([${parts.map(({ path }) => quoteText(path)).join(', ')}], union_by_name = true)`
    const [[rows, distinct] = []] = await this.rows(`SELECT count(*), count(DISTINCT uid) FROM ${file}`)
    const { rowsChanged } = await this.connection.run(
      `INSERT INTO ${table} BY NAME SELECT new.* ${unknownRows(file, table, parts, rows !== distinct)}`,
    )
    return rowsChanged
  }

  /** Leaves a part where it lies and notes which of its records had been seen before. */
  private async keep(part: Part): Promise<number> {
    const file = `read_parquet(${quoteText(part.path)})`
    const seen = `seen.${quoteIdentifier(part.class)}`
    const unknown = unknownRows(file, seen, [part], part.repeats)
    const rowsOf = 'new.uid AS uid, new.time AS time, new.source_id AS source_id, new.position AS position'
    await this.connection.run(
      `CREATE OR REPLACE TEMP TABLE fresh AS SELECT ${part.firstTime === undefined ? rowsOf.replace('new.time', 'NULL::TIMESTAMP') : rowsOf} ${unknown}`,
    )
    const { rowsChanged } = await this.connection.run(`INSERT INTO ${seen} SELECT uid, time FROM fresh`)
    if (rowsChanged === 0) return 0
    this.kept.set(part.class, [...(this.kept.get(part.class) ?? []), part.path])
    if (rowsChanged < part.rows) {
      this.withRepeats.add(part.class)
      await this.connection.run(
        `INSERT INTO repeated.${quoteIdentifier(part.class)} SELECT new.source_id, new.position FROM ${file} AS new ANTI JOIN fresh USING (source_id, position)`,
      )
    }
    return rowsChanged
  }

  private isKept(part: Part): boolean {
    return this.kept.get(part.class)?.includes(part.path) === true
  }

  private async prepare(): Promise<void> {
    await this.connection.run("SET TimeZone = 'UTC'")
    await this.connection.run(BOOKKEEPING)
    const [[version] = []] = await this.rows("SELECT value FROM latchkey WHERE key = 'format'")
    if (version === undefined) await this.connection.run("INSERT INTO latchkey VALUES ('format', ?)", [STORE_FORMAT])
    else if (version !== STORE_FORMAT)
      throw new StoreError(
        `the store has format ${String(version)}, this version reads format ${STORE_FORMAT}: scan into a new file`,
      )
    const known = new Map<string, Set<string>>()
    for (const [table, column] of await this.rows(
      'SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal',
    )) {
      const name = String(table)
      known.set(name, (known.get(name) ?? new Set()).add(String(column)))
    }
    const statements: string[] = this.isLasting
      ? []
      : ['CREATE SCHEMA layout', 'CREATE SCHEMA seen', 'CREATE SCHEMA repeated']
    for (const { name, columns } of this.model.classes) {
      const stored = known.get(name)
      const list = columns.map((column) => ({
        column: column.name,
        sql: `${quoteIdentifier(column.name)} ${SQL_TYPES[column.type]}`,
      }))
      if (!this.isLasting) {
        statements.push(`CREATE TABLE layout.${quoteIdentifier(name)} (${list.map(({ sql }) => sql).join(', ')})`)
        statements.push(`CREATE TABLE seen.${quoteIdentifier(name)} (uid BIGINT, time TIMESTAMP)`)
        statements.push(`CREATE TABLE repeated.${quoteIdentifier(name)} (source_id BIGINT, position BIGINT)`)
      } else if (stored === undefined)
        statements.push(`CREATE TABLE ${quoteIdentifier(name)} (${list.map(({ sql }) => sql).join(', ')})`)
      else
        for (const { column, sql } of list)
          if (!stored.has(column)) statements.push(`ALTER TABLE ${quoteIdentifier(name)} ADD COLUMN ${sql}`)
    }
    if (statements.length > 0) await this.connection.run(statements.join(';\n'))
    await this.settle()
  }
}

/** DuckDB's files say `DUCK` behind the checksum of their first block. */
function isDatabase(path: string): boolean {
  try {
    const file = openSync(path, 'r')
    try {
      const head = Buffer.alloc(12)
      return readSync(file, head, 0, 12, 0) === 12 && head.toString('latin1', 8) === 'DUCK'
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}

/** The store cannot be opened or written; the message says which and why. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

const STORE_FORMAT = '1'

const BOOKKEEPING = `
CREATE TABLE IF NOT EXISTS latchkey (key VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS read_file (id BIGINT, path VARCHAR, size BIGINT, sha256 VARCHAR);
CREATE TABLE IF NOT EXISTS source (id BIGINT, name VARCHAR, size BIGINT, format VARCHAR, records BIGINT, unmapped BIGINT);
CREATE TABLE IF NOT EXISTS rejection (source VARCHAR, code VARCHAR, reason VARCHAR, position BIGINT, records BIGINT, count BIGINT);
`

const SQL_TYPES = {
  text: 'VARCHAR',
  name: 'VARCHAR',
  json: 'VARCHAR',
  integer: 'BIGINT',
  timestamp: 'TIMESTAMP',
} as const satisfies Record<ColumnType, string>

/** The rows of `file` whose records `seen` does not have. Only the same stretch of time is looked through. */
function unknownRows(file: string, seen: string, parts: readonly Part[], repeats: boolean): string {
  const times = parts.flatMap(({ firstTime, lastTime }) =>
    firstTime === undefined || lastTime === undefined ? [] : [firstTime, lastTime],
  )
  const range =
    times.length === 0
      ? ''
      : `time BETWEEN make_timestamp(${Math.min(...times)}) AND make_timestamp(${Math.max(...times)}) OR `
  const once = repeats ? ' QUALIFY row_number() OVER (PARTITION BY uid ORDER BY source_id, position) = 1' : ''
  return `FROM ${file} AS new ANTI JOIN (SELECT uid FROM ${seen} WHERE ${range}time IS NULL) AS old ON new.uid = old.uid${once}`
}

/** Bytes of parts that a lasting store takes in together. */
const TOGETHER = 192 * 2 ** 20

interface Waiting {
  readonly parts: Part[]
  readonly sources: SourceRow[]
  readonly rejections: RejectionRow[]
  readonly finished: FileRow[]
  bytes: number
}

const nothing = (): Waiting => ({ parts: [], sources: [], rejections: [], finished: [], bytes: 0 })
