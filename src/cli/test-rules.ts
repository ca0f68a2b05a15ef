import { existsSync } from 'node:fs'
import type { TestOutcome } from '../detection/rule-tests/outcome.js'
import { runRuleTests } from '../detection/rule-tests/run.js'
import { loadRules } from '../detection/rules.js'
import { junitChunks } from '../findings/render/junit.js'
import { testJson, testTable } from '../findings/render/test-outcomes.js'
import { fitMiddle } from '../text/fit.js'
import { visible } from '../text/visible.js'
import { ConfigurationError } from './failure.js'
import { placeholdersOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { overlaid, usableOverlay } from './overlay-file.js'
import { ruleSources } from './rule-source.js'
import { terminalOf } from './terminal.js'

export interface TestRulesOptions extends OutputOptions {
  readonly format?: 'table' | 'json' | 'junit'
  readonly filter?: string
  readonly placeholders?: string
  readonly overlay?: string
  readonly quiet?: boolean
  readonly memory: string
}

/** `latchkey test`: runs rules over the test data that they carry. Exit code 1 where one fails, 2 where none has any. */
export async function testRules(given: readonly string[], options: TestRulesOptions): Promise<number> {
  checkOutput(options)
  const begin = performance.now()
  for (const each of given)
    if (!existsSync(each) && !loadRules().some(({ id }) => id === each))
      throw new ConfigurationError(`${each} is no file, no folder and no rule that comes with latchkey`)
  const sources = (await Promise.all(given.map(ruleSources))).flat()
  const overlay = usableOverlay(options.overlay)
  const files = sources.map(({ name, file, rules }) => {
    const laid = overlaid(
      overlay,
      rules.map(({ rule }) => rule),
      file ? [{ ...file, path: name, rules: [] }] : [],
      true,
    )
    const [under] = laid.files
    return {
      name,
      file: under && { ...under, documents: under.documents.filter((document) => !laid.disabled.has(document)) },
      rules: laid.own,
    }
  })
  const progress = createLine(options.quiet === true)
  const outcomes = await runRuleTests(files, {
    asOf: Date.now() * 1000,
    filter: options.filter,
    placeholders: placeholdersOf(options.placeholders),
    memoryLimit: options.memory,
    onProgress: progress.show,
  }).finally(progress.done)
  if (outcomes.length === 0 && options.filter !== undefined)
    throw new ConfigurationError(`--filter ${options.filter}: no rule has that in its id, title or path`)
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  await writeOutput(print(outcomes, (performance.now() - begin) / 1000, options.format ?? 'table', terminal), options)
  if (outcomes.some(({ outcome }) => outcome === 'failed')) return 1
  return outcomes.some(({ outcome }) => outcome === 'passed') ? 0 : 2
}

function print(
  outcomes: readonly TestOutcome[],
  seconds: number,
  format: 'table' | 'json' | 'junit',
  terminal: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  switch (format) {
    case 'table':
      return testTable(outcomes, seconds, terminal)
    case 'json':
      return testJson(outcomes, seconds)
    case 'junit':
      return junitChunks(outcomes)
  }
}

/** One line on a terminal that says which log is read, and goes away. */
function createLine(quiet: boolean): {
  readonly show: (done: number, total: number, current: string) => void
  readonly done: () => void
} {
  const { isTerminal, width } = terminalOf(process.stderr)
  if (quiet || !isTerminal) return { show: () => {}, done: () => {} }
  return {
    show: (done, total, current) => {
      const head = `${done} of ${total} logs  `
      process.stderr.write(`\r\x1b[2K${head}${fitMiddle(visible(current), Math.max(10, width - head.length - 1))}`)
    },
    done: () => process.stderr.write('\r\x1b[2K'),
  }
}
