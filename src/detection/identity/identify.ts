import { loadCatalogue, type ProgramRole, type Tool } from './catalogue.js'
import { CONFIDENCE_RANK, type Confidence } from './confidence.js'
import { hostOf } from './domain-index.js'
import type { Worth } from './hit.js'
import type { Observation } from './observation.js'
import { collect, type Program, programSigns, type Sign, type Signs } from './program.js'
import { ToolIndex } from './tool-index.js'
import { confidenceOf } from './verdict.js'

export type EvidenceKind =
  | Sign['kind']
  | 'domain'
  | 'port'
  | 'event-provider'
  | 'registry'
  | 'pipe'
  | 'file-name'
  | 'file-path'

export interface IdentityEvidence {
  readonly kind: EvidenceKind
  /** The value in the telemetry. */
  readonly value: string
  /** Whose value it is: the process, its parent, a module, a written file ... */
  readonly of: Subject
  readonly confidence: Confidence
}

export type Subject =
  | 'process'
  | 'parent'
  | 'target'
  | 'module'
  | 'service'
  | 'package'
  | 'file'
  | 'network'
  | 'log'
  | 'registry'
  | 'pipe'

/** What an observation says about one tool. */
export interface Identification {
  readonly tool: Tool
  readonly confidence: Confidence
  /** The evidence is enough to name the tool; everything below is a hint to be shown, not reported. */
  readonly named: boolean
  /** `at work`: it ran, served, connected, was installed or logged; `trace`: only a file, a registry value or a name of it. */
  readonly state: 'at work' | 'trace'
  /** What the program is for, where the catalogue says. */
  readonly role: ProgramRole | null
  /** Strongest first. */
  readonly evidence: readonly IdentityEvidence[]
}

/**
 * The tools that an observation speaks of, surest first. Only whole values of the right column count, never a part of a text:
 * base names, publishers, services, hosts at a dot. Takes microseconds; give it distinct observations, not every record.
 *
 *     identify({ class: 'process', process_file_path: 'C:\\Users\\a\\Downloads\\x.exe', process_file_signer: '...' })
 */
export function identify(observation: Observation, index: ToolIndex = defaultIndex()): readonly Identification[] {
  const found = new Gathering(index)
  const process = programOf(index, observation, 'process')
  if (process) found.program('process', process, true)
  const parent = programOf(index, observation, 'parent_process')
  if (parent) found.program('parent', parent, true)
  const target = programOf(index, observation, 'target_process')
  if (target) found.program('target', target, true)
  const module = programOf(index, observation, 'module')
  if (module) found.program('module', module, module.path !== undefined && same(module.path, process?.path))
  readService(found, observation)
  readPackage(found, observation)
  readFile(found, observation)
  readHosts(found, observation, process)
  readRest(found, observation)
  return found.result(observation.dst_port ?? undefined)
}

let shared: ToolIndex | undefined

/** The index over the catalogue that ships with the program, built once. */
export function defaultIndex(): ToolIndex {
  shared ??= new ToolIndex(loadCatalogue())
  return shared
}

interface Found {
  readonly evidence: IdentityEvidence[]
  best: Confidence
  atWork: boolean
  role: ProgramRole | undefined
}

class Gathering {
  private readonly found = new Map<number, Found>()

  constructor(readonly index: ToolIndex) {}

  program(of: Subject, program: Program, atWork: boolean): void {
    const signs = programSigns(this.index, program)
    this.signs(of, signs, atWork, holds(program.signatureStatus))
  }

  /** Vague signs alone are left out: every program of a large publisher would be a hint at all its tools. */
  signs(of: Subject, signs: Signs, atWork: boolean, signatureHolds = true): void {
    for (const [tool, list] of signs) {
      if (list.every((sign) => sign.worth === 'vague')) continue
      const confidence = confidenceOf(list, signatureHolds)
      for (const sign of list) this.one(tool, sign.kind, sign.value, of, alone(sign, confidence), false, sign.role)
      const found = this.found.get(tool)!
      if (CONFIDENCE_RANK[confidence] > CONFIDENCE_RANK[found.best]) found.best = confidence
      found.atWork ||= atWork && confidence !== 'low'
    }
  }

