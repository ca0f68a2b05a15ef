import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { applyMends, type Mends } from './import-tools/mends.js'
import { printTool } from './import-tools/print.js'
import { type ReferenceTool, readTool, type Sheet, type ToolDraft } from './import-tools/read.js'
import { flagShared } from './import-tools/shared.js'

/**
 * Turned the reference table of remote access tools into the catalogue, one file a tool. Kept so that the way from the
 * table to the files can be followed; the files in content/tools are the truth and are edited by hand.
 *
 *   tsx scripts/import-tools.ts [folder]     writes into `folder` (content/tools with --force)
 */
const table = '../shared/reference/tools.json'
if (!existsSync(table)) {
  console.error(
    `import-tools: ${table} is not there. The catalogue in content/tools is complete without it; this script only tells where it came from.`,
  )
  process.exit(2)
}
const folder = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? 'content/tools'
if (folder === 'content/tools' && !process.argv.includes('--force')) {
  console.error(
    'import-tools: content/tools is edited by hand since it was imported; name another folder or say --force',
  )
  process.exit(2)
}

const reference = JSON.parse(readFileSync(table, 'utf8')) as { tools: ReferenceTool[] }
const rows = parse(readFileSync('scripts/import-tools/tools.yaml', 'utf8')) as Sheet[]
const mends = parse(readFileSync('scripts/import-tools/mends.yaml', 'utf8')) as Mends
const sheet = new Map(rows.map((row) => [row[0], row]))

const drafts: ToolDraft[] = reference.tools.map((tool) => {
  const row = sheet.get(tool.canonical_name)
  if (!row) throw new Error(`tools.yaml has no row for ${tool.canonical_name}`)
  return readTool(tool, row)
})
applyMends(drafts, mends)
flagShared(drafts)

mkdirSync(folder, { recursive: true })
for (const draft of drafts) writeFileSync(`${folder}/${draft.id}.yaml`, printTool(draft))
console.log(`${drafts.length} tools in ${folder}`)
