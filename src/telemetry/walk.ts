import type { BigIntStats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type FaultCode, fault } from './record.js'
import type { NamedFault, SourceFile } from './source.js'

/**
 * The files under `paths`, folders with everything below them, each real file once however many names lead to it. The order is that of
 * the names, so it is the same on every run. What cannot be read, does not exist or is no file is a fault with its name. Never throws.
 */
export async function* walk(paths: readonly string[]): AsyncGenerator<SourceFile | NamedFault> {
  const seen = new Set<string>()
  for (const path of paths) yield* visit(path, seen, [])
}

async function* visit(
  path: string,
  seen: Set<string>,
  above: readonly string[],
): AsyncGenerator<SourceFile | NamedFault> {
  let stats: BigIntStats
  try {
    stats = await stat(path, { bigint: true })
  } catch (error) {
    yield named(path, codeOf(error) === 'ELOOP' ? 'link-loop' : 'unreadable', reasonOf(error))
    return
  }
  const identity = `${stats.dev}:${stats.ino}`
  if (stats.isDirectory()) {
    if (above.includes(identity))
      yield { ...named(path, 'link-loop', 'link leads back to a folder that it is in'), lost: 0 }
    else if (!seen.has(identity)) {
      seen.add(identity)
      yield* visitFolder(path, seen, [...above, identity])
    }
  } else if (!stats.isFile()) {
    yield named(path, 'unreadable', `is ${specialName(stats)}, not a file`)
  } else if (!seen.has(identity)) {
    seen.add(identity)
    yield { path, size: Number(stats.size) }
  }
}

async function* visitFolder(
  path: string,
  seen: Set<string>,
  above: readonly string[],
): AsyncGenerator<SourceFile | NamedFault> {
  let names: string[]
  try {
    names = await readdir(path)
  } catch (error) {
    yield named(path, 'unreadable', reasonOf(error))
    return
  }
  names.sort()
  for (const name of names) yield* visit(join(path, name), seen, above)
}

function specialName(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code)

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return REASONS[code] ?? `cannot be opened (${code})`
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  ELOOP: 'is a link that leads to itself',
  ENAMETOOLONG: 'has a name that is too long',
}

const named = (name: string, code: FaultCode, message: string): NamedFault => ({
  ...fault(code, 0, message, Number.NaN),
  name,
})
