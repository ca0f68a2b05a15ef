import { isMap, isSeq, parseDocument } from 'yaml'
import { loadCatalogue, type Tool } from '../detection/identity/index.js'
import { parseTime } from '../telemetry/time.js'
import { closestName } from '../text/closest-name.js'
import { type Diagnostic, diagnose } from '../text/diagnostic.js'
import { type Span, span } from '../text/span.js'
import { hostTerms, readNetwork } from './hosts.js'
import {
  CONSTRAINTS,
  type ConstraintName,
  type Entry,
  type HostTerms,
  type Pattern,
  type Policy,
  type TenantTerms,
  type TimeWindow,
} from './policy.js'
import { isTimeZone, readClock, readDays } from './windows.js'
import { type Fields, spanOf, type Text, YamlReader } from './yaml-reader.js'

/** A policy file: what it says, and what is wrong with it. With an error among the diagnostics the policy must not be used. */
export interface PolicyFile {
  readonly path: string
  readonly text: string
  readonly policy: Policy
  readonly diagnostics: readonly Diagnostic[]
}

export interface ReadPolicyOptions {
  /** Reads a file that a group names, given as in the policy; throws where it cannot. */
  readonly readFile: (path: string) => string
  /** The catalogue that ships with the program without it. */
  readonly tools?: readonly Tool[]
}

/** The largest policy, in UTF-16 units, and the most entries. */
const LARGEST = 5_000_000
const MOST_ENTRIES = 5_000

/** Reads a policy. Never throws: what is wrong is a diagnostic with its place. */
export function readPolicy(path: string, text: string, options: ReadPolicyOptions): PolicyFile {
  const nothing: Policy = { name: '', entries: [], prohibited: [] }
  const failed = (place: Span, reason: string): PolicyFile => ({
    path,
    text,
    policy: nothing,
    diagnostics: [diagnose('policy-not-read', place, { reason })],
  })
  if (text.length > LARGEST) return failed(span(0, 0), `it has ${text.length} characters; a policy may have ${LARGEST}`)
  let document: ReturnType<typeof parseDocument>
  try {
    document = parseDocument(text, { uniqueKeys: true, logLevel: 'silent' })
  } catch (error) {
    return failed(span(0, 0), error instanceof Error ? error.message : String(error))
  }
  const fault = document.errors[0]
  if (fault) {
    const message = fault.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
    return failed(span(fault.pos[0], Math.max(fault.pos[1], fault.pos[0])), message)
  }
  const reader = new PolicyReader(new YamlReader(document), options)
  const policy = reader.policy(document.contents)
  return { path, text, policy, diagnostics: reader.yaml.diagnostics }
}

const KEYS = ['policy', 'name', 'timezone', 'groups', 'entries', 'prohibited'] as const
const COMMON = ['id', 'tool', 'category', 'tenant', 'signers', 'paths', 'hosts', 'users', 'parents', 'launch'] as const
const NOTES = ['windows', 'expires', 'ticket', 'owner', 'comment'] as const
const ENTRY_KEYS: readonly string[] = [...COMMON, ...NOTES, 'accept-not-shown', 'confirmed']
const PROHIBITED_KEYS: readonly string[] = [...COMMON, ...NOTES]

class PolicyReader {
  private groups: ReadonlyMap<string, HostTerms> = new Map()
  private timeZone = 'UTC'
  private readonly ids = new Set<string>()
  private readonly tools: readonly Tool[]

  constructor(
    readonly yaml: YamlReader,
    private readonly options: ReadPolicyOptions,
  ) {
    this.tools = options.tools ?? loadCatalogue().tools
  }

