import { identify } from '../detection/identity/index.js'
import type { NeutralEvent } from './events.js'
import { fileName, folderOf, type Process, type Program } from './world.js'

/** What somebody changes so that a rule no longer sees them, or what a log leaves out by itself. */
export type Mutation =
  | 'as it was'
  | 'renamed'
  | 'other letters'
  | 'second copy'
  | 'other folder'
  | 'no original name'
  | 'no version resource'
  | 'no command line'
  | 'other tenant'

export const MUTATIONS: readonly Mutation[] = [
  'as it was',
  'renamed',
  'other letters',
  'second copy',
  'other folder',
  'no original name',
  'no version resource',
  'no command line',
  'other tenant',
]

/** How the host's logs are collected under a mutation: everything, or process starts without command lines alone. */
export const collectionOf = (
  mutation: Mutation,
): { readonly only?: readonly string[]; readonly commandLines?: boolean } =>
  mutation === 'no command line' ? { only: ['Security'], commandLines: false } : {}

/** The same story with its remote access tools changed; whatever names a file of theirs is changed alike. */
export function mutated(events: readonly NeutralEvent[], mutation: Mutation): readonly NeutralEvent[] {
  const moves = new Map<string, string>()
  const tools = new Map<Program, boolean>()
  const isTool = (program: Program): boolean => {
    const known = tools.get(program)
    if (known !== undefined) return known
    const found = identify({
      class: 'process',
      process_file_path: program.path,
      process_file_name: fileName(program.path),
      process_file_company: program.company,
      process_file_product: program.product,
      process_file_original_name: program.original,
    }).some(({ tool, named }) => named && tool.tier !== 'built-in')
    tools.set(program, found)
    return found
  }
  const changePath = PATHS[mutation]
  if (changePath)
    for (const event of events) {
      const process = 'process' in event ? event.process : undefined
      if (process && isTool(process.program)) moves.set(process.path, changePath(process.path))
    }
  const inText = (text: string): string => {
    let changed = text
    for (const [from, to] of moves) changed = changed.replaceAll(from, to)
    return mutation === 'other tenant' ? foreign(changed) : changed
  }
  const processes = new Map<Process, Process>()
  const ofProcess = (process: Process): Process => {
    const known = processes.get(process)
    if (known) return known
    const tool = isTool(process.program)
    const made: Process = {
      ...process,
      program: tool ? resourceOf(process.program, mutation) : process.program,
      path: moves.get(process.path) ?? process.path,
      command: inText(process.command),
      parent: process.parent && ofProcess(process.parent),
    }
    processes.set(process, made)
    return made
  }
  return events.map((event): NeutralEvent => {
    const copy: Record<string, unknown> = { ...event }
    for (const name of ['path', 'command', 'data', 'key', 'name', 'text', 'product', 'package'])
      if (typeof copy[name] === 'string') copy[name] = inText(copy[name])
    if ('process' in event) copy['process'] = ofProcess(event.process)
    return copy as unknown as NeutralEvent
  })
}

const PATHS: Partial<Record<Mutation, (path: string) => string>> = {
  renamed: (path) => `${folderOf(path)}\\taskhosts.exe`,
  'other letters': (path) => swapCase(path),
  'second copy': (path) => path.replace(/(\.\w+)$/, ' (1)$1'),
  'other folder': (path) =>
    /^C:\\Program Files/i.test(path)
      ? `C:\\Tools\\Support\\${fileName(path)}`
      : `C:\\Users\\Public\\Music\\${fileName(path)}`,
}

const swapCase = (text: string): string =>
  text.replace(/[a-z]+|[A-Z]+/g, (part) => (part === part.toUpperCase() ? part.toLowerCase() : part.toUpperCase()))

function resourceOf(program: Program, mutation: Mutation): Program {
  const {
    company: _company,
    product: _product,
    description: _description,
    original: _original,
    version: _version,
    ...bare
  } = program
  if (mutation === 'no version resource') return bare
  if (mutation !== 'no original name') return program
  const { original: _name, ...rest } = program
  return rest
}

/** Hosts, addresses and instances of strangers, changed to those of others. */
const foreign = (text: string): string =>
  text
    .replace(/([?&]h=)[^&"]+/g, '$1relay.another-stranger.example')
    .replace(/\([0-9a-f]{16}\)/g, '(fedcba9876543210)')
    .replace(/stranger@foreign\.example/g, 'another@elsewhere.example')
