import { compileKql } from '../detection/compile-query.js'
import type { RuleFile } from '../detection/rules/index.js'
import { loadRules } from '../detection/rules.js'
import { type Format, render } from '../findings/render/index.js'
import { LEVELS, type Level, type Report } from '../findings/report.js'
import { reportOf } from '../findings/scan.js'
import { type InputOptions, openInput, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { rulesAt } from './rules-at.js'
import { diagnosticText, terminalOf } from './terminal.js'

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
  const given = (options.rules ?? []).flatMap((path) => givenRules(path, options.quiet === true))
  const rules = [
    ...(options.builtinRules === false ? [] : loadRules()),
    ...given.flatMap((file) => file.rules.map(({ rule }) => rule)),
  ]
  // Readers work on threads of their own; what the rules need is loaded while this one waits for them.
  const loading = setTimeout(() => compileKql('print 1', { asOf: 0 }), 10)
  const { store, read } = await openInput(paths, options).finally(() => clearTimeout(loading))
  try {
    const report = await reportOf(store, {
      read,
      asOf,
      ...window,
      rules,
      watchlists,
      allTools: options.allTools === true,
      seconds: () => (performance.now() - begin) / 1000,
    })
    const shown = atLeast(report, options.level)
    const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
    const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
    await writeOutput(render(shown, format, { width: terminal.width, colour: terminal.colour }), options)
    if (read !== undefined && nothingRead(report)) return 2
    if (given.some(({ rules: found }) => found.length === 0)) return 2
    return options.failOnFindings === true && shown.findings.length > 0 ? 1 : 0
  } finally {
    await store.close()
  }
}

/** The rule files at a path. What is wrong with them, or was repaired, is told on standard error. */
function givenRules(path: string, quiet: boolean): readonly RuleFile[] {
  const files = rulesAt(path)
  const { colour } = terminalOf(process.stderr)
  for (const file of files)
    for (const diagnostic of file.diagnostics)
      if (diagnostic.severity === 'error' || (!quiet && diagnostic.code === 'rule-repaired'))
        process.stderr.write(`${diagnosticText(diagnostic, { name: file.path, text: file.text }, colour)}\n`)
  return files
}

function atLeast(report: Report, level: Level): Report {
  const least = LEVELS.indexOf(level)
  return { ...report, findings: report.findings.filter((finding) => LEVELS.indexOf(finding.level) >= least) }
}

function nothingRead({ summary }: Report): boolean {
  return summary.records.read === 0 && summary.rejected.length > 0
}
