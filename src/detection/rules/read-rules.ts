import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { openSources } from '../../telemetry/index.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { parseRuleFile, type RuleFile } from './rule-file.js'

/**
 * The rule files at a path, in the order of their names: the file itself, every rule below the folder, or every rule in the archive.
 * Throws where nothing is there.
 */
export async function readRuleFiles(path: string): Promise<readonly RuleFile[]> {
  const stats = statSync(path)
  if (!stats.isDirectory()) return isArchive(path) ? readArchive(path, stats.size) : [readRuleFile(path)]
  const names = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isRuleFile(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const files: RuleFile[] = []
  let turn = performance.now()
  for (const name of names) {
    files.push(readRuleFile(name))
    // Readers of logs wait for this thread to take what they have read.
    if (performance.now() - turn < LONGEST_TURN) continue
    await nextTurn()
    turn = performance.now()
  }
  return files.filter(holdsRules)
}

/** Milliseconds. */
const LONGEST_TURN = 5

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A folder of rules holds other files too, workbooks and package lists; those are passed over. */
const holdsRules = ({ format }: RuleFile): boolean => format !== undefined

const isRuleFile = (name: string): boolean => RULE_FILES.has(extname(name).toLowerCase())
const isArchive = (name: string): boolean => /\.(?:zip|tar|tgz|gz)$/i.test(name)

const RULE_FILES: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json', '.kql', '.kusto', '.csl'])

/** The longest rule file that is read, in bytes. */
const LONGEST = 4_000_000

export function readRuleFile(path: string): RuleFile {
  const { size } = statSync(path)
  return size > LONGEST ? unreadable(path, tooLong(`${size} bytes`)) : ruleFileOf(path, readFileSync(path))
}

async function readArchive(path: string, size: number): Promise<readonly RuleFile[]> {
  const files: RuleFile[] = []
  for await (const source of openSources({ path, size })) {
    if ('kind' in source) {
      files.push(unreadable(source.name, source.message))
      continue
    }
    const blocks: Uint8Array[] = []
    let length = 0
    const wanted = isRuleFile(source.name.replace(/\.gz$/i, ''))
    for await (const block of source.chunks) {
      length += block.length
      if (wanted && length <= LONGEST) blocks.push(block)
    }
    if (!wanted) continue
    files.push(
      length > LONGEST
        ? unreadable(source.name, tooLong(`more than ${LONGEST} bytes`))
        : ruleFileOf(source.name, Buffer.concat(blocks)),
    )
  }
  return files.filter(holdsRules).sort((a, b) => (a.path < b.path ? -1 : 1))
}

const tooLong = (found: string): string => `it has ${found}; the limit is ${LONGEST}`

function ruleFileOf(path: string, bytes: Uint8Array): RuleFile {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return unreadable(path, 'it is no UTF-8 text')
    throw error
  }
  return parseRuleFile(path, text)
}

function unreadable(path: string, reason: string): RuleFile {
  const diagnostics: Diagnostic[] = [diagnose('rule-not-read', undefined, { reason })]
  return { path, text: '', format: 'sentinel', rules: [], documents: [], diagnostics }
}
