import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clickhouseTables } from '../src/backends/clickhouse/bind-tables.js'
import { createStatements } from '../src/backends/clickhouse/tables.js'
import { Store } from '../src/backends/duckdb/store.js'
import { compileForClickhouse } from '../src/detection/compile-clickhouse.js'
import { compileKql } from '../src/detection/compile-query.js'
import { loadRules } from '../src/detection/rules.js'
import { loadModel } from '../src/events/model.js'
import { openClickhouse } from '../test/fixtures/clickhouse.js'
import { median, option } from './measure.js'

const NEWEST = 1_780_000_000_000_000

/** An engine with the generated events. */
interface Filled {
  /** The SQL of a KQL query. */
  readonly compile: (kql: string) => Promise<string>
  readonly rows: (sql: string) => Promise<readonly unknown[]>
  readonly byHand: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

/**
 * Queries over generated process events, against the same logic written by hand in the engine's SQL, in turns in one process: a seed's
 * list of names, a seed's terms, and `has_any` of thirty needles over command lines. `--rows N` sets the number of events (10 million),
 * `--engine duckdb|clickhouse` leaves out the other.
 */
export async function run(args: readonly string[]): Promise<void> {
  const rows = Number(option(args, 'rows') ?? 10_000_000)
  const only = option(args, 'engine')
  for (const [name, fill] of Object.entries(ENGINES)) {
    if (only !== undefined && only !== name) continue
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const engine = await fill(rows, folder)
    try {
      if (typeof engine === 'string') console.log(`query    ${name}: ${engine}`)
      else for (const [id, kql] of queries()) await compare(name, engine, id, kql, rows)
    } finally {
      if (typeof engine !== 'string') await engine.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function queries(): readonly (readonly [id: string, kql: string])[] {
  const seeds = ['seed-001-remote-access-tools', 'seed-004-remote-desktop-plus'].map((id) => {
    const rule = loadRules().find((candidate) => candidate.id === id)
    if (rule === undefined) throw new Error(`no rule ${id}`)
    return [id, rule.query] as const
  })
  const list = NEEDLES.map((needle) => `"${needle}"`).join(', ')
  return [
    ...seeds,
    ['has_any-of-30', `DeviceProcessEvents | where ProcessCommandLine has_any (${list}) | summarize Count = count()`],
  ]
}

async function compare(name: string, engine: Filled, id: string, kql: string, rows: number): Promise<void> {
  const sql = await engine.compile(kql)
  const byHand = engine.byHand[id]!
  const ours: number[] = []
  const theirs: number[] = []
  let found = ['', '']
  for (let round = 0; round < 5; round++) {
    const begin = performance.now()
    const mine = await engine.rows(sql)
    const middle = performance.now()
    const other = await engine.rows(byHand)
    theirs.push(performance.now() - middle)
    ours.push(middle - begin)
    found = [mine, other].map((list) => (list.length === 1 ? `one, ${String(list[0])}` : String(list.length)))
  }
  const ratio = median(ours) / median(theirs)
  console.log(
    `query    ${name}: ${id} over ${rows.toLocaleString('en')} events: ${median(ours).toFixed(0)} ms, by hand ${median(theirs).toFixed(0)} ms, ratio ${ratio.toFixed(2)} (aim: 1.20); rows ${found.join(' and ')}`,
  )
}

const ENGINES: Readonly<Record<string, (rows: number, folder: string) => Promise<Filled | string>>> = {
  duckdb: async (rows, folder) => {
    const store = await Store.open(loadModel(), { path: join(folder, 'bench.duckdb'), memoryLimit: '4GB' })
    await store.connection.run(DUCKDB_EVENTS(rows))
    return {
      compile: async (kql) => {
        const compiled = compileKql(kql, { asOf: NEWEST })
        if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
        return compiled.sql
      },
      rows: (sql) => store.rows(sql),
      byHand: handWritten(DUCKDB),
      close: () => store.close(),
    }
  },
  clickhouse: async (rows) => {
    const engine = openClickhouse()
    if ('missing' in engine) return engine.missing
    for (const statement of createStatements(loadModel(), { database: 'bench' })) await engine.command(statement)
    // Some at a time: the engine holds what it inserts.
    for (let from = 0; from < rows; from += 1_000_000)
      await engine.command(CLICKHOUSE_EVENTS(from, Math.min(1_000_000, rows - from)))
    return {
      compile: async (kql) => {
        const compiled = await compileForClickhouse(kql, { asOf: NEWEST, tables: clickhouseTables('bench') })
        if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message)
        if (compiled.split.local) throw new Error('part of the query would run here')
        return compiled.split.pieces[0]!.sql
      },
      rows: (sql) => engine.query(sql),
      byHand: handWritten(CLICKHOUSE),
      close: () => engine.close(),
    }
  },
}

/** A day of process starts on a thousand hosts: mostly Windows' own, one in a thousand a name of the seeds. */
const DUCKDB_EVENTS = (rows: number): string => `INSERT INTO process BY NAME
    SELECT (hash(n) % 4611686018427387904)::BIGINT AS uid, make_timestamp(${NEWEST} - (n * 8639)::BIGINT) AS time, 'utc' AS time_quality, 'launch' AS activity,
      'HOST-' || (hash(n) % 1000) AS device_hostname, 'Microsoft-Windows-Sysmon/Operational' AS log_name, 1 AS event_code, n AS record_id, 'sysmon' AS schema,
      CASE WHEN hash(n + 1) % 1000 = 0 THEN (['AnyDesk.exe','TeamViewer.exe','rustdesk.exe','winvnc.exe','client32.exe'])[1 + (hash(n + 2) % 5)::BIGINT]
        ELSE (['svchost.exe','chrome.exe','conhost.exe','cmd.exe','powershell.exe','backgroundTaskHost.exe','RuntimeBroker.exe','SearchFilterHost.exe','msedge.exe','Teams.exe'])[1 + (hash(n + 3) % 10)::BIGINT] END AS process_file_name,
      'C:\\Program Files\\Vendor ' || (hash(n + 4) % 500)::BIGINT || '\\' || process_file_name AS process_file_path,
      '"' || process_file_path || '" --instance ' || n AS process_cmd_line,
      'user' || (hash(n + 5) % 3000)::BIGINT AS process_user_name,
      (['Microsoft Corporation','Google LLC','Vendor GmbH'])[1 + (hash(n + 7) % 3)::BIGINT] AS process_file_company,
      (['Microsoft® Windows® Operating System','Google Chrome','Some Product'])[1 + (hash(n + 8) % 3)::BIGINT] AS process_file_product,
      process_file_name AS process_file_original_name,
      (['explorer.exe','services.exe','svchost.exe','cmd.exe','powershell.exe'])[1 + (hash(n + 6) % 5)::BIGINT] AS parent_process_file_name,
      'C:\\Windows\\' || parent_process_file_name AS parent_process_cmd_line
    FROM range(${rows}) AS numbers(n)`

/** The same for ClickHouse, whose random numbers are others. */
const CLICKHOUSE_EVENTS = (
  from: number,
  rows: number,
): string => `INSERT INTO bench.process (uid, time, time_quality, activity, device_hostname,
      log_name, event_code, record_id, schema, process_file_name, process_file_path, process_cmd_line, process_user_name, process_file_company,
      process_file_product, process_file_original_name, parent_process_file_name, parent_process_cmd_line)
    SELECT toInt64(sipHash64(number) % 4611686018427387904), fromUnixTimestamp64Micro(toInt64(${NEWEST} - number * 8639), 'UTC'), 'utc', 'launch',
      'HOST-' || toString(sipHash64(number) % 1000), 'Microsoft-Windows-Sysmon/Operational', 1, number, 'sysmon',
      if(sipHash64(number + 1) % 1000 = 0, ['AnyDesk.exe','TeamViewer.exe','rustdesk.exe','winvnc.exe','client32.exe'][1 + sipHash64(number + 2) % 5],
        ['svchost.exe','chrome.exe','conhost.exe','cmd.exe','powershell.exe','backgroundTaskHost.exe','RuntimeBroker.exe','SearchFilterHost.exe','msedge.exe','Teams.exe'][1 + sipHash64(number + 3) % 10]) AS name,
      'C:\\\\Program Files\\\\Vendor ' || toString(sipHash64(number + 4) % 500) || '\\\\' || name AS path,
      '"' || path || '" --instance ' || toString(number), 'user' || toString(sipHash64(number + 5) % 3000),
      ['Microsoft Corporation','Google LLC','Vendor GmbH'][1 + sipHash64(number + 7) % 3],
      ['Microsoft® Windows® Operating System','Google Chrome','Some Product'][1 + sipHash64(number + 8) % 3], name,
      ['explorer.exe','services.exe','svchost.exe','cmd.exe','powershell.exe'][1 + sipHash64(number + 6) % 5] AS parent, 'C:\\\\Windows\\\\' || parent
    FROM numbers(${from}, ${rows})`

/** What the engines' own SQL calls things. */
interface Words {
  readonly table: string
  readonly matches: (column: string, pattern: string) => string
  readonly before: (hours: number) => string
  readonly newest: string
  readonly list: (column: string) => string
  readonly groupBy: string
}

const DUCKDB: Words = {
  table: 'process',
  matches: (column, pattern) => `regexp_matches(${column}, ${pattern})`,
  before: (hours) => `make_timestamp(${NEWEST}) - INTERVAL ${hours} HOUR`,
  newest: `make_timestamp(${NEWEST})`,
  list: (column) => `list(DISTINCT ${column})`,
  groupBy: 'GROUP BY ALL',
}

const CLICKHOUSE: Words = {
  table: 'bench.process',
  matches: (column, pattern) => `match(${column}, ${pattern.replaceAll('\\', '\\\\')})`,
  before: (hours) => `fromUnixTimestamp64Micro(toInt64(${NEWEST - hours * 3_600_000_000}), 'UTC')`,
  newest: `fromUnixTimestamp64Micro(toInt64(${NEWEST}), 'UTC')`,
  list: (column) => `groupUniqArray(${column})`,
  groupBy: 'GROUP BY device_uid, device_hostname',
}

const EDGE = '[^\\p{L}\\p{N}]'
const terms = (names: readonly string[]): string =>
  `'(?is)(^|${EDGE})(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})($|${EDGE})'`

/** Names that the generated events have, and others of their kind. */
const NEEDLES = [
  ...[
    'anydesk',
    'teamviewer',
    'rustdesk',
    'winvnc',
    'client32',
    'screenconnect',
    'logmein',
    'ammyy',
    'supremo',
    'splashtop',
  ],
  ...['atera', 'ninja', 'simplehelp', 'dwrcs', 'tmate', 'tvnserver', 'vncviewer', 'mstsc', 'getscreen', 'meshagent'],
  ...['aeroadmin', 'fixme', 'bomgar', 'pulseway', 'zoho', 'parsec', 'nomachine', 'radmin', 'iperius', 'hoptodesk'],
]

function handWritten({ table, matches, before, newest, list, groupBy }: Words): Readonly<Record<string, string>> {
  const has = (column: string, names: readonly string[]): string => matches(column, terms(names))
  return {
    'seed-001-remote-access-tools': `
    SELECT time, device_hostname, process_user_name, process_file_name, process_cmd_line, parent_process_file_name, parent_process_cmd_line,
      CASE WHEN ${has('process_file_name', ['teamviewer', 'anydesk', 'screenconnect', 'connectwise'])} THEN 'Commercial RMM'
        WHEN ${has('process_file_name', ['vnc', 'tvnserver', 'winvnc', 'uvnc'])} THEN 'VNC'
        WHEN ${has('process_file_name', ['logmein', 'lmi_rescue'])} THEN 'LogMeIn'
        WHEN ${has('process_file_name', ['ammyy', 'aa_v3'])} THEN 'AmmyyAdmin'
        WHEN ${has('process_file_name', ['rustdesk', 'splashtop', 'supremo'])} THEN 'Other RMM'
        WHEN ${has('process_file_name', ['atera', 'ninja', 'simplehelp', 'dwrcs'])} THEN 'MSP Tool' ELSE 'Unknown' END AS RATCategory,
      lower(parent_process_file_name) IN ('services.exe', 'svchost.exe') AS IsService,
      lower(parent_process_file_name) IN ('explorer.exe', 'cmd.exe', 'powershell.exe') AS IsUserLaunched
    FROM ${table}
    WHERE activity = 'launch' AND time > ${before(24)}
      AND ${has('process_file_name', ['teamviewer.exe', 'teamviewer_service.exe', 'anydesk.exe', 'anydesk_service.exe', 'screenconnect.exe', 'screenconnectclient.exe', 'connectwisecontrol.client.exe', 'logmein.exe', 'lmi_rescue.exe', 'logmeinrescue.exe', 'ammyyadmin.exe', 'aa_v3.exe', 'supremo.exe', 'supremoservice.exe', 'rustdesk.exe', 'splashtop.exe', 'splashtopremote.exe', 'ateraagent.exe', 'ninjaone.exe', 'ninjaremote.exe', 'simplehelp.exe', 'dwrcs.exe', 'dwrcst.exe', 'tmate', 'vnc.exe', 'tvnserver.exe', 'vncviewer.exe', 'uvnc_service.exe', 'winvnc.exe', 'remotedesktopmanager.exe', 'mstsc.exe', 'chrome_remote_desktop.exe', 'remote_assistance_host.exe'])}
    ORDER BY time DESC`,
    'seed-004-remote-desktop-plus': `
    SELECT device_uid, device_hostname, min(time), max(time), ${list('record_id')}, count(*)
    FROM ${table}
    WHERE activity = 'launch' AND time BETWEEN ${before(120)} AND ${newest}
      AND ${has('process_file_company', ['www.donkz.nl'])} AND ${has('process_file_product', ['remote desktop plus'])} AND ${has('process_file_original_name', ['rdp.exe'])}
    ${groupBy}`,
    'has_any-of-30': `SELECT count(*) FROM ${table} WHERE ${has('process_cmd_line', NEEDLES)}`,
  }
}
