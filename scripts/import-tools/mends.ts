import { addValue, LISTS, type ListName, type ToolDraft, type Value } from './read.js'

/** What mends.yaml says: corrections of the reference table, with the reason of each. */
export interface Mends {
  /** Vendors that sign or publish much else: their name alone does not name the tool. Compared without case, anywhere in the value. */
  readonly broad_vendors: readonly string[]
  /** Names of executables that unrelated programs use as well. */
  readonly generic_executables: readonly string[]
  /** Host names that serve everybody, or only show a web page. */
  readonly website_domains: readonly string[]
  readonly shared_domains: readonly string[]
  readonly incident_domains: readonly string[]
  readonly tools: Readonly<Record<string, ToolMend>>
  /** Tools that the table lacks. */
  readonly missing: readonly (Partial<ToolDraft> & { id: string })[]
}

interface ToolMend {
  readonly add?: Readonly<Record<string, readonly Value[]>>
  readonly reject?: readonly { readonly field: ListName; readonly value: string; readonly reason: string }[]
  readonly flag?: readonly {
    readonly field: ListName
    readonly value: string
    readonly quality: string
    readonly note?: string
  }[]
  readonly set?: Readonly<Record<string, unknown>>
  readonly ports?: readonly { value: number; protocol?: string; from: string[]; note?: string }[]
  readonly drop_ports?: readonly { readonly value: number; readonly reason: string }[]
  readonly notes?: readonly string[]
}

export function applyMends(drafts: ToolDraft[], mends: Mends): void {
  for (const missing of mends.missing) drafts.push(emptyDraft(missing))
  for (const draft of drafts) {
    const mend = mends.tools[draft.id]
    if (mend) mendTool(draft, mend)
    const contains = (text: string, words: readonly string[]) =>
      words.some((word) => text.toLowerCase().includes(word.toLowerCase()))
    for (const field of ['signers', 'company_names', 'product_names'] as const)
      for (const value of draft.lists[field])
        if (contains(value.value, mends.broad_vendors)) flag(value, 'broad-vendor')
    for (const value of [...draft.lists.executables, ...draft.lists.original_file_names])
      if (mends.generic_executables.includes(value.value.toLowerCase())) flag(value, 'generic')
    for (const value of draft.lists.domains) {
      if (mends.website_domains.includes(value.value)) flag(value, 'website-not-agent')
      if (mends.shared_domains.includes(value.value)) flag(value, 'shared-infrastructure')
      if (mends.incident_domains.includes(value.value)) flag(value, 'incident-server')
    }
  }
  const ids = new Set(drafts.map(({ id }) => id))
  for (const id of Object.keys(mends.tools))
    if (!ids.has(id)) throw new Error(`mends.yaml mends the unknown tool ${id}`)
}

function mendTool(draft: ToolDraft, mend: ToolMend): void {
  for (const { field, value, reason } of mend.reject ?? []) {
    const found = draft.lists[field].filter((item) => item.value.toLowerCase() === value.toLowerCase())
    if (found.length === 0)
      throw new Error(`mends.yaml rejects ${value} in ${field} of ${draft.id}, which is not there`)
    draft.lists[field] = draft.lists[field].filter((item) => !found.includes(item))
    for (const item of found) draft.rejected.push({ field, value: item.was ?? item.value, reason, from: item.from })
  }
  for (const { field, value, quality, note } of mend.flag ?? []) {
    const whole = draft.lists[field].some(({ value: text }) => text.toLowerCase() === value.toLowerCase())
    const wanted = value.endsWith('*') && !whole ? value.slice(0, -1).toLowerCase() : undefined
    const found = draft.lists[field].filter(({ value: text }) =>
      wanted === undefined ? text.toLowerCase() === value.toLowerCase() : text.toLowerCase().startsWith(wanted),
    )
    if (found.length === 0) throw new Error(`mends.yaml flags ${value} in ${field} of ${draft.id}, which is not there`)
    for (const item of found) {
      if (quality === 'ok') {
        item.quality = ['ok']
        settled.add(item)
      } else flag(item, quality)
      if (note) item.note = note
    }
  }
  for (const { value, reason } of mend.drop_ports ?? []) {
    const port = draft.ports.find((item) => item.value === value)
    if (!port) throw new Error(`mends.yaml drops port ${value} of ${draft.id}, which is not there`)
    draft.ports = draft.ports.filter((item) => item !== port)
    draft.rejected.push({ field: 'ports', value: String(value), reason, from: port.from })
  }
  for (const port of mend.ports ?? []) {
    const known = draft.ports.find((item) => item.value === port.value)
    if (known) {
      known.from = [...new Set([...known.from, ...port.from])]
      if (port.protocol) known.protocol = port.protocol
      if (port.note) known.note = port.note
    } else draft.ports.push(port)
  }
  for (const [field, values] of Object.entries(mend.add ?? {})) {
    if ((LISTS as readonly string[]).includes(field))
      for (const value of values) {
        const item = { ...value, quality: value.quality ?? ['ok'] }
        const list = draft.lists[field as ListName]
        const known = list.find((other) => other.value.toLowerCase() === item.value.toLowerCase())
        if (known?.quality.includes('unconfirmed')) list.splice(list.indexOf(known), 1)
        addValue(list, item, field as ListName)
      }
    else draft.extra[field] = [...((draft.extra[field] as unknown[]) ?? []), ...values]
  }
  for (const [key, value] of Object.entries(mend.set ?? {})) Object.assign(draft, { [key]: value })
  draft.notes.push(...(mend.notes ?? []))
}

/** Values that were looked at one by one. */
const settled = new WeakSet<Value>()

function flag(value: Value, quality: string): void {
  if (settled.has(value) || value.quality.includes('suspect-attribution')) return
  value.quality = [...new Set([...value.quality.filter((other) => other !== 'ok'), quality])]
}

function emptyDraft(given: Partial<ToolDraft> & { id: string }): ToolDraft {
  return {
    name: '',
    aliases: [],
    vendor: null,
    category: '',
    tier: '',
    role: '',
    description: '',
    from: [],
    attack_refs: [],
    palo_alto_app_ids: [],
    ports: [],
    extra: {},
    rejected: [],
    notes: [],
    ...given,
    lists: Object.fromEntries(LISTS.map((name) => [name, []])) as unknown as Record<ListName, Value[]>,
  }
}
