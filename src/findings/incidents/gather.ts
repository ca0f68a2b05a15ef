import { quoteIdentifier, quoteText } from '../../backends/duckdb/quote.js'
import type { Store } from '../../backends/duckdb/store.js'
import type { NamedObservation } from '../inventory.js'
import { type ChainSubject, type ProcessReference, processKey, type Trace } from './trace.js'

/**
 * Finds the events that tell the stories of some tools on some hosts: those that name the tool, and those that hang together with them by a
 * process, a file or an account. Each question is asked once for all chains; what one chain may take is bounded.
 */
export async function gatherTraces(
  store: Store,
  chains: readonly ChainSubject[],
  observations: readonly NamedObservation[],
): Promise<readonly Trace[]> {
  if (chains.length === 0) return []
  const gathering = new Gathering(store, chains)
  await gathering.named(observations)
  await gathering.packages()
  await gathering.files()
  await gathering.children()
  await gathering.connections()
  await gathering.ancestors()
  await gathering.persistence()
  await gathering.logons()
  return gathering.traces
}

/** Groups of events of one class that one chain may take: the first and the last of them. */
const MOST_OF_A_CLASS = 200
const DEPTH = 3
const ANCESTORS = 4
/** How long before the first trace a logon may be its cause, in microseconds. */
const BEFORE = 15 * 60e6
/** How long an installation may take, in microseconds. */
const INSTALLING = 10 * 60e6
/** How long before it writes a file a program may have fetched it. */
const FETCH = 10 * 60e6

/** What is acted upon, by class; an expression over the class's columns each. */
const OBJECTS: Readonly<Record<string, readonly [object: string, detail: string, extra: string]>> = {
  process: ['process_cmd_line', "''", "''"],
  file: ['file_path', 'coalesce(file_origin_url, file_contents)', 'file_origin_referrer_url'],
  service: ['service_name', 'service_cmd_line', 'service_account'],
  registry: ["coalesce(reg_target, reg_key_path || '\\' || coalesce(reg_value_name, ''))", 'reg_value_data', "''"],
  installer: ['product_name', 'package_path', 'product_version'],
  scheduled_task: ['job_name', 'job_cmd_line', 'job_run_as'],
  app_log: ['left(message, 400)', 'remote_user_name', 'src_ip'],
  network: ['coalesce(dst_hostname, url, dst_ip)', 'dst_port::VARCHAR', 'dst_ip'],
  dns: ['query_hostname', "''", "''"],
  logon: ['user_name', 'logon_type::VARCHAR', 'coalesce(src_ip, src_hostname)'],
}

interface Ask {
  readonly class: string
  readonly because: Trace['because']
  /** Tables joined to `event`, with what they must satisfy; they give `chain`, `own` and `parent`. */
  readonly joins: string
  readonly where?: string
  readonly chain?: string
  readonly own?: string
  readonly parent?: string
}

class Gathering {
  readonly traces: Trace[] = []
  private readonly hosts: readonly string[]
  private readonly seenProcesses = new Set<string>()

  constructor(
    private readonly store: Store,
    private readonly chains: readonly ChainSubject[],
  ) {
    this.hosts = chains.map(({ host }) => host.toLowerCase())
  }

  /** What names the tool. */
  async named(observations: readonly NamedObservation[]): Promise<void> {
    await this.table(
      'chain',
      '(place INTEGER, chain_tool VARCHAR, chain_host VARCHAR)',
      this.chains.map(({ toolId }, at) => [at, toolId, this.hosts[at]!]),
    )
    const tools = new Set(this.chains.map(({ toolId }) => toolId))
    for (const name of Object.keys(OBJECTS)) {
      const own = observations.filter((each) => each.class === name && tools.has(each.toolId))
      if (own.length === 0) continue
      const { columns } = own[0]!
      await this.known(own)
      await this.ask({
        class: name,
        because: 'named',
        joins: `JOIN known ON known.key = hash(${columns.map((column) => shown(`event.${quoteIdentifier(column)}`)).join(', ')})
          JOIN chain ON chain.chain_tool = known.tool AND chain.chain_host = lower(coalesce(event.device_hostname, ''))`,
        // Only the chains' hosts are looked at: keys are dear to make.
        where: `lower(coalesce(event.device_hostname, '')) IN (SELECT chain_host FROM chain)
          AND ${name === 'process' ? "event.activity = 'launch'" : "event.activity <> 'access'"}`,
        own: 'known.own',
        parent: 'known.parent',
      })
    }
  }

