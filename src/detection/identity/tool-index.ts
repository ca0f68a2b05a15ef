import type { Catalogue, Tool } from './catalogue.js'
import { DomainIndex } from './domain-index.js'
import { hitOf } from './hit.js'
import { NameIndex } from './name-index.js'
import { PathIndex } from './path-index.js'
import { normalisePhrase, PhraseIndex } from './phrase-index.js'

/** Everything the catalogue says, laid out for looking up one value at a time. */
export class ToolIndex {
  readonly tools: readonly Tool[]
  readonly names: NameIndex
  /** Programs of Linux and macOS, which bear no extension. */
  readonly unixNames: NameIndex
  readonly originals: NameIndex
  readonly companies = new PhraseIndex()
  readonly products = new PhraseIndex()
  readonly signers = new PhraseIndex()
  readonly services = new PhraseIndex()
  readonly providers = new PhraseIndex()
  readonly pipes = new PhraseIndex()
  readonly domains = new DomainIndex()
  readonly folders: PathIndex
  readonly artefacts: PathIndex
  readonly registry: PathIndex
  readonly ports = new Map<number, ReadonlySet<number>>()
  readonly browsers: ReadonlySet<string>
  readonly websiteLabels: ReadonlySet<string>
  readonly blanks: ReadonlySet<string>
  readonly otherPublishers: readonly string[]
  readonly systemFolders: readonly string[]
  /** Words by which a tool is known: its name, other names and maker. */
  readonly knownAs: readonly (readonly string[])[]
  /** Tools whose version resources the catalogue knows. */
  readonly describedTools: ReadonlySet<number>

  constructor(catalogue: Catalogue) {
    const { signs, tools } = catalogue
    const common = new Set(signs.common_folders)
    this.tools = tools
    this.names = new NameIndex(signs.copy_marks)
    this.unixNames = new NameIndex(signs.copy_marks)
    this.originals = new NameIndex(signs.copy_marks)
    this.folders = new PathIndex(common)
    this.artefacts = new PathIndex(common)
    this.registry = new PathIndex(new Set([...common, ...signs.common_keys]))
    this.browsers = new Set(signs.browsers)
    this.websiteLabels = new Set(signs.website_labels)
    this.blanks = new Set(signs.blank_values)
    this.otherPublishers = signs.other_publishers
    this.systemFolders = signs.system_folders
    const commonWords = new Set(signs.common_words)
    this.knownAs = tools.map((tool) => knownAs(tool, commonWords))
    this.describedTools = new Set(
      tools.flatMap((tool, index) => ((tool.company_names ?? tool.product_names) ? [index] : [])),
    )
    tools.forEach((tool, index) => {
      this.addTool(tool, index)
    })
  }

  private addTool(tool: Tool, index: number): void {
    for (const value of tool.executables ?? []) {
      if (value.platform === 'unix') {
        this.unixNames.add(index, value)
        continue
      }
      this.names.add(index, value)
      if (hitOf(index, value)?.worth === 'specific')
        this.originals.add(index, { ...value, value: withoutExtension(value.value) })
    }
    for (const value of tool.installers ?? [])
      if (/\.(exe|msi)$/i.test(value.value)) this.names.add(index, { ...value, role: 'installer' })
    for (const pattern of tool.name_patterns ?? []) this.names.addPattern(index, pattern)
    for (const value of tool.original_file_names ?? [])
      this.originals.add(index, { ...value, value: withoutExtension(value.value) })
    for (const value of tool.company_names ?? []) this.companies.add(index, value)
    for (const value of tool.product_names ?? []) this.products.add(index, value)
    for (const value of tool.signers ?? []) this.signers.add(index, value)
    for (const value of tool.services ?? []) this.services.add(index, value)
    for (const value of tool.event_providers ?? []) this.providers.add(index, value)
    for (const value of tool.pipes ?? []) if (!value.value.includes('*')) this.pipes.add(index, value)
    for (const value of tool.domains ?? []) this.domains.add(index, value)
    for (const value of tool.install_paths ?? []) this.folders.add(index, value)
    for (const value of [...(tool.install_paths ?? []), ...(tool.artefacts ?? [])]) this.artefacts.add(index, value)
    for (const value of tool.registry ?? []) this.registry.add(index, value)
    this.ports.set(
      index,
      new Set((tool.ports ?? []).map((port) => port.value).filter((port) => port !== 80 && port !== 443)),
    )
  }
}

/** Version resources write original names with and without an extension, and build tools leave `.dll` in an `.exe`. */
export function withoutExtension(name: string): string {
  return name.replace(/\.(exe|dll|mui|exe\.mui)$/i, '')
}

/** Distinctive words only: a word of four letters or more that is not what every vendor calls itself. */
function knownAs(tool: Tool, commonWords: ReadonlySet<string>): string[] {
  const words = [tool.name, ...(tool.aliases ?? []), tool.vendor ?? ''].flatMap((text) =>
    normalisePhrase(text).split(/[^\p{L}\p{N}]+/u),
  )
  return [...new Set(words.filter((word) => word.length >= 4 && !commonWords.has(word)))]
}
