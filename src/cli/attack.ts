import { loadAttack, objectName, type Technique } from '../detection/attack.js'
import { loadHunts } from '../detection/hunts.js'
import { allRules } from '../detection/rules.js'
import { closestName } from '../text/closest-name.js'
import { wrap } from '../text/fit.js'
import { createPaint } from '../text/paint.js'
import { ConfigurationError } from './failure.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { type RowFormat, renderRows } from './rows.js'
import { terminalOf } from './terminal.js'

/** `latchkey attack [id]`: techniques of MITRE ATT&CK that rules look for, or one with what hangs on it. */
export async function attack(
  id: string | undefined,
  options: OutputOptions & { readonly format?: RowFormat },
): Promise<number> {
  checkOutput(options)
  const { version, source, techniques } = loadAttack()
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  const format = options.format ?? (terminal.isTerminal ? 'table' : 'ndjson')
  const covered = techniques.map((technique) => ({ ...technique, ...lookersFor(technique.id) }))
  if (id === undefined) {
    const columns =
      format === 'table'
        ? (['id', 'name', 'tactics'] as const)
        : (['id', 'name', 'tactics', 'about', 'rules', 'hunts'] as const)
    const rows = covered.map((technique) =>
      columns.map((column) =>
        format === 'table' && column === 'tactics' ? technique.tactics.join(', ') : technique[column],
      ),
    )
    await writeOutput(renderRows(columns, rows, format, terminal), options)
    return 0
  }
  const technique = covered.find((each) => each.id === id.toUpperCase() || each.name.toLowerCase() === id.toLowerCase())
  if (!technique) {
    const closest = closestName(
      id,
      techniques.flatMap((each) => [each.id, each.name]),
    )
    throw new ConfigurationError(`no technique ${id} here${closest === undefined ? '' : `; closest is ${closest}`}`)
  }
  if (format === 'table') await writeOutput(page(technique, { version, source }, terminal), options)
  else
    await writeOutput(
      [`${JSON.stringify({ version, source, ...technique }, null, format === 'json' ? 2 : 0)}\n`],
      options,
    )
  return 0
}

interface Lookers {
  readonly rules: readonly string[]
  readonly hunts: readonly string[]
}

function lookersFor(id: string): Lookers {
  const named = (all: readonly { readonly id: string; readonly techniques: readonly string[] }[]): readonly string[] =>
    all.filter(({ techniques }) => techniques.includes(id)).map((each) => each.id)
  return { rules: named(allRules()), hunts: named(loadHunts()) }
}

function* page(
  technique: Technique & Lookers,
  { version, source }: { readonly version: string; readonly source: string },
  { width, colour }: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  const paint = createPaint(colour)
  yield `${paint.bold(`${technique.id} ${technique.name}`)}  ${paint.dim(technique.tactics.join(', '))}\n`
  for (const line of wrap(technique.about, width)) yield `${line}\n`
  const known = new Map(loadAttack().strategies.map((strategy) => [strategy.id, strategy]))
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['groups', (technique.groups ?? []).map(objectName)],
    ['software', (technique.software ?? []).map(objectName)],
    ['campaigns', (technique.campaigns ?? []).map(objectName)],
    ['mitigations', (technique.mitigations ?? []).map(objectName)],
    ['detection strategies', (technique.strategies ?? []).flatMap((id) => strategyLines(known.get(id)))],
    ['related', technique.related ?? []],
    [`in version ${technique.before?.version}`, beforeLines(technique)],
    ['rules here', technique.rules],
    ['hunts here', technique.hunts],
  ]
  for (const [name, items] of lists) {
    if (items.length === 0) continue
    yield `\n${paint.dim(name)}\n`
    for (const item of items) for (const line of wrap(item, width - 2)) yield `  ${line}\n`
  }
  yield `\n${paint.dim(`version ${version}: ${source}`)}\n`
}

const strategyLines = (strategy: ReturnType<typeof loadAttack>['strategies'][number] | undefined): readonly string[] =>
  strategy === undefined
    ? []
    : [
        `${strategy.id} ${strategy.name}: ${strategy.about}`,
        ...strategy.analytics.map(({ id, platform, components, logs }) =>
          [
            `${id}${platform === undefined ? '' : `, ${platform}`}`,
            ...(logs ?? []),
            ...(components ?? []).map(objectName),
          ].join('; '),
        ),
      ]

const beforeLines = ({ before }: Technique): readonly string[] =>
  before === undefined
    ? []
    : [
        ...(before.groups === undefined ? [] : [`groups: ${before.groups.map(objectName).join(', ')}`]),
        ...(before.campaigns === undefined ? [] : [`campaigns: ${before.campaigns.map(objectName).join(', ')}`]),
        ...before.data.map(
          ({ source, component, now }) =>
            `${source} ${component}: now ${now.length === 0 ? 'a data component whose id was not read' : now.map(objectName).join(', ')}`,
        ),
      ]
