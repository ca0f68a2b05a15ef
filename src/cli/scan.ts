import { compileKql } from '../detection/compile-query.js'
import type { RuleFile } from '../detection/rules/index.js'
import { loadRules } from '../detection/rules.js'
import { givenSigma } from '../detection/sigma/run-rules.js'
import { type Format, render } from '../findings/render/index.js'
import { LEVELS, type Level, type Report } from '../findings/report.js'
import { reportOf } from '../findings/scan.js'
import { type InputOptions, openInput, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { usablePolicy } from './policy-file.js'
import { rulesAt } from './rules-at.js'
import { diagnosticText, terminalOf } from './terminal.js'

export interface ScanOptions extends InputOptions, OutputOptions {
  readonly format?: Format
  readonly level: Level
  readonly policy?: string
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
  const policy = options.policy === undefined ? undefined : usablePolicy(options.policy, options.quiet === true)
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
      policy,
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

function atLeast(report: Report, level: Level): Report {
  const least = LEVELS.indexOf(level)
  return { ...report, findings: report.findings.filter((finding) => LEVELS.indexOf(finding.level) >= least) }
}

function nothingRead({ summary }: Report): boolean {
  return summary.records.read === 0 && summary.rejected.length > 0
}
