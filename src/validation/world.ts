import { loadContent } from '../content/load.js'
import { digest, guidOf, type Random } from './random.js'

/** What a program's file says about itself (`content/programs`). */
export interface Program {
  readonly path: string
  readonly company?: string
  readonly product?: string
  readonly description?: string
  readonly original?: string
  readonly version?: string
  /** It is always running: under this account, with this command line. */
  readonly standing?: { readonly user: string; readonly command?: string; readonly by?: string }
}

export interface Host {
  readonly name: string
  readonly fqdn: string
  readonly ip: string
  readonly role: 'workstation' | 'server' | 'domain-controller'
  readonly os: string
  readonly build: string
  /** Domain in short, as in `HALDEN\\user`. */
  readonly netbios: string
  /** The user it belongs to. */
  readonly owner: string | undefined
  readonly random: Random
  readonly standing: Map<string, Process>
  readonly sessions: Map<string, Account>
  pids: Set<number>
}

/** An account as it is logged on to one host. */
export interface Account {
  readonly name: string
  readonly domain: string
  readonly sid: string
  readonly logonId: number
  /** Terminal session: 0 for services. */
  readonly session: number
  /** Empty for accounts of the machine itself. */
  readonly upn: string
  readonly isAdmin: boolean
}

export interface Process {
  readonly pid: number
  readonly guid: string
  readonly program: Program
  readonly path: string
  readonly command: string
  readonly folder: string
  readonly user: Account
  readonly integrity: string
  /** Microseconds. */
  readonly started: number
  readonly parent: Process | undefined
}

export interface Directory {
  readonly netbios: string
  readonly domain: string
  readonly sid: string
  /** Account name → relative id. */
  readonly users: Readonly<Record<string, number>>
  readonly admins: readonly string[]
}

const LOCAL: Readonly<Record<string, { name: string; sid: string; logonId: number }>> = {
  system: { name: 'SYSTEM', sid: 'S-1-5-18', logonId: 0x3e7 },
  'local service': { name: 'LOCAL SERVICE', sid: 'S-1-5-19', logonId: 0x3e5 },
  'network service': { name: 'NETWORK SERVICE', sid: 'S-1-5-20', logonId: 0x3e4 },
}

/** The machines, and what runs on them while stories are played. */
export class World {
  /** Time of the step that is being played. */
  now: number

  constructor(
    readonly hosts: ReadonlyMap<string, Host>,
    readonly programs: Readonly<Record<string, Program>>,
    readonly directory: Directory,
    readonly start: number,
  ) {
    this.now = start
  }

  program(name: string): Program {
    const program = this.programs[name]
    if (!program) throw new Error(`no program \`${name}\` in content/programs`)
    return program
  }

  /** The account on the host, logged on from its first mention on. */
  account(host: Host, name: string): Account {
    const local = LOCAL[name.toLowerCase()]
    if (local) return { ...local, domain: 'NT AUTHORITY', session: 0, upn: '', isAdmin: false }
    const known = host.sessions.get(name)
    if (known) return known
    const rid = this.directory.users[name]
    if (rid === undefined) throw new Error(`no user \`${name}\` in the fleet`)
    const session = host.sessions.size + 1
    const logonId = host.random.between(0x40000, 0xffffff)
    const { netbios, domain, sid, admins } = this.directory
    const account = {
      name,
      domain: netbios,
      sid: `${sid}-${rid}`,
      logonId,
      session,
      upn: `${name}@${domain}`,
      isAdmin: admins.includes(name),
    }
    host.sessions.set(name, account)
    return account
  }

  /** A process that was running before the logs begin. */
  standing(host: Host, name: string): Process {
    const known = host.standing.get(name)
    if (known) return known
    const program = this.program(name)
    if (!program.standing) throw new Error(`\`${name}\` is neither a process of the story nor a standing program`)
    const owner = program.standing.user === 'owner' ? (host.owner ?? 'system') : program.standing.user
    const started = name === 'explorer' ? this.now - 50e6 : this.start - 3600e6
    const process: Process = {
      pid: name === 'system' ? 4 : this.newPid(host),
      guid: processGuid(host, started, name),
      program,
      path: program.path,
      command: program.standing.command ?? program.path,
      folder: 'C:\\Windows\\System32\\',
      user: this.account(host, owner),
      integrity: program.standing.user === 'owner' ? 'Medium' : 'System',
      started,
      parent: program.standing.by ? this.standing(host, program.standing.by) : undefined,
    }
    host.standing.set(name, process)
    return process
  }

  newPid(host: Host): number {
    for (;;) {
      const pid = host.random.between(150, 4000) * 4
      if (host.pids.has(pid)) continue
      host.pids.add(pid)
      return pid
    }
  }

  /** Made-up address of a name on the internet, out of the ranges that are reserved for documentation. */
  address(name: string): string {
    for (const host of this.hosts.values())
      if (name.toLowerCase() === host.name.toLowerCase() || name.toLowerCase() === host.fqdn) return host.ip
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return name
    const range = name.endsWith('.example') ? '203.0.113' : '198.51.100'
    return `${range}.${1 + (Number.parseInt(digest('md5', name).slice(0, 4), 16) % 254)}`
  }
}

/** As Sysmon makes them: the machine, the start in seconds (low half first), a token. */
export function processGuid(host: Host, started: number, token: string): string {
  const machine = digest('md5', host.fqdn).slice(0, 8)
  const seconds = Math.floor(started / 1e6)
    .toString(16)
    .padStart(8, '0')
  return `${machine}-${seconds.slice(4)}-${seconds.slice(0, 4)}-${guidOf(`${host.fqdn} ${started} ${token}`).slice(0, 4)}-${digest('md5', `${started} ${token}`).slice(0, 4)}00000000`
}

/** Hashes of the file that a program is. No such file exists: they are digests of its name and version. */
export function hashesOf(text: string): {
  readonly md5: string
  readonly sha1: string
  readonly sha256: string
  readonly imphash: string
} {
  return {
    md5: digest('md5', text),
    sha1: digest('sha1', text),
    sha256: digest('sha256', text),
    imphash: digest('md5', `imports of ${text}`),
  }
}

/** What a program's hashes are made from. */
export function contentOf(program: Program): string {
  return `${program.product ?? ''} ${program.original ?? program.path} ${program.version ?? ''}`
}

export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('\\') + 1)
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('\\'))
}

/** The programs of `content/programs` by name. */
export function loadPrograms(): Readonly<Record<string, Program>> {
  const files = loadContent<{ readonly programs: Readonly<Record<string, Program>> }>('programs')
  return Object.assign({}, ...files.map((file) => file.programs)) as Readonly<Record<string, Program>>
}
