import { inventoryOf } from '../findings/inventory.js'
import { judgingOf } from '../findings/judging.js'
import { type Proposable, proposePolicy } from '../findings/propose-policy.js'
import { checkPolicy, type PolicyFile, type Reading, readings, type Sighting } from '../policy/index.js'
import { fitMiddle, wrap } from '../text/fit.js'
import { createPaint } from '../text/paint.js'
import { visible, visibleJson } from '../text/visible.js'
import { type InputOptions, openInput, timeOption } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { policyAt, writeDiagnostics } from './policy-file.js'
import { inventoryAt } from './report-file.js'
import { diagnosticText, terminalOf } from './terminal.js'

/** `latchkey policy init`: proposes entries from logs, a store or a report. Returns the exit code. */
export async function policyInit(
  paths: readonly string[],
  options: InputOptions & OutputOptions & { readonly report?: string },
): Promise<number> {
  checkOutput(options)
  if (options.report !== undefined) {
    await writeOutput([proposePolicy(inventoryAt(options.report, isProposable), new Date())], options)
    return 0
  }
  const { store } = await openInput(paths, options)
  try {
    await store.narrow(timeOption('--since', options.since), timeOption('--until', options.until))
    const inventory = await inventoryOf(store, { allTools: false, stretches: undefined })
    await writeOutput([proposePolicy(inventory, new Date())], options)
    return 0
  } finally {
    await store.close()
  }
}

function isProposable(value: unknown): value is Proposable {
  const entry = value as Partial<Proposable> | null
  const isText = (each: unknown): each is string => typeof each === 'string'
  const isInstance = (each: unknown): boolean =>
    typeof each === 'object' && each !== null && Object.values(each).every(isText)
  const all = <T>(list: readonly T[] | undefined, holds: (each: T) => boolean): boolean =>
    Array.isArray(list) && list.every(holds)
  return (
    [entry?.tool, entry?.toolId, entry?.host, entry?.firstSeen ?? ''].every(isText) &&
    all(entry!.users, isText) &&
    all(entry!.paths, isText) &&
    all(entry!.launch, (each) => isText(each?.how) && isText(each.parent)) &&
    all(entry!.identity?.evidence, (each) => isText(each?.kind) && isText(each.value)) &&
    (entry!.tenant === null || isInstance(entry!.tenant)) &&
    all(entry!.otherTenants ?? [], isInstance)
  )
}

/** `latchkey policy check`: what cannot be read and what is unwise. 2 with an error, else 0. */
export function policyCheck(path: string, options: { readonly force?: boolean; readonly quiet?: boolean }): number {
  const file = policyAt(path)
  const unwise = file.diagnostics.length > 0 ? [] : checkPolicy(file.policy, Date.now() * 1000)
  const found = [...file.diagnostics, ...unwise].map((diagnostic) =>
    options.force === true && FORCED.has(diagnostic.code)
      ? { ...diagnostic, severity: 'warning' as const }
      : diagnostic,
  )
  const shown = found.filter(({ severity }) => severity !== 'note' || options.quiet !== true)
  const { colour } = terminalOf(process.stdout)
  for (const diagnostic of shown.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0)))
    process.stdout.write(`${diagnosticText(diagnostic, { name: path, text: file.text }, colour)}\n\n`)
  const errors = found.filter(({ severity }) => severity === 'error').length
  const warnings = found.filter(({ severity }) => severity === 'warning').length
  const { entries, prohibited } = file.policy
  process.stdout.write(
    `${plural(entries.length, 'entry', 'entries')}, ${plural(prohibited.length, 'prohibition')}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}${errors > 0 && found.some(({ severity, code }) => severity === 'error' && FORCED.has(code)) ? '; --force makes warnings of entries that are too wide' : ''}\n`,
  )
  return errors > 0 ? 2 : 0
}

/** Entries that are too wide, and can be meant so. */
const FORCED: ReadonlySet<string> = new Set(['policy-name-alone', 'policy-without-tenant', 'policy-any-tenant'])

export interface ExplainOptions extends InputOptions, OutputOptions {
  readonly tool?: string
  readonly host?: string
  readonly format?: 'table' | 'json'
}

