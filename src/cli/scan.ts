import { compileKql } from '../detection/compile-query.js'
import type { Overlay } from '../detection/overlay/overlay.js'
import type { RuleFile } from '../detection/rules/index.js'
import { allRules, loadRules, readPeriod } from '../detection/rules.js'
import { tuned } from '../detection/tuning.js'
import { type Format, render } from '../findings/render/index.js'
import { count, some } from '../findings/render/words.js'
import { withoutRepeats } from '../findings/repeats.js'
import { LEVELS, type Level, type Report } from '../findings/report.js'
import { cutRules, gravestFirst, type ReportOptions, reportOf } from '../findings/scan.js'
import { visible } from '../text/visible.js'
import { decisionsAt, decisionsPath, keepIncidents } from './decisions-file.js'
import { type EngineOptions, engineOf } from './engine.js'
import { ConfigurationError } from './failure.js'
import { placeholdersOf, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { overlaid, usableOverlay } from './overlay-file.js'
import { usablePolicy } from './policy-file.js'
import { isRowFormat, ROW_FORMATS } from './rows.js'
import { rulesAt } from './rules-at.js'
import { type ChosenRules, chooseRules, type SelectionOptions } from './selection.js'
import { renderStacks } from './stack.js'
import { diagnosticText, terminalOf } from './terminal.js'

export interface ScanOptions extends EngineOptions, OutputOptions, SelectionOptions {
  readonly format?: Format
  readonly level: Level
  readonly policy?: string
  readonly decisions?: string
  readonly overlay?: string
  readonly rules?: readonly string[]
  readonly builtinRules?: boolean
  readonly tune?: readonly string[]
  readonly allTools?: boolean
  readonly failOnFindings?: boolean
  readonly dedup?: string
  readonly limit?: string
  readonly stack?: readonly string[]
}

/** `latchkey scan`: reads, identifies, detects, prints. Returns the exit code. */
export async function scan(paths: readonly string[], options: ScanOptions): Promise<number> {
  checkOutput(options)
  const begin = performance.now()
  const window = { since: timeOption('--since', options.since), until: timeOption('--until', options.until) }
  const asOf = timeOption('--as-of', options.asOf)
  const watchlists = watchlistsOf(options.watchlists)
  const placeholders = placeholdersOf(options.placeholders)
  const policy = options.policy === undefined ? undefined : usablePolicy(options.policy, options.quiet === true)
  const decisions = decisionsPath(options)
  const decided = decisions === undefined ? [] : decisionsAt(decisions)
  const overlayFile = usableOverlay(options.overlay)
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
  const dedup = dedupOption(options.dedup)
  const limit = limitOption(options.limit)
  if (options.stack !== undefined && !isRowFormat(format))
    throw new ConfigurationError(`--stack prints ${ROW_FORMATS.join(', ')}, not ${format}`)
  // Readers work on threads of their own; what the rules need is loaded while this one waits for them.
  const loading = setTimeout(() => {
    if (options.builtinRules !== false) compileKql('print 1', { asOf: 0 })
  }, 10)
  const rulesMissing = new AbortController()
  const engine = await engineOf(options)
  const reading = engine.open(paths, rulesMissing.signal).finally(() => clearTimeout(loading))
  // Told where it is waited for.
  reading.catch(() => undefined)
  const { given, chosen, overlay } = await rulesOf(options, overlayFile).catch(async (error: unknown) => {
    rulesMissing.abort()
    await reading.then(({ store }) => store.close()).catch(() => undefined)
    throw error
  })
  const { store, read } = await reading
  try {
    const report = await reportOf(store, {
      read,
      asOf,
      ...window,
      rules: chosen.rules,
      sigma: chosen.sigma,
      watchlists,
      placeholders,
      policy,
      decisions: decided,
      overlay,
      allTools: options.allTools === true,
      limit,
      seconds: () => (performance.now() - begin) / 1000,
    })
    const shown = withoutRepeatsIn(atLeast(report, options.level), dedup)
    const stacks = options.stack !== undefined && isRowFormat(format)
    await writeOutput(
      stacks ? renderStacks(shown, options.stack, format, terminal) : render(shown, format, terminal),
      options,
    )
    if (options.quiet !== true && (stacks || !TELLS_ALL.has(format))) tellCut(report.summary, limit)
    if (options.store !== undefined) keepIncidents(options.store, report.incidents)
    if (read !== undefined && nothingRead(report)) return 2
    if (given.some(({ rules: found, documents }) => found.length + documents.length === 0)) return 2
    return options.failOnFindings === true && shown.findings.length > 0 ? 1 : 0
  } finally {
    await store.close()
  }
}

interface RulesOfScan {
  readonly given: readonly RuleFile[]
  readonly chosen: ChosenRules
  readonly overlay: ReportOptions['overlay']
}

async function rulesOf(options: ScanOptions, overlay: Overlay | undefined): Promise<RulesOfScan> {
  const quiet = options.quiet === true
  const wanted = options.rules ?? []
  const byId = allRules().filter(({ id }) => wanted.includes(id))
  const paths = wanted.filter((each) => !byId.some(({ id }) => id === each))
  const given = await givenRules(paths, quiet)
  const ours = options.builtinRules === false ? [] : loadRules()
  const { rules, unused } = tuned(
    [...ours, ...byId.filter(({ id }) => !ours.some((our) => our.id === id))],
    options.tune ?? [],
  )
  if (unused.length > 0) throw new ConfigurationError(`--tune ${unused[0]}: no rule has an exclusion of that name`)
  const laid = overlaid(overlay, rules, given, quiet)
  const chosen = chooseRules(laid.own, laid.files, options)
  if (!quiet) for (const pattern of chosen.unused) process.stderr.write(`--exclude ${visible(pattern)} names no rule\n`)
  const sigma = chosen.sigma.map((each) => ({
    ...each,
    ...(laid.disabled.has(each.document) ? { forOthers: true } : {}),
    ...(laid.notes.has(each.document) ? { notes: laid.notes.get(each.document)! } : {}),
  }))
  return {
    given,
    chosen: { ...chosen, sigma },
    overlay: overlay && { file: overlay.path, entries: laid.entries },
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
  const grave = ({ level }: { readonly level: Level }): boolean => LEVELS.indexOf(level) >= least
  return { ...report, incidents: report.incidents.filter(grave), findings: report.findings.filter(grave) }
}

function dedupOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const micros = readPeriod(text)
  if (micros === undefined) throw new ConfigurationError(`--dedup takes a time as 1h, 30m or 2d, not ${text}`)
  return micros
}

function withoutRepeatsIn(report: Report, window: number | undefined): Report {
  if (window === undefined) return report
  return { ...report, findings: withoutRepeats(report.findings, window).toSorted(gravestFirst) }
}

function limitOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new ConfigurationError(`--limit takes a whole number from 1 on, not ${text}`)
  return Number(text)
}

/** Formats that say themselves of which rules not all was kept. */
const TELLS_ALL: ReadonlySet<Format> = new Set<Format>(['table', 'html', 'json', 'ndjson'])

function tellCut(summary: Report['summary'], limit: number | undefined): void {
  const cut = cutRules(summary, limit)
  if (cut.length === 0) return
  const names = some(
    cut.map(({ title, matches }) => `${visible(title)} (${count(matches)})`),
    5,
  )
  process.stderr.write(`of these rules only the first findings are kept, --limit keeps more: ${names}\n`)
}

function nothingRead({ summary }: Report): boolean {
  return summary.records.read === 0 && summary.rejected.length > 0
}
