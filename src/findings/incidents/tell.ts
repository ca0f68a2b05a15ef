import { maskSecrets } from '../../detection/tenant/index.js'
import { formatTime } from '../../telemetry/time.js'
import { launchKind } from '../launch.js'
import type { Delivery, Stage, StoryStep } from '../report.js'
import { deliveryOf } from './delivery.js'
import type { Trace } from './trace.js'

/** A step with what links and decisions need of it. */
export interface ToldStep extends StoryStep {
  readonly micros: number | null
  readonly trace: Trace
}

/** The traces of one chain as steps in the order of time, and how it came there. */
export function tell(
  traces: readonly Trace[],
  sourceName: (id: number) => string,
): { readonly steps: readonly ToldStep[]; readonly delivery: Delivery | null } {
  const first = Math.min(
    ...traces
      .filter(({ class: name, own }) => name === 'process' && own)
      .map(({ first: time }) => time ?? Number.POSITIVE_INFINITY),
  )
  const told = traces.flatMap((trace) => {
    const stage = stageOf(trace, first)
    const what = stage && sentence(trace)
    if (!stage || !what) return []
    const step: ToldStep = {
      stage,
      time: trace.first === null ? null : formatTime(trace.first),
      until:
        trace.last !== null && trace.first !== null && trace.last - trace.first >= 1e6 ? formatTime(trace.last) : null,
      events: trace.count,
      what: maskSecrets(what).slice(0, 600),
      user: trace.user === '' ? null : trace.user,
      source: trace.sourceId === null ? null : sourceName(trace.sourceId),
      position: trace.position,
      micros: trace.first,
      trace,
    }
    return [step]
  })
  told.sort(
    (a, b) =>
      (a.micros ?? Number.POSITIVE_INFINITY) - (b.micros ?? Number.POSITIVE_INFINITY) ||
      STAGE_ORDER.indexOf(a.stage) - STAGE_ORDER.indexOf(b.stage),
  )
  const steps = together(told)
  return { steps, delivery: deliveryOf(steps) }
}

export const STAGE_ORDER: readonly Stage[] = [
  'delivery',
  'installation',
  'persistence',
  'execution',
  'session',
  'activity',
  'removal',
]

function stageOf(trace: Trace, firstRun: number): Stage | undefined {
  const { class: name, activity, because, own, process, parentProcess } = trace
  const before = trace.first !== null && trace.first <= firstRun
  if (because === 'package') return undefined
  if (because === 'ancestor' || because === 'logon') return before ? 'delivery' : undefined
  if (because === 'connection' && !own) return 'delivery'
  if (because === 'child') return 'activity'
  switch (name) {
    case 'process':
      if (!own) return trace.parent ? 'activity' : undefined
      if (REMOVES.test(process.command)) return 'removal'
      return INSTALLS.test(process.command) || launchKind(parentProcess.name) === 'installer'
        ? 'installation'
        : 'execution'
    case 'file':
      if (activity === 'delete') return 'removal'
      if (activity === 'stream' && !trace.detail.includes('://')) return undefined
      if (own) return trace.first !== null && trace.first > firstRun + SETTLING ? 'activity' : 'installation'
      if (because === 'named' && ['installer', 'deployment'].includes(launchKind(process.name)))
        return before && trace.object.toLowerCase().endsWith('.msi') ? 'delivery' : 'installation'
      return before ? 'delivery' : 'activity'
    case 'installer':
      return activity === 'remove'
        ? 'removal'
        : activity === 'install' || activity === 'update'
          ? 'installation'
          : undefined
    case 'service':
      return activity === 'install' ? 'persistence' : activity === 'delete' ? 'removal' : undefined
    case 'registry':
      return activity === 'set-value' ? 'persistence' : undefined
    case 'scheduled_task':
      return activity === 'create' || activity === 'update' ? 'persistence' : undefined
    case 'app_log':
      return activity === 'command' || activity === 'file-transfer'
        ? 'activity'
        : activity === 'crash'
          ? undefined
          : 'session'
    case 'network':
    case 'dns':
      return own || process.name === '' ? 'session' : before ? 'delivery' : undefined
    default:
      return undefined
  }
}

/** What a tool writes in its first minutes is a part of its installation. */
const SETTLING = 5 * 60e6

const INSTALLS = /(^|\s)(--?|\/)(install|silent-install|setup)\b/i
const REMOVES = /(^|\s)(--?|\/)(uninstall|remove|x)\b/i

