import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { readRuleFiles } from '../../src/detection/rules/index.js'
import type { Report } from '../../src/findings/report.js'
import { eventLogs, makeCorpus } from '../corpus.js'
import { type Measured, measure, option } from '../measure.js'
import { compareHits } from './differences.js'
import { installedPeers, type Peer, type Task } from './peers.js'

const MEGABYTE = 1e6
const RULES = '../shared/corpora/sigma/sigmahq-rules.tar.gz'

/**
 * All Windows rules of a rule set over a folder of event logs, cold and from outside, beside every peer that is installed.
 *
 * `--megabytes N` sets the size of the logs (500), `--corpus FOLDER` the logs they are made of (../shared/telemetry), `--rules PATH` the rules (the
 * public set in ../shared). `--grow` measures ours at half the logs and half the rules too. Peers are those on the PATH (`chainsaw`, with
 * `--chainsaw-mapping FILE`; `hayabusa`, with `--hayabusa-rules FOLDER`, its rules' repository; `rsigma` with `evtx_dump`) and `--zircolite
 * SCRIPT [--python PROGRAM]`. `--differences FILE` takes every rule whose hits differ.
 */
export async function run(args: readonly string[]): Promise<void> {
  const from = option(args, 'corpus') ?? '../shared/telemetry'
  const rules = option(args, 'rules') ?? RULES
  if (!existsSync(from) || !existsSync(rules)) {
    console.log(`sigma    skipped: ${existsSync(from) ? rules : from} is not there`)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    const [logs, chosen, out] = ['logs', 'rules', 'out'].map((name) => join(folder, name)) as [string, string, string]
    mkdirSync(out)
    const count = await writeWindowsRules(rules, chosen)
    const size = Number(option(args, 'megabytes') ?? 500)
    const corpus = await makeCorpus(eventLogs(from), logs, size * MEGABYTE)
    console.log(`sigma    ${corpus.files} files, ${(corpus.bytes / MEGABYTE).toFixed(0)} MB; ${count} rules`)
    const task: Task = { logs, rules: chosen, out }
    const { measured, report } = await scan(task)
    const records = report.summary.records.read
    tell('latchkey', measured, records)
    const hits = new Map(report.summary.rules.map(({ id, title, matches }) => [id, { title, matches }]))
    const lines = ['peer\trule\ttitle\tlatchkey\tpeer']
    for (const peer of installedPeers(args)) lines.push(...(await compare(peer, task, records, measured, hits)))
    const file = option(args, 'differences')
    if (file !== undefined) writeFileSync(file, `${lines.join('\n')}\n`)
    if (args.includes('--grow')) await grow(from, size, rules, task, measured, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rules about Windows, one a file; how many. */
async function writeWindowsRules(path: string, folder: string, every = 1): Promise<number> {
  mkdirSync(folder)
  let count = 0
  for (const { path: file, text, documents } of await readRuleFiles(path)) {
    const isWindows = documents.some((each) => each.kind === 'rule' && each.logsource.product === 'windows')
    if (isWindows && count++ % every === 0) writeFileSync(join(folder, `${count}-${basename(file)}`), text)
  }
  return count
}

async function scan({ logs, rules, out }: Task): Promise<{ readonly measured: Measured; readonly report: Report }> {
  const path = join(out, 'latchkey.json')
  rmSync(path, { force: true })
  const options = ['--no-builtin-rules', '--format', 'json', '--quiet', '--out', path]
  const measured = await measure('node', ['dist/cli/main.js', 'scan', logs, '--rules', rules, ...options])
  if (measured.code !== 0) throw new Error(`latchkey ended with ${measured.code}`)
  return { measured, report: JSON.parse(readFileSync(path, 'utf8')) as Report }
}

function tell(name: string, { seconds, processorSeconds, peakMegabytes }: Measured, records: number): void {
  const rate = Math.round(records / seconds).toLocaleString('en')
  console.log(
    `sigma    ${name}: ${seconds.toFixed(1)} s, ${rate} records/s, ${processorSeconds.toFixed(1)} s of processor time, peak ${peakMegabytes.toFixed(0)} MB`,
  )
}

async function compare(
  peer: Peer,
  task: Task,
  records: number,
  ours: Measured,
  hits: ReadonlyMap<string, { readonly title: string; readonly matches: number }>,
): Promise<readonly string[]> {
  peer.prepare?.(task)
  const [program, ...args] = peer.command(task)
  const measured = await measure(program, args, false)
  tell(peer.name, measured, records)
  if (measured.code !== 0) console.log(`sigma    ${peer.name} ended with ${measured.code}: its figures say little`)
  const { rules, alike, onlyOurs, onlyTheirs, differences } = compareHits(hits, peer.hits(task))
  console.log(
    `sigma    ${peer.name} takes ${(measured.seconds / ours.seconds).toFixed(1)} times our time (aim: above 1). Of ${rules} rules that hit, ${alike} alike, ${onlyOurs} only here, ${onlyTheirs} only there, ${differences.length - onlyOurs - onlyTheirs} in another number (${peer.remark})`,
  )
  return differences.map(({ id, title, ours: own, theirs }) => [peer.name, id, title, own, theirs].join('\t'))
}

/** Twice the events and twice the rules, each against half. */
async function grow(
  from: string,
  megabytes: number,
  rules: string,
  task: Task,
  whole: Measured,
  folder: string,
): Promise<void> {
  const [fewerLogs, fewerRules] = [join(folder, 'half-logs'), join(folder, 'half-rules')]
  await makeCorpus(eventLogs(from), fewerLogs, (megabytes / 2) * MEGABYTE)
  await writeWindowsRules(rules, fewerRules, 2)
  const half = await scan({ ...task, logs: fewerLogs })
  const light = await scan({ ...task, rules: fewerRules })
  const times = (other: Measured): string => (whole.processorSeconds / other.processorSeconds).toFixed(2)
  const clock = (other: Measured): string => (whole.seconds / other.seconds).toFixed(2)
  console.log(
    `sigma    twice the events: ${clock(half.measured)} times the time, ${times(half.measured)} of the processor's (aim: 2.1)`,
  )
  console.log(
    `sigma    twice the rules: ${clock(light.measured)} times the time, ${times(light.measured)} of the processor's (aim: 1.3)`,
  )
}
