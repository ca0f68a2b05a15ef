// Writes samples/fleet and samples/expected.json anew: `npm run sample:make`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeSample } from './make.js'

const files = makeSample()
rmSync('samples/fleet', { recursive: true, force: true })
for (const { path, bytes } of files) {
  mkdirSync(dirname(`samples/${path}`), { recursive: true })
  writeFileSync(`samples/${path}`, bytes)
}
const size = files.reduce((sum, file) => sum + file.bytes.length, 0)
const records = files.reduce((sum, file) => sum + (file.records ?? 0), 0)
process.stderr.write(`${files.length} files, ${records} records, ${(size / 1e6).toFixed(1)} MB\n`)
