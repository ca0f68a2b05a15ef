import { ingest } from '../../backends/duckdb/ingest.js'
import { Store } from '../../backends/duckdb/store.js'
import type { SigmaDocument } from '../../dialects/sigma/index.js'
import { loadModel } from '../../events/model.js'
import { compileKql } from '../compile-query.js'
import { runSignals } from '../lint/run-tests.js'
import type { RuleFile } from '../rules/index.js'
import type { Rule } from '../rules.js'
import { factsOfSigma, isFound, type RuleFacts } from '../select-rules.js'
import { neededBy } from '../sigma/needed-rules.js'
import { type GivenSigma, givenSigma, runSigmaRules, type SigmaRuleRun } from '../sigma/run-rules.js'
import type { TestOutcome } from './outcome.js'
import { type DataTest, regressionData } from './regression-data.js'

/** Rules of one file, or a rule that comes with latchkey. */
export interface TestedFile {
  readonly name: string
  readonly file: RuleFile | undefined
  readonly rules: readonly Rule[]
}

export interface TestOptions {
  /** The clock that signals come just before; microseconds. */
  readonly asOf: number
  /** Only rules whose id, title or path has this. */
  readonly filter?: string | undefined
  /** What `%name%` stands for in Sigma rules. */
  readonly placeholders?: ReadonlyMap<string, readonly string[]> | undefined
  readonly memoryLimit?: string | undefined
  readonly onProgress?: (done: number, total: number, current: string) => void
}

/**
 * Runs the rules that carry test data: ours over the signals that they list, Sigma's over the logs that their `info.yml` lists. Each log
 * is read once, into a store of its own, and all its rules run over it. Outcomes are in the order of the files.
 */
export async function runRuleTests(
  files: readonly TestedFile[],
  options: TestOptions,
): Promise<readonly TestOutcome[]> {
  const asked = files.flatMap((file) => casesOf(file, options))
  const byLog = new Map<string, LogCase[]>()
  for (const each of asked)
    if (each.kind === 'log') {
      const cases = byLog.get(each.path)
      if (cases) cases.push(each)
      else byLog.set(each.path, [each])
    }
  const documents = files.flatMap(({ file }) => (file ? givenSigma(file) : []))
  const outcomes = new Map<Case, TestOutcome>()
  let done = 0
  for (const [path, cases] of byLog) {
    options.onProgress?.(done++, byLog.size, path)
    for (const [index, outcome] of (await runLog(path, cases, documents, options)).entries())
      outcomes.set(cases[index]!, outcome)
  }
  return asked.map((each) => (each.kind === 'told' ? each.outcome : outcomes.get(each)!))
}

/** A test that must run over a log, or whose outcome is known already. */
type Case = LogCase | { readonly kind: 'told'; readonly outcome: TestOutcome }

interface LogCase {
  readonly kind: 'log'
  readonly given: GivenSigma
  readonly test: DataTest
  readonly path: string
}

function casesOf({ name, file, rules }: TestedFile, options: TestOptions): readonly Case[] {
  const wanted = (facts: RuleFacts): boolean => options.filter === undefined || isFound(facts, options.filter)
  const own = rules
    .filter((rule) => wanted({ ...rule, file: file ? name : null, status: null, tags: [] }))
    .flatMap((rule) => signalCases(name, rule, options.asOf))
  const given = file ? givenSigma(file) : []
  const sigma = given
    .filter(({ document }) => document.kind !== 'filter' && wanted(factsOfSigma(document, name)))
    .flatMap((each) => sigmaCases(each, given.length === 1))
  if (own.length + sigma.length > 0 || rules.length + given.length > 0) return [...own, ...sigma]
  const faults = file?.diagnostics.filter(({ severity }) => severity === 'error') ?? []
  const unread = { id: null, title: '', file: name, status: null, tags: [], techniques: [] }
  if (faults.length === 0 || !wanted(unread)) return []
  const reason = `no rule of it can be read: ${faults.map(({ message }) => message).join('; ')}`
  return [told({ file: name, rule: name, title: name }, 'failed', reason)]
}

type Head = Pick<TestOutcome, 'file' | 'rule' | 'title'> & Partial<Pick<TestOutcome, 'name' | 'data' | 'expected'>>

const told = (head: Head, outcome: TestOutcome['outcome'], reason: string): Case => ({
  kind: 'told',
  outcome: { name: null, data: null, expected: null, found: null, seconds: 0, ...head, outcome, reason },
})

