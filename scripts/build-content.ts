import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { readFolder } from '../src/content/load.js'

// Packs each folder of content/ into one JSON file that the program reads at start.
const out = 'dist/content/packed'
mkdirSync(out, { recursive: true })
for (const entry of readdirSync('content', { withFileTypes: true })) {
  if (!entry.isDirectory() || entry.name === 'published') continue
  writeFileSync(`${out}/${entry.name}.json`, JSON.stringify(readFolder(`content/${entry.name}`)))
}
