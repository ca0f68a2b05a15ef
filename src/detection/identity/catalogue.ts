import { loadContent } from '../../content/load.js'

/** The catalogue of tools, one YAML file each; `content/published/tool.schema.json` says what a file may hold. */
export interface Tool {
  readonly id: string
  readonly name: string
  readonly aliases?: readonly string[]
  readonly vendor: string | null
  readonly category: string
  readonly tier: Tier
  readonly role: string
  readonly description: string
  readonly from: readonly string[]
  readonly attack_refs?: readonly string[]
  readonly palo_alto_app_ids?: readonly string[]
  readonly executables?: readonly ToolValue[]
  readonly name_patterns?: readonly ToolPattern[]
  readonly installers?: readonly ToolValue[]
  readonly original_file_names?: readonly ToolValue[]
  readonly company_names?: readonly ToolValue[]
  readonly product_names?: readonly ToolValue[]
  readonly signers?: readonly ToolValue[]
  readonly services?: readonly ToolValue[]
  readonly event_providers?: readonly ToolProvider[]
  readonly domains?: readonly ToolValue[]
  readonly addresses?: readonly ToolValue[]
  readonly ports?: readonly {
    readonly value: number
    readonly protocol?: 'tcp' | 'udp'
    readonly from: readonly string[]
    readonly note?: string
  }[]
  readonly install_paths?: readonly ToolValue[]
  readonly artefacts?: readonly ToolValue[]
  readonly registry?: readonly ToolValue[]
  readonly pipes?: readonly ToolValue[]
  readonly user_agents?: readonly ToolValue[]
  readonly command_lines?: readonly ToolValue[]
  readonly bundles?: readonly string[]
  readonly tenant?: readonly TenantRule[]
  readonly rejected?: readonly {
    readonly field: string
    readonly value: string
    readonly reason: string
    readonly from: readonly string[]
  }[]
  readonly notes?: readonly string[]
}

/**
 * Whether a sighting belongs in an inventory of remote access tools: `remote-access` does; `dual-use` has remote control as a
 * side of it; `admin-tool` controls other machines; `built-in` comes with Windows.
 */
export type Tier = 'remote-access' | 'dual-use' | 'admin-tool' | 'built-in'

/** What a program of the tool is for. */
export type ProgramRole = 'agent' | 'viewer' | 'installer' | 'helper' | 'updater'

export interface ToolValue {
  readonly value: string
  /** `ok` names the tool; every other flag says why the value cannot do so alone. */
  readonly quality: readonly string[]
  readonly from: readonly string[]
  /** Compared whole when left out. */
  readonly match?: 'contains' | 'prefix' | 'regex'
  readonly role?: ProgramRole
  readonly platform?: 'unix'
  readonly thumbprint?: string
  readonly shared_with?: readonly string[]
  readonly was?: string
  readonly note?: string
}

export interface ToolPattern {
  readonly pattern: string
  readonly quality: readonly string[]
  readonly from: readonly string[]
  readonly role?: ProgramRole
  readonly note?: string
}

export interface ToolProvider extends ToolValue {
  readonly channel?: string
  /** Event id → what it says. */
  readonly events?: Readonly<Record<string, string>>
}

export interface TenantRule {
  readonly in: readonly TenantPlace[]
  readonly pattern?: string
  readonly query?: Readonly<Record<string, string>>
  readonly switches?: Readonly<Record<string, string>>
  readonly secret?: readonly string[]
  readonly from: readonly string[]
  readonly note?: string
}

export type TenantPlace =
  | 'command-line'
  | 'service-name'
  | 'file-name'
  | 'path'
  | 'product'
  | 'provider'
  | 'host-name'
  | 'text'

/** General facts about Windows and the web: `content/identity/signs.yaml`. */
export interface Signs {
  readonly kind: 'signs'
  readonly browsers: readonly string[]
  readonly website_labels: readonly string[]
  readonly blank_values: readonly string[]
  readonly copy_marks: readonly string[]
  readonly system_folders: readonly string[]
  readonly other_publishers: readonly string[]
  readonly common_folders: readonly string[]
  readonly common_keys: readonly string[]
  readonly common_words: readonly string[]
}

export interface Catalogue {
  readonly tools: readonly Tool[]
  readonly signs: Signs
}

let loaded: Catalogue | undefined

/** What must not be shown of a text: `content/identity/secrets.yaml`. */
export interface SecretPatterns {
  readonly kind: 'secrets'
  /** Regular expressions, compared without case, with a group called `secret`. */
  readonly patterns: readonly { readonly pattern: string; readonly about: string }[]
}

/** The catalogue, read once a process. */
export function loadCatalogue(): Catalogue {
  loaded ??= { tools: loadContent<Tool>('tools'), signs: loadIdentity('signs') }
  return loaded
}

/** One file of `content/identity` by its kind. */
export function loadIdentity<Kind extends 'signs' | 'secrets'>(
  kind: Kind,
): (Signs | SecretPatterns) & { readonly kind: Kind } {
  const found = loadContent<Signs | SecretPatterns>('identity').find((file) => file.kind === kind)
  if (!found) throw new Error(`content/identity has no file of kind ${kind}`)
  return found as (Signs | SecretPatterns) & { readonly kind: Kind }
}
