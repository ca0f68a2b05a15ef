import { loadContent } from '../content/load.js'
import type { Rows, SavedFunction, SavedFunctions } from '../ir/schema.js'
import { column } from '../ir/types.js'
import type { Value } from '../ir/value.js'
import { loadCatalogue, type ProgramRole, type Tool, type ToolValue } from './identity/index.js'

/**
 * Named sets of values that queries ask for instead of typing names of tools, and functions in KQL over them. In a query,
 * `FileName in~ (_RemoteAccessTools('names'))` is the written-out list; `_RemoteAccessToolTable('names')` has the tool beside each value.
 */
export function savedFunctions(): SavedFunctions {
  loaded ??= load()
  return loaded
}

let loaded: SavedFunctions | undefined

/** `content/value-sets`. */
interface ValueSetFile {
  readonly function: '_ValueSet' | '_RemoteAccessTools'
  readonly sets: readonly {
    readonly id: string
    readonly about: string
    readonly values: readonly (string | { readonly value: string; readonly tool: string })[]
  }[]
  /** Tools whose values are wanted together: `<group>-names`, `<group>-companies` ... */
  readonly groups?: readonly { readonly id: string; readonly about: string; readonly tools: readonly string[] }[]
}

/** `content/functions`. */
interface FunctionFile {
  readonly name: string
  readonly about: string
  readonly text: string
}

/** A value and whose it is. */
interface Owned {
  readonly value: string
  readonly tool: Tool
}

/** What the catalogue gives of one tool. Only values that name the tool by themselves, unless a group asks for all that are its own. */
const FIELDS: Readonly<Record<string, (tool: Tool, isGood: (value: ToolValue) => boolean) => readonly string[]>> = {
  names: (tool, isGood) => namesOf(tool, isGood),
  'agent-names': (tool, isGood) => namesOf(tool, isGood, [undefined, 'agent', 'helper']),
  'viewer-names': (tool, isGood) => namesOf(tool, isGood, ['viewer']),
  'original-names': (tool, isGood) => {
    const said = [...plain(tool.original_file_names, isGood), ...namesOf(tool, isGood)]
    return said.flatMap((name) =>
      /\.\w{2,4}$/.test(name) ? [name, name.replace(/\.\w{2,4}$/, '')] : [name, `${name}.exe`],
    )
  },
  companies: (tool, isGood) => phrases(tool.company_names, isGood),
  products: (tool, isGood) => phrases(tool.product_names, isGood),
  signers: (tool, isGood) => phrases(tool.signers, isGood),
  services: (tool, isGood) => phrases(tool.services, isGood),
  domains: (tool, isGood) => plain(tool.domains, isGood),
  ports: (tool) =>
    (tool.ports ?? []).map(({ value }) => String(value)).filter((port) => port !== '80' && port !== '443'),
  'event-providers': (tool, isGood) => phrases(tool.event_providers, isGood),
}

const isOk = ({ quality }: ToolValue): boolean => quality.length === 1 && quality[0] === 'ok'
const isOwn = ({ quality }: ToolValue): boolean =>
  !quality.some((flag) =>
    /^(suspect-attribution|website-not-agent|shared-infrastructure|incident-server|not-an-executable|broad-vendor)$/.test(
      flag,
    ),
  )

function namesOf(
  tool: Tool,
  isGood: (value: ToolValue) => boolean,
  roles?: readonly (ProgramRole | undefined)[],
): readonly string[] {
  return (tool.executables ?? [])
    .filter((each) => each.platform !== 'unix' && (roles === undefined || roles.includes(each.role)))
    .filter((each) => isGood(each) && /^[^*?\\/]+\.\w{2,4}$/.test(each.value))
    .map(({ value }) => value)
}

const plain = (values: readonly ToolValue[] | undefined, isGood: (value: ToolValue) => boolean): readonly string[] =>
  (values ?? []).filter((each) => isGood(each) && !/[*?]/.test(each.value)).map(({ value }) => value)

/** Texts that `has` can look for; a regular expression is no such text. */
const phrases = (values: readonly ToolValue[] | undefined, isGood: (value: ToolValue) => boolean): readonly string[] =>
  (values ?? []).filter((each) => each.match !== 'regex' && isGood(each)).map(({ value }) => value)

function load(): SavedFunctions {
  const files = loadContent<ValueSetFile>('value-sets')
  const tools = new Map(loadCatalogue().tools.map((tool) => [tool.id, tool]))
  const owned = new Map<string, readonly Owned[]>()
  const addAll = (prefix: string, chosen: readonly Tool[], isGood: (value: ToolValue) => boolean): void => {
    for (const [field, read] of Object.entries(FIELDS))
      owned.set(
        `${prefix}${field}`,
        chosen.flatMap((tool) => read(tool, isGood).map((value) => ({ value, tool }))),
      )
  }
  const all = [...tools.values()]
  addAll(
    '',
    all.filter(({ tier }) => tier === 'remote-access'),
    isOk,
  )
  for (const tier of ['dual-use', 'admin-tool', 'built-in'] as const)
    addAll(
      `${tier}-`,
      all.filter((tool) => tool.tier === tier),
      isOk,
    )
  const plainSets = new Map<string, readonly Value[]>()
  for (const file of files) {
    for (const group of file.groups ?? [])
      addAll(
        `${group.id}-`,
        group.tools.map((id) => toolNamed(tools, id)),
        isOwn,
      )
    for (const { id, values } of file.sets) {
      if (file.function === '_ValueSet') plainSets.set(id, values.map(String))
      else
        owned.set(
          id,
          values.flatMap((each) =>
            typeof each === 'string' ? [] : [{ value: each.value, tool: toolNamed(tools, each.tool) }],
          ),
        )
    }
  }
  const bundles = all.flatMap((tool) => (tool.bundles ?? []).map((id) => ({ value: id, tool })))
  owned.set('bundles', bundles)
  const found: SavedFunction[] = [
    { kind: 'values', name: '_ValueSet', sets: plainSets },
    { kind: 'values', name: '_RemoteAccessTools', sets: mapValues(owned, valuesOf) },
    { kind: 'rows', name: '_RemoteAccessToolTable', sets: mapValues(owned, rowsOf) },
    ...loadContent<FunctionFile>('functions').map(({ name, text }): SavedFunction => ({ kind: 'query', name, text })),
  ]
  return new Map(found.map((each) => [each.name, each]))
}

function toolNamed(tools: ReadonlyMap<string, Tool>, id: string): Tool {
  const tool = tools.get(id)
  if (!tool) throw new Error(`content/value-sets names a tool \`${id}\` that content/tools does not have`)
  return tool
}

const mapValues = <From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): ReadonlyMap<string, To> =>
  new Map([...map].map(([key, value]) => [key, change(value)]))

/** In small letters, each once: whoever compares with `in~` or `has` does not mind, and the list is half as long. Ports are numbers. */
const valuesOf = (list: readonly Owned[]): readonly Value[] =>
  [...new Set(list.map(({ value }) => value.toLowerCase()))].map((value) =>
    /^\d+$/.test(value) ? BigInt(value) : value,
  )

const COLUMNS = ['Value', 'ToolId', 'Tool', 'Tier'].map((name) => column(name, 'string'))

function rowsOf(list: readonly Owned[]): Rows {
  const seen = new Set<string>()
  const rows = list.flatMap(({ value, tool }): Value[][] => {
    const row = [value.toLowerCase(), tool.id, tool.name, tool.tier]
    const key = `${row[0]}\u0000${tool.id}`
    if (seen.has(key)) return []
    seen.add(key)
    return [row]
  })
  return { columns: COLUMNS, rows }
}