  policy(contents: unknown): Policy {
    const { yaml } = this
    const fields = yaml.fields(contents, 'the policy', KEYS)
    if (!fields) return { name: '', entries: [], prohibited: [] }
    const version = fields.get('policy')
    if (!version) yaml.diagnostics.push(diagnose('policy-missing-key', spanOf(contents), { key: 'policy', of: 'file' }))
    else if (yaml.text(version.node, 'policy')?.text !== '1')
      yaml.wrong(version.node, 'policy', '1, the form of the file')
    const zone = fields.get('timezone')
    if (zone) this.timeZone = this.zone(zone.node) ?? 'UTC'
    const groups = fields.get('groups')
    if (groups) this.groups = this.readGroups(groups.node)
    const name = fields.get('name')
    return {
      name: (name && yaml.text(name.node, 'name')?.text) ?? '',
      entries: this.entries(fields, 'entries'),
      prohibited: this.entries(fields, 'prohibited'),
    }
  }

  private entries(fields: Fields, key: 'entries' | 'prohibited'): readonly Entry[] {
    const field = fields.get(key)
    if (!field) return []
    const items = this.yaml.items(field.node, key)
    if (items.length > MOST_ENTRIES) this.yaml.wrong(field.node, key, `at most ${MOST_ENTRIES} entries`)
    return items.slice(0, MOST_ENTRIES).flatMap((item) => this.entry(item, key === 'prohibited') ?? [])
  }

  private entry(node: unknown, prohibits: boolean): Entry | undefined {
    const { yaml } = this
    const fields = yaml.fields(node, prohibits ? 'prohibited' : 'entries', prohibits ? PROHIBITED_KEYS : ENTRY_KEYS)
    if (!fields) return undefined
    const place = spanOf(node)
    const read = <T>(name: string, make: (node: unknown) => T): T | undefined => {
      const field = fields.get(name)
      return field && make(field.node)
    }
    const text = (name: string): Text | undefined => read(name, (value) => yaml.text(value, name))
    const patterns = (name: string): readonly Pattern[] | undefined =>
      read(name, (value) => yaml.texts(value, name).map(patternOf))
    const id = text('id')
    if (!fields.has('id'))
      yaml.diagnostics.push(diagnose('policy-missing-key', firstLine(place, node), { key: 'id', of: 'entry' }))
    if (id && this.ids.has(id.text.toLowerCase()))
      yaml.diagnostics.push(diagnose('policy-twice', id.span, { what: id.text }))
    if (id) this.ids.add(id.text.toLowerCase())
    const expires = text('expires')
    const micros = expires && timeOf(expires.text)
    if (expires && micros === undefined)
      yaml.wrong(fields.get('expires')!.node, 'expires', 'a day as 2026-12-31 or a time as 2026-12-31T18:00:00Z')
    return {
      id: id?.text ?? '',
      span: id?.span ?? firstLine(place, node),
      prohibits,
      ...this.toolsOf(fields, firstLine(place, node)),
      tenant: read('tenant', (value) => this.tenant(value)),
      signers: patterns('signers'),
      paths: patterns('paths'),
      hosts: read('hosts', (value) => yaml.texts(value, 'hosts').flatMap((each) => this.hosts(each) ?? [])),
      users: patterns('users'),
      parents: patterns('parents'),
      launch: patterns('launch'),
      windows: read('windows', (value) => this.windows(value)),
      expires: micros,
      acceptNotShown: new Set(
        read('accept-not-shown', (value) =>
          yaml.texts(value, 'accept-not-shown').flatMap((each) => this.constraint(each) ?? []),
        ),
      ),
      confirmed: read('confirmed', (value) => yaml.flag(value, 'confirmed') ?? false) ?? true,
      ticket: text('ticket')?.text,
      owner: text('owner')?.text,
      comment: text('comment')?.text,
    }
  }

