import { LISTS, type Rejected, type ToolDraft, type Value } from './read.js'

/** The tool as YAML a person reads: one value a line. */
export function printTool(draft: ToolDraft): string {
  const lines: string[] = []
  const put = (name: string, value: string) => lines.push(`${name}: ${value}`)
  put('id', draft.id)
  put('name', scalar(draft.name))
  if (draft.aliases.length > 0) put('aliases', flow(draft.aliases))
  put('vendor', draft.vendor === null ? 'null' : scalar(draft.vendor))
  put('category', draft.category)
  put('tier', draft.tier)
  put('role', draft.role)
  put('description', scalar(draft.description))
  put('from', flow(draft.from))
  if (draft.attack_refs.length > 0) put('attack_refs', flow(draft.attack_refs))
  if (draft.palo_alto_app_ids.length > 0) put('palo_alto_app_ids', flow(draft.palo_alto_app_ids))
  for (const name of LISTS) {
    if (draft.lists[name].length > 0)
      lines.push(
        `${name}:`,
        ...draft.lists[name].map((value) => `  - ${mapping(value as unknown as Record<string, unknown>, ORDER)}`),
      )
    if (name === 'domains' && draft.ports.length > 0)
      lines.push(
        'ports:',
        ...[...draft.ports].sort((a, b) => a.value - b.value).map((port) => `  - ${mapping({ ...port }, ORDER)}`),
      )
    if (name === 'executables') extra(lines, draft, 'name_patterns')
    if (name === 'services') extra(lines, draft, 'event_providers')
  }
  extra(lines, draft, 'bundles')
  extra(lines, draft, 'tenant')
  if (draft.rejected.length > 0)
    lines.push('rejected:', ...draft.rejected.map((value: Rejected) => `  - ${mapping({ ...value }, ORDER)}`))
  if (draft.notes.length > 0) lines.push('notes:', ...draft.notes.map((note) => `  - ${scalar(note)}`))
  return `${lines.join('\n')}\n`
}

function extra(lines: string[], draft: ToolDraft, name: string): void {
  const value = draft.extra[name]
  if (!Array.isArray(value)) return
  if (value.every((item) => typeof item === 'string')) lines.push(`${name}: ${flow(value as string[])}`)
  else lines.push(`${name}:`, ...value.map((item) => `  - ${mapping(item as Record<string, unknown>, ORDER)}`))
}

const ORDER: readonly (keyof Value | string)[] = [
  'field',
  'value',
  'in',
  'pattern',
  'query',
  'switches',
  'secret',
  'reason',
  'match',
  'channel',
  'events',
  'protocol',
  'role',
  'platform',
  'thumbprint',
  'quality',
  'shared_with',
  'from',
  'was',
  'note',
]

function mapping(value: Record<string, unknown>, order: readonly string[] = []): string {
  const known = Object.keys(value).filter((key) => value[key] !== undefined)
  const keys =
    order.length > 0
      ? [...order.filter((key) => known.includes(key)), ...known.filter((key) => !order.includes(key))]
      : known
  return `{ ${keys.map((key) => `${scalar(key)}: ${node(value[key])}`).join(', ')} }`
}

function node(value: unknown): string {
  if (Array.isArray(value)) return flow(value as string[])
  if (typeof value === 'object' && value !== null) return mapping(value as Record<string, unknown>)
  return typeof value === 'string' ? scalar(value) : String(value)
}

function flow(values: readonly string[]): string {
  return `[${values.map((value) => scalar(value)).join(', ')}]`
}

/** Plain where YAML reads it back as the same text inside `{ }`, else in single quotes. */
function scalar(text: string): string {
  const plain =
    /^[A-Za-z\u00c0-\uffff][\w\u00c0-\uffff.()/\\+;® -]*$/u.test(text) &&
    !/ $|^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
  return plain ? text : `'${text.replaceAll("'", "''")}'`
}
