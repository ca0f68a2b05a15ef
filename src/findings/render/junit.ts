import type { TestOutcome } from '../../detection/rule-tests/outcome.js'
import { visible } from '../../text/visible.js'

/** Outcomes of rule tests as JUnit XML, as CI servers read it: a suite a rule file. https://github.com/testmoapp/junitxml */
export function* junitChunks(outcomes: readonly TestOutcome[]): Iterable<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n'
  yield `<testsuites name="latchkey test"${totals(outcomes)}>\n`
  for (const suite of suitesOf(outcomes)) {
    yield `  <testsuite name="${attribute(suite[0]!.file)}"${totals(suite)}>\n`
    for (const outcome of suite) yield testcase(outcome)
    yield '  </testsuite>\n'
  }
  yield '</testsuites>\n'
}

/** Outcomes of one file after another. */
function suitesOf(outcomes: readonly TestOutcome[]): readonly (readonly TestOutcome[])[] {
  const suites = new Map<string, TestOutcome[]>()
  for (const outcome of outcomes) {
    const suite = suites.get(outcome.file)
    if (suite) suite.push(outcome)
    else suites.set(outcome.file, [outcome])
  }
  return [...suites.values()]
}

function totals(outcomes: readonly TestOutcome[]): string {
  const tally = (kind: TestOutcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === kind).length
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0)
  return ` tests="${outcomes.length}" failures="${tally('failed')}" errors="0" skipped="${tally('skipped')}" time="${seconds.toFixed(3)}"`
}

function testcase({ title, rule, file, name, outcome, reason, seconds }: TestOutcome): string {
  const open = `    <testcase classname="${attribute(title || rule)}" name="${attribute(name ?? 'no test')}" file="${attribute(file)}" time="${seconds.toFixed(3)}"`
  if (outcome === 'passed') return `${open}/>\n`
  const why = attribute(reason ?? '')
  const inner = outcome === 'skipped' ? `<skipped message="${why}"/>` : `<failure message="${why}">${why}</failure>`
  return `${open}>\n      ${inner}\n    </testcase>\n`
}

/** Text that can stand in an attribute and in an element: XML has no way to write control characters. */
const attribute = (text: string): string =>
  visible(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
