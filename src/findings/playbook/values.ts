import { loadCatalogue, type Tool, type ToolValue } from '../../detection/identity/index.js'
import { instancesOf, tellingPart } from '../instances.js'
import { clock, count, plural } from '../render/words.js'
import type { Chain, Incident, InventoryEntry, ProcessNode, Stage } from '../report.js'
import type { Values } from './fill.js'

/** What the events show of an incident, and what the catalogue says of its tools. */
export function valuesOfIncident(incident: Incident, inventory: readonly InventoryEntry[]): Values {
  const { chains } = incident
  const entries = chains.flatMap(({ toolId, host }) =>
    inventory.filter((entry) => entry.toolId === toolId && entry.host === host),
  )
  const several = chains.length > 1
  const of = (chain: Chain): string => (several ? `${chain.tool} on ${chain.host}: ` : '')
  const programs = unique([
    ...entries.flatMap(({ identity, paths }) => [
      ...identity.evidence.filter(({ kind }) => PROGRAM_KINDS.has(kind)).map(({ value }) => value),
      ...paths.map(baseName),
    ]),
    ...chains.flatMap(({ processes }) => programNames(processes)),
  ]).filter((name) => /\.\w{2,4}$/.test(name))
  const files = unique(chains.flatMap(({ delivery }) => (delivery === null ? [] : [delivery.file])))
  const telling = chains.flatMap((chain) => instancesOf(chain).flatMap((each) => Object.entries(tellingPart(each))))
  // A secret is known by its fingerprint alone, which stands in no event.
  const instances = telling.flatMap(([, value]) => (/^sha256:/.test(value) ? [] : [value]))
  const steps = (stage: Stage): readonly string[] =>
    chains.flatMap((chain) =>
      chain.steps
        .filter((step) => step.stage === stage)
        .map(({ time, what, user }) =>
          `${time === null ? '' : `${clock(time, 'second')} `}${of(chain)}${what}${user === null ? '' : ` (${user})`}`.slice(
            0,
            400,
          ),
        ),
    )
  return {
    ...valuesOfTools(chains.map(({ toolId }) => toolId)),
    incident: [incident.id].filter((id) => /^[\w-]+$/.test(id)),
    tools: unique(chains.map(({ tool }) => tool)),
    hosts: unique(chains.map(({ host }) => host)),
    host_names: unique(chains.flatMap(({ host }) => [host, host.split('.')[0]!])),
    users: unique(chains.flatMap(({ users }) => users)).filter(
      (user) => !/\$$|\\(?:SYSTEM|LOCAL SERVICE|NETWORK SERVICE)$/i.test(user),
    ),
    programs,
    paths: unique(entries.flatMap(({ paths }) => paths)),
    evidence: unique(
      entries.flatMap(({ tool, identity }) =>
        identity.evidence.slice(0, 6).map(({ kind, value }) => `${several ? `${tool}: ` : ''}${kind} ${value}`),
      ),
    ),
    verdict: chains.map((chain) => `${of(chain)}${chain.verdict}${chain.reason === null ? '' : `, ${chain.reason}`}`),
    relays: unique(instances.filter((value) => ADDRESS.test(value))),
    instances: unique(instances),
    sessions: steps('session'),
    first: incident.firstSeen === null ? [] : [incident.firstSeen],
    last: incident.lastSeen === null ? [] : [incident.lastSeen],
    delivery: chains.flatMap((chain) =>
      chain.delivery === null ? [] : [`${of(chain)}${deliveryText(chain.delivery)}`],
    ),
    files,
    file_names: unique([...files.map(baseName), ...programs]),
    origins: unique(chains.flatMap(({ delivery }) => delivery?.from ?? [])),
    parents: unique(chains.flatMap(({ delivery }) => delivery?.by ?? [])),
    accounts: unique(chains.flatMap(({ delivery }) => delivery?.account ?? [])),
    launch: unique(
      entries.flatMap(({ launch }) =>
        launch.flatMap(({ how, parent }) => (parent === '' ? [] : [`${parent} (${how})`])),
      ),
    ),
    children: unique(chains.flatMap(({ processes }) => childrenOf(processes, false))),
    activity: steps('activity'),
    removals: steps('removal'),
    prevalence: chains.map((chain) => `${of(chain)}${prevalenceText(chain)}`),
    links: unique(incident.links.map(({ why }) => why)),
    other_tools: several ? chains.map(({ tool, host }) => `${tool} on ${host}`) : [],
  }
}

