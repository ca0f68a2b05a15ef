import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

// Checks that documents are true where that can be checked: links lead somewhere, named files and npm scripts exist, the README's
// commands are those that CI runs.

const problems: string[] = []
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...below('docs'),
  ...below('src'),
  ...below('samples'),
]
const scripts = Object.keys(
  (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts,
)
const builtIn = new Set(['ci', 'install', 'test', 'start'])

for (const document of documents) {
  const text = readFileSync(document, 'utf8')
  for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (!/^[a-z]+:/.test(target!) && !existsSync(resolve(dirname(document), target!)))
      problems.push(`${document}: the link ${target} leads nowhere`)
  }
  for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g))
    if (!scripts.includes(script!)) problems.push(`${document}: there is no script ${script}`)
  for (const [, command] of text.matchAll(/\bnpm (?!run\b)([a-z]+)/g))
    if (!builtIn.has(command!)) problems.push(`${document}: npm ${command} is no command of ours`)
  for (const [, path] of text.matchAll(/`((?:src|content|test|docs|samples|scripts|bench|conformance)\/[\w./-]+)`/g)) {
    if (!existsSync(path!)) problems.push(`${document}: ${path} does not exist`)
  }
  for (const [, path] of text.matchAll(/`\.\.\/(?!\.\.)[\w./-]*`/g))
    if (path !== undefined && !path.startsWith('../shared'))
      problems.push(`${document}: ${path} is outside the project`)
}

const ci = readFileSync('.ci/run', 'utf8')
const readme = readFileSync('README.md', 'utf8')
const command = 'npm install && npm run check'
if (!ci.includes(command) || !readme.includes(command))
  problems.push(`README.md and .ci/run do not both say ${command}`)

for (const problem of problems) console.error(problem)
console.log(`documents: ${documents.length} read, ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0

function below(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}
