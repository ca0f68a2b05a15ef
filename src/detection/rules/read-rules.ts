import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { parseRuleFile, type RuleFile } from './rule-file.js'

/** The rule files at a path: the file itself, or every rule below the folder, in the order of their names. Throws where nothing is there. */
export function readRuleFiles(path: string): readonly RuleFile[] {
  if (!statSync(path).isDirectory()) return [readRuleFile(path)]
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && RULE_FILES.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map(readRuleFile)
  // A folder of rules holds other files too, workbooks and package lists; those are passed over.
  return files.filter(({ format }) => format !== undefined)
}

const RULE_FILES: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json', '.kql', '.kusto', '.csl'])

/** The longest rule file that is read, in bytes. */
const LONGEST = 4_000_000

export function readRuleFile(path: string): RuleFile {
  const { size } = statSync(path)
  if (size > LONGEST) return unreadable(path, '', `it has ${size} bytes; the limit is ${LONGEST}`)
  const bytes = readFileSync(path)
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return parseRuleFile(path, text)
  } catch (error) {
    if (error instanceof TypeError) return unreadable(path, '', 'it is no UTF-8 text')
    throw error
  }
}

function unreadable(path: string, text: string, reason: string): RuleFile {
  const diagnostics: Diagnostic[] = [diagnose('rule-not-read', undefined, { reason })]
  return { path, text, format: 'sentinel', rules: [], diagnostics }
}
