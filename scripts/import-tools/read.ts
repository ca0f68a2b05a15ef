/** Reads one tool of the reference table into the catalogue's shape, mending what can be mended by rule. */
export interface ReferenceTool {
  readonly canonical_name: string
  readonly aliases: readonly string[]
  readonly vendor: string | null
  readonly category: string
  readonly sources: readonly string[]
  readonly attack_refs: readonly string[]
  readonly palo_alto_app_ids?: readonly string[]
  readonly rejected_values?: readonly string[]
  readonly [list: string]: unknown
}

interface ReferenceValue {
  readonly value: string
  readonly sources: readonly string[]
  readonly quality?: readonly string[]
  readonly match?: string
  readonly regex?: string
  readonly platform?: string
  readonly thumbprint?: string
}

/** A row of tools.yaml: name in the table, id, tier, role, description, vendor. */
export type Sheet = readonly [string, string, string | null, string | null, string, string?]

export interface Value {
  value: string
  quality: string[]
  from: string[]
  match?: string
  role?: string
  platform?: string
  thumbprint?: string
  shared_with?: string[]
  was?: string
  note?: string
}

export interface Rejected {
  field: string
  value: string
  reason: string
  from: string[]
}

export const LISTS = [
  'executables',
  'installers',
  'original_file_names',
  'company_names',
  'product_names',
  'signers',
  'services',
  'domains',
  'addresses',
  'install_paths',
  'artefacts',
  'registry',
  'pipes',
  'user_agents',
  'command_lines',
] as const
export type ListName = (typeof LISTS)[number]

export interface ToolDraft {
  id: string
  name: string
  aliases: string[]
  vendor: string | null
  category: string
  tier: string
  role: string
  description: string
  from: string[]
  attack_refs: string[]
  palo_alto_app_ids: string[]
  lists: Record<ListName, Value[]>
  ports: { value: number; protocol?: string; from: string[]; note?: string }[]
  extra: Record<string, unknown>
  rejected: Rejected[]
  notes: string[]
}

/** Category in the table → category, tier and role in the catalogue. */
const CATEGORIES: Readonly<Record<string, readonly [string, string, string]>> = {
  'commercial remote support / remote desktop': ['remote support', 'remote-access', 'remote-control'],
  'MSP / endpoint management (RMM)': ['RMM', 'remote-access', 'management-agent'],
  'VNC family': ['VNC', 'remote-access', 'remote-control'],
  'RDP / remote desktop protocol client, wrapper or gateway': ['RDP', 'admin-tool', 'viewer'],
  'file transfer / sync / backup (not remote control)': ['file transfer', 'dual-use', 'sync'],
  'SSH / terminal client or server': ['SSH', 'admin-tool', 'terminal'],
  'tunnel / developer remote access (T1219.001-like)': ['tunnel', 'remote-access', 'tunnel'],
  'inventory / ITSM / monitoring agent': ['inventory and service desk', 'dual-use', 'inventory'],
  'meeting / screen sharing': ['meeting', 'dual-use', 'meeting'],
  'employee monitoring / screen recording': ['employee monitoring', 'dual-use', 'monitoring'],
  'overlay VPN / mesh network': ['overlay network', 'dual-use', 'overlay-network'],
  'EDR / DFIR response agent': ['response agent', 'dual-use', 'response-agent'],
  'unclassified (not identified)': ['not identified', 'dual-use', 'none'],
  'KVM-over-IP hardware (T1219.003)': ['KVM over IP', 'remote-access', 'hardware'],
  'assistive technology': ['assistive technology', 'dual-use', 'assistive'],
  'remote execution utility': ['remote execution', 'admin-tool', 'remote-execution'],
  'malware RAT (listed by LOLRMM)': ['remote access trojan', 'remote-access', 'remote-control'],
}

const REFERENCE_LIST: Readonly<Record<ListName, string>> = {
  executables: 'executables',
  installers: 'installers',
  original_file_names: 'original_file_names',
  company_names: 'company_names',
  product_names: 'product_names',
  signers: 'signers',
  services: 'services',
  domains: 'domains',
  addresses: 'ip_addresses',
  install_paths: 'install_paths',
  artefacts: 'artefacts',
  registry: 'registry',
  pipes: 'named_pipes',
  user_agents: 'user_agents',
  command_lines: 'command_lines',
}

