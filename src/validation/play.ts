import type { NeutralEvent } from './events.js'
import { digest, guidOf, Random } from './random.js'
import { milliseconds, type Scenario, type Step } from './scenario.js'
import { type Account, contentOf, type Host, type Process, processGuid, type World } from './world.js'

/** Who plays the parts of a scenario this time. */
export interface Cast {
  readonly hosts: Readonly<Record<string, Host>>
  readonly users: Readonly<Record<string, string>>
}

/** One scenario to be played: who plays it, and from when on (microseconds). */
export interface Performance {
  readonly scenario: Scenario
  readonly cast: Cast
  readonly start: number
}

/**
 * Plays scenarios together and gives what happened in order of time. Their steps are taken in order of time too, so that a step finds
 * on its machine what the steps before it have left there, whichever story they belong to.
 */
export function play(world: World, performances: readonly Performance[]): NeutralEvent[] {
  const moments = performances.flatMap((performance) => new Play(world, performance).moments())
  moments.sort((one, other) => one.time - other.time)
  const events = moments.flatMap((moment) => {
    world.now = moment.time
    return moment.happen()
  })
  return events.sort((one, other) => one.time - other.time)
}

interface Moment {
  readonly time: number
  happen(): NeutralEvent[]
}

class Play {
  private events: NeutralEvent[] = []
  private readonly running = new Map<string, Process>()
  private readonly random: Random
  private readonly values = new Map<string, string>()
  private readonly seed: string
  private last = { at: '', micros: 0 }
  private readonly scenario: Scenario
  private readonly cast: Cast
  private readonly start: number

  constructor(
    private readonly world: World,
    { scenario, cast, start }: Performance,
  ) {
    this.scenario = scenario
    this.cast = cast
    this.start = start
    this.seed = `${scenario.id} ${start} ${Object.values(cast.hosts).map((host) => host.name)}`
    this.random = new Random(this.seed)
    for (const part of Object.keys(scenario.hosts)) {
      const host = cast.hosts[part]
      if (!host) throw new Error(`${scenario.id}: nobody plays host \`${part}\``)
      this.values.set(`${part}.name`, host.name)
      this.values.set(`${part}.fqdn`, host.fqdn)
      this.values.set(`${part}.ip`, host.ip)
    }
    for (const part of Object.keys(scenario.users)) {
      const name = cast.users[part]
      if (!name) throw new Error(`${scenario.id}: nobody plays user \`${part}\``)
      this.values.set(`${part}.name`, name)
      this.values.set(`${part}.account`, `${world.directory.netbios}\\${name}`)
      this.values.set(`${part}.profile`, `C:\\Users\\${name}`)
    }
    this.values.set('company.domain', world.directory.domain)
    this.values.set('company.netbios', world.directory.netbios)
    for (const [name, choices] of Object.entries(scenario.picks ?? {}))
      this.values.set(`pick.${name}`, this.fill(this.random.pick(choices)))
  }

  moments(): Moment[] {
    return this.scenario.steps.map((step) => ({
      time: this.start + milliseconds(step.at) * 1000,
      happen: () => {
        this.events = []
        try {
          this.step(step)
        } catch (error) {
          throw new Error(`${this.scenario.id}, step at ${step.at}: ${(error as Error).message}`)
        }
        return this.events
      },
    }))
  }

  /** Puts the cast's names into a text. Ids are the same wherever a scenario is played: a tenant stays a tenant. */
  private fill(text: string): string {
    return text.replace(/<([a-z]+)\.([a-z_]+)>/g, (whole, kind: string, name: string) => {
      if (kind === 'guid') return guidOf(`${this.scenario.id} ${name}`)
      if (kind === 'hex') return digest('md5', `${this.scenario.id} ${name}`).slice(0, 16)
      const value = this.values.get(`${kind}.${name}`)
      if (value === undefined) throw new Error(`nothing known as ${whole}`)
      return value
    })
  }