/** `latchkey policy explain`: which entry decided on each sighting, and how every entry that names the tool reads it. */
export async function policyExplain(path: string, paths: readonly string[], options: ExplainOptions): Promise<number> {
  checkOutput(options)
  const file = policyAt(path)
  if (file.diagnostics.length > 0) {
    writeDiagnostics(file, file.diagnostics)
    return 2
  }
  const { store } = await openInput(paths, options)
  try {
    await store.narrow(timeOption('--since', options.since), timeOption('--until', options.until))
    const sightings: Sighting[] = []
    const judging = await judgingOf(store, file.policy)
    const inventory = await inventoryOf(store, {
      allTools: true,
      stretches: undefined,
      judging: { ...judging, observe: (sighting) => sightings.push(sighting) },
    })
    const names = new Map(inventory.map(({ toolId, tool }) => [toolId, tool]))
    const has = (text: string | undefined, ...values: readonly string[]): boolean =>
      text === undefined || values.some((value) => value.toLowerCase().includes(text.toLowerCase()))
    const asked = sightings
      .filter(({ toolId, host }) => has(options.tool, toolId, names.get(toolId) ?? '') && has(options.host, host))
      .sort((a, b) => (a.toolId < b.toolId ? -1 : a.toolId > b.toolId ? 1 : a.host < b.host ? -1 : 1))
    const explained = asked.map((sighting) => ({
      sighting,
      tool: names.get(sighting.toolId) ?? sighting.toolId,
      cases: readings(file.policy, sighting),
    }))
    const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
    if ((options.format ?? 'table') === 'json') await writeOutput([explainedJson(explained)], options)
    else await writeOutput(explainedText(explained, file, terminal), options)
    if (asked.length === 0 && options.format !== 'json')
      process.stderr.write('latchkey: no sighting is of that tool and host\n')
    return 0
  } finally {
    await store.close()
  }
}

type Explained = readonly {
  readonly sighting: Sighting
  readonly tool: string
  readonly cases: ReturnType<typeof readings>
}[]

function explainedJson(explained: Explained): string {
  const rows = explained.flatMap(({ sighting, tool, cases }) =>
    cases.map(({ judgement, readings: all }) => ({
      tool,
      toolId: sighting.toolId,
      host: sighting.host,
      ...judgement,
      entries: all.map(({ entry, constraints }) => ({
        id: entry.id,
        prohibits: entry.prohibits,
        confirmed: entry.confirmed,
        constraints,
      })),
    })),
  )
  return `${visibleJson(JSON.stringify(rows, null, 2))}\n`
}

function* explainedText(
  explained: Explained,
  file: PolicyFile,
  { width, colour }: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  const paint = createPaint(colour)
  const room = Math.max(40, width)
  for (const { sighting, tool, cases } of explained)
    for (const { judgement, readings: all } of cases) {
      yield `${paint.bold(visible(`${tool} on ${sighting.host || 'a host without a name'}`))}  ${judgement.verdict}\n`
      for (const line of wrap(visible(judgement.reason), room - 2)) yield `  ${line}\n`
      const tenant = Object.entries(judgement.tenant ?? {})
      if (tenant.length > 0)
        for (const line of wrap(visible(`instance: ${tenant.map((pair) => pair.join(' ')).join(', ')}`), room - 2, 2))
          yield `  ${paint.dim(line)}\n`
      for (const reading of all) yield* readingText(reading, file, judgement.entry === reading.entry.id, room, paint)
      if (all.length === 0) yield `  ${paint.dim('no entry and no prohibition names the tool')}\n`
      yield '\n'
    }
}

function* readingText(
  { entry, constraints }: Reading,
  { path, text }: PolicyFile,
  decided: boolean,
  room: number,
  paint: ReturnType<typeof createPaint>,
): Iterable<string> {
  const line = text.slice(0, entry.span.start).split(/\r\n|\n|\r/).length
  const kind = entry.prohibits ? 'prohibition' : 'entry'
  const waiting = entry.confirmed ? '' : ', not confirmed'
  yield `  ${kind} ${paint.bold(visible(entry.id))} (${visible(path)}:${line}${waiting})${decided ? paint.cyan('  decided') : ''}\n`
  if (constraints.length === 0) yield '    asks for nothing but the name\n'
  for (const { name, expected, met, notShown, failed } of constraints) {
    const failing = failed.reduce((sum, { events }) => sum + events, 0)
    const figures = [
      met > 0 ? `${met} met` : '',
      failing > 0 ? `${failing} not` : '',
      notShown > 0 ? `${notShown} not shown` : '',
    ].filter((part) => part !== '')
    const said = `    ${name.padEnd(8)} ${figures.join(', ') || 'no event asks for it'}`
    const tint = failing > 0 ? paint.yellow : (plain: string) => plain
    yield `${tint(said)}  ${paint.dim(fitMiddle(visible(`asks ${expected}`), Math.max(10, room - said.length - 2)))}\n`
    for (const deviation of failed)
      for (const part of wrap(visible(`${deviation.seen} (${plural(deviation.events, 'event')})`), room - 8, 2))
        yield `        ${part}\n`
  }
}

const plural = (value: number, one: string, many = `${one}s`): string => `${value} ${value === 1 ? one : many}`
