import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EventModel } from '../../events/model.js'
import type { EventSink, FileRow, Part, RejectionRow, SourceRow } from '../event-sink.js'
import type { ClickhouseConnection } from './connect.js'
import { quoteIdentifier, quoteText } from './quote.js'
import { createStatements, type LayoutOptions, partStructure } from './tables.js'

/**
 * The events of a ClickHouse database, as reading adds to them. A record that is there is not added again: the rows of a part whose
 * fingerprint is found among the records of the same stretch of time are left out. The same part sent twice, as after a lost answer, is
 * dropped by the server by its name; a copy that two runs insert at the same moment goes when ClickHouse merges.
 */
export class ClickhouseStore implements EventSink {
  readonly isLasting = true

  constructor(
    private readonly connection: ClickhouseConnection,
    readonly model: EventModel,
    private readonly layout: LayoutOptions,
    /** A folder of this run's own. */
    private readonly workFolder: string,
  ) {}

  /** Makes what is not there yet. */
  async prepare(): Promise<void> {
    for (const statement of createStatements(this.model, this.layout)) await this.connection.command(statement)
  }

  isPrepared(): Promise<boolean> {
    return isPrepared(this.connection, this.layout.database)
  }

  get partsFolder(): string {
    const folder = join(this.workFolder, 'parts')
    mkdirSync(folder, { recursive: true })
    return folder
  }

  async files(): Promise<readonly FileRow[]> {
    const rows = await this.connection.query(`SELECT id, path, size, sha256 FROM ${this.table('read_file')} FINAL`)
    return rows.map(([id, path, size, sha256]) => ({
      id: Number(id),
      path: String(path),
      size: Number(size),
      sha256: sha256 === '' ? undefined : String(sha256),
    }))
  }

  /** Runs on several machines begin at a place of their own: ClickHouse has no counter that they could share. */
  async takeFileIds(count: number): Promise<number> {
    const [[last] = []] = await this.connection.query(
      `SELECT greatest((SELECT max(id) FROM ${this.table('read_file')}), (SELECT intDiv(max(id), ${2 ** 20}) FROM ${this.table('source')}))`,
    )
    void count
    return Number(last ?? 0) + 1 + Math.floor(Math.random() * 4096)
  }

  async add(
    parts: readonly Part[],
    sources: readonly SourceRow[],
    rejections: readonly RejectionRow[],
    finished: readonly FileRow[],
  ): Promise<number> {
    let stored = 0
    for (const part of parts) stored += await this.addPart(part)
    await this.note('source', ['id', 'name', 'size', 'format', 'records', 'unmapped'], sources)
    await this.note('rejection', ['source', 'code', 'reason', 'position', 'records', 'count'], rejections)
    // Last, so that a file counts as read only when its records are there.
    await this.note(
      'read_file',
      ['id', 'path', 'size', 'sha256'],
      finished.map((row) => ({ ...row, sha256: row.sha256 ?? '' })),
    )
    for (const part of parts) rmSync(part.path, { force: true })
    return stored
  }

  async settle(): Promise<number> {
    return 0
  }

  private async addPart(part: Part): Promise<number> {
    const eventClass = this.model.classes.find(({ name }) => name === part.class)!
    const table = this.table(part.class)
    const names = eventClass.columns.map(({ name }) => quoteIdentifier(name)).join(', ')
    const token = await hashOf(part.path)
    const [from, to] = [part.firstTime, part.lastTime].map(
      (micros) => `fromUnixTimestamp64Micro(toInt64(${micros}), 'UTC')`,
    )
    // Two conditions and not one with OR, which would not be looked up in the sorting key.
    const alike = [
      ...(part.firstTime === undefined ? [] : [`SELECT uid FROM ${table} WHERE time BETWEEN ${from} AND ${to}`]),
      `SELECT uid FROM ${table} WHERE time IS NULL`,
    ].join(' UNION ALL ')
    const before = await this.count(alike)
    await this.connection.insertFile({
      statement: [
        `INSERT INTO ${table} (${names}) SELECT ${names} FROM`,
        `WHERE uid NOT IN (${alike})${part.repeats ? ' ORDER BY source_id, position LIMIT 1 BY uid' : ''}`,
      ],
      path: part.path,
      structure: partStructure(eventClass),
      token,
    })
    return (await this.count(alike)) - before
  }

  private async count(rows: string): Promise<number> {
    const [[count] = []] = await this.connection.query(`SELECT count() FROM (${rows})`)
    return Number(count ?? 0)
  }

  private async note(table: string, columns: readonly string[], rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return
    const cell = (value: unknown): string =>
      value === undefined ? 'NULL' : typeof value === 'number' ? String(value) : quoteText(String(value))
    const values = rows.map(
      (row) => `(${columns.map((name) => cell((row as Record<string, unknown>)[name])).join(', ')})`,
    )
    for (let start = 0; start < values.length; start += 1000)
      await this.connection.command(
        `INSERT INTO ${this.table(table)} (${columns.join(', ')}) VALUES ${values.slice(start, start + 1000).join(', ')}`,
      )
  }

  private table(name: string): string {
    return `${quoteIdentifier(this.layout.database)}.${quoteIdentifier(name)}`
  }
}

/** Whether `prepare` has ever run on a database. */
export async function isPrepared(connection: ClickhouseConnection, database: string): Promise<boolean> {
  const found = await connection.query(
    `SELECT name FROM system.tables WHERE database = ${quoteText(database)} AND name = 'read_file'`,
  )
  return found.length > 0
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
