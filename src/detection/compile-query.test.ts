import { existsSync, readFileSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerFunctions } from '../backends/duckdb/call-function.js'
import { loadModel } from '../events/model.js'
import { compileKql } from './compile-query.js'

const AS_OF = 1_780_000_000_000_000
const TYPES = { text: 'VARCHAR', name: 'VARCHAR', integer: 'BIGINT', timestamp: 'TIMESTAMP', json: 'VARCHAR' } as const

let connection: DuckDBConnection

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect()
  registerFunctions(connection)
  for (const { name, columns } of loadModel().classes) {
    await connection.run(
      `CREATE TABLE "${name}" (${columns.map((each) => `"${each.name}" ${TYPES[each.type]}`).join(', ')})`,
    )
  }
  const insert = await connection.prepare(
    `INSERT INTO process BY NAME SELECT make_timestamp($1::BIGINT) AS time, 'launch' AS activity, 'HOST' AS device_hostname, $2 AS process_file_name,
     $3 AS process_file_path, $4 AS parent_process_file_name, $5 AS process_file_company, $6 AS process_file_product, $7 AS process_file_original_name, $8::BIGINT AS record_id, $9 AS fields`,
  )
  let record = 0n
  for (const [
    hours,
    name,
    path,
    parent,
    company = null,
    product = null,
    originalName = null,
    fields = null,
  ] of EVENTS) {
    insert.bind([
      BigInt(AS_OF) - BigInt(hours) * 3_600_000_000n,
      name,
      path,
      parent,
      company,
      product,
      originalName,
      ++record,
      fields,
    ])
    await insert.run()
  }
})

type Event = readonly [
  hours: number,
  name: string,
  path: string,
  parent: string,
  company?: string | null,
  product?: string | null,
  originalName?: string | null,
  fields?: string | null,
]

const EVENTS: readonly Event[] = [
  [1, 'AnyDesk.exe', 'C:\\Users\\kim\\Downloads\\AnyDesk.exe', 'powershell.exe'],
  [2, 'AnyDesk_test.exe', 'C:\\Users\\kim\\Downloads\\AnyDesk_test.exe', 'powershell.exe'],
  [3, 'winvnc.exe', 'C:\\Program Files\\uvnc\\winvnc.exe', 'services.exe'],
  [
    4,
    'notepad.exe',
    'C:\\Windows\\notepad.exe',
    'explorer.exe',
    null,
    null,
    null,
    '{"AdditionalFields":"{\\"Depth\\":3}"}',
  ],
  [30, 'TeamViewer.exe', 'C:\\Program Files\\TeamViewer\\TeamViewer.exe', 'explorer.exe'],
  [40, 'rdp.exe', 'C:\\Tools\\rdp.exe', 'cmd.exe', 'www.donkz.nl', 'Remote Desktop Plus', 'rdp.exe'],
  [50, 'rdp.exe', 'D:\\rdp.exe', 'cmd.exe', 'WWW.DONKZ.NL', 'Remote Desktop Plus 7', 'RDP.EXE'],
]

async function run(text: string): Promise<Record<string, unknown>[]> {
  const compiled = compileKql(text, { asOf: AS_OF })
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  const rows = (await connection.runAndReadAll(compiled.sql)).getRows()
  return rows.map((row) =>
    Object.fromEntries(compiled.columns.map((column, index) => [column.name, compiled.read(row[index], column)])),
  )
}

const SEEDS = new URL('../../../shared/seeds/', import.meta.url)

/** The KQL of a seed, verbatim. */
function seed(file: string, from: string, to: string): string {
  const text = readFileSync(new URL(file, SEEDS), 'utf8')
  const start = text.indexOf(from)
  return text.slice(start, text.indexOf(to, start))
}

