import type { EventStore } from '../../backends/event-store.js'
import { and, literal, not, type Scalar, text } from '../../ir/scalar.js'
import {
  atMicros,
  endsWith,
  firstText,
  hasIn,
  isAmong,
  isAtLeast,
  isAtMost,
  isNotEqual,
  Steps,
} from '../../ir/steps.js'
import { column } from '../../ir/types.js'
import type { Value } from '../../ir/value.js'
import type { NamedObservation } from '../inventory.js'
import { observationKey } from '../observed-events.js'
import { hostOf, lower, PLACE, type Question, TOLD, traces } from './ask.js'
import { type ChainSubject, type ProcessReference, processKey, type Trace } from './trace.js'

/**
 * Finds the events that tell the stories of some tools on some hosts: those that name the tool, and those that hang together with them by a
 * process, a file or an account. Each question is asked once for all chains; what one chain may take is bounded.
 */
export async function gatherTraces(
  store: EventStore,
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

const DEPTH = 3
const ANCESTORS = 4
/** How long before the first trace a logon may be its cause, in microseconds. */
const BEFORE = 15 * 60e6
/** How long an installation may take, in microseconds. */
const INSTALLING = 10 * 60e6
/** How long before it writes a file a program may have fetched it. */
const FETCH = 10 * 60e6

class Gathering {
  readonly traces: Trace[] = []
  private readonly hosts: readonly string[]
  private readonly seenProcesses = new Set<string>()

  constructor(
    private readonly store: EventStore,
    private readonly chains: readonly ChainSubject[],
  ) {
    this.hosts = chains.map(({ host }) => host.toLowerCase())
  }

  /** What names the tool. */
  async named(observations: readonly NamedObservation[]): Promise<void> {
    const chains = Steps.rows(
      [column(PLACE, 'long'), column('$tool', 'string'), column('$host', 'string')],
      this.chains.map(({ toolId }, at) => [BigInt(at), toolId, this.hosts[at]!]),
    )
    const tools = new Set(this.chains.map(({ toolId }) => toolId))
    for (const name of TOLD) {
      const own = observations.filter((each) => each.class === name && tools.has(each.toolId))
      if (own.length === 0) continue
      const known = Steps.rows(
        [column('$key', 'long'), column('$known', 'string'), column('$own', 'bool'), column('$parent', 'bool')],
        own.map(({ key, toolId, own: acts, parent }) => [BigInt(key), toolId, acts, parent]),
      )
      await this.ask({
        class: name,
        because: 'named',
        sought: known.join(chains, { $known: '$tool' }),
        // Only the chains' hosts are looked at: keys are dear to make.
        among: (events) =>
          isAmong(
            hostOf(events),
            [...new Set(this.hosts)].map((host) => text(host)),
          ),
        on: (events) => ({ $key: observationKey(events), $host: hostOf(events) }),
        where: (met) =>
          name === 'process' ? is(met, 'activity', 'launch') : isNotEqual(met.column('activity'), text('access')),
        own: (met) => met.column('$own'),
        parent: (met) => met.column('$parent'),
      })
    }
  }

  /** Packages that Windows Installer was at work on when it said that the tool is installed, and who started it. */
  async packages(): Promise<void> {
    const rows = this.traces.flatMap(({ class: name, activity, first, chain }) =>
      name === 'installer' && activity !== 'remove' && first !== null
        ? [[chain, this.hosts[chain]!, first] as const]
        : [],
    )
    const before = this.traces.length
    await this.ask({
      class: 'installer',
      because: 'package',
      sought: Steps.rows(
        [column(PLACE, 'long'), column('$host', 'string'), column('$from', 'datetime'), column('$to', 'datetime')],
        rows.map(([chain, host, first]) => [BigInt(chain), host, ticks(first - INSTALLING), ticks(first + 30e6)]),
      ),
      on: atHost,
      where: (met) =>
        and([
          hasIn(met.column('package_path'), text('\\')),
          isNotEqual(met.column('activity'), text('remove')),
          isAtLeast(met.column('time'), met.column('$from')),
          isAtMost(met.column('time'), met.column('$to')),
        ]),
    })
    const starts = new Set(this.traces.filter(({ class: name, own }) => name === 'process' && own).map(startKey))
    const packages = new Map<string, readonly [number, string, string]>()
    for (const { chain, detail } of this.traces.slice(before))
      packages.set(`${chain} ${detail.toLowerCase()}`, [chain, this.hosts[chain]!, detail.toLowerCase()])
    await this.ask(
      {
        class: 'process',
        because: 'ancestor',
        sought: soughtPaths([...packages.values()].slice(0, 2_000)),
        on: atHost,
        where: (met) =>
          and([is(met, 'activity', 'launch'), hasIn(lower(met.column('process_cmd_line')), met.column('$path'))]),
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
    const known = new Set(this.traces.filter(({ class: name }) => name === 'file').map((trace) => eventKey(trace)))
    await this.ask(
      {
        class: 'file',
        because: 'file',
        sought: soughtPaths([...paths.values()].slice(0, 20_000)),
        on: (events) => ({ ...atHost(events), $path: lower(events.column('file_path')) }),
        where: (met) => is(met, 'activity', 'create', 'stream', 'rename', 'delete', 'modify'),
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
      const sought = this.processes(parents.map(({ chain, process }) => [chain, process] as const))
      const before = this.traces.length
      for (const by of joinedBy(sought, 'parent_process'))
        await this.ask(
          { class: 'process', because: 'child', ...by, where: (met) => is(met, 'activity', 'launch') },
          (trace) => this.isNew(trace),
        )
      parents = this.traces.slice(before)
    }
  }

  /** Where the tool's own processes, and those that fetched it, connected to. */
  async connections(): Promise<void> {
    const own = this.traces.filter(({ class: name, own: acts }) => name === 'process' && acts)
    const acting = this.processes(own.map(({ chain, process }) => [chain, process] as const))
    const talks = new Set(this.traces.map(eventKey))
    for (const name of ['network', 'dns'])
      for (const by of joinedBy(acting, 'process'))
        await this.ask(
          { class: name, because: 'connection', ...by, own: () => literal('bool', true) },
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
    const writing = this.processes(writers.map(({ chain, process }) => [chain, process] as const))
    for (const name of ['network', 'dns'])
      for (const by of joinedBy(writing, 'process'))
        await this.ask({ class: name, because: 'connection', ...by }, (trace) => {
          const time = times.get(`${trace.chain} ${processKey(this.hosts[trace.chain]!, trace.process)}`)
          return time !== undefined && trace.first !== null && trace.first <= time && trace.first >= time - FETCH
        })
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
      const sought = this.processes(wanted)
      const before = this.traces.length
      for (const by of joinedBy(sought, 'process'))
        await this.ask(
          { class: 'process', because: 'ancestor', ...by, where: (met) => is(met, 'activity', 'launch') },
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
    const sought = soughtPaths([...paths.values()].slice(0, 5_000))
    const known = new Set(this.traces.map((trace) => eventKey(trace)))
    const isNew = (trace: Trace): boolean => !known.has(eventKey(trace))
    await this.ask(
      {
        class: 'registry',
        because: 'persistence',
        sought,
        on: atHost,
        where: (met) =>
          and([is(met, 'activity', 'set-value'), hasIn(lower(met.column('reg_value_data')), met.column('$path'))]),
      },
      isNew,
    )
    await this.ask(
      {
        class: 'scheduled_task',
        because: 'persistence',
        sought,
        on: atHost,
        where: (met) => {
          const job = firstText([met.column('job_cmd_line'), met.column('job_content')])
          return and([is(met, 'activity', 'create', 'update'), hasIn(lower(job), met.column('$path'))])
        },
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
    await this.ask({
      class: 'logon',
      because: 'logon',
      sought: Steps.rows(
        [column(PLACE, 'long'), column('$host', 'string'), column('$from', 'datetime'), column('$to', 'datetime')],
        rows.map(([at, host, first]) => [BigInt(at), host, ticks(first - BEFORE), ticks(first + 5e6)]),
      ),
      on: atHost,
      where: (met) =>
        and([
          is(met, 'activity', 'logon'),
          isAmong(met.column('logon_type'), [literal('long', 3n), literal('long', 10n)]),
          not(endsWith(met.column('user_name'), text('$'))),
          not(
            isAmong(
              firstText([met.column('src_ip'), met.column('src_hostname')]),
              NOWHERE.map((each) => text(each)),
            ),
          ),
          isAtLeast(met.column('time'), met.column('$from')),
          isAtMost(met.column('time'), met.column('$to')),
        ]),
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

  /** Processes as rows to be sought, each once a chain. */
  private processes(rows: readonly (readonly [number, ProcessReference])[]): Steps {
    const distinct = new Map<string, readonly Value[]>()
    for (const [chain, process] of rows) {
      const host = this.hosts[chain]!
      const key = processKey(host, process)
      if (key === undefined) continue
      const { uid, pid, created } = process
      distinct.set(`${chain} ${key}`, [
        BigInt(chain),
        host,
        uid,
        uid === '' && pid !== null ? BigInt(pid) : null,
        created === null ? null : ticks(created),
      ])
    }
    return Steps.rows(
      [
        column(PLACE, 'long'),
        column('$host', 'string'),
        column('$uid', 'string'),
        column('$pid', 'long'),
        column('$created', 'datetime'),
      ],
      [...distinct.values()].slice(0, 20_000),
    )
  }

  private async ask(question: Question, take: (trace: Trace) => boolean = () => true): Promise<void> {
    if (question.sought.relation.kind === 'rows' && question.sought.relation.rows.length === 0) return
    for (const trace of await traces(this.store, question)) if (take(trace)) this.traces.push(trace)
  }
}

/** Addresses that name no other host. */
const NOWHERE = ['', '-', '127.0.0.1', '::1']

const ticks = (micros: number): Value => atMicros(micros).value

const atHost = (events: Steps) => ({ $host: hostOf(events) })

const is = (met: Steps, name: string, ...values: readonly string[]): Scalar =>
  isAmong(
    met.column(name),
    values.map((value) => text(value)),
  )

const soughtPaths = (rows: readonly (readonly [number, string, string])[]): Steps =>
  Steps.rows(
    [column(PLACE, 'long'), column('$host', 'string'), column('$path', 'string')],
    rows.map(([chain, host, path]) => [BigInt(chain), host, path]),
  )

/** How processes are met: by their GUID, or by their id with their start. `prefix` names which process of an event. */
function joinedBy(sought: Steps, prefix: string): readonly Pick<Question, 'sought' | 'on'>[] {
  const { relation } = sought
  const rows = relation.kind === 'rows' ? relation.rows : []
  const [withUid, without] = [rows.filter((row) => row[2] !== ''), rows.filter((row) => row[2] === '')]
  return [
    {
      sought: Steps.rows(sought.columns, withUid),
      on: (events) => ({ ...atHost(events), $uid: events.column(`${prefix}_uid`) }),
    },
    {
      sought: Steps.rows(sought.columns, without),
      on: (events) => ({
        ...atHost(events),
        $pid: events.column(`${prefix}_pid`),
        $created: events.column(`${prefix}_created_time`),
      }),
    },
  ]
}

const eventKey = ({ chain, class: name, activity, object, first }: Trace): string =>
  JSON.stringify([chain, name, activity, object.toLowerCase(), first])

const startKey = ({ chain, process, first }: Trace): string => JSON.stringify([chain, process.uid, first])

/** Paths of packages and scripts that a command line names. */
const pathsIn = (command: string): readonly string[] =>
  command.match(/[a-z]:\\[^"<>|*?:\r\n]{1,400}?\.(?:msi|exe|zip|js|vbs|bat|cmd|ps1|hta|lnk|iso)\b/gi) ?? []
