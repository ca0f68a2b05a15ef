import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, parse as parsePath } from 'node:path'
import { parse } from 'yaml'

/**
 * Test data in the layout of SigmaHQ's repository: a rule names an `info.yml` below the repository's root in `regression_tests_path`, and
 * that lists logs with how many events of each the rule must match.
 * https://github.com/SigmaHQ/sigma-specification/blob/main/sigmahq/sigmahq-regression-testing-conventions.md
 */
export interface DataTest {
  readonly name: string
  /** The log; undefined where it is not to be had, and `problem` says why. */
  readonly path: string | undefined
  /** Matches asked for; `any` is one or more. */
  readonly expected: number | 'any'
  readonly problem: string | undefined
}

export type RegressionData =
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string }
  | {
      readonly kind: 'tests'
      readonly tests: readonly DataTest[]
      /** Ids of the rules that the list is for. */
      readonly rules: readonly string[]
    }

/** The tests that a rule's `regression_tests_path` leads to, or that an `info.yml` beside the rule lists. */
export function regressionData(ruleFile: string, named: unknown): RegressionData {
  const beside = join(dirname(ruleFile), 'info.yml')
  if (named === undefined || named === null) return existsSync(beside) ? readInfo(beside, ruleFile) : { kind: 'none' }
  if (typeof named !== 'string' || named === '') return unusable('regression_tests_path is no path')
  const info = findBelow(dirname(ruleFile), named) ?? (existsSync(beside) ? beside : undefined)
  return info === undefined ? unusable(notFound(named)) : readInfo(info, ruleFile)
}

const unusable = (reason: string): RegressionData => ({ kind: 'unusable', reason })

const notFound = (path: string): string =>
  escapes(path)
    ? `${path} leads out of the folder of the rules and is not read`
    : `${path} is neither below a folder above the rule nor beside it`

// The longest list that anybody would write is some kilobytes.
const LONGEST = 1_000_000

function readInfo(info: string, ruleFile: string): RegressionData {
  let content: unknown
  try {
    if (statSync(info).size > LONGEST) return unusable(`${info} is longer than ${LONGEST} bytes`)
    content = parse(readFileSync(info, 'utf8'), { logLevel: 'error' })
  } catch (error) {
    return unusable(`${info} cannot be read: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  }
  const tests: unknown = isObject(content) ? content.regression_tests_info : undefined
  if (!Array.isArray(tests)) return unusable(`${info} has no list regression_tests_info`)
  const rules = (isObject(content) && Array.isArray(content.rule_metadata) ? content.rule_metadata : []) as unknown[]
  return {
    kind: 'tests',
    tests: tests.map((test: unknown, index) => dataTest(test, index, info, ruleFile)),
    rules: rules.flatMap((rule) => (isObject(rule) && typeof rule.id === 'string' ? [rule.id.toLowerCase()] : [])),
  }
}

function dataTest(test: unknown, index: number, info: string, ruleFile: string): DataTest {
  const { name, path, match_count: count } = isObject(test) ? test : {}
  const said = { name: typeof name === 'string' && name !== '' ? name : `test ${index + 1}`, expected: 'any' as const }
  if (typeof path !== 'string' || path === '') return { ...said, path: undefined, problem: `${info} names no path` }
  if (count !== undefined && count !== null && !(Number.isInteger(count) && Number(count) >= 0))
    return { ...said, path: undefined, problem: `match_count in ${info} is no number of events` }
  const expected = typeof count === 'number' ? count : said.expected
  // A copy of one rule's folder keeps the repository's paths; its logs then lie beside `info.yml`.
  const found = findBelow(dirname(ruleFile), path) ?? twinOf(join(dirname(info), parsePath(path).base))
  return { ...said, expected, path: found, problem: found === undefined ? notFound(path) : undefined }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A path, as a repository's root would have it, below the folder or the nearest folder above it that has such a path. */
function findBelow(folder: string, path: string): string | undefined {
  if (escapes(path)) return undefined
  for (let root = folder; ; root = dirname(root)) {
    const found = twinOf(join(root, path))
    if (found !== undefined || dirname(root) === root) return found
  }
}

/** A rule is somebody else's text: it may name files of its own repository and no others. */
const escapes = (path: string): boolean =>
  isAbsolute(path) || /^[a-z]:/i.test(path) || /(^|[/\\])\.\.([/\\]|$)/.test(path)

/** The file, or the same log in the other form it is published in. */
function twinOf(path: string): string | undefined {
  if (existsSync(path)) return path
  const other = { '.evtx': '.json', '.json': '.evtx' }[extname(path)]
  const twin = other === undefined ? undefined : path.slice(0, -extname(path).length) + other
  return twin !== undefined && existsSync(twin) ? twin : undefined
}