function sentence(trace: Trace): string | undefined {
  const { class: name, activity, process, parentProcess, object, detail, extra } = trace
  const who = process.name || 'a program'
  switch (name) {
    case 'process': {
      const by = parentProcess.name === '' ? 'something' : parentProcess.name
      return `${by} started ${process.command === '' ? process.path || who : process.command}`
    }
    case 'file': {
      if (activity === 'delete') return `${who} deleted ${object}`
      const url = /HostUrl=(\S+)/i.exec(detail)?.[1] ?? (/^https?:/i.test(detail) ? detail.split(/\s/)[0] : undefined)
      const page = /ReferrerUrl=(\S+)/i.exec(detail)?.[1] ?? (/^https?:/i.test(extra) ? extra : undefined)
      const path = object.replace(/:zone\.identifier$/i, '')
      return `${who} wrote ${path}${url ? `, downloaded from ${url}` : ''}${page ? ` (page ${page})` : ''}`
    }
    case 'installer':
      return `package ${object}${extra === '' ? '' : ` ${extra}`} was ${activity === 'remove' ? 'removed' : activity === 'update' ? 'updated' : 'installed'}${detail === '' ? '' : ` from ${detail}`}`
    case 'service':
      return `service ${object} was ${activity === 'delete' ? 'removed' : 'installed'}${detail === '' ? '' : `: ${detail}`}`
    case 'registry':
      return `${who} set ${object}${detail === '' ? '' : ` to ${detail}`}`
    case 'scheduled_task':
      return `task ${object} was ${activity === 'update' ? 'changed' : 'registered'}${detail === '' ? '' : `: ${detail}`}`
    case 'app_log':
      return `${APP_LOG[activity] ?? 'the tool logged'}: ${object.split(/[\r\n]/)[0]}${detail === '' ? '' : ` (${detail})`}`
    case 'network':
      return object === '' ? undefined : `${who} connected to ${object}${detail === '' ? '' : ` port ${detail}`}`
    case 'dns':
      return object === '' ? undefined : `${who} looked up ${object}`
    case 'logon':
      return `${object} logged on over the network from ${extra}${detail === '10' ? ' (remote desktop)' : ''}`
    default:
      return undefined
  }
}

const APP_LOG: Readonly<Record<string, string>> = {
  'session-start': 'session began',
  'session-end': 'session ended',
  'session-refused': 'session refused',
  command: 'command through the tool',
  'file-transfer': 'files through the tool',
}

/** Two sensors see one thing a moment apart. */
const MOMENT = 3e6
/** Files, lookups and connections of one program in a row that are told as one. */
const MOST_ALIKE = 3

/** What two sensors saw made one, and long rows of alike steps cut to their first. */
function together(steps: readonly ToldStep[]): readonly ToldStep[] {
  const kept: ToldStep[] = []
  for (const step of steps) {
    const twin = kept.findLastIndex((other) => isTwin(other, step))
    if (twin >= 0) {
      const other = kept[twin]!
      const fuller = fullerOf(other, step)
      kept[twin] = { ...fuller, time: other.time, micros: other.micros, events: other.events + step.events }
      continue
    }
    const alike = kept.filter((other) => isAlike(other, step))
    if (alike.length >= MOST_ALIKE) {
      const last = kept.lastIndexOf(alike.at(-1)!)
      kept[last] = {
        ...kept[last]!,
        events: kept[last]!.events + step.events,
        until: step.until ?? step.time,
        what: more(kept[last]!.what),
      }
    } else kept.push(step)
  }
  return kept
}

/** The one that says more; a connection to an address takes the name that was looked up for it. */
function fullerOf(one: ToldStep, other: ToldStep): ToldStep {
  const [connection, lookup] = one.trace.class === 'network' ? [one, other] : [other, one]
  if (connection.trace.class === 'network' && lookup.trace.class === 'dns') {
    const { process, object, detail } = connection.trace
    const what = `${process.name || 'a program'} connected to ${lookup.trace.object}${detail === '' ? '' : ` port ${detail}`}${object === lookup.trace.object ? '' : ` (${object})`}`
    return { ...connection, what, trace: { ...connection.trace, object: lookup.trace.object } }
  }
  return other.what.length > one.what.length ? other : one
}

const more = (what: string): string => {
  const match = / \(and (\d+) more\)$/.exec(what)
  return match ? what.replace(/ \(and \d+ more\)$/, ` (and ${Number(match[1]) + 1} more)`) : `${what} (and 1 more)`
}

function isTwin(a: ToldStep, b: ToldStep): boolean {
  if (a.stage !== b.stage || a.micros === null || b.micros === null || Math.abs(a.micros - b.micros) > MOMENT)
    return false
  const [one, other] = [a.trace, b.trace]
  const same = (x: string, y: string): boolean => x.toLowerCase() === y.toLowerCase()
  if (one.class === 'process' && other.class === 'process')
    return (
      same(one.process.name, other.process.name) &&
      (one.process.command === '' ||
        other.process.command === '' ||
        same(one.process.command, other.process.command)) &&
      one.process.uid !== other.process.uid
    )
  if (one.class === 'file' && other.class === 'file')
    return (
      same(one.object.replace(/:zone\.identifier$/i, ''), other.object.replace(/:zone\.identifier$/i, '')) &&
      one.activity !== 'delete' &&
      other.activity !== 'delete'
    )
  if (one.class === 'installer' && other.class === 'installer')
    return same(one.object, other.object) && one.activity === other.activity
  if (one.class === 'service' && other.class === 'service') return same(one.object, other.object)
  // A service is registered, and its key is written.
  const [service, key] = one.class === 'service' ? [one, other] : [other, one]
  if (service.class === 'service' && key.class === 'registry')
    return key.object.toLowerCase().includes(`\\services\\${service.object.toLowerCase()}\\`)
  const [connection, lookup] = one.class === 'network' ? [one, other] : [other, one]
  if (connection.class !== 'network' || lookup.class !== 'dns' || !same(one.process.name, other.process.name))
    return false
  return same(connection.object, lookup.object) || /^[\d.:a-f]+$/i.test(connection.object)
}

function isAlike(a: ToldStep, b: ToldStep): boolean {
  const [one, other] = [a.trace, b.trace]
  if (a.stage !== b.stage || one.class !== other.class || one.activity !== other.activity || one.class === 'process')
    return false
  return one.process.name.toLowerCase() === other.process.name.toLowerCase()
}