  /** Keys of observations, made where the events' keys are made. */
  private async known(observations: readonly NamedObservation[]): Promise<void> {
    const { connection } = this.store
    await connection.run('CREATE OR REPLACE TEMP TABLE known (key UBIGINT, tool VARCHAR, own BOOLEAN, parent BOOLEAN)')
    for (let start = 0; start < observations.length; start += 500) {
      const rows = observations.slice(start, start + 500).map(({ values, toolId, own, parent }) => {
        const texts = values.map((value) => quoteText(value === null || value === undefined ? '' : String(value)))
        return `(hash(${texts.join(', ')}), ${quoteText(toolId)}, ${own}, ${parent})`
      })
      await connection.run(`INSERT INTO known VALUES ${rows.join(', ')}`)
    }
  }

  /** Packages that Windows Installer was at work on when it said that the tool is installed, and who started it. */
  async packages(): Promise<void> {
    const rows = this.traces
      .filter(({ class: name, activity, first }) => name === 'installer' && activity !== 'remove' && first !== null)
      .map(({ chain, first }) => [chain, this.hosts[chain]!, first] as const)
    await this.table('chain_time', '(place INTEGER, time_host VARCHAR, moment BIGINT)', rows)
    const before = this.traces.length
    await this.ask({
      class: 'installer',
      because: 'package',
      joins: "JOIN chain_time AS chain ON chain.time_host = lower(coalesce(event.device_hostname, ''))",
      where: `event.package_path LIKE '%\\%' AND event.activity <> 'remove'
        AND event.time BETWEEN make_timestamp(chain.moment - ${INSTALLING}) AND make_timestamp(chain.moment + 30000000)`,
    })
    const starts = new Set(this.traces.filter(({ class: name, own }) => name === 'process' && own).map(startKey))
    const packages = new Map<string, readonly [number, string, string]>()
    for (const { chain, detail } of this.traces.slice(before))
      packages.set(`${chain} ${detail.toLowerCase()}`, [chain, this.hosts[chain]!, detail.toLowerCase()])
    await this.table(
      'chain_path',
      '(place INTEGER, path_host VARCHAR, path VARCHAR)',
      [...packages.values()].slice(0, 2_000),
    )
    await this.ask(
      {
        class: 'process',
        because: 'ancestor',
        joins:
          "JOIN chain_path AS chain ON chain.path_host = lower(coalesce(event.device_hostname, '')) AND contains(lower(event.process_cmd_line), chain.path)",
        where: "event.activity = 'launch'",
      },
      (trace) => !starts.has(startKey(trace)),
    )
  }

