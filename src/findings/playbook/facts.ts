import { deliveryWords } from '../incidents/incidents.js'
import { instancesOf, tellingPart } from '../instances.js'
import type { Chain, Incident } from '../report.js'
import type { FactName } from './response.js'

/** What an incident answers to a question: a line each; empty where its events show nothing. */
export function factsFor(name: FactName, incident: Incident): readonly string[] {
  return incident.chains.flatMap((chain) => factsOf(name, chain))
}

function factsOf(name: FactName, chain: Chain): readonly string[] {
  const place = `${chain.tool} on ${chain.host}`
  switch (name) {
    case 'identity':
      return [
        `${place}: ${chain.verdict}${chain.reason === null ? '' : `, ${chain.reason}`}`,
        ...programs(chain).map((path) => `${place}: ${path}`),
      ]
    case 'tenant':
      return instancesOf(chain).map((instance) => `${place}: ${pairs(tellingPart(instance))}`)
    case 'sessions':
      return stepsOf(chain, 'session')
    case 'delivery':
      return chain.delivery === null ? [] : [`${place}: ${deliveryWords(chain.delivery)}`]
    case 'request':
      return chain.users.length === 0 ? [] : [`${place}: accounts ${chain.users.join(', ')}`]
    case 'activity':
      return [...stepsOf(chain, 'activity'), ...stepsOf(chain, 'removal')]
    case 'elsewhere': {
      const { hostsWithTool, hostsWithInstance, hosts, instancesOfTool, firstInFleet } = chain.prevalence
      const first = firstInFleet === null ? '' : `, first ${firstInFleet.slice(0, 16).replace('T', ' ')} UTC`
      return [
        `${place}: ${hostsWithInstance} of ${hosts} hosts show this instance, ${hostsWithTool} the tool, of ${instancesOfTool} instances${first}`,
      ]
    }
  }
}

/** Steps of one stage that a guide lists a chain. */
const MOST_STEPS = 12

function stepsOf({ tool, host, steps }: Chain, stage: string): readonly string[] {
  const own = steps.filter((step) => step.stage === stage)
  const lines = own
    .slice(0, MOST_STEPS)
    .map(({ time, what }) => `${time === null ? 'time unknown' : time.slice(0, 19).replace('T', ' ')} ${host}: ${what}`)
  return own.length > MOST_STEPS ? [...lines, `and ${own.length - MOST_STEPS} more of ${tool} on ${host}`] : lines
}

/** Programs of the tool, from its process trees. */
function programs({ processes }: Chain): readonly string[] {
  const found = new Set<string>()
  const visit = (nodes: Chain['processes']): void => {
    for (const node of nodes) {
      if (node.tool) found.add(node.name)
      visit(node.children)
    }
  }
  visit(processes)
  return [...found]
}

/** Values for the texts and queries of a playbook. */
export interface Values {
  readonly tools: readonly string[]
  readonly hosts: readonly string[]
  readonly users: readonly string[]
  readonly instances: readonly string[]
  /** Values of instances, as they stand in command lines and addresses. */
  readonly tenants: readonly string[]
  readonly addresses: readonly string[]
  readonly files: readonly string[]
  readonly deliveries: readonly string[]
  readonly first: string | null
  readonly last: string | null
}

export function valuesOf(incident: Incident): Values {
  const { chains, firstSeen, lastSeen } = incident
  const telling = chains.flatMap((chain) => instancesOf(chain).map(tellingPart))
  const values = telling.flatMap((instance) => Object.values(instance))
  const froms = chains.flatMap(({ delivery }) => (delivery?.from ? [addressOf(delivery.from)] : []))
  return {
    tools: distinct(chains.map(({ tool }) => tool)),
    hosts: distinct(chains.map(({ host }) => host).filter((host) => host !== '')),
    users: distinct(chains.flatMap(({ users }) => users)),
    instances: distinct(telling.map(pairs)),
    tenants: distinct(values.filter((value) => !value.startsWith('sha256:'))),
    addresses: distinct([...values.filter((value) => /^[\w-]+(\.[\w-]+)+$/.test(value)), ...froms]),
    files: distinct(
      chains.flatMap(({ delivery }) =>
        delivery && delivery.file !== ''
          ? [delivery.file.slice(Math.max(delivery.file.lastIndexOf('\\'), delivery.file.lastIndexOf('/')) + 1)]
          : [],
      ),
    ),
    deliveries: distinct(chains.flatMap(({ delivery }) => (delivery ? [deliveryWords(delivery)] : []))),
    first: firstSeen,
    last: lastSeen,
  }
}

const addressOf = (from: string): string => /^https?:\/\/([^/:\s]+)/i.exec(from)?.[1] ?? from

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)]

const pairs = (instance: Readonly<Record<string, string>>): string =>
  Object.entries(instance)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

/** Values that one sentence names. */
const MOST_NAMED = 12

/** A text of the playbook with the incident's values; what is not known is said to be so. `quote` makes a value safe where it will stand. */
export function fillText(text: string, values: Values | null, quote: (value: string) => string): string {
  const list = (items: readonly string[] | undefined, none: string): string => {
    if (items === undefined) return none
    if (items.length === 0) return `${none} (not shown)`
    const named = items.slice(0, MOST_NAMED).map(quote).join(', ')
    return items.length > MOST_NAMED ? `${named} and ${items.length - MOST_NAMED} more` : named
  }
  const known: Readonly<Record<string, string>> = {
    tools: list(values?.tools, 'the tools'),
    hosts_text: list(values?.hosts, 'the hosts'),
    users_text: list(values?.users, 'the accounts'),
    instances_text: list(values?.instances, 'relay, account or instance id'),
    addresses_text: list(values?.addresses, 'the relay and the address that it came from'),
    files_text: list(values?.files, 'the delivered file'),
    delivery_text: list(values?.deliveries, 'mail, browser, script or remote hand'),
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole)
}

/** A query of the playbook with the incident's values; undefined where it asks for something that is not known. */
export function fillQuery(query: string, values: Values): string | undefined {
  const texts = (items: readonly string[]): string | undefined =>
    items.length === 0 ? undefined : items.slice(0, 200).map(kqlText).join(', ')
  const known: Readonly<Record<string, string | undefined>> = {
    hosts: texts(values.hosts),
    files: texts(values.files.length > 0 ? values.files : ['']),
    tenant: values.tenants[0] === undefined ? undefined : kqlText(values.tenants[0]),
    first: timeOf(values.first),
    last: timeOf(values.last),
  }
  const names = [...query.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  if (names.some((name) => known[name] === undefined)) return undefined
  return query.replace(/\{(\w+)\}/g, (_, name: string) => known[name]!)
}

/** A text as KQL writes it, whatever is in it. */
const kqlText = (value: string): string =>
  `"${value
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')}"`

const timeOf = (time: string | null): string | undefined =>
  time !== null && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time) ? time : undefined