/** What the catalogue says of tools, where there is no incident of them too: programs that name them, and what they leave. */
export function valuesOfTools(ids: readonly string[]): Values {
  const tools = loadCatalogue().tools.filter(({ id }) => ids.includes(id))
  const list = (pick: (tool: Tool) => readonly ToolValue[] | undefined, good: (value: ToolValue) => boolean = sure) =>
    unique(tools.flatMap((tool) => (pick(tool) ?? []).filter(good).map(({ value }) => value)))
  const artefacts = list(
    ({ artefacts }) => artefacts,
    (value) => value.platform === undefined,
  )
  const programs = list(
    ({ executables }) => executables,
    (value) => sure(value) && value.match === undefined,
  )
  const domains = list(({ domains }) => domains)
  return {
    tools: tools.map(({ name }) => name),
    vendors: unique(tools.flatMap(({ vendor }) => vendor ?? [])),
    programs,
    file_names: programs,
    services: list(
      ({ services }) => services,
      (value) => value.match === undefined,
    ),
    install_paths: list(
      ({ install_paths }) => install_paths,
      (value) => value.platform === undefined,
    ),
    registry: list(({ registry }) => registry),
    artefacts,
    session_logs: [
      ...artefacts.filter((path) => /\.(?:log|txt|trace|html?)\b|[\\/]logs?[\\/]/i.test(path)),
      ...unique(
        tools.flatMap(({ event_providers }) =>
          (event_providers ?? [])
            .filter(({ match }) => match === undefined)
            .map(({ value, channel }) => `event log ${channel ?? 'Application'}, provider ${value}`),
        ),
      ),
    ],
    domains,
    ports: unique(
      tools.flatMap(({ ports }) =>
        (ports ?? [])
          .filter(({ value }) => value !== 80 && value !== 443)
          .map(({ value, protocol }) => `${protocol ?? 'tcp'} ${value}`),
      ),
    ),
    signers: list(
      ({ signers }) => signers,
      (value) => sure(value) && value.match === undefined,
    ),
  }
}

const PROGRAM_KINDS: ReadonlySet<string> = new Set(['executable', 'service executable'])
const ADDRESS = /^(?:[a-z]+:\/\/)?(?:[\w-]+(?:\.[\w-]+)+|\[?[0-9a-f:]*:[0-9a-f:.]+\]?)(?::\d+)?(?:\/.*)?$/i

const sure = ({ quality }: ToolValue): boolean => quality.includes('ok')

const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path

/** Each once, whatever its case, in the order of the first. */
function unique(values: readonly string[]): readonly string[] {
  const seen = new Map<string, string>()
  for (const value of values) if (value !== '' && !seen.has(value.toLowerCase())) seen.set(value.toLowerCase(), value)
  return [...seen.values()]
}

const programNames = (nodes: readonly ProcessNode[]): readonly string[] =>
  nodes.flatMap(({ tool, name, children }) => [...(tool ? [baseName(name)] : []), ...programNames(children)])

const childrenOf = (nodes: readonly ProcessNode[], below: boolean): readonly string[] =>
  nodes.flatMap(({ tool, name, command, children }) => [
    ...(below && !tool ? [(command === '' ? name : command).slice(0, 300)] : []),
    ...childrenOf(children, below || tool),
  ])

const deliveryText = ({ how, file, from, by, account }: NonNullable<Chain['delivery']>): string =>
  [
    `${how}: ${file}`,
    from === null ? '' : ` from ${from}`,
    by.length === 0 ? '' : `, by ${by.join(' → ')}`,
    account === null ? '' : `, after ${account} logged on`,
  ].join('')

const prevalenceText = ({ prevalence, tenant }: Chain): string =>
  [
    `on ${count(prevalence.hostsWithTool)} of ${plural(prevalence.hosts, 'host')}`,
    ...(tenant === null ? [] : [`this instance on ${count(prevalence.hostsWithInstance)}`]),
    ...(prevalence.instancesOfTool === 0 ? [] : [`${plural(prevalence.instancesOfTool, 'instance')} of the tool`]),
    ...(prevalence.firstInFleet === null ? [] : [`first in the fleet ${clock(prevalence.firstInFleet)}`]),
  ].join(', ')
