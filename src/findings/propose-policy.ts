import { loadCatalogue } from '../detection/identity/index.js'
import { factsOf } from '../policy/index.js'
import { type Instance, instancesOf, tellingPart } from './instances.js'
import type { InventoryEntry } from './report.js'

/** What an entry is proposed from: an inventory, of a scan or of a report that was kept. */
export type Proposable = Pick<
  InventoryEntry,
  | 'tool'
  | 'toolId'
  | 'host'
  | 'users'
  | 'firstSeen'
  | 'lastSeen'
  | 'launch'
  | 'paths'
  | 'state'
  | 'tenant'
  | 'otherTenants'
> & { readonly identity: Pick<InventoryEntry['identity'], 'confidence' | 'evidence'> }

/** Hosts listed in an entry; a list that is longer wants a group. */
const MOST_HOSTS = 40
const MOST_PATHS = 8
/** Months that a proposed entry lasts. */
const MONTHS = 6

/**
 * A policy for a person to confirm: one entry for each tool and instance, with what was seen of it. Every entry says `confirmed: false` and
 * approves nothing until somebody has answered for it, because an inventory also lists what an intruder brought. `today` is when the entries
 * begin to count.
 */
export function proposePolicy(inventory: readonly Proposable[], today: Date): string {
  const atWork = inventory.filter(({ state }) => state === 'at work')
  const traces = inventory.length - atWork.length
  const parts = [
    '# Who may use which remote access tool. Proposed from an inventory: nothing here is approved until `confirmed` says true.',
    '# For each entry: is it ours, whose is it, until when? Delete what is not; put what must never be under `prohibited`.',
    '# `latchkey policy check` says what is unwise, `latchkey policy test` which attacks it would hide.',
    'policy: 1',
    'timezone: UTC',
    'groups: {}',
    atWork.length === 0 ? 'entries: []' : 'entries:',
    ...candidatesOf(atWork).map((candidate) => entryText(candidate, today)),
    traces > 0 ? `# Left out: ${traces} of which only traces were seen, a file or a name.` : '',
    'prohibited: []',
  ]
  return `${parts
    .filter((part) => part !== '')
    .join('\n')
    .replace('entries:\n\n', 'entries:\n')}\n`
}

interface Candidate {
  readonly id: string
  readonly tool: string
  readonly toolId: string
  /** Alternatives: on some hosts only a part of the instance was shown. */
  readonly tenants: readonly Instance[]
  readonly entries: readonly Proposable[]
}

function candidatesOf(inventory: readonly Proposable[]): readonly Candidate[] {
  const tools = new Map<string, { instance: Instance | null; entry: Proposable }[]>()
  for (const entry of inventory) {
    const instances = instancesOf(entry)
    const own = tools.get(entry.toolId) ?? []
    for (const instance of instances.length > 0 ? instances : [null])
      own.push({ instance: instance && tellingPart(instance), entry })
    tools.set(entry.toolId, own)
  }
  return [...tools].flatMap(([toolId, seen]) => {
    const groups: { tenants: Instance[]; entries: Proposable[] }[] = []
    // The fullest first, so that a part that another host shows joins it.
    const fullest = seen.toSorted((a, b) => sizeOf(b.instance) - sizeOf(a.instance))
    for (const { instance, entry } of fullest) {
      const known = groups.find(({ tenants }) =>
        instance === null ? tenants.length === 0 : tenants.some((one) => agrees(one, instance)),
      )
      if (!known) groups.push({ tenants: instance === null ? [] : [instance], entries: [entry] })
      else {
        known.entries.push(entry)
        if (instance && !known.tenants.some((one) => JSON.stringify(one) === JSON.stringify(instance)))
          known.tenants.push(instance)
      }
    }
    return groups.map(({ tenants, entries }, index) => ({
      id: groups.length === 1 ? toolId : `${toolId}-${index + 1}`,
      tool: entries[0]!.tool,
      toolId,
      tenants,
      entries,
    }))
  })
}

const sizeOf = (instance: Instance | null): number => (instance === null ? 0 : Object.keys(instance).length)

function agrees(one: Instance, other: Instance): boolean {
  const shared = Object.keys(other).filter((name) => one[name] !== undefined)
  return shared.length > 0 && shared.every((name) => one[name]!.toLowerCase() === other[name]!.toLowerCase())
}

