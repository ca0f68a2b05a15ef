import { existsSync } from 'node:fs'
import { loadCatalogue } from '../detection/identity/index.js'
import { inventoryOf } from '../findings/inventory.js'
import {
  cacaoOf,
  type Guide,
  guideInGeneral,
  guideOfIncident,
  guideOfTool,
  markdownChunks,
  type QueryFor,
} from '../findings/playbook/index.js'
import type { Incident, Report } from '../findings/report.js'
import { reportOf } from '../findings/scan.js'
import { closestName } from '../text/closest-name.js'
import { visible, visibleJson } from '../text/visible.js'
import { decisionsAt, decisionsPath, keptIncidents } from './decisions-file.js'
import { ConfigurationError } from './failure.js'
import { type InputOptions, openInput, timeOption } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { usablePolicy } from './policy-file.js'
import { isReport, type KnownReport, reportAt } from './report-file.js'

export interface PlaybookOptions extends InputOptions, OutputOptions {
  readonly report?: string
  readonly incident?: string
  readonly tool?: string
  readonly policy?: string
  readonly decisions?: string
  readonly format: 'markdown' | 'cacao' | 'json'
  readonly for: string
}

/** `latchkey playbook`: how to investigate an incident and what to do about it. Returns the exit code. */
export async function playbook(paths: readonly string[], options: PlaybookOptions): Promise<number> {
  checkOutput(options)
  const queriesFor = productOf(options.for)
  const guides = await chosenGuides(paths, options)
  if (guides.length === 0) {
    process.stderr.write('there is no incident to write a playbook for\n')
    return 0
  }
  await writeOutput(chunksOf(guides, options.format, queriesFor), options)
  return 0
}

function chunksOf(guides: readonly Guide[], format: PlaybookOptions['format'], queriesFor: QueryFor): Iterable<string> {
  const json = (value: unknown): readonly string[] => [`${visibleJson(JSON.stringify(value, null, 2))}\n`]
  switch (format) {
    case 'markdown':
      return markdownOf(guides, queriesFor)
    case 'json':
      return json({ playbooks: guides })
    case 'cacao': {
      // A document of CACAO is one playbook.
      if (guides.length > 1)
        throw new ConfigurationError(
          `--format cacao writes one playbook, and there are ${guides.length}: name one of ${guides
            .slice(0, 20)
            .map(({ incident }) => incident)
            .join(', ')}`,
        )
      return json(cacaoOf(guides[0]!, { queriesFor, now: new Date() }))
    }
  }
}

function* markdownOf(guides: readonly Guide[], queriesFor: QueryFor): Iterable<string> {
  for (const [index, guide] of guides.entries()) {
    if (index > 0) yield '\n---\n\n'
    yield* markdownChunks(guide, { queriesFor })
  }
}

/** The products whose queries a playbook can hold; what any other reads cannot be written yet, and nothing like it is. */
function productOf(name: string): QueryFor {
  const product = name.toLowerCase()
  if (product === 'sentinel') return 'sentinel'
  if (product === 'defender' || product === 'latchkey') return 'defender'
  throw new ConfigurationError(
    `--for ${name}: the queries of a playbook are KQL, for latchkey, defender and sentinel; they are not translated for ${name}`,
  )
}

async function chosenGuides(given: readonly string[], options: PlaybookOptions): Promise<readonly Guide[]> {
  const tool = options.tool === undefined ? undefined : toolNamed(options.tool)
  const ids = [
    ...(options.incident === undefined ? [] : [options.incident]),
    ...given.filter((each) => INCIDENT.test(each) && !existsSync(each)),
  ]
  const paths = given.filter((each) => !ids.includes(each))
  const generally = (): readonly Guide[] => [tool === undefined ? guideInGeneral() : guideOfTool(tool)!]
  if (paths.length === 0 && options.store === undefined && options.report === undefined) {
    if (ids.length > 0)
      throw new ConfigurationError(`where is incident ${ids[0]}? give --store, a report of a scan, or logs`)
    return generally()
  }
  const report = await knownReport(paths, options)
  for (const id of ids)
    if (!report.incidents.some((incident) => incident.id === id)) throw unknownIncident(id, report.incidents)
  const incidents = report.incidents.filter(
    ({ id, chains }) =>
      (ids.length === 0 || ids.includes(id)) && (tool === undefined || chains.some(({ toolId }) => toolId === tool)),
  )
  // Where the tool is in no incident, what is known of it in general still helps.
  if (incidents.length === 0 && tool !== undefined) return generally()
  return incidents.map((incident) => guideOfIncident(incident, report))
}

/** As `findings/incidents` makes ids. */
const INCIDENT = /^i-[0-9a-f]{8}$/

function unknownIncident(id: string, incidents: readonly Incident[]): ConfigurationError {
  const ids = incidents.map((each) => each.id)
  const closest = closestName(id, ids)
  const help = closest
    ? `closest is ${closest}`
    : ids.length === 0
      ? 'there is none'
      : `there are ${ids.slice(0, 20).join(', ')}`
  return new ConfigurationError(visible(`no incident ${id}; ${help}`))
}

function toolNamed(name: string): string {
  const wanted = name.toLowerCase()
  const { tools } = loadCatalogue()
  const found = tools.find((each) =>
    [each.id, each.name, ...(each.aliases ?? [])].some((known) => known.toLowerCase() === wanted),
  )
  if (found) return found.id
  const closest = closestName(
    name,
    tools.flatMap((each) => [each.id, each.name]),
  )
  throw new ConfigurationError(
    `the catalogue has no tool ${name}${closest === undefined ? '' : `; closest is ${closest}`}`,
  )
}

/** What a scan knows: of a report that it wrote, or of logs and stores that are scanned now. */
async function knownReport(paths: readonly string[], options: PlaybookOptions): Promise<KnownReport> {
  const given =
    options.report ?? (paths.length === 1 && options.store === undefined && isReport(paths[0]!) ? paths[0] : undefined)
  if (given !== undefined) {
    if (options.policy !== undefined)
      throw new ConfigurationError('a report has its verdicts already: --policy goes with logs or a store')
    return reportAt(given)
  }
  const window = { since: timeOption('--since', options.since), until: timeOption('--until', options.until) }
  const asOf = timeOption('--as-of', options.asOf)
  const policy = options.policy === undefined ? undefined : usablePolicy(options.policy, options.quiet === true)
  const decisions = decisionsPath(options)
  const { store, read } = await openInput(paths, options)
  try {
    // What the last scan of the store found, as its policy judged it, stands beside the store.
    const kept = paths.length === 0 && options.policy === undefined ? keptIncidents(options.store!) : undefined
    if (kept)
      return {
        incidents: kept,
        inventory: await inventoryOf(store, { allTools: false, stretches: undefined }),
        findings: [],
      }
    const report = await reportOf(store, {
      read,
      asOf,
      ...window,
      policy,
      decisions: decisions === undefined ? [] : decisionsAt(decisions),
      allTools: false,
      seconds: () => 0,
    })
    tellUnread(report.summary, options.quiet === true)
    return report
  } finally {
    await store.close()
  }
}

/** A playbook of logs of which nothing could be read would say that nothing happened. */
function tellUnread({ records, rejected }: Report['summary'], quiet: boolean): void {
  const [first] = rejected
  if (!first) return
  if (records.read === 0) throw new ConfigurationError(visible(`nothing could be read: ${first.file}: ${first.reason}`))
  if (!quiet)
    process.stderr.write(
      `not all could be read, as ${visible(`${first.file}: ${first.reason}`)}; latchkey scan names all of it\n`,
    )
}
