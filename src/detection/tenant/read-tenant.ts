import type { TenantPlace, TenantRule, Tool } from '../identity/catalogue.js'
import { fingerprint } from './mask.js'
import { readQuery, readSwitch } from './parameters.js'

/** A text of the telemetry and what kind of text it is. */
export interface TenantSource {
  readonly place: TenantPlace
  readonly text: string
}

/** Whose instance: name of the fact → value, as `{ relay_host: 'support.example.com', instance_id: '0123456789abcdef' }`. */
export type Tenant = Readonly<Record<string, string>>

/**
 * Whose instance of the tool the texts show, by the rules of the tool's file (`tenant:`). Keys, tokens and passwords come back as
 * fingerprints. Where texts disagree the first one counts; null where they show nothing.
 */
export function readTenant(tool: Tool, sources: readonly TenantSource[]): Tenant | null {
  const found: Record<string, string> = {}
  for (const rule of tool.tenant ?? [])
    for (const { place, text } of sources)
      if (rule.in.includes(place) && text !== '') readRule(rule, text.slice(0, LIMIT), found)
  return Object.keys(found).length > 0 ? found : null
}

/** What one text shows; empty where it shows nothing. */
export function tenantOf(tool: Tool, place: TenantPlace, text: string): Tenant {
  return readTenant(tool, [{ place, text }]) ?? {}
}

/** Longer than any command line Windows allows. */
const LIMIT = 40_000

function readRule(rule: TenantRule, text: string, found: Record<string, string>): void {
  const put = (name: string, value: string | undefined) => {
    const clean = value?.replace(/[\p{Cc}\p{Cf}]/gu, '').trim()
    if (clean && !Object.hasOwn(found, name))
      found[name] = rule.secret?.includes(name) ? fingerprint(clean) : clean.slice(0, 300)
  }
  if (rule.pattern !== undefined)
    for (const [name, value] of Object.entries(regexOf(rule.pattern).exec(text)?.groups ?? {})) put(name, value)
  if (rule.query !== undefined)
    for (const [parameter, value] of readQuery(text, rule.query)) put(rule.query[parameter]!, value)
  for (const [option, name] of Object.entries(rule.switches ?? {})) put(name, readSwitch(text, option))
}

const regexes = new Map<string, RegExp>()

/** Only ever called with patterns of the catalogue, so the map stays small. */
function regexOf(pattern: string): RegExp {
  const known = regexes.get(pattern)
  if (known) return known
  const made = new RegExp(pattern, 'i')
  regexes.set(pattern, made)
  return made
}