describe.skipIf(!existsSync(SEEDS))('the seeds run verbatim (skipped without ../shared)', () => {
  it('seed 000 finds whole terms in the last day, labelled', async () => {
    const rows = await run(seed('000_ec9923ba75113780.txt', 'let RMMTools', 'medium severity'))
    expect(
      rows.map((row) => [row.FileName, row.ToolFamily, row.SuspiciousParent, row.FromTempPath, row.IsPortable]),
    ).toEqual([
      ['AnyDesk.exe', 'AnyDesk', true, true, true],
      ['winvnc.exe', 'VNC', false, false, false],
    ])
    expect(rows[0]?.Timestamp).toBe('2026-05-28T19:26:40.0000000Z')
  })

  it('seed 001 tells services from people', async () => {
    const rows = await run(seed('001_ff9c5f83db9efa97.txt', 'let RATProcessNames', '\n\nDetects'))
    expect(rows.map((row) => [row.FileName, row.RATCategory, row.IsService, row.IsUserLaunched])).toEqual([
      ['AnyDesk.exe', 'Commercial RMM', false, true],
      ['winvnc.exe', 'VNC', true, false],
    ])
  })

  it('seed 004 sums up first and last seen for each device', async () => {
    const rows = await run(seed('004_7829d90fd3bb3c52.txt', 'let Time_start', 'id: 6e98'))
    expect(rows).toEqual([
      {
        DeviceId: '',
        DeviceName: 'HOST',
        FirstSeen: '2026-05-26T18:26:40.0000000Z',
        LastSeen: '2026-05-27T04:26:40.0000000Z',
        Report: [6, 7],
        Count: 2,
      },
    ])
  })
})

describe('compileKql', () => {
  it('reads a column that has no column of its own from the original fields', async () => {
    expect(await run('DeviceProcessEvents | where AdditionalFields.Depth == 3 | project FileName')).toEqual([
      { FileName: 'notepad.exe' },
    ])
  })

  it('reads a missing text as the empty text', async () => {
    expect(await run('DeviceProcessEvents | where AccountName == "" and isempty(AccountUpn) | count')).toEqual([
      { Count: 7 },
    ])
    expect(await run('DeviceProcessEvents | where AccountName !startswith "x" | count')).toEqual([{ Count: 7 }])
    expect(await run('DeviceProcessEvents | where not(AccountName has "x") | count')).toEqual([{ Count: 7 }])
  })

  it('compares times as they are stored', () => {
    const compiled = compileKql('DeviceProcessEvents | where Timestamp > ago(24h)', { asOf: AS_OF })
    expect(compiled.ok && compiled.sql).toContain('"time" > make_timestamp(1779913600000000)')
  })

  it('runs any number of needles as one regular expression', () => {
    const needles = Array.from({ length: 30 }, (_, index) => `"tool${index}.exe"`).join(', ')
    const compiled = compileKql(`DeviceProcessEvents | where FileName has_any (${needles}) | count`, { asOf: AS_OF })
    expect(compiled.ok && compiled.sql.match(/regexp_matches/g)).toHaveLength(1)
  })

  it('keeps hostile literals inside their quotes', async () => {
    for (const text of ["it's", '"; DROP TABLE process; --', '/* */ -- ', '\\', "\u0000'", '\u{1F511}', '$1', '%_']) {
      const literal = `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\u0000', '\\0')}"`
      const rows = await run(
        `print x = ${literal} | extend same = x == ${literal}, found = x contains ${literal}, ['a "b'] = 1`,
      )
      expect(rows).toEqual([{ x: text, same: true, found: true, 'a "b': 1 }])
    }
  })

  it('reads a member of a stored object, and its text, in one parse', async () => {
    const compiled = compileKql('WindowsEvent | where tostring(EventData.ImagePath) has "relay"', { asOf: AS_OF })
    expect(compiled.ok && compiled.sql).toContain(`CAST(nullif("fields", '') AS JSON)`)
    expect(compiled.ok && compiled.sql).not.toContain('json_valid')
    const given = `print d = parse_json('{"a":null,"b":{"c":[1]},"t":"null"}')`
    expect(
      await run(
        `${given} | project a = tostring(d.a), b = tostring(d.b), c = tostring(d.b.c[0]), t = tostring(d.t), n = tostring(d.x.y)`,
      ),
    ).toEqual([{ a: '', b: '{"c":[1]}', c: '1', t: 'null', n: '' }])
  })

  it('refuses by name, with the place', () => {
    const refused = (text: string) => {
      const compiled = compileKql(text, { asOf: AS_OF })
      return compiled.ok
        ? undefined
        : {
            code: compiled.diagnostics[0]?.code,
            at:
              compiled.diagnostics[0]?.span &&
              text.slice(compiled.diagnostics[0].span.start, compiled.diagnostics[0].span.end),
          }
    }
    expect(refused('DeviceProcesEvents | count')).toEqual({ code: 'unknown-table', at: 'DeviceProcesEvents' })
    expect(refused('print x = tolowr("A")')).toEqual({ code: 'unsupported-function', at: 'tolowr' })
    expect(refused('print x = 1 | where y == 2')).toEqual({ code: 'unknown-name', at: 'y' })
    expect(refused('DeviceProcessEvents | wher FileName == "x"')?.code).toBe('kusto-diagnostic')
  })
})
