import { availableParallelism } from 'node:os'
import { type IngestResult, ingest } from '../backends/duckdb/ingest.js'
import { Store } from '../backends/duckdb/store.js'
import { compileKql } from '../detection/compile-query.js'
import type { RuleFile } from '../detection/rules/index.js'
import { loadRules } from '../detection/rules.js'
import { givenSigma } from '../detection/sigma/run-rules.js'
import { readWatchlists } from '../detection/watchlists.js'
import { loadModel } from '../events/model.js'
import { type Format, render } from '../findings/render/index.js'
import { LEVELS, type Level, type Report } from '../findings/report.js'
import { reportOf } from '../findings/scan.js'
import type { Watchlists } from '../ir/schema.js'
import { parseTime } from '../telemetry/time.js'
import { ConfigurationError } from './failure.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { createProgress } from './progress.js'
import { rulesAt } from './rules-at.js'
import { diagnosticText, terminalOf } from './terminal.js'

export interface InputOptions {
  readonly store?: string
  readonly since?: string
  readonly until?: string
  readonly asOf?: string
  readonly quiet?: boolean
  readonly memory: string
  readonly threads?: string
  readonly watchlists?: string
}

export interface ScanOptions extends InputOptions, OutputOptions {
  readonly format?: Format
  readonly level: Level
  readonly rules?: readonly string[]
  readonly builtinRules?: boolean
  readonly allTools?: boolean
  readonly failOnFindings?: boolean
}

/** `latchkey scan`: reads, identifies, detects, prints. Returns the exit code. */
export async function scan(paths: readonly string[], options: ScanOptions): Promise<number> {
  checkOutput(options)
  const begin = performance.now()
  const window = { since: timeOption('--since', options.since), until: timeOption('--until', options.until) }
  const asOf = timeOption('--as-of', options.asOf)
  const watchlists = watchlistsOf(options.watchlists)
  // Readers work on threads of their own; what the rules need is loaded while this one waits for them.
  const loading = setTimeout(() => compileKql('print 1', { asOf: 0 }), 10)
  const rulesMissing = new AbortController()
  const reading = openInput(paths, options, rulesMissing.signal).finally(() => clearTimeout(loading))
  // Told where it is waited for.
  reading.catch(() => undefined)
  const given = await givenRules(options.rules ?? [], options.quiet === true).catch(async (error: unknown) => {
    rulesMissing.abort()
    await reading.then(({ store }) => store.close()).catch(() => undefined)
    throw error
  })
  const rules = [
    ...(options.builtinRules === false ? [] : loadRules()),
    ...given.flatMap((file) => file.rules.map(({ rule }) => rule)),
  ]
  const sigma = given.flatMap(givenSigma)
  const { store, read } = await reading
  try {
    const report = await reportOf(store, {
      read,
      asOf,
      ...window,
      rules,
      sigma,
      watchlists,
      allTools: options.allTools === true,
      seconds: () => (performance.now() - begin) / 1000,
    })
    const shown = atLeast(report, options.level)
    const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
    const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
    await writeOutput(render(shown, format, { width: terminal.width, colour: terminal.colour }), options)
    if (read !== undefined && nothingRead(report)) return 2
    if (given.some(({ rules: found, documents }) => found.length + documents.length === 0)) return 2
    return options.failOnFindings === true && shown.findings.length > 0 ? 1 : 0
  } finally {
    await store.close()
  }
}

/** The watchlists of the folder that the command names; none without one. */
export function watchlistsOf(folder: string | undefined): Watchlists | undefined {
  if (folder === undefined) return undefined
  try {
    return readWatchlists(folder)
  } catch (error) {
    throw new ConfigurationError(`--watchlists: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The rule files at the paths. What is wrong with them, or was repaired, is told on standard error. */
async function givenRules(paths: readonly string[], quiet: boolean): Promise<readonly RuleFile[]> {
  const files: RuleFile[] = []
  for (const path of paths) for (const file of await rulesAt(path)) files.push(file)
  const { colour } = terminalOf(process.stderr)
  const told = files.flatMap((file) =>
    file.diagnostics
      .filter(({ severity, code }) => severity === 'error' || (!quiet && code === 'rule-repaired'))
      .map((diagnostic) => diagnosticText(diagnostic, { name: file.path, text: file.text }, colour)),
  )
  for (const text of told.slice(0, MOST_TOLD)) process.stderr.write(`${text}\n`)
  if (told.length > MOST_TOLD)
    process.stderr.write(`and ${told.length - MOST_TOLD} more; latchkey lint shows all of them\n`)
  return files
}

/** Faults of rule files that a scan prints. */
const MOST_TOLD = 20

/** Opens the store and reads the paths into it, with progress on standard error. An interrupt stops the reading; what was stored stays. */
export async function openInput(
  paths: readonly string[],
  options: InputOptions,
  signal?: AbortSignal,
): Promise<{ readonly store: Store; readonly read: IngestResult | undefined }> {
  if (paths.length === 0 && options.store === undefined)
    throw new ConfigurationError(
      'nothing to read: give files or folders, or --store with a store that has been filled before',
    )
  const threads = options.threads === undefined ? Math.min(availableParallelism(), 8) : Number(options.threads)
  if (!Number.isInteger(threads) || threads < 0 || threads > 64)
    throw new ConfigurationError(`--threads takes a whole number from 0 to 64, not ${options.threads}`)
  if (!/^\d+(\.\d+)?\s*([KMGT]i?B)$/i.test(options.memory))
    throw new ConfigurationError(`--memory takes a size as 512MB or 2GB, not ${options.memory}`)
  const store = await Store.open(loadModel(), { path: options.store, memoryLimit: options.memory })
  if (paths.length === 0) return { store, read: undefined }
  const progress = createProgress({ stream: process.stderr, quiet: options.quiet === true })
  const interrupt = new AbortController()
  const stop = (): void => interrupt.abort()
  signal?.addEventListener('abort', stop)
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    const read = await ingest(store, paths, {
      threads,
      signal: interrupt.signal,
      onProgress: (state) => progress.update(state),
    })
    progress.done()
    if (interrupt.signal.aborted)
      throw new Error(
        `stopped while reading; ${options.store === undefined ? 'nothing was kept' : 'what was read is kept, and the next run goes on from there'}`,
      )
    return { store, read }
  } catch (error) {
    progress.done()
    await store.close()
    throw error
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

/** A time option in microseconds UTC. */
export function timeOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = parseTime(text) ?? parseTime(`${text}T00:00:00Z`)
  if (time === undefined)
    throw new ConfigurationError(`${name} takes a time as 2026-01-31T08:00:00Z or 2026-01-31, not ${text}`)
  return time.micros
}

function atLeast(report: Report, level: Level): Report {
  const least = LEVELS.indexOf(level)
  return { ...report, findings: report.findings.filter((finding) => LEVELS.indexOf(finding.level) >= least) }
}

function nothingRead({ summary }: Report): boolean {
  return summary.records.read === 0 && summary.rejected.length > 0
}