  private step(step: Step): void {
    const parts = Object.keys(this.scenario.hosts)
    const host = this.cast.hosts[step.host ?? parts[0]!]
    if (!host) throw new Error(`no part \`${step.host}\``)
    // Nothing happens on the full second, and steps written down for one second keep their order.
    const time = this.start + milliseconds(step.at) * 1000 + this.fraction(step)
    const by = (name = 'explorer') => this.processOf(host, step.by ?? name)
    const at = { time, host }
    const text = (value: string) => this.fill(value)

    if ('start' in step) this.startProcess(step, host, time)
    else if ('ends' in step) this.end(host, step.ends, time)
    else if ('write' in step) {
      const path = text(step.write)
      const hashOf = step.program ? contentOf(this.world.program(step.program)) : `${path} ${this.scenario.id}`
      this.events.push({
        ...at,
        kind: 'file-write',
        process: by(),
        path,
        hashOf,
        url: step.url && text(step.url),
        referrer: step.referrer && text(step.referrer),
      })
    } else if ('delete' in step)
      this.events.push({ ...at, kind: 'file-delete', process: by(), path: text(step.delete) })
    else if ('connect' in step) {
      const name = text(step.connect)
      const ip = this.world.address(name)
      const process = by()
      if (name !== ip) this.events.push({ ...at, kind: 'dns', process, name, answer: ip })
      const localPort = this.random.between(49_700, 65_000)
      this.events.push({
        ...at,
        time: time + this.random.between(15_000, 90_000),
        kind: 'connection',
        process,
        name: name === ip ? '' : name,
        ip,
        port: step.port,
        localPort,
        protocol: step.protocol ?? 'tcp',
      })
    } else if ('set' in step) {
      const target = text(step.set)
      const cut = target.lastIndexOf('\\')
      this.events.push({
        ...at,
        kind: 'registry-set',
        process: by(),
        key: target.slice(0, cut),
        value: target.slice(cut + 1),
        data: text(step.data),
      })
    } else if ('service' in step) {
      const process = this.world.standing(host, 'services')
      const name = text(step.service)
      const command = text(step.command)
      const actor = step.by ? by().user : this.world.account(host, 'system')
      this.events.push({
        ...at,
        kind: 'service-install',
        process,
        actor,
        name,
        command,
        account: step.account ?? 'LocalSystem',
        start: step.starts ?? 'auto start',
      })
    } else if ('state' in step) {
      const process = this.world.standing(host, 'services')
      this.events.push({
        ...at,
        kind: 'service-state',
        process,
        name: text(step.name ?? step.state),
        display: text(step.state),
        state: step.is,
      })
    } else if ('startType' in step) {
      const process = this.world.standing(host, 'services')
      this.events.push({
        ...at,
        kind: 'service-start-type',
        process,
        name: step.name,
        display: step.startType,
        from: step.from,
        to: step.to,
      })
    } else if ('msi' in step) {
      const user = step.user ? this.account(host, step.user) : this.world.account(host, 'system')
      this.events.push({
        ...at,
        kind: 'msi',
        process: by('msiexec'),
        action: step.msi,
        product: text(step.product),
        version: step.version,
        maker: step.maker,
        package: text(step.package),
        user,
      })
    } else if ('log' in step)
      this.events.push({
        ...at,
        kind: 'app-log',
        provider: text(step.log),
        id: step.id,
        lines: step.lines.map(text),
      })
    else if ('task' in step) {
      const actor = step.user ? this.account(host, step.user) : this.world.account(host, 'system')
      this.events.push({ ...at, kind: 'task-register', actor, name: text(step.task), command: text(step.command) })
    } else if ('runs' in step) this.runTask(step, host, time)
    else if ('script' in step)
      this.events.push({
        ...at,
        kind: 'script',
        process: by('powershell'),
        text: text(step.script),
        file: text(step.file ?? ''),
        id: guidOf(`${this.seed} script ${step.at}`),
      })
    else if ('logon' in step) this.logon(step, host, time)
    else if ('logoff' in step) {
      const user = this.account(host, step.logoff)
      this.events.push({ ...at, kind: 'logoff', user, type: step.type, session: user.session })
      host.sessions.delete(user.name)
      if (step.type === 2) host.standing.delete('explorer')
    } else if ('share' in step) {
      const from = this.cast.hosts[step.from]
      if (!from) throw new Error(`no part \`${step.from}\``)
      const user = this.account(host, step.user)
      const port = this.random.between(49_700, 65_000)
      this.events.push({
        ...at,
        kind: 'share-access',
        user,
        share: text(step.share),
        file: step.file && text(step.file),
        fromIp: from.ip,
        port,
      })
    } else if ('pipe' in step)
      this.events.push({ ...at, kind: 'pipe', process: by(), name: text(step.pipe), action: step.action ?? 'create' })
    else if ('rdp' in step)
      this.events.push({ ...at, kind: 'rdp-client', process: by('mstsc'), server: text(step.rdp) })
    else if ('update' in step)
      this.events.push({ ...at, kind: 'update', title: text(step.update), id: guidOf(step.update) })
    else this.events.push({ ...at, kind: step.boot ? 'boot' : 'shutdown' })
  }

