import { isIP } from 'node:net'
import { matchesGlob } from '../../detection/identity/glob.js'
import { loadCatalogue, type Tool, type ToolValue } from '../../detection/identity/index.js'
import type { Entry, Pattern, Policy } from '../../policy/index.js'
import { intervalsOf } from '../../policy/windows.js'
import type { NeutralEvent } from '../events.js'
import { hostOf } from '../fleet.js'
import { play } from '../play.js'
import { loadScenarios, type Scenario, type Step } from '../scenario.js'
import { type Directory, type Host, loadPrograms, type Program, World } from '../world.js'

/** An attack that a policy must not hide: a story, played where an entry would cover for it. */
export interface Attack {
  readonly entry: string
  readonly toolId: string
  readonly tool: string
  /** What is played: a story's id, or how a stranger's own copy differs from what the entry allows. */
  readonly story: string
  readonly says: string
  /** The host that shows the tool, as the logs name it. */
  readonly host: string
  /** Why it cannot be played; undefined where it is. */
  readonly notPlayed?: string
  readonly events: readonly NeutralEvent[]
}

/** A Tuesday morning; hours of an entry are looked for from here on. */
const START = Date.UTC(2026, 1, 3, 10) * 1000
const WEEK = 7 * 86_400e6
/** Tools of one entry that are tried: an entry for a category may name a hundred. */
const MOST_TOOLS = 5

/**
 * For every entry: the stories of intruders and of tools of one's own that bring a tool which the entry names, and a stranger's own copy of
 * the tool in the worst case that the entry allows, then off it in one point at a time. Hosts, accounts and hours are those of the entry.
 */
export function attacksOn(policy: Policy): readonly Attack[] {
  const stories = loadScenarios().filter(({ kind }) => kind === 'intrusion' || kind === 'shadow')
  const tools = new Map(loadCatalogue().tools.map((tool) => [tool.id, tool]))
  let number = 0
  return policy.entries.flatMap((entry) => {
    const own = [...entry.tools].slice(0, MOST_TOOLS).flatMap((id) => tools.get(id) ?? [])
    const told = stories.flatMap((story) =>
      story.expected.listed
        .filter(({ tool }) => entry.tools.has(tool))
        .map(({ tool, host }) => storyAttack(entry, tools.get(tool)!, story, host, ++number)),
    )
    const copies = own.flatMap((tool) =>
      variationsOf(entry, tool).map((variation) => copyAttack(entry, tool, variation, ++number)),
    )
    const left = own.filter((tool) => foreignTenant(tool) === undefined).map((tool) => tenantNotPlayed(entry, tool))
    return [...told, ...copies, ...left]
  })
}

function storyAttack(entry: Entry, tool: Tool, story: Scenario, part: string, number: number): Attack {
  const cast = castOf(entry, number)
  const users = Object.keys(story.users)
  const directory = directoryOf(entry, cast.domain, users)
  const hosts = Object.keys(story.hosts).map((each, index): [string, Host] => {
    const name = each === part ? cast.name : `OTHER-${number}-${index}`
    const role = /server/i.test(story.hosts[each]!) ? 'server' : 'workstation'
    const ip = each === part ? cast.ip : `10.31.0.${11 + index}`
    return [each, hostOf(name, { ip, role, owner: role === 'workstation' ? users[0] : undefined }, directory)]
  })
  const start = insideHours(entry)
  const world = new World(new Map(hosts.map(([, host]) => [host.name, host])), loadPrograms(), directory, start)
  const events = play(world, [
    {
      scenario: story,
      cast: { hosts: Object.fromEntries(hosts), users: Object.fromEntries(users.map((user) => [user, user])) },
      start,
    },
  ])
  const host = hosts.find(([each]) => each === part)![1]
  return {
    entry: entry.id,
    toolId: tool.id,
    tool: tool.name,
    story: story.id,
    says: story.title,
    host: host.fqdn,
    events,
  }
}

interface Variation {
  readonly id: string
  readonly says: string
  readonly path: string
  readonly user: string
  readonly asService: boolean
  readonly start: number
  readonly args: string
}