  one(
    tool: number,
    kind: EvidenceKind,
    value: string,
    of: Subject,
    confidence: Confidence,
    atWork: boolean,
    role?: ProgramRole,
  ): void {
    let found = this.found.get(tool)
    if (!found) {
      found = { evidence: [], best: confidence, atWork: false, role }
      this.found.set(tool, found)
    }
    const at = found.evidence.findIndex((known) => known.kind === kind && known.of === of && known.value === value)
    if (at < 0) found.evidence.push({ kind, value, of, confidence })
    else if (CONFIDENCE_RANK[confidence] > CONFIDENCE_RANK[found.evidence[at]!.confidence])
      found.evidence[at] = { kind, value, of, confidence }
    if (CONFIDENCE_RANK[confidence] > CONFIDENCE_RANK[found.best]) found.best = confidence
    found.atWork ||= atWork && confidence !== 'low'
    found.role ??= role
  }

  result(port: number | undefined): readonly Identification[] {
    const results = [...this.found].map(([tool, { evidence, best, atWork, role }]): Identification => {
      if (port !== undefined && this.index.ports.get(tool)?.has(port))
        evidence.push({ kind: 'port', value: String(port), of: 'network', confidence: 'low' })
      evidence.sort((a, b) => CONFIDENCE_RANK[b.confidence] - CONFIDENCE_RANK[a.confidence])
      return {
        tool: this.index.tools[tool]!,
        confidence: best === 'medium' && independent(evidence) ? 'high' : best,
        named: best !== 'low',
        state: atWork ? 'at work' : 'trace',
        role: role ?? null,
        evidence,
      }
    })
    return results.sort(
      (a, b) => CONFIDENCE_RANK[b.confidence] - CONFIDENCE_RANK[a.confidence] || (a.tool.id < b.tool.id ? -1 : 1),
    )
  }
}

/** Two good signs that do not follow from each other: a name and a host of the vendor's, a name and a pipe. */
function independent(evidence: readonly IdentityEvidence[]): boolean {
  const good = evidence.filter(({ confidence }) => confidence !== 'low')
  return new Set(good.map(({ of }) => (of === 'network' || of === 'pipe' || of === 'log' ? of : 'program'))).size >= 2
}

function readService(found: Gathering, observation: Observation): void {
  const name = text(found.index, observation.service_name)
  const path = text(found.index, observation.service_file_path)
  const file = text(found.index, observation.service_file_name) ?? (path && baseName(path))
  if (!name && !file) return
  const signs = programSigns(found.index, { ...NO_PROGRAM, path, name: file })
  if (name) collect(signs, 'service', name, found.index.services.find(name))
  found.signs('service', signs, true)
}

function readPackage(found: Gathering, observation: Observation): void {
  const product = text(found.index, observation.product_name)
  const vendor = text(found.index, observation.product_vendor)
  if (!product && !vendor) return
  const signs = programSigns(found.index, { ...NO_PROGRAM, product, company: vendor })
  found.signs('package', signs, observation.class === 'installer')
}

/** A file that was only asked for proves nothing: whoever looks for stored passwords asks for many tools' files. */
function readFile(found: Gathering, observation: Observation): void {
  if (observation.activity === 'access') return
  const path = text(found.index, observation.file_path)
  const name = text(found.index, observation.file_name) ?? (path && baseName(path))
  if (name)
    for (const [tool, [sign]] of programSigns(found.index, { ...NO_PROGRAM, path, name }))
      if (sign?.kind === 'executable' && sign.worth !== 'vague')
        found.one(tool, 'file-name', name, 'file', sign.worth === 'specific' ? 'medium' : 'low', false, sign.role)
  if (path)
    for (const hit of found.index.artefacts.find(path))
      found.one(hit.tool, 'file-path', path, 'file', ofWorth(hit.worth), false, hit.role)
}

function readHosts(found: Gathering, observation: Observation, process: Program | undefined): void {
  const query = text(found.index, observation.query_hostname)
  const destination = text(found.index, observation.dst_hostname) ?? hostOf(observation.url ?? '')
  const reading = process?.name !== undefined && found.index.browsers.has(process.name.toLowerCase())
  for (const host of new Set([query, destination])) {
    if (!host) continue
    const website = found.index.websiteLabels.has(host.slice(0, host.indexOf('.')).toLowerCase())
    for (const { hit, apex } of found.index.domains.find(host)) {
      const strong = hit.worth === 'specific' && !reading && !website && !apex
      found.one(hit.tool, 'domain', host, 'network', strong ? 'medium' : 'low', strong)
    }
  }
}

