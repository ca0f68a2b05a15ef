import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { ingest } from '../src/backends/duckdb/ingest.js'
import { Store } from '../src/backends/duckdb/store.js'
import { prepare } from '../src/detection/run-query.js'
import { compileSigma, runSigma } from '../src/detection/sigma/compile.js'
import { runTogether } from '../src/detection/sigma/together/index.js'
import { parseSigma, type SigmaDocument } from '../src/dialects/sigma/index.js'
import { loadModel } from '../src/events/model.js'
import type { Diagnostic } from '../src/text/diagnostic.js'
import { compareSigma } from '../test/fixtures/compare-sigma.js'

const CASES = new URL('../../shared/conformance/sigma/', import.meta.url)

/**
 * `npm run conformance sigma [--cases PATH] [--corpus PATH] [--random N [--seed N]] [--json]`: rules over the logs that they must match, as EVTX
 * and as its JSON twin; or a corpus of rules (a folder, a file, a `.tar.gz`) that only have to be read and run; or N random rules over random
 * events, run together and each as a query of its own.
 */
export async function run(args: string[]): Promise<number> {
  const option = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const json = args.includes('--json')
  const corpus = option('--corpus')
  if (corpus !== undefined) return runCorpus(corpus, json)
  const random = option('--random')
  if (random !== undefined) return runRandom(Number(random), Number(option('--seed') ?? 1), json)
  const path = option('--cases') ?? fileURLToPath(CASES)
  if (!existsSync(path)) {
    console.error('no cases: ../shared is absent and no --cases are given')
    return 3
  }
  return runCases(path, json)
}

/** Rules that share a store of random events. */
const RULES_TOGETHER = 500

async function runRandom(count: number, first: number, json: boolean): Promise<number> {
  const total = { rules: 0, refused: 0, met: 0, alone: 0 }
  const wrong: string[] = []
  for (let seed = first; total.rules < count; seed++) {
    const compared = await compareSigma(seed, Math.min(RULES_TOGETHER, count - total.rules), 100)
    for (const key of ['rules', 'refused', 'met', 'alone'] as const) total[key] += compared[key]
    wrong.push(...compared.wrong.map((what) => `seed ${seed}: ${what}`))
  }
  const { rules, refused, met, alone } = total
  if (json)
    console.log(JSON.stringify({ total: rules, passed: rules - wrong.length - refused, refused, met, alone, wrong }))
  else {
    for (const what of wrong) console.log(`wrong\t${what}`)
    console.log(
      `${rules} random rules, ${refused} refused, ${met} with matches, ${alone} that could only run alone; ${wrong.length} that give something else together than alone`,
    )
  }
  return wrong.length > 0 ? 1 : 0
}

interface Outcome {
  readonly id: string
  readonly outcome: 'passed' | 'refused' | 'wrong'
  readonly detail: string
  /** Why another number than the published one is right. */
  readonly pinned?: string
}

async function runCases(path: string, json: boolean): Promise<number> {
  const folders = existsSync(join(path, 'rule.yml'))
    ? [path]
    : readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(path, name))
        .sort()
  const cases: Outcome[] = []
  const pins = readPins()
  for (const folder of folders) {
    const logs = readdirSync(folder).filter((name) => /\.(?:evtx|json)$/.test(name))
    for (const log of logs.sort()) cases.push(await judge(folder, log, pins))
  }
  const tally = (kind: Outcome['outcome']): number => cases.filter(({ outcome }) => outcome === kind).length
  const pinned = cases.filter((each) => each.pinned !== undefined).length
  const summary = {
    total: cases.length,
    passed: tally('passed'),
    refused: tally('refused'),
    wrong: tally('wrong'),
    pinned,
  }
  if (json) console.log(JSON.stringify({ ...summary, cases }))
  else {
    for (const { id, outcome, detail, pinned } of cases)
      if (outcome !== 'passed') console.log(`${pinned === undefined ? outcome : 'pinned'}\t${id}\t${pinned ?? detail}`)
    const { total, passed, refused, wrong } = summary
    console.log(
      `${total} logs of ${folders.length} rules, ${passed} passed, ${refused} refused, ${wrong} wrong (${pinned} pinned)`,
    )
  }
  return summary.wrong > pinned ? 1 : 0
}

interface Pin {
  /** Events of the log that match the rule as it is written. */
  readonly matches: number
  readonly why: string
}

function readPins(): Readonly<Record<string, Pin>> {
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  return parse(readFileSync(new URL('./sigma-pinned.yaml', import.meta.url), 'utf8')) as Record<string, Pin>
}