function variationsOf(entry: Entry, tool: Tool): readonly Variation[] {
  const file = programOf(tool)
  const allowed =
    entry.launch === undefined
      ? entry.parents === undefined || fits(entry.parents, 'services.exe')
      : fits(entry.launch, 'service')
  const asService =
    allowed && (entry.users === undefined || fits(entry.users, 'system') || fits(entry.users, 'nt authority\\system'))
  const user = userOf(entry)
  const usual: Variation = {
    id: 'stranger’s copy',
    says: 'a stranger’s own copy where, for whom, how and when the entry allows it',
    path: pathOf(entry, file, user),
    user,
    asService,
    start: insideHours(entry),
    args: '',
  }
  const foreign = foreignTenant(tool)
  const after = outsideHours(entry)
  return [
    usual,
    {
      ...usual,
      id: 'renamed',
      says: 'the same under another name',
      path: usual.path.replace(/[^\\]+$/, 'winhelper32.exe'),
    },
    {
      ...usual,
      id: 'other folder',
      says: 'the same out of a download folder',
      path: `C:\\Users\\${user}\\Downloads\\${file}`,
    },
    {
      ...usual,
      id: 'other user',
      says: 'the same for an account that the entry does not name',
      user: 'mallory',
      asService: false,
    },
    ...(foreign === undefined ? [] : [{ ...usual, ...OTHER_TENANT, args: foreign }]),
    ...(after === undefined
      ? []
      : [{ ...usual, id: 'outside hours', says: 'the same when the entry’s hours are over', start: after }]),
  ]
}

const OTHER_TENANT = { id: 'other tenant', says: 'the same, and it says whose it is' } as const

/** What could not be tried is told with what was. */
const tenantNotPlayed = (entry: Entry, tool: Tool): Attack => ({
  entry: entry.id,
  toolId: tool.id,
  tool: tool.name,
  story: OTHER_TENANT.id,
  says: OTHER_TENANT.says,
  host: '',
  notPlayed: 'the catalogue knows no argument with which the tool says whose it is',
  events: [],
})

function copyAttack(
  entry: Entry,
  tool: Tool,
  { id, says, path, user, asService, start, args }: Variation,
  number: number,
): Attack {
  const cast = castOf(entry, number)
  const directory = directoryOf(entry, cast.domain, [user])
  const host = hostOf(cast.name, { ip: cast.ip, role: 'workstation', owner: user }, directory)
  const file = programOf(tool)
  const original = usable(tool.original_file_names)[0] ?? file
  const [company, product] = [usable(tool.company_names)[0], usable(tool.product_names)[0] ?? tool.name]
  const program: Program = {
    path,
    product,
    ...(company ? { company } : {}),
    ...(original ? { original } : {}),
    version: '1.0.0',
  }
  const command = `"${path}"${args === '' ? '' : ` ${args}`}`
  const domain = usable(tool.domains)[0]
  const steps: Step[] = [
    { at: '1s', write: path, by: 'explorer', program: 'copy' },
    ...(asService ? [{ at: '20s', service: usable(tool.services)[0] ?? 'Helper', command } as Step] : []),
    {
      at: '30s',
      start: 'copy',
      by: asService ? 'services' : 'explorer',
      user: asService ? 'system' : user,
      path,
      command,
    },
    ...(domain === undefined ? [] : [{ at: '40s', connect: domain, port: 443, by: 'copy' } as Step]),
  ]
  const scenario: Scenario = {
    id: `copy-${number}`,
    title: says,
    about: says,
    kind: 'intrusion',
    hosts: { desk: 'The host' },
    users: { [user]: 'The account' },
    steps,
    expected: { listed: [{ tool: tool.id, host: 'desk' }] },
  }
  const world = new World(new Map([[host.name, host]]), { ...loadPrograms(), copy: program }, directory, start)
  const events = play(world, [{ scenario, cast: { hosts: { desk: host }, users: { [user]: user } }, start }])
  return { entry: entry.id, toolId: tool.id, tool: tool.name, story: id, says, host: host.fqdn, events }
}

/** The program that a stranger would run: the agent where the catalogue says which that is. */
function programOf({ id, executables }: Tool): string {
  const agents = (executables ?? []).filter(({ role }) => role === 'agent')
  const names = [...usable(agents), ...usable(executables)].filter((value) => /\.exe$/i.test(value))
  return names[0] ?? `${id}.exe`
}

/** Values that name the tool by themselves and are compared whole. */
const usable = (values: readonly ToolValue[] | undefined): readonly string[] =>
  (values ?? [])
    .filter(({ quality, match, platform }) => quality.includes('ok') && match === undefined && platform === undefined)
    .map(({ value }) => value)