function readRest(found: Gathering, observation: Observation): void {
  const provider = text(found.index, observation.log_provider)
  if (provider)
    for (const hit of found.index.providers.find(provider))
      found.one(hit.tool, 'event-provider', provider, 'log', hit.worth === 'specific' ? 'certain' : 'low', true)
  const key = text(found.index, observation.reg_key_path) ?? text(found.index, observation.reg_target)
  if (key)
    for (const hit of found.index.registry.find(registryPath(key)))
      found.one(hit.tool, 'registry', key, 'registry', 'low', false)
  const service = key && SERVICE_KEY.exec(key)?.[1]
  if (service)
    for (const hit of found.index.services.find(service))
      if (hit.worth !== 'vague') found.one(hit.tool, 'service', service, 'registry', ofWorth(hit.worth), false)
  const pipe = text(found.index, observation.pipe_name)
  if (pipe)
    for (const hit of found.index.pipes.find(pipe.replace(/^(\\\\\.\\pipe)?\\/i, '')))
      found.one(hit.tool, 'pipe', pipe, 'pipe', ofWorth(hit.worth), true)
}

const SERVICE_KEY = /\\(?:CurrentControlSet|ControlSet\d{3})\\Services\\([^\\]{1,256})/i

/** Registry paths as Sysmon, Security and Defender write them, in one spelling. */
function registryPath(key: string): string {
  return key
    .replace(/^\\registry\\machine\\/i, 'HKLM\\')
    .replace(/^\\registry\\user\\/i, 'HKU\\')
    .replace(/^HKEY_LOCAL_MACHINE/i, 'HKLM')
    .replace(/^HKEY_CURRENT_USER/i, 'HKCU')
    .replace(/^HKEY_USERS/i, 'HKU')
    .replace(/\\ControlSet\d{3}\\/i, '\\CurrentControlSet\\')
}

function programOf(
  index: ToolIndex,
  observation: Observation,
  prefix: 'process' | 'parent_process' | 'target_process' | 'module',
): Program | undefined {
  const columns = observation as unknown as Readonly<Record<string, string | null | undefined>>
  const read = (column: string) => text(index, columns[`${prefix}_file_${column}`])
  const path = read('path')
  const program: Program = {
    path,
    name: read('name') ?? (path && baseName(path)),
    original: read('original_name'),
    internal: read('internal_name'),
    company: read('company'),
    product: read('product') ?? read('description'),
    signer: read('signer'),
    signatureStatus: read('signature_status'),
  }
  return Object.values(program).some((value) => value !== undefined) ? program : undefined
}

const NO_PROGRAM: Program = {
  path: undefined,
  name: undefined,
  original: undefined,
  internal: undefined,
  company: undefined,
  product: undefined,
  signer: undefined,
  signatureStatus: undefined,
}

const PADDING = new Set([' ', '\t', '\r', '\n', '\0', '"'])

/** A value as text without blanks and quotes around it, or undefined where the column says nothing. */
function text(index: ToolIndex, value: string | null | undefined): string | undefined {
  if (typeof value !== 'string') return undefined
  let start = 0
  let end = value.length
  while (start < end && PADDING.has(value[start]!)) start++
  while (end > start && PADDING.has(value[end - 1]!)) end--
  const trimmed = value.slice(start, end)
  return trimmed === '' || index.blanks.has(trimmed.toLowerCase()) ? undefined : trimmed
}

export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1)
}

function same(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && left.toLowerCase() === right.toLowerCase()
}

/** An expired or revoked signature still says who signed; one that does not verify says nothing sure. */
function holds(status: string | undefined): boolean {
  return (
    status === undefined ||
    !/^(invalid|unsigned|error|bad|notsigned|unavailable|hashmismatch|untrusted|false)/i.test(status)
  )
}

function alone(sign: Sign, together: Confidence): Confidence {
  if (sign.worth !== 'specific') return 'low'
  if (sign.kind === 'signer') return together
  return CONFIDENCE_RANK[together] >= CONFIDENCE_RANK.high ? 'high' : 'medium'
}

function ofWorth(worth: Worth): Confidence {
  return worth === 'specific' ? 'medium' : 'low'
}