  private toolsOf(fields: Fields, place: Span): Pick<Entry, 'tools' | 'toolText'> {
    const { yaml, tools } = this
    const found = new Set<string>()
    const texts: string[] = []
    const tool = fields.get('tool')
    for (const each of tool ? yaml.texts(tool.node, 'tool') : []) {
      const wanted = each.text.toLowerCase()
      const known = tools.find(({ id, name, aliases }) =>
        [id, name, ...(aliases ?? [])].some((one) => one.toLowerCase() === wanted),
      )
      if (known) found.add(known.id)
      else
        yaml.diagnostics.push(
          diagnose('policy-unknown-name', each.span, {
            what: 'tool',
            name: each.text,
            closest: closestName(
              each.text,
              tools.flatMap(({ id, name }) => [id, name]),
            ),
          }),
        )
      texts.push(known?.name ?? each.text)
    }
    const category = fields.get('category')
    const categories = [...new Set(tools.map((one) => one.category))]
    for (const each of category ? yaml.texts(category.node, 'category') : []) {
      const own = tools.filter((one) => one.category.toLowerCase() === each.text.toLowerCase())
      for (const { id } of own) found.add(id)
      if (own.length === 0)
        yaml.diagnostics.push(
          diagnose('policy-unknown-name', each.span, {
            what: 'category',
            name: each.text,
            closest: closestName(each.text, categories),
          }),
        )
      texts.push(`category ${each.text}`)
    }
    if (!tool && !category) yaml.diagnostics.push(diagnose('policy-missing-key', place, { key: 'tool', of: 'entry' }))
    return { tools: found, toolText: texts.join(', ') }
  }

  /** One set of facts, or a list of alternatives. */
  private tenant(node: unknown): readonly TenantTerms[] {
    const { yaml } = this
    const sets = isSeq(node) ? yaml.items(node, 'tenant') : [node]
    return sets.flatMap((set) => {
      const fields = yaml.fields(set, 'tenant', undefined)
      if (!fields) return []
      if (fields.size === 0) yaml.wrong(set, 'tenant', 'at least one fact of the instance')
      const terms = [...fields].map(
        ([name, field]) => [name, yaml.texts(field.node, `tenant ${name}`).map(patternOf)] as const,
      )
      return [new Map(terms)]
    })
  }

  private hosts({ text, span: place }: Text): HostTerms | undefined {
    const group = this.groups.get(text)
    if (group) return group
    const closest = closestName(text, this.groups.keys())
    // A host may have any name; what is nearly the name of a group is taken for a slip only where no digit makes it a host of its own.
    if (closest !== undefined && closest.toLowerCase() === text.toLowerCase()) {
      this.yaml.diagnostics.push(diagnose('policy-unknown-name', place, { what: 'group', name: text, closest }))
      return undefined
    }
    return this.pattern(text, place) ? hostTerms(text, [text]) : undefined
  }

  private pattern(text: string, place: Span): boolean {
    if (!text.includes('/') || readNetwork(text)) return true
    this.yaml.diagnostics.push(
      diagnose('policy-wrong-value', place, { key: 'hosts', found: text, expected: 'a network as 10.20.0.0/16' }),
    )
    return false
  }

  private readGroups(node: unknown): ReadonlyMap<string, HostTerms> {
    const { yaml } = this
    const groups = new Map<string, HostTerms>()
    for (const [name, field] of yaml.fields(node, 'groups', undefined) ?? []) {
      const patterns: string[] = []
      const take = (texts: readonly Text[]): void => {
        for (const each of texts) if (this.pattern(each.text, each.span)) patterns.push(each.text)
      }
      if (!isMap(field.node)) take(yaml.texts(field.node, `group ${name}`))
      else {
        const parts = yaml.fields(field.node, `group ${name}`, ['hosts', 'networks', 'files'])
        for (const part of ['hosts', 'networks'] as const) {
          const own = parts?.get(part)
          if (own) take(yaml.texts(own.node, part))
        }
        const files = parts?.get('files')
        for (const file of files ? yaml.texts(files.node, 'files') : []) patterns.push(...this.fileOfHosts(file))
      }
      groups.set(name, hostTerms(name, patterns))
    }
    return groups
  }