/** A host that the entry covers: a name with the attack's own domain, so that attacks do not meet. */
function castOf(entry: Entry, number: number): { readonly name: string; readonly domain: string; readonly ip: string } {
  const patterns = (entry.hosts ?? []).flatMap((terms) => terms.patterns)
  const named = patterns.find((pattern) => isIP(pattern.split('/')[0]!) === 0)
  const network = patterns.find((pattern) => isIP(pattern.split('/')[0]!) === 4)
  const filled = (named ?? `HOST-${number}`).replaceAll('*', `X${number}`).replaceAll('?', 'X')
  const [name = 'HOST', ...rest] = filled.split('.')
  const domain = rest.length > 0 ? rest.join('.') : `attack${number}.example`
  return { name: name.toUpperCase(), domain, ip: network ? within(network) : '10.30.0.11' }
}

/** An address in an IPv4 network: its last but one, whatever the length of the prefix. */
function within(network: string): string {
  const [address = '', prefix = '32'] = network.split('/')
  const bits = 32 - Number(prefix)
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** bits
  const found = Math.floor(value / size) * size + (bits > 1 ? size - 2 : 0)
  return [24, 16, 8, 0].map((shift) => Math.floor(found / 2 ** shift) % 256).join('.')
}

const directoryOf = (entry: Entry, domain: string, users: readonly string[]): Directory => ({
  netbios: domainOf(entry),
  domain,
  sid: 'S-1-5-21-1004336348-1177238915-682003330',
  users: Object.fromEntries([...new Set([...users, 'mallory'])].map((user, index) => [user, 1200 + index])),
  admins: [],
})

const personOf = ({ users }: Entry): Pattern | undefined =>
  users?.find(({ glob }) => !/(^|\\)(system|.*\$|local service|network service)$/.test(glob))

/** The domain of that account. */
function domainOf(entry: Entry): string {
  const text = personOf(entry)?.text ?? ''
  const domain = text.slice(0, Math.max(0, text.lastIndexOf('\\'))).replaceAll(/[*?]/g, '')
  return domain === '' ? 'EXAMPLE' : domain
}

/** A person's account that the entry allows, without its domain. */
function userOf(entry: Entry): string {
  const person = personOf(entry)
  if (!person) return 'anna'
  return (
    person.text
      .slice(person.text.lastIndexOf('\\') + 1)
      .replaceAll('*', 'x')
      .replaceAll('?', 'x') || 'anna'
  )
}

function pathOf({ paths }: Entry, file: string, user: string): string {
  const [pattern] = paths ?? []
  if (!pattern) return `C:\\Program Files\\Remote\\${file}`
  const filled = pattern.text.replace(/^([a-z]:\\users\\)\*/i, `$1${user}`)
  const folder = filled.replace(/\*[^\\]*$/, '')
  const made = /\.exe$/i.test(filled) ? filled : folder.endsWith('\\') ? folder + file : `${folder}${file}`
  const path = made.replaceAll('*', 'x').replaceAll('?', 'x')
  return fits(paths!, path) ? path : filled.replaceAll('*', file).replaceAll('?', 'x')
}

const fits = (patterns: readonly Pattern[], value: string): boolean =>
  patterns.some(({ glob }) => matchesGlob(glob, value.toLowerCase()))

/** A time at which the entry allows use. */
function insideHours({ windows, expires }: Entry): number {
  const begin = expires !== undefined && expires < START + WEEK ? expires - 2 * WEEK : START
  if (windows === undefined) return begin
  const first = intervalsOf(windows, begin, begin + WEEK).find(({ start }) => start >= begin)
  return first ? Math.floor(first.start + Math.min(3600e6, (first.end - first.start) / 2)) : begin
}

/** A time at which it does not; undefined where it always does. */
function outsideHours(entry: Entry): number | undefined {
  if (entry.windows === undefined) return undefined
  const begin = insideHours(entry)
  const hours = intervalsOf(entry.windows, begin, begin + WEEK)
  for (const [index, { end }] of hours.entries()) {
    const next = hours[index + 1]?.start ?? Number.POSITIVE_INFINITY
    if (end > begin && next - end > 1200e6) return end + 600e6
  }
  return undefined
}

/** Arguments that bind the tool to somebody else, where the catalogue says how they are written. */
function foreignTenant(tool: Tool): string | undefined {
  for (const { query, switches } of tool.tenant ?? []) {
    if (query) {
      const values = Object.entries(query).map(
        ([name, fact]) =>
          `${name}=${/host|server|address/.test(fact) ? 'relay.stranger.example' : /port/.test(fact) ? '443' : 'stranger'}`,
      )
      return `"?${values.join('&')}"`
    }
    const [name] = Object.keys(switches ?? {})
    if (name) return /^[-/]/.test(name) ? `${name} https://stranger.example` : `${name}=stranger@stranger.example`
  }
  return undefined
}