  private fraction(step: Step): number {
    this.last =
      step.at === this.last.at
        ? { at: step.at, micros: this.last.micros + this.random.between(9_000, 40_000) }
        : { at: step.at, micros: this.random.between(0, 700_000) }
    return this.last.micros
  }

  private startProcess(step: Extract<Step, { start: string }>, host: Host, time: number): void {
    const program = this.world.program(step.start)
    const path = this.fill(step.path ?? program.path)
    const parent = this.processOf(host, step.by ?? 'explorer')
    const user = step.user ? this.account(host, step.user) : parent.user
    const command = this.fill(step.command ?? `"${path}"${step.args ? ` ${step.args}` : ''}`)
    const process = this.newProcess(host, time, {
      program,
      path,
      command,
      user,
      parent,
      integrity: step.integrity,
    })
    this.running.set(`${host.name} ${step.as ?? step.start}`, process)
    this.events.push({ time, host, kind: 'process-start', process })
    if (step.for) this.events.push({ time: time + milliseconds(step.for) * 1000, host, kind: 'process-end', process })
  }

  private newProcess(
    host: Host,
    time: number,
    made: Pick<Process, 'program' | 'path' | 'command' | 'user' | 'parent'> & {
      integrity: string | undefined
    },
  ): Process {
    const pid = this.world.newPid(host)
    const system = made.user.upn === ''
    return {
      ...made,
      pid,
      guid: processGuid(host, time, String(pid)),
      folder: system ? 'C:\\Windows\\System32\\' : `C:\\Users\\${made.user.name}\\`,
      integrity: made.integrity ?? (system ? 'System' : (made.parent?.integrity.replace('System', 'High') ?? 'Medium')),
      started: time,
    }
  }

  private end(host: Host, name: string, time: number): void {
    const process = this.processOf(host, name)
    host.pids.delete(process.pid)
    this.events.push({ time, host, kind: 'process-end', process })
  }

  private runTask(step: Extract<Step, { runs: string }>, host: Host, time: number): void {
    const program = this.world.program(step.program)
    const parent = this.world.standing(host, 'schedule')
    const user = step.user ? this.account(host, step.user) : this.world.account(host, 'system')
    const command = this.fill(step.args ? `${program.path} ${step.args}` : program.path)
    const process = this.newProcess(host, time, {
      program,
      path: program.path,
      command,
      user,
      parent,
      integrity: undefined,
    })
    const run = guidOf(`${this.seed} task ${step.at} ${step.runs}`)
    const end = time + milliseconds(step.for ?? '4s') * 1000
    this.running.set(`${host.name} ${step.program}`, process)
    this.events.push({ time: time - 30_000, host, kind: 'task-run', process, actor: user, name: step.runs, run })
    this.events.push({ time, host, kind: 'process-start', process })
    this.events.push({ time: end, host, kind: 'process-end', process })
    this.events.push({ time: end + 12_000, host, kind: 'task-end', process, actor: user, name: step.runs, run })
  }

  private logon(step: Extract<Step, { logon: string }>, host: Host, time: number): void {
    const user = this.account(host, step.logon)
    const from = step.from ? this.cast.hosts[step.from] : undefined
    if (step.from && !from) throw new Error(`no part \`${step.from}\``)
    const process = this.world.standing(host, step.type === 2 ? 'winlogon' : step.type === 10 ? 'termsrv' : 'lsass')
    const fromIp = from?.ip ?? (step.type === 2 ? '127.0.0.1' : '-')
    this.events.push({
      time,
      host,
      kind: 'logon',
      user,
      type: step.type,
      fromIp,
      fromName: from?.name ?? host.name,
      process,
      session: user.session,
    })
    const controller = [...this.world.hosts.values()].find((other) => other.role === 'domain-controller')
    if (!controller || controller === host) return
    const port = this.random.between(49_700, 65_000)
    this.events.push({
      time: time - 60_000,
      host: controller,
      kind: 'ticket',
      user,
      service: host.name,
      fromIp: (from ?? host).ip,
      port,
    })
  }

  private account(host: Host, part: string): Account {
    return this.world.account(host, this.cast.users[part] ?? part)
  }

  private processOf(host: Host, name: string): Process {
    return this.running.get(`${host.name} ${name}`) ?? this.world.standing(host, name)
  }
}