function entryText({ id, tool, toolId, tenants, entries }: Candidate, today: Date): string {
  const hosts = sorted(entries.map(({ host }) => host).filter((host) => host !== ''))
  const users = sorted(entries.flatMap((entry) => entry.users))
  const launches = sorted(
    entries.flatMap(({ launch }) => launch.map(({ how, parent }) => (parent === '' ? how : `${how} from ${parent}`))),
  )
  const signers = sorted(
    entries.flatMap(({ identity }) =>
      identity.evidence.filter(({ kind }) => kind === 'signer').map(({ value }) => value),
    ),
  )
  const paths = sorted(entries.flatMap((entry) => entry.paths.filter((path) => /\.exe$/i.test(path)).map(general)))
  const first = entries
    .map(({ firstSeen }) => firstSeen ?? '')
    .filter(Boolean)
    .sort()[0]
  const catalogued = loadCatalogue().tools.find((each) => each.id === toolId)
  const facts = catalogued ? factsOf(catalogued) : []
  const lines = [
    '',
    `  # ${remark(tool)}, ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}${first ? `, since ${first.slice(0, 10)}` : ''}; started by ${remark(list(launches, 4))}; accounts ${remark(list(users, 6))}`,
    ...(tenants.length === 0
      ? [
          facts.length > 0
            ? `  # No event shows whose instance it is; telemetry could show ${facts.slice(0, 4).join(', ')}.`
            : '  # No fact of its instances is known: an intruder with the same product looks alike.',
        ]
      : []),
    `  - id: ${scalar(id)}`,
    `    tool: ${scalar(toolId)}`,
    ...tenantLines(tenants),
    ...(signers.length > 0 ? listLines('signers', signers) : []),
    ...(paths.length > 0 ? listLines('paths', paths.slice(0, MOST_PATHS)) : []),
    ...(paths.length > MOST_PATHS ? [`    # and ${paths.length - MOST_PATHS} more paths`] : []),
    ...(hosts.length > MOST_HOSTS
      ? [`    # ${hosts.length} hosts: name a group`, '    hosts: []']
      : hosts.length > 0
        ? listLines('hosts', hosts.map(shortHost))
        : []),
    `    expires: ${scalar(monthsAfter(today))}`,
    '    # owner: who answers for it',
    '    # ticket: where it was agreed',
    '    confirmed: false',
  ]
  return lines.join('\n')
}

function tenantLines(tenants: readonly Instance[]): readonly string[] {
  if (tenants.length === 0) return []
  const maps = tenants.map(
    (tenant) =>
      `{ ${Object.entries(tenant)
        .map(([name, value]) => `${name}: ${scalar(literal(value))}`)
        .join(', ')} }`,
  )
  return maps.length === 1 ? [`    tenant: ${maps[0]}`] : ['    tenant:', ...maps.map((map) => `      - ${map}`)]
}

const listLines = (name: string, values: readonly string[]): readonly string[] => [
  `    ${name}:`,
  ...values.map((value) => `      - ${scalar(value)}`),
]

/** A text as YAML, on one line whatever is in it. */
const scalar = (value: string): string =>
  /^[\w.-]*[a-z][\w.-]*$/i.test(value) && !/^(true|false|yes|no|on|off|null|y|n|\d.*)$/i.test(value)
    ? value
    : /[\p{C}\p{Zl}\p{Zp}]/u.test(value)
      ? JSON.stringify(value)
      : `'${value.replaceAll("'", "''")}'`

/** `*` in a value that was seen is a character; in a policy `?` stands for it. */
const literal = (value: string): string => value.replaceAll('*', '?')

/** A path without the user's name, the drive's letter kept. */
const general = (path: string): string => literal(path).replace(/^([a-z]:\\users\\)[^\\]+/i, '$1*')

const shortHost = (host: string): string => (/^[\d.:]+$/.test(host) ? host : host.split('.')[0]!)

/** What a log says goes into a remark without what would end it. */
const remark = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 400)

const sorted = (values: readonly string[]): readonly string[] => [...new Set(values)].sort()

const list = (values: readonly string[], most: number): string =>
  values.length === 0
    ? 'nothing that is shown'
    : values.slice(0, most).join(', ') + (values.length > most ? ` and ${values.length - most} more` : '')

function monthsAfter(today: Date): string {
  const date = new Date(today)
  date.setUTCMonth(date.getUTCMonth() + MONTHS)
  return date.toISOString().slice(0, 10)
}
