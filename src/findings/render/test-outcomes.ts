import type { TestOutcome } from '../../detection/rule-tests/outcome.js'
import { fitEnd, widthOf, wrap } from '../../text/fit.js'
import { createPaint } from '../../text/paint.js'
import { visible, visibleJson } from '../../text/visible.js'
import type { TableOptions } from './table.js'
import { count, duration, plural } from './words.js'

/** Rule tests for a terminal: a line for each that ran, below a failure its file and its reason, and what was skipped as a number. */
export function* testTable(
  outcomes: readonly TestOutcome[],
  seconds: number,
  { width, colour }: TableOptions,
): Iterable<string> {
  const paint = createPaint(colour)
  for (const outcome of outcomes) {
    if (outcome.outcome === 'skipped') continue
    const passed = outcome.outcome === 'passed'
    const sign = passed ? paint.dim('passed') : paint.boldRed('failed')
    const room = width - INDENT
    const title = fitEnd(visible(outcome.title || outcome.rule), room)
    const name = fitEnd(visible(outcome.name ?? ''), Math.max(0, room - widthOf(title) - 2))
    yield `${sign}  ${title}${widthOf(name) < NARROWEST ? '' : paint.dim(`  ${name}`)}\n`
    if (passed) continue
    const { reason, file, data } = outcome
    for (const text of wrap(visible(reason ?? ''), room)) yield `${' '.repeat(INDENT)}${text}\n`
    for (const place of new Set([file, data ?? file]))
      for (const text of wrap(visible(place), room)) yield `${' '.repeat(INDENT)}${paint.dim(text)}\n`
  }
  if (outcomes.some(({ outcome }) => outcome !== 'skipped')) yield '\n'
  for (const text of wrap(summary(outcomes, seconds), width)) yield `${paint.bold(text)}\n`
  for (const [reason, times] of skipped(outcomes))
    for (const text of wrap(`${plural(times, 'rule')} skipped: ${visible(reason)}`, width)) yield `${text}\n`
}

const INDENT = 'passed  '.length
/** Less of a test's name than this says nothing. */
const NARROWEST = 12

function summary(outcomes: readonly TestOutcome[], seconds: number): string {
  const ran = outcomes.filter(({ outcome }) => outcome !== 'skipped')
  if (ran.length === 0) return 'No test was run.'
  const rules = new Set(ran.map(({ file, rule }) => `${file}\n${rule}`)).size
  const failed = ran.filter(({ outcome }) => outcome === 'failed').length
  return `${plural(ran.length, 'test')} of ${plural(rules, 'rule')}: ${count(ran.length - failed)} passed, ${count(failed)} failed in ${duration(seconds)}`
}

function skipped(outcomes: readonly TestOutcome[]): readonly (readonly [string, number])[] {
  const reasons = new Map<string, number>()
  for (const { outcome, reason } of outcomes)
    if (outcome === 'skipped') reasons.set(reason ?? '', (reasons.get(reason ?? '') ?? 0) + 1)
  return [...reasons].sort((a, b) => b[1] - a[1])
}

/** The same as one JSON document, with every skipped rule. */
export function* testJson(outcomes: readonly TestOutcome[], seconds: number): Iterable<string> {
  const tally = (kind: TestOutcome['outcome']): number => outcomes.filter(({ outcome }) => outcome === kind).length
  const totals = {
    passed: tally('passed'),
    failed: tally('failed'),
    skipped: tally('skipped'),
    seconds: Math.round(seconds * 1000) / 1000,
  }
  yield `{\n  "summary": ${JSON.stringify(totals)},\n  "tests": [`
  for (const [index, outcome] of outcomes.entries())
    yield `${index === 0 ? '' : ','}\n    ${visibleJson(JSON.stringify({ ...outcome, seconds: Math.round(outcome.seconds * 1000) / 1000 }))}`
  yield outcomes.length === 0 ? ']\n}\n' : '\n  ]\n}\n'
}
