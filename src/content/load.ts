import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Facts live in `content/`, as YAML that people edit. The build packs each folder into one JSON file beside the code, because
 * reading hundreds of YAML files costs a second and reading one JSON file costs a few milliseconds. Without a build (tests) the YAML is read.
 */
export function loadContent<T>(folder: string): readonly T[] {
  const packed = new URL(`./packed/${folder}.json`, import.meta.url)
  if (existsSync(packed)) return JSON.parse(readFileSync(packed, 'utf8')) as T[]
  const directory = new URL(`../../content/${folder}/`, import.meta.url)
  return readFolder<T>(fileURLToPath(directory))
}

/** Every YAML file of a folder and its sub-folders, in the order of their names. */
export function readFolder<T>(directory: string): readonly T[] {
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => parse(readFileSync(`${directory}/${name}`, 'utf8')) as T)
}
