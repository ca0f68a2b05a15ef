import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onPath, option } from '../measure.js'

/** What every peer is given. */
export interface Task {
  readonly logs: string
  /** A folder of rules, one a file. */
  readonly rules: string
  /** A folder to write into. */
  readonly out: string
}

/** Another program that runs Sigma rules over event logs. */
export interface Peer {
  readonly name: string
  /** What differs from giving it the rules as they are. */
  readonly remark: string
  /** What is done once and not measured. */
  readonly prepare?: (task: Task) => void
  readonly command: (task: Task) => readonly [program: string, ...args: string[]]
  /** Hits by the id of the rule as it was published. */
  readonly hits: (task: Task) => ReadonlyMap<string, number>
}

/** The peers that are installed: on the PATH, or where options say. */
export function installedPeers(args: readonly string[]): readonly Peer[] {
  return [hayabusa(args), chainsaw(args), rsigma(), zircolite(args)].filter((peer) => peer !== undefined)
}

function hayabusa(args: readonly string[]): Peer | undefined {
  const program = onPath('hayabusa')
  const rules = option(args, 'hayabusa-rules')
  if (program === undefined || rules === undefined) return undefined
  const published = derivedFrom(join(rules, 'sigma'))
  return {
    name: 'hayabusa',
    remark: `its own conversion of the rules, those of ${rules} that are derived from the same`,
    prepare: ({ rules: wanted, out }) => {
      const ids = titlesIn(wanted)
      const folder = join(out, 'hayabusa')
      mkdirSync(folder, { recursive: true })
      for (const [id, { file, originals }] of published)
        if (originals.some((original) => ids.has(original))) copyFileSync(file, join(folder, `${id}.yml`))
    },
    command: ({ logs, out }) => [
      program,
      ...['dfir-timeline', '-d', logs, '-r', join(out, 'hayabusa'), '-c', join(rules, 'config')],
      // No wizard, banner, summary, colour or error log; noisy and unsupported rules too.
      ...['-w', '-q', '-N', '-K', '-Q', '-C', '-n', '-u', '-t', 'jsonl', '-p', 'standard'],
      ...['-o', join(out, 'hayabusa.jsonl')],
    ],
    // A rule may have become several, one a log: an event counts once for all of them.
    hits: ({ rules: wanted, out }) => {
      const titles = titlesIn(wanted)
      const events = new Set<string>()
      return countLines(join(out, 'hayabusa.jsonl'), (line) => {
        const { RuleID, ...event } = JSON.parse(line) as HayabusaLine
        const original = originalOf(published.get(RuleID), titles)
        const key = [original, event.Timestamp, event.Computer, event.Channel, event.RecordID].join(' ')
        if (original === undefined || events.has(key)) return undefined
        events.add(key)
        return original
      })
    },
  }
}

function chainsaw(args: readonly string[]): Peer | undefined {
  const program = onPath('chainsaw')
  const mapping = option(args, 'chainsaw-mapping')
  if (program === undefined || mapping === undefined) return undefined
  return {
    name: 'chainsaw',
    remark: `mapping ${mapping}`,
    command: ({ logs, rules, out }) => [
      program,
      ...['--no-banner', 'hunt', logs, '-s', rules, '--mapping', mapping, '--jsonl', '-q'],
      ...['-o', join(out, 'chainsaw.jsonl')],
    ],
    hits: ({ out }) => countLines(join(out, 'chainsaw.jsonl'), (line) => /"id":\s*"([0-9a-f-]{36})"/.exec(line)?.[1]),
  }
}

/** The fields of the event with those of its envelope that rules name. */
const RSIGMA_EVENT =
  '.Event.EventData + {EventID: .Event.System.EventID, Channel: .Event.System.Channel, Computer: .Event.System.Computer}'

function rsigma(): Peer | undefined {
  const [program, dump] = [onPath('rsigma'), onPath('evtx_dump')]
  if (program === undefined || dump === undefined) return undefined
  return {
    name: 'rsigma',
    remark: 'reads what evtx_dump prints; it does not look at log sources, so a rule meets the events of every log',
    command: ({ logs, rules, out }) => [
      'sh',
      '-c',
      'for f in "$2"/*.evtx; do "$1" -t 1 -o jsonl "$f" 2> /dev/null; done | "$0" engine eval -r "$3" --jq "$4" --output-format ndjson > "$5" 2> /dev/null',
      program,
      dump,
      logs,
      rules,
      RSIGMA_EVENT,
      join(out, 'rsigma.jsonl'),
    ],
    hits: ({ out }) => countLines(join(out, 'rsigma.jsonl'), (line) => /"rule_id":"([^"]+)"/.exec(line)?.[1]),
  }
}

function zircolite(args: readonly string[]): Peer | undefined {
  const script = option(args, 'zircolite')
  if (script === undefined || !existsSync(script)) return undefined
  return {
    name: 'Zircolite',
    remark: 'pipelines sysmon and windows-logsources',
    command: ({ logs, rules, out }) => [
      'sh',
      '-c',
      'cd "$(dirname "$1")" && exec "$0" "$1" -e "$2" -r "$3" -p sysmon -p windows-logsources -o "$4" -q > /dev/null 2>&1',
      option(args, 'python') ?? 'python3',
      script,
      logs,
      rules,
      join(out, 'zircolite.json'),
    ],
    hits: ({ out }) => {
      const path = join(out, 'zircolite.json')
      const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly ZircoliteRule[]) : []
      return new Map(found.map(({ id, count }) => [id, count]))
    },
  }
}

interface ZircoliteRule {
  readonly id: string
  readonly count: number
}

function countLines(path: string, idOf: (line: string) => string | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  if (!existsSync(path)) return counts
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue
    const id = idOf(line)
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

interface HayabusaLine {
  readonly RuleID: string
  readonly Timestamp: string
  readonly Computer: string
  readonly Channel: string
  readonly RecordID: number
}

interface Derived {
  readonly file: string
  readonly title: string
  /** What it says it is derived from; what the rule itself was derived from is among them. */
  readonly originals: readonly string[]
}

/** Converted rules, by their own id. */
function derivedFrom(folder: string): ReadonlyMap<string, Derived> {
  const rules = new Map<string, Derived>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.yml')) continue
    const text = readFileSync(join(folder, name), 'utf8')
    const { id, title } = headOf(text)
    const originals = [...text.matchAll(/id:\s*(\S+)\s*\n\s+type:\s*derived/g)].map(([, original]) => original!)
    if (id !== undefined) rules.set(id, { file: join(folder, name), title, originals })
  }
  return rules
}

function originalOf(rule: Derived | undefined, titles: ReadonlyMap<string, string>): string | undefined {
  const candidates = (rule?.originals ?? []).filter((id) => titles.has(id))
  return candidates.find((id) => titles.get(id) === rule?.title) ?? candidates[0]
}

/** Titles of the rules in a folder, by id. */
function titlesIn(folder: string): ReadonlyMap<string, string> {
  const heads = readdirSync(folder, { encoding: 'utf8' }).map((name) =>
    headOf(readFileSync(join(folder, name), 'utf8')),
  )
  return new Map(heads.flatMap(({ id, title }) => (id === undefined ? [] : [[id, title] as const])))
}

const headOf = (text: string): { readonly id: string | undefined; readonly title: string } => ({
  id: /^id:\s*(\S+)/m.exec(text)?.[1],
  title: /^title:\s*(.*\S)/m.exec(text)?.[1] ?? '',
})