async function judge(folder: string, log: string, pins: Readonly<Record<string, Pin>>): Promise<Outcome> {
  const name = basename(folder)
  const id = `${name}/${log.endsWith('.evtx') ? 'evtx' : 'json'}`
  const wrong = (detail: string): Outcome => ({ id, outcome: 'wrong', detail })
  const { documents, diagnostics } = parseSigma(readFileSync(join(folder, 'rule.yml'), 'utf8'))
  const [rule] = documents
  if (!rule || hasErrors(diagnostics)) return wrong(`not parsed: ${words(diagnostics)}`)
  const compiled = compileSigma(rule)
  if (!compiled.ok) return { id, outcome: 'refused', detail: words(compiled.diagnostics) }
  const expected = expectedCount(folder)
  const store = await Store.open(loadModel())
  try {
    await ingest(store, [join(folder, log)], { threads: 0 })
    const { events, applies } = await runSigma(store, compiled)
    if (rule.kind === 'rule') {
      const [together] = await runTogether(store, [rule], { limit: events.length + 1 })
      const alike = together?.ok === true && together.applies === applies && together.total === events.length
      if (!alike) return wrong('it gives something else together with others than alone')
    }
    // A case that says no number asks for any match.
    if (expected === undefined ? events.length > 0 : events.length === expected)
      return { id, outcome: 'passed', detail: '' }
    const pin = pins[name]
    if (pin && pin.matches === events.length) return { ...wrong(`${events.length} matches`), pinned: pin.why }
    return wrong(
      `${events.length} matches instead of ${expected ?? 'any'}${applies ? '' : '; the rule does not apply'}`,
    )
  } catch (error) {
    return wrong(`failed: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await store.close()
  }
}

function expectedCount(folder: string): number | undefined {
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  const info = parse(readFileSync(join(folder, 'info.yml'), 'utf8')) as {
    readonly regression_tests_info: readonly { readonly match_count?: number }[]
  }
  return info.regression_tests_info[0]?.match_count
}

interface CorpusCase {
  readonly id: string
  readonly outcome: 'rejected' | 'ran' | 'refused' | 'failed'
  readonly detail: string
}

async function runCorpus(path: string, json: boolean): Promise<number> {
  const files = await readCorpus(path)
  const store = await Store.open(loadModel())
  const cases: CorpusCase[] = []
  let applying = 0
  let placeholders = 0
  try {
    for (const { name, text } of files) {
      const { documents, diagnostics } = parseSigma(text)
      if (hasErrors(diagnostics) || documents.length === 0) {
        cases.push({ id: name, outcome: 'rejected', detail: words(diagnostics) })
        continue
      }
      for (const [index, document] of documents.entries()) {
        const id = documents.length === 1 ? name : `${name}#${index}`
        const given = standIns(document)
        if (given.size > 0) placeholders++
        const compiled = compileSigma(document, { placeholders: given })
        if (!compiled.ok) {
          cases.push({ id, outcome: 'refused', detail: words(compiled.diagnostics) })
          continue
        }
        if (compiled.table.sources.length > 0) applying++
        try {
          prepare(store, compiled.sql)
          await store.rows(compiled.sql)
          cases.push({ id, outcome: 'ran', detail: words(compiled.diagnostics) })
        } catch (error) {
          cases.push({ id, outcome: 'failed', detail: error instanceof Error ? error.message : String(error) })
        }
      }
    }
  } finally {
    await store.close()
  }
  const tally = (kind: CorpusCase['outcome']): number => cases.filter(({ outcome }) => outcome === kind).length
  const summary = {
    total: cases.length,
    rejected: tally('rejected'),
    ran: tally('ran'),
    refused: tally('refused'),
    failed: tally('failed'),
    /** Rules whose log source telemetry can fill; the others run over nothing. */
    applying,
    /** Rules whose placeholders were given a stand-in, as a user gives them values from a file. */
    placeholders,
  }
  if (json) console.log(JSON.stringify({ ...summary, cases }))
  else {
    for (const { id, outcome, detail } of cases)
      if (outcome !== 'ran') console.log(`${outcome}\t${id}\t${detail.split('\n')[0]}`)
    console.log(
      `${summary.total} rules, ${summary.rejected} not parsed; ran ${summary.ran} (${((summary.ran / summary.total) * 100).toFixed(2)} %), of them ${applying} over a log source that is read here and ${placeholders} with stand-ins for placeholders; refused ${summary.refused}, failed ${summary.failed}`,
    )
  }
  return summary.failed > 0 ? 1 : 0
}

/** A value for every placeholder that the rule names. */
function standIns({ raw }: SigmaDocument): ReadonlyMap<string, readonly string[]> {
  const text = JSON.stringify(raw.detection ?? null)
  if (!text.includes('|expand')) return new Map()
  return new Map([...text.matchAll(/%(\w+)%/g)].map(([, name]) => [name!, ['stand-in']]))
}

async function readCorpus(path: string): Promise<readonly { readonly name: string; readonly text: string }[]> {
  if (statSync(path).isDirectory())
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => ({ name, text: readFileSync(join(path, name), 'utf8') }))
  if (!path.endsWith('gz')) return [{ name: path, text: readFileSync(path, 'utf8') }]
  const { extract } = await import('tar-stream')
  const archive = extract()
  archive.end(gunzipSync(readFileSync(path)))
  const files: { name: string; text: string }[] = []
  for await (const entry of archive) {
    const blocks: Buffer[] = []
    for await (const block of entry) blocks.push(block as Buffer)
    const { name } = entry.header
    if (/\.ya?ml$/.test(name)) files.push({ name, text: Buffer.concat(blocks).toString('utf8') })
  }
  return files.sort((a, b) => a.name.localeCompare(b.name))
}

const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === 'error')

const words = (diagnostics: readonly Diagnostic[]): string => diagnostics.map(({ message }) => message).join('; ')