export function readTool(tool: ReferenceTool, row: Sheet): ToolDraft {
  const [, id, tier, role, description, vendor] = row
  const category = CATEGORIES[tool.category]
  if (!category) throw new Error(`unknown category ${tool.category}`)
  const draft: ToolDraft = {
    id,
    name: tool.canonical_name,
    aliases: [...new Set(tool.aliases)].filter((alias) => alias !== tool.canonical_name),
    vendor: tool.vendor ?? vendor ?? null,
    category: category[0],
    tier: tier ?? category[1],
    role: role ?? category[2],
    description,
    from: sourceNames(tool.sources.map((source) => `${source}:`)),
    attack_refs: tool.attack_refs.filter((ref) => !/ \(.*Deploy/.test(ref)).map((ref) => ref.split(' ')[0] ?? ref),
    palo_alto_app_ids: [...(tool.palo_alto_app_ids ?? [])],
    lists: Object.fromEntries(LISTS.map((name) => [name, []])) as unknown as Record<ListName, Value[]>,
    ports: [],
    extra: {},
    rejected: [],
    notes: [],
  }
  for (const name of LISTS) for (const item of values(tool, REFERENCE_LIST[name])) readValue(draft, name, item)
  // `Viewer` in the name of the product says nothing about the file.
  if (/viewer/i.test(draft.name))
    for (const value of draft.lists.executables) if (value.role === 'viewer') delete value.role
  for (const item of values(tool, 'ports')) readPort(draft, item)
  for (const value of tool.rejected_values ?? []) {
    const hash = /^[0-9a-f]{40}$/i.test(value)
    draft.rejected.push({
      field: 'install_paths',
      value,
      reason: hash ? 'a SHA-1 in the place of a path' : 'a remark in the place of a path',
      from: ['lolrmm'],
    })
  }
  return draft
}

function values(tool: ReferenceTool, list: string): readonly ReferenceValue[] {
  return (tool[list] as readonly ReferenceValue[] | undefined) ?? []
}

function readValue(draft: ToolDraft, field: ListName, item: ReferenceValue): void {
  const from = sourceNames(item.sources)
  const value: Value = { value: item.value.trim(), quality: quality(item.quality), from }
  if (item.thumbprint && /^[0-9A-F]{40}$/i.test(item.thumbprint)) value.thumbprint = item.thumbprint.toUpperCase()
  if (item.platform) value.platform = 'unix'
  const reason = MEND[field]?.(value, item)
  if (reason) {
    if (
      !draft.rejected.some((known) => known.field === field && known.value.toLowerCase() === item.value.toLowerCase())
    )
      draft.rejected.push({ field, value: item.value, reason, from })
    return
  }
  addValue(draft.lists[field], value, field)
}

/** Adds a value, or joins it with the one that says the same. */
export function addValue(list: Value[], value: Value, field: ListName): void {
  const key = sameKey(value, field)
  const known = list.find((other) => sameKey(other, field) === key)
  if (!known) {
    list.push(value)
    return
  }
  known.from = [...new Set([...known.from, ...value.from])]
  if (known.quality.includes('ok') !== value.quality.includes('ok') && value.quality.includes('unconfirmed') === false)
    known.quality = known.quality.includes('ok') ? value.quality : known.quality
  if (value.role) known.role = value.role
  known.thumbprint ??= value.thumbprint as string
  if (known.thumbprint === undefined) delete known.thumbprint
  if (known.match === undefined && value.match) return
  if (value.match === undefined) delete known.match
}

function sameKey(value: Value, field: ListName): string {
  const text = value.value.toLowerCase()
  if (field === 'install_paths') return text.replace(/^([a-z]:|\*)?\\+/, '').replace(/\\?\*?$/, '')
  if (field === 'company_names' || field === 'product_names' || field === 'signers')
    return `${value.match === 'regex'}${text}`
  return text
}

/** By list: corrects the value in place, or says why it is rejected. */
const MEND: Partial<Record<ListName, (value: Value, item: ReferenceValue) => string | undefined>> = {
  executables(value) {
    const text = value.value
    if (/^[0-9a-f]{40}$/i.test(text)) return 'a SHA-1 in the place of a name'
    if (text.includes('<')) return 'a template, not a name'
    if (/\.(dll|xml|mst|msi|dmg|py)$/i.test(text)) return 'not an executable'
    if (/\.app$/i.test(text)) value.platform = 'unix'
    if (/\.exee$/i.test(text)) correct(value, text.replace(/e$/i, ''))
    if (/\.exe\.$/i.test(text)) correct(value, text.slice(0, -1))
    if (text.includes('.*')) correct(value, text.replace('.*.', '*.').replace('.*', '*'))
    if (text.includes('[')) correct(value, text.replace(/\[[^\]]*\]\*?/g, '*'))
    if (text.includes('/')) correct(value, text.slice(text.lastIndexOf('/') + 1))
    if (value.value.includes('*')) value.quality = add(value.quality, 'wildcard')
    if (value.platform && /\.exe$/i.test(value.value)) delete value.platform
    const role = roleOfName(value.value)
    if (role) value.role = role
    return undefined
  },
  installers(value) {
    if (/\.ese$/i.test(value.value)) correct(value, value.value.replace(/ese$/i, 'exe'))
    if (value.value.includes('[')) correct(value, value.value.replace(/\[[^\]]*\]\*?/g, '*'))
    if (/\.(dll|py)$/i.test(value.value)) return 'not an installer'
    if (value.value.includes('*')) value.quality = add(value.quality, 'wildcard')
    return undefined
  },
  company_names: matchKind,
  product_names: matchKind,
  signers: matchKind,
  original_file_names: matchKind,
  services(value, item) {
    if (item.regex) {
      value.was = value.value
      value.value = item.regex
      value.match = 'regex'
    } else if (item.match === 'contains') value.match = 'contains'
    else if (value.value.endsWith('*')) {
      value.value = value.value.slice(0, -1)
      value.match = 'prefix'
    }
    return undefined
  },
  domains(value) {
    let text = value.value.toLowerCase()
    if (text.includes('<')) return 'a template, not a name'
    if (/[[\]:]/.test(text)) return 'a regular expression with a port in the place of a name'
    if (text.startsWith('*.-')) {
      correct(value, `*.${text.slice(3)}`)
      text = value.value
    }
    text = text.replace(/^\*\.?/, '')
    if (text.startsWith('*') || /^[^.]*\*[^.]*\.[a-z]+$/.test(text)) return 'matches names of everybody'
    value.value = text
    if (text.includes('*')) value.quality = add(value.quality, 'wildcard')
    return undefined
  },
  addresses(value) {
    value.quality = ['unconfirmed']
    return undefined
  },
  install_paths(value) {
    if (/<random/i.test(value.value)) return 'any name at all'
    let text = value.value
      .replace(/\\\\/g, '\\')
      .replace(/<[^>]*>|\(Random\)/g, (part) => (part === '(Random)' ? '(*)' : '*'))
    text = text
      .replace(/\\USERNAME\\/i, '\\*\\')
      .replace(/^\*Users\\/i, 'C:\\Users\\')
      .replace(/^\*ProgramData\\/i, '*\\ProgramData\\')
    if (/\(x86\)%|\*%|programfiles\*/i.test(text)) return 'broken path pattern'
    if (!/[\\/]/.test(text.replace(/^\*\\/, '')))
      return text.includes('.') ? 'a file name alone, kept among the executables' : 'a folder name alone'
    if (/^\*\\\*\\[^\\]+$/.test(text)) return 'a file name alone, kept among the executables'
    if (text !== value.value) correct(value, text)
    if (value.value.includes('/') && !value.value.includes('\\')) value.platform = 'unix'
    return undefined
  },
  artefacts(value) {
    if (/<random/i.test(value.value)) return 'any name at all'
    if (!/^([a-z]:|%|\*\\|~|\/|\\)/i.test(value.value) || /, |;| \((?!\*|x86)/.test(value.value))
      return 'a remark or a bare name, not a path'
    if (/[[\\]d\\?[\\.d]|\[a-Z/.test(value.value) && value.value.includes('\\d'))
      return 'a regular expression mixed with a path'
    const text = value.value.replace(/\\\\/g, '\\').replace(/<[^>]*>/g, '*')
    if (/[{}]/.test(text) && text.includes(',')) return 'several paths in one'
    if (/^%(binary_path|cd)%/i.test(text)) return 'depends on where the program lies'
    if (text !== value.value) correct(value, text)
    if (/^[~/]/.test(text)) value.platform = 'unix'
    return undefined
  },
  registry(value) {
    const text = value.value
      .replace(/^KLM\\/, 'HKLM\\')
      .replace(/\\ControlSet(001)?\\/i, '\\CurrentControlSet\\')
      .replace(/^HKEY_LOCAL_MACHINE\\WOW6432Node/i, 'HKLM\\SOFTWARE\\WOW6432Node')
      .replace(/^HKEY_LOCAL_MACHINE/i, 'HKLM')
      .replace(/^HKEY_CURRENT_USER/i, 'HKCU')
      .replace(/^HKEY_USERS/i, 'HKU')
      .replace(/\\(<SID>|\{SID\}|SID)\\/i, '\\*\\')
    if (text !== value.value) correct(value, text)
    return undefined
  },
  command_lines(value) {
    value.value = value.value.replace(/\\\\/g, '\\')
    return undefined
  },
}

function matchKind(value: Value, item: ReferenceValue): string | undefined {
  if (item.match?.startsWith('wildcard')) {
    value.value = value.value.replace(/\*$/, '')
    value.match = 'prefix'
  } else if (item.match === 'contains') value.match = 'contains'
  if (/\\$/.test(value.value)) return 'cut short'
  return undefined
}

function correct(value: Value, text: string): void {
  value.was ??= value.value
  value.value = text
}

function add(flags: readonly string[], flag: string): string[] {
  return [...new Set([...flags.filter((other) => other !== 'ok'), flag])]
}

function quality(flags: readonly string[] | undefined): string[] {
  const known = (flags ?? ['ok']).map((flag) => {
    if (flag.startsWith('shared:')) return 'ok'
    if (flag === 'incident-or-third-party-server') return 'incident-server'
    if (flag === 'typo' || flag === 'invalid-pattern') return 'ok'
    return flag
  })
  const strict = [...new Set(known.filter((flag) => flag !== 'ok'))]
  return strict.length > 0 ? strict : ['ok']
}

function roleOfName(name: string): string | undefined {
  if (/uninst|remover/i.test(name)) return undefined
  if (/setup|install/i.test(name)) return 'installer'
  if (/updat|upgrad|upd\.exe/i.test(name)) return 'updater'
  if (/viewer|console|expert/i.test(name)) return 'viewer'
  if (/helper|crash|tray|unins|plugin/i.test(name)) return 'helper'
  if (/service|agent|svc|srv|server|host|daemon/i.test(name)) return 'agent'
  return undefined
}

function readPort(draft: ToolDraft, item: ReferenceValue): void {
  const from = sourceNames(item.sources)
  if (!/^\d+$/.test(item.value)) {
    draft.rejected.push({ field: 'ports', value: item.value, reason: 'a range that covers nearly every port', from })
    return
  }
  const value = Number(item.value)
  const known = draft.ports.find((port) => port.value === value)
  if (known) known.from = [...new Set([...known.from, ...from])]
  else draft.ports.push({ value, from })
}

const KNOWN_SOURCES = new Set([
  'lolrmm',
  'jischell',
  'elastic',
  'sigma',
  'splunk',
  'crowdstrike',
  'attack',
  'kape',
  'ruler',
  'dissect',
  'ndpi',
  'seed',
  'surveyor',
])

/** `kape:AnyDesk.tkape; dissect:anydesk.py` → `[kape, dissect]`. */
export function sourceNames(sources: readonly string[]): string[] {
  const names = sources
    .flatMap((source) => source.split(';'))
    .map((source) => {
      const [head = '', rest = ''] = [source.trim().split(':')[0], source]
      if (KNOWN_SOURCES.has(head)) return head
      for (const known of KNOWN_SOURCES) if (new RegExp(`\\b${known}\\b`, 'i').test(rest)) return known
      if (/chromium/.test(rest)) return 'chromium'
      if (/report|sample|observed|public command/i.test(rest)) return 'report'
      if (/general knowledge|convention|guide/i.test(rest)) return 'general'
      if (/\b(docs|KB|wiki|port list|help\.)/i.test(rest)) return 'vendor'
      if (head === 'other') return 'general'
      return 'general'
    })
  return [...new Set(names)]
}
