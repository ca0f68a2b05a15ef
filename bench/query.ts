import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '../src/backends/duckdb/store.js'
import { compileKql } from '../src/detection/compile-query.js'
import { loadRules } from '../src/detection/rules.js'
import { loadModel } from '../src/events/model.js'
import { median, option } from './measure.js'

const NEWEST = 1_780_000_000_000_000

/**
 * A seed's query over generated process events, against the same logic written by hand in DuckDB's SQL, in turns in one process.
 * `--rows N` sets the number of events (10 million).
 */
export async function run(args: readonly string[]): Promise<void> {
  const rows = Number(option(args, 'rows') ?? 10_000_000)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    const store = await Store.open(loadModel(), { path: join(folder, 'bench.duckdb'), memoryLimit: '4GB' })
    await store.connection.run(generator(rows))
    for (const [id, byHand] of Object.entries(BY_HAND)) {
      const rule = loadRules().find((candidate) => candidate.id === id)
      if (rule === undefined) throw new Error(`no rule ${id}`)
      const compiled = compileKql(rule.query, { asOf: NEWEST })
      if (!compiled.ok) throw new Error(`${id} does not compile`)
      const ours: number[] = []
      const theirs: number[] = []
      let found = [0, 0]
      for (let round = 0; round < 5; round++) {
        const begin = performance.now()
        const mine = await store.rows(compiled.sql, compiled.params)
        const middle = performance.now()
        const other = await store.rows(byHand)
        theirs.push(performance.now() - middle)
        ours.push(middle - begin)
        found = [mine.length, other.length]
      }
      const ratio = median(ours) / median(theirs)
      console.log(
        `query    ${id} over ${rows.toLocaleString('en')} events: ${median(ours).toFixed(0)} ms, by hand ${median(theirs).toFixed(0)} ms, ratio ${ratio.toFixed(2)} (aim: 1.20); rows ${found[0]} and ${found[1]}`,
      )
    }
    await store.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A day of process starts on a thousand hosts: mostly Windows' own, one in a thousand a name of the seeds. */
function generator(rows: number): string {
  return `INSERT INTO process BY NAME
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
}

const EDGE = '[^\\p{L}\\p{N}]'
const terms = (names: readonly string[]): string =>
  `'(?is)(^|${EDGE})(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})($|${EDGE})'`
const has = (column: string, names: readonly string[]): string => `regexp_matches(${column}, ${terms(names)})`

const BY_HAND: Readonly<Record<string, string>> = {
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
    FROM process
    WHERE activity = 'launch' AND time > make_timestamp(${NEWEST}) - INTERVAL 24 HOUR
      AND ${has('process_file_name', ['teamviewer.exe', 'teamviewer_service.exe', 'anydesk.exe', 'anydesk_service.exe', 'screenconnect.exe', 'screenconnectclient.exe', 'connectwisecontrol.client.exe', 'logmein.exe', 'lmi_rescue.exe', 'logmeinrescue.exe', 'ammyyadmin.exe', 'aa_v3.exe', 'supremo.exe', 'supremoservice.exe', 'rustdesk.exe', 'splashtop.exe', 'splashtopremote.exe', 'ateraagent.exe', 'ninjaone.exe', 'ninjaremote.exe', 'simplehelp.exe', 'dwrcs.exe', 'dwrcst.exe', 'tmate', 'vnc.exe', 'tvnserver.exe', 'vncviewer.exe', 'uvnc_service.exe', 'winvnc.exe', 'remotedesktopmanager.exe', 'mstsc.exe', 'chrome_remote_desktop.exe', 'remote_assistance_host.exe'])}
    ORDER BY time DESC`,
  'seed-004-remote-desktop-plus': `
    SELECT device_uid, device_hostname, min(time), max(time), list(DISTINCT record_id), count(*)
    FROM process
    WHERE activity = 'launch' AND time BETWEEN make_timestamp(${NEWEST}) - INTERVAL 5 DAY AND make_timestamp(${NEWEST})
      AND ${has('process_file_company', ['www.donkz.nl'])} AND ${has('process_file_product', ['remote desktop plus'])} AND ${has('process_file_original_name', ['rdp.exe'])}
    GROUP BY ALL`,
}