  /** A host, glob or network a line; what follows `#` is a remark. */
  private fileOfHosts({ text: path, span: place }: Text): readonly string[] {
    let content: string
    try {
      content = this.options.readFile(path)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.yaml.diagnostics.push(diagnose('policy-file-not-read', place, { path, reason }))
      return []
    }
    const lines = content
      .replace(/^\uFEFF/, '')
      .split(/\r\n|\n|\r/)
      .map((line) => line.replace(/#.*$/s, '').trim())
      .filter((line) => line !== '')
    const broken = lines.findIndex((line) => line.includes('/') && !readNetwork(line))
    if (broken >= 0)
      this.yaml.diagnostics.push(
        diagnose('policy-file-not-read', place, { path, reason: `\`${lines[broken]!.slice(0, 80)}\` is no network` }),
      )
    return lines
  }

  private windows(node: unknown): readonly TimeWindow[] {
    const { yaml } = this
    const items = isSeq(node) ? yaml.items(node, 'windows') : [node]
    return items.flatMap((item) => {
      const fields = yaml.fields(item, 'windows', ['days', 'from', 'to', 'timezone'])
      if (!fields) return []
      const days = new Set<number>()
      const dayField = fields.get('days')
      for (const each of dayField ? yaml.texts(dayField.node, 'days') : [])
        for (const part of each.text.split(',')) {
          const found = readDays(part)
          if (found) for (const day of found) days.add(day)
          else yaml.wrong(dayField!.node, 'days', 'days as Mon-Fri or Sat')
        }
      const clock = (key: 'from' | 'to', otherwise: number): number => {
        const field = fields.get(key)
        if (!field) return otherwise
        const found = readClock(yaml.text(field.node, key)?.text ?? '')
        if (found === undefined) yaml.wrong(field.node, key, 'a time as "07:30"')
        return found ?? otherwise
      }
      const zoneField = fields.get('timezone')
      const timeZone = (zoneField ? this.zone(zoneField.node) : undefined) ?? this.timeZone
      const [from, to] = [clock('from', 0), clock('to', 1440)]
      const said = [dayField && this.said(dayField.node), `${wall(from)}-${wall(to)}`, timeZone]
      return [
        {
          text: said.filter((part) => part).join(' '),
          days: days.size > 0 ? days : new Set([1, 2, 3, 4, 5, 6, 7]),
          from,
          to,
          timeZone,
        },
      ]
    })
  }

  private said(node: unknown): string {
    return this.yaml
      .texts(node, 'days')
      .map(({ text }) => text)
      .join(', ')
  }

  private zone(node: unknown): string | undefined {
    const text = this.yaml.text(node, 'timezone')?.text
    if (text === undefined || isTimeZone(text)) return text
    this.yaml.wrong(node, 'timezone', 'a time zone as Europe/Oslo or UTC')
    return undefined
  }

  private constraint({ text, span: place }: Text): ConstraintName | undefined {
    const found = CONSTRAINTS.find((name) => name === text)
    if (!found)
      this.yaml.diagnostics.push(
        diagnose('policy-wrong-value', place, {
          key: 'accept-not-shown',
          found: text,
          expected: `one of ${CONSTRAINTS.filter((name) => name !== 'expires').join(', ')}`,
        }),
      )
    return found
  }
}

const wall = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

const patternOf = ({ text, span: place }: Text): Pattern => ({ text, glob: text.toLowerCase(), span: place })

/** A day ends with its last second. */
function timeOf(text: string): number | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const day = parseTime(`${text}T00:00:00Z`)
    return day && day.micros + 86_400e6
  }
  return parseTime(text)?.micros
}

/** Where an entry begins: the mark of a whole entry would be many lines long. */
function firstLine(place: Span, node: unknown): Span {
  const first = isMap(node) ? node.items[0] : undefined
  return first ? spanOf(first.key) : span(place.start, place.start + 1)
}