function signalCases(file: string, rule: Rule, asOf: number): readonly Case[] {
  const head = { file, rule: rule.id, title: rule.title }
  if (rule.tests === undefined || rule.tests.length === 0) return [told(head, 'skipped', NO_DATA)]
  const compiled = compileKql(rule.query, { asOf })
  if (!compiled.ok)
    return [told(head, 'failed', `refused: ${compiled.diagnostics.map(({ message }) => message).join('; ')}`)]
  return runSignals(rule, compiled, asOf).map(({ test, signal, missed, seconds }) => ({
    kind: 'told',
    outcome: {
      ...head,
      name: `${test.name}: ${signal.says}`,
      data: signal.table,
      outcome: missed ? 'failed' : 'passed',
      expected: 1,
      found: missed ? 0 : 1,
      reason: missed?.message ?? null,
      seconds,
    },
  }))
}

const NO_DATA = 'no test data'

function sigmaCases(given: GivenSigma, alone: boolean): readonly Case[] {
  const { document, file } = given
  const head = { file, rule: document.id ?? document.name ?? document.title, title: document.title }
  const named = document.raw.regression_tests_path
  const data = regressionData(file, named)
  if (data.kind === 'none') return [told(head, 'skipped', NO_DATA)]
  if (data.kind === 'unusable') return [told(head, 'failed', data.reason)]
  // Of several rules in a file, a list that none of them names is for those whose ids it has.
  if (named === undefined && !alone && !data.rules.includes((document.id ?? '').toLowerCase()))
    return [told(head, 'skipped', NO_DATA)]
  if (data.tests.length === 0) return [told(head, 'skipped', NO_DATA)]
  return data.tests.map((test) => {
    const { name, path, problem, expected } = test
    if (path === undefined) return told({ ...head, name, expected }, 'failed', problem ?? NO_DATA)
    return { kind: 'log', given, test, path }
  })
}

async function runLog(
  path: string,
  cases: readonly LogCase[],
  documents: readonly GivenSigma[],
  options: TestOptions,
): Promise<readonly TestOutcome[]> {
  const store = await Store.open(loadModel(), { memoryLimit: options.memoryLimit })
  try {
    const { records } = await ingest(store, [path], { threads: 0 })
    const unread = records.read > 0 ? undefined : await whyUnread(store)
    const outcomes: TestOutcome[] = []
    for (const each of cases) {
      const begin = performance.now()
      const run = unread === undefined ? await runOne(store, each.given, documents, options) : unread
      outcomes.push(judge(each, run, (performance.now() - begin) / 1000))
    }
    return outcomes
  } finally {
    await store.close()
  }
}

async function whyUnread(store: Store): Promise<string> {
  const [[reason] = []] = await store.rows('SELECT reason FROM rejection ORDER BY position LIMIT 1')
  return `nothing in the log can be read${typeof reason === 'string' ? `: ${reason}` : ''}`
}

/** A rule that fails to run is one failed test, and the others go on. */
async function runOne(
  store: Store,
  given: GivenSigma,
  documents: readonly GivenSigma[],
  { placeholders }: TestOptions,
): Promise<SigmaRuleRun | string> {
  try {
    const needed = [...neededBy([given], documents)].filter((each) => each.document !== given.document)
    const runs = await runSigmaRules(store, [...needed.map((each) => ({ ...each, forOthers: true })), given], {
      limit: 0,
      ...(placeholders === undefined ? {} : { placeholders }),
    })
    return runs.find((run) => run.given.document === given.document) ?? 'the rule did not run'
  } catch (error) {
    return `the rule cannot run: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

function judge(
  { given: { file, document }, test, path }: LogCase,
  run: SigmaRuleRun | string,
  seconds: number,
): TestOutcome {
  const head = { file, rule: document.id ?? document.name ?? document.title, title: document.title }
  const about = { ...head, name: test.name, data: path, expected: test.expected, seconds }
  if (typeof run === 'string') return { ...about, outcome: 'failed', found: null, reason: run }
  if (run.outcome === 'refused') return { ...about, outcome: 'failed', found: null, reason: `refused: ${run.reason}` }
  const { total } = run
  if (test.expected === 'any' ? total > 0 : total === test.expected)
    return { ...about, outcome: 'passed', found: total, reason: null }
  const wanted = test.expected === 'any' ? 'a match' : `${test.expected} ${test.expected === 1 ? 'match' : 'matches'}`
  const reason =
    run.outcome === 'not-applicable'
      ? `the log has no event of the rule’s log source (${run.reason})`
      : `expected ${wanted}, found ${total === 0 ? 'none' : total}`
  return { ...about, outcome: 'failed', found: total, reason }
}
