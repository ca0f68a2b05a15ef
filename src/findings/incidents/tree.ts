import { maskSecrets } from '../../detection/tenant/index.js'
import { formatTime } from '../../telemetry/time.js'
import type { ProcessNode } from '../report.js'
import { type ProcessReference, processKey, type Trace } from './trace.js'

interface Node {
  readonly name: string
  readonly command: string
  readonly user: string | null
  readonly micros: number | null
  readonly tool: boolean
  readonly children: Node[]
}

/** Processes of one story that a tree holds, and how deep it goes. */
const MOST = 120
const DEEPEST = 12

/** The processes of one chain as trees: who started what brought the tool, the tool, what it started. */
export function processTrees(host: string, traces: readonly Trace[]): readonly ProcessNode[] {
  const starts = withoutTwins(traces.filter(({ class: name }) => name === 'process')).slice(0, MOST)
  const nodes = new Map<Trace, Node>(
    starts.map((trace) => [
      trace,
      {
        name: trace.process.name || trace.process.path || 'a program',
        command: maskSecrets(trace.process.command).slice(0, 400),
        user: trace.user === '' ? null : trace.user,
        micros: trace.first,
        tool: trace.own,
        children: [],
      },
    ]),
  )
  const byKey = new Map<string, Node>()
  for (const [trace, node] of nodes) {
    const key = processKey(host, trace.process)
    if (key !== undefined) byKey.set(key, node)
  }
  const roots: Node[] = []
  const named = new Map<string, Node>()
  for (const [trace, node] of nodes) {
    const parent = parentNode(host, trace, byKey)
    if (parent && parent !== node) {
      parent.children.push(node)
      continue
    }
    // A parent whose start no log shows stands for itself, once.
    const { name } = trace.parentProcess
    const key = processKey(host, trace.parentProcess) ?? name.toLowerCase()
    if (name === '') roots.push(node)
    else {
      let root = named.get(key)
      if (!root) {
        root = { name, command: '', user: null, micros: null, tool: false, children: [] }
        named.set(key, root)
        roots.push(root)
      }
      root.children.push(node)
    }
  }
  return roots.sort(byTime).map((node) => printed(node, 0))
}

const parentNode = (host: string, { parentProcess }: Trace, byKey: ReadonlyMap<string, Node>): Node | undefined => {
  const key = keyOf(host, parentProcess)
  return key === undefined ? undefined : byKey.get(key)
}

const keyOf = (host: string, process: ProcessReference): string | undefined => processKey(host, process)

/** One start that two sensors saw: the one that can be joined to others stands for both. */
function withoutTwins(starts: readonly Trace[]): readonly Trace[] {
  const fullest = starts.toSorted(
    (a, b) => Number(b.process.uid !== '') - Number(a.process.uid !== '') || (a.first ?? 0) - (b.first ?? 0),
  )
  const kept: Trace[] = []
  for (const trace of fullest) {
    const twin = kept.some(
      (other) =>
        other.process.uid !== trace.process.uid &&
        other.process.name.toLowerCase() === trace.process.name.toLowerCase() &&
        Math.abs((other.first ?? 0) - (trace.first ?? 0)) < 2e6 &&
        (other.process.command === '' ||
          trace.process.command === '' ||
          other.process.command === trace.process.command),
    )
    if (!twin) kept.push(trace)
  }
  return kept.sort((a, b) => (a.first ?? 0) - (b.first ?? 0))
}

const first = (node: Node): number => node.micros ?? Math.min(...node.children.map(first), Number.POSITIVE_INFINITY)

const byTime = (a: Node, b: Node): number => {
  const [one, other] = [first(a), first(b)]
  return one === other ? 0 : one < other ? -1 : 1
}

function printed(node: Node, depth: number): ProcessNode {
  return {
    name: node.name,
    command: node.command,
    user: node.user,
    time: node.micros === null ? null : formatTime(node.micros),
    tool: node.tool,
    children: depth >= DEEPEST ? [] : node.children.sort(byTime).map((child) => printed(child, depth + 1)),
  }
}