  /** Where the tool's programs and packages came from, whatever they were called: events of those very files. */
  async files(): Promise<void> {
    const paths = new Map<string, readonly [number, string, string]>()
    const add = (chain: number, path: string): void => {
      const lower = path.toLowerCase()
      if (!/^[a-z]:\\.+\\.+|^\//.test(lower) || lower.startsWith('c:\\windows\\system32\\')) return
      for (const each of [lower, `${lower}:zone.identifier`])
        paths.set(`${chain} ${each}`, [chain, this.hosts[chain]!, each])
    }
    for (const trace of this.traces) {
      if (trace.class === 'process' && trace.own) {
        add(trace.chain, trace.process.path)
        for (const path of pathsIn(trace.parentProcess.command)) add(trace.chain, path)
      }
      if (trace.class === 'installer') add(trace.chain, trace.detail)
      if (trace.class === 'file') add(trace.chain, trace.object)
    }
    await this.table(
      'chain_path',
      '(place INTEGER, path_host VARCHAR, path VARCHAR)',
      [...paths.values()].slice(0, 20_000),
    )
    const known = new Set(this.traces.filter(({ class: name }) => name === 'file').map((trace) => eventKey(trace)))
    await this.ask(
      {
        class: 'file',
        because: 'file',
        joins:
          "JOIN chain_path AS chain ON chain.path = lower(event.file_path) AND chain.path_host = lower(coalesce(event.device_hostname, ''))",
        where: "event.activity IN ('create', 'stream', 'rename', 'delete', 'modify')",
      },
      (trace) => !known.has(eventKey(trace)),
    )
  }

  /** What the tool started, and what that started. */
  async children(): Promise<void> {
    let parents = this.traces.filter(({ class: name, own, parent }) => name === 'process' && (own || parent))
    for (const { chain, class: name, process } of this.traces) {
      if (name !== 'process') continue
      const key = processKey(this.hosts[chain]!, process)
      if (key !== undefined) this.seenProcesses.add(`${chain} ${key}`)
    }
    for (let depth = 0; depth < DEPTH && parents.length > 0; depth++) {
      await this.processes(
        'chain_parent',
        parents.map(({ chain, process }) => [chain, process] as const),
      )
      const before = this.traces.length
      for (const by of JOINED_BY_PARENT)
        await this.ask(
          {
            class: 'process',
            because: 'child',
            joins: `JOIN chain_parent AS chain ON ${by}`,
            where: "event.activity = 'launch'",
          },
          (trace) => this.isNew(trace),
        )
      parents = this.traces.slice(before)
    }
  }

  /** Where the tool's own processes, and those that fetched it, connected to. */
  async connections(): Promise<void> {
    const own = this.traces.filter(({ class: name, own: acts }) => name === 'process' && acts)
    await this.processes(
      'chain_process',
      own.map(({ chain, process }) => [chain, process] as const),
    )
    const talks = new Set(this.traces.map(eventKey))
    for (const name of ['network', 'dns'])
      for (const by of JOINED_BY_PROCESS)
        await this.ask(
          { class: name, because: 'connection', joins: `JOIN chain_process AS chain ON ${by}`, own: 'true' },
          (trace) => !talks.has(eventKey(trace)),
        )
    const writers = this.traces.filter(
      ({ class: name, activity, own: acts }) => name === 'file' && activity === 'create' && !acts,
    )
    const times = new Map(
      writers.map((trace) => [
        `${trace.chain} ${processKey(this.hosts[trace.chain]!, trace.process)}`,
        trace.first ?? 0,
      ]),
    )
    await this.processes(
      'chain_process',
      writers.map(({ chain, process }) => [chain, process] as const),
    )
    for (const name of ['network', 'dns'])
      for (const by of JOINED_BY_PROCESS)
        await this.ask(
          { class: name, because: 'connection', joins: `JOIN chain_process AS chain ON ${by}` },
          (trace) => {
            const time = times.get(`${trace.chain} ${processKey(this.hosts[trace.chain]!, trace.process)}`)
            return time !== undefined && trace.first !== null && trace.first <= time && trace.first >= time - FETCH
          },
        )
  }

  /** Who started what brought the tool, or its first start, upwards. */
  async ancestors(): Promise<void> {
    let wanted = this.chains.flatMap((_, chain) => {
      const own = this.traces.filter((trace) => trace.chain === chain)
      const runs = own
        .filter(({ class: name, own: acts, because }) => name === 'process' && (acts || because === 'ancestor'))
        .slice(0, 20)
      const writers = own
        .filter(({ class: name, activity, own: acts }) => name === 'file' && activity === 'create' && !acts)
        .slice(0, 5)
      return [
        ...runs.map(({ parentProcess }) => [chain, parentProcess] as const),
        ...writers.map(({ process }) => [chain, process] as const),
      ]
    })
    for (let depth = 0; depth < ANCESTORS && wanted.length > 0; depth++) {
      await this.processes('chain_process', wanted)
      const before = this.traces.length
      for (const by of JOINED_BY_PROCESS)
        await this.ask(
          {
            class: 'process',
            because: 'ancestor',
            joins: `JOIN chain_process AS chain ON ${by}`,
            where: "event.activity = 'launch'",
          },
          (trace) => this.isNew(trace),
        )
      wanted = this.traces.slice(before).map(({ chain, parentProcess }) => [chain, parentProcess] as const)
    }
  }

  /** Values of the registry and tasks that name one of the tool's programs. */
  async persistence(): Promise<void> {
    const paths = new Map<string, readonly [number, string, string]>()
    for (const { chain, class: name, own, process } of this.traces)
      if (name === 'process' && own && process.path.length > 8)
        paths.set(`${chain} ${process.path.toLowerCase()}`, [chain, this.hosts[chain]!, process.path.toLowerCase()])
    await this.table(
      'chain_path',
      '(place INTEGER, path_host VARCHAR, path VARCHAR)',
      [...paths.values()].slice(0, 5_000),
    )
    const known = new Set(this.traces.map((trace) => eventKey(trace)))
    const on = "chain.path_host = lower(coalesce(event.device_hostname, ''))"
    const isNew = (trace: Trace): boolean => !known.has(eventKey(trace))
    await this.ask(
      {
        class: 'registry',
        because: 'persistence',
        joins: `JOIN chain_path AS chain ON ${on} AND contains(lower(event.reg_value_data), chain.path)`,
        where: "event.activity = 'set-value'",
      },
      isNew,
    )
    await this.ask(
      {
        class: 'scheduled_task',
        because: 'persistence',
        joins: `JOIN chain_path AS chain ON ${on} AND contains(lower(coalesce(event.job_cmd_line, event.job_content, '')), chain.path)`,
        where: "event.activity IN ('create', 'update')",
      },
      isNew,
    )
  }

  /** Who came over the network shortly before the tool did. */
  async logons(): Promise<void> {
    const firsts = this.chains.map((_, chain) => {
      const times = this.traces
        .filter((trace) => trace.chain === chain && trace.because !== 'ancestor')
        .map(({ first }) => first)
      return times.reduce<number | null>(
        (least, time) => (time !== null && (least === null || time < least) ? time : least),
        null,
      )
    })
    const rows = firsts.flatMap((first, at) => (first === null ? [] : [[at, this.hosts[at]!, first] as const]))
    await this.table('chain_first', '(place INTEGER, first_host VARCHAR, first BIGINT)', rows)
    await this.ask({
      class: 'logon',
      because: 'logon',
      joins: "JOIN chain_first AS chain ON chain.first_host = lower(coalesce(event.device_hostname, ''))",
      where: `event.activity = 'logon' AND event.logon_type IN (3, 10) AND NOT ends_with(event.user_name, '$')
        AND coalesce(event.src_ip, event.src_hostname, '') NOT IN ('', '-', '127.0.0.1', '::1')
        AND event.time <= make_timestamp(chain.first + 5000000) AND event.time >= make_timestamp(chain.first - ${BEFORE})`,
    })
  }

  private isNew(trace: Trace): boolean {
    const key = processKey(this.hosts[trace.chain]!, trace.process)
    if (key === undefined) return false
    const own = `${trace.chain} ${key}`
    if (this.seenProcesses.has(own)) return false
    this.seenProcesses.add(own)
    return true
  }

  private async processes(name: string, rows: readonly (readonly [number, ProcessReference])[]): Promise<void> {
    const distinct = new Map<string, readonly (string | number | null)[]>()
    for (const [chain, process] of rows) {
      const key = processKey(this.hosts[chain]!, process)
      if (key !== undefined)
        distinct.set(`${chain} ${key}`, [
          chain,
          this.hosts[chain]!,
          process.uid === '' ? null : process.uid,
          process.uid === '' ? process.pid : null,
          process.created,
        ])
    }
    await this.table(
      name,
      '(place INTEGER, process_host VARCHAR, uid VARCHAR, pid BIGINT, created BIGINT)',
      [...distinct.values()].slice(0, 20_000),
    )
  }

  private async table(
    name: string,
    columns: string,
    rows: readonly (readonly (string | number | null)[])[],
  ): Promise<void> {
    const { connection } = this.store
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${name} ${columns}`)
    const value = (each: string | number | null): string =>
      each === null ? 'NULL' : typeof each === 'number' ? String(each) : quoteText(each)
    for (let start = 0; start < rows.length; start += 1000) {
      const values = rows.slice(start, start + 1000).map((row) => `(${row.map(value).join(', ')})`)
      await connection.run(`INSERT INTO ${name} VALUES ${values.join(', ')}`)
    }
  }

  private async ask(
    { class: name, because, joins, where = 'true', chain = 'chain.place', own = 'false', parent = 'false' }: Ask,
    take: (trace: Trace) => boolean = () => true,
  ): Promise<void> {
    const columns = new Set(
      this.store.model.classes.find((each) => each.name === name)?.columns.map((column) => column.name),
    )
    const either = (...names: readonly string[]): string =>
      `coalesce(${[...names.filter((column) => columns.has(column)).map((column) => `event.${column}`), "''"].join(', ')})`
    const micros = (column: string): string => (columns.has(column) ? `epoch_us(event.${column})` : 'NULL')
    const number = (column: string): string => (columns.has(column) ? `event.${column}` : 'NULL')
    const [object, detail, extra] = OBJECTS[name]!.map((text) => `coalesce(${text}, '')`)
    const domain = either('process_user_domain', 'user_domain', 'actor_user_domain')
    const account = either('process_user_name', 'user_name', 'actor_user_name')
    const of = (text: string, as: string): string =>
      name === 'process' ? `${text} AS ${as}` : `arg_min(${text}, ${EARLIEST}) AS ${as}`
    const rows = await this.store.rows(
      `SELECT * FROM (
        SELECT ${chain} AS place, bool_or(${own}) AS own, bool_or(${parent}) AS started, ${either('activity')} AS act, ${either('process_file_name')} AS name,
          ${either('process_file_path')} AS path, ${of(either('process_cmd_line'), 'command')}, ${of(either('process_uid'), 'uid')}, ${of(number('process_pid'), 'pid')},
          ${of(micros('process_created_time'), 'created')}, CASE WHEN ${domain} = '' THEN ${account} ELSE ${domain} || '\\' || ${account} END AS account,
          ${either('parent_process_file_name')} AS parent_name, ${of(either('parent_process_uid'), 'parent_uid')}, ${of(number('parent_process_pid'), 'parent_pid')},
          ${of(micros('parent_process_created_time'), 'parent_created')}, ${of(either('parent_process_cmd_line'), 'parent_command')},
          ${object} AS object, ${detail} AS detail, ${extra} AS extra,
          count(*) AS events, min(epoch_us(event.time)) AS first, max(epoch_us(event.time)) AS last, arg_min(event.source_id, ${EARLIEST}) AS source, arg_min(event.position, ${EARLIEST}) AS place_in_source
        FROM ${quoteIdentifier(name)} AS event ${joins} WHERE ${where} GROUP BY ALL
      ) QUALIFY least(row_number() OVER (PARTITION BY place ORDER BY first), row_number() OVER (PARTITION BY place ORDER BY first DESC)) <= ${MOST_OF_A_CLASS / 2}
      ORDER BY place, first, name, object, source, place_in_source`,
    )
    for (const row of rows) {
      const trace = traceOf(name, because, row)
      if (take(trace)) this.traces.push(trace)
    }
  }
}

/** A value as text; nothing and the empty text are one. */
const shown = (column: string): string => `coalesce(${column}::VARCHAR, '')`

/** The earliest event of a group; of several at one time always the same. */
const EARLIEST = '{t: event.time, s: event.source_id, p: event.position}'

const JOINED_BY_PARENT = [
  "chain.uid = event.parent_process_uid AND chain.process_host = lower(coalesce(event.device_hostname, ''))",
  "chain.pid = event.parent_process_pid AND chain.created = epoch_us(event.parent_process_created_time) AND chain.process_host = lower(coalesce(event.device_hostname, ''))",
]

const JOINED_BY_PROCESS = [
  "chain.uid = event.process_uid AND chain.process_host = lower(coalesce(event.device_hostname, ''))",
  "chain.pid = event.process_pid AND chain.created = epoch_us(event.process_created_time) AND chain.process_host = lower(coalesce(event.device_hostname, ''))",
]

function traceOf(name: string, because: Trace['because'], row: readonly unknown[]): Trace {
  const [at, own, parent, activity, processName, path, command, uid, pid, created, user] = row
  const [
    parentName,
    parentUid,
    parentPid,
    parentCreated,
    parentCommand,
    object,
    detail,
    extra,
    count,
    first,
    last,
    source,
    position,
  ] = row.slice(11)
  return {
    chain: Number(at),
    because,
    class: name,
    activity: text(activity),
    own: own === true,
    parent: parent === true,
    process: {
      name: text(processName),
      path: text(path),
      command: text(command),
      uid: text(uid),
      pid: number(pid),
      created: number(created),
    },
    parentProcess: {
      name: text(parentName),
      path: '',
      command: text(parentCommand),
      uid: text(parentUid),
      pid: number(parentPid),
      created: number(parentCreated),
    },
    user: text(user),
    object: text(object),
    detail: text(detail),
    extra: text(extra),
    count: Number(count),
    first: number(first),
    last: number(last),
    sourceId: number(source),
    position: number(position),
  }
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
const number = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value))

const eventKey = ({ chain, class: name, activity, object, first }: Trace): string =>
  JSON.stringify([chain, name, activity, object.toLowerCase(), first])

const startKey = ({ chain, process, first }: Trace): string => JSON.stringify([chain, process.uid, first])

/** Paths of packages and scripts that a command line names. */
const pathsIn = (command: string): readonly string[] =>
  command.match(/[a-z]:\\[^"<>|*?:\r\n]{1,400}?\.(?:msi|exe|zip|js|vbs|bat|cmd|ps1|hta|lnk|iso)\b/gi) ?? []
