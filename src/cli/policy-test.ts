import type { Policy } from '../policy/index.js'
import { fitEnd, wrap } from '../text/fit.js'
import { createPaint } from '../text/paint.js'
import { visible, visibleJson } from '../text/visible.js'
import { type AttackResult, testPolicy } from '../validation/policy/test-policy.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { policyAt, writeDiagnostics } from './policy-file.js'
import { terminalOf } from './terminal.js'

/** `latchkey policy test`: 2 where the policy would hide an attack, else 0. */
export async function policyTest(
  path: string,
  options: OutputOptions & { readonly format: 'table' | 'json' },
): Promise<number> {
  checkOutput(options)
  const file = policyAt(path)
  if (file.diagnostics.length > 0) {
    writeDiagnostics(file, file.diagnostics)
    return 2
  }
  const results = await testPolicy(file.policy)
  const hidden = results.some((result) => result.hidden)
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  if (options.format === 'json') await writeOutput([`${visibleJson(JSON.stringify(results, null, 2))}\n`], options)
  else await writeOutput(told(results, file.policy, terminal.width, terminal.colour), options)
  return hidden ? 2 : 0
}

function* told(results: readonly AttackResult[], policy: Policy, width: number, colour: boolean): Iterable<string> {
  const paint = createPaint(colour)
  if (results.length === 0) {
    yield 'no entry approves a tool: there is nothing that could hide an attack\n'
    return
  }
  const entries = [...new Set(results.map(({ entry }) => entry))]
  const isPlayed = ({ verdict }: AttackResult): boolean => verdict !== 'not played'
  for (const entry of entries) {
    const all = results.filter((result) => result.entry === entry)
    const own = all.filter(isPlayed)
    const hidden = own.filter((result) => result.hidden)
    const said = hidden.length === 0 ? `hides none of ${own.length}` : `hides ${hidden.length} of ${own.length}`
    yield `${paint.bold(visible(entry))}  ${hidden.length > 0 ? paint.boldRed(said) : said}\n`
    const tools = policy.entries.find(({ id }) => id === entry)?.tools.size ?? 0
    const tried = new Set(own.map(({ toolId }) => toolId)).size
    if (tools > tried) yield `  ${paint.yellow(`${tried} of its ${tools} tools were tried`)}\n`
    for (const result of own) {
      const mark = result.hidden ? paint.boldRed('hidden') : 'seen  '
      const what = `${result.tool}, ${result.story}: ${result.says}`
      yield `  ${mark}  ${fitEnd(visible(what), Math.max(20, width - 10))}\n`
      const why = result.hidden ? result.reason : `${result.verdict}: ${result.reason}`
      for (const line of wrap(visible(why), Math.max(20, width - 10), 2)) yield `          ${paint.dim(line)}\n`
    }
    for (const { tool, story, reason } of all.filter((result) => !isPlayed(result)))
      for (const line of wrap(visible(`${tool}, ${story}: not played, ${reason}`), Math.max(20, width - 2), 2))
        yield `  ${paint.yellow(line)}\n`
  }
  const played = results.filter(isPlayed).length
  const left = results.length - played
  const all = results.filter((result) => result.hidden)
  const holes = new Set(all.map(({ entry }) => entry)).size
  yield `\n${played} attacks on ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}: ${all.length === 0 ? 'none is hidden' : `${all.length} would be hidden, by ${holes} ${holes === 1 ? 'entry' : 'entries'}`}\n`
  if (left > 0)
    yield `${left} more ${left === 1 ? 'was' : 'were'} not played: how the tool would show another tenant is not known\n`
  if (all.length > 0) for (const line of wrap(HELP, width)) yield `${line}\n`
}

const HELP =
  'A stranger’s copy that looks as ours does can only be told by its tenant: give `tenant` where telemetry shows one, or accept the hole knowingly.'
