import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { walk } from './walk.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-walk-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function walked(...paths: string[]): Promise<string[]> {
  const lines: string[] = []
  for await (const item of walk(paths.map((path) => join(folder, path)))) {
    if ('kind' in item) lines.push(`${item.name.slice(folder.length + 1)}! ${item.code}`)
    else lines.push(`${item.path.slice(folder.length + 1)} ${item.size}`)
  }
  return lines
}

it('files come in the order of their names, folders with what is in them', async () => {
  mkdirSync(join(folder, 'b/c'), { recursive: true })
  for (const name of ['z', 'a', 'b/2', 'b/1', 'b/c/x']) writeFileSync(join(folder, name), name)
  expect(await walked('')).toEqual(['a 1', 'b/1 3', 'b/2 3', 'b/c/x 5', 'z 1'])
})

it('a file is read once, however often it is named', async () => {
  writeFileSync(join(folder, 'a'), 'x')
  linkSync(join(folder, 'a'), join(folder, 'hard'))
  symlinkSync('a', join(folder, 'soft'))
  expect(await walked('a', '', 'soft')).toEqual(['a 1'])
})

it('a link back to a folder above is named and not followed', async () => {
  mkdirSync(join(folder, 'd'))
  writeFileSync(join(folder, 'd/f'), '')
  symlinkSync('..', join(folder, 'd/up'))
  symlinkSync('self', join(folder, 'd/self'))
  expect(await walked('')).toEqual(['d/f 0', 'd/self! link-loop', 'd/up! link-loop'])
})

it('what is missing or no file is named', async () => {
  symlinkSync('nowhere', join(folder, 'dangling'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  expect(await walked('absent', '')).toEqual(['absent! unreadable', 'dangling! unreadable', 'pipe! unreadable'])
})

it.skipIf(process.getuid?.() === 0)('a folder that may not be read is named', async () => {
  mkdirSync(join(folder, 'closed'))
  chmodSync(join(folder, 'closed'), 0)
  expect(await walked('')).toEqual(['closed! unreadable'])
})
