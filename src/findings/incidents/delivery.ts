import { maskSecrets } from '../../detection/tenant/index.js'
import { launchKind } from '../launch.js'
import type { Delivery } from '../report.js'
import type { ToldStep } from './tell.js'

/** How a tool came to a host: the file, where it was from, which programs brought it, who had logged on. Null where nothing shows it. */
export function deliveryOf(steps: readonly ToldStep[]): Delivery | null {
  const ran = new Set(
    steps
      .filter(({ trace }) => trace.class === 'process' && trace.own)
      .map(({ trace }) => trace.process.path.toLowerCase()),
  )
  const early = steps.filter(({ stage }) => stage === 'delivery')
  const files = early.filter(({ trace }) => trace.class === 'file')
  const file =
    files.find(({ what }) => what.includes('downloaded from')) ??
    files.find(({ trace }) => trace.because === 'named') ??
    files.find(({ trace }) => ran.has(trace.object.toLowerCase())) ??
    files[0]
  const installer = steps.find(
    ({ stage, trace }) => stage === 'installation' && (trace.class === 'installer' || trace.class === 'file'),
  )
  const run = steps.find(({ trace }) => trace.class === 'process' && trace.own)
  const step = file ?? installer ?? run
  if (!step) return null
  const { trace } = step
  const url = / from (https?:\/\/\S+)/.exec(step.what)?.[1] ?? null
  const fetched = early.find(
    ({ trace: other }) => (other.class === 'network' || other.class === 'dns') && other.because === 'connection',
  )
  const asked = early.flatMap(({ trace: other }) =>
    other.because === 'ancestor' ? (/https?:\/\/[^\s"'<>]+/i.exec(other.process.command)?.[0] ?? []) : [],
  )
  const script = asked.find((each) => !fetched || each.toLowerCase().includes(fetched.trace.object.toLowerCase()))
  const from = url ?? (trace.class === 'file' ? script : undefined) ?? (fetched ? fetched.trace.object : null)
  const logon = early.findLast(({ trace: other }) => other.class === 'logon')
  const over =
    logon && (trace.class !== 'file' || url === null) ? `${logon.trace.object} from ${logon.trace.extra}` : null
  const ancestors = early
    .filter(({ trace: other }) => other.because === 'ancestor')
    .map(({ trace: other }) => other.process.name)
  const chain = [
    ...new Set(
      [...ancestors, trace.class === 'process' ? trace.parentProcess.name : trace.process.name].filter(
        (name) => name !== '',
      ),
    ),
  ]
  const parents = early
    .filter(({ trace: other }) => other.because === 'ancestor')
    .map(({ trace: other }) => other.parentProcess.name)
  const kinds = [...parents, ...chain].map(launchKind)
  return {
    how: HOW.find(({ kind }) => kinds.includes(kind))?.how ?? (over ? 'over the network' : 'local'),
    file:
      trace.class === 'file'
        ? trace.object.replace(/:zone\.identifier$/i, '')
        : trace.class === 'installer'
          ? trace.detail
          : trace.process.path,
    from: from === null ? null : maskSecrets(from),
    by: chain,
    account: over,
    time: step.time,
  }
}

/** What brought it, the most telling first. */
const HOW: readonly { readonly kind: string; readonly how: Delivery['how'] }[] = [
  { kind: 'deployment', how: 'software distribution' },
  { kind: 'mail', how: 'mail' },
  { kind: 'remote', how: 'over the network' },
  { kind: 'browser', how: 'browser' },
  { kind: 'script', how: 'script' },
  { kind: 'shell', how: 'script' },
]
